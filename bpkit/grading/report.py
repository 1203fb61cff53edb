"""The class report: one page on how a class did, what it misunderstood and who needs a human.

Everything on the page is read from nbgrader's gradebook, the graded notebooks and the quarantine
folder. Nothing depends on when or where it is made: the same course gives the same bytes.
"""

import json
import math
import os
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbgrader.api import (
    BaseCell,
    Gradebook,
    Grade,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.grading.course import Course, UsageError

LONGEST_TEXT = 300
"""Characters of a name, an event or a reason that the page shows: all of them are untrusted."""

FIRST_LINE = re.compile(r"(?P<equation>[^\[\]]{0,40}?)\s*\[(?P<kind>[^\[\]]{1,40})\]\s*(?P<text>.*)")
"""The first line of a failed check: ``BP-1 [M01] sigma'(z^L) is left out``."""

CODE = re.compile(r"M\d+")


@dataclass(frozen=True)
class Exercise:
    """A cell that earns marks."""

    notebook: str
    cell: str
    points: float

    @property
    def title(self) -> str:
        """The cell's name as people say it: "hidden delta" for "test-hidden-delta"."""
        return self.cell.removeprefix("test-").replace("-", " ").replace("_", " ")


@dataclass(frozen=True)
class Mark:
    """What one student has for one exercise."""

    score: float | None
    """None while nobody, person or program, has given one."""
    waits: bool
    """Whether a person has still to give or confirm it."""


@dataclass(frozen=True)
class FailedCheck:
    """One error in a test cell, as its first line tells it."""

    exercise: Exercise
    equation: str
    kind: str
    """A misconception's code, "wrong value" and the like, or the name of another error."""
    text: str


@dataclass(frozen=True)
class Student:
    """One student's row: who, what they handed in, what came of it."""

    name: str
    id: str
    handed_in: bool
    graded: bool
    marks: tuple[Mark, ...] = ()
    """One for each exercise, or none where nothing is graded."""
    penalty: float = 0.0
    failed: tuple[FailedCheck, ...] = ()
    events: tuple[str, ...] = ()
    set_aside: str | None = None
    """Why a file of theirs is in quarantine."""
    seconds: float | None = None

    @property
    def total(self) -> float:
        """The marks given so far, less the penalty for lateness; never below 0, as in nbgrader."""
        return max(0.0, sum(mark.score or 0.0 for mark in self.marks) - self.penalty)


@dataclass(frozen=True)
class Tally:
    """How a class did in one exercise."""

    exercise: Exercise
    full: int
    partial: int
    none: int
    waits: int
    mean: float | None
    """Of the marks given; None where all of them wait for a person."""


@dataclass(frozen=True)
class Slip:
    """One misconception and how many students have it."""

    code: str
    equation: str
    title: str
    students: int
    reteach: str


@dataclass(frozen=True)
class OtherFailure:
    """A way to fail that names no misconception."""

    kind: str
    students: int
    exercises: str


@dataclass(frozen=True)
class Attention:
    """One line for a human: whom it concerns, what happened."""

    student: str
    what: str


@dataclass(frozen=True)
class Bar:
    """One bar of the histogram, in per cent of its width and height."""

    label: str
    count: int
    x: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """How many students have how many marks."""

    bars: tuple[Bar, ...]
    width: float
    """Of a bar and the gap beside it, in per cent."""
    step: int
    median: float
    """Where the median lies, in per cent of the width."""


@dataclass(frozen=True)
class ClassReport:
    """All that the page shows."""

    course: str
    assignment: str
    newest: datetime | None
    """When the latest submission was handed in, UTC. (The gradebook dates no grade.)"""
    exercises: tuple[Exercise, ...]
    students: tuple[Student, ...]

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def graded(self) -> tuple[Student, ...]:
        return tuple(student for student in self.students if student.graded)

    @property
    def handed_in(self) -> int:
        return sum(student.handed_in for student in self.students)

    @property
    def median(self) -> float:
        return statistics.median(student.total for student in self.graded)

    @property
    def mean(self) -> float:
        return statistics.fmean(student.total for student in self.graded)

    @property
    def waiting(self) -> int:
        """Marks that a person has still to give."""
        return sum(mark.waits for student in self.graded for mark in student.marks)


def write_report(course: Course, assignment: str, path: Path, *, anonymous: bool = False) -> Path:
    """Write the class report of an assignment as one self-contained HTML page.

    Parameters
    ----------
    path : the page. Folders above it are made; an older page is replaced in one step.
    anonymous : call the students "Student 1", "Student 2", ... in the order of their marks, and
        leave out what their files and messages say.

    Returns
    -------
    path.

    Raises
    ------
    UsageError : if the gradebook does not know the assignment.
    OSError : if the page cannot be written.
    """
    report = read_class(course, assignment)
    page = render(without_names(report) if anonymous else report)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(page, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path

