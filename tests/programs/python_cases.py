# SPDX-License-Identifier: MIT
"""python_cases.py MODULE [-CASE...] [CASE...]: runs the cases of one module of Python's own tests, in test/.

With CASEs only those, without those that have a "-" before them.  Written for each, to stderr, in a line of its own as soon
as it is known: "@@ RESULT SECONDS CASE", where RESULT is ok, skip, fail, xfail, unexpected, or left for one that was not
to be run; and "@@ done" at the end.  What was raised follows a failure.  The working directory is a fresh one below /tmp, as with Python's own runner.
"""
import faulthandler
import os
import sys
import tempfile
import time
import traceback
import unittest

def say(text):
    # Past sys.stderr, which cases replace; in one piece, so that threads that a case left do not cut it.
    data = ("\n" + text + "\n").encode(errors="backslashreplace")
    while data:
        data = data[os.write(2, data):]


def name_of(test):
    case = test.id() if hasattr(test, "id") else str(test)
    return case.removeprefix("test.").replace(" ", "_")


class Result(unittest.TestResult):
    """Tells of each case once, when all of it is over: its subtests, its clean-up."""

    def startTest(self, test):
        super().startTest(test)
        self.result, self.reports, self.begin = "ok", [], time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.tell(test)

    def tell(self, test):
        seconds = time.monotonic() - self.begin
        say("\n".join([f"@@ {self.result} {seconds:.2f} {name_of(test)}"] + self.reports))

    def bad(self, test, err):
        self.result = "fail"
        self.reports.append("".join(traceback.format_exception(*err)))

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self.bad(test, err)
        else:  # setUpClass and its like: no case has begun
            self.result, self.reports, self.begin = "ok", [], time.monotonic()
            self.bad(test, err)
            self.tell(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.bad(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.reports.append(str(subtest))
            self.bad(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not isinstance(test, unittest.TestCase):
            say(f"@@ skip 0 {name_of(test)}\n{reason}")
        elif self.result == "ok":  # of a subtest: the others may have failed
            self.result = "skip"
            self.reports.append(reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.result = "xfail"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.result = "unexpected"


def chosen(suite, only, without):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, only, without)
        elif name_of(test) in without:
            say(f"@@ left 0 {name_of(test)}")
        elif not only or name_of(test) in only:
            yield test


def load(module):
    more = os.environ.get("MORE_TESTS")  # where there is what Debian's package leaves out
    if not more:
        return unittest.defaultTestLoader.loadTestsFromName("test." + module)
    import test
    test.__path__.append(more)
    # Not by its own load_tests, which wants to be beneath the library.
    names = sorted(f[:-3] for f in os.listdir(os.path.join(more, module)) if f.startswith("test_") and f.endswith(".py"))
    return unittest.defaultTestLoader.loadTestsFromNames([f"test.{module}.{name}" for name in names])


def main():
    module = sys.argv[1]
    only = {a for a in sys.argv[2:] if not a.startswith("-")}
    without = {a[1:] for a in sys.argv[2:] if a.startswith("-")}
    faulthandler.enable(file=2)
    # One thread for all of the run: a new one for each case lets signals through for a moment, and may take them.
    faulthandler.dump_traceback_later(float(os.environ.get("RUN_SECONDS", "3600")), exit=True, file=2)
    from test import support
    support.verbose = 0
    support.use_resources = []  # as of Python's runner without -u: nothing that takes the network, minutes or gigabytes
    unittest.BaseTestSuite._cleanup = False
    with tempfile.TemporaryDirectory(prefix="python_cases_", ignore_cleanup_errors=True) as cwd:
        os.chdir(cwd)
        try:
            suite = load(module)
        except unittest.SkipTest as e:
            say(f"@@ skip 0 {module}\n{e}")  # all of it
            suite = []
        result = Result()
        result.buffer = True
        unittest.TestSuite(chosen(suite, only, without)).run(result)
        os.chdir("/")
    say("@@ done")
    sys.stdout.flush()
    os._exit(0)  # not to wait for threads that a failed case left


if __name__ == "__main__":  # not when multiprocessing imports it
    main()
