"""Numbers of their own for every student: hand-outs, and the table that grading reads.

A notebook draws its numbers from a locked cell ``variant``. Each student's hand-out has another
number there, and ``variants/psN.csv`` keeps who has which. Grading puts the number of that table
into the cell, whatever the submission says.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from bpkit.grading.course import Course, UsageError
from bpkit.grading.files import write_atomically

CELL = "variant"
NUMBER = re.compile(r"^variant = (\d{1,9})\b", re.MULTILINE)
HEADER = ["student", "variant"]


@dataclass(frozen=True)
class Handouts:
    """What was made for the students of one assignment."""

    folder: Path
    table: Path
    students: int
    new: tuple[str, ...]
    """Who had no number before."""
    written: int
    """Files whose content changed."""


def hand_out(course: Course, assignment: str) -> Handouts:
    """Make a copy of the released assignment for each student in the gradebook.

    A number that a student has never changes; a new student gets the next one.

    Raises
    ------
    UsageError : if there are no students, if no notebook has the cell, or for a broken table.
    """
    with course.gradebook() as gradebook:
        students = sorted(student.id for student in gradebook.students)
    if not students:
        raise UsageError(
            "there are no students in the gradebook: add them with bpkit students students.csv, "
            "then run this again"
        )
    for student in students:
        if Path(student).name != student or "\0" in student:
            raise UsageError(f"student id {student!r} cannot be the name of a folder")
    release = course.release(assignment)
    files = {
        path.relative_to(release): path.read_bytes()
        for path in sorted(release.rglob("*"))
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }
    notebooks = {
        name: notebook
        for name, content in files.items()
        if name.suffix == ".ipynb"
        and cell_of(notebook := nbformat.reads(content.decode(), as_version=4)) is not None
    }
    if not notebooks:
        raise UsageError(
            f"no notebook of {assignment} has numbers to vary: --per-student needs a locked code "
            f"cell with the name {CELL} that begins with: variant = 0"
        )
    with course.alone():
        numbers = read_variants(course.root, assignment)
        new = tuple(student for student in students if student not in numbers)
        first = max(numbers.values(), default=0) + 1
        numbers |= {student: number for number, student in enumerate(new, first)}
        _write(table(course.root, assignment), numbers)
        folder, written = course.root / "handouts" / assignment, 0
        for student in students:
            own = dict(files)
            for name, notebook in notebooks.items():
                set_variant(notebook, numbers[student])
                own[name] = (nbformat.writes(notebook).rstrip("\n") + "\n").encode()
            for name, content in own.items():
                written += write_atomically(folder / student / assignment / name, content)
    return Handouts(folder, table(course.root, assignment), len(students), new, written)


def table(root: Path, assignment: str) -> Path:
    """Where it is kept who has which number."""
    return root / "variants" / f"{assignment}.csv"


def read_variants(root: Path, assignment: str) -> dict[str, int]:
    """The students' numbers; empty if everybody got the same notebook.

    Raises
    ------
    UsageError : if the table is not as it was written.
    """
    path = table(root, assignment)
    if not path.exists():
        return {}
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    numbers: dict[str, int] = {}
    for line, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != 2 or not re.fullmatch(r"\d{1,9}", row[1]) or row[0] in numbers:
            raise UsageError(
                f"{path}, line {line}: expected a student, seen once, and a number, not {row}"
            )
        numbers[row[0]] = int(row[1])
    if rows[:1] != [HEADER]:
        raise UsageError(f"{path}: the first line must read: {','.join(HEADER)}")
    return numbers


def cell_of(notebook: NotebookNode) -> NotebookNode | None:
    """The cell that the numbers of a notebook come from, if it has one."""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade_id") == CELL and about.get("locked") and not about.get("grade"):
            return cell if _number_in(cell.source) is not None else None
    return None


def set_variant(notebook: NotebookNode, number: int) -> None:
    """Put a student's number into the notebook; one without the cell stays as it is."""
    cell = cell_of(notebook)
    if cell is None:
        return
    cell.source = NUMBER.sub(f"variant = {number}", cell.source, count=1)
    if "checksum" in cell.metadata.nbgrader:  # nbgrader's Validate looks at it
        cell.metadata.nbgrader.checksum = compute_checksum(cell)


def give_own(
    notebook: NotebookNode,
    student: str,
    numbers: Mapping[str, int],
    submitted: Iterable[dict[str, Any]] = (),
) -> tuple[str, ...]:
    """Put the student's number into a notebook that is to be graded, and say what a human may want
    to know: the cells that were ``submitted`` had other numbers, or the student has none.
    """
    cell = cell_of(notebook)
    if cell is None:
        return ()
    number = numbers.get(student)
    if number is None:
        number = _number_in(cell.source)
    else:
        set_variant(notebook, number)
    if numbers and student not in numbers:
        return ("has no variant in the course's table: graded with the numbers of the release",)
    for handed_in in submitted:
        about = handed_in["metadata"].get("nbgrader")
        if isinstance(about, dict) and about.get("grade_id") == CELL:
            theirs = _number_in(handed_in["source"])
            if theirs != number:
                shown = "another variant" if theirs is None else f"variant {theirs}"
                return (f"handed in with {shown}, graded with variant {number}",)
    return ()


def _number_in(source: str) -> int | None:
    found = NUMBER.search(source)
    return int(found[1]) if found else None


def _write(path: Path, numbers: dict[str, int]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    by_number = sorted(numbers.items(), key=lambda pair: pair[1])
    writer.writerows(by_number)
    write_atomically(path, text.getvalue().encode())
