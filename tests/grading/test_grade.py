"""A class through nbgrader: marks, resuming, and what one bad submission does to the others."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import nbformat
import pytest

from bpkit.grading import grade as module
from bpkit.grading import work
from bpkit.grading.collect import collect
from bpkit.grading.course import UsageError, open_course
from bpkit.grading.export import marks
from bpkit.grading.grade import Where, grade
from bpkit.grading.jail import JailUnavailable
from bpkit.grading.template import Template
from tests.grading.courses import (
    ASSIGNMENT,
    CONFIG,
    NOTEBOOK,
    RAISES,
    RIGHT,
    WRONG,
    answer,
    at_once,
    hand_in,
    make_released_course,
)

pytestmark = [pytest.mark.jail, pytest.mark.filterwarnings("ignore:Non-unique cell id")]

CLASS = {"ada": RIGHT, "bob": WRONG, "eve": RAISES}
MARKS = {"ada": (2, 1, None), "bob": (0, 0, None), "eve": (0, 0, None)}


def grade_all(course, **options):
    return grade(course, ASSIGNMENT, at_once, **options)


def given(course):
    _, rows = marks(course, ASSIGNMENT)
    return {row.student: row.by_task for row in rows}


def graded_path(course, student):
    return course.autograded(student, ASSIGNMENT) / NOTEBOOK


@pytest.fixture(scope="module")
def graded_template(tmp_path_factory):
    """A class that is graded: three students, and a file that cannot be read."""
    course = make_released_course(tmp_path_factory.mktemp("graded"))
    download = tmp_path_factory.mktemp("download")
    for student, code in CLASS.items():
        hand_in(download, student, answer(course, code))
    hand_in(download, "max", b"{")
    collect(course, ASSIGNMENT, download, at_once)
    return course, grade_all(course)


@pytest.fixture
def graded(graded_template, tmp_path):
    """A copy of it to change."""
    course, _ = graded_template
    shutil.copytree(course.root, tmp_path / "course")
    return open_course(tmp_path / "course")


def test_marks_are_nbgraders(graded_template):
    course, done = graded_template
    assert given(course) == {**MARKS, "max": (None, None, None)}
    assert done.graded == ("ada", "bob", "eve") and done.by_hand == 3


def test_what_cannot_be_read_needs_a_human_and_is_in_the_gradebook(graded_template):
    course, done = graded_template
    assert [(a.student, a.reason.split(" (")[0]) for a in done.attention] == [
        ("max", "numbers.ipynb is not JSON")
    ]
    with course.gradebook() as gradebook:
        assert gradebook.find_student("max").submissions == []


def test_hidden_tests_are_there_when_it_counts(graded_template):
    course, _ = graded_template
    assert "double(21)" in graded_path(course, "ada").read_text()


def test_submissions_are_left_as_they_were(graded_template):
    course, _ = graded_template
    submitted = (course.submitted("ada", ASSIGNMENT) / NOTEBOOK).read_bytes()
    assert submitted == nbformat.writes(answer(course, RIGHT)).encode()
    assert not list(course.root.glob(".grading-*"))


def test_a_second_run_grades_nothing_and_says_the_same(graded, graded_template):
    before = graded_path(graded, "ada").stat().st_mtime_ns
    done = grade_all(graded)
    assert (done.graded, done.already) == ((), ("ada", "bob", "eve"))
    assert done.attention == graded_template[1].attention
    assert graded_path(graded, "ada").stat().st_mtime_ns == before


def test_one_student_by_force(graded):
    done = grade_all(graded, student="bob", force=True)
    assert (done.graded, done.already, done.attention) == (("bob",), (), ())


def test_a_newer_submission_is_graded_again(graded, tmp_path):
    hand_in(tmp_path / "later", "bob", answer(graded, RIGHT))
    collect(graded, ASSIGNMENT, tmp_path / "later", at_once)
    assert grade_all(graded).graded == ("bob",)
    assert given(graded)["bob"] == MARKS["ada"]


def test_marks_by_hand_survive_grading_again(graded):
    with graded.gradebook() as gradebook:
        mark = gradebook.find_grade("why", "numbers", ASSIGNMENT, "ada")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        gradebook.db.commit()
    grade_all(graded, student="ada", force=True)
    assert given(graded)["ada"] == (2, 1, 2.5)


@pytest.fixture
def unsaved(graded):
    """The same, with a submission that is not graded yet."""
    shutil.copytree(graded.submitted("ada", ASSIGNMENT), graded.submitted("new", ASSIGNMENT))
    return graded


def test_remarks_are_in_the_notebook_for_the_report(mended):
    course, _ = mended
    metadata = json.loads(graded_path(course, "repeated").read_text())["metadata"]
    assert metadata["bpkit"]["events"] == [
        "cell double is there more than once: the last one was graded"
    ]


def test_a_second_run_shows_every_event_again(mended):
    course, done = mended
    again = grade_all(course)
    assert again.graded == () and again.attention == done.attention


def test_a_run_without_a_jail_is_on_record(unsaved):
    done = grade_all(unsaved, student="new", unsafe_no_jail=True)
    assert [(a.student, a.reason) for a in done.attention] == [
        ("(class)", "student code ran without a jail: 1 of 1 submissions")
    ]
    metadata = json.loads(graded_path(unsaved, "new").read_text())["metadata"]
    assert metadata["bpkit"]["events"] == ["student code ran without a jail"]
    assert given(unsaved)["new"] == MARKS["ada"]


def test_files_beside_a_notebook_are_read_and_kept(unsaved, tmp_path):
    """The course's own take the place of a student's; a link leads nowhere."""
    folder = unsaved.submitted("new", ASSIGNMENT)
    (folder / "mine.txt").write_text("21")
    (folder / "ours.txt").write_text("1000")
    (folder / "secret.txt").symlink_to(unsaved.root / "gradebook.db")
    (unsaved.source(ASSIGNMENT) / "ours.txt").write_text("2")
    code = "def double(x):\n    return int(open('ours.txt').read()) * x\nopen('mine.txt')"
    (folder / NOTEBOOK).write_text(nbformat.writes(answer(unsaved, code)))
    done = grade_all(unsaved, student="new")
    graded = unsaved.autograded("new", ASSIGNMENT)
    assert given(unsaved)["new"] == MARKS["ada"]
    assert (graded / "mine.txt").read_text() == "21" and (graded / "ours.txt").read_text() == "2"
    assert not (graded / "secret.txt").exists()
    assert [a.reason for a in done.attention] == [
        "not given to the notebook, as links or too large: secret.txt"
    ]


def test_a_lost_gradebook_is_filled_again(graded):
    (graded.root / "gradebook.db").unlink()
    with pytest.raises(UsageError, match="ps1 is not released yet: run bpkit release ps1"):
        grade_all(graded)
    module_release(graded)
    assert grade_all(graded).graded == ("ada", "bob", "eve")
    assert given(graded)["ada"] == MARKS["ada"]


def module_release(course):
    from bpkit.grading.release import release

    release(course, ASSIGNMENT)


def mangled(course):
    """Submissions that plain nbgrader stumbles over, and the marks that they deserve."""
    repeated = answer(course, RIGHT)
    repeated.cells.insert(1, repeated.cells[1])
    untested = answer(course, RIGHT)
    untested.cells = [cell for cell in untested.cells if not cell.id.startswith("test")]
    stripped = answer(course, RIGHT)
    for cell in stripped.cells:
        cell.metadata = {}
    greedy = answer(course, WRONG)
    for cell in greedy.cells[1:]:
        cell.metadata["nbgrader"]["points"] = 100
    old = answer(course, RIGHT)
    for cell in old.cells[1:]:
        cell.metadata["nbgrader"]["schema_version"] = 1
    foreign = answer(course, RIGHT)
    foreign.metadata.kernelspec = {"name": "julia", "display_name": "Julia"}
    text = nbformat.writes(answer(course, RIGHT))
    right, wrong = MARKS["ada"], MARKS["bob"]
    return {
        "repeated": (repeated, right),
        "untested": (untested, right),
        "stripped": (stripped, (2, 1, 0)),
        "greedy": (greedy, wrong),
        "old": (old, right),
        "foreign": (foreign, right),
        "marked": (b"\xef\xbb\xbf" + text.encode(), right),
        "windows": (text.replace("\n", "\r\n").encode(), right),
    }


@pytest.fixture(scope="module")
def mended(tmp_path_factory):
    course = make_released_course(tmp_path_factory.mktemp("mangled"))
    download = tmp_path_factory.mktemp("download")
    for student, (content, _) in mangled(course).items():
        hand_in(download, student, content)
    collect(course, ASSIGNMENT, download, at_once)
    return course, grade_all(course)


def test_mangled_notebooks_get_what_they_deserve(mended):
    course, done = mended
    assert given(course) == {student: marks for student, (_, marks) in mangled(course).items()}
    assert [(a.student, a.reason) for a in done.attention] == [
        ("repeated", "cell double is there more than once: the last one was graded"),
        ("stripped", "without their ids, known by what they define: double"),
        ("stripped", "cell why is missing"),
        ("untested", "deleted, graded as released: test-double, test-negative"),
    ]


def test_one_bad_submission_does_not_stop_the_others(graded, tmp_path):
    """What did not come through ``bpkit collect`` may be anything."""
    secret = tmp_path / "secret.ipynb"
    secret.write_text(nbformat.writes(answer(graded, RIGHT)))
    folders = {}
    for name in "link", "empty", "zero", "time", "pipe", "directory", "utf16":
        folders[name] = graded.submitted(name, ASSIGNMENT)
        folders[name].mkdir(parents=True)
    (folders["link"] / NOTEBOOK).symlink_to(secret)
    (folders["zero"] / NOTEBOOK).touch()
    (folders["time"] / NOTEBOOK).write_bytes(secret.read_bytes())
    (folders["time"] / "timestamp.txt").write_text("yesterday")
    (folders["pipe"] / NOTEBOOK).write_bytes(secret.read_bytes())
    os.mkfifo(folders["pipe"] / "timestamp.txt")
    (folders["directory"] / NOTEBOOK).mkdir()
    (folders["utf16"] / NOTEBOOK).write_text(secret.read_text(), encoding="utf-16")
    os.utime(hand_in(graded.root / "submitted", f"new/{ASSIGNMENT}", answer(graded, RIGHT)))
    done = grade_all(graded)
    assert done.graded == ("new",)
    assert given(graded)["new"] == MARKS["ada"]
    reasons = {a.student: a.reason for a in done.attention}
    assert reasons.keys() == {*folders, "max"}
    for student, sentence in {
        "link": "is a link",
        "empty": "no numbers.ipynb in",
        "zero": "is empty",
        "time": "timestamp.txt holds no date",
        "pipe": "timestamp.txt is a link or a device",
        "directory": "is a directory",
        "utf16": "UTF-16",
    }.items():
        assert sentence in reasons[student]


def test_an_error_of_nbgraders_is_one_line_and_stops_nobody(graded, monkeypatch):
    from nbgrader.preprocessors import SaveAutoGrades

    original = SaveAutoGrades.preprocess

    def stumble(self, nb, resources):
        if resources["nbgrader"]["student"] == "bob":
            raise KeyError("grade_id")
        return original(self, nb, resources)

    monkeypatch.setattr(SaveAutoGrades, "preprocess", stumble)
    shutil.rmtree(graded.autograded("bob", ASSIGNMENT))
    done = grade_all(graded, force=True)
    assert done.graded == ("ada", "eve")
    assert ("bob", "not graded: KeyError: 'grade_id'") in [
        (a.student, a.reason) for a in done.attention
    ]
    monkeypatch.undo()
    assert grade_all(graded).graded == ("bob",)


def test_a_student_called_star_is_not_the_whole_class(graded):
    shutil.copytree(graded.submitted("ada", ASSIGNMENT), graded.submitted("*", ASSIGNMENT))
    before = graded_path(graded, "bob").stat().st_mtime_ns
    assert grade_all(graded, student="*", force=True).graded == ("*",)
    assert graded_path(graded, "bob").stat().st_mtime_ns == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_without_a_jail_nothing_is_graded(unsaved, monkeypatch, tmp_path, jobs):
    monkeypatch.setenv("PATH", str(tmp_path))
    before = graded_path(unsaved, "ada").stat().st_mtime_ns
    with pytest.raises(JailUnavailable, match="bubblewrap, which makes it, is not installed"):
        grade_all(unsaved, force=True, where=Where(jobs=jobs))
    assert graded_path(unsaved, "ada").stat().st_mtime_ns == before
    assert not unsaved.autograded("new", ASSIGNMENT).exists()


def test_a_jail_that_does_not_start_once_is_tried_again(unsaved, monkeypatch):
    """One submission in a class meets it; it must not stop the others."""
    spawn, failures = Template.spawn, ["once"]

    def stumble(self, limits, files=None):
        if failures:
            raise JailUnavailable(failures.pop())
        return spawn(self, limits, files)

    monkeypatch.setattr(Template, "spawn", stumble)
    monkeypatch.setattr(work, "jail_problem", lambda: None)
    done = grade_all(unsaved, student="new")
    assert done.graded == ("new",) and not done.attention


def test_a_submission_for_which_no_jail_starts_fails_alone(graded, monkeypatch):
    spawn = Template.spawn

    def stumble(self, limits, files=None):
        if "for bob" in files:
            raise JailUnavailable("too many processes")
        return spawn(self, limits, files)

    (graded.submitted("bob", ASSIGNMENT) / "for bob").touch()
    monkeypatch.setattr(Template, "spawn", stumble)
    monkeypatch.setattr(work, "jail_problem", lambda: None)
    done = grade_all(graded, force=True, where=Where(jobs=1))
    assert done.graded == ("ada", "eve")
    assert (
        "bob",
        "not graded: RuntimeError: no jail started for it, 2 times (too many processes)",
    ) in [(a.student, a.reason) for a in done.attention]


def test_the_jail_is_used_whatever_the_configuration_says(graded):
    """CONFIG does not name the executor; nbgrader's own would run on the instructor's account."""
    assert "JailedExecute" not in CONFIG
    outside = graded.root / "outside"
    escape = f"open({str(outside)!r}, 'w').write('x')\n{RIGHT}"
    path = graded.submitted("ada", ASSIGNMENT) / NOTEBOOK
    path.write_text(nbformat.writes(answer(graded, escape)))
    grade_all(graded, student="ada", force=True)
    assert not outside.exists()
    assert given(graded)["ada"] == (0, 0, None)


def test_another_executor_is_refused(graded):
    text = 'c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.SaveAutoGrades"]\n'
    (graded.root / "nbgrader_config.py").write_text(CONFIG + text)
    with pytest.raises(UsageError, match="another executor than bpkit's"):
        grade_all(open_course(graded.root))


def test_a_course_may_be_opened_by_a_relative_path(unsaved, monkeypatch):
    monkeypatch.chdir(unsaved.root.parent)
    course = open_course(Path(unsaved.root.name))
    assert grade_all(course, student="new").graded == ("new",)
    assert Path.cwd() == unsaved.root.parent


def test_a_full_disk_stops_the_run_before_it_does_harm(graded, monkeypatch):
    monkeypatch.setattr(module, "LEAST_DISK", 2**60)
    with pytest.raises(UsageError, match=r"the disk of .* is full"):
        grade_all(graded, force=True)
    monkeypatch.undo()
    assert given(graded)["ada"] == MARKS["ada"]


def test_an_unknown_student(graded):
    with pytest.raises(UsageError, match="no submission of ps1 by 'nobody' in submitted/"):
        grade_all(graded, student="nobody")


def test_the_gradebook_is_sound_afterwards(graded):
    grade_all(graded, force=True)
    with sqlite3.connect(graded.root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
