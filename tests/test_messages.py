"""docs/messages.md lists what users are told: all of it, and nothing that is told no more.

The page is compared with the texts in the sources; and messages that are really raised, by a dozen
mistakes of several users, are looked up in it.
"""

import re

import numpy as np
import pytest

import bpkit
from bpkit import checks
from bpkit.grading.course import UsageError, find_course
from bpkit.grading.feedback import feedback
from bpkit.grading.grade import grade
from bpkit.grading.preflight import read_submission
from bpkit.grading.release import release
from tests import messages
from tests.grading.courses import at_once, make_course
from tests.messages import PAGE, SECTIONS, SILENT, UNSAID, renewed, said, texts

PACKAGE = PAGE.parents[1] / "bpkit"
TEXT = PAGE.read_text(encoding="utf-8")
LISTED = said(TEXT)


def test_the_page_has_all_messages_of_the_sources_and_no_others():
    old, new = TEXT.splitlines(), renewed(TEXT).splitlines()
    missing = [line for line in new if line not in old]
    stale = [line for line in old if line not in new]
    assert not missing and not stale, "type: python -m tests.messages"
    assert renewed(TEXT) == TEXT
    titles = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert titles == [*SECTIONS, "Misconceptions"]


def test_every_message_has_its_words():
    unsaid = [text for (_, text), words in LISTED.items() if words.strip() == UNSAID]
    assert not unsaid, f"say in {PAGE.name} when this is told, and what to do"
    assert all(re.search(r"\w\W{,3}[.?]$", words) for words in LISTED.values())


def test_every_module_belongs_to_a_section_or_says_nothing():
    paths = [path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py")]
    modules = {".".join(path.parts) for path in paths}
    listed = [module for modules in SECTIONS.values() for module in modules]
    assert len(set(listed)) == len(listed) and not set(listed) & SILENT
    assert modules == {*listed, *SILENT}, "give a new module its section in tests/messages.py"
    assert [module for module in SILENT if texts(module)] == []


def test_what_is_left_out_of_the_page_is_still_in_the_sources(monkeypatch):
    left_out = messages.INSIDE
    monkeypatch.setattr(messages, "INSIDE", set())
    modules = [module for section in SECTIONS.values() for module in section]
    assert left_out <= {text for module in modules for text in texts.__wrapped__(module)}


# ------------------------------------------------------------------- what is told in earnest


def outside_a_course(folder):
    find_course(folder)


def no_such_folder(folder):
    find_course(folder / "nowhere")


def a_wrong_name(folder):
    release(make_course(folder), "ps99")


def not_released(folder):
    grade(make_course(folder), "ps1", at_once)


def nothing_graded(folder):
    feedback(make_course(folder), "ps1", at_once)


def an_empty_notebook(folder):
    (folder / "ps1.ipynb").touch()
    read_submission(folder / "ps1.ipynb")


def half_a_notebook(folder):
    (folder / "ps1.ipynb").write_text('{"cells": [')
    read_submission(folder / "ps1.ipynb")


def columns_for_rows(folder):
    bpkit.Network([3, 2]).forward(np.ones((2, 3)).T)


def a_misspelt_activation(folder):
    bpkit.Network([3, 2], activation="sigmoidal")


def softmax_inside(folder):
    bpkit.Network([3, 2, 2], activation="softmax")


def no_return(folder):
    checks.sigmoid(lambda z: None)


def a_wrong_shape(folder):
    checks.sigmoid(lambda z: z[0])


def a_division_by_zero(folder):
    checks.sigmoid(lambda z: z / 0)


def a_known_slip(folder):
    checks.sigmoid(lambda z: 1 / (1 + np.exp(z)))


MISTAKES = [
    outside_a_course,
    no_such_folder,
    a_wrong_name,
    not_released,
    nothing_graded,
    an_empty_notebook,
    half_a_notebook,
    columns_for_rows,
    a_misspelt_activation,
    softmax_inside,
    no_return,
    a_wrong_shape,
    a_division_by_zero,
    a_known_slip,
]


def pattern(text):
    """A listed message, with anything in the place of what is in braces."""
    return re.sub(r"\\\{[^{}]+?\\\}", ".+", re.escape(text))


ROWS = re.findall(r"^\| `+ ?(.+?) ?`+ \|", TEXT, re.MULTILINE)
PATTERNS = [pattern(text.replace(r"\|", "|")) for text in ROWS]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_what_is_told_is_in_the_page(mistake, tmp_path):
    with pytest.raises((UsageError, ValueError, AssertionError)) as told:
        mistake(tmp_path)
    line = str(told.value).splitlines()[0]
    of_a_check = re.search(r"\[.*", line) if isinstance(told.value, checks.CheckFailed) else None
    line = of_a_check[0] if of_a_check else line
    found = [text for text in PATTERNS if re.fullmatch(text, line)]
    assert found and any(len(text) > 12 for text in found), line


def test_a_message_that_is_not_told_is_not_found():
    assert not [text for text in PATTERNS if re.fullmatch(text, "the dog has eaten it")]
