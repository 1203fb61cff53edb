"""nbgrader's executor, in a jail: takes the place of nbgrader's own ``Execute`` in ``autograde``.

In nbgrader_config.py the list ``Autograde.autograde_preprocessors`` names `JailedExecute` where
nbgrader has ``Execute``. All other steps, the gradebook, feedback and formgrader stay nbgrader's.
"""

import json
import os
from functools import cache
from logging import Logger
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from bpkit.grading.assemble import not_given
from bpkit.grading.beside import files_beside
from bpkit.grading.course import UsageError
from bpkit.grading.execution import Settings, execute_notebook
from bpkit.grading.intake import CheckedSubmissions
from bpkit.grading.jail import JailUnavailable
from bpkit.grading.seed import secret_seed
from bpkit.grading.variants import give_own, read_variants
from bpkit.grading.view import HidesUnknown

DECIDING = ("grade", "solution", "locked", "task")


class JailedExecute(NbGraderPreprocessor):
    """Run a submission's cells in a jail of its own."""

    cell_timeout = Float(10, help="Seconds that one cell may run.").tag(config=True)
    total_timeout = Float(60, help="Seconds that all cells of a notebook may run.").tag(config=True)
    memory = Integer(1 << 30, help="Bytes of memory that a notebook may use.").tag(config=True)
    unsafe_no_jail = Bool(
        False,
        help="Run student code with your own rights, for machines that have no jail: it can then "
        "read and change everything that you can.",
    ).tag(config=True)

    def settings(self) -> Settings:
        """How notebooks are executed, as the course's configuration has it."""
        return Settings(
            cell_seconds=self.cell_timeout,
            total_seconds=self.total_timeout,
            memory=self.memory,
            seed=os.environ.get("BPKIT_SEED")
            or secret_seed(Path(CourseDirectory(parent=self).root)),
            unsafe_no_jail=self.unsafe_no_jail,
        )

    def preprocess(self, nb, resources):
        if self.unsafe_no_jail:
            _warn_once(self.log)
        nb = _with_marks_of(nb, self._course_notebook(resources))
        student = resources["nbgrader"]["student"]
        own = give_own(nb, student, self._variants(resources))
        try:
            executed = execute_notebook(
                json.dumps(nb).encode(), self.settings(), self._files_beside(resources)
            )
        except (JailUnavailable, HidesUnknown) as problem:
            self.log.critical("Nothing was graded: %s", problem)
            raise NbGraderException(str(problem)) from None
        nb = nbformat.from_dict(json.loads(executed))
        events = nb.metadata.bpkit.events
        if not isinstance(self.parent, CheckedSubmissions):
            events[:0] = own
        for event in events:
            self.log.warning("%s: %s", student, event)
        if isinstance(self.parent, CheckedSubmissions):  # which has said these itself
            events[:0] = self.parent.remarks.get(student, ())
        return nb, resources

    def _course_notebook(self, resources) -> NotebookNode:
        course, about = CourseDirectory(parent=self), resources["nbgrader"]
        folder = course.format_path(course.source_directory, ".", about["assignment"])
        path = Path(folder) / f"{about['notebook']}.ipynb"
        try:
            return nbformat.read(path, as_version=4)
        except OSError as error:
            raise NbGraderException(
                f"{path} cannot be read ({error.strerror}): it says which cells are the course's"
            ) from None

    def _variants(self, resources) -> dict[str, int]:
        try:
            root = Path(CourseDirectory(parent=self).root)
            return read_variants(root, resources["nbgrader"]["assignment"])
        except UsageError as error:
            raise NbGraderException(str(error)) from None

    def _files_beside(self, resources) -> dict[str, bytes]:
        """The files that the notebook may read, by relative path: the student's, then the course's.

        They are read from where they were submitted and from the course's source, not from the
        folder that nbgrader copies them to: the copy follows links that a student may have made.
        Notebooks are never among them, because they hold hidden tests.
        """
        course = CourseDirectory(parent=self)
        student, assignment = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        folders = (
            course.format_path(course.submitted_directory, student, assignment),
            course.format_path(course.source_directory, ".", assignment),
        )
        files, refused = files_beside(map(Path, folders), course.ignore, ())
        if not isinstance(self.parent, CheckedSubmissions):  # which has said so itself
            for remark in not_given(refused):
                self.log.warning("%s: %s", student, remark)
        return files


@cache
def _warn_once(log: Logger) -> None:
    """Say it to whoever reads this log, and not again for each submission."""
    log.warning(
        "unsafe_no_jail is set: students' code runs with your own rights, and can read and change "
        "everything that you can, the gradebook included"
    )


def _with_marks_of(nb: NotebookNode, original: NotebookNode) -> NotebookNode:
    """The notebook with the course's word on which cells are tests, answers and locked.

    nbgrader restores the source of a locked cell, but believes a submission that says that a test
    is an answer, or that a cell which it does not know is a test.
    """
    nb = nbformat.from_dict(nb)
    nb.metadata["bpkit"] = original.metadata.get("bpkit", {})
    marks = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader
        for cell in original.cells
        if "nbgrader" in cell.metadata
    }
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader", {})
        known = marks.get(about.get("grade_id"))
        if known is None:
            cell.metadata.pop("nbgrader", None)
        else:
            about.update({key: known.get(key, False) for key in DECIDING})
    return nb
