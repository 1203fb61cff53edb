"""The judge: runs the tests of one submission, without any code of the student's.

A judge is a process of its own, forked from one that has imported everything. It runs cells of the
course only: those that set up the notebook, and the tests, as a notebook would. A name that only
the student's cells define stands for what it is on the other side just then: data is copied,
everything else has a stand-in.
"""

import builtins
import contextlib
import importlib
import json
import os
import re
import resource
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import bpkit.checks  # noqa: F401 (course cells use it: it is imported once for all judges)
from bpkit.grading.recorder import CellRecorder, Ended, Output, warm_shell
from bpkit.grading.standins import GRACE, Remote, Stopped, StudentFunction
from bpkit.grading.wire import LARGE_HEAD_LIMIT, Channel, Message, WireError

MEMORY = 4 << 30
"""Bytes of addresses that a judge may use."""
HIDDEN = re.compile("### BEGIN HIDDEN TESTS.*?(### END HIDDEN TESTS|$)", re.DOTALL)
COLOUR = re.compile(r"\x1b\[[\d;]*m")
NAME = re.compile(r"[^\W\d]\w*")
MISSING = object()
DRAWING = "matplotlib.pyplot", "bpkit.plots"
"""What course cells import for the student's sake. Tests draw nothing, and it takes a second."""


def prepare() -> None:
    """Do now, once, what all judges that are forked from this process have in common."""
    for name in DRAWING:
        package, _, last = name.rpartition(".")
        sys.modules[name] = module = Unused(name)
        setattr(importlib.import_module(package), last, module)
    warm_shell()


class Unused(ModuleType):
    """Stands for a module until something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what looks through all modules asks for these
            raise AttributeError(name)
        del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def main(door: int) -> None:
    """Judge one submission for the grader at a socket, and end."""
    try:
        channel = Channel(socket.socket(fileno=door))
        exam = channel.receive(head_limit=LARGE_HEAD_LIMIT)
        _settle(exam)
        Judge(channel, exam).judge()
    finally:
        os._exit(0)


def _settle(exam: Message) -> None:
    os.chdir(exam["folder"])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    os.environ.pop("BPKIT_SEED", None)
    if exam["seed"] is not None:
        os.environ["BPKIT_SEED"] = exam["seed"]
    for name, content in exam["files"].items():
        # a file that cannot be here is missing for its reader, and for nobody else
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "wb") as file:
                file.write(content)


class Judge:
    """Runs the course's cells in their order, and tells the outputs of the tests."""

    def __init__(self, channel: Channel, exam: Message):
        self.channel, self.exam = channel, exam
        self.recorder = CellRecorder()
        self.names = self.recorder.shell.user_ns
        self.timeouts: Counter[str] = Counter()
        self.set_up: set[str] = set(self.names)
        """Names that the course's own cells define: what the student calls so is not looked at."""
        self.left_by_tests: set[str] = set()

    def judge(self) -> None:
        """Run all cells."""
        for index, is_test, source in self.exam["cells"]:
            before = dict(self.names)
            if is_test:
                outputs = self._test(index, source)
                self.channel.send({"cell": index, "outputs": json.dumps(outputs)})
            else:
                self._run(source)
            bound = {n for n, value in self.names.items() if before.get(n, MISSING) is not value}
            (self.left_by_tests if is_test else self.set_up).update(bound)

    def _run(self, source: str) -> list[Output]:
        # calls keep to the limit themselves; this ends a test that goes on without them
        return self.recorder.run(source, self.exam["seconds"] + 2 * GRACE, self.exam["limit"])

    def _test(self, index: int, source: str) -> list[Output]:
        bound: dict[str, Any] = {}
        try:
            with self._remote(index) as (remote, names):
                bound = self._bind(source, remote, names)
                self.names.update(bound)
                return [_without_lines(output, source) for output in self._run(source)]
        except (Ended, Exception) as problem:
            return [_as_output(problem)]
        finally:
            for name, value in bound.items():
                if self.names.get(name, MISSING) is value:
                    del self.names[name]

    @contextlib.contextmanager
    def _remote(self, index: int) -> Iterator[tuple[Remote, Message]]:
        """The other side of a test, and its names; another one if a test before has ended it."""
        remote = self._asked_for(index)
        try:
            try:
                names = remote.ask("names")
            except Stopped:
                remote.channel.close()
                remote = self._asked_for(index)
                names = remote.ask("names")
            yield remote, names
        finally:
            remote.channel.close()

    def _asked_for(self, index: int) -> Remote:
        self.channel.send({"op": "begin", "cell": index})
        self.channel.receive(take_fd=True)
        door = Channel(socket.socket(fileno=self.channel.fds.pop()))
        return Remote(door, self.exam["seconds"], self.timeouts, lambda: self._why(index))

    def _bind(self, source: str, remote: Remote, theirs: Message) -> dict[str, Any]:
        """The student's values of the names that a test uses and the course does not define."""
        used = set(NAME.findall(source))
        fresh = used.intersection(_texts(theirs.get("fresh")))
        wanted = (
            used.intersection(_texts(theirs.get("names"))) - self.set_up - vars(builtins).keys()
        )
        # a test before this one may have used the name; the student's cells have since
        self.left_by_tests -= fresh
        bound = {}
        for name in sorted(wanted - self.left_by_tests):
            if not name.startswith("__"):
                bound[name] = remote.ask("get", name=name)["value"]
                if isinstance(bound[name], StudentFunction):
                    bound[name].__name__ = name
        return bound

    def _why(self, index: int) -> str:
        """Why the other side of a test has ended, as the grader knows it."""
        self.channel.send({"op": "why", "cell": index})
        return self.channel.receive()["reason"]


def _without_lines(output: Output, source: str) -> Output:
    """An output that does not quote the hidden part of a test, as a traceback does."""
    if output["output_type"] != "error":
        return output
    shown = COLOUR.sub("", "\n".join(output["traceback"]))
    hidden = "\n".join(match[0] for match in HIDDEN.finditer(source)).splitlines()
    if any(line.strip() and line.strip() in shown for line in hidden):
        return {**output, "traceback": [f"{output['ename']}: {output['evalue']}"]}
    return output


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise WireError("a message has no names where they belong")
    return [value for value in values if isinstance(value, str)]


def _as_output(problem: BaseException) -> Output:
    name, value = type(problem).__name__, str(problem)
    return {
        "output_type": "error",
        "ename": name,
        "evalue": value,
        "traceback": [f"{name}: {value}"],
    }
