"""nbgrader's own autograde, with submissions that it should not be given as they are."""

import gc
import os
import time

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from bpkit.grading import executor
from bpkit.grading.course import open_course
from bpkit.grading.intake import CHECKED, FORGOTTEN
from bpkit.grading.quarantine import DEADLY, NOT_GRADED, quarantined, set_aside
from tests.grading.courses import (
    ASSIGNMENT,
    NOTEBOOK,
    RIGHT,
    WRONG,
    answer,
    hand_in,
    make_released_course,
)
from tests.grading.pretend import pretend


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A released course, whose submissions run without a jail or a judge."""
    monkeypatch.setattr(executor, "execute_notebook", pretend)
    return make_released_course(tmp_path / "course")


def settings(course, **about):
    """What nbgrader_config.py has."""
    config = Config()
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.CourseDirectory.root = str(course.root)
    config.Autograde.exporter_class = "bpkit.grading.intake.CheckedSubmissions"
    steps = [
        step if step.__name__ != "Execute" else executor.JailedExecute
        for step in Autograde().autograde_preprocessors
    ]
    config.Autograde.autograde_preprocessors = steps
    config.Autograde.update(about)
    return config


def converter(course, **about):
    """nbgrader's converter."""
    config = settings(course, **about)
    coursedir = CourseDirectory(config=config, assignment_id=ASSIGNMENT)
    return Autograde(coursedir=coursedir, config=config)


def autograde(course, **about):
    """The sum of the marks of each student who has any; and whether nbgrader is content."""
    try:
        converter(course, **about).start()
        content = True
    except NbGraderException:
        content = False
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        return content, {
            submission.student_id: submission.score
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
            if any(g.auto_score is not None for n in submission.notebooks for g in n.grades)
        }


def submit(course, student, content=None, **answers):
    content = answer(course, RIGHT, **answers) if content is None else content
    return hand_in(course.root / "submitted", f"{student}/{ASSIGNMENT}", content).parent


def put(make):
    """Something at the notebook's place."""

    def change(path):
        path.unlink()
        make(path)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put(os.mkfifo), "is a pipe or device, not a file"),
        (put(lambda path: path.symlink_to("/dev/zero")), "is a link"),
        (put(lambda path: path.symlink_to(f"../../ada/{ASSIGNMENT}/{NOTEBOOK}")), "is a link"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b'{"cells": ['), "is not JSON"),
        (lambda path: os.truncate(path, 50 << 20), "is larger than 20 MB"),
        (lambda path: path.write_text(path.read_text().replace("So", "\\u0000")), "a NUL char"),
        (lambda path: os.mkfifo(path.with_name("timestamp.txt")), "timestamp.txt is a link or a"),
        (lambda path: path.rename(path.with_name("mine.ipynb")), "no numbers.ipynb in"),
    ],
)
def test_what_cannot_be_read_fails_alone_with_one_sentence(course, caplog, change, sentence):
    submit(course, "ada")
    folder = submit(course, "bad", text="So it is.")
    change(folder / NOTEBOOK)
    submit(course, "cleo")
    assert autograde(course) == (False, {"ada": 3, "cleo": 3})
    (told,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("Not graded")]
    assert told.startswith("Not graded: bad: ") and sentence in told
    assert not course.autograded("bad", ASSIGNMENT).exists()


def test_the_reason_is_kept_until_it_is_graded(course):
    folder = submit(course, "ada", b"{")
    autograde(course)
    (case,) = quarantined(open_course(course.root), ASSIGNMENT)
    assert case.student == "ada" and "is not JSON" in case.reason
    submit(course, "ada")
    assert autograde(course) == (True, {"ada": 3})
    assert quarantined(course, ASSIGNMENT) == () and folder.exists()


def test_what_killed_those_who_ran_it_is_not_run_again_without_force(course):
    path = submit(course, "ada") / NOTEBOOK
    set_aside(course, ASSIGNMENT, "ada", path, f"{NOTEBOOK} killed 3: {DEADLY}", NOT_GRADED)
    assert autograde(course) == (False, {})
    assert autograde(course, force=True) == (True, {"ada": 3})


def test_links_pipes_and_large_files_beside_it_are_left_out(course, tmp_path):
    (tmp_path / "secret").write_text("x")
    folder = submit(course, "ada")
    (folder / "data.txt").write_text("1")
    (folder / "link.txt").symlink_to(tmp_path / "secret")
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    (folder / "large").touch()
    os.truncate(folder / "large", 1 << 30)
    assert autograde(course) == (True, {"ada": 3})
    graded = course.autograded("ada", ASSIGNMENT)
    assert {path.name for path in graded.iterdir()} == {NOTEBOOK, "data.txt"}
    (event,) = nbformat.read(graded / NOTEBOOK, as_version=4).metadata.bpkit.events
    assert event == "not given to the notebook, as links or too large: large, link.txt, pipe, zero"


def mangled(course):
    """Submissions of which nbgrader makes something else, or stops at them."""
    repeated, untested, forged = (answer(course, RIGHT) for _ in range(3))
    repeated.cells.insert(1, repeated.cells[2])
    untested.cells = [cell for cell in untested.cells if not cell.id.startswith("test")]
    for cell in forged.cells[1:]:
        cell.metadata["nbgrader"].update(points=100, schema_version=1)
    stripped = answer(course, RIGHT)
    for cell in stripped.cells:
        cell.metadata = {}
    return {"repeated": repeated, "untested": untested, "forged": forged, "stripped": stripped}


def test_mangled_notebooks_get_what_they_deserve(course):
    for student, notebook in mangled(course).items():
        submit(course, student, notebook)
    assert autograde(course) == (True, dict.fromkeys(mangled(course), 3))
    graded = course.autograded("untested", ASSIGNMENT) / NOTEBOOK
    assert nbformat.read(graded, as_version=4).metadata.bpkit.events == [
        "deleted, graded as released: test-double, test-negative"
    ]


def test_a_name_may_hold_what_is_special_in_patterns(course):
    submit(course, "[ab]")
    submit(course, "a")
    assert autograde(course) == (True, {"[ab]": 3, "a": 3})


def test_what_is_graded_is_left_alone_until_something_newer_comes(course):
    folder = submit(course, "ada")
    (folder / "timestamp.txt").write_text("2025-03-14 10:00:00 UTC")
    assert autograde(course) == (True, {"ada": 3})
    submit(course, "ada", answer(course, WRONG))
    assert autograde(course) == (True, {"ada": 3})
    (folder / "timestamp.txt").write_text("2025-03-15 10:00:00 UTC")
    assert autograde(course) == (True, {"ada": 0})
    submit(course, "ada")
    assert autograde(course, force=True) == (True, {"ada": 3})


def test_one_student_only(course):
    for student in "ada", "bob":
        submit(course, student)
    chosen = converter(course)
    chosen.coursedir.student_id = "bob"
    chosen.start()
    assert course.students("autograded", ASSIGNMENT) == ("bob",)


def test_nothing_stays_and_what_others_share_is_not_changed(course):
    forgotten = course.root / f"{CHECKED}killed"
    forgotten.mkdir()
    os.utime(forgotten, (time.time() - FORGOTTEN - 60,) * 2)
    submit(course, "ada")
    working = converter(course)
    shared = working.coursedir
    working.start()
    assert shared.submitted_directory == "submitted"
    assert not forgotten.exists() and len(list(course.root.glob(f"{CHECKED}*"))) == 1
    del working
    gc.collect()
    assert not list(course.root.glob(f"{CHECKED}*"))


def test_formgraders_button_does_the_same_and_tells_of_a_failure(course):
    """It keeps one object for the course directory as long as the server runs."""
    config = settings(course)
    server = NbGraderAPI(CourseDirectory(config=config), config=config)
    os.mkfifo(submit(course, "bad") / "timestamp.txt")
    submit(course, "ada")
    assert server.autograde(ASSIGNMENT, "ada")["success"]
    done = server.autograde(ASSIGNMENT, "bad")
    assert not done["success"]
    assert "Not graded: bad: timestamp.txt is a link or a device; delete it" in done["log"]
    assert server.coursedir.submitted_directory == "submitted"
    assert server.get_submission(ASSIGNMENT, "ada")["score"] == 3
    assert course.students("autograded", ASSIGNMENT) == ("ada",)


def test_an_assignment_that_is_not_released_is_one_sentence(course):
    submit(course, "ada")
    (course.release(ASSIGNMENT) / NOTEBOOK).unlink()
    with pytest.raises(NbGraderException, match="release it first, with bpkit release ps1"):
        converter(course).start()
