"""How an answer is judged: drawn instances, copies, the right upstream values, a named slip.

A check calls the student's function on random instances of the task and compares. Where it fails,
the wrong formulas that the task knows are tried on the same instances: the one that gives what the
student got is the slip.

One slip costs one mark. A function gets the right upstream values as arguments; and where it fails
only because it calls an earlier function of the notebook that is wrong or empty, it passes: it is
called again with the right ones in their place.
"""

import itertools
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.calls import Result, copied, results_of, same
from bpkit.checks.compare import Fault, agree, fault_of, fit, nothing, numbers_in
from bpkit.checks.earlier import Heard, gives_the_same, in_their_place, listening_to
from bpkit.checks.messages import CheckFailed, failure
from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.checks.raised import fault_of_exception
from bpkit.checks.task import Args, Slip, Task

SEED = 1986
"""Of the instances that students see. Grading sets the environment variable BPKIT_SEED instead."""


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
    draws = [task.draw(rng) for _ in range(rounds)]
    calls = [0, *itertools.accumulate(map(len, draws))]
    failures = _failures(task, function, draws)
    failing = [number for number, failed in enumerate(failures) if failed]
    if failing:
        alone = _failures_alone(task, function, [draws[number] for number in failing])
        for number, failed_alone in zip(failing, alone):
            failed = failures[number]
            if failed and failed_alone:
                told = failed if failed.slip and not failed_alone.slip else failed_alone
                given = ", ".join(_given(*argument) for argument in told.outcome.args.items())
                raise _message(task, told, f"Case {calls[number] + told.number}: {given}.")
    note = " (with the earlier functions put right: see their own checks)" if failing else ""
    print(f"{task.name}: right in all {calls[-1]} random cases{note}.")


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
    (failed,) = _failures(task, lambda *_: answer, [[numbers]])
    if failed:
        raise _message(task, failed)
    print(f"{task.name}: right.")


def _seed() -> int:
    seed = os.environ.get("BPKIT_SEED", str(SEED))
    if not seed.isdecimal():
        raise ValueError(f"BPKIT_SEED must be a whole number from 0 up, not {seed!r}")
    return int(seed)


def _failures(
    task: Task, function: Callable[..., Any], draws: Sequence[Sequence[Args]]
) -> list[Failed | None]:
    """For each draw the instance that failed, or None; the function is called on all of them."""
    given = [
        [{name: copied(value) for name, value in args.items()} for args in instances]
        for instances in draws
    ]
    results = results_of(function, list(itertools.chain(*given)))
    return [
        _failed(
            task,
            [
                _outcome(task, function, args, left, result)
                for args, left, result in zip(instances, copies, results)
            ],
        )
        for instances, copies in zip(draws, given)
    ]


def _failed(task: Task, outcomes: Sequence[Outcome]) -> Failed | None:
    slip = _recognised(task, outcomes)
    for number, outcome in enumerate(outcomes, start=1):
        if outcome.faults or (outcome.changed and not slip):
            return Failed(outcome, number, slip)
    return None


def _failures_alone(
    task: Task, function: Callable[..., Any], draws: Sequence[Sequence[Args]]
) -> Iterator[Failed | None]:
    """The same with the right earlier functions in the place of the student's, draw after draw.

    The first draw also tells which of the earlier functions are wrong. For the others it is mostly
    enough to put these right, which spares calls; where it is not, all are put right.
    """
    heard: dict[str, list[Heard]] = {name: [] for name in task.earlier}
    listening = {name: listening_to(right, heard[name]) for name, right in task.earlier.items()}
    with in_their_place(function, listening) as theirs:
        first = _failures(task, function, draws[:1])
    yield from first
    if len(draws) == 1:
        return
    wrong = {
        name: task.earlier[name]
        for name, own in theirs.items()
        if heard[name] and not gives_the_same(own, heard[name])
    }
    with in_their_place(function, wrong):
        failures = _failures(task, function, draws[1:])
    failing = [draw for draw, failed in zip(draws[1:], failures) if failed]
    with in_their_place(function, task.earlier if failing else {}):
        alone = iter(_failures(task, function, failing))
    yield from (failed and next(alone) for failed in failures)


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
    changed = tuple(name for name in args if not same(args[name], left[name]))
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
            with np.errstate(all="ignore"):
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
    return all(ours is not None and _alike(ours, theirs) for ours, theirs in zip(fitted, predicted))


def _alike(answer: Array, predicted: Array) -> bool:
    """Whether they agree, and are not finite in the same places: a slip may divide by zero."""
    finite = np.isfinite(predicted)
    return np.array_equal(answer[~finite], predicted[~finite], equal_nan=True) and agree(
        answer[finite], predicted[finite]
    )


def _message(task: Task, failed: Failed, case: str = "") -> CheckFailed:
    """What to tell of a random case; or without one, of an answer worked out by hand.

    By hand not even the distance is told: the right number could be read off it.
    """
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
    where = fault.where if case else fault.entry and f"Furthest off: {fault.entry}."
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
    """What an argument was: what is short as it is, of an array the shape."""
    short = isinstance(value, float) or (_is_plain(value) and len(str(value)) <= 150)
    return f"{name} = {value}" if short else _shapes(name, value)


def _is_plain(value: Any) -> bool:
    """Whether this is text and whole numbers only, as the edges of a graph are."""
    if isinstance(value, dict):
        return _is_plain(list(value.items()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, int | str)
