"""The marks of an assignment as a table, and as CSV."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import MissingEntry

from bpkit.grading.course import Course, Task, UsageError
from bpkit.grading.files import write_atomically


@dataclass(frozen=True)
class Marks:
    """One student's marks."""

    student: str
    last_name: str
    first_name: str
    by_task: tuple[float | None, ...]
    """In the order of the tasks; None where nothing was handed in or a person has yet to mark."""

    @property
    def total(self) -> float:
        """The sum of the marks there are."""
        return sum(mark for mark in self.by_task if mark is not None)


def marks(course: Course, assignment: str) -> tuple[tuple[Task, ...], tuple[Marks, ...]]:
    """The tasks of an assignment, and the marks of everybody in the gradebook, by name.

    Raises
    ------
    UsageError : for an assignment that is unknown, or not in the gradebook yet.
    """
    course.check_assignment(assignment)
    tasks = course.tasks(assignment)
    given: dict[str, dict[tuple[str, str], float | None]] = {}
    with course.gradebook() as gradebook:
        try:
            submissions = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            raise UsageError(
                f"the gradebook does not know {assignment} yet: run bpkit release {assignment}"
            ) from None
        for submission in submissions:
            given[submission.student_id] = {
                (notebook.name, mark.name): _mark(mark)
                for notebook in submission.notebooks
                for mark in notebook.grades
            }
        people = [(s.last_name or "", s.first_name or "", s.id) for s in gradebook.students]
    rows = []
    for last_name, first_name, student in sorted(people):
        own = given.get(student, {})
        by_task = tuple(own.get((task.notebook, task.name)) for task in tasks)
        rows.append(Marks(student, last_name, first_name, by_task))
    return tasks, tuple(rows)


def _mark(mark) -> float | None:
    if mark.manual_score is None and mark.auto_score is None:
        return None
    return mark.score


def export(course: Course, assignment: str, path: Path) -> Path:
    """Write the marks as CSV: a line for each student, a column for each task.

    Columns are student_id, last_name, first_name, the tasks, raw_score and max_score, before any
    penalty for being late. A mark that a person has yet to give is empty.

    Raises
    ------
    UsageError : as ``marks`` does.
    OSError : if the file cannot be written.
    """
    tasks, rows = marks(course, assignment)
    several = len({task.notebook for task in tasks}) > 1
    names = [f"{task.notebook}/{task.name}" if several else task.name for task in tasks]
    most = sum(task.points for task in tasks)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["student_id", "last_name", "first_name", *names, "raw_score", "max_score"])
    for row in rows:
        person = [_no_formula(value) for value in (row.student, row.last_name, row.first_name)]
        cells = ["" if mark is None else f"{mark:g}" for mark in row.by_task]
        table.writerow([*person, *cells, f"{row.total:g}", f"{most:g}"])
    write_atomically(path, text.getvalue().encode())
    return path


def _no_formula(text: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula and runs it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
