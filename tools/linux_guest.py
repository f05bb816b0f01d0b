# SPDX-License-Identifier: MIT
"""A small Linux guest: Debian's cloud kernel, fetched once, and initramfs archives in memory.

Used by tools/bench-stream (the Linux that STREAM is compared with) and tests/kvm (the Linux with
KVM that uhyve is tested in).
"""
import fcntl
import glob
import os
import re
import shutil
import stat
import subprocess
import tempfile

# What is kept of the package: the kernel, and of its modules those that the guests load, in this order.
KVM = ("virt/lib/irqbypass.ko", "arch/x86/kvm/kvm.ko", "arch/x86/kvm/kvm-amd.ko")
DISKS = tuple(f"drivers/virtio/{m}.ko" for m in ("virtio_ring", "virtio", "virtio_pci_legacy_dev",
                                                 "virtio_pci_modern_dev", "virtio_pci")) + \
    ("drivers/block/virtio_blk.ko",)
MODULES = KVM + DISKS


class Unavailable(Exception):
    """The kernel cannot be had here; the text says why and what to do."""


def _must(command, **how):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=300, **how)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Unavailable(f"{command[0]}: {e}") from e
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: status {done.returncode}: {done.stdout.strip()[-500:]}")
    return done.stdout


def _unpack(package, work):
    """The files of a Debian package that need not be installed, in a folder of WORK."""
    root = os.path.join(work, "x")
    os.chmod(work, 0o777)  # apt-get downloads as its own user
    _must(["apt-get", "-qq", "download", package], cwd=work)
    deb, = glob.glob(os.path.join(work, "*.deb"))
    _must(["dpkg-deb", "-x", deb, root])
    return root


def _fetch_kernel(work):
    depends = _must(["apt-cache", "depends", "linux-image-cloud-amd64"], env={**os.environ, "LC_ALL": "C"})
    package = re.search(r"Depends: (linux-image-\S+)", depends)
    if not package:
        raise Unavailable("linux-image-cloud-amd64: not in the package lists (run: apt-get update)")
    root, kept = _unpack(package.group(1), work), os.path.join(work, "linux")
    os.mkdir(kept)
    found = [glob.glob(os.path.join(root, "boot", "vmlinuz-*"))]
    found += [glob.glob(os.path.join(root, "lib", "modules", "*", "kernel", m)) for m in MODULES]
    for paths in found:
        if len(paths) != 1:
            raise Unavailable(f"{package.group(1)}: not the files that were expected: {found}")
        os.rename(paths[0], os.path.join(kept, os.path.basename(paths[0])))
    return kept


def _fetch_gdb(work):
    # Not the package gdb: its Python wants a library that is larger than all the rest.
    root = _unpack("gdb-minimal", work)
    return os.path.join(root, "usr", "bin")


def _cached(build, name, files, fetch):
    """The folder NAME, with FILES, of what FETCH brings.

    Kept in BUILD/linux-guest; callers at the same time wait for one another.
    """
    cache = os.path.join(build, "linux-guest")
    os.makedirs(cache, exist_ok=True)
    kept = os.path.join(cache, name)
    with open(os.path.join(cache, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(os.path.exists(os.path.join(kept, name)) for name in files):
            shutil.rmtree(kept, ignore_errors=True)  # an older version of this kept less
            with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as work:
                # Last and at once: an interrupted fetch leaves nothing that looks whole.
                os.rename(fetch(work), kept)
    return kept


def kernel(build):
    """The path of Debian's cloud kernel and the directory where its MODULES are.  Raises Unavailable."""
    kept = _cached(build, "linux", [os.path.basename(m) for m in MODULES], _fetch_kernel)
    image, = glob.glob(os.path.join(kept, "vmlinuz-*"))
    return image, kept


def gdb(build):
    """The path of a gdb that needs nothing but shared libraries.  Raises Unavailable."""
    return os.path.join(_cached(build, "gdb", ["gdb"], _fetch_gdb), "gdb")


def cpio(entries):
    """A newc archive of (name, mode, data, (major, minor)) entries."""
    out = bytearray()
    for i, (name, mode, data, rdev) in enumerate(entries + [("TRAILER!!!", 0, b"", (0, 0))]):
        raw = name.encode(errors="surrogateescape") + b"\0"
        fields = [i + 1, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(raw), 0]
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


class Tree:
    """The files of an initramfs; parents are made as they are needed."""

    def __init__(self):
        self.entries = {}

    def directory(self, name, mode=0o755):
        name = name.strip("/")
        if name and name not in self.entries:
            self.directory(os.path.dirname(name))
            self.entries[name] = (stat.S_IFDIR | mode, b"", (0, 0))

    def _put(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        self.entries[name] = (mode, data, rdev)

    def file(self, name, data, mode=0o644):
        self._put(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._put(name, stat.S_IFLNK | 0o777, target.encode(errors="surrogateescape"))

    def device(self, name, major, minor, mode=0o600):
        self._put(name, stat.S_IFCHR | mode, rdev=(major, minor))

    def copy(self, path, name):
        """A file, link or directory of the host's; links inside a directory stay links."""
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            self.link(name, os.readlink(path))
        elif stat.S_ISDIR(mode):
            self.directory(name, stat.S_IMODE(mode))
            for entry in sorted(os.listdir(path)):
                self.copy(os.path.join(path, entry), f"{name}/{entry}")
        else:
            with open(path, "rb") as f:
                self.file(name, f.read(), stat.S_IMODE(mode))

    def program(self, path, name):
        """A dynamic program and the shared libraries that it needs, these where the host has them."""
        self.copy(path, name)
        for line in _must(["ldd", path]).splitlines():
            found = re.search(r"(/\S+) \(0x", line)
            if found:
                self.copy(os.path.realpath(found.group(1)), found.group(1))

    def pack(self):
        return cpio([(name, *entry) for name, entry in self.entries.items()])
