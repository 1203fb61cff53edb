"""A calculation taken apart into steps: the equation in use, its numbers, and a picture.

Steps are data. ``network_steps`` and ``graph_steps`` (in passes.py) go forward neuron by neuron and
backward delta by delta, ``training_steps`` from one state of a network in training to the next;
``step_through`` (in walk.py) shows any of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from bpkit.activations import Array
from bpkit.network import Network
from bpkit.plots.planes import decision_boundary


@dataclass(frozen=True)
class Step:
    """One step of a calculation. Formulas are LaTeX, one for each line."""

    title: str
    tags: tuple[str, ...]
    """The equations in use, such as "BP-2"."""
    equations: tuple[str, ...]
    """In letters."""
    numbers: tuple[str, ...]
    """With the numbers put in, and what comes out."""
    values: Mapping[str, float]
    """What the step finds out, in full precision, by its name."""
    draw: Callable[[], Figure]
    """The picture: what is known after this step."""


def training_steps(
    nets: Mapping[int, Network], X: Array, classes: Array, rate: float
) -> list[Step]:
    """A network in training by batch gradient descent (T-4), and the boundary it draws.

    Parameters
    ----------
    nets : the network after so many epochs, by their number: two inputs, one sigmoid output.
    X : (N, 2), the examples.
    classes : (N,), 0 or 1 each.
    rate : the learning rate of the descent.
    """
    classes = np.asarray(classes)
    Y, steps = classes[:, None], []
    for epochs, net in nets.items():
        wrong = int(((net.predict(X)[:, 0] > 0.5) != classes).sum())
        slope = float(np.linalg.norm(net.backward(net.forward(X), Y).theta))
        values = {"C": net.cost(X, Y), "mistakes": wrong, r"|\nabla C|": slope}
        after = f"after {_count(epochs, 'epoch')}"
        steps.append(
            Step(
                title=f"{after.capitalize()}: {_count(wrong, 'mistake')}",
                tags=("T-4",),
                equations=(r"\theta \leftarrow \theta - \gamma\,\nabla C",),
                numbers=(
                    f"C = {number(values['C'])}",
                    r"\gamma\,|\nabla C| = "
                    rf"{product(rate, slope)} = {number(rate * slope)}",
                ),
                values=values,
                draw=partial(
                    decision_boundary, {after: partial(_score, net.astype(float))}, X, classes
                ),
            )
        )
    return steps


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _score(net: Network, points: Array) -> Array:
    """Positive where a network with a sigmoid output says 1, (M,)."""
    return net.predict(points)[:, 0] - 0.5


def number(value: float) -> str:
    """Four digits behind the point or, below 1, four that count; in LaTeX."""
    if abs(value) >= 1:
        return f"{value:.4f}".rstrip("0").rstrip(".")
    mantissa, _, exponent = f"{value + 0.0:.4g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def factor(value: float) -> str:
    """A number as it stands behind another sign: in brackets if it has one of its own."""
    text = number(value)
    return f"({text})" if text.startswith("-") or "cdot" in text else text


def product(*values: float) -> str:
    """Numbers that are multiplied."""
    return r" \cdot ".join([number(values[0]), *map(factor, values[1:])])


def products(*terms: tuple[float, float]) -> str:
    """A sum of products of two."""
    first, *others = terms
    return " + ".join([product(*first), *(rf"{factor(u)} \cdot {factor(v)}" for u, v in others)])


def bent(terms: Sequence[tuple[float, float]], slope: float) -> str:
    """A sum of products, times the slope of the activation."""
    if len(terms) == 1:
        return product(*terms[0], slope)
    return rf"({products(*terms)}) \cdot {factor(slope)}"


def signed(value: float) -> str:
    """A number that is added to what stands before it."""
    return f"- {number(-value)}" if value < 0 else f"+ {number(value)}"
