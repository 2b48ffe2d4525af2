# SPDX-License-Identifier: MIT
"""How it looks and feels: contrast, little room, the keyboard alone, many requests, no motion."""
import pathlib
import socket
import threading

import pytest

from actors import Accepting, Net, until
from scene import Scene

CONTRAST = (pathlib.Path(__file__).resolve().parent / "contrast.js").read_text()


def fill(scene):
    """One of everything that has a look of its own."""
    scene.visit("/json?a=1", "-H", "Authorization: Basic eA==")
    for status in (200, 302, 404, 500):
        scene.visit(f"/status/{status}")
    scene.hook('{"n": 1}')
    scene.visit("/forged", name="hook", check=False)
    chat = scene.chat()
    chat.say(b"hello")
    return chat


def assert_contrast(dash, where):
    dash.settle()
    found = dash.page.evaluate(CONTRAST)
    assert found["looked"] > 10 and not found["bad"], f"{where}: " + "\n".join(found["bad"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_every_state(scene, browse, scheme):
    scene.forget()
    chat = fill(scene)
    dash = browse(scene.base, scheme=scheme)
    dash.page.wait_for_selector("#gate:not([hidden])")
    assert_contrast(dash, "the gate")
    dash.page.fill("#gate-input", scene.url)
    dash.page.keyboard.press("Enter")
    dash.ready()
    dash.wait(lambda: len(dash.targets()) == 8, "all rows")
    assert_contrast(dash, "the list, with nothing chosen")
    for target in ("/json", "/chat", "/forged"):
        dash.open(target)
        for tab in ("overview", "request", "response", "messages", "signature", "raw", "replay"):
            if dash.page.locator(f"[data-tab={tab}][role=tab]").count():
                dash.tab(tab)
                assert_contrast(dash, f"{target}, {tab}")
    dash.open("/json")
    dash.tab("replay")
    dash.page.fill("[aria-label=Target]", "/status/404")
    dash.page.click("text=Send again")
    dash.page.wait_for_selector(".d-new")
    assert_contrast(dash, "a difference")
    dash.page.keyboard.press("Escape")
    dash.page.keyboard.press("?")
    assert_contrast(dash, "the keys")
    dash.page.keyboard.press("Escape")
    dash.page.fill("#search", "nothing is like that")
    dash.page.wait_for_selector("text=Show all")
    assert_contrast(dash, "nothing found")
    chat.end()


def test_the_colours_can_be_chosen(scene, browse):
    dash = browse(scene.url, scheme="dark").ready()
    back = "getComputedStyle(document.body).backgroundColor"
    dark = dash.page.evaluate(back)
    dash.page.keyboard.press("t")
    light = dash.page.evaluate(back)
    assert dark != light and dash.page.inner_text("#theme") == "☀ Light"
    dash.page.reload()
    dash.ready()
    assert dash.page.evaluate(back) == light
    dash.page.keyboard.press("t")
    assert dash.page.evaluate(back) == dark


FITS = """() => {
    const wide = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".cards, .tabs, .hex, textarea, .unseen, .offscreen, svg") && e.getBoundingClientRect().right > innerWidth + 1);
    return [document.documentElement.scrollWidth <= innerWidth, wide.map((e) => `${e.tagName}.${e.className}`)];
}"""


def test_400_pixels_are_enough(scene, browse):
    scene.forget()
    chat = fill(scene)
    scene.visit("/" + "long" * 300)
    dash = browse(scene.url, width=400, height=720).ready()
    dash.wait(lambda: len(dash.targets()) == 9, "all rows")
    assert dash.page.evaluate(FITS) == [True, []]
    assert not dash.page.is_visible("#detail")
    for target in ("/longlong", "/chat", "/json"):
        dash.open(target)
        for tab in ("overview", "request", "response", "raw", "replay"):
            dash.tab(tab)
            assert dash.page.evaluate(FITS) == [True, []], (target, tab)
        dash.page.click(".back")
        assert not dash.page.is_visible("#detail")
        dash.page.wait_for_selector("#list:focus")
    chat.end()


def test_everything_by_the_keyboard(scene, browse):
    """No mouse: from the list into a request, through its tabs, a replay, the search, the switches."""
    scene.forget()
    for path in ("/one", "/two", "/three"):
        scene.visit(path)
    dash = browse(scene.url).ready()
    dash.expect_targets("/three", "/two", "/one")
    press = dash.page.keyboard.press
    chosen = lambda target: dash.wait(lambda: dash.page.locator(".row[aria-selected=true] .target").all_inner_texts() == [target], f"{target} is chosen")
    press("j")
    chosen("/three")
    press("j")
    press("j")
    press("k")
    chosen("/two")
    dash.page.locator(".detail-title", has_text="/two").wait_for()
    assert dash.page.evaluate("document.activeElement.id") in ("", "list")
    press("Enter")
    dash.page.wait_for_selector("#panel:focus")
    press("2")
    dash.page.wait_for_selector("#panel[data-tab=request]")
    dash.page.focus("#tab-request")
    press("ArrowRight")
    dash.page.wait_for_selector("#panel[data-tab=response]")
    assert dash.page.evaluate("document.activeElement.id") == "tab-response"
    press("Escape")
    dash.page.wait_for_selector("#list:focus")
    assert dash.page.get_attribute("#list", "aria-activedescendant") == dash.page.evaluate("document.querySelector('.row[aria-selected=true]').id")
    press("End")
    chosen("/one")
    press("Home")
    chosen("/three")
    press("ArrowDown")
    chosen("/two")
    press("r")
    dash.page.wait_for_selector(".editor input:focus")
    before = len(scene.site.seen)
    press("Control+Enter")
    dash.page.wait_for_selector(".diff-part")
    assert len(scene.site.seen) == before + 1
    press("Escape")
    press("/")
    dash.page.wait_for_selector("#search:focus")
    dash.page.keyboard.type("one")
    dash.expect_targets("/one")
    press("Escape")
    dash.count("4 requests")
    press("Escape")
    press("p")
    assert dash.page.get_attribute("#pause", "aria-pressed") == "true"
    press("p")
    press("?")
    dash.page.wait_for_selector("#help[open]")
    press("Escape")
    assert not dash.page.is_visible("#help")
    reached = set()
    for _ in range(60):
        press("Tab")
        reached.add(dash.page.evaluate("(document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()"))
        ring = dash.page.evaluate("document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none'")
        assert ring, f"no ring on {reached}"
    assert {"theme", "help-button", "search", "f-method", "f-verified", "pause", "clear", "har", "list", "Tunnel web", "Copy the address of web"} <= reached


def test_what_is_replayed_is_what_was_chosen_however_quickly(scene, dash):
    for path in ("/one", "/two"):
        scene.visit(path)
    dash.open("/two")
    dash.tab("overview")
    dash.page.keyboard.press("j")
    dash.page.keyboard.press("r")
    dash.page.wait_for_selector(".editor input:focus")
    assert dash.page.input_value(".editor [aria-label=Target]") == "/one"
    dash.page.wait_for_timeout(150)  # nothing comes after it that shows another
    assert dash.page.input_value(".editor [aria-label=Target]") == "/one" and dash.page.inner_text(".detail-title .target") == "/one"


def test_readers_of_screens_are_told(scene, browse):
    scene.forget()
    scene.visit("/one")
    dash = browse(scene.url).ready()
    dash.open("/one")
    for role, name in (("listbox", "Captured requests, newest first"), ("tablist", "Parts of the request"), ("switch", "Tunnel web"),
                       ("search", "Filter the requests"), ("region", "Requests"), ("complementary", "Tunnels"), ("article", "The chosen request")):
        assert dash.page.get_by_role(role, name=name, exact=True).count() == 1, (role, name)
    assert dash.page.get_attribute("#tab-overview", "aria-controls") == "panel" and dash.page.get_attribute("#panel", "aria-labelledby")
    unnamed = dash.page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea, img")].filter((e) => e.checkVisibility() &&
        !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length || e.alt !== undefined && e.hasAttribute("alt"))).map((e) => e.outerHTML.slice(0, 80))""")
    assert unnamed == []
    assert dash.page.get_attribute("#toast", "aria-live") == "polite" and dash.page.get_attribute("#notice", "role") == "status"


def test_nothing_moves_for_those_who_asked_for_rest(scene, browse):
    dash = browse(scene.url, reduced_motion="reduce").ready()
    moving = dash.page.evaluate("""() => [...document.querySelectorAll("*")].filter((e) => {
        const s = getComputedStyle(e);
        return parseFloat(s.transitionDuration) > 0 || s.animationName !== "none";
    }).map((e) => e.className)""")
    assert moving == [] and dash.page.evaluate("document.getAnimations().length") == 0


# --- many ---------------------------------------------------------------------------------------------


class Quick:
    """An origin that answers each GET with two bytes, and as many at once as were asked."""

    def __init__(self):
        sock = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = sock.getsockname()[1]
        self.accepting = Accepting(sock, self.serve)

    def serve(self, conn):
        held = b""
        with conn:
            while piece := conn.recv(65536):
                *whole, held = (held + piece).split(b"\r\n\r\n")
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok" * len(whole))

    def end(self):
        self.accepting.end()


def ask_many(port, first, last, lanes=8):
    """GET /n/FIRST … /n/LAST-1 over a few connections that are kept."""
    def lane(numbers):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
            stream = s.makefile("rb")
            for n in numbers:
                s.sendall(f"GET /n/{n} HTTP/1.1\r\nHost: web.localhost\r\n\r\n".encode())
                while (line := stream.readline()).strip():
                    assert line, "the connection was closed"
                assert stream.read(2) == b"ok"
    threads = [threading.Thread(target=lane, args=(range(first + i, last, lanes),)) for i in range(lanes)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


NODES = "document.querySelectorAll('*').length"
PLACED = """() => {
    const box = document.getElementById("list").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".row")].map((r) => r.getBoundingClientRect()).sort((a, b) => a.top - b.top);
    return rows.length < 60 && rows[0].top <= box.top && rows.at(-1).bottom >= box.bottom - 1 && rows.every((r, i) => !i || Math.abs(r.top - rows[i - 1].bottom) < 1);
}"""


@pytest.fixture(scope="module")
def crowd(request):
    world = Net(request.config.getoption("--build"))
    try:
        quick = world.add(Quick())
        scene = Scene(world, requests=6000)
        scene.tunnels["web"]["local"] = quick.port
        scene.daemon.write_config(dict(scene.daemon.config, tunnels={"web": scene.tunnels["web"]}))
        scene.daemon.ctl("reload")
        scene.daemon.up("web")
        yield scene
    finally:
        world.end()


def test_5000_requests_are_few_nodes(crowd, browse):
    dash = browse(crowd.url).ready()
    empty = dash.page.evaluate(NODES)
    ask_many(crowd.server.public, 0, 2500)
    dash.count("2,500 requests")
    ask_many(crowd.server.public, 2500, 5200)  # the page keeps 5,000 of them
    dash.wait(lambda: dash.page.inner_text("#count") == "5,000 requests" and crowd.ask("Requests", {"tail": 1})["seen"] == 5200, "all are there")
    assert dash.page.evaluate(NODES) < empty + 600
    assert dash.page.evaluate("performance.memory.usedJSHeapSize") < 64 * 1024 * 1024
    assert dash.page.evaluate("document.getElementById('rows').offsetHeight") == 5000 * 54
    for y in (0, 1000, 135000, 200001, 10 ** 7):
        dash.page.evaluate("(y) => { document.getElementById('list').scrollTop = y; }", y)
        dash.wait(lambda: dash.page.evaluate(PLACED), f"the rows at {y} are in their places")
    dash.page.focus("#list")
    dash.page.keyboard.press("Home")
    dash.wait(lambda: dash.page.locator(".row[aria-posinset='1'][aria-selected=true]").count() == 1, "the newest is chosen")
    dash.page.fill("#search", "/n/4321")
    dash.expect_targets("/n/4321")
    dash.page.reload()  # as many in one go
    dash.ready()
    dash.count("5,000 requests")
    assert dash.page.evaluate(NODES) < empty + 600


def test_the_end_of_the_list_is_reached_by_scrolling_while_more_come(crowd, browse):
    dash = browse(crowd.url).ready()
    dash.wait(lambda: dash.page.inner_text("#count").endswith(" requests") and dash.targets(), "there are some")
    feeding = threading.Thread(target=ask_many, args=(crowd.server.public, 10000, 10400, 2))
    feeding.start()
    for _ in range(30):
        dash.page.mouse.move(400, 400)
        dash.page.mouse.wheel(0, 600)
        dash.settle()
    feeding.join()
    dash.wait(lambda: dash.page.evaluate(PLACED), "the rows are in their places")
    assert dash.page.evaluate("document.getElementById('list').scrollTop") > 5000
    until(lambda: crowd.ask("Requests", {"tail": 1})["requests"][0]["state"] == "done", "all are done")
