"""Answers alike: honest classes are left in peace, copies are found whatever they are called."""

import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpkit.grading.alike import alike, answer_forms, code_form, text_form
from bpkit.grading.report import needs_a_human, render
from bpkit.grading.results import ClassReport, Student, read_class, without_names
from tests.grading.courses import (
    ASSIGNMENT,
    NOTEBOOK,
    RIGHT,
    answer,
    make_released_course,
    nbgrader,
)

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

SAME = """\
def delta(a, y, z):
    return (a - y) * slope(z) / len(a)
"""


@pytest.mark.parametrize(
    "other",
    [
        "def delta(a, y, z):\n\n\n    # the error\n    return (a-y)*slope(z)/len(a)  # done",
        'def delta(a, y, z):\n    """The error."""\n    return (a - y) * slope(z) / len(a)',
        "def delta(out, label, inp):\n    return (out - label) * slope(inp) / len(out)",
        "def d(u, v, w):\n  return (u - v) \\\n    * s(w) / len(u)\n",
    ],
    ids=["comments and layout", "docstring", "names", "lines"],
)
def test_the_same_in_other_clothes(other):
    assert code_form(other) == code_form(SAME) != ""


@pytest.mark.parametrize(
    "other",
    [
        "def delta(a, y, z):\n    return (y - a) * slope(z) / len(a)",
        "def delta(a, y, z):\n    return (a - y) * slope(z) / sum(a)",
        "def delta(a, y, z):\n    return (a - y) + slope(z) / len(a)",
        "def delta(a, y, z):\n    return (a - y) * slope.x(z) / len(a)",
        "def delta(a, y, z):\n    return (a - y) * slope(z) / 2",
    ],
)
def test_another_answer(other):
    assert code_form(other) != code_form(SAME)


def test_strings_are_part_of_an_answer_and_comments_in_them_are_none():
    einsum = 'np.einsum("ij,jk->ik", a, b) + np.dot(a, b)'
    assert code_form(einsum) != code_form(einsum.replace("ij,jk->ik", "ij,kj->ik"))
    assert code_form('f("#1", a, b, c)') != code_form('f("#2", a, b, c)')


def test_written_answers_are_their_words():
    text = "The sigmoid is flat there, so its slope $\\sigma'$ is nearly 0."
    assert text_form(text) == text_form(text.upper().replace(", so", " -\nso  "))
    assert text_form(text) != text_form(text.replace("flat", "steep"))


@pytest.mark.parametrize("short", ["", "return a - y", "pass", "# only a comment\n"])
def test_what_is_too_short_tells_nothing(short):
    assert code_form(short) == text_form(short) == ""


@given(st.text())
def test_whatever_students_write_has_a_form(text):
    assert isinstance(code_form(text), str)


@pytest.mark.parametrize(
    "evil", ["(" * 200_000, "'''" + "\\" * 99_999, "\"'" * 99_999, "-" * 200_000]
)
def test_hostile_answers_take_no_time(evil):
    start = time.monotonic()
    code_form(evil)
    assert time.monotonic() - start < 2


EXERCISES = [f"exercise {number}" for number in range(8)]


def honest_class(students, rng):
    """Everybody writes on their own, in the few ways there are: half of them the usual one."""
    weights = [2**-way for way in range(1, 12)]
    return {
        f"s{number}": {
            exercise: f"{exercise}, way {rng.choices(range(11), weights)[0]}"
            if rng.random() < 0.7
            else f"{exercise} as only s{number} writes it"
            for exercise in EXERCISES
        }
        for number in range(students)
    }


@pytest.mark.parametrize("students", [2, 3, 5, 30, 300])
def test_an_honest_class_is_left_in_peace(students):
    """Of 40 such classes of a size, fewer than one should have a pair by chance."""
    flagged = [alike(honest_class(students, random.Random(seed))) for seed in range(40)]
    assert sum(map(bool, flagged)) <= 1


def test_a_usual_answer_that_half_of_the_class_has_says_nothing():
    usual = dict.fromkeys(EXERCISES, "the usual way")
    other = {f"o{n}": {e: f"{e} {n}" for e in EXERCISES} for n in range(15)}
    assert alike({f"u{n}": usual for n in range(15)} | other) == []


@pytest.mark.parametrize("students", [5, 30, 300])
def test_a_copy_is_found(students):
    class_ = honest_class(students, random.Random(1))
    class_["s3"] = {exercise: f"{exercise} as only s3 writes it" for exercise in EXERCISES}
    class_["s4"] = dict(class_["s3"]) | {EXERCISES[0]: "mine"}
    (found,) = alike(class_)
    assert found.students == ("s3", "s4")
    assert set(found.exercises) == set(EXERCISES[1:])
    assert (found.fewest, found.most, found.answers) == (7, 7, 8)


def test_how_many_answers_it_takes_in_a_class_of_30():
    """As the page for instructors has it: four answers that nobody else has, not three."""
    class_ = {f"s{n}": {e: f"{e} {n}" for e in EXERCISES} for n in range(30)}
    for number, exercise in enumerate(EXERCISES[:4], 1):
        class_["s1"][exercise] = class_["s0"][exercise]
        assert bool(alike(class_)) == (number == 4)


def test_who_copied_from_the_same_is_one_group():
    class_ = honest_class(100, random.Random(2))
    for number in 10, 11, 12, 13:
        class_[f"s{number}"] = {e: f"{e} as the leader has it" for e in EXERCISES}
    class_["s13"] |= {e: "mine" for e in EXERCISES[:3]}
    (found,) = alike(class_)
    assert found.students == ("s10", "s11", "s12", "s13")
    assert (found.fewest, found.most) == (5, 8)


def test_a_class_of_3000_is_quick():
    class_ = honest_class(3000, random.Random(3))
    start = time.monotonic()
    alike(class_)
    assert time.monotonic() - start < 5


def test_what_stood_there_from_the_start_is_no_answer():
    stub = "def double(x):\n    raise NotImplementedError('Not written yet: put your code here')"

    def cell(source, kind="code"):
        return {
            "cell_type": kind,
            "metadata": nbgrader("double", solution=True),
            "source": source.splitlines(keepends=True),
        }

    plain = {"cell_type": "code", "metadata": {}, "source": SAME}
    assert answer_forms([cell(stub), plain], {"double": stub}) == {}
    assert answer_forms([cell(f"# hm\n{stub}")], {"double": stub}) == {}
    assert set(answer_forms([cell(SAME)], {"double": stub})) == {"double"}
    words = "because the slope of it is nearly zero there"
    assert answer_forms([cell(words, "markdown")], {}) == {"double": words}


@pytest.fixture
def course(tmp_path):
    """A class of four that is graded, in which Bob and Una are alike in both answers."""
    course = make_released_course(tmp_path / "course")
    own = {
        "ada": (RIGHT + " + 0 * x", "Because two times it is the same as it and it again."),
        "bob": ("def double(x):\n    y = x + x\n    return y", "It is so since x and x make two."),
        "una": ("def double(n):\n    m = n + n\n    return m", "It is so, since x and x make two!"),
        "max": (
            "def double(x):\n    return sum([x, x])",
            "Whoever adds a number to itself has it.",
        ),
    }
    with course.gradebook() as gradebook:
        for student, (code, text) in own.items():
            gradebook.add_student(student, last_name=student.title())
            path = course.autograded(student, ASSIGNMENT) / NOTEBOOK
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(answer(course, code, text)))
    return course


def test_the_report_names_them_and_says_what_it_means(course, monkeypatch):
    monkeypatch.setattr("bpkit.grading.alike.CLASSES", 1 / 4)  # two answers would prove nothing
    report = read_class(course, ASSIGNMENT)
    (case,) = needs_a_human(report)["Answers alike"]
    assert (case.who, case.what) == ("Bob; Una", "2 of 2 answers: double, why")
    page = render(report)
    assert "To look at, no verdict." in page
    hidden = render(without_names(report))
    assert "1 to look at, in the report with names" in hidden
    assert "Bob" not in hidden and "Una" not in hidden


def test_a_report_without_them_does_not_mention_it(course):
    assert "alike" not in render(read_class(course, ASSIGNMENT))
    assert "alike" not in render(ClassReport("c", "a", None, (), (Student("A", "a", True, False),)))
