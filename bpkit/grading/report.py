"""The class report: one page on how a class did, what it misunderstood and who needs a human.

Everything on the page is read from nbgrader's gradebook, the graded notebooks and the quarantine
folder. Nothing depends on when or where it is made: the same course gives the same bytes.
"""

import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.grading.alike import Alike, alike, answer_forms
from bpkit.grading.course import Course, Task, UsageError
from bpkit.grading.equations import EQUATIONS
from bpkit.grading.execution import UNJAILED
from bpkit.grading.files import write_atomically
from bpkit.grading.mathml import mathml
from bpkit.grading.quarantine import quarantined

LONGEST_TEXT = 300
"""Characters of a name, an event or a reason that the page shows: all of them are untrusted."""

FIRST_LINE = re.compile(
    r"(?P<equation>[^\[\]]{0,40}?)\s*\[(?P<kind>[^\[\]]{1,40})\]\s*(?P<text>.*)"
)
"""The first line of a failed check: ``BP-1 [M01] sigma'(z^L) is left out``."""

CODE = re.compile(r"M\d+")

TAG = re.compile(r"\b[A-Z]{1,2}-\d+\b|sigma'")
"""An equation as the course numbers it; the slope of the sigmoid goes by its letter."""

TAGS = re.compile(r"[A-Z]{1,2}-\d+((, | to )[A-Z]{1,2}-\d+)*|sigma'?")
"""Nothing but equations."""

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
class Mark:
    """What one student has for one exercise."""

    score: float | None
    """None while nobody, person or program, has given one."""
    waits: bool
    """Whether a person has still to give or confirm it."""


@dataclass(frozen=True)
class FailedCheck:
    """One error in a test cell, as its first line tells it."""

    exercise: Task
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
    set_aside: tuple[str, ...] = ()
    """The files of theirs in quarantine, each with the reason."""
    seconds: float | None = None
    late: float = 0.0
    """Seconds after the due date, extension included."""

    @property
    def total(self) -> float:
        """The marks given so far, less the penalty for lateness; never below 0, as in nbgrader."""
        return max(0.0, sum(mark.score or 0.0 for mark in self.marks) - self.penalty)


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
class Case:
    """Something for a human: whose, or of which exercise, and what."""

    who: str
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
    exercises: tuple[Task, ...]
    students: tuple[Student, ...]
    alike: tuple[Case, ...] = ()
    """Whose answers are more alike than chance explains."""

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
    def seconds(self) -> tuple[float, ...]:
        """How long the grading of each student took, as far as that is known."""
        return tuple(s.seconds for s in self.students if s.seconds is not None)

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
    write_atomically(path, page.encode())
    return path


def read_class(course: Course, assignment: str) -> ClassReport:
    """Gather what the gradebook, the graded notebooks and the quarantine know of an assignment.

    Raises
    ------
    UsageError : if the gradebook does not know the assignment.
    """
    course.check_assignment(assignment)
    exercises = course.tasks(assignment)
    with course.gradebook() as gradebook:
        try:
            entry = gradebook.find_assignment(assignment)
        except MissingEntry:
            raise UsageError(
                f"the gradebook does not know {assignment} yet: run bpkit release {assignment}"
            ) from None
        marks = _marks(gradebook, entry)
        penalties = {sub.student_id: sub.late_submission_penalty for sub in entry.submissions}
        late = {s.student_id: s.total_seconds_late for s in entry.submissions if s.timestamp}
        times = [sub.timestamp for sub in entry.submissions if sub.timestamp]
        people = {who.id: (who.last_name or "", who.first_name or "") for who in gradebook.students}
        course_id = gradebook.course_id

    submitted = course.students("submitted", assignment)
    answers: dict[str, dict[str, str]] = {}
    released = _released(course, assignment)
    set_aside: dict[str, list[str]] = {}
    for case in quarantined(course, assignment):
        set_aside.setdefault(case.student, []).append(_short(case.reason))
    nobody = "", ""
    students = []
    everyone = {*people, *submitted, *set_aside}
    for id in sorted(everyone, key=lambda id: (people.get(id, nobody), id)):
        own = tuple(
            marks.get((id, task.notebook, task.name), Mark(None, waits=False)) for task in exercises
        )
        notebooks = _graded_notebooks(course.autograded(id, assignment), exercises, released)
        if notebooks:
            answers[id] = {
                cell: form for found in notebooks for cell, form in found.answers.items()
            }
        graded = bool(notebooks) or any(mark.score is not None for mark in own)
        events = [event for found in notebooks for event in found.events]
        if graded:
            events += [
                f"no mark for {title(task)}: its test cell is missing"
                for task, mark in zip(exercises, own)
                if mark.score is None and not task.by_hand
            ]
        seconds = [found.seconds for found in notebooks if found.seconds is not None]
        students.append(
            Student(
                name=_short(", ".join(filter(None, people.get(id, nobody))) or id),
                id=_short(id),
                handed_in=graded or id in late or id in submitted or id in set_aside,
                graded=graded,
                marks=own if graded else (),
                penalty=penalties.get(id, 0.0),
                failed=tuple(check for found in notebooks for check in found.failed),
                events=tuple(events),
                set_aside=tuple(set_aside.get(id, ())),
                seconds=sum(seconds) if seconds else None,
                late=late.get(id, 0.0),
            )
        )
    names = {student.id: student.name for student in students}
    return ClassReport(
        course=course_id,
        assignment=assignment,
        newest=max(times, default=None),
        exercises=exercises,
        students=tuple(students),
        alike=tuple(_case(group, names) for group in alike(answers)),
    )


def without_names(report: ClassReport) -> ClassReport:
    """The same report with "Student 1", "Student 2", ... for the names.

    Their order is that of what is shown of them anyway, so it tells nothing about who they are.
    What a student could have written a name into (messages, reasons, events) is left out, and so
    is the time of the latest submission: somebody may know whose it was.
    """

    def shown(student: Student) -> tuple:
        marks = [(mark.waits, -(mark.score or 0.0)) for mark in student.marks]
        flags = student.graded, student.handed_in, bool(student.set_aside), bool(student.events)
        return -student.total, marks, student.penalty, flags, student.seconds or 0.0

    students = (
        replace(
            student,
            name=f"Student {number}",
            id=f"Student {number}",
            failed=tuple(map(_without_words, student.failed)),
            set_aside=("a file that cannot be read",) if student.set_aside else (),
            events=tuple(
                dict.fromkeys(
                    event if event == UNJAILED else "grading ran into trouble"
                    for event in student.events
                )
            ),
        )
        for number, student in enumerate(sorted(report.students, key=shown), start=1)
    )
    groups = f"{len(report.alike)} to look at, in the report with names"
    alike = (Case("Groups of students", groups),) if report.alike else ()
    return replace(report, students=tuple(students), alike=alike, newest=None)


def _without_words(check: FailedCheck) -> FailedCheck:
    """A failed check of which only what the catalogue knows is left."""
    equation = check.equation if TAGS.fullmatch(check.equation) else ""
    return replace(check, text="", equation=equation)


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
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
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


def _marks(gradebook: Gradebook, entry: Assignment) -> dict[tuple[str, str, str], Mark]:
    """Every mark of an assignment in one query, by student, notebook and cell."""
    rows = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            Notebook.name,
            BaseCell.name,
            Grade.score,
            Grade.auto_score.is_not(None) | Grade.manual_score.is_not(None),
            Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .filter(SubmittedAssignment.assignment_id == entry.id)
    )
    return {
        (student, notebook, cell): Mark(score if given else None, waits)
        for student, notebook, cell, score, given, waits in rows
    }


def _by_kind(report: ClassReport) -> dict[str, list[tuple[Student, FailedCheck]]]:
    """The failed checks of each kind, with who failed them."""
    found: dict[str, list[tuple[Student, FailedCheck]]] = {}
    for student in report.students:
        for check in student.failed:
            found.setdefault(check.kind, []).append((student, check))
    return found


@dataclass(frozen=True)
class _GradedNotebook:
    """What a graded notebook tells beside the marks."""

    failed: tuple[FailedCheck, ...]
    events: tuple[str, ...]
    seconds: float | None
    answers: Mapping[str, str]
    """By cell, in the form in which answers are compared."""


def _graded_notebooks(
    folder: Path, exercises: Sequence[Task], released: Mapping[str, Mapping[str, str]]
) -> list[_GradedNotebook]:
    found = []
    for name in dict.fromkeys(task.notebook for task in exercises):
        path = folder / f"{name}.ipynb"
        if path.is_file():
            own = {task.name: task for task in exercises if task.notebook == name}
            try:
                notebook = json.loads(path.read_text(encoding="utf-8"))
                found.append(_graded_notebook(notebook, own, released.get(name, {})))
            except (AttributeError, KeyError, TypeError, ValueError):
                event = f"the graded {path.name} cannot be read; grade it again"
                found.append(_GradedNotebook((), (event,), None, {}))
    return found


def _released(course: Course, assignment: str) -> dict[str, dict[str, str]]:
    """By notebook and cell, what students find where their answers go."""
    found = {}
    for path in course.release(assignment).glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[path.stem] = {
            about["grade_id"]: "".join(cell["source"])
            for cell in cells
            if (about := cell["metadata"].get("nbgrader", {})).get("solution")
        }
    return found


def _case(group: Alike, names: Mapping[str, str]) -> Case:
    """Who wrote the same, and where."""
    who = "; ".join(names.get(id, id) for id in group.students)
    cells = ", ".join(cell.replace("-", " ").replace("_", " ") for cell in group.exercises)
    span = f"{group.fewest} to {group.most}" if group.fewest < group.most else f"{group.most}"
    return Case(_short(who), _short(f"{span} of {group.answers} answers: {cells}"))


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


def _graded_notebook(
    notebook: dict[str, Any], own: dict[str, Task], released: Mapping[str, str]
) -> _GradedNotebook:
    tests = ((cell["metadata"].get("nbgrader", {}), cell) for cell in notebook["cells"])
    failed = (
        _failed_check(own[nbgrader["grade_id"]], error)
        for nbgrader, cell in tests
        if nbgrader.get("grade_id") in own and (error := _error(cell))
    )
    record = notebook["metadata"].get("bpkit", {})
    return _GradedNotebook(
        failed=tuple(failed),
        events=tuple(_short(event) for event in record.get("events", ())),
        seconds=float(record["seconds"]) if "seconds" in record else None,
        answers=answer_forms(notebook["cells"], released),
    )


def _error(cell: dict[str, Any]) -> dict[str, Any] | None:
    errors = (o for o in cell.get("outputs", ()) if o["output_type"] == "error")
    return next(errors, None)


def _failed_check(exercise: Task, error: dict[str, Any]) -> FailedCheck:
    first_line = _short(error["evalue"].partition("\n")[0])
    told = FIRST_LINE.fullmatch(first_line) if error["ename"] == "CheckFailed" else None
    if told is None:
        return FailedCheck(exercise, "", _short(error["ename"]), first_line)
    return FailedCheck(exercise, told["equation"], told["kind"], told["text"])


def title(exercise: Task) -> str:
    """The exercise as people say it: "hidden delta" for "test-hidden-delta"."""
    return exercise.name.removeprefix("test-").replace("-", " ").replace("_", " ")


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


def _short(text: str) -> str:
    """Untrusted text on one line and of a length that a page can hold."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _number(score: float) -> str:
    """2 for 2.0, 1.5 for 1.5, 0.33 for a third."""
    return f"{score:.2f}".rstrip("0").rstrip(".")
