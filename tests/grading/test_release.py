"""A release is the same bytes whenever and wherever it is made."""

import json

import nbformat
import pytest

from bpkit.grading.course import UsageError
from bpkit.grading.release import release
from tests.grading.courses import ASSIGNMENT, NOTEBOOK, SECRET, answer, hand_in, make_course

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "tiny")


def released(course):
    return (course.release(ASSIGNMENT) / NOTEBOOK).read_bytes()


def edit(course, change):
    """Save the source again with ``change(notebook)`` made to it."""
    path = course.source(ASSIGNMENT) / NOTEBOOK
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))


def test_solutions_and_hidden_tests_are_gone_and_nbgrader_metadata_stays(course):
    release(course, ASSIGNMENT)
    text = released(course).decode()
    assert "2 * x" not in text and SECRET not in text and "HIDDEN" not in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    cells = {cell.id: cell for cell in notebook.cells}
    assert cells["test-double"].metadata.nbgrader.points == 2
    assert cells["test-double"].metadata.editable is False
    assert "raise NotImplementedError" in cells["double"].source


def test_a_second_release_writes_nothing(course):
    release(course, ASSIGNMENT)
    before = (course.release(ASSIGNMENT) / NOTEBOOK).stat().st_mtime_ns
    again = release(course, ASSIGNMENT)
    assert (again.written, again.removed, again.unchanged) == ((), (), 1)
    assert (course.release(ASSIGNMENT) / NOTEBOOK).stat().st_mtime_ns == before


def saved_by_another_editor(notebook):
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.14.1"}
    notebook["metadata"]["widgets"] = {"state": {}}
    for cell in notebook["cells"]:
        cell["metadata"]["ExecuteTime"] = {"start_time": "2025-01-01T00:00:00Z"}
        cell["metadata"]["collapsed"] = True
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["4"]}]


def test_the_machine_and_the_editor_leave_no_trace(course, tmp_path):
    release(course, ASSIGNMENT)
    elsewhere = make_course(tmp_path / "somewhere else")
    edit(elsewhere, saved_by_another_editor)
    release(elsewhere, ASSIGNMENT)
    assert released(elsewhere) == released(course)


def test_a_change_of_the_source_is_released(course):
    release(course, ASSIGNMENT)
    edit(course, lambda notebook: notebook["cells"][0].update(source="# Numbers, again"))
    made = release(course, ASSIGNMENT)
    assert made.written == (course.release(ASSIGNMENT) / NOTEBOOK,)
    assert b"Numbers, again" in released(course)


def test_other_files_come_along_and_stale_ones_go(course):
    (course.source(ASSIGNMENT) / "data.csv").write_bytes(b"1,2\r\n")
    release(course, ASSIGNMENT)
    assert (course.release(ASSIGNMENT) / "data.csv").read_bytes() == b"1,2\r\n"
    (course.source(ASSIGNMENT) / "data.csv").unlink()
    made = release(course, ASSIGNMENT)
    assert made.removed == (course.release(ASSIGNMENT) / "data.csv",)
    assert [path.name for path in course.release(ASSIGNMENT).iterdir()] == [NOTEBOOK]


def test_a_failed_release_leaves_the_old_one(course):
    release(course, ASSIGNMENT)
    before = released(course)
    edit(course, lambda nb: nb["cells"][1].update(source="### BEGIN SOLUTION\n1"))
    with pytest.raises(UsageError, match=r"ps1 was not released: RuntimeError: no end solution"):
        release(course, ASSIGNMENT)
    assert released(course) == before


def test_a_cell_without_an_id_is_named(course):
    edit(course, lambda notebook: notebook["cells"][2].pop("id"))
    with pytest.raises(UsageError, match=r"numbers\.ipynb: cell 3 has no id"):
        release(course, ASSIGNMENT)


def test_tests_cannot_change_under_submissions(course):
    release(course, ASSIGNMENT)
    hand_in(course.root / "submitted", "ada", answer(course, "def double(x): return 2 * x"))
    with course.gradebook() as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(ASSIGNMENT, "ada")
    edit(course, lambda notebook: notebook["cells"].pop(3))
    with pytest.raises(UsageError, match="there are submissions associated with it"):
        release(course, ASSIGNMENT)
