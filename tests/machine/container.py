# SPDX-License-Identifier: MIT
"""debian/Containerfile, built and run by buildah, which needs no daemon; its base is our own root, as no registry is asked."""
import os
import pathlib
import shutil
import signal
import subprocess

import packages
import roots

BASE = "localhost/debian:bookworm"
IMAGE = "localhost/tunnelto-server"


class Container:
    def __init__(self, work):
        self.work = work
        self.command = ["buildah", "--root", str(work / "storage"), "--runroot", str(work / "storage-run")]
        self.env = dict(os.environ, STORAGE_DRIVER="vfs", BUILDAH_ISOLATION="chroot")
        self.image = self.name = None

    def buildah(self, *argv):
        return roots.sh(*self.command, *argv, env=self.env).strip()

    def build(self, suite, debs):
        """The image of the server."""
        context = self.work / "context"
        context.mkdir()
        for deb in debs:
            shutil.copy(deb, context)
        root = roots.unpack(roots.base(suite, self.work), self.work / "container-base")
        base = self.buildah("from", "scratch").splitlines()[-1]
        self.buildah("copy", "--quiet", base, root, "/")
        shutil.rmtree(root)
        self.buildah("commit", "--quiet", "--rm", base, BASE)
        self.buildah("build", "--build-arg", f"BASE={BASE}", "-f", packages.TOP / "debian/Containerfile", "-t", IMAGE, context)
        self.image = IMAGE

    def start(self, machine, conf):
        """Run it in the network of @machine, with @conf for its configuration."""
        self.name = self.buildah("from", self.image).splitlines()[-1]
        argv = [*self.command, "run", "--volume", f"{conf}:/etc/tunnelto/tunnelto-server.yaml:ro", self.name, "--", "/usr/sbin/tunnelto-server"]
        return machine.beside(*argv, env=self.env, stderr=subprocess.STDOUT)

    @staticmethod
    def stop(run):
        """SIGTERM to the server, as a container's manager sends it; what buildah's run ends with is its exit status."""
        pid = run.pid
        while True:
            children = [c for t in pathlib.Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
            if not children:
                break
            pid = int(children[-1])
        os.kill(pid, signal.SIGTERM)
        return run.wait(20)
