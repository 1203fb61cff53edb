"""What is taken out of nbgrader's exchange, where every account may put what it likes."""

import logging
import os
from pathlib import Path
from pwd import getpwuid

import pytest
from nbgrader.auth import Authenticator
from nbgrader.exchange.default import ExchangeReleaseAssignment, ExchangeSubmit
from nbgrader.utils import notebook_hash

from bpkit.grading import exchange
from bpkit.grading.course import Course, open_course
from bpkit.grading.exchange import CarefulCollect, CarefulReleaseFeedback
from tests.grading.courses import ASSIGNMENT, NOTEBOOK, RIGHT, answer, hand_in, make_released_course

ME = getpwuid(os.getuid()).pw_name
"""Owns what the tests put into the exchange, and so hands it in."""
NOON, LATER = "2025-03-14 12:00:00.000000 UTC", "2025-03-14 18:30:00.000000 UTC"


class Exchange:
    """The exchange of a course, and what is said when something is taken out of it."""

    def __init__(self, course: Course, caplog):
        self.course, self.caplog = course, caplog
        self.folder = Path(course.app.config.Exchange.root) / "tiny"

    def run(self, step: type, **about) -> str:
        """Do one of the exchange's steps; what it logged."""
        self.course.directory.assignment_id = ASSIGNMENT
        done = step(coursedir=self.course.directory, authenticator=Authenticator(), **about)
        done.config.merge(self.course.app.config)
        done.root = str(self.folder.parent)
        self.caplog.clear()
        with self.caplog.at_level(logging.INFO):
            done.log = logging.getLogger("exchange")
            done.start()
        return self.caplog.text

    def put(self, student: str, time: str, code: str = RIGHT) -> Path:
        """A folder among the submissions, as ``submit`` names it."""
        folder = self.folder / "inbound" / f"{student}+{ASSIGNMENT}+{time}+random"
        folder.mkdir()
        hand_in(folder.parent, folder.name, answer(self.course, code))
        return folder

    def collected(self, student: str = ME) -> list[str]:
        """The files that were taken of a student's."""
        folder = self.course.submitted(student, ASSIGNMENT)
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def shared(tmp_path, caplog) -> Exchange:
    course = make_released_course(tmp_path / "course")
    (tmp_path / "exchange").mkdir(mode=0o777)
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    shared = Exchange(open_course(course.root), caplog)
    shared.run(ExchangeReleaseAssignment)
    return shared


def test_what_nbgrader_submits_is_collected_whole(shared, tmp_path, monkeypatch):
    hand_in(tmp_path, ASSIGNMENT, answer(shared.course, RIGHT))
    (tmp_path / ASSIGNMENT / "data").mkdir()
    (tmp_path / ASSIGNMENT / "data" / "x.csv").write_bytes(b"1,2\r\n")
    monkeypatch.chdir(tmp_path)
    shared.run(ExchangeSubmit, cache=str(tmp_path / "cache"))
    shared.run(CarefulCollect)
    assert shared.collected() == [
        "data",
        "data/x.csv",
        NOTEBOOK,
        "submission_secret.txt",
        "timestamp.txt",
    ]
    (handed_in,) = (shared.folder / "inbound").iterdir()
    target = shared.course.submitted(ME, ASSIGNMENT)
    for name in NOTEBOOK, "data/x.csv", "submission_secret.txt":
        assert (target / name).read_bytes() == (handed_in / name).read_bytes()
    assert (target / "timestamp.txt").read_text().strip() == handed_in.name.split("+")[2]


def test_a_later_one_is_taken_with_update_only(shared):
    shared.put(ME, NOON)
    shared.run(CarefulCollect)
    shared.put(ME, LATER, "changed = True")
    notebook = shared.course.submitted(ME, ASSIGNMENT) / NOTEBOOK
    shared.run(CarefulCollect)
    assert "changed" not in notebook.read_text()
    shared.run(CarefulCollect, update=True)
    assert "changed" in notebook.read_text()
    assert (notebook.parent / "timestamp.txt").read_text().strip() == LATER


def test_nobody_hands_in_for_somebody_else(shared):
    shared.put(ME, NOON)
    forged = shared.put("somebody", LATER)
    told = shared.run(CarefulCollect)
    assert f"Not collected: {forged} was put there by {ME}" in told
    assert shared.collected("somebody") == [] and NOTEBOOK in shared.collected()


@pytest.mark.parametrize(
    "name", [f"{ME}+{ASSIGNMENT}+", f"{ME}+{ASSIGNMENT}+soon+x", f"{ME}+{ASSIGNMENT}+9e9+x"]
)
def test_a_name_that_is_none_stops_nothing(shared, name):
    shared.put(ME, NOON)
    (shared.folder / "inbound" / name).mkdir()
    assert f"{name} is not a submission" in shared.run(CarefulCollect)
    assert shared.collected() == [NOTEBOOK, "timestamp.txt"]


def test_what_is_no_file_of_theirs_is_left_out_and_named(shared, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "marks").write_text("everybody's")
    folder = shared.put(ME, NOON)
    (folder / "link").symlink_to(tmp_path / "secret" / "marks")
    (folder / "links").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    told = shared.run(CarefulCollect)
    assert shared.collected() == [NOTEBOOK, "timestamp.txt"]
    for name in "link", "links", "pipe":
        assert f"Not collected: {folder / name} is" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_owner_is_left_out(shared):
    folder = shared.put(ME, NOON)
    (folder / "theirs").write_text("hard links can lead to what one cannot read")
    os.chown(folder / "theirs", 65534, 65534)
    assert f"{folder / 'theirs'} is" in shared.run(CarefulCollect)
    assert "theirs" not in shared.collected()


def test_a_folder_that_is_a_link_is_not_followed(shared, tmp_path):
    hand_in(tmp_path, "elsewhere", answer(shared.course, RIGHT))
    link = shared.folder / "inbound" / f"{ME}+{ASSIGNMENT}+{NOON}+x"
    link.symlink_to(tmp_path / "elsewhere")
    assert f"Not collected: {link}" in shared.run(CarefulCollect)
    assert shared.collected() == []


def test_litter_and_what_lies_very_deep_is_passed_over(shared):
    folder = shared.put(ME, NOON)
    for place in ".ipynb_checkpoints", "/".join("abcdefgh"), "/".join("abcdefghi"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "file").touch()
    shared.run(CarefulCollect)
    assert [name for name in shared.collected() if name.endswith("file")] == [
        "a/b/c/d/e/f/g/h/file"
    ]


@pytest.mark.parametrize(("limit", "least"), [("MOST_FILES", 3), ("LARGEST_SUBMISSION", 99_999)])
def test_there_is_an_end_to_what_one_student_can_fill(shared, monkeypatch, limit, least):
    monkeypatch.setattr(exchange, limit, least)
    folder = shared.put(ME, NOON)
    for number in range(5):
        (folder / f"{number}").write_bytes(bytes(40_000))
    told = shared.run(CarefulCollect)
    assert "Not collected: " in told
    taken = [name for name in shared.collected() if name != "timestamp.txt"]
    assert 2 <= len(taken) <= 3 and "4" not in taken


def test_who_came_another_way_does_not_stop_the_feedback_of_others(shared):
    for student, secret in ("by-hand", None), ("broken", b"\xff\xfe"), ("zoe", b"a secret"):
        folder = shared.course.feedback(student, ASSIGNMENT)
        folder.mkdir(parents=True)
        (folder / "numbers.html").write_text(f"for {student}")
        (folder / "timestamp.txt").write_text(NOON)
        if secret:
            (folder / "submission_secret.txt").write_bytes(secret)
    told = shared.run(CarefulReleaseFeedback)
    for student in "by-hand", "broken":
        assert f"{student} did not hand in through the exchange" in told
    (page,) = (shared.folder / "feedback").iterdir()
    assert page.stem == notebook_hash(secret="a secret", notebook_id="numbers")
    assert page.read_text() == "for zoe"
