"""Due dates, extensions, and what lateness costs: all of it nbgrader's own."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bpkit.grading.course import CONFIG, UsageError, open_course
from bpkit.grading.due import parse_when, read_due, set_due
from bpkit.grading.export import marks
from bpkit.grading.grade import grade
from bpkit.grading.handed_in import TIMESTAMP
from bpkit.grading.report import needs_a_human
from bpkit.grading.results import read_class
from tests.grading.courses import (
    ASSIGNMENT,
    RIGHT,
    answer,
    at_once,
    hand_in,
    make_course,
    make_released_course,
)
from tests.grading.pretend import pretend

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

DUE = datetime(2026, 12, 1, 17, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "teaching.md"


@pytest.fixture
def course(tmp_path):
    course = make_released_course(tmp_path / "course")
    with course.gradebook() as gradebook:
        for student in "ada", "bob":
            gradebook.add_student(student)
    return course


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-12-01 18:00 Europe/Berlin", 1),
        ("2026-12-01T18:00 UTC", 0),
        ("2026-12-01 18:00Z", 0),
        ("2026-12-01 18:00 +05:30", 5.5),
        ("2026-12-01 18:00 America/New_York", -5),
    ],
)
def test_times_with_a_zone(text, offset):
    zone = timezone(timedelta(hours=offset))
    assert parse_when(text) == datetime(2026, 12, 1, 18, tzinfo=zone)


def test_a_time_without_a_zone_is_this_computers():
    assert parse_when("2026-07-01 18:00") == datetime(2026, 7, 1, 18).astimezone()


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-12-01", "01.12.2026 18:00", "2026-13-01 18:00", "2026-12-01 25:00"]
    + ["2026-12-01 18:00 Europe/Berln", "2026-12-01 18:00 ../../etc/passwd", "2026-12-01 18:00 "],
)
def test_what_is_no_time(text):
    if text.endswith(" "):
        assert parse_when(text)
        return
    with pytest.raises(UsageError, match=re.escape(f"{text!r} is no time: write it like 2026-")):
        parse_when(text)


def test_a_due_date_and_an_extension_are_nbgraders(course):
    assert read_due(course, ASSIGNMENT).due is None
    assert set_due(course, ASSIGNMENT, DUE).due == DUE
    later = DUE + timedelta(days=2, minutes=30)
    assert set_due(course, ASSIGNMENT, later, ["ada"]).extended == {"ada": later}
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, "ada")
        assert submission.assignment.duedate == DUE.replace(tzinfo=None)
        assert submission.extension == timedelta(days=2, minutes=30)
        submission.timestamp = later.replace(tzinfo=None) + timedelta(seconds=5)
        assert submission.total_seconds_late == 5
    assert set_due(course, ASSIGNMENT, DUE, ["ada"]).extended == {}


def test_a_due_date_may_come_before_the_release(tmp_path):
    course = make_course(tmp_path / "course")
    assert read_due(course, ASSIGNMENT).due is None
    assert set_due(course, ASSIGNMENT, DUE).due == DUE


def test_mistakes_change_nothing(course):
    with pytest.raises(UsageError, match="no due date that could be extended: first run bpkit due"):
        set_due(course, ASSIGNMENT, DUE, ["ada"])
    set_due(course, ASSIGNMENT, DUE)
    with pytest.raises(UsageError, match="no student eve, max in the gradebook"):
        set_due(course, ASSIGNMENT, DUE, ["max", "ada", "eve"])
    with pytest.raises(UsageError, match="2026-12-01 16:00 UTC is before ps1 is due"):
        set_due(course, ASSIGNMENT, DUE - timedelta(hours=1), ["ada"])
    with pytest.raises(UsageError, match="unknown assignment 'ps9'"):
        set_due(course, "ps9", DUE)
    assert read_due(course, ASSIGNMENT).extended == {}


def test_longer_time_is_nothing_handed_in(course):
    """nbgrader keeps an extension with a submission, which it makes if there is none."""
    set_due(course, ASSIGNMENT, DUE)
    set_due(course, ASSIGNMENT, DUE + timedelta(days=1), ["ada"])
    report = read_class(course, ASSIGNMENT)
    assert report.handed_in == 0
    assert len(needs_a_human(report)["Nothing handed in"]) == 2
    assert not any(row.is_graded for row in marks(course, ASSIGNMENT)[1])


@pytest.fixture
def late(course, monkeypatch):
    """Ada is three hours late, Bob as well, with longer time; the rule is that of the page."""
    rule = re.search(r"```python\n(import math.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    config = course.root / CONFIG
    config.write_text(config.read_text() + rule[1])
    course = open_course(course.root)
    for student in "ada", "bob":
        path = hand_in(course.root / "submitted", f"{student}/{ASSIGNMENT}", answer(course, RIGHT))
        path.with_name(TIMESTAMP).write_text("2026-12-01 20:00 UTC")
    set_due(course, ASSIGNMENT, DUE)
    set_due(course, ASSIGNMENT, DUE + timedelta(hours=4), ["bob"])
    monkeypatch.setattr("bpkit.grading.execution.execute_notebook", pretend)
    monkeypatch.setattr("bpkit.grading.work.jail_problem", lambda: None)
    return course


def penalties(course):
    return {
        row.student: (row.total, row.penalty, row.score) for row in marks(course, ASSIGNMENT)[1]
    }


def graded(course, **options):
    return grade(course, ASSIGNMENT, at_once, unsafe_no_jail=True, **options)


def test_the_rule_on_the_page(late):
    graded(late)
    assert penalties(late) == {"ada": (3, pytest.approx(0.3), 2.7), "bob": (3, 0, 3)}
    cases = needs_a_human(read_class(late, ASSIGNMENT))["Handed in late"]
    assert [(case.who, case.what) for case in cases] == [("ada", "3 hours late, 0.3 taken off")]


def test_marks_by_hand_stay_and_count_in_the_penalty(late):
    graded(late)
    with late.gradebook() as gradebook:
        gradebook.find_grade("why", "numbers", ASSIGNMENT, "ada").manual_score = 2
        gradebook.db.commit()
    graded(late, force=True)
    assert penalties(late)["ada"] == (5, pytest.approx(0.5), 4.5)


def test_a_corrected_time_is_taken_into_account(late):
    graded(late)
    path = late.submitted("ada", ASSIGNMENT) / TIMESTAMP
    path.write_text("2026-12-01 17:30 Europe/Berlin")
    assert graded(late).graded == ("ada",)
    assert penalties(late)["ada"] == (3, 0, 3)
    path.write_text("")
    assert graded(late).graded == ("ada",)
    with late.gradebook() as gradebook:
        assert gradebook.find_submission(ASSIGNMENT, "ada").timestamp is None
