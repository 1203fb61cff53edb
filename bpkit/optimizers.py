"""From a gradient to a step: SGD with its two momenta, AdaGrad, and schedules of the rate.

An optimizer holds settings only. What it remembers from step to step is a *state* that the caller
keeps: ``state = optimizer.start(theta)``, then ``step, state = optimizer.step(gradient, state,
epoch)`` and ``theta += step``. Two trainings with one optimizer therefore never meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bpkit.activations import Array

Schedule = Callable[[int], float]
"""The learning rate in each epoch, counted from 1."""


class Optimizer(Protocol):
    """What training needs to know about an optimizer."""

    def start(self, theta: Array) -> Array: ...
    def step(self, gradient: Array, state: Array, epoch: int) -> tuple[Array, Array]: ...


def inverse_time(rate: float, decay: float) -> Schedule:
    """rate / (1 + decay (epoch - 1)): steadily decreasing, like 1/t."""
    return lambda epoch: rate / (1 + decay * (epoch - 1))


def exponential(rate: float, factor: float) -> Schedule:
    """rate factor^(epoch - 1): steadily decreasing, by the same factor in every epoch."""
    return lambda epoch: rate * factor ** (epoch - 1)


def fixed_then_decreasing(rate: float, epochs: int, decay: float) -> Schedule:
    """The rate unchanged for this many epochs, then ``inverse_time`` from there."""
    return lambda epoch: inverse_time(rate, decay)(max(1, epoch - epochs + 1))


def rate_in(learning_rate: float | Schedule, epoch: int) -> float:
    """The learning rate in this epoch; a number is the fixed schedule."""
    return learning_rate(epoch) if callable(learning_rate) else learning_rate


@dataclass(frozen=True)
class SGD:
    """Gradient descent, with momentum alpha if asked for, classic or Nesterov's.

    With learning rate gamma and velocity n_t = alpha n_{t-1} + gamma g::

        step = -n_t                              classic momentum
        step = alpha n_{t-1} - (1 + alpha) n_t   Nesterov

    Nesterov's form evaluates the gradient at the look-ahead point theta - alpha n: it is theta that
    is read as that point. Source: Sutskever et al. (2013), Heaton (2015).

    Parameters
    ----------
    learning_rate : gamma, a number or a schedule.
    momentum : alpha in [0, 1).

    Raises
    ------
    ValueError : if the rate is not positive or the momentum not in [0, 1).
    """

    learning_rate: float | Schedule
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self):
        _check_rate(self.learning_rate)
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), not {self.momentum}")

    def start(self, theta: Array) -> Array:
        """The velocity n_0 = 0."""
        return np.zeros_like(theta)

    def step(self, gradient: Array, state: Array, epoch: int) -> tuple[Array, Array]:
        """The step for theta, and the next velocity."""
        gamma, alpha = rate_in(self.learning_rate, epoch), self.momentum
        if alpha == 0:
            return -gamma * gradient, state
        velocity = alpha * state + gamma * gradient
        if self.nesterov:
            return alpha * state - (1 + alpha) * velocity, velocity
        return -velocity, velocity


@dataclass(frozen=True)
class AdaGrad:
    """A rate for each parameter: gamma / (sqrt(sum of squared gradients) + epsilon).

    A parameter that is moved often and far slows down. Without epsilon the first step of a
    parameter with gradient 0 would be 0/0. Source: Duchi, Hazan and Singer (2011).
    """

    learning_rate: float | Schedule
    epsilon: float = 1e-8

    def __post_init__(self):
        _check_rate(self.learning_rate)
        if not self.epsilon > 0:
            raise ValueError(f"epsilon must be positive, not {self.epsilon}")

    def start(self, theta: Array) -> Array:
        """The sum of squared gradients, 0."""
        return np.zeros_like(theta)

    def step(self, gradient: Array, state: Array, epoch: int) -> tuple[Array, Array]:
        """The step for theta, and the next sum of squares."""
        squares = state + gradient**2
        rate = rate_in(self.learning_rate, epoch)
        return -rate * gradient / (np.sqrt(squares) + self.epsilon), squares


def _check_rate(learning_rate: float | Schedule) -> None:
    if not rate_in(learning_rate, 1) > 0:
        raise ValueError(f"the learning rate must be positive, not {learning_rate}")
