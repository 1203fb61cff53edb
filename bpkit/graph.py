"""Backpropagation on any directed acyclic graph of neurons, one Delta per neuron.

For neuron j with incoming edges (i, j) and outgoing edges (j, k)::

    in_j    = sum_i w_ij a_i,   a_j = g(in_j)                   (G-1)
    Delta_j = dJ/da_j g'(in_j)            at an output          (G-2)
    Delta_j = g'(in_j) sum_k w_jk Delta_k elsewhere             (G-3)
    dJ/dw_ij = Delta_j a_i                                      (G-4)

An edge carries the *name* of its weight. Edges with one name share one parameter, whose gradient is
the sum over the places where it is used.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import prod

import numpy as np

from bpkit.activations import ACTIVATIONS, Array
from bpkit.costs import Cost

Neuron = Hashable
Edge = tuple[Neuron, Neuron]


@dataclass(frozen=True)
class GraphTrace:
    """``into[j]`` and ``a[j]`` of every neuron, each (N,); inputs have no ``into``."""

    into: Mapping[Neuron, Array]
    a: Mapping[Neuron, Array]


@dataclass(frozen=True)
class GraphGradients:
    """``deltas[j]`` (N,), of each example's cost; ``dw[name]``, of the mean cost of the batch."""

    deltas: Mapping[Neuron, Array]
    dw: Mapping[str, float]


@dataclass(frozen=True)
class Graph:
    """Neurons and the named weights between them.

    Parameters
    ----------
    edges : the name of the weight of each edge (i, j), from i to j.
    activation : of the neurons between inputs and outputs.
    output : of the neurons without outgoing edges. Not "softmax", which mixes neurons.

    Raises
    ------
    ValueError : if the edges form a cycle or a name is unknown.
    """

    edges: Mapping[Edge, str]
    activation: str = "tanh"
    output: str = "linear"

    def __post_init__(self):
        try:
            self.order  # noqa: B018 (computing it finds cycles)
        except CycleError as error:
            cycle = " -> ".join(str(j) for j in reversed(error.args[1]))
            raise ValueError(f"a network must not have a cycle, found {cycle}") from None
        for name in self.activation, self.output:
            if name not in ACTIVATIONS or name == "softmax":
                raise ValueError(f"unknown activation {name!r} for a single neuron")

    @cached_property
    def order(self) -> tuple[Neuron, ...]:
        """The neurons so ordered that every edge leads forward."""
        sorter: TopologicalSorter = TopologicalSorter()
        for i, j in self.edges:
            sorter.add(j, i)
        return tuple(sorter.static_order())

    @cached_property
    def sources(self) -> Mapping[Neuron, list[Neuron]]:
        """The neurons that feed each neuron."""
        return {j: [i for i, k in self.edges if k == j] for j in self.order}

    @cached_property
    def targets(self) -> Mapping[Neuron, list[Neuron]]:
        """The neurons that each neuron feeds."""
        return {i: [j for k, j in self.edges if k == i] for i in self.order}

    @property
    def inputs(self) -> list[Neuron]:
        """The neurons without sources, in the order in which the edges first name them."""
        return [i for i in self._as_named if not self.sources[i]]

    @property
    def outputs(self) -> list[Neuron]:
        """The neurons without targets, in the order in which the edges first name them."""
        return [j for j in self._as_named if not self.targets[j]]

    @property
    def _as_named(self) -> dict[Neuron, None]:
        return dict.fromkeys(neuron for edge in self.edges for neuron in edge)

    def sigma(self, j: Neuron):
        """The activation of neuron j."""
        return ACTIVATIONS[self.activation if self.targets[j] else self.output]

    def forward(self, weights: Mapping[str, float], X: Array) -> GraphTrace:
        """in_j and a_j of every neuron, in topological order  (G-1).

        Parameters
        ----------
        weights : the value of every weight, by name.
        X : (N, number of inputs), columns in the order of ``inputs``.

        Raises
        ------
        ValueError : if a weight is missing or X has the wrong shape.
        """
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != len(self.inputs):
            raise ValueError(f"X has shape {X.shape}, expected (N, {len(self.inputs)})")
        if missing := set(self.edges.values()) - set(weights):
            raise ValueError(f"no value for the weights {', '.join(sorted(missing))}")
        into: dict[Neuron, Array] = {}
        a: dict[Neuron, Array] = dict(zip(self.inputs, X.T))
        for j in self.order:
            if self.sources[j]:
                terms = [weights[self.edges[i, j]] * a[i] for i in self.sources[j]]
                into[j] = np.sum(terms, axis=0)
                a[j] = self.sigma(j)(into[j])
        return GraphTrace(into, a)

    def backward(
        self, weights: Mapping[str, float], trace: GraphTrace, Y: Array, cost: Cost
    ) -> GraphGradients:
        """BACKPROPAGATE: every Delta_j in reverse order, then every gradient  (G-2 to G-4).

        Parameters
        ----------
        weights, trace : of the forward pass.
        Y : (N, number of outputs), columns in the order of ``outputs``.
        cost : an object of ``bpkit.costs``, such as ``SquaredError()`` for J = sum (y - a)^2.
        """
        a_out = np.stack([trace.a[j] for j in self.outputs], axis=1)
        grad_a = dict(zip(self.outputs, cost.grad_a(a_out, np.asarray(Y)).T))
        deltas: dict[Neuron, Array] = {}
        for j in reversed(self.order):
            if self.sources[j]:
                back = sum(weights[self.edges[j, k]] * deltas[k] for k in self.targets[j])
                g_prime = self.sigma(j).prime_from_a(trace.a[j])
                deltas[j] = g_prime * (back if self.targets[j] else grad_a[j])
        dw = dict.fromkeys(self.edges.values(), 0.0)
        for (i, j), name in self.edges.items():
            dw[name] += float((deltas[j] * trace.a[i]).mean())
        return GraphGradients(deltas, dw)

    def paths(self, start: Neuron, end: Neuron) -> Iterator[tuple[Neuron, ...]]:
        """Every path from start to end: there may be exponentially many."""
        if start == end:
            yield (end,)
        for j in self.targets[start]:
            yield from ((start, *rest) for rest in self.paths(j, end))

    def number_of_paths(self, start: Neuron, end: Neuron) -> int:
        """How many there are, counted by the factored rule itself: one addition for each edge."""
        count = dict.fromkeys(self.order, 0)
        count[start] = 1
        for j in self.order:
            count[j] += sum(count[i] for i in self.sources[j])
        return count[end]

    def derivative_by_paths(
        self, weights: Mapping[str, float], trace: GraphTrace, start: Neuron, end: Neuron
    ) -> Array:
        """da_end/da_start, (N,), by the chain rule written out: a product along each path, summed.

        What backpropagation computes once and shares is computed here again on every path.
        """
        local = {
            (i, j): weights[name] * self.sigma(j).prime_from_a(trace.a[j])
            for (i, j), name in self.edges.items()
        }
        along = (zip(path, path[1:]) for path in self.paths(start, end))
        return np.sum([prod(local[edge] for edge in path) for path in along], axis=0)


def layered(sizes: Sequence[int], **activations: str) -> Graph:
    """The fully connected network of these sizes, without biases; neurons are (l, j), from 1."""
    layers = [[(l, j) for j in range(1, d + 1)] for l, d in enumerate(sizes, start=1)]
    edges: dict[Edge, str] = {
        (i, j): f"w{j[0]}_{j[1]}{i[1]}"
        for below, layer in zip(layers, layers[1:])
        for j in layer
        for i in below
    }
    return Graph(edges, **activations)


_SEVEN = [(1, 3), (2, 3), (2, 4), (3, 5), (3, 6), (4, 6), (5, 7), (6, 7)]

SEVEN_NEURONS = Graph({(i, j): f"w{i}{j}" for i, j in _SEVEN})
"""Two inputs, four tanh neurons in two layers and a linear output: small enough to do by hand."""

SEVEN_NEURONS_SHARED = Graph(
    {edge: "u" if edge in [(1, 3), (2, 4), (3, 6), (5, 7)] else "v" for edge in _SEVEN}
)
"""The same neurons with two parameters, u and v, each used on four edges."""
