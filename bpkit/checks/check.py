"""How an answer is judged: drawn instances, copies, the right upstream values, a named slip.

A check calls the student's function on random instances of the task and compares. Where it fails,
the wrong formulas that the task knows are tried on the same instances: the one that gives what the
student got is the slip.

One slip costs one mark. A function gets the right upstream values as arguments; and where it fails
only because it calls an earlier function of the notebook that is wrong or empty, it passes: it is
called again with the right ones in their place.
"""

import copy
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.compare import Fault, agree, fault_of, fit, nothing, numbers_in
from bpkit.checks.messages import CheckFailed, failure
from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.checks.raised import fault_of_exception
from bpkit.checks.task import Args, Slip, Task

SEED = 1986
"""Of the instances that students see. Grading sets the environment variable BPKIT_SEED instead."""


Result = tuple[Any, BaseException | None]
"""What a call returned, or else what it raised."""


@dataclass(frozen=True)
class Outcome:
    """What came of one call."""

    args: Args
    expected: Any
    leaves: list[Array] | None
    """The arrays of the answer, copied; None if it raised or holds no numbers."""
    faults: Mapping[str, Fault]
    """By symbol; empty if the values are right."""
    changed: tuple[str, ...] = ()
    """The arguments that the function wrote to."""


@dataclass(frozen=True)
class Failed:
    """The instance to tell the student about, and the slip that explains all of them."""

    outcome: Outcome
    number: int
    slip: Slip | None


def check(task: Task, function: Callable[..., Any], rounds: int) -> None:
    """Call the student's function on ``rounds`` draws of instances; say that it is right, or raise.

    Raises
    ------
    CheckFailed : at the first draw on which an instance fails.
    """
    if not callable(function):
        raise failure(
            task.equation,
            "not a function",
            f"{task.name} is {type(function).__name__} data now, expected a function",
            ["Next: Has a later line given the name to something else? Run its cell again."],
        )
    rng = np.random.default_rng([_seed(), zlib.crc32(task.name.encode())])
    calls, carried_over = 0, False
    for _ in range(rounds):
        instances = task.draw(rng)
        failed = _failed(task, function, instances)
        if failed:
            with _right_earlier_functions(task, function):
                failed_alone = _failed(task, function, instances)
            if failed_alone:
                told = failed if failed.slip and not failed_alone.slip else failed_alone
                given = ", ".join(_given(*argument) for argument in told.outcome.args.items())
                raise _message(task, told, f"Case {calls + told.number}: {given}.")
            carried_over = True
        calls += len(instances)
    note = " (with the earlier functions put right: see their own checks)" if carried_over else ""
    print(f"{task.name}: right in all {calls} random cases{note}.")


def by_hand(task: Task, answer: Any, numbers: Args) -> None:
    """Judge what the student has worked out with a pencil from the ``numbers`` in the notebook.

    Parameters
    ----------
    answer : whatever the student's variable of the name ``task.name`` holds; None is a blank.
    numbers : the arguments of ``task.right`` by name.

    Raises
    ------
    CheckFailed : if the answer is not what ``task.right`` makes of the numbers.
    """
    if answer is None:
        look = "Work it out with a pencil, and put your numbers in place of None."
        raise failure(
            task.equation, "not implemented", f"{task.name} is still None", [f"Next: {look}"]
        )
    failed = _failed(task, lambda *_: answer, [numbers])
    if failed:
        raise _message(task, failed)
    print(f"{task.name}: right.")


def _seed() -> int:
    seed = os.environ.get("BPKIT_SEED", str(SEED))
    if not seed.isdecimal():
        raise ValueError(f"BPKIT_SEED must be a whole number from 0 up, not {seed!r}")
    return int(seed)


def _failed(task: Task, function: Callable[..., Any], instances: Sequence[Args]) -> Failed | None:
    given = [copy.deepcopy(dict(args)) for args in instances]
    outcomes = [
        _outcome(task, function, args, left, result)
        for args, left, result in zip(instances, given, _results(function, given))
    ]
    slip = _recognised(task, outcomes)
    for number, outcome in enumerate(outcomes, start=1):
        if outcome.faults or (outcome.changed and not slip):
            return Failed(outcome, number, slip)
    return None


def _results(function: Callable[..., Any], calls: Sequence[Args]) -> Iterator[Result]:
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


def _outcome(
    task: Task,
    function: Callable[..., Any],
    args: Args,
    left: Args,
    result: Result,
) -> Outcome:
    """Judge one call, which was made with copies of ``args`` that are ``left`` now."""
    expected = task.right(*args.values())
    answer, error = result
    if error is not None:
        return Outcome(args, expected, None, {"": fault_of_exception(task.name, function, error)})
    changed = tuple(name for name in args if not _same(args[name], left[name]))
    return Outcome(args, expected, _leaves(task, answer), _faults(task, answer, expected), changed)


def _faults(task: Task, answer: Any, expected: Any) -> dict[str, Fault]:
    if answer is None:
        return {"": nothing(f"the result of {task.name}")}
    parts = task.split(answer, expected) if task.split else {task.returns: (answer, expected)}
    if isinstance(parts, Fault):
        return {"": parts}
    faults = {}
    for symbol, (part, expected_part) in parts.items():
        if fault := fault_of(symbol, part, expected_part):
            faults[symbol] = fault
    return faults


def _leaves(task: Task, answer: Any) -> list[Array] | None:
    try:
        leaves = [numbers_in(leaf) for leaf in task.leaves(answer)]
    except Exception:  # whatever the iteration over something else than lists may raise
        return None
    arrays = [leaf for leaf in leaves if not isinstance(leaf, str)]
    return arrays if len(arrays) == len(leaves) else None


def _recognised(task: Task, outcomes: Sequence[Outcome]) -> Slip | None:
    """The slip that explains every outcome, if all that do bear one code."""
    if not any(outcome.faults for outcome in outcomes):
        return None
    explaining = [slip for slip in task.slips if _explains(task, slip, outcomes)]
    return explaining[0] if len({slip.code for slip in explaining}) == 1 else None


def _explains(task: Task, slip: Slip, outcomes: Sequence[Outcome]) -> bool:
    """Whether the slip gives what the student got, wherever it gives anything."""
    explained_a_fault = False
    for outcome in outcomes:
        try:
            leaves = _leaves(task, slip.wrong(*outcome.args.values()))
        except (ValueError, IndexError):  # the shapes fit by chance only, where layers are equal
            continue
        if leaves is None or not _match(outcome.leaves, leaves):
            return False
        explained_a_fault |= bool(outcome.faults)
    return explained_a_fault


def _match(answer: list[Array] | None, predicted: list[Array]) -> bool:
    if answer is None or len(answer) != len(predicted):
        return False
    fitted = [fit(ours, theirs.shape) for ours, theirs in zip(answer, predicted)]
    return all(ours is not None and agree(ours, theirs) for ours, theirs in zip(fitted, predicted))


def _message(task: Task, failed: Failed, case: str = "") -> CheckFailed:
    outcome = failed.outcome
    if outcome.faults:
        fault = next(iter(outcome.faults.values()))
    else:
        names = " and ".join(outcome.changed)
        fault = Fault(
            "changes its input",
            f"the result is right, but {names} was written to on the way",
            look="Which line assigns into an argument, as += does? The caller needs it unchanged.",
        )
    equation, kind, what, look = task.equation, fault.kind, fault.what, fault.look or task.hint
    where = fault.where
    if failed.slip:
        known = MISCONCEPTIONS[failed.slip.code]
        equation, kind, what, look = failed.slip.equation, known.code, known.title, known.hint
        where = where or f"Seen here: {fault.what}."
    elif task.locate and fault.kind == "wrong value":
        equation = task.locate(outcome.faults)
    return failure(
        equation,
        kind,
        what,
        [
            f"Expected: {_shapes(task.returns, outcome.expected)}, {task.convention}.",
            case,
            where,
            f"Next: {look}",
        ],
    )


def _shapes(name: str, value: Any) -> str:
    """A name with the shape of its array, or with those of its layers; never a value."""
    arrays = value if isinstance(value, list | tuple) else [value]
    shapes = [str(array.shape) for array in arrays if isinstance(array, np.ndarray)]
    return " ".join([name, *shapes])


def _given(name: str, value: Any) -> str:
    """What an argument was: a number as it is, of an array the shape."""
    return f"{name} = {value}" if isinstance(value, int | float | str) else _shapes(name, value)


@contextmanager
def _right_earlier_functions(task: Task, function: Callable[..., Any]) -> Iterator[None]:
    """Put the right functions of the earlier tasks where the student's function looks them up."""
    namespace = getattr(function, "__globals__", {})
    theirs = {name: namespace[name] for name in task.earlier if name in namespace}
    namespace.update({name: task.earlier[name] for name in theirs})
    try:
        yield
    finally:
        namespace.update(theirs)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, list):
        return (
            isinstance(after, list)
            and len(before) == len(after)
            and all(_same(x, y) for x, y in zip(before, after))
        )
    return before is after if before is None else np.array_equal(before, after)
