# SPDX-License-Identifier: MIT
"""A bare uhyve in the lab, as tests/bench/vmm_start.c starts it: for tools/bench-uhyve and memory-test."""
import os
import re
import shlex

KERNEL = "/opt/hermit/lib/hermit/hermit-x86_64.elf"
HELLO = "@/test/at_main"  # sealed, as the loader's; says so when it is in main, prints its line and waits
GUEST = 128  # MiB of memory
UHYVE = ["/opt/hermit/bin/uhyve", f"--memory={GUEST}M", "--port=io=10", "--port=err=11", "--port=ctl=12", "--log=13"]


class Missing(Exception):
    """There is no figure; the text says why."""


def add_programs(lab):
    for name in "vmm_start", "first.elf", "at_main", "files":
        lab.file(os.path.join(lab.build, "tests", "bench", name), name)


def out_of(result):
    """What a command that must succeed has said."""
    text = result.out.decode(errors="replace")
    if result.status or result.timed_out:
        raise Missing(f"{result.command[:60]}...: status {result.status}{', too slow' if result.timed_out else ''}: "
                      f"{(result.err.decode(errors='replace') + text)[-600:]}")
    return text


def memory_command(*options):
    return shlex.join(["./vmm_start", "memory", "io", str(GUEST << 20), "--", *UHYVE, *options, KERNEL, HELLO])


def memory_figures(result):
    """KiB: of the guest's memory those touched, of all else the RSS and the PSS."""
    found = re.fullmatch(r"guest (\d+)\nvmm (\d+) (\d+)\n", out_of(result))
    if not found:
        raise Missing(f"vmm_start says {bytes(result.out)!r}")
    return tuple(int(n) for n in found.groups())
