# SPDX-License-Identifier: MIT
"""Who may open the page, and what other pages cannot do to it."""
import pytest

from actors import Origin
from origin_site import Site

OPENS = """([url, protocols]) => new Promise((done) => {
    const s = new WebSocket(url, protocols);
    s.onopen = () => done("open");
    s.onerror = () => done("refused");
})"""


def test_without_a_token_the_page_says_how_to_get_one(scene, browse):
    scene.forget()
    scene.visit("/not-for-everybody")
    dash = browse(scene.base)
    dash.page.wait_for_selector("#gate:has-text('tunnelctl dashboard')")
    assert not dash.page.is_visible("#main") and "not-for-everybody" not in dash.page.content()
    dash.page.fill("#gate-input", "nonsense")
    dash.page.click("#gate button")
    dash.page.wait_for_selector("#gate [role=alert]:has-text('no token')")
    dash.page.fill("#gate-input", scene.url)
    dash.page.keyboard.press("Enter")
    dash.ready()
    dash.expect_targets("/not-for-everybody")
    assert not dash.page.is_visible("#gate")


def test_a_wrong_token_is_told_from_a_daemon_that_is_away(scene, browse):
    dash = browse(f"{scene.base}#token={'0' * 32}")
    dash.page.wait_for_selector("#gate:has-text('does not take the token')")
    assert "token" not in dash.page.url
    dash.page.fill("#gate-input", scene.token)
    dash.page.keyboard.press("Enter")
    dash.ready()


def test_a_rebound_name_gets_nothing(scene, browse):
    """A name of an attacker that leads to this machine: the browser sends it as Host."""
    dash = browse(scene.base.replace("127.0.0.1", "rebound.example"))
    assert "not known by this name" in dash.page.content()
    answer = dash.page.evaluate("fetch('/app.js').then((r) => r.status)")
    assert answer == 403
    url = scene.base.replace("http://127.0.0.1", "ws://rebound.example") + "varlink"
    assert dash.page.evaluate(OPENS, [url, ["tunnelto.dashboard", f"token.{scene.token}"]]) == "refused"


@pytest.mark.parametrize("with_token", [True, False])
def test_a_page_of_another_origin_gets_no_websocket_and_no_file(scene, browse, with_token):
    other = scene.net.add(Origin("other", Site))
    dash = browse(f"http://127.0.0.1:{other.port}/")
    protocols = ["tunnelto.dashboard"] + ([f"token.{scene.token}"] if with_token else [])
    assert dash.page.evaluate(OPENS, [scene.base.replace("http", "ws") + "varlink", protocols]) == "refused"
    assert dash.page.evaluate("(u) => fetch(u).then(() => 'read', () => 'refused')", f"{scene.base}app.js") == "refused"


def test_the_page_of_this_origin_gets_a_websocket(scene, browse):
    """The counter-check of the two above: the same call from the right place."""
    dash = browse(scene.url)
    url = scene.base.replace("http", "ws") + "varlink"
    assert dash.page.evaluate(OPENS, [url, ["tunnelto.dashboard", f"token.{scene.token}"]]) == "open"
    assert dash.page.evaluate(OPENS, [url, ["tunnelto.dashboard", f"token.{'0' * 32}"]]) == "refused"


def test_the_page_cannot_be_framed_and_runs_no_script_of_others(scene, browse):
    other = scene.net.add(Origin("other", Site))
    dash = browse(f"http://127.0.0.1:{other.port}/", strict=False)
    dash.page.evaluate("(u) => { const f = document.createElement('iframe'); f.src = u; document.body.append(f); return new Promise((r) => { f.onload = r; }); }", scene.url)
    framed = dash.page.frames[1]
    assert framed.url.startswith("chrome-error:")
    dash = browse(scene.url, strict=False).ready()
    ran = dash.page.evaluate("""() => {
        const s = document.createElement("script");
        try { s.textContent = "window.canary = 1"; document.body.append(s); } catch { /* trusted types */ }
        const d = document.createElement("div");
        try { d.innerHTML = "<img src=x onerror='window.canary = 1'>"; document.body.append(d); } catch { /* trusted types */ }
        return new Promise((r) => setTimeout(() => r(window.canary), 100));
    }""")
    assert ran is None
    policy = dash.page.evaluate("fetch('/').then((r) => r.headers.get('Content-Security-Policy'))")
    assert "unsafe" not in policy and "script-src 'self';" in policy and "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy


def test_the_token_is_kept_over_a_restart(scene, browse):
    dash = browse(scene.url).ready()
    scene.daemon.stop()
    dash.page.wait_for_selector("#notice:has-text('Lost the daemon')")
    scene.restart()
    dash.page.wait_for_selector("#notice", state="hidden")
    dash.page.reload()
    dash.ready()
    assert scene.ask("Dashboard")["url"] == scene.url
