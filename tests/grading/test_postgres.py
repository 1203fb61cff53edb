"""The gradebook in PostgreSQL: the same marks as in SQLite."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from bpkit.grading import execution
from bpkit.grading.course import UsageError, open_course
from bpkit.grading.export import marks
from bpkit.grading.feedback import feedback
from bpkit.grading.grade import Where, grade
from bpkit.grading.release import release
from tests.grading.courses import (
    ASSIGNMENT,
    CONFIG,
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

CLASS = {"ada": RIGHT, "bob": WRONG, "eve": RAISES, "zoë": RIGHT}
NOBODY = 65534
"""PostgreSQL refuses to run as root."""


def program(name):
    found = [shutil.which(name), *sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))[::-1]]
    path = next(filter(None, found), None)
    assert path, "PostgreSQL is not installed; on Debian: apt-get install postgresql"
    return path


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server of our own, reached by a socket in its folder only; that folder."""
    folder = Path(tempfile.mkdtemp(prefix="bpkit-pg-"))
    someone = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if someone:
        os.chown(folder, NOBODY, NOBODY)
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder, **someone}
    settings = ["--auth=trust", "--username=course", "--encoding=UTF8", "--no-sync", "--locale=C"]
    subprocess.run([program("initdb"), *settings, str(data)], check=True, **quiet)
    log = (folder / "log").open("wb")
    postgres = [program("postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    process = subprocess.Popen(postgres, stderr=log, **quiet)
    try:
        until = time.monotonic() + 60
        while not (folder / ".s.PGSQL.5432").exists():
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield folder
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        log.close()
        shutil.rmtree(folder)


def in_postgres(root, server):
    """The same course with its gradebook in PostgreSQL."""
    url = f"postgresql+psycopg2://course@/postgres?host={server}"
    config = CONFIG + f"c.CourseDirectory.db_url = {url!r}\n"
    (root / "nbgrader_config.py").write_text(config)
    return open_course(root)


def test_marks_are_those_of_sqlite(server, tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "execute_notebook", pretend)
    courses = make_released_course(tmp_path / "a"), make_released_course(tmp_path / "b")
    (courses[1].root / "gradebook.db").unlink()
    in_sqlite, in_server = courses[0], in_postgres(courses[1].root, server)
    release(in_server, ASSIGNMENT)
    options = {"unsafe_no_jail": True, "where": Where(jobs=1)}
    for course in in_sqlite, in_server:
        for student, code in CLASS.items():
            hand_in(course.root / "submitted", f"{student}/{ASSIGNMENT}", answer(course, code))
            folder = course.submitted(student, ASSIGNMENT)
            (folder / "timestamp.txt").write_text("2025-03-14 10:00:00 UTC\n")
        done = grade(course, ASSIGNMENT, at_once, **options)
        assert set(done.graded) == set(CLASS) and done.by_hand == len(CLASS)
        hand_in(course.root / "submitted", f"bob/{ASSIGNMENT}", answer(course, RIGHT))
        assert grade(course, ASSIGNMENT, at_once, force=True, student="bob", **options).graded
    known = contents(in_server, ASSIGNMENT)
    assert known == contents(in_sqlite, ASSIGNMENT)
    assert known["bob"][1]["numbers"][0] == 3 and known["eve"][1]["numbers"][0] == 0
    assert marks(in_server, ASSIGNMENT) == marks(in_sqlite, ASSIGNMENT)
    assert set(feedback(in_server, ASSIGNMENT, at_once).written) == set(CLASS)
    assert not (in_server.root / "gradebook.db").exists()


def test_a_server_out_of_reach_is_one_sentence_without_the_password(tmp_path):
    course = make_released_course(tmp_path)
    url = "postgresql+psycopg2://course:secret@/postgres?host=/nowhere"
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"c.CourseDirectory.db_url = {url!r}\n")
    hand_in(course.root / "submitted", f"ada/{ASSIGNMENT}", answer(course, RIGHT))
    with pytest.raises(UsageError, match="cannot be used: connection to server") as problem:
        grade(open_course(course.root), ASSIGNMENT, at_once, unsafe_no_jail=True)
    assert "secret" not in str(problem.value)
