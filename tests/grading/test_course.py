"""Finding a course, and nbgrader's view of it."""

import os
import sqlite3
import sys

import pytest
from nbgrader.converters import GenerateAssignment

from bpkit.grading.course import ConversionFailed, Task, UsageError, find_course, open_course
from tests.grading.courses import ASSIGNMENT, CONFIG, make_course


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "tiny")


def test_a_course_is_found_from_any_folder_inside_it(course):
    inside = course.root / "solutions" / ASSIGNMENT
    assert find_course(inside).root == course.root


def test_the_nearest_course_wins(course):
    inner = make_course(course.root / "demo")
    assert find_course(inner.root / "solutions").root == inner.root


def test_the_configuration_of_the_course_counts_not_that_of_the_working_directory(
    course, tmp_path, monkeypatch
):
    (tmp_path / "nbgrader_config.py").write_text(CONFIG.replace("tiny", "elsewhere"))
    monkeypatch.chdir(tmp_path)
    assert open_course(course.root).directory.course_id == "tiny"


def test_nothing_is_imported_from_the_working_directory(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    open_course(course.root)
    assert sys.path == before


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda root: (root / "nbgrader_config.py").unlink(), "no course here: no nbgrader_config"),
        (lambda root: (root / "solutions").rename(root / "answers"), "no folder solutions/ in"),
        (
            lambda root: (root / "nbgrader_config.py").write_text("c = get_config(\n"),
            "nbgrader_config.py cannot be used: '(' was never closed",
        ),
        (
            lambda root: (root / "nbgrader_config.py").write_text(
                "c = get_config()\nc.CourseDirectory.course_id = 3\n"
            ),
            "nbgrader_config.py cannot be used: a wrong setting",
        ),
    ],
)
def test_what_is_wrong_with_a_course_is_one_sentence(course, spoil, sentence):
    spoil(course.root)
    with pytest.raises(UsageError) as error:
        find_course(course.root)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        find_course(tmp_path / "nowhere")


def test_nbgrader_takes_brackets_in_a_path_for_a_pattern(tmp_path):
    with pytest.raises(
        UsageError, match=r"rename the folder so that its path has none of \* \? \["
    ):
        make_course(tmp_path / "course [2025]")


def test_an_unknown_assignment_is_named_with_those_there_are(course):
    with pytest.raises(UsageError, match=r"unknown assignment 'ps9'; there are: ps1"):
        course.check_assignment("ps9")


def test_tasks_stand_in_the_order_of_the_notebook(course):
    assert course.tasks(ASSIGNMENT) == (
        Task("numbers", "test-double", 2.0, by_hand=False),
        Task("numbers", "test-negative", 1.0, by_hand=False),
        Task("numbers", "why", 3.0, by_hand=True),
    )


def test_students_are_the_folders_that_have_the_assignment(course):
    for name in f"ada/{ASSIGNMENT}", f"Zoë K/{ASSIGNMENT}", "bob/ps10":
        (course.root / "submitted" / name).mkdir(parents=True)
    (course.root / "submitted" / "note.txt").touch()
    assert course.students("submitted", ASSIGNMENT) == ("Zoë K", "ada")


def test_a_gradebook_is_made_although_alembic_is_not_on_the_path(course, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    course = open_course(course.root)
    with course.gradebook() as gradebook:
        assert gradebook.students == []
    assert (course.root / "gradebook.db").is_file()


def test_a_gradebook_that_is_none(course):
    (course.root / "gradebook.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(UsageError, match="cannot be used: file is not a database"):
        course.gradebook()


def test_a_failed_conversion_says_why_in_one_line_and_the_log_has_the_rest(course):
    path = course.source(ASSIGNMENT) / "numbers.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "### THE END"))
    with pytest.raises(ConversionFailed, match=r"^RuntimeError: no end solution statement found$"):
        course.convert(GenerateAssignment, ASSIGNMENT)
    assert "Traceback" in (course.root / "bpkit.log").read_text()


def test_a_locked_gradebook_is_named_as_such(course):
    with course.gradebook():
        pass
    other = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises((ConversionFailed, UsageError), match="locked"):
            course.convert(GenerateAssignment, ASSIGNMENT)
    finally:
        other.close()


def test_conversions_are_silent(course, capfd):
    course.convert(GenerateAssignment, ASSIGNMENT)
    assert capfd.readouterr() == ("", "")


def test_one_command_at_a_time(course):
    with (
        course.alone(),
        pytest.raises(UsageError, match="another bpkit command is at work"),
        course.alone(),
    ):
        pass
    with course.alone():
        assert os.path.exists(course.root / ".bpkit.lock")
