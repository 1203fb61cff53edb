"""Initial weights: the variances that the names promise."""

import numpy as np
import pytest

from bpkit import initializers as init

SHAPE = (300, 500)


@pytest.mark.parametrize(
    "initializer, variance",
    [
        (init.uniform(0.2), 0.2**2 / 3),
        (init.xavier_normal, 2 / 800),
        (init.xavier_uniform, 2 / 800),
    ],
)
def test_mean_and_variance(initializer, variance):
    w = initializer(SHAPE, np.random.default_rng(0))
    assert w.shape == SHAPE
    assert w.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / w.size))
    assert w.var() == pytest.approx(variance, rel=0.02)


def test_bounds():
    rng = np.random.default_rng(0)
    assert abs(init.uniform(0.2)(SHAPE, rng)).max() <= 0.2
    assert abs(init.xavier_uniform(SHAPE, rng)).max() <= np.sqrt(6 / 800)


def test_without_chance():
    rng = np.random.default_rng(0)
    assert (init.zeros(SHAPE, rng) == 0).all()
    assert (init.equal(0.3)(SHAPE, rng) == 0.3).all()
