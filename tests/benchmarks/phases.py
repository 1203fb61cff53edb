"""Where the time of one submission goes: python -m tests.benchmarks.phases [SUBMISSIONS]

Grades a made-up class in this process, one after the other, and prints for each phase how long it
took, and for each process how much of a processor it used: means, in milliseconds.
"""

import statistics
import struct
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import chdir
from pathlib import Path
from typing import Any

from bpkit.grading import staff
from bpkit.grading.assemble import Assembler
from bpkit.grading.bench import Bench
from bpkit.grading.course import Course
from bpkit.grading.execution import Settings, _Process, _Submission
from bpkit.grading.processes import descendants
from bpkit.grading.save import OpenGradebook, Saver
from bpkit.grading.seed import secret_seed
from bpkit.grading.template import Template
from bpkit.grading.work import execute
from tests.benchmarks.classes import ASSIGNMENT, honest_class

WARM_UP = 2
"""Submissions that are not counted: the first one starts what serves all."""

spent: defaultdict[str, float] = defaultdict(float)
"""Seconds of the submission that is graded just now."""


def timed(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which adds what it takes to a phase."""

    def measured(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[label] += time.perf_counter() - start

    return measured


def processor_time(pids: Iterable[int]) -> float:
    """Seconds for which the first threads of processes have run so far."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def look_on() -> None:
    """Have the parts of the grader tell what they take."""
    Template.spawn = timed("  fork a jail", Template.spawn)  # type: ignore[method-assign]
    _Process.run_cell = timed("  student's cells", _Process.run_cell)  # type: ignore[method-assign]
    _Process.make_snapshot = timed(  # type: ignore[method-assign]
        "  snapshots", _Process.make_snapshot
    )
    _Submission.record = timed("record", _Submission.record)  # type: ignore[method-assign]
    _Submission.exam = timed("exam", _Submission.exam)  # type: ignore[method-assign]
    _Submission._hear = timed("  tests", _Submission._hear)  # type: ignore[method-assign]
    close, ask = timed("end of all processes", _Submission.close), Bench._ask

    def counted_close(submission: _Submission) -> None:
        if submission.process:
            student, *snapshots = descendants(submission.process.student.pid)
            spent["cpu: student's cells"] += processor_time([student])
            spent["cpu: snapshots, one for each test"] += processor_time(snapshots)
        close(submission)

    def counted_ask(bench: Bench, message: bytes, fds: list[int]) -> bytes:
        if not fds:
            spent["cpu: judge"] += processor_time(struct.unpack(">I", message))
        return ask(bench, message, fds)

    _Submission.close = counted_close  # type: ignore[method-assign]
    Bench._ask = counted_ask  # type: ignore[method-assign]


def servers() -> float:
    """Processor time of the processes that forks are made of."""
    templates = [t._zygote.process.pid for t in staff._templates.values()]
    # bubblewrap's own process, and the zygote in it
    pids = [pid for first in templates for pid in descendants(first)]
    return processor_time([*pids, *(bench.process.pid for bench in staff._benches.values())])


def measure(course: Course, place: Path) -> list[dict[str, float]]:
    """What each submission took, by phase and process."""
    look_on()
    gradebook = course.open(OpenGradebook)
    assembler, saver = Assembler(course, ASSIGNMENT), Saver(course, ASSIGNMENT, gradebook, place)
    settings = Settings(seed=secret_seed(course.root))
    rows = []
    for student in course.students("submitted", ASSIGNMENT):
        spent.clear()
        before, here = servers(), time.process_time()
        start = time.perf_counter()
        work = timed("assemble", assembler.assemble)(student)
        executed = timed("execute", execute)(work.notebooks, work.files, settings)
        timed("save", saver.save)(work, executed)
        spent["ALL"] = time.perf_counter() - start
        spent["cpu: this process (reads, asks, saves)"] = time.process_time() - here
        spent["cpu: forking"] = servers() - before
        spent["cpu: ALL"] = sum(value for key, value in spent.items() if key.startswith("cpu: "))
        rows.append(dict(spent))
    gradebook.end()
    staff.dismiss()
    return rows[WARM_UP:]


ORDER = (
    "assemble",
    "execute",
    "record",
    "  fork a jail",
    "  student's cells",
    "  snapshots",
    "exam",
    "  tests",
    "end of all processes",
    "save",
    "ALL",
    "cpu: student's cells",
    "cpu: snapshots, one for each test",
    "cpu: judge",
    "cpu: forking",
    "cpu: this process (reads, asks, saves)",
    "cpu: ALL",
)


def main() -> None:
    submissions = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory(prefix="bpkit-phases-") as folder:
        course = honest_class(Path(folder) / "course", submissions + WARM_UP)
        place = Path(folder) / "place"
        place.mkdir()
        with chdir(course.root):
            rows = measure(course, place)
    print(f"{'':40}  mean  median  (ms, {len(rows)} submissions of {ASSIGNMENT})")
    for label in ORDER:
        values = [1000 * row.get(label, 0) for row in rows]
        print(f"{label:40} {statistics.mean(values):5.0f}  {statistics.median(values):6.0f}")


if __name__ == "__main__":
    main()
