"""Answers of several arrays, taken apart into the parts that are compared one by one."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from bpkit.checks.compare import Fault
from bpkit.checks.task import Parts

Split = Callable[[Any, Any], Parts | Fault]


def several(*symbols: str) -> Split:
    """The split of an answer that is a tuple or list of as many things as there are symbols."""
    listed = " and ".join([", ".join(symbols[:-1]), symbols[-1]])

    def split(answer: Any, expected: Any) -> Parts | Fault:
        parts = _first(answer, len(symbols) + 1)
        if parts is None or len(parts) != len(symbols):
            return Fault(
                "wrong shape",
                f"{len(symbols)} things are to be returned: {listed}",
                look=f"Does the last line read: return {', '.join(symbols)}?",
            )
        return dict(zip(symbols, zip(parts, expected)))

    return split


def by_layer(*symbols: str) -> Split:
    """The split of an answer of several lists that are indexed by layer number from 2 up."""
    in_lists = several(*symbols)

    def split(answer: Any, expected: Any) -> Parts | Fault:
        lists = in_lists(answer, expected)
        if isinstance(lists, Fault):
            return lists
        parts: dict[str, tuple[Any, Any]] = {}
        for l in range(2, len(expected[0])):
            for (symbol, (layers, _)), expected_layers in zip(lists.items(), expected):
                layers = _first(layers, len(expected_layers))
                if layers is None or l >= len(layers):
                    return Fault(
                        "wrong shape",
                        f"{symbol} has no entry {symbol}[{l}], expected one for each layer "
                        f"from 2 to {len(expected[0]) - 1}",
                        look=f"Layer numbers: what belongs to layer 2 stands at {symbol}[2].",
                    )
                parts[f"{symbol}[{l}]"] = layers[l], expected_layers[l]
        return parts

    return split


def _first(answer: Any, number: int) -> list[Any] | None:
    """The first things in an answer, which may be without end; None if there are none to list."""
    try:
        return list(islice(answer, number))
    except Exception:  # whatever the iteration over something else than a list may raise
        return None
