"""A feedforward network: forward pass, cost, backward pass.

Layers are numbered 1 (input) to L (output), as in the text, and so are the arrays: ``w[l]``,
``b[l]``, ``z[l]``, ``a[l]``, ``deltas[l]``. What layer l does not have is None, and index 0, which
only Python knows, is None throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

from bpkit.activations import ACTIVATIONS, Activation, Array
from bpkit.backprop import bp1, bp2, bp3, bp4
from bpkit.costs import COSTS, Cost
from bpkit.initializers import Initializer, xavier_normal, zeros

Layers = Sequence[Any]
"""Arrays indexed by layer number, None where a layer has none."""


@dataclass(frozen=True)
class Trace:
    """What the forward pass computed: ``z[l]`` and ``a[l]``, each (N, d_l); ``z[1]`` is None."""

    z: Layers
    a: Layers


@dataclass(frozen=True)
class Gradients:
    """What the backward pass computed, for l = 2 ... L.

    ``deltas[l]`` (N, d_l) belong to each example's own cost; ``dw[l]`` (d_l, d_{l-1}) and
    ``db[l]`` (d_l,) to the mean cost of the batch.
    """

    deltas: Layers
    dw: Layers
    db: Layers

    @cached_property
    def theta(self) -> Array:
        """All dw and db in one flat vector, in the order of ``Network.theta``."""
        return np.concatenate([g.ravel() for dw_db in zip(self.dw[2:], self.db[2:]) for g in dw_db])


class Network:
    """A fully connected network with one activation in its hidden layers and one at its output.

    Parameters
    ----------
    sizes : the numbers of neurons d_1, ..., d_L.
    activation : of the hidden layers: "linear", "sigmoid", "tanh" or "relu".
    output : of layer L: any of those, or "softmax".
    cost : "quadratic" (with the 1/2) or "squared_error" (without), "cross_entropy" (sigmoid or
        softmax output), "hinge" or "margin_hinge" (linear output).
    initializer : draws the weights; biases start at 0.
    rng : a seed or generator, for the weights.
    dtype : of the parameters and of everything computed from them.

    Attributes
    ----------
    theta : (P,), every parameter in one vector.
    w, b : ``w[l]`` (d_l, d_{l-1}) and ``b[l]`` (d_l,), views into theta.

    Raises
    ------
    ValueError : for an unknown name, or an activation or cost in the wrong place.

    >>> net = Network([2, 3, 1], rng=0)
    >>> trace = net.forward([[0.0, 1.0]])
    >>> grads = net.backward(trace, [[1.0]])
    >>> grads.dw[2].shape, grads.db[2].shape
    ((3, 2), (3,))
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "sigmoid",
        output: str = "sigmoid",
        cost: str = "quadratic",
        *,
        initializer: Initializer = xavier_normal,
        rng: int | np.random.Generator | None = None,
        dtype: type = np.float64,
    ):
        self.sizes = _checked_sizes(sizes)
        self.activation, self.output = _checked_activations(activation, output)
        self.cost_function = _checked_cost(cost, output)
        self._theta: Array = np.zeros(
            sum(m * n + m for n, m in zip(self.sizes, self.sizes[1:])), dtype
        )
        self.w, self.b = self.roll(self._theta)
        rng = np.random.default_rng(rng)
        for l in range(2, self.L + 1):
            self.w[l][:] = initializer(self.w[l].shape, rng)

    @property
    def L(self) -> int:
        """The number of layers, the input included."""
        return len(self.sizes)

    @property
    def theta(self) -> Array:
        """Every parameter in one vector; assigning to it fills w and b."""
        return self._theta

    @theta.setter
    def theta(self, values: Array) -> None:
        self._theta[:] = values

    def astype(self, dtype: type) -> Network:
        """A network with the same parameters in another precision, and memory of its own."""
        names = self.activation.name, self.output.name, self.cost_function.name
        copy = Network(self.sizes, *names, initializer=zeros, dtype=dtype)
        copy.theta = self.theta
        return copy

    def roll(self, theta: Array) -> tuple[Layers, Layers]:
        """The views w and b into a flat vector with as many entries as this network's theta."""
        w: list[Any] = [None, None]
        b: list[Any] = [None, None]
        start = 0
        for n, m in zip(self.sizes, self.sizes[1:]):
            w.append(theta[start : start + m * n].reshape(m, n))
            b.append(theta[start + m * n : start + m * n + m])
            start += m * n + m
        return tuple(w), tuple(b)

    def forward(self, X: Array) -> Trace:
        """z^l = w^l a^{l-1} + b^l and a^l = sigma(z^l) for every layer.

        Parameters
        ----------
        X : (N, d_1), one example in each row.

        Raises
        ------
        ValueError : if X has another shape, is not numeric, or holds NaN or infinity.
        """
        return self.propagate(self._checked_data("X", X, self.sizes[0]))

    def backward(self, trace: Trace, Y: Array) -> Gradients:
        """The gradient of the mean cost of the batch, by BP-1 to BP-4.

        Parameters
        ----------
        trace : of the forward pass over the same N examples.
        Y : (N, d_L), the labels.

        Raises
        ------
        ValueError : if the labels do not fit the trace or the cost.
        """
        return self.backpropagate(trace, self._checked_labels(Y, len(trace.a[1])))

    def propagate(self, X: Array) -> Trace:
        """``forward`` for an X that ``checked_batch`` has returned."""
        z: list[Any] = [None, None]
        a: list[Any] = [None, X]
        for l in range(2, self.L + 1):
            sigma = self.output if l == self.L else self.activation
            z.append(a[l - 1].dot(self.w[l].T) + self.b[l])
            a.append(sigma(z[l]))
        return Trace(z, a)

    def backpropagate(self, trace: Trace, Y: Array) -> Gradients:
        """``backward`` for a Y that ``checked_batch`` has returned."""
        L, w, a = self.L, self.w, trace.a
        deltas: list[Any] = [None] * (L + 1)
        theta = np.empty_like(self._theta)
        dw, db = self.roll(theta)

        if self.cost_function.sigma_prime_cancels:
            deltas[L] = a[L] - Y
        else:
            deltas[L] = bp1(self.cost_function.grad_a(a[L], Y), self.output.prime_from_a(a[L]))
        for l in range(L - 1, 1, -1):
            deltas[l] = bp2(w[l + 1], deltas[l + 1], self.activation.prime_from_a(a[l]))
        for l in range(2, L + 1):
            bp3(deltas[l], out=db[l])
            bp4(a[l - 1], deltas[l], out=dw[l])
        grads = Gradients(deltas, dw, db)
        vars(grads)["theta"] = theta  # whose views dw and db are: nothing is left to concatenate
        return grads

    def cost(self, X: Array, Y: Array) -> float:
        """The mean cost over the examples in the rows of X (N, d_1) and Y (N, d_L)."""
        trace = self.forward(X)
        Y = self._checked_labels(Y, len(trace.a[1]))
        return float(self.cost_function(trace.z[-1], trace.a[-1], Y).mean())

    def predict(self, X: Array) -> Array:
        """The output activations a^L, (N, d_L), for the examples in the rows of X (N, d_1)."""
        return self.forward(X).a[-1]

    def checked_batch(self, X: Array, Y: Array) -> tuple[Array, Array]:
        """X and Y as arrays of this network's dtype.

        Raises
        ------
        ValueError : if they do not fit the network, its cost, or one another.
        """
        X = self._checked_data("X", X, self.sizes[0])
        return X, self._checked_labels(Y, len(X))

    def _checked_data(self, name: str, data: Array, columns: int) -> Array:
        try:
            data = np.asarray(data, dtype=self._theta.dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be an array of numbers: {error}") from None
        if data.ndim != 2 or data.shape[1] != columns or not len(data):
            raise ValueError(
                f"{name} has shape {data.shape}, expected (N, {columns}): one example in each row, "
                f"for a network of sizes {self.sizes}"
            )
        # one product finds NaN and infinity faster than a look at every entry
        if not isfinite(np.vdot(data, data)) and not np.isfinite(data).all():
            row, column = np.argwhere(~np.isfinite(data))[0]
            raise ValueError(f"{name}[{row}, {column}] is {data[row, column]}, not a finite number")
        return data

    def _checked_labels(self, Y: Array, examples: int) -> Array:
        Y = self._checked_data("Y", Y, self.sizes[-1])
        if len(Y) != examples:
            raise ValueError(f"Y has {len(Y)} examples, X has {examples}")
        self.cost_function.check_labels(Y)
        return Y


def _checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    if len(sizes) < 2 or any(d != int(d) or d < 1 for d in sizes):
        raise ValueError(f"sizes must be two or more positive integers, not {sizes!r}")
    return tuple(int(d) for d in sizes)


def _checked_activations(activation: str, output: str) -> tuple[Activation, Activation]:
    for name in activation, output:
        if name not in ACTIVATIONS:
            raise ValueError(f"unknown activation {name!r}; known are {', '.join(ACTIVATIONS)}")
    if activation == "softmax":
        raise ValueError("softmax belongs in the output layer, not in a hidden one")
    return ACTIVATIONS[activation], ACTIVATIONS[output]


def _checked_cost(name: str, output: str) -> Cost:
    named = [cost for cost in COSTS if cost.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(cost.name for cost in COSTS))
        raise ValueError(f"unknown cost {name!r}; known are {known}")
    for cost in named:
        if output in cost.outputs:
            return cost
    outputs = " or ".join(output for cost in named for output in cost.outputs)
    raise ValueError(f"the cost {name!r} needs a {outputs} output, not {output!r}")
