"""What there is to know about one function that students write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.compare import Fault

Args = Mapping[str, Any]
"""The arguments of one call by name, in the order in which they are handed over."""

Parts = Mapping[str, tuple[Any, Array | float]]
"""Each array of an answer and the expected one, by the symbol that names them: ``dw[2]``."""


@dataclass(frozen=True)
class Slip:
    """A wrong formula: a misconception's code, the equation it is in, and what it computes."""

    code: str
    equation: str
    wrong: Callable[..., Any]


@dataclass(frozen=True)
class Task:
    """One function that students write."""

    name: str
    equation: str
    returns: str
    """The symbol of the result, and in words what its shape and convention are."""
    convention: str
    hint: str
    """What to look at next if no slip is recognised."""
    right: Callable[..., Any]
    slips: tuple[Slip, ...]
    draw: Callable[[np.random.Generator], Sequence[Args]]
    """Instances on which, taken together, all the slips differ from the right formula."""
    earlier: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The functions of earlier tasks, by the names that the notebook gives them."""
    split: Callable[[Any, Any], Parts | Fault] | None = None
    """Takes apart an answer of several arrays, and the expected one; None if there is only one."""
    leaves: Callable[[Any], list[Any]] = lambda answer: [answer]
    """All arrays of an answer in order, wherever they stand."""
    locate: Callable[[Mapping[str, Fault]], str] | None = None
    """The equation that is to blame, from the parts at fault."""
