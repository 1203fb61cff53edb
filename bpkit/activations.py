"""Activation functions: a = sigma(z), and sigma'(z) written with a.

Every activation is an object with the same four members:

``sigma(z)``
    the activation, elementwise on an array ``(N, d)`` (softmax: row by row);
``sigma.prime(z)``
    its derivative at z;
``sigma.prime_from_a(a)``
    the same derivative written with ``a = sigma(z)``, which the forward pass has computed already;
``sigma.piece(z)``
    the smooth function that sigma is around z: sigma itself, or for ReLU one of its two lines.

All accept complex input and are analytic in it, so that a complex step passes through.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


LOWEST = -87
"""Where a sigmoid is taken as 0 (it is 1e-38): beyond, exp(-z) overflows in float32."""


class Activation(Protocol):
    """What a layer needs to know about its activation."""

    name: str

    def __call__(self, z: Array) -> Array: ...
    def prime(self, z: Array) -> Array: ...
    def prime_from_a(self, a: Array) -> Array: ...
    def piece(self, z: Array) -> Callable[[Array], Array]: ...


class _Smooth:
    """The part that smooth activations share."""

    def prime(self, z):
        return self.prime_from_a(self(z))

    def piece(self, z):
        return self


class Linear(_Smooth):
    """a = z, sigma'(z) = 1. An output activation for regression."""

    name = "linear"

    def __call__(self, z):
        return z

    def prime_from_a(self, a):
        return np.ones_like(a)


class Sigmoid(_Smooth):
    """a = 1 / (1 + exp(-z)), sigma'(z) = a (1 - a)."""

    name = "sigmoid"

    def __call__(self, z):
        return 1 / (1 + np.exp(-np.maximum(z, LOWEST)))

    def prime_from_a(self, a):
        return a * (1 - a)


class Tanh(_Smooth):
    """a = tanh(z), sigma'(z) = 1 - a^2."""

    name = "tanh"

    def __call__(self, z):
        return np.tanh(z)

    def prime_from_a(self, a):
        return 1 - a * a


class ReLU:
    """a = max(0, z), sigma'(z) = 1 for z > 0 and 0 for z <= 0: at the kink we say 0."""

    name = "relu"

    def __call__(self, z):
        return np.maximum(z, 0)

    def prime(self, z):
        return (z > 0).astype(z.dtype)

    def prime_from_a(self, a):
        return self.prime(a)

    def piece(self, z):
        slope = self.prime(z)
        return lambda z_near: slope * z_near


class Softmax(_Smooth):
    """a_i = exp(z_i) / sum_j exp(z_j) in every row; every a_i depends on every z_j.

    Its derivative is therefore a matrix per example, da_i/dz_j = a_i (1[i = j] - a_j), and
    ``prime`` returns the array ``(N, d, d)`` of these Jacobians.
    """

    name = "softmax"

    def __call__(self, z):
        e = np.exp(z - z.real.max(axis=-1, keepdims=True))  # the shift cancels, and tames exp
        return e / e.sum(axis=-1, keepdims=True)

    def prime_from_a(self, a):
        return a[..., :, None] * (np.eye(a.shape[-1], dtype=a.dtype) - a[..., None, :])


ACTIVATIONS: dict[str, Activation] = {
    sigma.name: sigma for sigma in (Linear(), Sigmoid(), Tanh(), ReLU(), Softmax())
}
