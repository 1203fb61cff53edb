"""An answer beside the expected array: whether it is right, and if not, what is wrong with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.activations import Array

TOLERANCE = 1e-5
"""Relative error, in the norm of an array, that a right answer stays below, also in float32.
The slips of the catalogue are hundreds of times further off."""

PRINTABLE = {"c": "complex numbers", "U": "text", "S": "bytes", "O": "objects (dtype object)"}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one answer."""

    kind: str
    """What stands in brackets: "wrong shape", "wrong value", ..."""
    what: str
    """The rest of the first line."""
    where: str = ""
    """A line on the entry, or the line of code, in question."""
    look: str = ""
    """What to look at next; empty where the task knows better."""
    entry: str = ""
    """The entry furthest off, of a wrong value in an array of more than one."""


def fault_of(symbol: str, answer: Any, expected: Array | float) -> Fault | None:
    """What is wrong with an answer called ``symbol``; None if it is right."""
    expected = np.asarray(expected)
    if answer is None:
        return nothing(symbol)
    numbers = numbers_in(answer)
    if isinstance(numbers, str):
        return Fault(
            "not an array",
            f"{symbol} holds {numbers}, expected an array of numbers",
            look="Print what is handed back, and its type().",
        )
    fitted = fit(numbers, expected.shape)
    if fitted is None:
        return Fault(
            "wrong shape",
            f"{symbol} has shape {numbers.shape}, expected {expected.shape}",
            look="Print the shape of every factor, and say what each of its axes counts.",
        )
    if not np.isfinite(fitted).all():
        entry = tuple(int(i) for i in np.argwhere(~np.isfinite(fitted))[0])
        return Fault(
            "not finite",
            f"{_entry(symbol, entry)} is {fitted[entry]}",
            look="Which step makes it: a division by zero, or exp of something large?",
        )
    if agree(fitted, expected):
        return None
    difference = abs(fitted - expected)
    entry = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    name = _entry(symbol, entry)
    where = f"Furthest off: {name}, by {difference[entry]:.2g}"
    if scale := np.linalg.norm(expected):
        with np.errstate(over="ignore"):
            where += f"; relative error of {symbol}: {np.linalg.norm(difference) / scale:.2g}"
    what = f"{symbol} has the right shape, but not the right values"
    if not expected.shape:
        what = f"{symbol} is a number, but not the right one"
    return Fault("wrong value", what, f"{where}.", entry=name if expected.size > 1 else "")


def nothing(symbol: str) -> Fault:
    """The fault of an answer that is None."""
    look = "Is there a return at the end, with a value behind it?"
    return Fault("returns None", f"{symbol} is None", look=look)


def numbers_in(answer: Any) -> Array | str:
    """A float64 copy of an array or of nested lists; or the name of what is there instead."""
    try:
        array = np.asarray(answer)
    except ValueError:
        return "rows of different lengths"
    except Exception:  # an object's own __array__ may raise anything
        return "values that NumPy cannot read"
    if array.dtype.kind not in "biuf":
        return PRINTABLE.get(array.dtype.kind, f"values of type {array.dtype}")
    return array.astype(np.float64)


def fit(array: Array, shape: tuple[int, ...]) -> Array | None:
    """The array in the expected shape, or None if it has another one.

    Axes of length 1 may be missing or added in front, as in (1, d) for (d,), and a last axis of
    length 1 may be missing, as in (N,) for (N, 1): both leave no doubt which entry is which.
    A column (d, 1) for (d,) is refused: subtracted from a row it would silently make a matrix.
    """
    if _without_ones_in_front(array.shape) == _without_ones_in_front(shape) or (
        (*array.shape, 1) == shape
    ):
        return array.reshape(shape)
    return None


def agree(answer: Array, expected: Array) -> bool:
    """Whether an array is the expected one of the same shape up to TOLERANCE, by norms."""
    with np.errstate(over="ignore"):  # where the norm overflows to inf, they do not agree
        return bool(np.linalg.norm(answer - expected) <= TOLERANCE * np.linalg.norm(expected))


def _without_ones_in_front(shape: tuple[int, ...]) -> tuple[int, ...]:
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def _entry(symbol: str, index: tuple[int, ...]) -> str:
    return f"{symbol}[{', '.join(map(str, index))}]" if index else symbol
