"""The grader is killed: whatever the moment, nothing is lost and nothing is half done."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bpkit.grading import execution
from bpkit.grading.course import open_course
from bpkit.grading.grade import Where, grade
from tests.grading.courses import (
    ASSIGNMENT,
    NOTEBOOK,
    RAISES,
    RIGHT,
    WRONG,
    answer,
    at_once,
    hand_in,
    make_released_course,
)
from tests.grading.gradebooks import contents
from tests.grading.pretend import pretend

KILLS = 20
STUDENTS = 20


def make_class(root):
    course = make_released_course(root)
    for number in range(STUDENTS):
        code = (RIGHT, WRONG, RAISES)[number % 3]
        hand_in(course.root / "submitted", f"s{number:02}/{ASSIGNMENT}", answer(course, code))
        folder = course.submitted(f"s{number:02}", ASSIGNMENT)
        (folder / "timestamp.txt").write_text(f"2025-03-{number + 1:02} 10:00:00 UTC\n")
    return course


def grade_in_a_child(root):
    """Grade all anew in a fork; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        options = {"force": True, "unsafe_no_jail": True, "where": Where(jobs=1)}
        grade(open_course(root), ASSIGNMENT, at_once, **options)
    finally:
        os._exit(0)


def texts(course):
    return {
        path.relative_to(course.root): path.read_bytes()
        for path in course.root.glob("autograded/**/*")
        if path.is_file()
    }


@pytest.mark.slow
def test_marks_after_twenty_kills_are_those_of_a_quiet_run(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "execute_notebook", pretend)
    quiet, killed = make_class(tmp_path / "quiet"), make_class(tmp_path / "killed")
    grade(quiet, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=1))
    start = time.monotonic()
    os.waitpid(grade_in_a_child(quiet.root), 0)
    takes = time.monotonic() - start
    right, right_texts = contents(quiet, ASSIGNMENT), texts(quiet)

    rng = random.Random(0)
    half_way = 0
    while half_way < KILLS:
        child = grade_in_a_child(killed.root)
        time.sleep(rng.uniform(0, takes))
        os.kill(child, signal.SIGKILL)
        if os.waitpid(child, 0)[1] == signal.SIGKILL:
            half_way += 1
        else:  # it was through: the machine is quicker than when the time was taken
            takes *= 0.9
        with sqlite3.connect(killed.root / "gradebook.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        known = contents(killed, ASSIGNMENT)
        assert known.items() <= right.items()
        for path, text in texts(killed).items():
            assert text == right_texts[path] and path.parts[1] in known

    done = grade(killed, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=1))
    assert not done.attention and len(done.graded) + len(done.already) == STUDENTS
    assert contents(killed, ASSIGNMENT) == right and texts(killed) == right_texts
    assert not list(killed.root.glob(".grading-*"))


def test_what_a_killed_run_left_goes_even_when_nothing_is_left_to_grade(tmp_path):
    course = make_released_course(tmp_path / "course")
    (course.root / ".grading-killed" / "numbers").mkdir(parents=True)
    done = grade(course, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=1))
    assert not done.graded and not list(course.root.glob(".grading-*"))


@pytest.mark.slow
@pytest.mark.jail
def test_the_command_leaves_no_process_and_finishes_when_it_is_run_again(tmp_path):
    course = make_class(tmp_path / "course")
    command = [sys.executable, "-m", "bpkit.cli", "grade", ASSIGNMENT, "--jobs", "2"]
    command += ["--course-dir", str(course.root)]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    graded = f"autograded/*/{ASSIGNMENT}"
    while len(list(course.root.glob(graded))) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    family = psutil.Process(run.pid).children(recursive=True)
    assert family
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    known = contents(course, ASSIGNMENT)
    assert 3 <= len(known) < STUDENTS

    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    marked = {
        student: sum(mark or 0 for mark, *_ in notebooks["numbers"][2].values())
        for student, (_, notebooks) in contents(course, ASSIGNMENT).items()
    }
    assert marked == {f"s{n:02}": 3 if n % 3 == 0 else 0 for n in range(STUDENTS)}
    assert f"{STUDENTS} graded" not in finished.stdout


@pytest.mark.slow
@pytest.mark.jail
def test_ctrl_c_is_one_sentence(tmp_path):
    """It reaches all processes of the terminal at once."""
    course = make_class(tmp_path / "course")
    command = [sys.executable, "-m", "bpkit.cli", "grade", ASSIGNMENT, "--jobs", "2"]
    command += ["--course-dir", str(course.root)]
    errors = (tmp_path / "errors").open("w+")
    run = subprocess.Popen(command, stderr=errors, start_new_session=True)
    until = time.monotonic() + 120
    while not list(course.root.glob(f"autograded/*/{ASSIGNMENT}")) and time.monotonic() < until:
        time.sleep(0.01)
    family = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(60) == 130
    assert not psutil.wait_procs(family, timeout=30)[1]
    errors.seek(0)
    said = errors.read()
    assert "Traceback" not in said
    assert said.endswith("bpkit: stopped; run the same command again to finish\n")
    assert not list(course.root.glob(".grading-*"))


def test_a_full_disk_in_the_middle_loses_nothing(tmp_path, monkeypatch):
    """The write that fails is the first of the second student."""
    monkeypatch.setattr(execution, "execute_notebook", pretend)
    course = make_class(tmp_path / "course")
    shutil.rmtree(course.root / "submitted" / "s19")
    original, written = Path.write_bytes, []

    def write_bytes(self, content):
        written.append(self)
        if self.name == NOTEBOOK and sum(path.name == NOTEBOOK for path in written) == 2:
            raise OSError(28, "No space left on device", str(self))
        return original(self, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    options = {"unsafe_no_jail": True, "where": Where(jobs=1)}
    with pytest.raises(OSError, match="No space left"):
        grade(course, ASSIGNMENT, at_once, **options)
    assert set(contents(course, ASSIGNMENT)) == {"s00"}
    done = grade(course, ASSIGNMENT, at_once, **options)
    assert done.already == ("s00",) and len(done.graded) == STUDENTS - 2
