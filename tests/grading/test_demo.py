"""The demo's folder: made anew when it is ours, never touched when it is not."""

from pathlib import Path

import pytest

from bpkit.grading.course import UsageError, find_course
from bpkit.grading.demo import MARKER, run_demo
from tests.grading.courses import at_once, make_course

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def source():
    return find_course(REPOSITORY)


class Stopped(Exception):
    """Ends a demo where it begins to collect."""


def stop(items, what):
    raise Stopped


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_that_is_not_ours_is_not_touched(source, tmp_path):
    thesis = tmp_path / "submitted" / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="holds files and is not a demo of bpkit's"):
        run_demo(source, tmp_path, 3, 0, at_once)
    assert contents(tmp_path) == before


def test_not_even_the_course_itself(source, tmp_path):
    course = make_course(tmp_path / "course")
    with pytest.raises(UsageError, match="is not a demo of bpkit's"):
        run_demo(source, course.root, 3, 0, at_once)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.parent)])
def test_what_is_no_folder(source, tmp_path, make):
    make(tmp_path / "demo")
    with pytest.raises(UsageError, match=r"is not a folder: choose another --dir"):
        run_demo(source, tmp_path / "demo", 3, 0, at_once)


def test_a_course_without_the_assignment(tmp_path):
    course = make_course(tmp_path / "course")
    with pytest.raises(UsageError, match="unknown assignment 'ps3'; there are: ps1"):
        run_demo(course, tmp_path / "demo", 3, 0, at_once)
    assert not (tmp_path / "demo").exists()


def test_a_demo_is_made_anew_and_what_else_lies_there_stays(source, tmp_path):
    demo = tmp_path / "demo"
    with pytest.raises(Stopped):
        run_demo(source, demo, 4, 0, stop)
    first = {path.name for path in (demo / "download").iterdir()}
    (demo / "my notes.txt").write_text("keep")
    (demo / "submitted" / "old").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (demo / "feedback").symlink_to(elsewhere)
    with pytest.raises(Stopped):
        run_demo(source, demo, 3, 1, stop)
    assert len(first) == 4
    assert len(list((demo / "download").iterdir())) == 3
    assert not (demo / "submitted").exists() and not (demo / "feedback").is_symlink()
    assert (elsewhere / "precious").exists()
    assert (demo / "my notes.txt").read_text() == "keep"
    assert (demo / MARKER).is_file()


def test_a_demo_that_is_running_is_not_disturbed(source, tmp_path):
    with pytest.raises(Stopped):
        run_demo(source, tmp_path / "demo", 3, 0, stop)
    with (
        find_course(tmp_path / "demo").alone(),
        pytest.raises(UsageError, match="another bpkit command is at work"),
    ):
        run_demo(source, tmp_path / "demo", 3, 0, stop)
    assert len(list((tmp_path / "demo" / "download").iterdir())) == 3


def test_the_same_seed_is_the_same_class(source, tmp_path):
    for name in "one", "two":
        with pytest.raises(Stopped):
            run_demo(source, tmp_path / name, 5, 7, stop)
    one, two = (
        {
            path.relative_to(tmp_path / name): (path.read_bytes(), path.stat().st_mtime)
            for path in (tmp_path / name / "download").rglob("*.ipynb")
        }
        for name in ("one", "two")
    )
    assert one == two and len(one) == 5


def test_the_class_is_in_the_gradebook_by_name(source, tmp_path):
    with pytest.raises(Stopped):
        run_demo(source, tmp_path / "demo", 3, 0, stop)
    with find_course(tmp_path / "demo").gradebook() as gradebook:
        students = gradebook.students
        assert len(students) == 3
        assert all(student.first_name and student.last_name for student in students)
