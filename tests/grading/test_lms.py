"""Names in downloads, as the sources of Canvas and Moodle make them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpkit.grading.lms import TEXT, Named, Owner, from_canvas, from_moodle


@pytest.mark.parametrize(
    ("name", "owner", "rest"),
    [
        ("byronada_101_9001_ps1.ipynb", Owner("byronada", "Canvas", "101"), "ps1.ipynb"),
        (
            "byronada_LATE_101_9001_ps1-2.ipynb",
            Owner("byronada", "Canvas", "101", True),
            "ps1-2.ipynb",
        ),
        ("byronada_late_101_9001_ps1.ipynb", Owner("byronada", "Canvas", "101", True), "ps1.ipynb"),
        ("müllerjörg_7_8_a_1_2_b.ipynb", Owner("müllerjörg", "Canvas", "7"), "a_1_2_b.ipynb"),
        ("von_ada_7_8_x.ipynb", Owner("von_ada", "Canvas", "7"), "x.ipynb"),
        ("r2d2_7_8_x.ipynb", Owner("r2d2", "Canvas", "7"), "x.ipynb"),
        ("anon_a1B2c_8_x.ipynb", Owner("anon", "Canvas", "a1B2c"), "x.ipynb"),
        ("LATE_anon_a1B2c_8_x.ipynb", Owner("anon", "Canvas", "a1B2c", True), "x.ipynb"),
        ("byronada_101_text.html", Owner("byronada", "Canvas", "101"), TEXT),
        ("byronada_LATE_101_link.html", Owner("byronada", "Canvas", "101", True), TEXT),
    ],
)
def test_canvas(name, owner, rest):
    found = from_canvas(name)
    assert (found.owner, found.rest) == (owner, rest)


@pytest.mark.parametrize(
    "name", ["ps1.ipynb", "ps_1.ipynb", "ada_1_ps1.ipynb", "1_2_3.ipynb", "a_1_b_2_x.ipynb", ""]
)
def test_names_that_are_not_from_canvas(name):
    assert from_canvas(name) is None


ADA = Owner("Ada Byron", "Moodle", "4711")


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("Ada Byron_4711_assignsubmission_file_", ""),
        ("Ada Byron_4711_assignsubmission_file", ""),
        ("Ada Byron_4711_assignsubmission_file_ps1.ipynb", "ps1.ipynb"),
        ("Ada Byron_4711_assignsubmission_file_a_1_2_b.ipynb", "a_1_2_b.ipynb"),
        ("Ada Byron_4711_assignsubmission_onlinetext_", TEXT),
        ("Ada Byron_4711_assignsubmission_onlinetext_onlinetext.html", TEXT),
    ],
)
def test_moodle(name, rest):
    assert from_moodle(name) == Named(ADA, rest)


@pytest.mark.parametrize("name", ["Ada Byron", "Ada_4711", "_4711_assignsubmission_file_", ""])
def test_names_that_are_not_from_moodle(name):
    assert from_moodle(name) is None


NAMES = st.text("abcxyzäöüø0123456789_", min_size=1).filter(
    lambda name: not re.search(r"_\d+_|^\d+$|_$|^_|(?i:late)|_\d+$|^\d+_", name)
)  # Canvas takes _7_ out of names before it builds on it


@given(NAMES, st.integers(1), st.integers(1), st.booleans(), st.text(min_size=1))
def test_what_canvas_puts_together_comes_apart(name, user, file, late, own):
    together = "_".join([name, *(["LATE"] if late else []), str(user), str(file), own])
    assert from_canvas(together) == Named(Owner(name, "Canvas", str(user), late), own, file)


@pytest.mark.parametrize("late", [True, False])
def test_what_goes_back_to_canvas_names_user_and_file(late):
    """`Assignment#infer_comment_context_from_filename` takes the first two all-digit parts."""
    name = Owner("byronada", "Canvas", "101", late).returned(9001) + "ps1.html"
    assert [part for part in name.split("_") if part.isdigit()][:2] == ["101", "9001"]


def test_what_goes_back_to_moodle_names_participant_and_plugin():
    """`is_valid_filename_for_import` splits a folder into name, number, type and plugin."""
    folder, _, file = (ADA.returned(0) + "ps1.html").partition("/")
    assert folder.split("_", 4) == ["Ada Byron", "4711", "assignsubmission", "file"]
    assert file == "ps1.html"
