# SPDX-License-Identifier: MIT
"""What was checked: a TAP line each as it happens, and JUnit XML for tests/count.py at the end."""
import contextlib
import time
import traceback
import xml.etree.ElementTree as ET

CHECKS = []


def check(name, always=False):
    """Register a check of a booted machine; @always: the others depend on it."""
    def register(function):
        CHECKS.append((name, function, always))
        return function
    return register


class Report:
    def __init__(self, suite):
        self.suite, self.cases, self.notes = suite, [], []
        self.container = None  # the server's image, where one was built

    def note(self, text):
        """A figure for people."""
        self.notes.append(text)
        print(f"# {self.suite}: {text}", flush=True)

    def record(self, name, seconds, why=None, skipped=None):
        self.cases.append((name, seconds, why, skipped))
        word = "not ok" if why else "ok"
        print(f"{word} {len(self.cases)} - {self.suite}: {name}{f' # SKIP {skipped}' if skipped else ''} ({seconds:.1f} s)", flush=True)
        if why:
            print("".join(f"#   {line}\n" for line in why.splitlines()[-120:]), end="", flush=True)

    @contextlib.contextmanager
    def case(self, name, explain=None):
        """One check; what it raises is its failure, and @explain adds what the machine says to that."""
        began = time.monotonic()
        try:
            yield
        except Exception as e:
            words = str(e) if isinstance(e, AssertionError) and str(e) else traceback.format_exc()
            self.record(name, time.monotonic() - began, f"{words}\n{explain() if explain else ''}")
        else:
            self.record(name, time.monotonic() - began)

    @property
    def failed(self):
        return sum(bool(why) for _, _, why, _ in self.cases)

    def write(self, path):
        root = ET.Element("testsuite", name=f"machine.{self.suite}", tests=str(len(self.cases)), failures=str(self.failed))
        for name, seconds, why, skipped in self.cases:
            case = ET.SubElement(root, "testcase", classname=f"machine.{self.suite}", name=name, time=f"{seconds:.3f}")
            if why:
                ET.SubElement(case, "failure", message=why.splitlines()[0]).text = why
            if skipped:
                ET.SubElement(case, "skipped", message=skipped)
        ET.SubElement(root, "system-out").text = "\n".join(self.notes)
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(path, encoding="unicode")
