"""Answers of several arrays: which part is which, and what is said of an answer without parts."""

import itertools

import numpy as np
import pytest

from bpkit.checks.compare import Fault
from bpkit.checks.parts import by_layer, several

PAIR = several("dz/dtheta", "count")
LAYERS = by_layer("w", "b")
W, B = [None, None, np.eye(2), np.ones((1, 2))], [None, None, np.zeros(2), np.zeros(1)]


@pytest.mark.parametrize("answer", [(1.5, 4), [1.5, 4], np.array([1.5, 4])])
def test_parts_are_paired_with_what_is_expected_of_them(answer):
    assert PAIR(answer, (2.5, 8)) == {"dz/dtheta": (1.5, 2.5), "count": (4, 8)}


@pytest.mark.parametrize(
    "answer", [1.5, (1.5,), (1.5, 4, 4), "ab..", np.ones((3, 2)), itertools.count()], ids=str
)
def test_another_number_of_parts_is_a_fault_that_names_them(answer):
    fault = PAIR(answer, (2.5, 8))
    assert isinstance(fault, Fault) and fault.kind == "wrong shape"
    assert fault.what == "2 things are to be returned: dz/dtheta and count"
    assert "return dz/dtheta, count?" in fault.look


def test_three_symbols_are_listed_as_in_a_sentence():
    assert several("u", "v", "w")(0, ()).what.endswith("returned: u, v and w")


def test_layers_are_taken_in_order_each_with_all_its_parts():
    parts = LAYERS((W, B), (W, B))
    assert list(parts) == ["w[2]", "b[2]", "w[3]", "b[3]"]
    assert all(ours is theirs for ours, theirs in parts.values())


@pytest.mark.parametrize(
    "answer, what",
    [
        ((W, B[:3]), "b has no entry b[3], expected one for each layer from 2 to 3"),
        ((W[2:], B), "w has no entry w[2], expected one for each layer from 2 to 3"),
        ((W, 7), "b has no entry b[2], expected one for each layer from 2 to 3"),
        (W, "2 things are to be returned: w and b"),
    ],
    ids=["one too few", "counted from 0", "no list", "one list"],
)
def test_missing_layers_are_a_fault_that_says_where(answer, what):
    fault = LAYERS(answer, (W, B))
    assert isinstance(fault, Fault) and fault.kind == "wrong shape" and fault.what == what


def test_a_layer_too_many_at_the_end_does_no_harm():
    assert list(LAYERS(([*W, None], B), (W, B))) == ["w[2]", "b[2]", "w[3]", "b[3]"]
