# SPDX-License-Identifier: MIT
"""Requests as they come in, the filter, the tunnels and their switches."""
import pytest

from actors import until


def test_a_request_appears_as_it_comes_in(scene, dash):
    assert "Nothing has come in yet" in dash.page.inner_text("#nothing")
    assert f"curl http://web.localhost:{scene.server.public}" in dash.page.inner_text("#nothing")
    scene.visit("/first?x=1")
    scene.visit("/status/503")
    dash.expect_targets("/status/503", "/first?x=1")
    dash.wait(lambda: dash.row("/status/503").locator(".status").inner_text() == "503", "its status")
    assert not dash.page.is_visible("#nothing")
    dash.count("2 requests")


def test_the_token_leaves_the_address_bar_and_a_reload_needs_none(scene, dash):
    assert "token" not in dash.page.url
    scene.visit("/kept")
    dash.page.reload()
    dash.ready()
    dash.expect_targets("/kept")


def some_of_each(scene):
    scene.visit("/plain")
    scene.visit("/status/404")
    scene.visit("/status/500", "-X", "DELETE")
    scene.visit("/elsewhere", name="hook", check=False)  # unsigned, so it is refused
    scene.hook('{"signed": true}')
    scene.visit("/plain?q=Needle", "--data-raw", "x")


ALL = ["/plain?q=Needle", "/hook", "/elsewhere", "/status/500", "/status/404", "/plain"]


@pytest.mark.parametrize("field, value, left", [
    ("search", "needle", ["/plain?q=Needle"]),
    ("search", "delete 500", ["/status/500"]),
    ("f-method", "POST", ["/plain?q=Needle", "/hook"]),
    ("f-status", "5", ["/status/500"]),
    ("f-status", "error", ["/elsewhere", "/status/500", "/status/404"]),
    ("f-tunnel", "hook", ["/hook", "/elsewhere"]),
    ("f-kind", "websocket", []),
    ("f-verified", "verified", ["/hook"]),
    ("f-verified", "failed", ["/elsewhere"]),
])
def test_filter(scene, dash, field, value, left):
    some_of_each(scene)
    dash.expect_targets(*ALL)
    if field == "search":
        dash.page.fill("#search", value)
    else:
        dash.page.select_option(f"#{field}", value)
    dash.expect_targets(*left)
    dash.count(f"{len(left)} of 6 requests")
    scene.visit("/nothing-like-that")
    dash.count(f"{len(left)} of 7 requests")
    dash.expect_targets(*left)
    if not left:
        dash.page.click("text=Show all")
        dash.expect_targets("/nothing-like-that", *ALL)


def test_what_is_looked_at_stays_while_others_arrive(scene, dash):
    for n in range(30):
        scene.visit(f"/old/{n}")
    dash.count("30 requests")
    dash.page.evaluate("document.getElementById('list').scrollTop = 500")
    dash.settle()
    at = "document.querySelector('.row .target').textContent && [...document.querySelectorAll('.row')].find((r) => r.textContent.includes('/old/15')).getBoundingClientRect().top"
    before = dash.page.evaluate(at)
    for n in range(5):
        scene.visit(f"/new/{n}")
    dash.page.wait_for_selector("#fresh:has-text('5 new')")
    assert dash.page.evaluate(at) == before
    dash.page.click("#fresh")
    dash.wait(lambda: dash.targets()[0] == "/new/4", "the newest at the top")
    assert not dash.page.is_visible("#fresh")


def test_pause_holds_the_list_still_and_clear_forgets(scene, dash):
    scene.visit("/before")
    dash.expect_targets("/before")
    dash.page.click("#pause")
    scene.visit("/meanwhile")
    dash.count("Held still. 1 new request since.")
    dash.expect_targets("/before")
    dash.page.click("#pause")
    dash.expect_targets("/meanwhile", "/before")
    dash.page.click("#clear")
    dash.page.click("#clear:has-text('Sure?')")
    dash.expect_targets()
    assert scene.ask("Requests", {"tail": 10})["requests"] == []


def test_a_tunnel_is_taken_down_and_up_again(scene, dash):
    card = dash.page.locator(".card", has=dash.page.locator("h3", has_text="spare"))
    switch = card.get_by_role("switch")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    card.locator(".dot.up").wait_for()
    assert scene.daemon.tunnel("spare")["state"] == "up"
    assert card.locator("a.url").get_attribute("href").rstrip("/") == scene.daemon.url("spare").rstrip("/")
    switch.click()
    card.locator(".dot.off").wait_for()
    until(lambda: scene.daemon.tunnel("spare")["state"] == "off", "the tunnel is off")


def test_a_tunnel_that_is_changed_elsewhere_changes_here(scene, dash):
    card = dash.page.locator(".card", has=dash.page.locator("h3", has_text="spare"))
    scene.daemon.up("spare")
    card.locator(".dot.up").wait_for()
    scene.daemon.ctl("down", "spare")
    card.locator(".dot.off").wait_for()


def test_an_address_is_copied(scene, browse):
    dash = browse(scene.url, permissions=["clipboard-read", "clipboard-write"]).ready()
    dash.page.click("[aria-label='Copy the address of web']")
    dash.toast("Copied the address")
    assert dash.page.evaluate("navigator.clipboard.readText()") == scene.daemon.url("web")


def test_a_websocket_and_its_messages_live(scene, dash):
    chat = scene.chat()
    dash.open("/chat")
    assert "welcome <b>bold</b>" in dash.tab("messages")
    chat.say(b'{"op": "hello"}')
    dash.page.wait_for_selector("#panel .message:has-text('hello') >> nth=1")
    chat.say(bytes(range(20)), kind=2)
    dash.page.wait_for_selector("#panel .message .hex:has-text('00 01 02 03') >> nth=1")
    assert dash.page.locator("#panel .from-visitor").count() == 2 and not dash.canary()
    assert "open" in dash.row("/chat").inner_text()
    chat.say(b"\x03\xe8", kind=8)
    chat.end()
    dash.wait(lambda: "open" not in dash.row("/chat").inner_text(), "the row says that it has ended")


def test_of_many_messages_the_newest_are_shown(scene, dash):
    chat = scene.chat()
    dash.open("/chat")
    dash.tab("messages")
    for n in range(15):
        chat.say(f"message {n}".encode())
    dash.page.wait_for_selector("#panel:has-text('31 messages, the last 20 of them here')")
    assert dash.page.locator("#panel .message-body").all_inner_texts() == [f"message {n}" for n in range(5, 15) for _ in range(2)]
    chat.say(b"one more")
    dash.page.wait_for_selector("#panel .message:has-text('one more') >> nth=1")
    assert dash.page.locator("#panel .message").count() == 20


def test_server_sent_events_live(scene, dash):
    visitor = scene.net.visitor(scene.server.public)
    visitor.sendall(b"GET /events HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    dash.open("/events")
    assert "data: first" in dash.tab("messages")
    assert "second" not in dash.panel()
    scene.site.go_on.set()
    dash.page.wait_for_selector("#panel .message:has-text('data: second')")
    scene.site.go_on.clear()


def test_the_daemon_is_lost_and_comes_back(scene, dash):
    scene.visit("/of-the-first-run")
    dash.open("/of-the-first-run")
    scene.daemon.stop()
    dash.page.wait_for_selector("#notice:has-text('Lost the daemon')")
    dash.expect_targets("/of-the-first-run")  # as it was seen last
    assert dash.page.evaluate("'stale' in document.body.dataset")
    scene.restart()
    dash.page.wait_for_selector("#notice", state="hidden")
    dash.expect_targets()
    assert "Choose a request" in dash.page.inner_text("#detail")
    scene.visit("/of-the-second-run")
    dash.expect_targets("/of-the-second-run")
    dash.open("/of-the-second-run")
    assert "GET /of-the-second-run" in dash.tab("request")
