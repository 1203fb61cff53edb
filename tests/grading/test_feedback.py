"""The pages that students get back tell nothing of the hidden tests."""

import re

import pytest

from bpkit.grading.collect import collect
from bpkit.grading.course import UsageError
from bpkit.grading.feedback import feedback
from bpkit.grading.grade import grade
from tests.grading.courses import (
    ASSIGNMENT,
    RAISES,
    RIGHT,
    SECRET,
    WRONG,
    answer,
    at_once,
    hand_in,
    make_released_course,
)

pytestmark = pytest.mark.jail

CLASS = {"ada": RIGHT, "bob": WRONG, "eve": RAISES}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_released_course(tmp_path_factory.mktemp("feedback"))
    download = tmp_path_factory.mktemp("download")
    for student, code in CLASS.items():
        hand_in(download, student, answer(course, code, "<b onclick=x>It is *so*.</b>"))
    collect(course, ASSIGNMENT, download, at_once)
    grade(course, ASSIGNMENT, at_once)
    done = feedback(course, ASSIGNMENT, at_once)
    assert (done.written, done.attention) == (tuple(CLASS), ())
    return course


def page(course, student):
    return (course.feedback(student, ASSIGNMENT) / "numbers.html").read_text()


def words(html):
    """The text of a page: highlighting puts every word of code in an element of its own."""
    return re.sub(r"<[^>]+>", "", html).replace("&#39;", "'")


@pytest.mark.parametrize("student", CLASS)
def test_hidden_tests_stay_hidden(course, student):
    autograded = next(course.autograded(student, ASSIGNMENT).glob("*.ipynb")).read_text()
    text = words(page(course, student))
    assert SECRET in autograded
    assert "double(2) == 4" in text
    assert SECRET not in text and "HIDDEN" not in text


def test_what_failed_is_still_said(course):
    assert "AssertionError" in words(page(course, "bob"))
    assert "NameError: name 'undefined_name' is not defined" in words(page(course, "eve"))


def test_a_traceback_of_a_test_that_hides_nothing_stays(course):
    assert "double(-1) == -2" in words(page(course, "bob"))


def test_a_students_html_is_text(course):
    assert "onclick=x>It is" not in page(course, "ada")
    assert "&lt;b onclick" in page(course, "ada")


def test_a_mark_that_a_person_has_still_to_give_is_not_called_lost(course):
    assert "Not given yet: 3 marks, for answers that a person" in words(page(course, "bob"))


def test_marks_given_by_hand_are_on_the_next_page(course):
    with course.gradebook() as gradebook:
        mark = gradebook.find_grade("why", "numbers", ASSIGNMENT, "ada")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        gradebook.db.commit()
    feedback(course, ASSIGNMENT, at_once)
    assert "numbers: 5.5 of 6 marks" in words(page(course, "ada"))


def test_a_page_that_cannot_be_made_is_named_and_the_others_are_made(course):
    path = next(course.autograded("bob", ASSIGNMENT).glob("*.ipynb"))
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"{")
    done = feedback(course, ASSIGNMENT, at_once)
    path.write_bytes(whole)
    assert done.written == ("ada", "eve")
    assert [a.student for a in done.attention] == ["bob"]
    assert done.attention[0].reason.startswith("no feedback: ")


def test_nothing_graded(tmp_path):
    with pytest.raises(UsageError, match="nothing of ps1 is graded yet: run bpkit grade ps1"):
        feedback(make_released_course(tmp_path / "course"), ASSIGNMENT, at_once)
