"""Small data sets to learn on: X (N, d) with one example in each row, and classes (N,) from 0.

``as_signs`` and ``one_hot`` turn classes into the targets that a cost needs.
"""

import numpy as np

from bpkit.activations import Array

Classes = tuple[Array, Array]
Seed = int | np.random.Generator | None


def as_signs(classes: Array) -> Array:
    """Classes 0 and 1, (N,), as the perceptron's labels -1 and +1, (N,)."""
    return 2.0 * np.asarray(classes) - 1


def one_hot(classes: Array, number: int | None = None) -> Array:
    """Classes (N,) as rows of zeros with a single one, (N, number of classes)."""
    classes = np.asarray(classes)
    return np.eye(number or classes.max() + 1)[classes]


def xor() -> Classes:
    """The four examples of exclusive or: no straight line separates its classes."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def blobs(n: int = 100, distance: float = 4.0, rng: Seed = None) -> Classes:
    """Two round normal clouds whose means lie this far apart (in standard deviations)."""
    rng = np.random.default_rng(rng)
    classes = np.arange(n) % 2
    X = rng.normal(size=(n, 2))
    X[:, 0] += distance * (classes - 0.5)
    return X, classes


def elongated(n: int = 100, length: float = 6.0, rng: Seed = None) -> Classes:
    """Two long, narrow, parallel and shifted clouds: separable, but not by their means.

    Each class is uniform along a strip of this length; the strips are 1 apart and shifted against
    each other, so that the line between the means leads across them rather than along.
    """
    rng = np.random.default_rng(rng)
    classes = np.arange(n) % 2
    sign = as_signs(classes)
    along = rng.uniform(-length / 2, length / 2, n) + sign * length / 3
    across = sign * (0.5 + rng.uniform(0, 0.4, n))
    return np.stack([along, across], axis=1), classes


def moons(n: int = 100, noise: float = 0.1, rng: Seed = None) -> Classes:
    """Two interleaved half circles."""
    rng = np.random.default_rng(rng)
    classes = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    x = np.where(classes == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(classes == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], axis=1) + noise * rng.normal(size=(n, 2)), classes


def rings(n: int = 100, noise: float = 0.1, rng: Seed = None) -> Classes:
    """A ring of radius 1 inside a ring of radius 2."""
    rng = np.random.default_rng(rng)
    classes = np.arange(n) % 2
    angle = rng.uniform(0, 2 * np.pi, n)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (1 + classes)[:, None] * circle + noise * rng.normal(size=(n, 2)), classes


def spirals(n: int = 200, turns: float = 1.5, noise: float = 0.03, rng: Seed = None) -> Classes:
    """Two intertwined spirals."""
    rng = np.random.default_rng(rng)
    classes = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 2 * np.pi * turns * radius + np.pi * classes
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return X + noise * rng.normal(size=(n, 2)), classes


def digits() -> Classes:
    """1797 handwritten digits, X (1797, 64) with pixels in [0, 1], from scikit-learn's own copy.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).

    Raises
    ------
    ImportError : if scikit-learn, which carries the data, is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            "the digits come with scikit-learn: pip install 'bpkit[course]'"
        ) from None
    X, classes = load_digits(return_X_y=True)
    return X / 16, classes
