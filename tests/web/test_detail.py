# SPDX-License-Identifier: MIT
"""One request: its bodies as what they are, replaying it, and taking it along as HAR or curl."""
import json
import shlex
import subprocess

import pytest

from origin_site import BODIES
from scene import signed


def text_of(dash, way):
    dash.page.click(f".segments button:has-text('{way}')")
    return dash.page.inner_text(".body-place")


@pytest.mark.parametrize("path, ways, told", [
    ("/json", ["JSON", "Text", "Hex"], ['"id": 12345678901234567890', '"name": "hello"', '"private": false']),
    ("/gzip", ["JSON", "Text", "Hex"], ['"event": "push"']),
    ("/html", ["Text", "Hex"], ["<script>window.canary", "onerror="]),
    ("/svg", ["Text", "Hex"], ["<svg xmlns"]),
    ("/latin1", ["Text", "Hex"], ["Grüße"]),
    ("/not-utf8", ["Hex"], ["ff fe 80 20"]),
    ("/binary", ["Hex"], ["000003f0", "f0 f1 f2", "ABCDEFGHIJKLMNO"]),
    ("/overrides", ["Text", "Hex"], ["exe.⟨U+202E⟩txt.⟨U+2066⟩ and ␇ a bell"]),
])
def test_a_body_is_shown_as_what_it_is(scene, dash, path, ways, told):
    scene.visit(path, text=False)
    dash.open(path)
    dash.tab("response")
    assert dash.body_ways() == ways
    shown = dash.page.inner_text(".body-place")
    for text in told:
        assert text in shown
    assert "00000000" in text_of(dash, "Hex")
    assert not dash.canary()


def test_a_picture_is_shown(scene, dash):
    scene.visit("/png", text=False)
    dash.open("/png")
    dash.tab("response")
    dash.page.wait_for_selector(".picture:has-text('160 × 80')")
    assert dash.page.evaluate("document.querySelector('.picture img').naturalWidth") == 160


def test_an_empty_body_and_one_that_was_cut(scene, dash):
    scene.visit("/empty")
    dash.open("/empty")
    assert "None." in dash.tab("response")
    scene.visit("/long")
    dash.open("/long")
    assert "Only the first 64 KiB of 94 KiB were kept." in dash.tab("response")


def test_a_form_is_a_table(scene, dash):
    scene.visit("/form?lang=de&back=%2Fhome", "--data-raw", "user=mona&note=%3Cb%3Ehi%3C%2Fb%3E+there")
    dash.open("/form")
    dash.tab("request")
    cells = dash.page.locator(".body-place td").all_inner_texts()
    assert cells == ["mona", "<b>hi</b> there"]
    assert "/home" in dash.tab("overview")


def test_a_form_with_files_is_a_table(scene, dash):
    scene.visit("/upload", "-F", "title=Holiday", "-F", "picture=@-;filename=<b>.png;type=image/png", text=True)
    dash.open("/upload")
    dash.tab("request")
    assert dash.page.locator(".body-place th[scope=row]").all_inner_texts() == ["title", "picture"]
    assert "Holiday" in dash.panel() and "<b>.png" in dash.panel()


def test_json_folds(scene, dash):
    scene.visit("/json")
    dash.open("/json")
    dash.tab("response")
    dash.page.click(".j-fold summary:has-text('repository')")
    assert "2 keys" in dash.panel() and '"private"' not in dash.panel()


def test_headers_raw_and_what_was_redacted(scene, dash):
    scene.visit("/plain?token=1", "-H", "Authorization: Bearer secret-of-the-visitor", "-H", "X-Two: a", "-H", "X-Two: b")
    dash.open("/plain")
    shown = dash.tab("request")
    assert "[redacted]" in shown and shown.count("X-Two") == 2
    raw = dash.tab("raw")
    assert raw.count("X-Two") == 2 and "GET /plain?token=1 HTTP/1.1" in raw and "HTTP/1.1 200" in raw
    assert "secret-of-the-visitor" not in dash.page.content()
    assert "\nX-Two: a\nX-Two: b\n" in raw  # the head as it came


def test_signatures_are_told_with_the_reason(scene, dash):
    scene.hook('{"n": 1}')
    scene.visit("/forged", "-H", "X-Hub-Signature-256: sha256=" + "0" * 64, "--data-raw", "{}", name="hook", check=False)
    dash.open("/hook")
    assert "The signature is right" in dash.tab("signature")
    dash.open("/forged")
    assert "The signature is not right" in dash.tab("signature")
    assert dash.page.locator("#panel dt", has_text="Why").count() == 1
    assert dash.row("/forged").locator(".status").inner_text() == "401"


def test_a_link_leads_to_the_request(scene, dash, browse):
    scene.visit("/linked")
    scene.visit("/later")
    dash.open("/linked")
    ident = dash.page.inner_text(".id")
    assert dash.page.url.endswith(ident)
    dash.page.goto(f"{scene.base}{ident}")
    dash.page.reload()
    dash.ready()
    dash.page.wait_for_selector(".detail-title:has-text('/linked')")
    assert dash.row("/linked").get_attribute("aria-selected") == "true"


def test_replay_with_changes_reaches_the_origin(scene, dash):
    scene.visit("/orders?n=1", "-X", "PUT", "-H", "X-Tag: first", "-H", "X-Gone: 1", "-H", "Content-Type: application/json", "--data-raw", '{"a": 1}')
    dash.open("/orders?n=1")
    dash.tab("replay")
    dash.page.fill("[aria-label=Target]", "/orders?n=2")
    head, body = dash.page.locator(".editor textarea").all()
    head.fill("\n".join(line.replace("first", "second") for line in head.input_value().splitlines() if "X-Gone" not in line) + "\nX-New: yes")
    dash.page.click("text=Indent the JSON")
    assert body.input_value() == '{\n  "a": 1\n}'
    body.fill('{"a": 2, "b": "ü"}')
    dash.page.click("text=Send again")
    dash.page.wait_for_selector(".diff-part")
    method, path, headers, sent = scene.site.seen[-1]
    assert (method, path, json.loads(sent)) == ("PUT", "/orders?n=2", {"a": 2, "b": "ü"})
    assert headers["X-Tag"] == "second" and headers["X-New"] == "yes" and "X-Gone" not in headers
    assert dash.page.locator(".d-gone").all_inner_texts()[-2:] == ['−   "got": 8,', '−   "tag": "first"']
    assert dash.page.locator(".d-new").all_inner_texts()[-2:] == ['+   "got": 19,', '+   "tag": "second"']
    dash.page.wait_for_selector(".row:has-text('replay of #')")
    dash.page.click("text=/^Open #/")
    dash.page.wait_for_selector(".detail-title:has-text('/orders?n=2')")


def test_a_webhook_is_signed_anew_when_it_is_replayed(scene, dash):
    scene.hook('{"n": 1}')
    dash.open("/hook")
    dash.tab("replay")
    dash.page.locator(".editor textarea").last.fill('{"n": 2}')
    dash.page.click("text=Send again")
    dash.page.wait_for_selector(".diff-part")
    first, second = (dict(seen[2])["X-Hub-Signature-256"] for seen in scene.site.seen)
    assert first == signed(b'{"n": 1}') and second == signed(b'{"n": 2}')


def test_what_was_redacted_is_told_and_can_be_given(scene, dash):
    scene.visit("/secret", "-H", "Authorization: Bearer one")
    dash.open("/secret")
    dash.tab("replay")
    dash.page.click("text=Send again")
    dash.page.wait_for_selector(".result .warn:has-text('Authorization')")
    assert "Authorization" not in scene.site.seen[-1][2]
    head = dash.page.locator(".editor textarea").first
    head.fill(head.input_value().replace("[redacted]", "Bearer two"))
    dash.page.click("text=Send again")
    dash.wait(lambda: len(scene.site.seen) == 3, "it was sent again")
    assert scene.site.seen[-1][2]["Authorization"] == "Bearer two"


def test_a_mistake_in_the_editor_is_told_and_nothing_is_sent(scene, dash):
    scene.visit("/once")
    dash.open("/once")
    dash.tab("replay")
    dash.page.locator(".editor textarea").first.fill("no header at all")
    dash.page.click("text=Send again")
    dash.page.wait_for_selector(".result .warn:has-text('is no header')")
    assert len(scene.site.seen) == 1


def valid_har(har):
    """The fields that HAR 1.2 asks for."""
    assert har["log"]["version"] == "1.2" and har["log"]["creator"]["name"] == "tunnelto"
    for e in har["log"]["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(e)
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= set(e["request"])
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"} <= set(e["response"])
        assert {"send", "wait", "receive"} <= set(e["timings"])
    return [e["request"]["url"].split("/", 3)[3] for e in har["log"]["entries"]]


def test_har_of_the_list_and_of_one(scene, dash, tmp_path):
    for path in ("/json", "/png", "/status/404"):
        scene.visit(path, text=False)
    dash.expect_targets("/status/404", "/png", "/json")
    with dash.page.expect_download() as got:
        dash.page.click("#har")
    got.value.save_as(tmp_path / "all.har")
    assert valid_har(json.loads((tmp_path / "all.har").read_text())) == ["json", "png", "status/404"]
    dash.page.fill("#search", "404")
    dash.expect_targets("/status/404")
    with dash.page.expect_download() as got:
        dash.page.click("#har")
    got.value.save_as(tmp_path / "some.har")
    assert valid_har(json.loads((tmp_path / "some.har").read_text())) == ["status/404"]
    dash.open("/status/404")
    with dash.page.expect_download() as got:
        dash.page.click(".detail-acts >> text=HAR")
    assert got.value.suggested_filename.endswith(".har")


BODY = "it's \"quoted\" $(touch canary) `id` @file\\n\nsecond line"


@pytest.mark.parametrize("args, body", [
    (["--data-raw", BODY, "-H", "X-Quote: it's; $(id)"], BODY.encode()),
    (["--data-raw", "@/etc/passwd", "-H", "Content-Type:"], b"@/etc/passwd"),
    (["-X", "PATCH", "--data-binary", "@-"], bytes(range(256))),
    (["-X", "POST", "--data-binary", "@-"], b"text\x1b[201~\nid\n"),  # a terminal's word for: all is pasted
    (["-X", "DELETE"], b""),
])
def test_the_curl_command_sends_the_same_again(scene, browse, args, body, tmp_path):
    scene.forget()
    dash = browse(scene.url, permissions=["clipboard-read", "clipboard-write"]).ready()
    (tmp_path / "body").write_bytes(body)
    scene.visit("/it's?q=$(id)&r='x'", *[a.replace("@-", f"@{tmp_path}/body") for a in args])
    dash.open("/it's")
    dash.page.click(".detail-acts >> text=cURL")
    dash.toast("Copied a curl command")
    command = dash.page.evaluate("navigator.clipboard.readText()")
    assert "\x1b" not in command
    command = command.replace("curl ", f"curl -sS --resolve web.localhost:{scene.server.public}:127.0.0.1 ", 1)
    subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path, capture_output=True, timeout=20)
    first, second = scene.site.seen
    assert first[:2] == second[:2] and first[3] == second[3] == body
    drop = {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "User-Agent"}
    assert {k: v for k, v in first[2].items() if k not in drop} == {k: v for k, v in second[2].items() if k not in drop}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["body"]


def test_the_curl_command_is_copied_where_the_clipboard_is_closed(scene, dash):
    scene.visit("/plain")
    dash.open("/plain")
    dash.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    dash.page.evaluate("document.addEventListener('copy', () => { window.copied = document.getSelection().toString() || document.activeElement.value; })")
    dash.page.click(".detail-acts >> text=cURL")
    dash.toast("Copied a curl command")
    assert shlex.split(dash.page.evaluate("window.copied"))[0] == "curl"


def test_a_request_that_goes_on_is_told_when_it_ends(scene, dash):
    visitor = scene.net.visitor(scene.server.public)
    visitor.sendall(b"POST /slow HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nab")
    dash.open("/slow")
    assert "No answer yet" in dash.tab("response")
    visitor.sendall(b"cd")
    dash.page.wait_for_selector("#panel:has-text('\"got\": 4')")
    assert dash.page.inner_text(".detail-title .status") == "200 OK"


def test_hostile_bodies_stay_what_they_are(scene, dash):
    """Every tab of every body, and nothing of it runs, loads or leaves its place."""
    asked = []
    dash.page.on("request", lambda r: asked.append(r.url))
    for path in BODIES:
        scene.visit(path, text=False)
    scene.visit("/headers-hostile")
    scene.visit("/<img/src=x/onerror=window.canary=1>?<script>window.canary=1</script>=javascript:alert(1)&x=\"'><svg/onload=window.canary=1>",
                "-H", "X-<b>: x", "-H", "Referer: javascript:window.canary=1", "-A", "<script>window.canary=1</script>", check=False)
    scene.visit("/" + "a" * 6000, "-H", "X-Long: " + "z" * 6000)
    dash.wait(lambda: len(dash.targets()) >= len(BODIES) + 2, "all are there")
    for n in range(len(dash.targets())):
        dash.page.keyboard.press("Home" if n == 0 else "j")
        dash.page.keyboard.press("Enter")
        dash.page.wait_for_selector(f".row[aria-posinset='{n + 1}'][aria-selected=true]")
        dash.wait(lambda: dash.page.inner_text(".id") == dash.page.evaluate("'#' + document.querySelector('.row[aria-selected=true]').dataset.id"), "the chosen one is shown")
        for tab in ("request", "response", "raw", "replay", "overview"):
            dash.tab(tab)
        assert not dash.canary()
        assert dash.page.evaluate("document.documentElement.scrollWidth <= innerWidth && document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth")
        assert dash.page.locator("#detail :is(script, iframe, object, embed, form[action], style, link)").count() == 0
        assert dash.page.locator("#detail a").count() == 0
        dash.page.keyboard.press("Escape")
    assert dash.page.evaluate("({}).polluted") is None
    assert all(url.startswith((scene.base, "blob:", "ws:")) for url in asked), asked


def test_a_picture_that_is_none_is_text(scene, dash):
    scene.visit("/not-a-picture")
    dash.open("/not-a-picture")
    dash.tab("response")
    dash.page.wait_for_selector(".picture:has-text('it is no such picture')")
    assert "<script>window.canary" in dash.panel() and not dash.canary()
