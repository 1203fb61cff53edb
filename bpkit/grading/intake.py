"""What ``nbgrader autograde`` reads: submissions that were checked and rebuilt before.

nbgrader opens and copies whatever lies in ``submitted/``: it waits at a pipe, follows links, and
stops the batch at some malformed notebooks. Its converter makes its exporter when it knows the
submissions and has opened none. So nbgrader_config.py names `CheckedSubmissions` as the exporter of
``Autograde``: it puts a rebuilt copy of each submission into a folder of its own, and points the
converter to it. What cannot be read fails as nbgrader's own failures do, one submission at a time.
"""

import copy
import shutil
import time
import weakref
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from bpkit.grading.assemble import not_given, read
from bpkit.grading.beside import files_beside
from bpkit.grading.course import Course, UsageError
from bpkit.grading.handed_in import TIMESTAMP, is_newer
from bpkit.grading.preflight import Unreadable
from bpkit.grading.quarantine import DEADLY, graded_after_all, is_deadly
from bpkit.grading.rebuild import rebuild
from bpkit.grading.variants import give_own, read_variants
from bpkit.grading.work import not_graded

CHECKED = ".autograding-"
"""How the folders with checked submissions are called, in the course's."""
FORGOTTEN = 24 * 3600
"""Seconds after which such a folder belongs to a run that was killed."""


class CheckedSubmissions(NotebookExporter):
    """nbgrader's exporter of notebooks, which hands it no file of a student's.

    Attributes
    ----------
    problems : by the notebook that nbgrader is given, why there is nothing in it.
    remarks : by student, what a human may want to know about how a notebook was rebuilt.
    variants : by student, the number of their own hand-out.
    """

    def __init__(self, config: Any = None, **kwargs: Any):
        super().__init__(config=config, **kwargs)
        self.problems: dict[str, str] = {}
        self.remarks: dict[str, tuple[str, ...]] = {}
        self.variants: dict[str, int] = {}
        if isinstance(self.parent, Autograde):
            self._take_in(self.parent)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[Any, Any]:
        """The notebook in a file that was made here.

        Raises
        ------
        NbGraderException : if the submission cannot be read, with a sentence on why.
        """
        if problem := self.problems.get(filename):
            self.log.error("Not graded: %s", problem)
            raise NbGraderException(problem)
        return super().from_filename(filename, resources=resources, **kwargs)

    def _take_in(self, converter: Autograde) -> None:
        """Check all submissions that the converter is going to grade, and lead it to the copies."""
        original, assignment = converter.coursedir, converter.coursedir.assignment_id
        root = Path(original.root)
        course = Course(root, SimpleNamespace(coursedir=original, log=self.log))
        releases = _releases(course, assignment)
        try:
            self.variants = read_variants(root, assignment)
        except UsageError as error:
            raise NbGraderException(str(error)) from None
        for forgotten in root.glob(f"{CHECKED}*"):
            if time.time() - forgotten.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(forgotten, ignore_errors=True)
        place = Path(mkdtemp(prefix=CHECKED, dir=root))
        weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
        converter.coursedir = checked = copy.copy(original)
        checked.submitted_directory = place.name
        converter.assignments = {}
        for student in course.students("submitted", assignment):
            if not fnmatch(student, original.student_id):
                continue
            if _is_done(converter, course, student):
                self.log.info("%s is graded already", student)
                continue
            folder = Path(checked.format_path(place.name, student, assignment))
            folder.mkdir(parents=True)
            names = [
                name
                for name in self._check(
                    course, assignment, student, releases, folder, converter.force
                )
                if fnmatch(name, f"{original.notebook_id}.ipynb")
            ]
            if names:
                converter.assignments[str(folder)] = [str(folder / name) for name in names]

    def _check(
        self,
        course: Course,
        assignment: str,
        student: str,
        releases: Mapping[str, NotebookNode],
        folder: Path,
        force: bool,
    ) -> list[str]:
        """Write a checked copy of a submission; the names of its notebooks."""
        try:
            if is_deadly(course, assignment, student) and not force:
                raise Unreadable(f"it killed the processes that ran it: {DEADLY}")
            submissions, handed_in = read(course, assignment, student, releases)
            rebuilt = {name: rebuild(nb, releases[name]) for name, nb in submissions.items()}
            submitted = course.submitted(student, assignment)
            files, refused = files_beside([submitted], course.directory.ignore, ())
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            if handed_in:
                (folder / TIMESTAMP).write_text(f"{handed_in:%Y-%m-%d %H:%M:%S.%f} UTC\n")
            for name, (notebook, _) in rebuilt.items():
                nbformat.write(notebook, folder / name)
        except Exception as error:
            if not isinstance(error, Unreadable):
                self.log.exception("%s", student)
            reason = str(error) if isinstance(error, Unreadable) else not_graded(error)
            for name in releases:
                # nbgrader gives 0 marks for a notebook that is not there, and none for one that is
                (folder / name).touch()
                self.problems[str(folder / name)] = f"{student}: {reason}"
            return list(releases)
        remarks = [remark for _, noted in rebuilt.values() for remark in noted]
        for name, (notebook, _) in rebuilt.items():
            # what is said here is done by JailedExecute: nbgrader restores the cell before that
            remarks += give_own(notebook, student, self.variants, submissions[name]["cells"])
        self.remarks[student] = (*remarks, *not_given(refused))
        for remark in self.remarks[student]:
            self.log.warning("%s: %s", student, remark)
        graded_after_all(course, assignment, student)
        return list(rebuilt)


def _releases(course: Course, assignment: str) -> dict[str, NotebookNode]:
    """The notebooks that students got, by file name.

    Raises
    ------
    NbGraderException : if they are not there.
    """
    folder = course.release(assignment)
    try:
        return {
            name: nbformat.read(folder / name, as_version=4)
            for name in course.notebooks(assignment)
        }
    except OSError as error:
        raise NbGraderException(
            f"{folder} has not all notebooks of {assignment} ({error.strerror}): release it first, "
            f"with bpkit release {assignment}"
        ) from None


def _is_done(converter: Autograde, course: Course, student: str) -> bool:
    """Whether nbgrader would not grade a submission because it has graded it already."""
    directory = course.directory
    graded = course.autograded(student, directory.assignment_id)
    anew = converter.force or directory.notebook_id != "*" or not graded.exists()
    return not anew and not is_newer(course, directory.assignment_id, student)
