# SPDX-License-Identifier: MIT
"""The packages, built in roots of their own from the files that git knows, and what can be said of them before they run."""
import hashlib
import pathlib
import shutil
import subprocess

import roots

TOP = pathlib.Path(__file__).resolve().parents[2]
MORE = {"bookworm": ["lintian", "rpm", "rpmlint", "debugedit", "libcap-dev"], "trixie": []}


def source_tree(to):
    """What a clean checkout of the working tree would hold."""
    to.mkdir(parents=True)
    names = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--cached"], check=True, stdout=subprocess.PIPE).stdout
    copy = subprocess.run(["tar", "--create", "--null", "--files-from=-"], cwd=TOP, input=names, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "--extract", "--directory", str(to)], input=copy, check=True)
    return to


def digests(debs):
    return {deb.name: hashlib.sha256(deb.read_bytes()).hexdigest() for deb in debs}


def fields(deb, name):
    return roots.sh("dpkg-deb", "--field", deb, name).strip()


class Packages:
    """A suite's build root and what was built in it."""

    def __init__(self, suite, work):
        self.suite, self.work = suite, work
        control = (TOP / "debian/control").read_text()
        self.root = roots.unpack(roots.build_root(suite, work, control, MORE[suite]), work / f"build-{suite}")
        self.debs = []

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def build_deb(self, place, command):
        """@command, as the README has it, in a fresh tree at @place; the packages without those of debug symbols."""
        source_tree(self.root / place / "tunnelto")
        roots.in_root(self.root, f"cd /{place}/tunnelto; export DEB_BUILD_OPTIONS='parallel=2 nocheck'\n{command}")
        return sorted(p for p in (self.root / place).glob("*.deb") if "dbgsym" not in p.name)

    def higher(self, deb):
        """The same package under a higher version, with another line in its configuration file."""
        name = deb.name.split("_")[0]
        tree = self.root / "higher" / name
        tree.parent.mkdir(parents=True, exist_ok=True)
        roots.sh("dpkg-deb", "--raw-extract", deb, tree)
        control = tree / "DEBIAN/control"
        version = fields(deb, "Version")
        control.write_text(control.read_text().replace(f"Version: {version}\n", f"Version: {version}+1\n")
                           .replace(f"tunnelto (= {version})", f"tunnelto (= {version}+1)"))
        for conf in tree.glob("etc/tunnelto/*.yaml"):
            conf.write_text(conf.read_text() + "# of the higher version\n")
        roots.sh("dpkg-deb", "--build", "--root-owner-group", tree, self.root / "higher")
        return self.root / "higher" / f"{name}_{version}+1_{fields(deb, 'Architecture')}.deb"

    def lintian(self, place):
        return roots.in_root(self.root, f"cd /{place}; lintian --allow-root --fail-on error,warning *.changes")

    def build_static(self, command):
        """The one-shot client without libraries, stripped."""
        source_tree(self.root / "static")
        roots.in_root(self.root, f"cd /static\n{command}\nstrip src/static/tunnelto")
        return self.root / "static/src/static/tunnelto"

    def build_rpm(self):
        place = self.root / "rpm"
        source_tree(place / "tunnelto-0.1.0")
        roots.sh("tar", "--create", "--xz", "--file", place / "tunnelto-0.1.0.tar.xz", "--directory", place, "tunnelto-0.1.0")
        for name in ("systemd/tunnelto.sysusers", "rpm/tunnelto.spec", "rpm/tunnelto.rpmlintrc"):
            shutil.copy(TOP / name, place)
        roots.in_root(self.root, 'cd /rpm; rpmbuild -bb --nodeps --nocheck --define "_sourcedir /rpm" --define "_topdir /rpm/top" tunnelto.spec')
        return sorted(place.glob("top/RPMS/*/*.rpm"))

    def rpmlint(self):
        return roots.in_root(self.root, "cd /rpm; rpmlint -r tunnelto.rpmlintrc tunnelto.spec top/RPMS/*/*.rpm")

    def install_rpm(self):
        """Into an empty root; the files there."""
        roots.in_root(self.root, "rpm --root /rpm/root --initdb; rpm --root /rpm/root --install --nodeps --noscripts /rpm/top/RPMS/*/*.rpm")
        return {f"/{p.relative_to(self.root / 'rpm/root')}" for p in (self.root / "rpm/root").rglob("*") if not p.is_dir()}

    def rpm_scripts(self, rpm):
        """The scriptlets of a package, by kind."""
        text = roots.in_root(self.root, f"rpm -qp --scripts /{rpm.relative_to(self.root)}")
        scripts, kind = {}, None
        for line in text.splitlines():
            if " scriptlet (using /bin/sh)" in line:
                kind = line.split()[0]
                scripts[kind] = ""
            elif kind:
                scripts[kind] += line + "\n"
        return scripts
