"""The forward and the backward pass, neuron by neuron, as steps to follow with a pencil."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from matplotlib.figure import Figure

from bpkit.activations import Array
from bpkit.costs import Hinge
from bpkit.graph import Graph, GraphGradients, GraphTrace, Neuron
from bpkit.network import Gradients, Network, Trace
from bpkit.plots.graphs import computation_graph, network_graph, with_index
from bpkit.plots.steps import Step, bent, factor, number, product, products, signed

Place = tuple[int, int]
"""(l, j) for neuron j of layer l, with j counted from 0 as in the arrays."""


def network_steps(
    net: Network, trace: Trace, grads: Gradients, labels: Sequence[float], rate: float | None = None
) -> list[Step]:
    """One example through a network: (N-1), (N-2), (N-4), then (BP-1) to (BP-4).

    Parameters
    ----------
    net : with the quadratic cost, and any output but softmax.
    trace, grads : its two passes over a batch of that one example.
    labels : (d_L,), the labels y of the example.
    rate : a learning rate adds the step of descent (T-3), and what the network says after it.

    Raises
    ------
    ValueError : for another cost or output, a batch of several examples, or labels that do not fit.
    """
    cost, output = net.cost_function.name, net.output.name
    if cost != "quadratic" or output == "softmax":
        raise ValueError(
            "steps are written for the quadratic cost and neurons that bend each for itself, "
            f"not for {cost!r} with a {output} output"
        )
    if len(trace.a[1]) != 1:
        raise ValueError(f"steps follow one example: give a batch of 1, not of {len(trace.a[1])}")
    y = np.asarray(labels, dtype=float)
    if y.shape != (net.sizes[-1],):
        raise ValueError(
            f"labels have shape {y.shape}, expected ({net.sizes[-1]},): one per output"
        )
    # pictures are drawn when they are looked at, and the network may have been trained by then
    walk = _NetworkPass(net.astype(float), trace, grads, y)
    steps = [
        *map(walk.forward, walk.neurons),
        walk.cost(),
        *map(walk.delta, walk.backward),
        *map(walk.gradients, walk.backward),
    ]
    return steps if rate is None else [*steps, *walk.descent(rate)]


@dataclass(frozen=True)
class _NetworkPass:
    """Both passes of one example."""

    net: Network
    trace: Trace
    grads: Gradients
    y: Array

    @cached_property
    def neurons(self) -> list[Place]:
        """In the order of the forward pass."""
        return [(l, j) for l in range(2, self.net.L + 1) for j in range(self.net.sizes[l - 1])]

    @cached_property
    def backward(self) -> list[Place]:
        """In the order of the backward pass: layer L comes first."""
        return sorted(self.neurons, key=lambda place: (-place[0], place[1]))

    def forward(self, place: Place) -> Step:
        l, j = place
        z, a = f"z^{l}_{j + 1}", f"a^{l}_{j + 1}"
        z_value, a_value = self.trace.z[l][0, j], self.trace.a[l][0, j]
        terms = products(*zip(self.net.w[l][j], self.trace.a[l - 1][0]))
        bias = signed(self.net.b[l][j])
        return Step(
            title=f"Forward: {_name(place)}",
            tags=("N-1", "N-2"),
            equations=(
                rf"{z} = \sum_k w^{l}_{{{j + 1}k}}\,a^{l - 1}_k + b^{l}_{j + 1}",
                rf"{a} = \sigma({z})",
            ),
            numbers=(
                f"{z} = {terms} {bias} = {number(z_value)}",
                rf"{a} = \sigma({number(z_value)}) = {number(a_value)}",
            ),
            values={z: z_value, a: a_value},
            draw=self.picture(place, _into(self.net, place), upto=place),
        )

    def cost(self) -> Step:
        a, L = self.trace.a[-1][0], self.net.L
        cost = ((a - self.y) ** 2).sum() / 2
        squares = [f"({number(a_j)} - {factor(y_j)})^2" for a_j, y_j in zip(a, self.y)]
        total = squares[0] if len(squares) == 1 else rf"\bigl({' + '.join(squares)}\bigr)"
        return Step(
            title="The cost",
            tags=("N-4",),
            equations=(rf"C = \tfrac12 \sum_j (a^{L}_j - y_j)^2",),
            numbers=(rf"C = \tfrac12 {total} = {number(cost)}",),
            values={"C": cost},
            draw=self.picture(),
        )

    def delta(self, place: Place) -> Step:
        l, j = place
        delta, slope = rf"\delta^{l}_{j + 1}", rf"\sigma'(z^{l}_{j + 1})"
        value = self.grads.deltas[l][0, j]
        last = l == self.net.L
        sigma = self.net.output if last else self.net.activation
        bend = sigma.prime_from_a(self.trace.a[l])[0, j]
        if last:
            error = f"{number(self.trace.a[l][0, j])} - {factor(self.y[j])}"
            numbers = rf"({error}) \cdot {factor(bend)}"
            equation = rf"{delta} = (a^{l}_{j + 1} - y_{j + 1})\,{slope}"
        else:
            back = list(zip(self.net.w[l + 1][:, j], self.grads.deltas[l + 1][0]))
            numbers = bent(back, bend)
            upper = rf"w^{l + 1}_{{k{j + 1}}}\,\delta^{l + 1}_k"
            equation = rf"{delta} = \bigl(\sum_k {upper}\bigr)\,{slope}"
        return Step(
            title=f"Backward: {_name(place)}",
            tags=("BP-1",) if last else ("BP-2",),
            equations=(equation,),
            numbers=(f"{delta} = {numbers} = {number(value)}",),
            values={delta: value},
            draw=self.picture(place, _out_of(self.net, place), deltas=self._until(place)),
        )

    def gradients(self, place: Place) -> Step:
        l, j = place
        delta, bias = self.grads.deltas[l][0, j], rf"\partial C/\partial b^{l}_{j + 1}"
        values = {bias: self.grads.db[l][j]}
        numbers = [f"{bias} = {number(values[bias])}"]
        for k, a in enumerate(self.trace.a[l - 1][0]):
            weight = rf"\partial C/\partial w^{l}_{{{j + 1}{k + 1}}}"
            values[weight] = self.grads.dw[l][j, k]
            numbers.append(f"{weight} = {product(a, delta)} = {number(values[weight])}")
        into = _into(self.net, place)
        return Step(
            title=f"Gradients: {_name(place)}",
            tags=("BP-3", "BP-4"),
            equations=(
                rf"{bias} = \delta^{l}_{j + 1}",
                rf"\partial C/\partial w^{l}_{{{j + 1}k}} = a^{l - 1}_k\,\delta^{l}_{j + 1}",
            ),
            numbers=tuple(numbers),
            values=values,
            draw=self.picture(place, into, deltas=self.backward, gradients=into),
        )

    def descent(self, rate: float) -> Iterator[Step]:
        """A step for the parameters of each neuron, and the network that has taken them all."""
        moved = self.net.astype(float)
        for l, j in self.backward:
            w, b, dw, db = moved.w[l][j], moved.b[l], self.grads.dw[l][j], self.grads.db[l][j]
            bias, values = f"b^{l}_{j + 1}", {}
            values[bias] = b[j] - rate * db
            numbers = [_moved(bias, b[j], rate, db)]
            for k in range(len(w)):
                weight = f"w^{l}_{{{j + 1}{k + 1}}}"
                values[weight] = w[k] - rate * dw[k]
                numbers.append(_moved(weight, w[k], rate, dw[k]))
            b[j], w[:] = b[j] - rate * db, w - rate * dw
            into = _into(moved, (l, j))
            yield Step(
                title=f"Descent: {_name((l, j))}",
                tags=("T-3",),
                equations=(
                    rf"{bias} \leftarrow {bias} - \gamma\,\delta^{l}_{j + 1}",
                    rf"w^{l}_{{{j + 1}k}} \leftarrow w^{l}_{{{j + 1}k}} - "
                    rf"\gamma\,a^{l - 1}_k\,\delta^{l}_{j + 1}",
                ),
                numbers=tuple(numbers),
                values=values,
                draw=_NetworkPass(moved.astype(float), self.trace, self.grads, self.y).picture(
                    (l, j), into, upto=(1, 0)
                ),
            )
        trace = moved.forward(self.trace.a[1])
        after = _NetworkPass(moved, trace, self.grads, self.y)
        cost, a = after.cost(), trace.a[-1][0]
        values = {f"a^{moved.L}_{j + 1}": a_j for j, a_j in enumerate(a)} | dict(cost.values)
        before = ((self.trace.a[-1][0] - self.y) ** 2).sum() / 2
        yield Step(
            title=f"Forward again: the cost was {before:.4g}",
            tags=("N-3", *cost.tags),
            equations=(r"a^l = \sigma(w^l a^{l-1} + b^l)", *cost.equations),
            numbers=(*(f"{name} = {number(value)}" for name, value in values.items()),),
            values=values,
            draw=after.picture(),
        )

    def picture(
        self,
        place: Place | None = None,
        edges: Collection[tuple[int, int, int]] = (),
        *,
        upto: Place | None = None,
        deltas: Collection[Place] = (),
        gradients: Collection[tuple[int, int, int]] = (),
    ) -> partial[Figure]:
        """The network, the neuron that is being computed, and what is known by now.

        z and a of the neurons up to one of them, or of all; these deltas; the gradients of these
        edges.
        """
        z, a = list(self.trace.z), list(self.trace.a)
        delta, dw = list(self.grads.deltas), list(self.grads.dw)
        for l in range(2, self.net.L + 1):
            here = [(l, j) for j in range(self.net.sizes[l - 1])]
            known = [upto is None or place <= upto for place in here]
            z[l], a[l] = np.where(known, z[l], np.nan), np.where(known, a[l], np.nan)
            delta[l] = np.where([place in deltas for place in here], delta[l], np.nan)
            asked = [[edge in gradients for edge in _into(self.net, place)] for place in here]
            dw[l] = np.where(asked, dw[l], np.nan)
        return partial(
            network_graph,
            self.net,
            Trace(z, a),
            Gradients(delta, dw, self.grads.db) if deltas else None,
            self.y.tolist(),
            highlight=edges,
            current=place and (place[0], place[1] + 1),
        )

    def _until(self, place: Place) -> list[Place]:
        return self.backward[: self.backward.index(place) + 1]


def _name(place: Place) -> str:
    return f"neuron {place[1] + 1}, layer {place[0]}"


def _into(net: Network, place: Place) -> list[tuple[int, int, int]]:
    """The edges into a neuron, counted from 1 as in the text."""
    l, j = place
    return [(l, j + 1, k + 1) for k in range(net.sizes[l - 2])]


def _out_of(net: Network, place: Place) -> list[tuple[int, int, int]]:
    l, j = place
    return [(l + 1, k + 1, j + 1) for k in range(net.sizes[l])] if l < net.L else []


def _moved(name: str, value: float, rate: float, slope: float) -> str:
    """A parameter before and after a step of descent."""
    step = f"{number(value)} - {product(rate, slope)}"
    return rf"{name} \leftarrow {step} = {number(value - rate * slope)}"


def graph_steps(
    graph: Graph,
    weights: Mapping[str, float],
    x: Sequence[float],
    t: float,
    *,
    forward: str,
    cost: str,
    deltas: Mapping[Neuron, str],
    gradients: str,
) -> list[Step]:
    """One example through a graph of neurons, with the perceptron's cost max(0, -z t).

    Parameters
    ----------
    graph : with one output neuron, which is linear.
    weights : the value of every weight, by name.
    x : the inputs, in the order of ``graph.inputs``.
    t : the target, -1 or +1.
    forward, cost, gradients : the numbers of the equations in use, such as "C-25".
    deltas : the same for the delta of each neuron, in the order in which they are computed.

    Raises
    ------
    ValueError : if the graph has several outputs or one that is bent, if t is not -1 or +1, or if
        a delta is missing or comes before one that it needs.
    """
    if len(graph.outputs) != 1 or graph.output != "linear":
        raise ValueError("steps are written for a graph with a single, linear output")
    Hinge().check_labels(np.array([t]))
    neurons, backward = [j for j in graph.order if graph.sources[j]], list(deltas)
    for j in reversed(neurons):
        if j not in deltas or not {*graph.targets[j]} <= {*backward[: backward.index(j)]}:
            raise ValueError(f"deltas must name neuron {j}, after all neurons that it feeds")
    trace = graph.forward(weights, np.array([x]))
    grads = graph.backward(weights, trace, np.array([[t]]), Hinge())
    walk = _GraphPass(graph, dict(weights), trace, grads, t, backward)
    steps = [walk.forward(j, forward) for j in neurons] + [walk.cost(cost)]
    for j, tag in deltas.items():
        steps += [walk.delta(j, tag), walk.gradients(j, gradients)]
    return steps


@dataclass(frozen=True)
class _GraphPass:
    """Both passes of one example over a graph."""

    graph: Graph
    weights: Mapping[str, float]
    trace: GraphTrace
    grads: GraphGradients
    t: float
    backward: list[Neuron]
    """In the order in which the deltas are computed."""

    def forward(self, j: Neuron, tag: str) -> Step:
        names = [(self._weight(i, j), f"a_{i}") for i in self.graph.sources[j]]
        terms = [(self._value(i, j), self.trace.a[i][0]) for i in self.graph.sources[j]]
        z, a = self.trace.into[j][0], self.trace.a[j][0]
        equations = [f"z_{j} = " + " + ".join(rf"{w}\,{a_i}" for w, a_i in names)]
        numbers = [f"z_{j} = {products(*terms)} = {number(z)}"]
        values = {f"z_{j}": z}
        if self.graph.targets[j]:
            equations.append(f"a_{j} = g(z_{j})")
            numbers.append(f"a_{j} = g({number(z)}) = {number(a)}")
            values[f"a_{j}"] = a
        done = self.graph.order[: self.graph.order.index(j) + 1]
        return Step(
            title=f"Forward: neuron {j}",
            tags=(tag,),
            equations=tuple(equations),
            numbers=tuple(numbers),
            values=values,
            draw=self._picture(j, self._into(j), forward=done),
        )

    def cost(self, tag: str) -> Step:
        (last,) = self.graph.outputs
        z, name = self.trace.into[last][0], f"z_{last}"
        cost = max(0.0, -z * self.t)
        return Step(
            title="The cost",
            tags=(tag,),
            equations=(rf"C = \max(0,\, -{name}\,t)",),
            numbers=(rf"C = \max(0,\, {product(-z, self.t)}) = {number(cost)}",),
            values={"C": cost},
            draw=self._picture(None, ()),
        )

    def delta(self, j: Neuron, tag: str) -> Step:
        delta, value = rf"\delta_{j}", self.grads.deltas[j][0]
        targets = self.graph.targets[j]
        if targets:
            names = " + ".join(rf"\delta_{k}\,{self._weight(j, k)}" for k in targets)
            names = names if len(targets) == 1 else rf"\bigl({names}\bigr)"
            back = [(self.grads.deltas[k][0], self._value(j, k)) for k in targets]
            bend = self.graph.sigma(j).prime_from_a(self.trace.a[j])[0]
            equation = rf"{delta} = {names}\,g'(z_{j})"
            numbers = [f"{delta} = {bent(back, bend)} = {number(value)}"]
        else:
            side = "<" if value else r"\ge"
            equation = rf"{delta} = -[\,z_{j}\,t < 0\,]\,t"
            numbers = [
                rf"z_{j}\,t = {product(self.trace.into[j][0], self.t)} {side} 0",
                f"{delta} = {number(value)}",
            ]
        return Step(
            title=f"Backward: neuron {j}",
            tags=(tag,),
            equations=(equation,),
            numbers=tuple(numbers),
            values={delta: value},
            draw=self._picture(j, [(j, k) for k in targets], deltas=self._behind(j)),
        )

    def gradients(self, j: Neuron, tag: str) -> Step:
        delta, equations, numbers, values = self.grads.deltas[j][0], [], [], {}
        for i in self.graph.sources[j]:
            name = rf"\partial C/\partial {self._weight(i, j)}"
            values[name] = delta * self.trace.a[i][0]
            equations.append(rf"{name} = \delta_{j}\,a_{i}")
            numbers.append(
                f"{name} = {product(delta, self.trace.a[i][0])} = {number(values[name])}"
            )
        into = self._into(j)
        return Step(
            title=f"Gradients: neuron {j}",
            tags=(tag,),
            equations=tuple(equations),
            numbers=tuple(numbers),
            values=values,
            draw=self._picture(j, into, deltas=self._behind(j), gradients=into),
        )

    def _picture(
        self,
        current: Neuron | None,
        edges: Collection[tuple[Neuron, Neuron]],
        *,
        forward: Collection[Neuron] | None = None,
        deltas: Collection[Neuron] = (),
        gradients: Collection[tuple[Neuron, Neuron]] = (),
    ) -> partial[Figure]:
        """The graph, the neuron that is being computed, and what is known by now."""
        known = [*self.graph.inputs, *(self.graph.order if forward is None else forward)]
        trace, grads = self.trace, self.grads
        names = [self.graph.edges[edge] for edge in gradients]
        return partial(
            computation_graph,
            self.graph,
            self.weights,
            GraphTrace(_only(trace.into, known), _only(trace.a, known)),
            GraphGradients(_only(grads.deltas, deltas), _only(grads.dw, names)) if deltas else None,
            [self.t],
            highlight=edges,
            current=current,
            letters=("z", r"\delta", "C"),
        )

    def _behind(self, j: Neuron) -> list[Neuron]:
        """The neurons whose deltas are known once that of neuron j is, which comes last."""
        return self.backward[: self.backward.index(j) + 1]

    def _into(self, j: Neuron) -> list[tuple[Neuron, Neuron]]:
        return [(i, j) for i in self.graph.sources[j]]

    def _weight(self, i: Neuron, j: Neuron) -> str:
        return with_index(self.graph.edges[i, j])

    def _value(self, i: Neuron, j: Neuron) -> float:
        return self.weights[self.graph.edges[i, j]]


def _only(values: Mapping, known: Collection) -> dict:
    """The entries that are known by now."""
    return {key: value for key, value in values.items() if key in known}
