"""Calls of a student's function: results, and arguments before and after."""

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from typing import Any

import numpy as np

from bpkit.checks.task import Args

Result = tuple[Any, BaseException | None]
"""What a call returned, or else what it raised."""


def results_of(function: Callable[..., Any], calls: Sequence[Args]) -> Iterator[Result]:
    """The result of each call in turn; the arguments are left as the function left them.

    The function's stderr goes where print goes: a warning is no error. A function that runs in
    another process takes all calls at once.
    """
    if hasattr(function, "call_for_each"):
        with np.errstate(all="ignore"):
            results = function.call_for_each([tuple(args.values()) for args in calls])
        yield from results
        return
    for args in calls:
        try:
            with redirect_stderr(sys.stdout), np.errstate(all="ignore"):
                answer = function(*args.values())
        except (Exception, SystemExit) as error:
            yield None, error
        else:
            yield answer, None


def copied(value: Any) -> Any:
    """A copy that shares nothing; what arguments are made of mostly is copied at once."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value if value is None else copy.deepcopy(value)


def same(before: Any, after: Any) -> bool:
    """Whether an argument is to the last bit what it was before the call."""
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return before.shape == after.shape and before.tobytes() == after.tobytes()
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and list(before) == list(after)
            and all(same(value, after[key]) for key, value in before.items())
        )
    if isinstance(before, list | tuple):
        return (
            isinstance(after, list | tuple)
            and len(before) == len(after)
            and all(same(x, y) for x, y in zip(before, after))
        )
    return before is after if before is None else np.array_equal(before, after)
