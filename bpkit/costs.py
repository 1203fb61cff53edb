"""Cost functions C(a^L, y) of one example, and their gradients with respect to a^L.

A cost is an object with these members:

``cost(z, a, y)``
    the cost of each example, shape ``(N,)``, from the output layer's z and a, both ``(N, d_L)``
    (cross-entropy is accurate only when it is computed from z);
``cost.grad_a(a, y)``
    its gradient with respect to a, shape ``(N, d_L)``, the first factor of BP-1;
``cost.sigma_prime_cancels``
    whether that gradient times sigma'(z^L) simplifies to a - y;
``cost.check_labels(y)``
    raises ValueError if the cost is not defined for such labels;
``cost.piece(z, y)``
    the smooth function that the cost is around z: itself, or for a hinge one of its two lines.

The cost of a batch is the mean over its examples.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from bpkit.activations import Array


class Cost(Protocol):
    """What a network needs to know about its cost."""

    name: str
    outputs: tuple[str, ...]
    """The output activations that the cost is defined for."""
    sigma_prime_cancels: bool

    def __call__(self, z: Array, a: Array, y: Array) -> Array: ...
    def grad_a(self, a: Array, y: Array) -> Array: ...
    def check_labels(self, y: Array) -> None: ...
    def piece(self, z: Array, y: Array) -> Callable[[Array, Array, Array], Array]: ...


class _Smooth:
    """The part that smooth costs share."""

    sigma_prime_cancels = False

    def check_labels(self, y):
        pass

    def piece(self, z, y):
        return self


class Quadratic(_Smooth):
    """C = 1/2 |a - y|^2, so that grad_a C = a - y."""

    name = "quadratic"
    outputs: tuple[str, ...] = ("linear", "sigmoid", "tanh", "relu", "softmax")

    def __call__(self, z, a, y):
        return ((a - y) ** 2).sum(axis=-1) / 2

    def grad_a(self, a, y):
        return a - y


class SquaredError(_Smooth):
    """C = |a - y|^2 without the 1/2, so that grad_a C = 2 (a - y)."""

    name = "squared_error"
    outputs: tuple[str, ...] = Quadratic.outputs

    def __call__(self, z, a, y):
        return ((a - y) ** 2).sum(axis=-1)

    def grad_a(self, a, y):
        return 2 * (a - y)


class SigmoidCrossEntropy(_Smooth):
    """C = -sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)] for labels in [0, 1]."""

    name = "cross_entropy"
    outputs: tuple[str, ...] = ("sigmoid",)
    sigma_prime_cancels = True

    def __call__(self, z, a, y):
        # -ln(1 - a) = ln(1 + e^z) = z^+ + ln(1 + e^-|z|), written without abs to stay analytic
        z_plus = np.where(z.real > 0, z, 0)
        return (z_plus + np.log1p(np.exp(z - 2 * z_plus)) - y * z).sum(axis=-1)

    def grad_a(self, a, y):
        return (a - y) / (a * (1 - a))

    def check_labels(self, y):
        if abs(y - 0.5).max() > 0.5:
            raise ValueError(
                f"cross-entropy needs labels in [0, 1], Y reaches {y.min()} to {y.max()}"
            )


class SoftmaxCrossEntropy(_Smooth):
    """C = -sum_j y_j ln a_j for labels that sum to 1 in every row."""

    name = "cross_entropy"
    outputs: tuple[str, ...] = ("softmax",)
    sigma_prime_cancels = True

    def __call__(self, z, a, y):
        z_shifted = z - z.real.max(axis=-1, keepdims=True)
        log_a = z_shifted - np.log(np.exp(z_shifted).sum(axis=-1, keepdims=True))
        return -(y * log_a).sum(axis=-1)

    def grad_a(self, a, y):
        return -y / a

    def check_labels(self, y):
        excess = y.dot(np.ones(y.shape[1])) - 1
        if y.min() < 0 or np.dot(excess, excess) > 1e-10:
            raise ValueError(
                "softmax with cross-entropy needs labels in [0, 1] that sum to 1 in each row of Y"
            )


class Hinge:
    """The perceptron criterion C = sum_j max(0, -z_j y_j), labels -1 and +1, linear output."""

    name = "hinge"
    outputs: tuple[str, ...] = ("linear",)
    sigma_prime_cancels = False
    margin = 0.0

    def __call__(self, z, a, y):
        return np.maximum(0, self.margin - a * y).sum(axis=-1)

    def grad_a(self, a, y):
        """-y where the margin is violated and 0 elsewhere, the kink included."""
        return -y * (self.margin - a * y > 0)

    def check_labels(self, y):
        if (abs(y) != 1).any():
            raise ValueError(f"the cost {self.name!r} needs labels -1 and +1 in Y")

    def piece(self, z, y):
        violated = self.margin - z * y > 0
        return lambda z_near, a_near, y: (violated * (self.margin - a_near * y)).sum(axis=-1)


class MarginHinge(Hinge):
    """The hinge of support vector machines, C = sum_j max(0, 1 - z_j y_j)."""

    name = "margin_hinge"
    margin = 1.0


COSTS: tuple[Cost, ...] = (
    Quadratic(),
    SquaredError(),
    SigmoidCrossEntropy(),
    SoftmaxCrossEntropy(),
    Hinge(),
    MarginHinge(),
)
