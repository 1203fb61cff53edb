"""Reading an answer and finding its fault, against cases written out by hand."""

import numpy as np
import pytest

from bpkit.checks.compare import TOLERANCE, agree, fault_of, fit, numbers_in

ROW = np.array([1.0, 2.0, 3.0])
SQUARE = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "answer",
    [
        SQUARE,
        SQUARE.tolist(),
        tuple(map(tuple, SQUARE)),
        SQUARE.astype(np.float32),
        SQUARE.astype(int),
        SQUARE.astype(np.longdouble),
        np.asfortranarray(SQUARE),
        np.ma.masked_array(SQUARE),
        SQUARE[np.newaxis],
        SQUARE * (1 + 1e-7),
    ],
)
def test_a_right_answer_has_no_fault(answer):
    assert fault_of("dw", answer, SQUARE) is None


@pytest.mark.parametrize(
    ("answer", "kind", "what"),
    [
        (None, "returns None", "dw is None"),
        (SQUARE[0], "wrong shape", "dw has shape (2,), expected (2, 2)"),
        (7.0, "wrong shape", "dw has shape (), expected (2, 2)"),
        ([], "wrong shape", "dw has shape (0,), expected (2, 2)"),
        ([[1, 2], [3]], "not an array", "dw holds rows of different lengths"),
        ("[[1, 2], [3, 4]]", "not an array", "dw holds text"),
        ([["1", "2"], ["3", "4"]], "not an array", "dw holds text"),
        (SQUARE.astype(object), "not an array", "dw holds objects (dtype object)"),
        (SQUARE.astype(complex), "not an array", "dw holds complex numbers"),
        ((row for row in SQUARE), "not an array", "dw holds objects"),
        ({1: 2}, "not an array", "dw holds objects"),
        ([[1, np.nan], [3, 4]], "not finite", "dw[0, 1] is nan"),
        ([[1, 2], [np.inf, 4]], "not finite", "dw[1, 0] is inf"),
        (SQUARE.T, "wrong value", "dw has the right shape, but not the right values"),
        (SQUARE * 1e200, "wrong value", "dw has the right shape"),
        (SQUARE * (1 + 1e-4), "wrong value", "dw has the right shape"),
        (np.zeros((2, 2)), "wrong value", "dw has the right shape"),
    ],
)
def test_a_wrong_answer_has_the_fault_that_it_has(answer, kind, what):
    fault = fault_of("dw", answer, SQUARE)
    assert fault is not None and fault.kind == kind and fault.what.startswith(what)


def test_an_object_that_refuses_to_be_read_is_no_array():
    class Stubborn:
        def __array__(self, *args, **kwargs):
            raise RuntimeError("no")

    assert fault_of("dw", Stubborn(), SQUARE).what.startswith("dw holds values that NumPy cannot")


def test_a_wrong_value_names_the_entry_that_is_furthest_off_and_by_how_much():
    answer = SQUARE + np.array([[0, 0.1], [-0.25, 0]])
    where = fault_of("dw", answer, SQUARE).where
    assert where == "Furthest off: dw[1, 0], by 0.25; relative error of dw: 0.049."


def test_the_message_does_not_give_the_expected_value():
    where = fault_of("dw", np.ones((2, 2)), np.full((2, 2), 3.14159)).where
    assert where == "Furthest off: dw[0, 0], by 2.1; relative error of dw: 0.68."


@pytest.mark.parametrize(
    ("shape", "expected", "fits"),
    [
        ((3,), (3,), True),
        ((1, 3), (3,), True),
        ((3,), (1, 3), True),
        ((5,), (5, 1), True),
        ((), (1, 1), True),
        ((1, 1, 3), (3,), True),
        ((3, 1), (3,), False),
        ((1, 3), (3, 1), False),
        ((3, 1), (1, 3), False),
        ((2, 3), (3, 2), False),
        ((6,), (2, 3), False),
        ((5, 1, 1), (5, 1), False),
    ],
)
def test_shapes_may_differ_only_where_no_entry_is_in_doubt(shape, expected, fits):
    fitted = fit(np.arange(np.prod(shape, dtype=int)).reshape(shape), expected)
    assert (fitted is not None) == fits
    if fits:
        assert fitted.shape == expected


def test_agreement_is_judged_by_norms_against_the_expected_array():
    assert agree(ROW * (1 + 0.9 * TOLERANCE), ROW)
    assert not agree(ROW * (1 + 1.1 * TOLERANCE), ROW)
    assert agree(ROW + [1e-6, 0, 0], ROW), "a small entry may be off by more than its own share"
    assert not agree(np.full(3, 1e200), ROW), "an overflowing norm is no agreement"
    assert agree(np.zeros(3), np.zeros(3)) and not agree(ROW, np.zeros(3))


def test_numbers_are_copied():
    answer = ROW.copy()
    numbers = numbers_in(answer)
    answer[0] = 99
    assert numbers[0] == 1


def test_beside_an_expected_zero_there_is_no_relative_error():
    assert fault_of("level", 2, 0).where == "Furthest off: level, by 2."
    assert fault_of("level", 0, 0) is None
