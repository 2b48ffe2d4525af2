# SPDX-License-Identifier: MIT
"""pytest's side of the actors: the build directory, a world per test, its logs when the test fails."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from actors import Net, Program  # noqa: E402


def pytest_addoption(parser):
    top = pathlib.Path(__file__).resolve().parents[2]
    parser.addoption("--build", default=str(top / "build"), help="where the programs were built")
    parser.addoption("--long", action="store_true", help="run the long forms too")


# What the second build of each compiler runs: the data path, which compilers may see differently.
LIGHT = {"test_http", "test_http_shapes", "test_links", "test_session", "test_tcp"}


def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: takes long or much; left out where TUNNELTO_TESTS=light")
    config.addinivalue_line("markers", "rust: needs the Rust tunnelto; runs where TUNNELTO_RUST names its programs")
    config.addinivalue_line("markers", "long: minutes or more; runs with --long alone")


def pytest_collection_modifyitems(config, items):
    """Deselect what this run is not to have: no skip, for the other run of the same matrix has it."""
    light, long = os.environ.get("TUNNELTO_TESTS") == "light", config.getoption("--long")
    rust = os.environ.get("TUNNELTO_RUST")
    out = [i for i in items if (light and (i.get_closest_marker("heavy") or i.path.stem not in LIGHT)) or (not long and i.get_closest_marker("long")) or
           (not rust and i.get_closest_marker("rust"))]
    items[:] = [i for i in items if i not in out]
    config.hook.pytest_deselected(items=out)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    net = item.funcargs.get("net") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and net is not None:
        for actor in net.actors:
            if isinstance(actor, Program):
                report.sections.append((f"{actor.name} stderr", actor.err()[-6000:]))


@pytest.fixture
def net(request):
    world = Net(request.config.getoption("--build"))
    yield world
    world.end()


@pytest.fixture
def pair(net):
    """The usual beginning: an origin, a server, a key, a daemon with the HTTP tunnel `web` up."""
    net.web = net.origin()
    net.srv = net.server()
    net.key = net.srv.key("test", "*", "--tcp", "20000-20999")
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}}, key=net.key)
    net.url = net.dmn.up("web")
    return net


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """A directory with the certificates of tests/data/certs.sh."""
    directory = tmp_path_factory.mktemp("certs")
    script = pathlib.Path(__file__).resolve().parents[1] / "data" / "certs.sh"
    subprocess.run(["sh", str(script), str(directory)], check=True, capture_output=True)
    return directory
