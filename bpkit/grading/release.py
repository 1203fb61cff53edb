"""solutions -> exercises: what students get, the same bytes whenever and wherever it is made."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import find_all_files

from bpkit.grading.course import ConversionFailed, Course, UsageError
from bpkit.grading.files import write_atomically

CELL_METADATA = {"nbgrader", "deletable", "editable", "tags"}
"""What a released cell keeps of its metadata; the rest (times, folds) is the editor's."""


@dataclass(frozen=True)
class Release:
    """What a release changed in the folder of an assignment."""

    assignment: str
    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    unchanged: int


def release(course: Course, assignment: str) -> Release:
    """Make the students' version of an assignment and enter it into the gradebook.

    Only files whose content changes are written, each in one step.

    Raises
    ------
    UsageError : for an unknown assignment, or a source that nbgrader cannot make a release of.
    """
    course.check_assignment(assignment)
    for name in course.notebooks(assignment):
        _check_ids(course.source(assignment) / name)
    folder = course.release(assignment)
    with course.alone(), TemporaryDirectory() as place, _releasing_to(course, place):
        try:
            course.convert(GenerateAssignment, assignment)
        except ConversionFailed as failure:
            raise UsageError(f"{assignment} was not released: {failure}") from failure
        built = {
            path.relative_to(course.release(assignment)): _released_bytes(path)
            for path in sorted(course.release(assignment).rglob("*"))
            if path.is_file()
        }
    written = tuple(
        folder / name for name, content in built.items() if write_atomically(folder / name, content)
    )
    stale = tuple(
        path
        for path in sorted(map(Path, find_all_files(str(folder), course.directory.ignore)))
        if path.relative_to(folder) not in built
    )
    for path in stale:
        path.unlink()
    return Release(assignment, written, stale, len(built) - len(written))


def _check_ids(path: Path) -> None:
    """A cell without an id would get a random one, and the release would never be the same."""
    notebook = nbformat.reader.reads(path.read_text(encoding="utf-8"))
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        return
    for number, cell in enumerate(notebook.cells, 1):
        if "id" not in cell:
            raise UsageError(f"{path}: cell {number} has no id; open and save it in JupyterLab")


@contextmanager
def _releasing_to(course: Course, place: str) -> Iterator[None]:
    kept = course.directory.release_directory
    course.directory.release_directory = os.path.abspath(place)
    try:
        yield
    finally:
        course.directory.release_directory = kept


def _released_bytes(path: Path) -> bytes:
    if path.suffix != ".ipynb":
        return path.read_bytes()
    notebook = _normalised(nbformat.read(path, as_version=4))
    nbformat.validate(notebook)
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def _normalised(notebook: NotebookNode) -> NotebookNode:
    """Without what depends on the machine and the editor that saved the source."""
    kernel = notebook.metadata.get("kernelspec", {"name": "python3", "display_name": "Python 3"})
    language = notebook.metadata.get("language_info", {}).get("name", "python")
    notebook.metadata = NotebookNode(kernelspec=kernel, language_info={"name": language})
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {name: value for name, value in cell.metadata.items() if name in CELL_METADATA}
        )
    return notebook
