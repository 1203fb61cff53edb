"""Random networks and data for Hypothesis, over everything that the reference supports."""

import numpy as np
from hypothesis import strategies as st

from bpkit import Network

ACTIVATIONS = ["linear", "sigmoid", "tanh", "relu"]
OUTPUTS_AND_COSTS = [
    ("linear", "quadratic"),
    ("sigmoid", "quadratic"),
    ("tanh", "quadratic"),
    ("relu", "quadratic"),
    ("softmax", "quadratic"),
    ("tanh", "squared_error"),
    ("sigmoid", "cross_entropy"),
    ("softmax", "cross_entropy"),
    ("linear", "hinge"),
    ("linear", "margin_hinge"),
]
seeds = st.integers(0, 2**32 - 1)


def labels(rng: np.random.Generator, cost: str, output: str, shape: tuple[int, int]) -> np.ndarray:
    """Random labels that fit the cost: signs for a hinge, rows that sum to 1 for a softmax."""
    if "hinge" in cost:
        return rng.choice([-1.0, 1.0], shape)
    y = rng.random(shape)
    return y / y.sum(axis=1, keepdims=True) if output == "softmax" else y


def random_problem(seed, sizes, activation, output, cost, examples, dtype=np.float64):
    """A network with random weights and biases, and a batch for it."""
    rng = np.random.default_rng(seed)
    net = Network(sizes, activation, output, cost, dtype=dtype)
    net.theta = rng.normal(size=net.theta.size)
    X = rng.normal(size=(examples, sizes[0])).astype(dtype)
    Y = labels(rng, cost, output, (examples, sizes[-1])).astype(dtype)
    return net, X, Y


@st.composite
def problems(draw, activations=ACTIVATIONS, outputs_and_costs=OUTPUTS_AND_COSTS, dtype=np.float64):
    """A network, X and Y: 2 to 5 layers of 1 to 5 neurons, 1 to 6 examples."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    output, cost = draw(st.sampled_from(outputs_and_costs))
    activation = draw(st.sampled_from(activations))
    return random_problem(
        draw(seeds), sizes, activation, output, cost, draw(st.integers(1, 6)), dtype
    )
