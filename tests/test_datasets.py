"""Data sets: their shapes, their seeds, and the property each was made for."""

import numpy as np
import pytest

from bpkit import datasets

RANDOM = [datasets.blobs, datasets.elongated, datasets.moons, datasets.rings, datasets.spirals]


@pytest.mark.parametrize("make", RANDOM)
def test_shapes_balance_and_seeds(make):
    X, classes = make(n=50, rng=3)
    assert X.shape == (50, 2) and classes.shape == (50,)
    assert classes.sum() == 25
    np.testing.assert_array_equal(X, make(n=50, rng=3)[0])
    assert (make(n=50, rng=4)[0] != X).any()


def test_xor_is_exclusive_or():
    X, classes = datasets.xor()
    np.testing.assert_array_equal(classes, X[:, 0] != X[:, 1])


def test_blobs_lie_as_far_apart_as_asked():
    X, classes = datasets.blobs(n=20_000, distance=3.0, rng=0)
    gap = X[classes == 1].mean(axis=0) - X[classes == 0].mean(axis=0)
    np.testing.assert_allclose(gap, [3, 0], atol=0.1)


def test_rings_and_spirals_have_no_linear_boundary():
    for make in datasets.rings, datasets.spirals:
        X, classes = make(n=400, rng=0)
        A = np.column_stack([X, np.ones(400)])
        w = np.linalg.lstsq(A, datasets.as_signs(classes), rcond=None)[0]
        assert (np.sign(A @ w) != datasets.as_signs(classes)).mean() > 0.2


def test_targets():
    np.testing.assert_array_equal(datasets.as_signs([0, 1]), [-1, 1])
    np.testing.assert_array_equal(datasets.one_hot([0, 2]), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(datasets.one_hot([0, 1], 3), [[1, 0, 0], [0, 1, 0]])


def test_digits_are_real_and_small():
    pytest.importorskip("sklearn")
    X, classes = datasets.digits()
    assert X.shape == (1797, 64) and set(classes) == set(range(10))
    assert X.min() == 0 and X.max() == 1
