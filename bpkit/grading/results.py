"""What is known of a class when it is graded, for the class report.

It is read from nbgrader's gradebook, the graded notebooks and the quarantine folder, and depends on
nothing else.
"""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

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

from bpkit.grading.alike import Alike, alike, answer_forms
from bpkit.grading.course import Course, Task, UsageError
from bpkit.grading.execution import UNJAILED
from bpkit.grading.quarantine import quarantined

LONGEST_TEXT = 300
"""Characters of a name, an event or a reason that the page shows: all of them are untrusted."""

FIRST_LINE = re.compile(
    r"(?P<equation>[^\[\]]{0,40}?)\s*\[(?P<kind>[^\[\]]{1,40})\]\s*(?P<text>.*)"
)
"""The first line of a failed check: ``BP-1 [M01] sigma'(z^L) is left out``."""

TAGS = re.compile(r"[A-Z]{1,2}-\d+((, | to )[A-Z]{1,2}-\d+)*|sigma'?")
"""Nothing but equations."""


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
class Case:
    """Something for a human: whose, or of which exercise, and what."""

    who: str
    what: str


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


def _short(text: str) -> str:
    """Untrusted text on one line and of a length that a page can hold."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"
