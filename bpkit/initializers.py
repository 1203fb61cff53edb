"""Initial weights: each initializer takes the shape (d_l, d_{l-1}) and a generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpkit.activations import Array

Initializer = Callable[[tuple[int, int], "np.random.Generator"], Array]


def zeros(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """All weights 0: every hidden neuron of a layer then stays equal to its neighbours."""
    return np.zeros(shape)


def equal(value: float) -> Initializer:
    """All weights the same: as symmetric as zero, and as useless for learning."""
    return lambda shape, rng: np.full(shape, value)


def uniform(epsilon: float) -> Initializer:
    """w ~ U(-epsilon, epsilon), variance epsilon^2 / 3."""
    return lambda shape, rng: rng.uniform(-epsilon, epsilon, shape)


def xavier_normal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """w ~ N(0, 2 / (n_in + n_out)). Source: Glorot and Bengio (2010)."""
    n_out, n_in = shape
    return rng.normal(0, np.sqrt(2 / (n_in + n_out)), shape)


def xavier_uniform(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """w ~ U(-epsilon, epsilon), epsilon = sqrt(6 / (n_in + n_out)): xavier_normal's variance."""
    n_out, n_in = shape
    return uniform(np.sqrt(6 / (n_in + n_out)))(shape, rng)
