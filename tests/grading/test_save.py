"""What `bpkit grade` leaves behind is what nbgrader's own Autograde leaves behind."""

import shutil
import sqlite3
import stat
import threading
from datetime import datetime

import nbformat
import pytest
from nbgrader.converters import Autograde

from bpkit.grading import execution, executor
from bpkit.grading.course import open_course
from bpkit.grading.grade import Where, grade
from bpkit.grading.release import release
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
    make_course,
)
from tests.grading.gradebooks import contents
from tests.grading.pretend import pretend

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

SETTINGS = """
c.LateSubmissionPlugin.penalty_method = "zero"
c.Autograde.autograde_preprocessors = [
    "bpkit.grading.executor.JailedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""
SECOND = "second.ipynb"
CLASS = {
    "ada": RIGHT,
    "bob": WRONG,
    "eve": RAISES,
    "late": RIGHT,
    "half": RIGHT,
    "untimed": WRONG,
    "chatty": RIGHT + "\nfor i in range(3):\n    print(i)",
}


@pytest.fixture(scope="module")
def class_of_two_notebooks(tmp_path_factory):
    """Two notebooks to be handed in by a date, and a class of which some do."""
    course = make_course(tmp_path_factory.mktemp("two"))
    (course.root / "nbgrader_config.py").write_text(CONFIG + SETTINGS)
    source = course.source(ASSIGNMENT)
    shutil.copyfile(source / NOTEBOOK, source / SECOND)
    (source / "numbers.csv").write_text("1,2\n")
    course = open_course(course.root)
    release(course, ASSIGNMENT)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=datetime(2025, 1, 1))
    for student, code in CLASS.items():
        hand_in(course.root / "submitted", f"{student}/{ASSIGNMENT}", answer(course, code))
        folder = course.submitted(student, ASSIGNMENT)
        if student != "half":
            shutil.copyfile(folder / NOTEBOOK, folder / SECOND)
        if student != "untimed":
            year = 2026 if student == "late" else 2024
            (folder / "timestamp.txt").write_text(f"{year}-06-01 12:00:00.5 UTC\n")
        (folder / "notes").mkdir()
        (folder / "notes" / "mine.txt").write_text(student)
    return course


def copies(course, tmp_path, monkeypatch):
    """Two copies of a course, in which nothing is really executed."""
    monkeypatch.setattr(execution, "execute_notebook", pretend)
    monkeypatch.setattr(executor, "execute_notebook", pretend)
    for name in "theirs", "ours":
        shutil.copytree(course.root, tmp_path / name)
    return open_course(tmp_path / "theirs"), open_course(tmp_path / "ours")


def files(course):
    root = course.root / "autograded"
    return {
        path.relative_to(root): (path.read_text(), stat.S_IMODE(path.stat().st_mode))
        for path in root.rglob("*")
        if path.is_file()
    }


def grade_both(theirs, ours):
    for student in CLASS:
        theirs.convert(Autograde, ASSIGNMENT, student)
    done = grade(ours, ASSIGNMENT, at_once, force=True, unsafe_no_jail=True, where=Where(jobs=1))
    assert set(done.graded) == set(CLASS)


def mark_by_hand(course):
    with course.gradebook() as gradebook:
        mark = gradebook.find_grade("why", "numbers", ASSIGNMENT, "ada")
        mark.manual_score, mark.extra_credit, mark.needs_manual_grade = 2.5, 0.5, False
        gradebook.find_comment("why", "numbers", ASSIGNMENT, "ada").manual_comment = "Fine."
        gradebook.db.commit()


def test_marks_comments_penalties_and_files_are_nbgraders(
    class_of_two_notebooks, tmp_path, monkeypatch
):
    theirs, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    grade_both(theirs, ours)
    known = contents(ours, ASSIGNMENT)
    assert known == contents(theirs, ASSIGNMENT)
    assert known["late"][1]["numbers"][:2] == (3, 3)
    assert known["half"][1]["second"][2]["why"] == (0, None, None, False)
    assert files(ours) == files(theirs)


def test_so_they_are_when_it_is_graded_again(class_of_two_notebooks, tmp_path, monkeypatch):
    theirs, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    for _ in range(2):
        grade_both(theirs, ours)
        mark_by_hand(theirs), mark_by_hand(ours)
    grade_both(theirs, ours)
    known = contents(ours, ASSIGNMENT)
    assert known == contents(theirs, ASSIGNMENT)
    assert known["ada"][1]["numbers"][2]["why"] == (None, 2.5, 0.5, True)
    assert files(ours) == files(theirs)


def test_steps_and_hooks_of_a_configuration_are_taken(
    class_of_two_notebooks, tmp_path, monkeypatch
):
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "our_steps.py").write_text(
        "from pathlib import Path\n"
        "from nbgrader.preprocessors import NbGraderPreprocessor\n"
        "class Sign(NbGraderPreprocessor):\n"
        "    def preprocess(self, nb, resources):\n"
        "        nb.metadata.signed = nb.metadata.get('signed', 0) + 1\n"
        "        return nb, resources\n"
        "def before(assignment, student, notebooks):\n"
        "    Path('before').open('a').write(f'{student} {len(notebooks)}\\n')\n"
        "def after(assignment, student, notebooks):\n"
        "    Path('after').open('a').write(f'{student} {len(notebooks)}\\n')\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "local")
    config = class_of_two_notebooks.root / "nbgrader_config.py"
    more = (
        "from nbgrader.converters import Autograde\n"
        "c.Autograde.sanitize_preprocessors = [\n"
        "    *Autograde().sanitize_preprocessors, 'our_steps.Sign']\n"
        "c.Autograde.autograde_preprocessors += ['our_steps.Sign']\n"
        "c.Autograde.pre_convert_hook = 'our_steps.before'\n"
        "c.Autograde.post_convert_hook = 'our_steps.after'\n"
    )
    theirs, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    for course in theirs, ours:
        (course.root / "nbgrader_config.py").write_text(config.read_text() + more)
    theirs, ours = open_course(theirs.root), open_course(ours.root)
    grade_both(theirs, ours)
    path = ours.autograded("ada", ASSIGNMENT) / NOTEBOOK
    assert nbformat.read(path, as_version=4).metadata.signed == 2
    assert files(ours) == files(theirs)
    for name in "before", "after":
        lines = sorted((theirs.root / name).read_text().splitlines())
        assert sorted((ours.root / name).read_text().splitlines()) == lines


@pytest.mark.slow
def test_another_program_that_writes_is_waited_for(class_of_two_notebooks, tmp_path, monkeypatch):
    """Formgrader, say, holds the gradebook for longer than SQLite's own five seconds."""
    _, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    options = {"isolation_level": None, "check_same_thread": False}
    other = sqlite3.connect(ours.root / "gradebook.db", **options)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(6, lambda: other.execute("COMMIT")).start()
    done = grade(ours, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=1))
    assert set(done.graded) == set(CLASS)
    other.close()


def test_a_step_that_does_not_exist_is_named(class_of_two_notebooks, tmp_path, monkeypatch):
    from bpkit.grading.course import UsageError

    _, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    with (ours.root / "nbgrader_config.py").open("a") as config:
        config.write("c.Autograde.autograde_preprocessors += ['nowhere.Step']\n")
    with pytest.raises(UsageError, match=r"nbgrader_config.py names the step 'nowhere.Step'"):
        grade(open_course(ours.root), ASSIGNMENT, at_once, unsafe_no_jail=True)


def test_feedback_and_nbgrader_go_on_from_there(class_of_two_notebooks, tmp_path, monkeypatch):
    """nbgrader's own autograde, without force, finds nothing left to do."""
    from bpkit.grading.feedback import feedback

    _, ours = copies(class_of_two_notebooks, tmp_path, monkeypatch)
    grade(ours, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=1))
    before = files(ours)
    ours.directory.student_id = "*"
    Autograde(coursedir=ours.directory, parent=ours.app).start()
    assert files(ours) == before
    assert set(feedback(ours, ASSIGNMENT, at_once).written) == set(CLASS)
