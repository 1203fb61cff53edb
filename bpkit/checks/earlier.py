"""The functions of earlier tasks, which a later one calls: what they are asked, and put right."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from bpkit.checks.calls import copied, results_of
from bpkit.checks.compare import fault_of

MISSING = object()
Heard = tuple[list[Any], dict[str, Any], Any]
"""What an earlier function was asked, by place and by name, and its answer."""


@contextmanager
def in_their_place(
    function: Callable[..., Any], right: Mapping[str, Callable[..., Any]]
) -> Iterator[dict[str, Any]]:
    """Put right functions where the student's function looks up its own, which are handed out."""
    namespace = getattr(function, "__globals__", {})
    found = {name: namespace.get(name, MISSING) for name in right}
    theirs = {name: own for name, own in found.items() if own is not MISSING}
    namespace.update({name: right[name] for name in theirs})
    try:
        yield theirs
    finally:
        namespace.update(theirs)


def listening_to(right: Callable[..., Any], heard: list[Heard]) -> Callable[..., Any]:
    """The same function, which notes what it is asked and what it answers."""

    def listening(*args: Any, **kwargs: Any) -> Any:
        asked = copied(list(args))
        answer = right(*args, **kwargs)
        heard.append((asked, kwargs, answer))
        return answer

    return listening


def gives_the_same(own: Any, heard: Sequence[Heard]) -> bool:
    """Whether a function of the student's gives these answers too, as far as can be told."""
    if not callable(own) or any(kwargs for _, kwargs, _ in heard):
        return False
    results = results_of(own, [{str(i): arg for i, arg in enumerate(args)} for args, _, _ in heard])
    return all(
        error is None and _equal(answer, right)
        for (answer, error), (_, _, right) in zip(results, heard)
    )


def _equal(answer: Any, right: Any) -> bool:
    if isinstance(right, list | tuple):
        same_length = isinstance(answer, list | tuple) and len(answer) == len(right)
        return same_length and all(map(_equal, answer, right))
    if isinstance(right, np.ndarray | np.generic | float | int):
        return fault_of("", answer, np.asarray(right)) is None
    return right is None and answer is None
