"""The perceptron, the hinges it descends, and the nearest-mean classifier it is compared with.

Labels t are -1 and +1. The prediction is y = sign(z), and sign(0) = 0: a point exactly on the
boundary belongs to neither class and counts as a mistake. Without this, w = b = 0 would be right
about everything and the algorithm would never start.
"""

from dataclasses import dataclass

import numpy as np

from bpkit.activations import Array


@dataclass(frozen=True)
class Update:
    """One correction: after looking at example k in this epoch, the parameters became w and b."""

    epoch: int
    k: int
    w: Array
    b: float


@dataclass(frozen=True)
class PerceptronFit:
    """What the perceptron algorithm found.

    ``w`` (d,) and ``b`` are the last parameters, ``updates`` the way there, ``epochs`` the passes
    made over the data; ``converged`` says whether the last pass made no mistake.
    """

    w: Array
    b: float
    updates: tuple[Update, ...]
    epochs: int
    converged: bool


def predict(X: Array, w: Array, b: float) -> Array:
    """y = sign(w x + b) for each row of X (N, d): an array (N,) of -1, 0 and +1."""
    return np.sign(X @ w + b)


def perceptron(
    X: Array, t: Array, learning_rate: float = 1.0, max_epochs: int = 1000
) -> PerceptronFit:
    """Rosenblatt's algorithm: pass over the data, correct every mistake, stop when there is none.

    On a mistake w <- w + eta t x and b <- b + eta t: one step of gradient descent on that example's
    perceptron criterion max(0, -z t). It ends for every separable data set (Novikoff).

    Parameters
    ----------
    X : (N, d), one example in each row.
    t : (N,), labels -1 and +1.
    learning_rate : eta; from w = b = 0 it only scales the result.
    max_epochs : where to stop if the classes cannot be separated.

    Raises
    ------
    ValueError : if the shapes do not fit or a label is neither -1 nor +1.
    """
    X, t = _checked(X, t)
    w, b = np.zeros(X.shape[1]), 0.0
    updates: list[Update] = []
    for epoch in range(1, max_epochs + 1):
        mistakes = 0
        for k, (x_k, t_k) in enumerate(zip(X, t)):
            if predict(x_k, w, b) != t_k:
                w = w + learning_rate * t_k * x_k
                b = b + learning_rate * t_k
                updates.append(Update(epoch, k, w, b))
                mistakes += 1
        if mistakes == 0:
            return PerceptronFit(w, b, tuple(updates), epoch, True)
    return PerceptronFit(w, b, tuple(updates), max_epochs, False)


def hinge(z: Array, t: Array, margin: float = 0.0) -> Array:
    """max(0, margin - z t) for each example.

    margin 0 is the perceptron criterion, margin 1 the hinge of support vector machines. At
    z = 0 the first costs nothing and the second costs 1.
    """
    return np.maximum(0, margin - z * t)


def hinge_subgradient(
    w: Array, b: float, X: Array, t: Array, margin: float = 0.0
) -> tuple[Array, float]:
    """A subgradient, (d,) and a number, of the mean of ``hinge`` over the rows of X, in w and b.

    Example k contributes -t x and -t where its margin - z t > 0, and 0 elsewhere: at the kink we
    take 0, one subgradient of many. This is why *batch* descent on the criterion cannot leave
    w = b = 0, while the algorithm, which counts z = 0 as a mistake, can.
    """
    X, t = _checked(X, t)
    pull = -t * (margin - (X @ w + b) * t > 0)
    return pull @ X / len(t), float(pull.mean())


def class_means(X: Array, t: Array) -> tuple[Array, Array]:
    """mu_1 and mu_2, each (d,): the means of the classes t = +1 and t = -1."""
    X, t = _checked(X, t)
    if len(set(t)) < 2:
        raise ValueError("the nearest mean needs examples of both classes, -1 and +1")
    return X[t > 0].mean(axis=0), X[t < 0].mean(axis=0)


def nearest_mean(X: Array, mu_1: Array, mu_2: Array) -> Array:
    """sign(|x - mu_2|^2 - |x - mu_1|^2), (N,): +1 where a row is nearer to mu_1."""
    return np.sign(((X - mu_2) ** 2).sum(axis=1) - ((X - mu_1) ** 2).sum(axis=1))


def nearest_mean_as_linear(mu_1: Array, mu_2: Array) -> tuple[Array, float]:
    """w = 2 (mu_1 - mu_2) and b = |mu_2|^2 - |mu_1|^2: the same classifier as sign(w x + b)."""
    return 2 * (mu_1 - mu_2), float(mu_2 @ mu_2 - mu_1 @ mu_1)


def novikoff_bound(X: Array, t: Array, w: Array, b: float) -> float:
    """(R / gamma)^2: the perceptron makes no more updates than this, in any order of the data.

    R is the length of the longest example (x, 1), gamma the smallest distance from any (x, 1) to
    the boundary that (w, b) draws, which must separate the classes. Source: Novikoff (1962).

    Raises
    ------
    ValueError : if (w, b) gets an example wrong.
    """
    X, t = _checked(X, t)
    gamma = (t * (X @ w + b)).min() / np.sqrt(w @ w + b * b)
    if gamma <= 0:
        raise ValueError("the bound needs parameters w, b that separate the classes; these do not")
    return float(((X**2).sum(axis=1).max() + 1) / gamma**2)


def _checked(X: Array, t: Array) -> tuple[Array, Array]:
    X, t = np.asarray(X, dtype=float), np.asarray(t, dtype=float)
    if X.ndim != 2 or t.shape != (len(X),):
        raise ValueError(f"expected X of shape (N, d) and t (N,), got {X.shape} and {t.shape}")
    if not np.isfinite(X).all():
        raise ValueError("X holds NaN or infinity")
    if not (abs(t) == 1).all():
        raise ValueError(f"labels must be -1 or +1, not {t[abs(t) != 1][0]:g}")
    return X, t
