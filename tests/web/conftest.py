# SPDX-License-Identifier: MIT
"""One Chromium for all tests, a page of its own for each; a world of real processes per file."""
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

from actors import Net  # noqa: E402
from scene import Dashboard, Scene  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--build", default=str(HERE.parents[1] / "build"), help="where the programs were built")


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--host-resolver-rules=MAP rebound.example 127.0.0.1"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def scene(request):
    """Server, daemon with a dashboard, and a site behind its tunnels."""
    world = Net(request.config.getoption("--build"))
    try:
        yield Scene(world)
    finally:
        world.end()


class Visits:
    """Pages, each in a context of its own. What scripts get wrong and what the policy refuses is a fault, unless not @strict."""

    def __init__(self, chromium):
        self.chromium, self.contexts, self.faults = chromium, [], []

    def open(self, url, width=1280, height=800, scheme="light", strict=True, **more):
        context = self.chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        context.set_default_timeout(15000)
        self.contexts.append(context)
        page = context.new_page()
        if strict:
            page.on("pageerror", lambda e: self.faults.append(str(e)))
            page.on("console", lambda m: self.faults.append(m.text) if "Content Security Policy" in m.text else None)
        page.goto(url)
        return Dashboard(page)

    def end(self):
        for context in self.contexts:
            context.close()

    def check(self):
        faults, self.faults = self.faults, []
        assert not faults, faults


@pytest.fixture
def browse(chromium):
    """browse(url, width=…, scheme=…): a new page."""
    visits = Visits(chromium)
    yield visits.open
    visits.end()
    visits.check()


@pytest.fixture(scope="module")
def kept(chromium, scene):
    """The page that the tests of a file share, for opening one takes its time."""
    visits = Visits(chromium)
    visits.dash = visits.open(scene.url).ready()
    yield visits
    visits.end()


@pytest.fixture
def dash(scene, kept):
    """The dashboard of the scene, open, with nothing captured and nothing chosen."""
    scene.forget()
    kept.dash.reset()
    yield kept.dash
    kept.check()
