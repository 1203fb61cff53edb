"""Reverse-mode automatic differentiation on arrays: a tape in a page.

Every operation appends a node to a tape: its value, and for each operand a rule that turns the
gradient with respect to the value into the gradient with respect to the operand (a vector-Jacobian
product). A node comes after its operands, so reading the tape backwards is the reverse pass: no
recursion, and a graph of any depth.

>>> tape = Tape()
>>> x, y = tape.variable(3.0), tape.variable(2.0)
>>> z = x * y + x.exp()
>>> dx, dy = tape.gradients(z, [x, y])
>>> round(float(dx - np.exp(3.0)), 9), float(dy)
(2.0, 3.0)
"""

from collections.abc import Callable, Sequence

import numpy as np

from bpkit.activations import ACTIVATIONS, Array

Rule = Callable[[Array], Array]
"""From the gradient of an operation's value to that of one operand."""


class Tape:
    """The record of a computation, in the order in which it happened."""

    def __init__(self) -> None:
        self.operands: list[tuple[tuple[int, Rule], ...]] = []

    def variable(self, value: Array | float) -> "Node":
        """A node that nothing on this tape computed; whole numbers become float64."""
        value = np.asarray(value)
        return self.record(value if value.dtype.kind in "fc" else value.astype(np.float64))

    def record(self, value: Array, *operands: tuple["Node", Rule]) -> "Node":
        """Append a node with the given value and, for each operand, its rule.

        Raises
        ------
        ValueError : if an operand is on another tape.
        """
        if any(node.tape is not self for node, _ in operands):
            raise ValueError("the operands of an operation are on two tapes: make them with one")
        self.operands.append(tuple((node.position, rule) for node, rule in operands))
        return Node(self, len(self.operands) - 1, np.asarray(value))

    def gradients(self, output: "Node", wrt: Sequence["Node"]) -> list[Array]:
        """The gradient of a scalar output with respect to each node of ``wrt``, in their shapes.

        Nothing is kept between calls: asking twice gives the same.

        Raises
        ------
        ValueError : if the output is not a scalar, or a node is on another tape.
        """
        if output.value.size != 1:
            raise ValueError(f"the output must be a scalar, it has shape {output.value.shape}")
        if any(node.tape is not self for node in (output, *wrt)):
            raise ValueError("output and wrt must be on this tape, and one of them is not")
        adjoints: dict[int, Array] = {output.position: np.ones_like(output.value)}
        for position in range(output.position, -1, -1):
            if position in adjoints:
                for operand, rule in self.operands[position]:
                    flow = rule(adjoints[position])
                    adjoints[operand] = adjoints[operand] + flow if operand in adjoints else flow
        return [np.array(adjoints.get(x.position, np.zeros_like(x.value))) for x in wrt]


class Node:
    """An array on a tape. Use it like a NumPy array; the methods below are what it understands."""

    __array_ufunc__ = None  # so that array * node asks the node

    def __init__(self, tape: Tape, position: int, value: Array):
        self.tape, self.position, self.value = tape, position, value

    def __repr__(self) -> str:
        return f"Node({self.value!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def _lift(self, other: "Node | Array | float") -> "Node":
        if isinstance(other, Node):
            return other
        dtype = self.value.dtype if isinstance(other, int | float) else None
        return self.tape.variable(np.asarray(other, dtype))

    def __add__(self, other):
        other = self._lift(other)
        return self._elementwise(other, self.value + other.value, lambda g: g, lambda g: g)

    def __sub__(self, other):
        other = self._lift(other)
        return self._elementwise(other, self.value - other.value, lambda g: g, lambda g: -g)

    def __mul__(self, other):
        other, x = self._lift(other), self.value
        y = other.value
        return self._elementwise(other, x * y, lambda g: g * y, lambda g: g * x)

    def __truediv__(self, other):
        other, x = self._lift(other), self.value
        y = other.value
        return self._elementwise(other, x / y, lambda g: g / y, lambda g: -g * x / y**2)

    def __pow__(self, power: float):
        x = self.value
        return self.tape.record(x**power, (self, lambda g: g * power * x ** (power - 1)))

    def __matmul__(self, other):
        other, x = self._lift(other), self.value
        y = other.value
        if x.ndim != 2 or y.ndim != 2:
            raise ValueError(f"@ is for matrices here; the shapes are {x.shape} and {y.shape}")
        return self.tape.record(x @ y, (self, lambda g: g @ y.T), (other, lambda g: x.T @ g))

    def __neg__(self):
        return 0.0 - self

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return self._lift(other) - self

    def __rtruediv__(self, other):
        return self._lift(other) / self

    def __rmatmul__(self, other):
        return self._lift(other) @ self

    def __getitem__(self, index):
        def rule(g):
            whole = np.zeros_like(self.value)
            np.add.at(whole, index, g)  # an entry taken twice receives twice
            return whole

        return self.tape.record(self.value[index], (self, rule))

    @property
    def T(self) -> "Node":
        return self.tape.record(self.value.T, (self, lambda g: g.T))

    def reshape(self, *shape: int) -> "Node":
        return self.tape.record(
            self.value.reshape(*shape), (self, lambda g: g.reshape(self.value.shape))
        )

    def sum(self, axis: int | None = None) -> "Node":
        def rule(g):
            g = g if axis is None else np.expand_dims(g, axis)
            return np.broadcast_to(g, self.value.shape)

        return self.tape.record(self.value.sum(axis=axis), (self, rule))

    def mean(self, axis: int | None = None) -> "Node":
        total = self.sum(axis)
        return total / (self.value.size / total.value.size)

    def exp(self) -> "Node":
        y = np.exp(self.value)
        return self.tape.record(y, (self, lambda g: g * y))

    def log(self) -> "Node":
        return self.tape.record(np.log(self.value), (self, lambda g: g / self.value))

    def apply(self, activation: str) -> "Node":
        """An elementwise activation of ``bpkit.activations``, by name."""
        sigma = ACTIVATIONS[activation]
        a = sigma(self.value)
        return self.tape.record(a, (self, lambda g: g * sigma.prime_from_a(a)))

    def _elementwise(self, other: "Node", value: Array, rule: Rule, other_rule: Rule) -> "Node":
        """Record an operation whose operands were broadcast against one another."""
        return self.tape.record(
            value,
            (self, lambda g: _sum_to(self.value.shape, rule(g))),
            (other, lambda g: _sum_to(other.value.shape, other_rule(g))),
        )


def _sum_to(shape: tuple[int, ...], g: Array) -> Array:
    """Undo broadcasting: a value that was used many times receives the sum of its gradients."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(axis for axis, d in enumerate(shape) if d == 1 and g.shape[axis] != 1)
    return g.sum(axis=stretched, keepdims=True)
