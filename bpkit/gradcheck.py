"""Numerical gradients that can be trusted, and a check of backpropagation against them.

A *scheme* estimates the derivative at t = 0 of a function phi(t), which may return many values at
once. Everything here is one scheme applied to different functions: a cost as one parameter moves,
the cost of each example as one z^l_j moves (the numerical delta), a cost along a direction.

Moving one weight changes one z, so only the layers above it are computed again, for many weights
at a time. Every ReLU and hinge is replaced by the line it is on at the point checked: a step
cannot cross a kink, and at a kink the line is the one that the derivative's convention names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.backprop import bp3, bp4
from bpkit.network import Gradients, Layers, Network, Trace

CHUNK = 1 << 13
"""Numbers that one batch of perturbed layers may hold, so that it stays in a core's own cache."""


@dataclass(frozen=True)
class Scheme:
    """A way to estimate a derivative: phi'(0) from values of phi at a distance h."""

    name: str
    h: float
    """Default step, near the best compromise of truncation and rounding in float64."""
    tolerance: float
    """Relative error, in the norm of a layer, that a right gradient stays below."""
    estimate: Callable[[Callable[[complex], Array], float], Array]
    subtracts: bool = True
    """Whether values of phi are subtracted, which costs about eps |phi| / h of accuracy."""


def _one_sided(phi, h):
    return (phi(h) - phi(0.0)) / h


def _two_sided(phi, h):
    return (phi(h) - phi(-h)) / (2 * h)


def _richardson(phi, h):
    return (4 * _two_sided(phi, h / 2) - _two_sided(phi, h)) / 3


def _complex_step(phi, h):
    return phi(1j * h).imag / h


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("one-sided", 1e-8, 1e-5, _one_sided),
        Scheme("two-sided", 3e-5, 1e-7, _two_sided),
        Scheme("richardson", 1e-3, 1e-8, _richardson),
        Scheme("complex-step", 1e-30, 1e-11, _complex_step, subtracts=False),
    )
}


def numerical_gradient(
    f: Callable[[Array], float], theta: Array, method: str = "two-sided", h: float | None = None
) -> Array:
    """The gradient of any f at theta, one parameter at a time: 2 evaluations for each of P.

    Parameters
    ----------
    f : takes an array like theta and returns a number. For "complex-step" it must be analytic:
        it sees complex numbers, and an ``abs`` or a comparison in it silently gives wrong results.
    theta : an array of any shape. It is not changed.
    method : "one-sided", "two-sided", "richardson" or "complex-step".
    h : the step; by default the method's own.

    Returns
    -------
    float64, the shape of theta.

    >>> numerical_gradient(lambda x: x[0] ** 2 * x[1], np.array([3.0, 1.0])).round(6)
    array([6., 9.])
    """
    scheme = _scheme(method)
    theta = np.asarray(theta, dtype=np.float64)

    def phi(t):
        values = np.empty(theta.shape, dtype=type(t))
        for i in np.ndindex(theta.shape):
            moved = theta.astype(type(t))
            moved[i] += t
            values[i] = f(moved)
        return values

    return scheme.estimate(phi, h or scheme.h)


def numerical_gradients(
    net: Network, X: Array, Y: Array, method: str = "two-sided", h: float | None = None
) -> Gradients:
    """Every delta, dw and db of a network, in float64, from its forward pass alone.

    Parameters
    ----------
    X, Y : (N, d_1) and (N, d_L).
    method, h : as in ``numerical_gradient``.

    Returns
    -------
    Gradients : as ``net.backward`` returns them.
    """
    scheme = _scheme(method)
    return _numerical(net, X, Y, scheme, h or scheme.h, directions=None)


def _numerical(net, X, Y, scheme: Scheme, h: float, directions: Layers | None) -> Gradients:
    """As ``numerical_gradients``; given directions V, dw[l] is only the derivative along V[l]."""
    demon, layers = _Demon(net, X, Y, scheme, h), range(2, net.L + 1)
    deltas: list[Any] = [None, None, *(demon.deltas(l) for l in layers)]
    db = [None, None, *(delta.mean(axis=0) for delta in deltas[2:])]  # b_j moves every z_j alike
    if directions is None:
        return Gradients(deltas, [None, None, *(demon.dw(l) for l in layers)], db)
    return Gradients(deltas, [None, None, *(demon.dw_along(l, directions[l]) for l in layers)], db)


class _Demon:
    """Sits at the neurons of a network, moves one z at a time and watches the cost."""

    def __init__(self, net: Network, X: Array, Y: Array, scheme: Scheme, h: float):
        self.scheme, self.h = scheme, h
        self.net = net if net.theta.dtype == np.float64 else net.astype(np.float64)
        self.trace: Trace = self.net.forward(X)
        self.Y = np.asarray(Y, dtype=np.float64)
        z = self.trace.z
        self.sigma = {l: net.activation.piece(z[l]) for l in range(2, net.L)}
        needs_a = not net.cost_function.sigma_prime_cancels  # cross-entropy is computed from z
        self.output: Callable = net.output.piece(z[net.L]) if needs_a else lambda z: None
        self.cost_function = net.cost_function.piece(z[net.L], self.Y)

    def costs(self, l: int, j: Array, dz: Array) -> Array:
        """Costs (P, N) when z^l_{j[p]} of example n is moved by dz[p, n], for P moves at a time."""
        z = self.trace.z
        if l == self.net.L:
            return self.costs_above(l, z[l] + dz[..., None] * np.eye(z[l].shape[1])[j][:, None, :])
        z_j = z[l].T[j]
        sigma = self.net.activation.piece(z_j)
        da_j = sigma(z_j + dz) - sigma(z_j)
        w_j = self.net.w[l + 1].T[j]
        return self.costs_above(l + 1, z[l + 1] + da_j[..., None] * w_j[:, None, :])

    def costs_above(self, l: int, z: Array) -> Array:
        """Costs (..., N) when the pre-activations of layer l are z, (..., N, d_l)."""
        for m in range(l, self.net.L):
            z = self.sigma[m](z) @ self.net.w[m + 1].T + self.net.b[m + 1]
        return self.cost_function(z, self.output(z), self.Y)

    def derivatives(self, l: int, j: Array, dz: Array) -> Array:
        """dC/dt, (P, N), as z^l_{j[p]} of example n moves by t dz[p, n]."""
        return self.scheme.estimate(lambda t: self.costs(l, j, t * dz), self.h)

    def deltas(self, l: int) -> Array:
        """delta^l, (N, d_l), from moving each z^l_j alone."""
        N, d_l = self.trace.z[l].shape
        deltas = np.empty((N, d_l))
        for j in self._chunks(l, d_l):
            deltas[:, j] = self.derivatives(l, j, np.ones((len(j), N))).T
        return deltas

    def dw(self, l: int) -> Array:
        """dC/dw^l, (d_l, d_{l-1}): moving w^l_jk by t moves z^l_j by t a^{l-1}_k.

        The step is taken as long in z as for a delta, however large the activation a_k is.
        """
        dw = np.empty(self.net.w[l].shape)
        a = self.trace.a[l - 1].T
        size = abs(a).max(axis=1, keepdims=True)
        dz = a / np.where(size > 0, size, 1)
        for entries in self._chunks(l, dw.size):
            j, k = np.unravel_index(entries, dw.shape)
            dw[j, k] = self.derivatives(l, j, dz[k]).mean(axis=1) * size[k, 0]
        return dw

    def dw_along(self, l: int, V: Array) -> Array:
        """sum_jk V_jk dC/dw^l_jk, a number: all weights of the layer move at once, along V."""
        dz = self.trace.a[l - 1] @ V.T
        size = max(abs(dz).max(), 1e-300)
        z, dz = self.trace.z[l], dz / size
        return self.scheme.estimate(lambda t: self.costs_above(l, z + t * dz), self.h).mean() * size

    def _chunks(self, l: int, entries: int) -> Iterator[Array]:
        numbers_each = len(self.Y) * max(self.net.sizes[l:], default=self.net.sizes[-1])
        size = max(1, CHUNK // numbers_each)
        return (np.arange(i, min(i + size, entries)) for i in range(0, entries, size))


@dataclass(frozen=True)
class Comparison:
    """One analytic array against its numerical counterpart, by norms."""

    equation: str
    symbol: str
    relative_error: float
    """|analytic - numerical| / max(|analytic|, |numerical|), 0 where both vanish."""
    verdict: str
    """"right"; "wrong"; or "undecided" where the two differ by no more than rounding."""
    worst: tuple[int, ...]
    analytic: float
    numerical: float
    """Values of the worst entry, the one with the largest difference."""


@dataclass(frozen=True)
class GradientReport:
    """The verdict on every array of a gradient, in the order in which BP computes them."""

    comparisons: tuple[Comparison, ...]
    method: str
    h: float

    @property
    def ok(self) -> bool:
        """True if every array is right: neither wrong nor undecided."""
        return all(c.verdict == "right" for c in self.comparisons)

    @property
    def first_wrong(self) -> Comparison | None:
        """The first wrong array: what comes after it may be wrong only because of it."""
        return next((c for c in self.comparisons if c.verdict == "wrong"), None)

    @property
    def worst(self) -> Comparison:
        """The comparison with the largest relative error."""
        return max(self.comparisons, key=lambda c: c.relative_error)

    def __str__(self) -> str:
        lines = [f"gradient check, {self.method}, h = {self.h:g}"]
        lines += [
            f"  {c.equation}  {c.symbol:<8} relative error {c.relative_error:.1e}  {c.verdict}"
            for c in self.comparisons
        ]
        if wrong := self.first_wrong:
            lines.append(
                f"first wrong: {wrong.equation} at {wrong.symbol}{list(wrong.worst)}: "
                f"analytic {wrong.analytic:.6g}, numerical {wrong.numerical:.6g}"
            )
        elif not self.ok:
            lines.append("undecided: a gradient is too small to be told from rounding")
        else:
            lines.append("all right")
        return "\n".join(lines)


def check_gradients(
    net: Network,
    X: Array,
    Y: Array,
    grads: Gradients | None = None,
    *,
    method: str = "two-sided",
    h: float | None = None,
    quick: bool = False,
    rng: int | np.random.Generator | None = 0,
) -> GradientReport:
    """Compare a gradient with a numerical one, array by array, and say which equation fails first.

    A difference of costs may acquit an array, if its rounding is small against the gradient. Only a
    complex step convicts, for it is free of the truncation and rounding that make a difference err
    on steep or saturated layers.

    Parameters
    ----------
    X, Y : (N, d_1) and (N, d_L). A few examples suffice.
    grads : the gradient to check; by default what ``net.backward`` returns.
    method, h : as in ``numerical_gradient``.
    quick : check every delta and db, but each dw only along one random direction V drawn by rng.
        A wrong dw goes unnoticed only if its error is orthogonal to V, which has probability 0;
        but a small error in few entries shows with its share of the norm of dw, not entry by entry.

    Raises
    ------
    ValueError : if an array of ``grads`` has the wrong shape, or for an unknown method.

    >>> net = Network([2, 3, 1], rng=0)
    >>> check_gradients(net, [[0.0, 1.0], [1.0, 0.5]], [[1.0], [0.0]]).ok
    True
    """
    scheme = _scheme(method)
    h = h or scheme.h
    grads = grads or net.backward(net.forward(X), Y)
    _check_shapes(net, len(X), grads)
    rng = np.random.default_rng(rng)
    V = [w if w is None else rng.uniform(-1, 1, w.shape) for w in net.w] if quick else None
    analytic = _along(V, grads)
    numerical = _numerical(net, X, Y, scheme, h, V)
    rounding = cache(lambda: _along(V, _rounding(net, X, Y, numerical.deltas)))
    exact = cache(lambda: _numerical(net, X, Y, SCHEMES["complex-step"], 1e-30, V))
    noise = np.finfo(np.float64).eps * net.cost(X, Y) / h if scheme.subtracts else 0.0
    comparisons = []
    for equation, symbol, quantity, l in _in_order(net.L):
        ours, theirs = getattr(analytic, quantity)[l], getattr(numerical, quantity)[l]
        comparison = _compare(equation, symbol, ours, theirs, scheme.tolerance)
        too_coarse = noise * np.sqrt(np.size(theirs)) > 1e-3 * np.linalg.norm(theirs)
        if too_coarse or comparison.verdict != "right":
            theirs, floor = getattr(exact(), quantity)[l], getattr(rounding(), quantity)[l]
            comparison = _compare(equation, symbol, ours, theirs, scheme.tolerance, floor)
        comparisons.append(comparison)
    return GradientReport(tuple(comparisons), method, h)


def _in_order(L: int) -> Iterator[tuple[str, str, str, int]]:
    """Equation, symbol, field and layer of every array, as the backward pass computes them."""
    for l in range(L, 1, -1):
        yield "BP-1" if l == L else "BP-2", f"delta^{l}", "deltas", l
    for l in range(L, 1, -1):
        yield "BP-3", f"db^{l}", "db", l
        yield "BP-4", f"dw^{l}", "dw", l


def _check_shapes(net: Network, examples: int, grads: Gradients) -> None:
    for _, symbol, quantity, l in _in_order(net.L):
        d_l = net.sizes[l - 1]
        expected = {"deltas": (examples, d_l), "dw": net.w[l].shape, "db": (d_l,)}[quantity]
        shape = np.shape(getattr(grads, quantity)[l])
        if shape != expected:
            raise ValueError(f"{symbol} has shape {shape}, expected {expected}")


def _along(V: Layers | None, grads: Gradients) -> Gradients:
    """The gradient with each dw replaced by its derivative along V[l], a number."""
    if V is None:
        return grads
    dw = [None if g is None else np.vdot(V_l, g) for V_l, g in zip(V, grads.dw)]
    return Gradients(grads.deltas, dw, grads.db)


def _rounding(net: Network, X: Array, Y: Array, true_deltas: Layers) -> Gradients:
    """What rounding may do to each array: BP-1 to BP-4 on magnitudes, with eps for sigma'.

    In a saturated layer sigma' = a (1 - a) is a small difference of numbers near 1, so it is known
    to an absolute eps only, and so are the deltas that it multiplies.
    """
    L, eps = net.L, 4 * np.finfo(net.theta.dtype).eps
    a: list[Any] = [None, *(abs(a_l) for a_l in net.forward(X).a[1:])]
    deltas: list[Any] = [None] * (L + 1)
    deltas[L] = eps * (a[L] + abs(np.asarray(Y)))
    for l in range(L - 1, 1, -1):
        deltas[l] = (deltas[l + 1] + eps * abs(true_deltas[l + 1])) @ abs(net.w[l + 1])
    dw = [None, None, *(bp4(a[l - 1], deltas[l]) for l in range(2, L + 1))]
    db = [None, None, *(bp3(deltas[l]) for l in range(2, L + 1))]
    return Gradients(deltas, dw, db)


def _compare(equation, symbol, analytic, numerical, tolerance, floor=0.0) -> Comparison:
    analytic, numerical = np.asarray(analytic), np.asarray(numerical)
    difference = abs(analytic - numerical)
    error = np.linalg.norm(difference)
    scale = max(np.linalg.norm(analytic), np.linalg.norm(numerical))
    eps = np.finfo(analytic.dtype).eps if analytic.dtype.kind == "f" else 0.0
    if error <= max(tolerance, 1e3 * eps) * scale:
        verdict = "right"
    elif error <= np.linalg.norm(floor):
        verdict = "undecided"
    else:
        verdict = "wrong"
    worst = np.unravel_index(difference.argmax(), difference.shape)
    return Comparison(
        equation,
        symbol,
        float(error / scale) if scale else 0.0,
        verdict,
        tuple(int(i) for i in worst),
        float(analytic[worst]),
        float(numerical[worst]),
    )


def _scheme(name: str) -> Scheme:
    if name not in SCHEMES:
        raise ValueError(f"unknown method {name!r}; known are {', '.join(SCHEMES)}")
    return SCHEMES[name]
