# SPDX-License-Identifier: MIT
"""Debian roots by mmdebstrap: made once per suite and list of packages, kept as tarballs, unpacked fresh for each use.

A tarball's name holds a digest of all that went into it, so a changed list makes a new one; one that is a month old is
made again, since the packages it would fetch may be gone from the mirrors. Work happens in memory when there is enough:
a package manager's many small files and fsyncs cost more than anything else here.
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

MIRROR = os.environ.get("TUNNELTO_MIRROR", "http://deb.debian.org/debian")
MONTH = 30 * 24 * 3600
GIB = 1024 ** 3
BASE = ["systemd", "systemd-sysv", "libpam-systemd", "dbus", "curl", "python3", "ca-certificates", "openssl"]


class Failed(Exception):
    """A command that the rest depends on did not succeed."""


def sh(*argv, **more):
    """Run, and give what it printed; a failure carries the end of it."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, **more)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def why_not():
    """Why no machine can be booted here, or None."""
    if os.geteuid() != 0:
        return "needs root, to make roots and boot them"
    for program in ("mmdebstrap", "systemd-nspawn", "nsenter", "zstd"):
        if not shutil.which(program):
            return f"needs {program}"
    try:
        sh("unshare", "--mount", "--pid", "--net", "--fork", "true")
    except Failed:
        return "this kernel or container lets nobody make namespaces"
    return None


def cache_dir():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = pathlib.Path(home) / "tunnelto-machine"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def workspace(keep=False):
    """A directory for roots; a tmpfs when memory allows."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="tunnelto-machine-"))
    available = next(int(line.split()[1]) * 1024 for line in open("/proc/meminfo", encoding="ascii")
                     if line.startswith("MemAvailable"))
    mounted = available > 10 * GIB
    if mounted:
        sh("mount", "-t", "tmpfs", "-o", "size=8g,mode=0755", "tunnelto-machine", path)
    try:
        yield path
    finally:
        if keep:
            print(f"# kept: {path}", flush=True)
        else:
            if mounted:
                sh("umount", "--lazy", path)
            shutil.rmtree(path, ignore_errors=True)


def name_of(kind, suite, *parts):
    digest = hashlib.sha256("\0".join([MIRROR, *parts]).encode()).hexdigest()[:12]
    return cache_dir() / f"{kind}-{suite}-{digest}.tar.zst"


@contextlib.contextmanager
def made_once(tarball):
    """Yields None when @tarball is there, else a path that becomes it; one maker at a time."""
    with open(f"{tarball}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if tarball.exists() and time.time() - tarball.stat().st_mtime < MONTH:
            yield None
            return
        for old in tarball.parent.glob(f"{tarball.name.rsplit('-', 1)[0]}-*.tar.zst"):
            old.unlink()
        part = tarball.with_name(tarball.name + ".part")
        yield part
        part.rename(tarball)


def pack(root, tarball):
    sh("tar", "--create", "--use-compress-program=zstd -1 -T0 -q", "--file", tarball, "--numeric-owner", "--xattrs",
       "--directory", root, ".")


def unpack(tarball, root):
    root.mkdir(parents=True)
    sh("tar", "--extract", "--use-compress-program=zstd -d -q", "--file", tarball, "--numeric-owner", "--xattrs", "--directory", root)
    return root


def in_root(root, script, **more):
    """A shell script in @root, with the network and the resolver of this machine."""
    out = sh("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "--resolv-conf=copy-host", "-D", root,
             "--setenv=DEBIAN_FRONTEND=noninteractive", "sh", "-ec", script, **more)
    # what systemd-nspawn says about its own directory on a machine where systemd is not pid 1
    return "".join(line for line in out.splitlines(True) if not line.startswith("Attempted to remove disk file system"))


def base(suite, work):
    """The tarball of a minimal Debian with systemd and what checks use inside it."""
    tarball = name_of("base", suite, *BASE)
    with made_once(tarball) as part:
        if part:
            plain = work / f"base-{suite}.tar"
            sh("mmdebstrap", "--variant=minbase", "--format=tar", "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt/lists",
               '--aptopt=APT::Get::Assume-Yes "true"', '--aptopt=APT::Install-Recommends "false"',
               '--aptopt=Acquire::Languages "none"', f"--include={','.join(BASE)}", suite, plain, MIRROR,
               env=dict(os.environ, TMPDIR=str(work)))
            sh("zstd", "-1", "-T0", "-q", "-f", plain, "-o", part)
            plain.unlink()
    return tarball


def build_root(suite, work, control, more):
    """The tarball of the base with what debian/control asks for, and @more packages."""
    tarball = name_of("build", suite, control, *BASE, *more)
    with made_once(tarball) as part:
        if part:
            root = unpack(base(suite, work), work / f"build-{suite}")
            (root / "build/debian").mkdir(parents=True)
            (root / "build/debian/control").write_text(control)
            in_root(root, f"apt-get -qq install build-essential fakeroot {' '.join(more)}; cd /build; apt-get -qq build-dep ./; rm -r /build; apt-get clean")
            pack(root, part)
            shutil.rmtree(root)
    return tarball


def archives(suite, work, debs, depends):
    """The tarball of a package manager's state with everything @debs depend on downloaded: machines have no network."""
    tarball = name_of("archives", suite, depends, *BASE)
    with made_once(tarball) as part:
        if part:
            root = unpack(base(suite, work), work / f"archives-{suite}")
            for deb in debs:
                shutil.copy(deb, root / "root")
            in_root(root, "rm -f /etc/apt/apt.conf.d/docker-clean; apt-get -qq -o APT::Keep-Downloaded-Packages=true --download-only install /root/*.deb")
            sh("tar", "--create", "--use-compress-program=zstd -1 -T0 -q", "--file", part, "--directory", root,
               "var/cache/apt/archives")
            shutil.rmtree(root)
    return tarball
