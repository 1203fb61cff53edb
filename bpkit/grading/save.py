"""From executed notebooks to marks: the gradebook and ``autograded/``, written by one process only.

Marks are computed by nbgrader's own steps. What is spared is what these pay for each notebook anew:
a dozen connections to the database, a commit after each cell, and checks of metadata that comes
from the release.
"""

import json
import os
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import preprocessors
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, SubmittedAssignment
from nbgrader.converters import Autograde
from nbgrader.preprocessors import latesubmissions, saveautogrades
from sqlalchemy import event, select
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import scoped_session, sessionmaker

from bpkit.grading.assemble import load, resources, run_hook
from bpkit.grading.course import Course
from bpkit.grading.executor import JailedExecute
from bpkit.grading.handed_in import TIMESTAMP
from bpkit.grading.work import Work

DONE_BEFORE = (preprocessors.Execute, JailedExecute, preprocessors.CheckCellMetadata)
"""Steps of nbgrader's list that are not taken here: execution is over, and the metadata of graded
cells is that of the release, which was checked when it was read."""

PATIENCE = 60_000
"""Milliseconds to wait for a gradebook that another program is writing to."""


class OpenGradebook(Gradebook):
    """nbgrader's gradebook, kept open for a whole class, with one transaction per submission."""

    db: scoped_session

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        super().close()
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _be_patient)
        self.db = _Session(sessionmaker(bind=self.engine, future=True))
        self.entries: dict[tuple[str, str], SubmittedAssignment] = {}
        self.grades: dict[tuple[str, str], Grade] = {}
        self.comments: dict[tuple[str, str], Comment] = {}

    @contextmanager
    def submission(self, assignment: str, student: str, **about: Any) -> Iterator[None]:
        """Make or update a submission, and keep all that the block writes or nothing of it."""
        try:
            self.update_or_create_student(student)
            with warnings.catch_warnings():
                # while nbgrader builds a submission it is not part of the session yet
                warnings.simplefilter("ignore", SAWarning)
                entry = self.update_or_create_submission(assignment, student, **about)
            self.db.flush()
            self.entries[assignment, student] = entry
            notebooks = entry.notebooks
            cells = select(BaseCell.id, BaseCell.name).where(
                BaseCell.notebook_id.in_([notebook.notebook_id for notebook in notebooks])
            )
            names = {id: name for id, name in self.db.execute(cells)}
            for notebook in notebooks:
                for grade in notebook.grades:
                    self.grades[notebook.name, names[grade.cell_id]] = grade
                for comment in notebook.comments:
                    self.comments[notebook.name, names[comment.cell_id]] = comment
            yield
            self.db().commit()
        finally:
            self.entries.clear()
            self.grades.clear()
            self.comments.clear()
            self.db.remove()

    def enter(self, students: Collection[str]) -> None:
        """Have students in the gradebook, if only by their names."""
        for student in sorted(students):
            self.update_or_create_student(student)
        self.db().commit()
        self.db.remove()

    def find_submission(self, assignment: str, student: str) -> SubmittedAssignment:
        """The submission that is being saved, or another one."""
        known = self.entries.get((assignment, student))
        return known or super().find_submission(assignment, student)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        """The mark of a cell in the submission that is being saved."""
        known = self.grades.get((notebook, grade_cell))
        return known or super().find_grade(grade_cell, notebook, assignment, student)

    def find_comment(
        self, solution_cell: str, notebook: str, assignment: str, student: str
    ) -> Comment:
        """The comment on a cell in the submission that is being saved."""
        known = self.comments.get((notebook, solution_cell))
        return known or super().find_comment(solution_cell, notebook, assignment, student)

    def close(self) -> None:
        """Nothing: nbgrader's steps call this after each notebook; see `end`."""

    def end(self) -> None:
        """Close the connection to the database."""
        super().close()


def _be_patient(connection: Any, _: Any) -> None:
    """Have SQLite wait for another program, like formgrader, that writes just now."""
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")


class _Session(scoped_session):
    """A session that nbgrader's functions cannot end in the middle of a submission."""

    def commit(self) -> None:
        """Nothing: `OpenGradebook.submission` commits."""


class Saver:
    """Saves the executed submissions of one assignment.

    Parameters
    ----------
    place : an empty folder on the same disk as the course, where folders are made ready.
    """

    def __init__(self, course: Course, assignment: str, gradebook: OpenGradebook, place: Path):
        self.course, self.assignment, self.gradebook = course, assignment, gradebook
        self.ready, self.old = place / "ready", place / "old"
        self.converter = Autograde(coursedir=course.directory, parent=course.app)
        self.mode = int(str(self.converter.permissions), 8)
        steps = [load(step) for step in self.converter.autograde_preprocessors]
        self.steps = [step(parent=self.converter) for step in steps if step not in DONE_BEFORE]

    def save(self, work: Work, executed: Mapping[str, bytes]) -> tuple[str, ...]:
        """Enter the marks and put the folder in its place; what a human has to know of it.

        A stop at any moment leaves the marks as they were before or as they are afterwards. While
        they are not those of the folder there is no folder, and the submission is not graded.
        """
        for folder in self.ready, self.old:
            shutil.rmtree(folder, ignore_errors=True)
        self.ready.mkdir()
        submitted = self.course.submitted(work.student, self.assignment)
        target = self.course.autograded(work.student, self.assignment)
        target.parent.mkdir(parents=True, exist_ok=True)
        about = {"timestamp": work.handed_in} if (submitted / TIMESTAMP).is_file() else {}
        events = list(work.remarks)
        with self.gradebook.submission(self.assignment, work.student, **about):
            for number, name in enumerate(executed):
                notebook = nbformat.from_dict(json.loads(executed[name]))
                noted = notebook.metadata.bpkit.events
                events += noted
                noted[:0] = work.remarks if number == 0 else ()
                notebook = self._take_steps(work.student, name, notebook)
                text = nbformat.v4.writes_json(notebook)
                self._write(name, f"{text}\n".encode())
            self._mark_missing(executed)
            for name, content in work.files.items():
                self._write(name, content)
            if work.handed_in:
                self._write(TIMESTAMP, (submitted / TIMESTAMP).read_bytes())
            for path in [*self.ready.rglob("*"), self.ready]:
                _sync(path)
            self.gradebook.db.flush()
            if target.exists():
                target.rename(self.old)
                _sync(target.parent)
        self.ready.rename(target)
        if self.course.directory.groupshared:
            self.converter.set_permissions(self.assignment, work.student)
        run_hook(self.converter.run_post_convert_hook, self.converter, work.student, submitted)
        return tuple(events)

    def _take_steps(self, student: str, name: str, notebook: NotebookNode) -> NotebookNode:
        about = resources(self.course, student, self.assignment, name)
        with _instead_of_their_own(self.gradebook):
            for step in self.steps:
                notebook, about = step(notebook, about)
        return notebook

    def _mark_missing(self, executed: Mapping[str, bytes]) -> None:
        """A notebook that was not handed in gets no marks, as nbgrader has it."""
        for (notebook, _), grade in self.gradebook.grades.items():
            if f"{notebook}.ipynb" not in executed:
                grade.auto_score = 0
                grade.needs_manual_grade = False

    def _write(self, name: str, content: bytes) -> None:
        path = self.ready / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(self.mode)


@contextmanager
def _instead_of_their_own(gradebook: Gradebook) -> Iterator[None]:
    """Have nbgrader's steps write to this gradebook, where each of them would open another."""
    modules = saveautogrades, latesubmissions
    for module in modules:
        module.Gradebook = lambda db_url: gradebook
    try:
        yield
    finally:
        for module in modules:
            module.Gradebook = Gradebook


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk: for the case of a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
