"""The class report: one page on how a class did, what it misunderstood and who needs a human.

Everything on the page is read from nbgrader's gradebook, the graded notebooks and the quarantine
folder. Nothing depends on when or where it is made: the same course gives the same bytes.
"""

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.grading.course import Course, Task
from bpkit.grading.equations import EQUATIONS
from bpkit.grading.execution import UNJAILED
from bpkit.grading.files import write_atomically
from bpkit.grading.mathml import mathml
from bpkit.grading.pages import templates
from bpkit.grading.results import (
    Case,
    ClassReport,
    FailedCheck,
    Student,
    read_class,
    title,
    without_names,
)

CODE = re.compile(r"M\d+")

TAG = re.compile(r"\b[A-Z]{1,2}-\d+\b|sigma'")
"""An equation as the course numbers it; the slope of the sigmoid goes by its letter."""

MOST_FORMULAS = 2
"""That one slip is shown with."""

FIRST = 3
"""Slips that are shown at length, if several students share them."""

KINDS = {
    "not implemented": "left blank",
    "NotImplementedError": "left blank",
    "TimeLimit": "does not end in time",
    "wrong value": "wrong value",
    "wrong shape": "wrong shape",
    "not finite": "infinite or not a number",
    "not an array": "no array of numbers",
    "not a function": "not a function",
    "returns None": "returns None",
    "changes its input": "changes its input",
}
"""How a failure is told that names no misconception; any other stops with an error."""

LETTERS = {
    "sigma'": "σ′",
    "sigma": "σ",
    "delta": "δ",
    "lambda": "λ",
    "theta": "θ",
}
"""What plain text writes for a letter of the mathematics."""


@dataclass(frozen=True)
class Tally:
    """How a class did in one exercise."""

    exercise: Task
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

    @property
    def formulas(self) -> tuple[Markup, ...]:
        """The first of the equations that it was made in, typeset."""
        tags = [tag for tag in TAG.findall(self.equation) if tag in EQUATIONS]
        return tuple(Markup(mathml(EQUATIONS[tag], "inline")) for tag in tags[:MOST_FORMULAS])


@dataclass(frozen=True)
class OtherFailure:
    """A way to fail that names no misconception."""

    told: str
    """What went wrong, in words."""
    students: int
    exercises: str


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
    write_atomically(path, page.encode())
    return path


def tallies(report: ClassReport) -> list[Tally]:
    """For each exercise: how many have full marks, some, none, or wait for a person."""
    rows = []
    for i, exercise in enumerate(report.exercises):
        marks = [student.marks[i] for student in report.graded]
        scores = [mark.score for mark in marks if mark.score is not None and not mark.waits]
        full = sum(score >= exercise.points for score in scores)
        none = sum(score <= 0 for score in scores if score < exercise.points)
        rows.append(
            Tally(
                exercise,
                full=full,
                partial=len(scores) - full - none,
                none=none,
                waits=sum(mark.waits for mark in marks),
                mean=statistics.fmean(scores) if scores else None,
            )
        )
    return rows


def slips(report: ClassReport) -> list[Slip]:
    """The misconceptions found, the commonest first; each student counts once for each."""
    rows = []
    for code, found in _by_kind(report).items():
        if not CODE.fullmatch(code):
            continue
        known = MISCONCEPTIONS.get(code)
        equations = sorted({check.equation for _, check in found if check.equation})
        rows.append(
            Slip(
                code,
                equation=", ".join(equations) or (known.equation if known else ""),
                title=known.title if known else found[0][1].text,
                students=len({student.id for student, _ in found}),
                reteach=known.reteach if known else "",
            )
        )
    return sorted(rows, key=lambda slip: (-slip.students, slip.code))


def teach_first(slips: Sequence[Slip]) -> Sequence[Slip]:
    """The slips to show at length: the commonest, of those that several students share."""
    return [slip for slip in slips[:FIRST] if slip.students > 1] or slips[:1]


def other_failures(report: ClassReport) -> list[OtherFailure]:
    """The failures that name no misconception, the commonest first."""
    told: dict[str, list[tuple[Student, FailedCheck]]] = {}
    for kind, found in _by_kind(report).items():
        if not CODE.fullmatch(kind):
            told.setdefault(KINDS.get(kind, "stops with an error"), []).extend(found)
    rows = []
    for words, found in told.items():
        cells = {check.exercise for _, check in found}
        titles = [title(exercise) for exercise in report.exercises if exercise in cells]
        rows.append(OtherFailure(words, len({who.id for who, _ in found}), ", ".join(titles)))
    return sorted(rows, key=lambda failure: (-failure.students, failure.told))


def needs_a_human(report: ClassReport) -> dict[str, list[Case]]:
    """What the program could not settle alone, by kind; kinds without a case are left out."""
    students = report.students
    absent = [s for s in students if not s.handed_in and not s.set_aside]
    unjailed = sum(UNJAILED in s.events for s in students)
    found = {
        "Set aside": [Case(s.name, reason) for s in students for reason in s.set_aside],
        "Trouble while grading": [
            *([Case("Whole class", f"{UNJAILED} ({unjailed} students)")] if unjailed else []),
            *(Case(s.name, event) for s in students for event in s.events if event != UNJAILED),
        ],
        "Handed in, not graded": [
            Case(s.name, "no marks in the gradebook yet")
            for s in students
            if s.handed_in and not s.graded and not s.set_aside
        ],
        "Handed in late": [Case(s.name, _lateness(s)) for s in students if s.late],
        "Answers alike": list(report.alike),
        "Nothing handed in": [Case(s.name, "no submission found") for s in absent],
        "To mark by hand": [
            Case(title(tally.exercise), f"{tally.waits} of {len(report.graded)} answers")
            for tally in tallies(report)
            if tally.waits
        ],
    }
    return {kind: cases for kind, cases in found.items() if cases}


def lead(report: ClassReport) -> Markup:
    """What to read if one reads nothing else: what was hardest, what went wrong most.

    An exercise that waits for marks by hand is not judged by the few that are given.
    """
    shares = [
        (tally.mean / tally.exercise.points, tally)
        for tally in tallies(report)
        if tally.mean is not None and tally.exercise.points and not tally.waits
    ]
    share, hardest = min(shares, key=lambda pair: pair[0], default=(1.0, None))
    if hardest is None or share >= 1:
        return Markup("Everyone has full marks so far.")
    mean, points = _number(share * hardest.exercise.points), _number(hardest.exercise.points)
    told = Markup("Hardest was {}: {} of {} on average.").format(
        title(hardest.exercise), mean, points
    )
    for slip in slips(report)[:1]:
        told += Markup(" The commonest slip, with {}: {} ({}).").format(
            f"{slip.students} student" + ("s" if slip.students > 1 else ""),
            mathematics(slip.title),
            slip.code,
        )
    return told


def histogram(report: ClassReport) -> Histogram:
    """Marks in steps of 1, 2, 5, 10, ...: the finest that needs at most 21 bars."""
    totals = [student.total for student in report.graded]
    highest = max(report.points, *totals)
    steps = (digit * 10**power for power in range(9) for digit in (1, 2, 5))
    step = next(step for step in steps if highest // step <= 20)
    counts = [0] * (math.floor(highest / step) + 1)
    for total in totals:
        counts[math.floor(total / step)] += 1
    width = 100 / len(counts)
    bars = tuple(
        Bar(str(i * step), count, x=i * width, height=100 * count / max(counts))
        for i, count in enumerate(counts)
    )
    single = step == 1 and all(float(total).is_integer() for total in totals)
    middle = 0.5 if single else 0.0  # where every bar stands for a single mark, under its middle
    return Histogram(bars, width, step, median=(report.median / step + middle) * width)


def render(report: ClassReport) -> str:
    """The page. Everything that goes into it is escaped; it holds no script and loads nothing."""
    environment = templates()
    found = slips(report)
    environment.filters["median"] = statistics.median
    environment.filters["title"] = title
    environment.filters["marks"] = _number
    environment.filters["mathematics"] = mathematics
    environment.filters["percent"] = lambda x: f"{_number(x)}%"
    return environment.get_template("report.html.j2").render(
        report=report,
        tallies=tallies(report),
        slips=found,
        first=teach_first(found),
        others=other_failures(report),
        attention=needs_a_human(report),
        histogram=histogram(report) if report.graded else None,
        lead=lead(report) if report.graded else None,
    )


def _by_kind(report: ClassReport) -> dict[str, list[tuple[Student, FailedCheck]]]:
    """The failed checks of each kind, with who failed them."""
    found: dict[str, list[tuple[Student, FailedCheck]]] = {}
    for student in report.students:
        for check in student.failed:
            found.setdefault(check.kind, []).append((student, check))
    return found


def _lateness(student: Student) -> str:
    """How late it was, and what that cost."""
    hours = round(student.late / 3600)
    if student.late < 60:
        told = "just late"
    elif student.late < 3600:
        told = f"{_counted(round(student.late / 60), 'minute')} late"
    else:
        parts = [_counted(n, unit) for n, unit in ((hours // 24, "day"), (hours % 24, "hour")) if n]
        told = f"{' '.join(parts)} late"
    return told + (f", {_number(student.penalty)} taken off" if student.penalty else "")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def mathematics(text: str) -> Markup:
    """Plain-text mathematics as HTML, escaped: delta^{l+1} with its Greek letter, raised index.

    >>> print(mathematics("sigma'(z^L) is left out"))
    σ′(z<sup>L</sup>) is left out
    """
    for plain, letter in LETTERS.items():
        text = re.sub(rf"(?<![A-Za-z]){plain}(?![A-Za-z])", letter, text)
    text = text.replace("<-", "←").replace("->", "→").replace(" - ", "\u00a0−\u00a0")
    html = str(escape(text))
    html = re.sub(r"\^(?:\{([^{}]*)\}|(-?\w+))", _raised, html)
    return Markup(re.sub(r"(?<=[^\W_])_(\w+)", r"<sub>\1</sub>", html))


def _raised(index: re.Match[str]) -> str:
    return f"<sup>{(index[1] or index[2]).replace('-', '−')}</sup>"


def _number(score: float) -> str:
    """2 for 2.0, 1.5 for 1.5, 0.33 for a third."""
    return f"{score:.2f}".rstrip("0").rstrip(".")
