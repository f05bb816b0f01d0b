# SPDX-License-Identifier: MIT
"""The lab: a small Linux that has KVM, under QEMU's TCG, which emulates SVM.

    lab = Lab("build", cpus=2)
    lab.file("build/tests/abi/pipes", "test/pipes")
    results = lab.run(["proxy ./pipes", "proxy --version"])   # one boot for all

In it: busybox as /bin, the installation BUILD/prefix as /opt/hermit (bin/ is in PATH), /test as the
working directory, root as the user, all of it in memory and gone afterwards. A boot takes seconds,
so give it many commands. The boot's own failure is a LabError, never a result.
"""
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import linux_guest  # noqa: E402

Unavailable = linux_guest.Unavailable
BUSYBOX = "/bin/busybox"
BOOT_SECONDS = 60  # what a boot may take on a busy host; 4 on a quiet one


def slow():
    """The factor for time limits, as for all tests."""
    return float(os.environ.get("HERMIT_TEST_SLOW", "1"))


# What the lab's own Linux says when a CPU of its hangs in its kernel. No program can do that to a Linux: it is QEMU's
# emulation (docs/testing.md), and no verdict.
FROZEN = b"soft lockup"
# What our kernel says, and ends, when that emulation enters an interrupt's handler a second time at its first steps.
TWICE = b"panic: the hypervisor gave an interrupt twice"
BOOTS = 4  # so often a batch is begun anew


class LabError(Exception):
    """The lab itself failed: no verdict on what ran in it."""


class LabBroken(LabError):
    """The lab's emulation has gone wrong as is known of it (docs/testing.md)."""


class Result:
    """What one command did: its bytes, status (as a shell has it), seconds, processes left behind."""

    def __init__(self, command):
        self.command = command
        self.out, self.err = bytearray(), bytearray()
        self.status, self.timed_out, self.seconds, self.left_over = None, False, None, None


class Lab:
    def __init__(self, build, cpus=2, mem="2G", slow=1.0):
        self.build, self.cpus, self.mem, self.slow = os.path.abspath(build), cpus, mem, slow
        self.prefix = os.path.join(self.build, "prefix")
        self.init = os.path.join(self.build, "tests", "kvm", "lab_init")
        self.qemu = os.environ.get("HERMIT_QEMU") or "qemu-system-x86_64"
        self.boot_seconds = None
        self.loaded, self.disks = 0, []
        for path in self.init, os.path.join(self.prefix, "bin", "proxy"):
            if not os.path.exists(path):
                raise LabError(f"{path}: not there (build first: make stage)")
        if not shutil.which(self.qemu):
            raise Unavailable(f"{self.qemu}: not there (tools/setup installs qemu-system-x86)")
        if not os.path.exists(BUSYBOX):
            raise Unavailable(f"{BUSYBOX}: not there (tools/setup installs busybox-static)")
        self.kernel, self.module_dir = linux_guest.kernel(self.build)
        self.tree = linux_guest.Tree()
        self._base()

    def _base(self):
        t = self.tree
        for name in "dev", "proc", "sys", "tmp", "run", "test", "bin", "usr", "etc":
            t.directory(name, 0o1777 if name == "tmp" else 0o755)
        t.device("dev/console", 5, 1)
        t.link("sbin", "bin")
        t.link("usr/bin", "/bin")
        t.file("etc/passwd", b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        t.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        t.copy(self.init, "init")
        self._modules(linux_guest.KVM)
        t.copy(os.path.realpath(BUSYBOX), "bin/busybox")
        names = subprocess.run([BUSYBOX, "--list"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        for name in names:
            if name != "busybox":
                t.link("bin/" + name, "busybox")
        # Not the cross drivers: there is no compiler in the lab.
        for name in "bin/proxy", "bin/hermit", "bin/uhyve", "lib", "x86_64-hermit/extra":
            if os.path.lexists(os.path.join(self.prefix, name)):
                t.copy(os.path.join(self.prefix, name), "opt/hermit/" + name)

    def _modules(self, names):
        """Loaded by lab_init.c in the order of their names."""
        for name in names:
            name = os.path.basename(name)
            self.tree.copy(os.path.join(self.module_dir, name), f"lab/modules/{self.loaded:02}-{name}")
            self.loaded += 1

    def disk(self, path, rdonly=False):
        """A raw image as the lab's own next /dev/vdX: for what Linux itself does with a disk."""
        if not self.disks:
            self._modules(linux_guest.DISKS)
        self.disks.append((os.path.abspath(path), rdonly))

    def file(self, path, inside):
        """A file or directory of the host's as INSIDE (below / or, if it is relative, in /test)."""
        self.tree.copy(os.path.realpath(path), os.path.join("/test", inside))

    def run(self, commands, timeout=60, show=None):
        """Boots the lab and runs COMMANDS, shell text or (text, seconds), one after the other.

        A list of Results. SHOW(kind, bytes) gets stdout ('o') and stderr ('e') as they come. A batch in a lab that
        broke is run again in a new one, from its beginning.
        """
        pairs = [(c, timeout) if isinstance(c, str) else c for c in commands]
        packed = bytearray()
        for text, seconds in pairs:
            raw = text.encode(errors="surrogateescape") + b"\0"
            packed += struct.pack("<II", int(seconds * self.slow * 1000), len(raw)) + raw + b"\0" * (-len(raw) % 4)
        self.tree.file("lab/commands", bytes(packed))
        limit = self.slow * (BOOT_SECONDS + sum(seconds for _, seconds in pairs))
        with tempfile.TemporaryDirectory(prefix="hermit-lab-") as work:
            initrd = os.path.join(work, "initrd")
            with open(initrd, "wb") as f:
                f.write(self.tree.pack())
            for boot in range(1, BOOTS + 1):
                results = [Result(text) for text, _ in pairs]
                try:
                    with open(os.path.join(work, "log"), "w+b") as log:
                        self._boot(initrd, log, limit, Frames(results, show))
                    return results
                except LabBroken as e:
                    print(f"lab: boot {boot} broke: {e}", file=sys.stderr)
                    if boot == BOOTS:
                        raise

    def _boot(self, initrd, log, limit, frames):
        frames_in, frames_out = os.pipe()
        # tsc=reliable: the vCPUs' counters are one, but Linux's check of that fails on a loaded host.
        # maxcpus=1: lab_init.c starts the others.
        append = "console=ttyS0 panic=-1 maxcpus=1 tsc=reliable mitigations=off quiet"
        command = ["timeout", "--kill-after=5", str(int(limit)), self.qemu, "-accel", "tcg,thread=multi", "-cpu",
                   "EPYC,+svm", "-smp", str(self.cpus), "-m", self.mem, "-nodefaults", "-no-user-config", "-display",
                   "none", "-no-reboot", "-kernel", self.kernel, "-initrd", initrd, "-append", append,
                   "-serial", f"file:/dev/fd/{log.fileno()}", "-chardev", f"file,id=frames,path=/dev/fd/{frames_out}",
                   "-device", "isa-debugcon,iobase=0xe9,chardev=frames", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        for i, (path, rdonly) in enumerate(self.disks):
            command += ["-drive", f"if=none,id=disk{i},format=raw,discard=unmap,readonly={'on' if rdonly else 'off'},"
                        f"file.driver=file,file.filename={path.replace(',', ',,')}",
                        "-device", f"virtio-blk-pci,drive=disk{i}"]
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   pass_fds=(frames_out, log.fileno()))
        os.close(frames_out)
        try:
            while True:
                # QEMU's end closes the pipe; its time is bounded by timeout.
                if not select.select([frames_in], [], [], 5)[0]:
                    if FROZEN in os.pread(log.fileno(), 1 << 20, 0):
                        raise LabBroken(f"its Linux hung, {frames.at} of {len(frames.results)} commands done")
                    continue
                data = os.read(frames_in, 1 << 16)
                if not data:
                    break
                if self.boot_seconds is None:
                    self.boot_seconds = time.monotonic() - start
                frames.feed(data)
                for r in frames.results:
                    if TWICE in r.err:
                        raise LabBroken(f"an interrupt was given twice in {r.command!r}")
            process.wait()
        finally:
            os.close(frames_in)
            if process.poll() is None:
                process.terminate()  # timeout hands it on
                process.wait()
        if frames.complaint or not frames.done:
            log.seek(0)
            said = log.read().decode(errors="replace").replace("\r", "").strip().split("\n")
            said = [line for line in said if "TCG doesn't support requested feature" not in line][-15:]
            what = frames.complaint or (f"no end within {limit:g} s" if process.returncode in (124, 137) else
                                        f"ended early (status {process.returncode})")
            raise LabError(f"{what}, {frames.at} of {len(frames.results)} commands done; its console:\n" +
                           "\n".join(said))


class Frames:
    """Takes apart what lab_init.c says."""

    def __init__(self, results, show):
        self.results, self.show = results, show
        self.at, self.buffer, self.done, self.complaint = 0, bytearray(), False, None

    def feed(self, data):
        self.buffer += data
        while len(self.buffer) >= 5:
            kind, length = struct.unpack_from("<cI", self.buffer)
            if len(self.buffer) < 5 + length:
                return
            self.frame(kind.decode("latin1"), bytes(self.buffer[5:5 + length]))
            del self.buffer[:5 + length]

    def frame(self, kind, data):
        if kind in "oe":
            (self.results[self.at].out if kind == "o" else self.results[self.at].err).extend(data)
            if self.show:
                self.show(kind, data)
        elif kind == "x":
            r = self.results[self.at]
            r.status, timed_out, milliseconds, r.left_over = struct.unpack("<iIII", data)
            r.timed_out, r.seconds = bool(timed_out), milliseconds / 1000
            self.at += 1
        elif kind == "!":
            self.complaint = data.decode(errors="replace")
        elif kind == "z":
            self.done = self.at == len(self.results)
        elif kind != "b":
            self.complaint = f"not a frame: {kind!r}"
