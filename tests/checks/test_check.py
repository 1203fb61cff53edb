"""How a check treats the function that it is given: copies, errors, seeds, earlier functions."""

import sys
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bpkit import checks
from bpkit.checks import CheckFailed
from bpkit.checks.backprop import BACKWARD
from bpkit.checks.check import by_hand, check
from bpkit.checks.task import Slip, Task


def message(check, function, **kwargs):
    with pytest.raises(CheckFailed) as caught:
        check(function, **kwargs)
    return str(caught.value).splitlines()


def notebook(source):
    """The names that a notebook has after these lines."""
    names = {"np": np}
    exec(source, names)
    return names


SIGMOIDS = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""
BP1 = """
def output_delta_quadratic(z, y):
    return (sigmoid(z) - y) * sigmoid_prime(z)
"""


# ------------------------------------------------------------------------------- right answers


def test_right_prints_one_line_and_returns_nothing_that_could_be_read_as_marks(capsys):
    assert checks.bias_gradient(lambda delta: delta.mean(axis=0)) is None
    assert capsys.readouterr().out == "bias_gradient: right in all 4 random cases.\n"


def test_more_rounds_are_more_cases(capsys):
    checks.bias_gradient(lambda delta: delta.mean(axis=0), rounds=20)
    assert "80 random cases" in capsys.readouterr().out


def test_a_function_may_write_to_its_own_copies():
    def bias_gradient(delta):
        delta = delta.copy()
        delta /= len(delta)
        return delta.sum(axis=0)

    checks.bias_gradient(bias_gradient)


def test_a_buffer_that_is_used_again_for_the_next_answer_is_no_fault():
    buffers = {}

    def sigmoid(z):
        out = buffers.setdefault(z.shape, np.empty(z.shape))
        return np.divide(1, 1 + np.exp(-z), out=out)

    checks.sigmoid(sigmoid, rounds=5)


def test_what_a_function_writes_to_stderr_goes_where_prints_go(capsys):
    """In nbgrader anything on stderr costs the marks of a test cell."""

    def bias_gradient(delta):
        warnings.warn("careful", stacklevel=1)
        print("hello", file=sys.stderr)
        np.log(np.zeros(1))
        return delta.mean(axis=0)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda text, *where, **kwargs: print(text, file=sys.stderr)
        checks.bias_gradient(bias_gradient)
    streams = capsys.readouterr()
    assert streams.err == "" and "careful" in streams.out and "hello" in streams.out
    assert "divide by zero" not in streams.out


# ------------------------------------------------------------------- answers that are no answer


def test_not_implemented_is_told_kindly():
    def hidden_delta(w_next, delta_next, z):
        raise NotImplementedError

    lines = message(checks.hidden_delta, hidden_delta)
    assert lines[0] == "BP-2 [not implemented] hidden_delta is still to be written"
    assert "delta (5, " in lines[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sigmiod(z)", "NameError: name 'sigmiod' is not defined. Is the name spelt as where"),
        ("1 / (1 + math.exp(-z))", "to Python scalars. math takes one number at a time"),
        ("0 if z < 0 else 1", "truth value of an array * An if needs one yes or no"),
        ("sigmoid(z)", "RecursionError: maximum recursion depth exceeded. The function calls"),
        ("z.exp()", "has no attribute 'exp'. Is the name behind the dot spelt right?"),
        ("z @ z[:2]", "ValueError: matmul: * Print what stands on that line, with its shapes."),
        ("sigmoid(z, 1)", "TypeError: sigmoid() takes 1 * Print what stands on that line"),
        ("input('z?')", "the answer asks for input. Work with the arguments alone"),
        ("end_of_input('z?')", "the answer asks for input. Work with the arguments alone"),
    ],
)
def test_what_to_look_at_after_an_error_depends_on_the_error(line, said):
    names = notebook(f"import math\ndef sigmoid(z):\n    return {line}\n")
    names |= {"input": as_in_a_kernel_without_anybody, "end_of_input": as_in_a_shell}
    lines = message(checks.sigmoid, names["sigmoid"])
    assert lines[0].startswith("sigma [raises] ") and lines[-1].startswith("Next: ")
    assert lines[3].startswith("Line 3 of the cell, in sigmoid")
    told = f"{lines[0]}. {lines[-1].removeprefix('Next: ')}"
    assert all(part in told for part in said.split(" * ")), told


def as_in_a_kernel_without_anybody(prompt):
    from IPython.core.error import StdinNotImplementedError

    raise StdinNotImplementedError("raw_input was called, but this frontend does not support it")


def as_in_a_shell(prompt):
    raise EOFError("EOF when reading a line")


def test_the_line_of_the_stub_may_have_been_left_behind():
    def bias_gradient(delta):
        db = delta.mean(axis=0)
        raise NotImplementedError
        return db

    told = message(checks.bias_gradient, bias_gradient)[-1]
    assert told.endswith("in place of the one in bias_gradient that raises NotImplementedError.")


def test_none():
    lines = message(checks.hidden_delta, lambda w_next, delta_next, z: None)
    assert lines[0] == "BP-2 [returns None] the result of hidden_delta is None"
    assert "return" in lines[-1]


def test_a_name_that_is_no_function_any_more():
    lines = message(checks.sigmoid, np.zeros(3))
    assert lines[0].startswith("sigma [not a function] sigmoid is ndarray data now")


def test_the_wrong_number_of_arguments():
    lines = message(checks.output_delta_quadratic, lambda z: z)
    assert lines[0].startswith("BP-1 [raises] TypeError:")
    assert "arguments" in lines[-1]


def test_an_exception_whose_message_is_a_book():
    def sigmoid(z):
        raise RuntimeError("word " * 10_000 + "\nand\nmore")

    lines = message(checks.sigmoid, sigmoid)
    assert lines[0].startswith("sigma [raises] RuntimeError: word") and len(lines) <= 6
    assert max(map(len, lines)) <= 200


def test_exit_is_an_error_of_the_answer_and_not_the_end_of_the_notebook():
    assert "[raises] SystemExit" in message(checks.sigmoid, lambda z: exit())[0]


def test_an_interrupt_is_the_users_and_passes_through():
    def sigmoid(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks.sigmoid(sigmoid)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda delta: "text", "not an array"),
        (lambda delta: [[1, 2], [3]], "not an array"),
        (lambda delta: delta.mean(axis=0) + 0j, "not an array"),
        (lambda delta: delta.mean(axis=0).astype(object), "not an array"),
        (lambda delta: delta * np.nan, "wrong shape"),
        (lambda delta: delta.mean(axis=0) * np.nan, "not finite"),
        (lambda delta: delta.mean(axis=0)[:, None], "wrong shape"),
        (lambda delta: delta.mean(axis=0) + 1, "wrong value"),
        (lambda delta: np.full(delta.shape[1], 1e200), "wrong value"),
    ],
)
def test_answers_of_the_wrong_kind(answer, kind):
    assert f"BP-3 [{kind}]" in message(checks.bias_gradient, answer)[0]


def test_a_wrong_shape_is_told_with_both_shapes_and_the_convention():
    lines = message(checks.bias_gradient, lambda delta: delta)
    assert lines[0].startswith("BP-3 [wrong shape] db has shape (5, ")
    assert "expected (" in lines[0] and "one entry per neuron" in lines[1]


def test_writing_to_an_argument_is_told_only_if_the_values_are_right():
    def halves(delta):
        delta /= len(delta)
        return delta.sum(axis=0)

    def sums(delta):
        delta *= 1.5
        return delta.sum(axis=0)

    lines = message(checks.bias_gradient, halves)
    assert lines[0].startswith("BP-3 [changes its input] the result is right, but delta was")
    assert "[wrong value]" in message(checks.bias_gradient, sums)[0]


def test_writing_into_a_list_of_weights_is_seen():
    right = BACKWARD.right

    def backward(w, b, X, Y):
        answer = right(w, b, X, Y)
        w[2] = w[2] - 0.5
        return answer

    assert message(checks.backward, backward)[0].startswith("backward [changes its input]")


# ------------------------------------------------------------------------ the whole algorithm


@pytest.mark.parametrize(
    ("change", "first_line"),
    [
        (lambda dw, db: None, "backward [returns None] the result of backward is None"),
        (lambda dw, db: dw, "backward [wrong shape] backward must return two lists, dw and db"),
        (lambda dw, db: (dw, db, 0), "backward [wrong shape] backward must return two lists"),
        (lambda dw, db: 7, "backward [wrong shape] backward must return two lists, dw and db"),
        (lambda dw, db: (dw, 7), "backward [wrong shape] db has no entry db["),
        (lambda dw, db: (db, dw), "backward [wrong shape] db["),
        (lambda dw, db: (dw, [None] * len(db)), "backward [returns None] db["),
        (lambda dw, db: (dw, [None, None, *(x[:, None] for x in db[2:])]), "backward [wrong sh"),
        (lambda dw, db: (dw[2:], db[2:]), "BP-3 [M43]"),
        (lambda dw, db: (dw[1:], db[1:]), "BP-3 [M43]"),
        (lambda dw, db: (dw[::-1], db[::-1]), "BP-3 [M43]"),
        (lambda dw, db: ([*dw[:2], *dw[:1:-1]], [*db[:2], *db[:1:-1]]), "BP-3 [M43]"),
        (lambda dw, db: (dw, [*db[:2], *(x + 1 for x in db[2:])]), "BP-3 [wrong value] db["),
        (lambda dw, db: ([*dw[:2], *(x + 1 for x in dw[2:])], db), "BP-4 [wrong value] dw["),
    ],
)
def test_what_is_said_of_lists_that_are_not_as_agreed(change, first_line):
    def backward(w, b, X, Y):
        return change(*BACKWARD.right(w, b, X, Y))

    assert message(checks.backward, backward)[0].startswith(first_line)


@pytest.mark.parametrize("form", [tuple, list, lambda x: dict(enumerate(x)), lambda x: [*x, None]])
def test_any_container_that_has_the_layers_where_they_belong_will_do(form):
    def backward(w, b, X, Y):
        dw, db = BACKWARD.right(w, b, X, Y)
        return [form(dw), form(db)]

    checks.backward(backward)


# -------------------------------------------------------------------------------------- seeds


def first_case(seed, monkeypatch):
    seen = []

    def sigmoid(z):
        seen.append(z.copy())
        return 1 / (1 + np.exp(-z))

    if seed is None:
        monkeypatch.delenv("BPKIT_SEED", raising=False)
    else:
        monkeypatch.setenv("BPKIT_SEED", seed)
    checks.sigmoid(sigmoid)
    return seen[0]


def test_cases_come_from_the_seed(monkeypatch):
    visible, again = first_case(None, monkeypatch), first_case(None, monkeypatch)
    graded, graded_again = first_case("7", monkeypatch), first_case("7", monkeypatch)
    assert np.array_equal(visible, again) and np.array_equal(graded, graded_again)
    assert not np.isin(graded, visible).any()


def test_a_seed_that_is_no_number_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("BPKIT_SEED", "-3")
    with pytest.raises(ValueError, match="BPKIT_SEED must be a whole number from 0 up, not '-3'"):
        checks.sigmoid(lambda z: z)


def test_an_answer_that_knows_the_visible_cases_by_heart_fails_on_others(monkeypatch):
    known = {}
    monkeypatch.delenv("BPKIT_SEED", raising=False)
    right = lambda delta: delta.mean(axis=0)
    checks.bias_gradient(lambda delta: known.setdefault(delta.tobytes(), right(delta)))
    by_heart = lambda delta: known.get(delta.tobytes(), np.ones(delta.shape[1]))
    checks.bias_gradient(by_heart)
    assert "[wrong value]" in message(checks.bias_gradient, by_heart, rounds=20)[0]
    monkeypatch.setenv("BPKIT_SEED", "12345")
    assert "[wrong value]" in message(checks.bias_gradient, by_heart)[0]


# --------------------------------------------------------- one slip costs one mark: carried over


@pytest.mark.parametrize(
    "sigmoid_prime",
    [
        "return sigmoid(z) * (sigmoid(z) - 1)",
        "raise NotImplementedError",
        "return np.zeros(7)",
        "return unknown",
    ],
)
def test_a_slip_in_an_earlier_function_is_not_counted_again(sigmoid_prime, capsys):
    names = notebook(SIGMOIDS + f"\ndef sigmoid_prime(z):\n    {sigmoid_prime}\n" + BP1)
    theirs = names["sigmoid_prime"]
    checks.output_delta_quadratic(names["output_delta_quadratic"])
    assert "with the earlier functions put right" in capsys.readouterr().out
    assert names["sigmoid_prime"] is theirs
    with pytest.raises(CheckFailed):
        checks.sigmoid_prime(theirs)


def test_earlier_functions_that_are_right_are_not_exchanged(capsys):
    names = notebook(
        SIGMOIDS.replace("sigmoid_prime(z)", "sigmoid_prime(z, unused=0)")
        + BP1.replace("sigmoid_prime(z)", "sigmoid_prime(z, unused=1)")
    )
    checks.output_delta_quadratic(names["output_delta_quadratic"])
    assert "put right" not in capsys.readouterr().out


def test_a_slip_of_its_own_is_named_in_spite_of_one_carried_over():
    wrong_slope = "\ndef sigmoid_prime(z):\n    return sigmoid(z)\n"
    names = notebook(SIGMOIDS + wrong_slope + BP1.replace("return (", "return 2 * ("))
    lines = message(checks.output_delta_quadratic, names["output_delta_quadratic"])
    assert lines[0].startswith("BP-1 [M03]")


def test_the_function_itself_is_never_exchanged():
    names = notebook("def sigmoid(z):\n    return 0 * z\n")
    assert "[wrong value]" in message(checks.sigmoid, names["sigmoid"])[0]


def test_a_callable_without_a_namespace_is_checked_all_the_same():
    checks.sigmoid(partial(lambda sign, z: 1 / (1 + np.exp(sign * z)), -1))
    assert (
        "[M44]"
        in message(checks.sigmoid, partial(lambda sign, z: 1 / (1 + np.exp(sign * z)), 1))[0]
    )


def test_a_slip_that_divides_by_zero_is_named_without_a_warning(recwarn):
    task = replace(
        STEP,
        right=lambda g: g / (abs(g) + 0.1),
        slips=(Slip("M87", "T-14", lambda g: g / abs(g)),),
        draw=lambda rng: [{"g": np.array([0.0, rng.normal()])}],
    )
    told = message(lambda f: check(task, f, rounds=1), lambda g: g / abs(g))
    assert told[0].startswith("T-14 [M87] ") and "is nan" in " ".join(told) and not recwarn.list
    told = message(lambda f: check(task, f, rounds=1), lambda g: g * np.nan)
    assert told[0].startswith("P-2 [not finite] ")


# ------------------------------------------------------------------------------ worked out by hand

STEP = Task(
    name="w_1",
    equation="P-2",
    returns="w_1",
    convention="one entry per coordinate of x",
    hint="Which sign has z, and which has t?",
    right=lambda w, x, t: w + t * x,
    slips=(Slip("M34", "P-2", lambda w, x, t: w - t * x),),
    draw=lambda rng: [{"w": rng.normal(size=2), "x": rng.normal(size=2), "t": -1}],
)
NUMBERS = {"w": np.array([1.0, -2.0]), "x": np.array([2.0, 1.0]), "t": -1}


@pytest.mark.parametrize("answer", [(-1, -3), [-1.0, -3.0], np.array([[-1, -3]])])
def test_a_right_answer_by_hand_may_be_typed_in_any_way(answer, capsys):
    by_hand(STEP, answer, NUMBERS)
    assert capsys.readouterr().out == "w_1: right.\n"


@pytest.mark.parametrize(
    "answer, first_line",
    [
        (None, "P-2 [not implemented] w_1 is still None"),
        ((3, -1), "P-2 [M34] the sign of the update is turned"),
        ((-1, -2), "P-2 [wrong value] w_1 has the right shape, but not the right values"),
        (-1, "P-2 [wrong shape] w_1 has shape (), expected (2,)"),
        ("minus one", "P-2 [not an array] w_1 holds text, expected an array of numbers"),
        ((np.nan, -3), "P-2 [not finite] w_1[0] is nan"),
    ],
    ids=["blank", "slip", "value", "shape", "text", "nan"],
)
def test_a_wrong_answer_by_hand_is_told(answer, first_line):
    told = message(lambda a: by_hand(STEP, a, NUMBERS), answer)
    assert told[0] == first_line and len(told) <= 6
    assert not any("random" in line or "Case" in line for line in told)


def test_a_single_number_has_no_shape_to_be_right():
    task = replace(STEP, right=lambda w, x, t: 0.25, slips=())
    told = message(lambda a: by_hand(task, a, NUMBERS), 0.5)
    assert told[0] == "P-2 [wrong value] w_1 is a number, but not the right one"


def test_a_number_by_hand_cannot_be_read_off_the_distance_to_it():
    told = message(lambda a: by_hand(STEP, a, NUMBERS), (0, 0))
    assert told[2] == "Furthest off: w_1[1]." and not any("3" in line for line in told)


def test_numbers_among_the_arguments_are_shown_and_a_number_expected_is_not():
    task = replace(STEP, right=lambda w, x, t: 0.123456, slips=())
    told = message(lambda f: check(task, f, rounds=1), lambda w, x, t: 1)
    assert "Case 1: w (2,), x (2,), t = -1." in told
    assert "0.123" not in "\n".join(told)


def test_an_argument_may_be_a_function():
    task = replace(
        STEP,
        right=lambda f, x: f(x),
        slips=(),
        draw=lambda rng: [{"f": np.sin, "x": rng.normal(size=3)}],
    )
    check(task, lambda f, x: f(x), rounds=3)
    told = message(lambda g: check(task, g, rounds=1), lambda f, x: x)
    assert "Case 1: f, x (3,)." in told


@pytest.mark.parametrize("container", [dict, lambda pairs: list(zip(*pairs)), tuple])
def test_arrays_within_dictionaries_and_tuples_are_arguments_like_others(container):
    """A text beside the arrays, as in a tape, and numbers as keys, as of neurons."""
    task = replace(
        STEP,
        right=lambda a: 2.0,
        slips=(),
        draw=lambda rng: [{"a": container([("sum", rng.normal(size=3)), (7, rng.normal(size=2))])}],
    )
    check(task, lambda a: 2.0, rounds=2)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.update({7: None}),
        lambda a: a.pop(3),
        lambda a: a[3].__iadd__(1),
    ],
    ids=["added", "removed", "array"],
)
def test_writing_into_a_dictionary_is_seen(change):
    def careless(a):
        change(a)
        return 2.0

    task = replace(
        STEP, right=lambda a: 2.0, slips=(), draw=lambda rng: [{"a": {3: rng.normal(size=2)}}]
    )
    assert "[changes its input]" in message(lambda f: check(task, f, rounds=1), careless)[0]


def test_short_arguments_without_decimals_are_shown_as_they_are():
    edges = [(1, 3), (2, 3)]
    task = replace(
        STEP,
        right=lambda *args: 2.0,
        slips=(),
        draw=lambda rng: [
            {"edges": edges, "names": {(1, 3): "u"}, "w": {(1, 3): 0.5}, "long": [*range(99)]}
        ],
    )
    told = message(lambda f: check(task, f, rounds=1), lambda edges, names, w, long: 1.0)
    assert "Case 1: edges = [(1, 3), (2, 3)], names = {(1, 3): 'u'}, w, long." in told
