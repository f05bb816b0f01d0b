# SPDX-License-Identifier: MIT
"""python_record.py MODULE FILE: runs a module of Python's own tests on Linux and writes to FILE, as JSON, each other Python
that its cases start: the case, its arguments, variables, input, and the files of its working directory as they were then.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import unittest

FILES_MAX = 100_000
found = []
case = ""


def files_here():
    kept = {}
    for name in os.listdir("."):
        if os.path.isfile(name) and os.path.getsize(name) < FILES_MAX:
            with open(name, "rb") as f:
                kept[name] = base64.b64encode(f.read()).decode()
    return kept


class Recorder(subprocess.Popen):
    def __init__(self, args, *rest, **options):
        self.record = None
        if not isinstance(args, (str, bytes)) and list(args)[:1] == [sys.executable]:
            self.record = {"case": case, "args": [os.fsdecode(a) for a in args[1:]], "env": dict(options.get("env") or os.environ),
                           "input": "", "cwd": os.getcwd(), "files": files_here()}
            found.append(self.record)
        super().__init__(args, *rest, **options)

    def communicate(self, input=None, timeout=None):
        if self.record and input:
            self.record["input"] = input if isinstance(input, str) else input.decode(errors="surrogateescape")
        return super().communicate(input, timeout)


class Result(unittest.TestResult):
    def startTest(self, test):
        global case
        super().startTest(test)
        case = test.id().removeprefix("test.")


def main():
    module, path = sys.argv[1], os.path.abspath(sys.argv[2])
    from test import support
    support.verbose = 0
    support.use_resources = []
    subprocess.Popen = Recorder
    result = Result()
    result.buffer = True
    with tempfile.TemporaryDirectory(prefix="python_record_", ignore_cleanup_errors=True) as cwd:
        os.chdir(cwd)
        unittest.defaultTestLoader.loadTestsFromName("test." + module).run(result)
        os.chdir("/")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)


if __name__ == "__main__":  # not when multiprocessing imports it
    main()
