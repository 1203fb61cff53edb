"""Every task of every problem set: slips killed and named, right answers passed, clear messages."""

import copy
import time

import numpy as np
import pytest

from bpkit import checks
from bpkit.checks.check import check
from tests.exercises.harness import SETS, TASKS, brackets, named, run, slip_verdicts, verdict

QUICK, ALL = range(4), range(50)  # 200 of them: python -m tests.exercises.kill_matrix

every_task = pytest.mark.parametrize(
    "ps, task", TASKS, ids=[f"{ps.name}-{task.name}" for ps, task in TASKS]
)
every_function = pytest.mark.parametrize(
    "ps, task",
    [(ps, task) for ps, task in TASKS if task.name not in ps.by_hand],
    ids=[f"{ps.name}-{task.name}" for ps, task in TASKS if task.name not in ps.by_hand],
)


def mapped(answer, change):
    """An answer with every array and every number in it changed, and nothing else."""
    if isinstance(answer, list | tuple):
        return type(answer)(mapped(part, change) for part in answer)
    if isinstance(answer, dict):
        return {key: mapped(part, change) for key, part in answer.items()}
    if isinstance(answer, np.ndarray | int | float | np.generic):
        return change(answer)
    return answer


def arrays_in(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from arrays_in(part)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))


# --------------------------------------------------------------------------- slips: killed, named


@every_task
def test_every_slip_is_killed_and_named(ps, task):
    assert task.slips
    for number, told in slip_verdicts(ps, task, QUICK).items():
        assert {name for _, name in told} == {task.slips[number].code}, f"slip {number}: {told}"


@pytest.mark.slow
@every_task
def test_every_slip_is_killed_and_named_on_every_seed(ps, task):
    for number, told in slip_verdicts(ps, task, ALL).items():
        code = task.slips[number].code
        assert [pair for pair in told if pair[1] != code] == [], f"slip {number}, {code}"


# ------------------------------------------------------------------------- right, all the same


@every_task
def test_the_right_formula_passes(ps, task):
    assert named(ps, task, lambda *args: task.right(*args)) is None


@every_task
def test_right_but_for_rounding_passes(ps, task):
    def rounded(*args):
        return mapped(task.right(*args), np.float32)

    assert named(ps, task, rounded) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "ps, answers",
    [
        pytest.param(ps, answers, id=f"{ps.name}-{answers.kind}")
        for ps in SETS
        for answers in ps.answers.RIGHT
    ],
)
def test_right_answers_pass_on_many_draws_however_they_are_written(ps, answers, capsys):
    names, _ = run(ps, answers)
    for task in ps.tasks:
        if task.name not in ps.by_hand:
            check(task, names[task.name], rounds=len(ALL))
            assert "put right" not in capsys.readouterr().out.splitlines()[-1]


# ----------------------------------------------------------------------------- what students read


@every_task
def test_messages_are_short_and_do_not_give_the_answer_away(ps, task):
    for slip in task.slips:
        failed = verdict(ps, task, lambda *args, slip=slip: slip.wrong(*args))
        lines = str(failed).splitlines()
        assert 3 <= len(lines) <= 6 and all(len(line) <= 200 for line in lines)
        assert lines[0].startswith(f"{slip.equation} [{slip.code}] ")
        assert any(line.startswith("Next: ") for line in lines)


@every_function
def test_an_empty_function_is_told_kindly(ps, task):
    def empty(*args):
        raise NotImplementedError("Not written yet")

    assert named(ps, task, empty) == "not implemented"
    assert named(ps, task, lambda *args: None) == "returns None"


@pytest.mark.parametrize("ps, task", [t for t in TASKS if t[1].name in t[0].by_hand])
def test_a_blank_by_hand_is_told_kindly(ps, task):
    assert named(ps, task, lambda *args: None) == "not implemented"


@every_task
def test_a_wrong_shape_is_told_as_such(ps, task):
    assert named(ps, task, lambda *args: np.ones((7, 3, 2, 5))) in ("wrong shape", "not an array")


@every_task
def test_words_are_no_answer(ps, task):
    told = verdict(ps, task, lambda *args: "about a half")
    assert told is not None and brackets(told) in ("not an array", "wrong shape")


@every_task
def test_a_wrong_value_that_is_no_known_slip_bears_no_code(ps, task):
    def scaled(*args):
        return mapped(task.right(*args), lambda number: 1.37 * number + 0.0123)

    assert named(ps, task, scaled) == "wrong value"


@every_task
def test_what_is_not_finite_is_told(ps, task):
    def infinite(*args):
        return mapped(task.right(*args), lambda number: number * np.nan)

    assert named(ps, task, infinite) == "not finite"


@every_function
def test_an_exception_is_told_with_its_words(ps, task):
    def raising(*args):
        raise KeyError("delta_seven")

    failed = verdict(ps, task, raising)
    assert str(failed).startswith(f"{task.equation} [raises] KeyError: 'delta_seven'")


@every_function
def test_writing_into_an_argument_is_told(ps, task):
    args = task.draw(np.random.default_rng(0))[0]
    if not any(True for _ in arrays_in(list(args.values()))):
        pytest.skip("takes no array")

    def careless(*args):
        answer = copy.deepcopy(task.right(*args))
        for array in arrays_in(args):
            array += 1
        return answer

    assert named(ps, task, careless) == "changes its input"


# ---------------------------------------------------------------------------------- the checks


@every_task
def test_a_task_has_its_check_in_the_public_module(ps, task):
    assert task.name in checks.__all__ and getattr(checks, task.name).__doc__


@every_function
def test_a_check_is_quick(ps, task):
    start = time.process_time()
    named(ps, task, lambda *args: task.right(*args))
    named(ps, task, lambda *args: task.slips[-1].wrong(*args))
    assert time.process_time() - start < 1.0
    start = time.process_time()
    check(task, lambda *args: task.right(*args), rounds=20)
    assert time.process_time() - start < 2.5
