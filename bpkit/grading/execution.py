"""Executes a notebook in the jail: bytes of a notebook in, bytes of the notebook with outputs out.

The result depends on nothing but the arguments, and nothing is changed elsewhere: no database, no
file, no course. The student's cells run in a jail, the course's tests do not: they run in a judge,
which asks the jail for what the student's functions give.
"""

import json
import re
import signal
import socket
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bpkit.grading.bench import Bench
from bpkit.grading.jail import Limits, Stopped
from bpkit.grading.outputs import OUTPUT_LIMIT, Output, checked, error
from bpkit.grading.staff import on_duty
from bpkit.grading.standins import GRACE
from bpkit.grading.template import Student, Template
from bpkit.grading.view import hidden_by
from bpkit.grading.wire import LARGE_HEAD_LIMIT, Channel, Closed, Message, WireError

RESTARTS = 3
"""How many cells of one notebook may break their process before the rest is not run."""
RECORD_LIMIT = 64 << 20
"""Characters that the outputs of all cells may have, as JSON."""
USED_UP = "cells before it used up the time or broke too often"
UNJAILED = "student code ran without a jail"
"""The event of such a run."""
PROCESSES = 32
"""How many a submission may have, beside those that wait for its tests."""


@dataclass(frozen=True)
class Settings:
    """How notebooks are executed."""

    cell_seconds: float = 10
    total_seconds: float = 60
    """For the student's cells together, and again for the tests together."""
    memory: int = 1 << 30
    """Bytes."""
    seed: str | None = None
    """What the checks draw their instances from, as BPKIT_SEED; None lets them choose."""
    unsafe_no_jail: bool = False
    """Run student code with the grader's own rights: it can then read and change anything."""


def execute_notebook(
    notebook: bytes, settings: Settings, files: Mapping[str, bytes] | None = None
) -> bytes:
    """Run the code cells of a notebook, then its tests, and keep their outputs.

    The student's cells run first, from the first to the last, in a jail that never sees a test.
    Each test is then run by a judge, outside of the jail, and calls into the state that the cells
    before it had left. A cell that runs for too long, or breaks its process, gets an error as its
    output and the cells after it run all the same. What was out of the ordinary is told in the
    notebook's metadata, as ``{"bpkit": {"seconds": 0.4, "events": ["cell test-sigmoid: ..."]}}``.

    Parameters
    ----------
    notebook : JSON of nbformat 4. Cells that are locked and have a grade_id must be the course's:
        they run outside of the jail.
    files : what lies beside the notebook when it runs, by its relative path.

    Raises
    ------
    JailUnavailable : if this machine has no jail; nothing of the notebook has run then.
    """
    document = json.loads(notebook)
    start = time.monotonic()
    metadata = document.setdefault("metadata", {})
    cells = {
        index: _Cell(_role(cell), _joined(cell["source"]), _name(cell, index))
        for index, cell in enumerate(document["cells"])
        if cell["cell_type"] == "code"
    }
    submission = _Submission(
        {index: cell for index, cell in cells.items() if cell.source.strip()}, settings, files or {}
    )
    with on_duty(hidden_by(metadata), settings.unsafe_no_jail) as (template, bench):
        try:
            submission.record(template)
            submission.exam(template, bench)
        finally:
            submission.close()
    count = 0
    for index, known in cells.items():
        cell = document["cells"][index]
        outputs = submission.outputs.get(index, [])
        if known.role == "test":
            # nbgrader takes anything on stderr for a failed test, a warning too
            outputs = [output for output in outputs if output.get("name") != "stderr"]
        ran = index in submission.cells
        count += ran
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cell["outputs"] = outputs
        cell["execution_count"] = count if ran else None
    about = metadata.get("bpkit")
    metadata["bpkit"] = {
        **(about if isinstance(about, dict) else {}),
        "seconds": round(time.monotonic() - start, 3),
        "events": submission.events,
    }
    return json.dumps(document).encode()


@dataclass(frozen=True)
class _Cell:
    role: str
    """"test" and "setup" are the course's; "student" is everything else."""
    source: str
    name: str


class _Broken(Exception):
    """The student's process is of no more use; the message says why."""


class _Process:
    """The process that runs the student's cells, with a snapshot of it for each test so far."""

    def __init__(self, student: Student, settings: Settings):
        self.student, self.settings = student, settings
        self.channel = Channel(student.socket)
        self.snapshots: dict[int, socket.socket] = {}
        """By the test's cell, the grader's ends of the sockets at which they wait."""
        self.numbers: dict[int, int] = {}
        self.exceeded: Stopped | None = None

    def run_cell(self, source: str, seconds: float) -> list[Output]:
        """The outputs of a cell."""
        limits = {"seconds": seconds, "limit": OUTPUT_LIMIT}
        reply = self._ask({"op": "run", "source": source, **limits}, seconds)
        try:
            outputs = json.loads(reply["outputs"])
        except (KeyError, TypeError, ValueError, RecursionError):
            outputs = None
        return checked(outputs)

    def make_snapshot(self, index: int) -> None:
        """Have the state of now kept for a test."""
        ours, theirs = socket.socketpair()
        self.snapshots[index], self.numbers[index] = ours, len(self.numbers)
        with theirs:
            reply = self._ask({"op": "snapshot"}, 0, theirs.fileno())
        if type(refused := reply.get("refused")) is str:
            raise _Broken(refused[:200])

    def why(self, index: int) -> str:
        """Why the snapshot for a test has ended, in words for the student and the grader."""
        if self.exceeded or self.student.ended() is not None:
            return self._why()
        if index not in self.numbers:
            return "it does not answer any more"
        try:
            reply = self._ask({"op": "ended", "snapshot": self.numbers[index]}, 0)
        except _Broken as broken:
            return str(broken)
        status = reply.get("status")
        return _in_words(status) if type(status) is int else "it does not answer any more"

    def watch(self) -> None:
        """End it if it uses more than it may."""
        if not self.exceeded and (exceeded := self.student.watch()):
            self.exceeded = exceeded
            self.student.kill()

    def close(self) -> None:
        """End it, with its snapshots."""
        for door in self.snapshots.values():
            door.close()
        self.student.close()

    def _ask(self, request: Message, seconds: float, fd: int | None = None) -> Message:
        """Its answer to a request that may take it so long.

        Raises
        ------
        _Broken : if there is none.
        """
        until = time.monotonic() + seconds + GRACE
        try:
            self.channel.send(request, until=until, fd=fd)
            return self.channel.receive(
                until=until, head_limit=LARGE_HEAD_LIMIT, meanwhile=self.watch
            )
        except TimeoutError:
            seconds = self.settings.cell_seconds
            raise _Broken(f"it ran for more than {seconds:g} s and did not stop") from None
        except Closed:
            raise _Broken(self._why()) from None
        except WireError as problem:
            raise _Broken(f"it sent what cannot be read: {problem}") from None

    def _why(self) -> str:
        if self.exceeded:
            return {
                "time": f"the notebook took more than {self.settings.total_seconds:g} s",
                "memory": f"it used more than {self.settings.memory >> 20} MB of memory",
            }.get(self.exceeded, "it used more than a submission may")
        status = self.student.ended(GRACE)
        return "it does not answer any more" if status is None else _in_words(status)


def _in_words(status: int) -> str:
    """An exit status of the kind of 128 + n for signal n."""
    if status > 128:
        with_signal = status - 128
        return f"it crashed Python (signal {with_signal}, {signal.strsignal(with_signal)})"
    return f"it ended Python itself (exit status {status})"


@dataclass
class _Submission:
    """One notebook on its way: what is to be run of it, and what is known so far."""

    cells: dict[int, _Cell]
    settings: Settings
    files: Mapping[str, bytes]
    outputs: dict[int, list[Output]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    process: _Process | None = None
    skipped: set[int] = field(default_factory=set)
    """Cells that broke a process, and what is not run for them."""
    revived: int = 0
    left: int = RECORD_LIMIT

    def record(self, template: Template) -> None:
        """Run the student's cells and the set-up, and keep a snapshot for each test.

        When a cell breaks the process, a new one runs the earlier cells again, for what they
        define, and goes on without that cell. After too many the rest is not run.
        """
        if self.settings.unsafe_no_jail:
            self.events.append(UNJAILED)
        end = time.monotonic() + self.settings.total_seconds
        for attempt in range(RESTARTS + 2):
            if attempt > RESTARTS:
                last = max(self.skipped)
                rest = {i for i, cell in self.cells.items() if i > last and cell.role != "test"}
                self.skipped |= rest
            broken = self._run_cells(template, end)
            if broken is None:
                break
            self.skipped.add(broken)
        self._not_run(USED_UP, tests=False)

    def _run_cells(self, template: Template, end: float) -> int | None:
        """Run cells in a new process; the one that broke it, if one did."""
        self.close()
        settings = self.settings
        limits = Limits(
            # the times of cells and tests are kept here; this ends what is left behind
            wall=3 * settings.total_seconds,
            cpu=int(2 * settings.total_seconds) + 1,
            memory=settings.memory,
            processes=PROCESSES + sum(cell.role == "test" for cell in self.cells.values()),
        )
        self.process = process = _Process(template.spawn(limits, self.files), settings)
        for index, cell in self.cells.items():
            if index in self.skipped:
                continue
            left = end - time.monotonic()
            try:
                if cell.role == "test":
                    if index not in self.outputs:
                        process.make_snapshot(index)
                elif left > 0:
                    self._keep(
                        index, process.run_cell(cell.source, min(settings.cell_seconds, left))
                    )
            except _Broken as broken:
                timed_out = [i for i in self.cells if i < index and self._ran_out_of_time(i)]
                if process.exceeded and timed_out:
                    # what it started may go on, and is not the fault of the cells after it
                    self.events.append(f"cell {self.cells[timed_out[-1]].name}: {broken}")
                    return timed_out[-1]
                if index not in self.outputs:
                    self._stopped(index, str(broken))
                return index
        return None

    def _ran_out_of_time(self, index: int) -> bool:
        """Whether a cell that is not skipped was stopped at its time limit."""
        outputs = self.outputs.get(index, [])
        return index not in self.skipped and any(o.get("ename") == "TimeLimit" for o in outputs)

    def _keep(self, index: int, outputs: list[Output]) -> None:
        """Put the outputs of a cell on record, unless an earlier process has run it too."""
        if index in self.outputs:
            return
        self.left -= len(json.dumps(outputs))
        if self.left < 0:
            raise _Broken("it sent more output than a submission may")
        self.outputs[index] = outputs
        if self._ran_out_of_time(index):
            self.events.append(f"cell {self.cells[index].name}: it was stopped at its time limit")

    def exam(self, template: Template, bench: Bench) -> None:
        """Let a judge run the tests, each against its snapshot."""
        assert self.process
        tests = {index for index in self.process.snapshots if index not in self.outputs}
        exam = {
            "cells": [
                [index, cell.role == "test", cell.source]
                for index, cell in self.cells.items()
                if cell.role == "setup" or index in tests
            ],
            "seconds": self.settings.cell_seconds,
            "limit": OUTPUT_LIMIT,
            "seed": self.settings.seed,
            "files": dict(self.files),
        }
        reason = USED_UP
        if tests:
            with (
                tempfile.TemporaryDirectory(prefix="bpkit-judge-") as folder,
                bench.judge() as judge,
            ):
                exam["folder"] = folder
                reason = self._hear(judge, exam, tests, template) or reason
        self._not_run(reason, tests=True)

    def _hear(
        self, judge: Channel, exam: Message, tests: set[int], template: Template
    ) -> str | None:
        """Do what the judge asks for, and keep what it says; why it ended before its work did."""
        end = time.monotonic() + self.settings.total_seconds
        try:
            judge.send(exam, until=end)
            while tests - self.outputs.keys():
                assert self.process
                message = judge.receive(
                    until=end, head_limit=LARGE_HEAD_LIMIT, meanwhile=self.process.watch
                )
                index = message["cell"]
                if "outputs" in message:
                    self._judged(index, checked(json.loads(message["outputs"])))
                elif message["op"] == "begin":
                    with self._door(index, template, end) as door:
                        judge.send({}, until=end, fd=door.fileno())
                else:
                    judge.send({"reason": self.process.why(index)}, until=end)
        except TimeoutError:
            return f"the tests took more than {self.settings.total_seconds:g} s"
        except WireError as problem:
            return f"the judge cannot go on: {problem}"
        return None

    def _door(self, index: int, template: Template, end: float) -> socket.socket:
        """The socket at which a test's snapshot waits.

        If a judge asks again, the first snapshot was dead before the test: a call in a test before
        it may have killed all that there are. The cells are run again then.
        """
        assert self.process
        if index not in self.process.snapshots and self.revived < RESTARTS:
            self.revived += 1
            self._run_cells(template, end)
        waiting = self.process.snapshots
        return waiting.pop(index) if index in waiting else socket.socketpair()[0]

    def _judged(self, index: int, outputs: list[Output]) -> None:
        for output in outputs:
            # a judge ends a test by these alone
            if output.get("ename") == "TimeLimit":
                self.events.append(
                    f"cell {self.cells[index].name}: it was stopped at its time limit"
                )
            elif output.get("ename") == "Stopped":
                self.events.append(
                    f"cell {self.cells[index].name}: {output['evalue'].partition(': ')[2]}"
                )
        self.outputs[index] = outputs

    def _stopped(self, index: int, reason: str) -> None:
        self.outputs[index] = [error("Stopped", f"the cell was stopped: {reason}")]
        self.events.append(f"cell {self.cells[index].name}: {reason}")

    def _not_run(self, reason: str, tests: bool) -> None:
        """Say so of all cells that have no outputs by now."""
        missing = [
            index
            for index, cell in self.cells.items()
            if index not in self.outputs and (cell.role == "test") == tests
        ]
        for index in missing:
            self.outputs[index] = [error("NotRun", f"the cell was not run: {reason}")]
        if missing:
            names = ", ".join(self.cells[index].name for index in missing)
            self.events.append(f"not run: {names} ({reason})")

    def close(self) -> None:
        """End the student's processes, if any are left."""
        if self.process:
            self.process.close()


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _role(cell: dict) -> str:
    """Whose a cell is. Only what has a grade_id and is locked is taken for the course's."""
    marks = cell["metadata"].get("nbgrader")
    if not isinstance(marks, dict) or not marks.get("grade_id") or marks.get("locked") is not True:
        return "student"
    return "test" if marks.get("grade") else "setup"


def _name(cell: dict, index: int) -> str:
    """What to call a cell in a message: its grade_id, or its place in the notebook."""
    grade_id = str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
    return re.sub(r"[^\w.-]", "_", grade_id)[:60] or f"number {index + 1}"
