"""From what was handed in to what is executed: notebooks as bytes, and the files beside them."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import preprocessors
from nbgrader.converters import Autograde
from nbgrader.utils import is_locked

from bpkit.grading.beside import files_beside
from bpkit.grading.course import Course, UsageError
from bpkit.grading.handed_in import handed_in
from bpkit.grading.preflight import Unreadable, read_submission
from bpkit.grading.quarantine import NOT_GRADED, set_aside
from bpkit.grading.rebuild import rebuild
from bpkit.grading.variants import give_own, read_variants
from bpkit.grading.view import HidesUnknown, hidden_by
from bpkit.grading.work import Work

SANITIZERS = (
    preprocessors.ClearOutput,
    preprocessors.DeduplicateIds,
    preprocessors.OverwriteKernelspec,
    preprocessors.OverwriteCells,
    preprocessors.CheckCellMetadata,
)
"""nbgrader's own steps before execution. They look at the course's cells only, which every
submission has from the release: so they are taken once, for all."""

MOST_NAMED = 5
"""Files that a remark names before it counts them."""


class Assembler:
    """Makes the work of each submission of one assignment.

    Raises
    ------
    UsageError : if nbgrader cannot grade the release.
    """

    def __init__(self, course: Course, assignment: str):
        self.course, self.assignment = course, assignment
        self.variants = read_variants(course.root, assignment)
        course.directory.assignment_id = assignment
        self.converter = converter = Autograde(coursedir=course.directory, parent=course.app)
        steps = [load(step) for step in converter.sanitize_preprocessors]
        self.steps = [step(parent=converter) for step in steps if step not in SANITIZERS]
        once = [step(parent=converter) for step in steps if step in SANITIZERS]
        self.releases: dict[str, NotebookNode] = {}
        self.instructors: dict[str, dict[str, NotebookNode]] = {}
        """By notebook and grade_id: the cells as the gradebook has them, hidden tests and all."""
        for name in course.notebooks(assignment):
            path = course.release(assignment) / name
            self.releases[name] = nbformat.read(path, as_version=4)
            notebook = nbformat.from_dict(self.releases[name])
            about = resources(course, "", assignment, name)
            try:
                for step in once:
                    notebook, about = step(notebook, about)
            except Exception as error:
                raise UsageError(
                    f"nbgrader cannot grade {path} ({str(error).partition(chr(10))[0]}): "
                    f"run bpkit release {assignment}"
                ) from error
            self.releases[name].metadata = notebook.metadata
            self.releases[name].metadata.update(said_of(course.source(assignment) / name))
            self.instructors[name] = {
                cell.metadata.nbgrader.grade_id: cell
                for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("grade_id")
            }
        source = course.source(assignment)
        exclude = set(converter.exclude_overwriting.get(assignment, ()))
        self.files, refused = files_beside([source], course.directory.ignore, exclude)
        self.refused = tuple(f"{name} of the assignment is not given to it" for name in refused)

    def assemble(self, student: str) -> Work:
        """The work of one submission.

        Raises
        ------
        Unreadable : if a notebook or the timestamp cannot be read, or if there is no notebook.
        """
        folder = self.course.submitted(student, self.assignment)
        run_hook(self.converter.run_pre_convert_hook, self.converter, student, folder)
        submissions, time = read(self.course, self.assignment, student, self.releases)
        notebooks, remarks = {}, list(self.refused)
        for name, submission in submissions.items():
            notebooks[name], noted = self._rebuilt(student, name, submission)
            remarks += noted
        beside, refused = files_beside([folder], self.course.directory.ignore, ())
        remarks += not_given(refused)
        return Work(student, notebooks, {**beside, **self.files}, time, tuple(remarks))

    def _rebuilt(self, student: str, name: str, submission: dict) -> tuple[bytes, tuple[str, ...]]:
        notebook, remarks = rebuild(submission, self.releases[name])
        notebook.metadata = nbformat.from_dict(notebook.metadata)
        for cell in notebook.cells:
            known = self.instructors[name].get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if known is not None:
                cell.metadata = nbformat.from_dict(known.metadata)
                if is_locked(known):
                    cell.source = known.source
        remarks += give_own(notebook, student, self.variants, submission["cells"])
        about = resources(self.course, student, self.assignment, name)
        for step in self.steps:
            notebook, about = step(notebook, about)
        return json.dumps(notebook).encode(), remarks


def read(
    course: Course, assignment: str, student: str, names: Collection[str]
) -> tuple[dict[str, dict[str, Any]], datetime | None]:
    """What a student handed in: the notebooks of these names, and when.

    Raises
    ------
    Unreadable : if a notebook or the timestamp cannot be read, or if there is no notebook.
    """
    folder = course.submitted(student, assignment)
    try:
        time = handed_in(folder)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    notebooks = {}
    for name in names:
        path = folder / name
        if not path.is_symlink() and not path.exists():
            continue
        try:
            notebooks[name] = read_submission(path)
        except Unreadable as unreadable:
            set_aside(course, assignment, student, path, str(unreadable), NOT_GRADED)
            raise
    if not notebooks:
        raise Unreadable(f"no {' or '.join(names)} in {folder}")
    return notebooks, time


def not_given(refused: Sequence[str]) -> tuple[str, ...]:
    """What to say of files that lie beside a notebook and are left out."""
    if not refused:
        return ()
    names = ", ".join(sorted(refused)[:MOST_NAMED])
    more = f" and {len(refused) - MOST_NAMED} more" if len(refused) > MOST_NAMED else ""
    return (f"not given to the notebook, as links or too large: {names}{more}",)


def said_of(source: Path) -> dict:
    """What the instructor's notebook says to bpkit: the modules that it hides.

    Raises
    ------
    UsageError : if it hides what does not exist.
    """
    metadata = json.loads(source.read_text(encoding="utf-8"))["metadata"]
    try:
        hidden_by(metadata)
    except HidesUnknown as error:
        raise UsageError(f"{source}: {error}") from error
    return {"bpkit": metadata["bpkit"]} if "bpkit" in metadata else {}


def resources(course: Course, student: str, assignment: str, name: str) -> dict:
    """What nbgrader's steps want to know about a notebook."""
    notebook = name.removesuffix(".ipynb")
    return {
        "unique_key": notebook,
        "output_files_dir": f"{notebook}_files",
        "nbgrader": {
            "student": student,
            "assignment": assignment,
            "notebook": notebook,
            "db_url": course.directory.db_url,
        },
    }


def run_hook(run: Callable[[], None], converter: Autograde, student: str, folder: Path) -> None:
    """Run a hook that the course's configuration may have, as nbgrader would."""
    converter.coursedir.student_id = student
    converter.notebooks = sorted(map(str, folder.glob("*.ipynb")))
    run()


def load(step: type | str) -> type:
    """A step of nbgrader's, which a configuration may give by its name.

    Raises
    ------
    UsageError : if there is none of that name.
    """
    if isinstance(step, type):
        return step
    module, _, name = step.rpartition(".")
    try:
        return getattr(__import__(module, fromlist=[name]), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"nbgrader_config.py names the step {step!r}: {error}") from error
