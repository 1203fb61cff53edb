"""The marks of an assignment as a table, as CSV, and as the files that Canvas and Moodle import.

What the platforms read is in their sources: ``lib/gradebook_importer.rb`` of canvas-lms;
``grade/import/csv`` and ``mod/assign/feedback/offline/importgradeslib.php`` of Moodle. For the
pages that go back to students, ``Assignment#infer_comment_context_from_filename`` and
``mod/assign/feedback/file/importziplib.php``.
"""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import MissingEntry

from bpkit.grading.collect import CLASS, names_in_download, numbers_in_download
from bpkit.grading.course import Attention, Course, Task, UsageError
from bpkit.grading.files import write_atomically
from bpkit.grading.lms import Owner
from bpkit.grading.pack import NO_TIME
from bpkit.grading.roster import Person, Roster, participant, people, read_table


@dataclass(frozen=True)
class Marks:
    """One student's marks."""

    student: str
    last_name: str
    first_name: str
    by_task: tuple[float | None, ...]
    """In the order of the tasks; None where nothing was handed in or a person has yet to mark."""
    penalty: float = 0.0
    """What is taken off for being late, as nbgrader's gradebook has it."""

    @property
    def total(self) -> float:
        """The sum of the marks there are."""
        return sum(mark for mark in self.by_task if mark is not None)

    @property
    def score(self) -> float:
        """What is left of it after the penalty; never below 0, as in nbgrader."""
        return max(0.0, self.total - self.penalty)

    @property
    def is_graded(self) -> bool:
        """Whether there is any mark."""
        return any(mark is not None for mark in self.by_task)


@dataclass(frozen=True)
class Exported:
    """A file for a platform."""

    path: Path
    students: int
    attention: tuple[Attention, ...]
    """Who is left out of it or incomplete, and why."""


def marks(course: Course, assignment: str) -> tuple[tuple[Task, ...], tuple[Marks, ...]]:
    """The tasks of an assignment, and the marks of everybody in the gradebook, by name.

    Raises
    ------
    UsageError : for an assignment that is unknown, or not in the gradebook yet.
    """
    course.check_assignment(assignment)
    tasks = course.tasks(assignment)
    given: dict[str, dict[tuple[str, str], float | None]] = {}
    penalties: dict[str, float] = {}
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
            penalties[submission.student_id] = submission.late_submission_penalty
        everybody = [(s.last_name or "", s.first_name or "", s.id) for s in gradebook.students]
    rows = []
    for last_name, first_name, student in sorted(everybody):
        own = given.get(student, {})
        by_task = tuple(own.get((task.notebook, task.name)) for task in tasks)
        rows.append(Marks(student, last_name, first_name, by_task, penalties.get(student, 0.0)))
    return tasks, tuple(rows)


def _mark(mark) -> float | None:
    if mark.manual_score is None and mark.auto_score is None:
        return None
    return mark.score


def export(course: Course, assignment: str, path: Path) -> Path:
    """Write the marks as CSV: a line for each student, a column for each task.

    Columns are student_id, last_name, first_name, the tasks, raw_score, late_penalty, score (what
    is left after the penalty) and max_score. A mark that a person has yet to give is empty.

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
    totals = "raw_score", "late_penalty", "score", "max_score"
    table.writerow(["student_id", "last_name", "first_name", *names, *totals])
    for row in rows:
        person = [_no_formula(value) for value in (row.student, row.last_name, row.first_name)]
        cells = ["" if mark is None else f"{mark:g}" for mark in row.by_task]
        sums = (f"{sum_:g}" for sum_ in (row.total, row.penalty, row.score, most))
        table.writerow([*person, *cells, *sums])
    write_atomically(path, text.getvalue().encode())
    return path


def export_canvas(course: Course, assignment: str, path: Path, column: str) -> Exported:
    """Write the marks as Canvas's gradebook imports them.

    Canvas finds a student by its own number, else by login, else by the first one with the name:
    so who has no number in the gradebook is left out. Who has no mark is left out too, since an
    empty mark would delete the one that Canvas has.

    Parameters
    ----------
    column : what the assignment's column is called there, like ``Problem set 3 (4711)``.

    Raises
    ------
    UsageError : as ``marks`` does.
    OSError : if the file cannot be written.
    """
    tasks, rows = marks(course, assignment)
    known = {who.id: who for who in people(course)}
    attention = _incomplete(tasks, rows)
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
    most = f"{sum(task.points for task in tasks):g}"
    lines = [head, ["    Points Possible", "", "", "", "", most]]
    for row in filter(lambda row: row.is_graded, rows):
        if not re.fullmatch(r"\d+", known[row.student].lms_id):
            why = "left out: no Canvas number; run bpkit students with Canvas's gradebook"
            attention.append(Attention(row.student, why))
            continue
        name = ", ".join(filter(None, (row.last_name, row.first_name)))
        person = [_no_formula(name), known[row.student].lms_id, "", _no_formula(row.student), ""]
        lines.append([*person, f"{row.score:.6g}"])
    _write_table(path, lines)
    return Exported(path, len(lines) - 2, tuple(attention))


def export_moodle(course: Course, assignment: str, path: Path, column: str) -> Exported:
    """Write the marks as Moodle's gradebook imports them: a line for each student who has a mark.

    Moodle asks which column says who it is: the email address, or the username or ID number, if
    these are the students' ids here.

    Raises
    ------
    UsageError : as ``marks`` does.
    OSError : if the file cannot be written.
    """
    tasks, rows = marks(course, assignment)
    known = {who.id: who for who in people(course)}
    attention = _incomplete(tasks, rows)
    lines = [["Username", "First name", "Last name", "Email address", column, f"{column} feedback"]]
    for row in filter(lambda row: row.is_graded, rows):
        email = known[row.student].email
        person = [_no_formula(text) for text in (row.student, row.first_name, row.last_name, email)]
        lines.append([*person, f"{row.score:.6g}", _in_words(tasks, row)])
    if nameless := [line[0] for line in lines if not line[3]]:
        why = f"no email address, so map by username: {', '.join(nameless)}"
        attention.append(Attention(CLASS, why))
    _write_table(path, lines)
    return Exported(path, len(lines) - 1, tuple(attention))


def fill_worksheet(course: Course, assignment: str, worksheet: Path, path: Path) -> Exported:
    """Write the marks into a copy of the grading worksheet of an assignment in Moodle.

    Only the columns Grade and Feedback comments change.

    Raises
    ------
    UsageError : as ``marks`` does; if the file is no worksheet, or of another number of marks.
    OSError : if the file cannot be written.
    """
    table = read_table(worksheet)
    if not table.is_worksheet:
        raise UsageError(f"{worksheet} is no grading worksheet of Moodle's: it has no Identifier")
    tasks, rows = marks(course, assignment)
    graded = {row.student: row for row in rows if row.is_graded}
    attention = _incomplete(tasks, rows)
    known = numbers_in_download(course, assignment)
    roster = Roster(people(course), worksheet=table, known=known)
    most = sum(task.points for task in tasks)
    lines, filled = [list(table.header)], set()
    for line in table.rows:
        maximum = line.get("Maximum grade") or line.get("Maximum Grade") or ""
        _check_maximum(maximum, most, assignment, worksheet)
        number = participant(line["Identifier"])
        who = roster.find(Owner(line.get("Full name", ""), "Moodle", number))
        if isinstance(who, Person) and who.id in graded and who.id not in filled:
            filled.add(who.id)
            grade = f"{graded[who.id].score:.2f}"
            line = {**line, "Grade": grade.replace(".", ",") if "," in maximum else grade}
            if "Feedback comments" in line:
                line["Feedback comments"] = _in_words(tasks, graded[who.id])
        lines.append([line[name] for name in table.header])
    attention += [
        Attention(student, f"left out: not found in {worksheet.name}")
        for student in graded
        if student not in filled
    ]
    _write_table(path, lines, table.delimiter)
    return Exported(path, len(filled), tuple(attention))


def export_feedback(course: Course, assignment: str, path: Path) -> Exported:
    """Write the feedback pages into a zip file that Canvas or Moodle gives back to the students.

    Its files have the names that the platform gave in the download they were collected from.

    Raises
    ------
    UsageError : if no page is made yet, or nothing was collected from a platform.
    OSError : if the file cannot be written.
    """
    course.check_assignment(assignment)
    students = course.students("feedback", assignment)
    if not students:
        raise UsageError(f"no feedback on {assignment} yet: run bpkit feedback {assignment}")
    names = names_in_download(course, assignment)
    if not names:
        raise UsageError(
            f"{assignment} was not collected from Canvas or Moodle, so the names that they know "
            "the files by are not known; the pages are in feedback/"
        )
    attention, packed = [], 0
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in students:
            pages = sorted(course.feedback(student, assignment).glob("*.html"))
            if student not in names:
                why = "left out: what they handed in was not collected from Canvas or Moodle"
                attention.append(Attention(student, why))
                continue
            packed += 1
            for page in pages:
                entry = zipfile.ZipInfo(f"{names[student]}{page.name}", NO_TIME)
                archive.writestr(entry, page.read_bytes(), zipfile.ZIP_DEFLATED)
    write_atomically(path, content.getvalue())
    return Exported(path, packed, tuple(attention))


def _incomplete(tasks: Sequence[Task], rows: Sequence[Marks]) -> list[Attention]:
    """What totals still lack."""
    graded = [row.by_task for row in rows if row.is_graded]
    missing = [
        (task.name, sum(marks[number] is None for marks in graded))
        for number, task in enumerate(tasks)
    ]
    told = ", ".join(f"{name} ({count} of {len(graded)})" for name, count in missing if count)
    return [Attention(CLASS, f"marks are still missing for {told}: totals lack them")] * bool(told)


def _check_maximum(told: str, most: float, assignment: str, worksheet: Path) -> None:
    """Marks out of 20 are no marks out of 100."""
    number = re.fullmatch(r"\d+([.,]\d+)?", told.strip())
    if number and float(told.replace(",", ".")) != most:
        raise UsageError(
            f"{assignment} has {most:g} marks and {worksheet.name} says {told}: change the maximum "
            f"grade in Moodle's assignment to {most:g} and download the worksheet again"
        )


def _in_words(tasks: Sequence[Task], row: Marks) -> str:
    """The marks one by one, for the column that students read."""
    each = [
        f"{task.name.removeprefix('test-').replace('-', ' ')} "
        f"{'not marked yet' if mark is None else f'{mark:g} of {task.points:g}'}"
        for task, mark in zip(tasks, row.by_task)
        if task.points or mark
    ]
    late = [f"late: {row.penalty:g} taken off"] if row.penalty else []
    return "; ".join([*each, *late])


def _write_table(path: Path, lines: Sequence[Sequence[str]], delimiter: str = ",") -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    write_atomically(path, text.getvalue().encode())


def _no_formula(text: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula and runs it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
