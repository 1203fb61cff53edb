"""A tiny course: one assignment, two tests (one of them hidden in part) and one free text."""

import atexit
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bpkit.grading.course import Course, open_course
from bpkit.grading.release import release

ASSIGNMENT = "ps1"
NOTEBOOK = "numbers.ipynb"

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "tiny"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.GenerateFeedback.preprocessors = [
    "bpkit.grading.feedback.GetMarks",
    "bpkit.grading.feedback.HideHiddenTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.GenerateFeedback.exporter_class = "bpkit.grading.feedback_page.FeedbackExporter"
"""

SECRET = "double(21) == 42"

RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return x * x"  # right for 2, which the visible test tries
RAISES = "def double(x):\n    return undefined_name"
LOOPS = "def double(x):\n    while True:\n        pass"


def nbgrader(grade_id: str, **about) -> dict:
    """The metadata of a cell that nbgrader knows."""
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **plain, **about}}


def source_notebook() -> nbformat.NotebookNode:
    """The instructor's notebook."""
    solution = RIGHT.replace(
        "    return 2 * x", "    ### BEGIN SOLUTION\n    return 2 * x\n    ### "
    )
    test = f"assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert {SECRET}\n### END HIDDEN TESTS"
    graded = {"grade": True, "locked": True}
    cells = [
        new_markdown_cell("# Numbers", id="title"),
        new_code_cell(
            solution + "END SOLUTION", id="double", metadata=nbgrader("double", solution=True)
        ),
        new_code_cell(test, id="test-double", metadata=nbgrader("test-double", points=2, **graded)),
        new_code_cell(
            "assert double(-1) == -2",
            id="test-negative",
            metadata=nbgrader("test-negative", points=1, **graded),
        ),
        new_markdown_cell(
            "Because.", id="why", metadata=nbgrader("why", grade=True, solution=True, points=3)
        ),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def make_course(root: Path) -> Course:
    """Write the course into ``root``, with an empty gradebook, and open it."""
    shutil.copytree(_template(), root, dirs_exist_ok=True)
    return open_course(root)


def make_released_course(root: Path) -> Course:
    """The same, after ``bpkit release``."""
    shutil.copytree(_released_template(), root, dirs_exist_ok=True)
    return open_course(root)


@cache
def _template() -> Path:
    """Made once: a new gradebook takes nbgrader a second."""
    root = _temporary()
    (root / "solutions" / ASSIGNMENT).mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbformat.write(source_notebook(), root / "solutions" / ASSIGNMENT / NOTEBOOK)
    open_course(root).gradebook().close()
    return root


@cache
def _released_template() -> Path:
    root = _temporary()
    release(make_course(root), ASSIGNMENT)
    return root


def _temporary() -> Path:
    root = Path(mkdtemp(prefix="bpkit-course-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def answer(course: Course, code: str, text: str = "It is so.") -> nbformat.NotebookNode:
    """What a student makes of the release."""
    notebook = nbformat.read(course.release(ASSIGNMENT) / NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.id == "double":
            cell.source = code
        if cell.id == "why":
            cell.source = text
    return notebook


def hand_in(folder: Path, student: str, content: nbformat.NotebookNode | bytes) -> Path:
    """Put a submission into a download folder."""
    path = folder / student / NOTEBOOK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else nbformat.writes(content).encode())
    return path


def at_once(items, what):
    """A progress bar that shows nothing."""
    return items


def outputs(path: Path, cell_id: str) -> list[dict]:
    """The stored outputs of one cell."""
    cells = json.loads(path.read_text())["cells"]
    return next(cell["outputs"] for cell in cells if cell["id"] == cell_id)
