"""The made-up class: the same for the same seed, complete, and in files that nbgrader can read."""

import ast
import json
from pathlib import Path

import nbformat
import pytest

from bpkit.checks.notations import PS3
from bpkit.demo_class import make_class

ROOT = Path(__file__).parents[1]
RELEASE = (ROOT / "exercises" / "ps3" / "backpropagation.ipynb").read_bytes()
SIX = ["right: matrix products", "M01", "partly blank", "right: loops", "endless loop"]


@pytest.fixture(scope="module")
def large():
    return make_class(RELEASE, 120, seed=0)


def answers(student):
    cells = json.loads(student.notebook)["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_class(large):
    assert make_class(RELEASE, 120, seed=0) == large
    other = make_class(RELEASE, 120, seed=1)
    assert [s.id for s in other] != [s.id for s in large]
    assert [s.kind for s in other] != [s.kind for s in large]


def test_a_smaller_class_is_the_beginning_of_a_larger_one(large):
    assert make_class(RELEASE, 9, seed=0) == large[:9]


def test_six_students_are_a_fair_sample():
    assert [s.kind for s in make_class(RELEASE, 6, seed=4)] == [*SIX, "broken file"]


def test_thirty_students_are_right_wrong_and_unfinished():
    kinds = [s.kind for s in make_class(RELEASE, 30, seed=0)]
    right = [kind for kind in kinds if kind.startswith("right")]
    slips = {code for kind in kinds if kind.startswith("M") for code in kind.split(" + ")}
    assert 8 <= len(right) <= 15 and len(set(right)) >= 5
    assert len(slips) >= 10 and any(" + " in kind for kind in kinds)
    assert {"endless loop", "broken file"} < set(kinds)


def test_a_large_class_has_every_kind_and_every_slip_of_the_problem_set(large):
    kinds = {part for s in large for part in s.kind.split(" + ")}
    assert {slip.code for task in PS3 for slip in task.slips} <= kinds
    assert {"blank", "raises: NameError", "raises: IndexError", "prints, returns None"} < kinds
    assert {"changes its input", "wrong shape", "right: float32", "right: lists"} < kinds


def test_people_have_names_of_their_own_and_ids_that_are_safe_in_a_path(large):
    assert len({s.id for s in large}) == len({(s.first_name, s.last_name) for s in large}) == 120
    assert all(s.id.isascii() and s.id.isalnum() and s.id == s.id.lower() for s in large)
    assert any(not s.last_name.isascii() for s in large)


def test_ids_stay_unique_when_names_run_out():
    ids = [s.id for s in make_class(RELEASE, 1000, seed=2)]
    assert len(set(ids)) == 1000


def test_every_file_but_the_broken_one_is_a_notebook_with_the_released_metadata(large):
    release = nbformat.reads(RELEASE.decode(), as_version=4)
    graded = [c.metadata.nbgrader for c in release.cells if "nbgrader" in c.metadata]
    for student in large:
        if student.kind == "broken file":
            with pytest.raises(json.JSONDecodeError):
                json.loads(student.notebook)
            continue
        notebook = nbformat.reads(student.notebook.decode(), as_version=4)
        nbformat.validate(notebook)
        assert [c.metadata.nbgrader for c in notebook.cells if "nbgrader" in c.metadata] == graded
        for cell in notebook.cells:
            if cell.cell_type == "code":
                ast.parse(cell.source)


def test_locked_cells_are_as_released_and_blank_is_blank(large):
    release = {cell["id"]: "".join(cell["source"]) for cell in json.loads(RELEASE)["cells"]}
    locked = {id for id in release if id.startswith("test-") or id == "setup"}
    for student in large:
        if student.kind != "broken file":
            theirs = answers(student)
            assert all(theirs[id] == release[id] for id in locked)
    blank = next(s for s in large if s.kind == "blank")
    assert answers(blank) == release


def test_explanations_differ(large):
    texts = {answers(s)["explain"] for s in large if s.kind != "broken file"}
    assert len(texts) >= 6


def test_a_cell_of_their_own_stands_before_the_cell_that_needs_it(large):
    student = next(s for s in large if s.kind == "right: helper functions")
    order = list(answers(student))
    assert order.index("mine-before-sigmoid") == order.index("sigmoid") - 1


def test_a_release_without_the_cells_is_refused_in_one_sentence():
    other = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    with pytest.raises(ValueError, match="the released notebook has no cell sigmoid, "):
        make_class(other.encode(), 1, seed=0)
