"""How a network learns: epochs, mini-batches, stopping, weight decay, cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bpkit.activations import Array
from bpkit.network import Network
from bpkit.optimizers import Optimizer

Sampler = Callable[["np.random.Generator"], Iterator[Array]]
"""Gives the batches of one epoch, as arrays of row numbers."""


@dataclass
class History:
    """What happened in training, epoch by epoch.

    ``costs[e]`` is the cost over all training examples after e epochs (so ``costs[0]`` is that of
    the initial weights), ``validation_costs`` the same for held-out data where given. Both are
    without the penalty of weight decay. ``iterations`` counts the steps, ``stopped`` says why
    training ended.
    """

    costs: list[float] = field(default_factory=list)
    validation_costs: list[float] = field(default_factory=list)
    iterations: int = 0
    stopped: str = ""

    @property
    def epochs(self) -> int:
        """The number of epochs that were run."""
        return len(self.costs) - 1

    def plot(self):
        """Draw the cost against the epoch; returns the figure."""
        from bpkit import plots

        return plots.training_curves({"training": self.costs, "validation": self.validation_costs})


def minibatches(examples: int, batch_size: int) -> Sampler:
    """A fresh permutation in each epoch, cut into batches; the last may be smaller.

    A batch size of 1 is online learning, one of ``examples`` is batch learning.
    """
    if not 1 <= batch_size <= examples:
        raise ValueError(f"batch_size must be between 1 and {examples}, not {batch_size}")

    def sample(rng: np.random.Generator) -> Iterator[Array]:
        order = rng.permutation(examples)
        return (order[i : i + batch_size] for i in range(0, examples, batch_size))

    return sample


def priority_batches(high: Array, batch_size: int, share: float) -> Sampler:
    """Batches of which a fixed share comes from a pool of high priority, the rest from the others.

    Parameters
    ----------
    high : (N,) of bool, which examples are in the pool of high priority.
    batch_size : rows in a batch; an epoch has N // batch_size batches, at least one.
    share : of each batch, in [0, 1], that is drawn from the pool, with replacement.

    Raises
    ------
    ValueError : if a pool that must be drawn from is empty.
    """
    high = np.asarray(high, dtype=bool)
    pools = np.flatnonzero(high), np.flatnonzero(~high)
    from_high = round(share * batch_size)
    counts = from_high, batch_size - from_high
    if not 0 <= share <= 1 or any(n and not len(pool) for n, pool in zip(counts, pools)):
        raise ValueError(f"cannot draw {counts} examples from pools of {[len(p) for p in pools]}")

    def sample(rng: np.random.Generator) -> Iterator[Array]:
        for _ in range(max(1, len(high) // batch_size)):
            drawn = [rng.choice(pool, n) for pool, n in zip(pools, counts) if n]
            yield rng.permutation(np.concatenate(drawn))

    return sample


def train(
    net: Network,
    X: Array,
    Y: Array,
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    sampler: Sampler | None = None,
    l2: float = 0.0,
    target_cost: float | None = None,
    min_change: float | None = None,
    validation: tuple[Array, Array] | None = None,
    rng: int | np.random.Generator | None = None,
) -> History:
    """Descend the cost of a network, changing its parameters in place.

    A progress bar appears if training takes longer than two seconds.

    Parameters
    ----------
    X, Y : (N, d_1) and (N, d_L).
    optimizer : such as ``SGD(0.1, momentum=0.9)``.
    epochs : the most passes over the data.
    batch_size : examples in a step; by default all of them (batch gradient descent).
    sampler : draws the batches instead, such as ``priority_batches(...)``.
    l2 : lambda of the penalty lambda sum w^2, whose gradient is 2 lambda w. Biases are not
        decayed. (PyTorch's ``weight_decay`` is this gradient's factor, 2 lambda.)
    target_cost : stop when the cost is no larger.
    min_change : stop when an epoch changes the cost by less.
    validation : held-out X and Y, whose cost is recorded after each epoch.
    rng : a seed or generator, for the order of the examples.

    Raises
    ------
    ValueError : if the data do not fit the network, or the cost stops being finite (the learning
        rate is too high).
    """
    from tqdm import tqdm  # takes longer to import than NumPy

    rng = np.random.default_rng(rng)
    X, Y = net.checked_batch(X, Y)
    if batch_size and sampler:
        raise ValueError("give either batch_size or sampler, not both")
    sampler = sampler or minibatches(len(X), batch_size or len(X))
    decay = 2 * l2 * _is_weight(net) if l2 else None
    state = optimizer.start(net.theta)
    history = History()
    _record(history, net, X, Y, validation)
    for epoch in tqdm(range(1, epochs + 1), "training", delay=2, leave=False, unit="epoch"):
        for batch in sampler(rng):
            state = descend(net, X[batch], Y[batch], optimizer, state, epoch, decay)
            history.iterations += 1
        _record(history, net, X, Y, validation)
        if target_cost is not None and history.costs[-1] <= target_cost:
            history.stopped = "target cost"
            return history
        if min_change is not None and abs(history.costs[-2] - history.costs[-1]) < min_change:
            history.stopped = "little change"
            return history
    history.stopped = "epoch limit"
    return history


def descend(
    net: Network,
    X: Array,
    Y: Array,
    optimizer: Optimizer,
    state: Array,
    epoch: int = 1,
    decay: Array | None = None,
) -> Array:
    """Take one step down the cost of a batch; returns the optimizer's next state.

    Parameters
    ----------
    X, Y : (N, d_1) and (N, d_L), the batch, as ``net.checked_batch`` returns it.
    state : from ``optimizer.start(net.theta)``, or the step before.
    decay : (P,), the 2 lambda of each parameter, 0 for biases.
    """
    gradient = net.backpropagate(net.propagate(X), Y).theta
    if decay is not None:
        gradient += decay * net.theta
    step, state = optimizer.step(gradient, state, epoch)
    net.theta += step
    return state


@dataclass(frozen=True)
class CrossValidation:
    """The held-out costs of k-fold cross-validation.

    ``costs[i, f]`` is the cost on fold f of a network trained with ``lambdas[i]`` on the others.
    """

    lambdas: tuple[float, ...]
    costs: Array

    @property
    def means(self) -> Array:
        """The mean held-out cost for each lambda."""
        return self.costs.mean(axis=1)

    @property
    def best(self) -> float:
        """The lambda with the smallest mean held-out cost."""
        return self.lambdas[int(self.means.argmin())]


def cross_validate(
    make_network: Callable[[], Network],
    X: Array,
    Y: Array,
    lambdas: Sequence[float],
    *,
    optimizer: Optimizer,
    epochs: int,
    folds: int = 5,
    batch_size: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> CrossValidation:
    """Choose the lambda of weight decay by k-fold cross-validation.

    Every lambda is tried on the same folds, from what ``make_network()`` returns each time.

    Raises
    ------
    ValueError : if there are fewer than 2 folds, or more folds than examples.
    """
    rng = np.random.default_rng(rng)
    X, Y = make_network().checked_batch(X, Y)
    if not 2 <= folds <= len(X):
        raise ValueError(
            f"folds must be between 2 and {len(X)}, the number of examples, not {folds}"
        )
    parts = np.array_split(rng.permutation(len(X)), folds)
    costs = np.empty((len(lambdas), folds))
    for i, l2 in enumerate(lambdas):
        for f, held_out in enumerate(parts):
            rest = np.concatenate(parts[:f] + parts[f + 1 :])
            net = make_network()
            batches = min(batch_size, len(rest)) if batch_size else None
            train(
                net,
                X[rest],
                Y[rest],
                optimizer=optimizer,
                epochs=epochs,
                batch_size=batches,
                l2=l2,
                rng=rng,
            )
            costs[i, f] = net.cost(X[held_out], Y[held_out])
    return CrossValidation(tuple(lambdas), costs)


def _is_weight(net: Network) -> Array:
    """1 where theta holds a weight and 0 where it holds a bias, (P,)."""
    mask = np.zeros_like(net.theta)
    for w in net.roll(mask)[0][2:]:
        w[:] = 1
    return mask


def _record(history: History, net: Network, X: Array, Y: Array, validation) -> None:
    history.costs.append(net.cost(X, Y))
    if not np.isfinite(history.costs[-1]):
        raise ValueError(
            f"the cost became {history.costs[-1]} in epoch {history.epochs}: "
            "lower the learning rate"
        )
    if validation:
        history.validation_costs.append(net.cost(*validation))
