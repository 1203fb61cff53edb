"""The tasks of problem set 6 against oracles that know nothing of backpropagation.

A slope is measured by nudging one number by an imaginary step and running everything again; levels
are counted along every path there is.
"""

from functools import partial

import numpy as np
import pytest

from bpkit import checks
from bpkit.checks import CheckFailed
from bpkit.checks.graphs import (
    BATCH_GRADIENTS,
    GRAPH_DELTA_3,
    GRAPH_DELTA_7,
    GRAPH_DELTAS,
    GRAPH_DELTAS_5_6,
    GRAPH_FORWARD,
    NEURON_LEVELS,
    PARAMETER_GRADIENTS,
    PS6,
)
from bpkit.checks.tapes import (
    FORWARD_MODE,
    TAPE_GRADIENTS,
    UNBROADCAST,
    VJP_MATMUL,
    VJP_MULTIPLY,
)

SEEDS = range(5)
STEP = 1e-30
close = partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-14)


def instances(task, seeds=SEEDS):
    return [args for seed in seeds for args in task.draw(np.random.default_rng(seed))]


def slope(f, x):
    """The derivative of f by each entry of x, by an imaginary step at one after the other."""
    x = np.asarray(x, dtype=complex)
    found = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        moved = x.copy()
        moved[entry] += STEP * 1j
        found[entry] = np.imag(f(moved)) / STEP
    return found


# ----------------------------------------------------------------------------------------- graphs


def activations(w, x, nudged=None, nudge=0.0, g=np.tanh):
    """a of every neuron by recursion, with a nudge added to the in of one of them."""
    a = dict(x)

    def of(j):
        if j not in a:
            into = sum(w[i, k] * of(i) for i, k in w if k == j)
            a[j] = g(into + (nudge if j == nudged else 0))
        return a[j]

    for edge in w:
        for j in edge:
            of(j)
    return a


def cost(a, y):
    return sum((y[j] - a[j]) ** 2 for j in y)


def nudged_cost(nudge, j, w, x, y, g=np.tanh):
    return cost(activations(w, x, j, nudge, g), y)


def test_levels_are_the_lengths_of_the_longest_paths():
    for args in instances(NEURON_LEVELS):
        edges = args["edges"]

        def longest(j, edges=edges):
            return max((longest(i) + 1 for i, k in edges if k == j), default=0)

        expected = {j: longest(j) for edge in edges for j in edge}
        assert NEURON_LEVELS.right(**args) == expected
        assert sorted(expected.values()) != list(expected.values())


def test_the_forward_pass_is_the_recursion():
    for args in instances(GRAPH_FORWARD):
        into, a = GRAPH_FORWARD.right(**args)
        expected = activations(args["w"], args["x"])
        assert a.keys() == expected.keys() and into.keys() == a.keys() - args["x"].keys()
        for j in a:
            close(a[j], expected[j])
        for j in into:
            close(np.tanh(into[j]), a[j])


def test_a_delta_is_the_slope_of_the_cost_at_the_neurons_in():
    for args in instances(GRAPH_DELTAS):
        w, a, y = args["w"], args["a"], args["y"]
        fed = {j for _, j in w}
        x = {j: a[j] for j in a if j not in fed}
        deltas = GRAPH_DELTAS.right(**args)
        assert deltas.keys() == fed
        for j in fed:
            close(deltas[j], slope(partial(nudged_cost, j=j, w=w, x=x, y=y), 0.0))


def shared(rng, task):
    """A graph whose weights are shared as the task's names say, and its forward pass."""
    for args in task.draw(rng):
        names = args["names"]
        value = {name: rng.uniform(0.3, 0.8) for name in sorted(set(names.values()))}
        x = {j: args["a"][j] for j in args["a"] if j not in args["delta"]}
        feeding = {i for i, _ in names}
        y = {j: 0.5 for j in args["delta"] if j not in feeding}
        yield names, value, x, y


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_of_a_shared_parameter_is_the_slope_of_the_cost(seed):
    for names, value, x, y in shared(np.random.default_rng(seed), PARAMETER_GRADIENTS):
        w = {edge: value[names[edge]] for edge in names}
        a = activations(w, x)
        order = sorted(a, key=NEURON_LEVELS.right(list(w)).get)
        deltas = GRAPH_DELTAS.right(order, w, a, y)
        gradient = PARAMETER_GRADIENTS.right(names, a, deltas)
        assert gradient.keys() == value.keys()
        for u in value:

            def f(moved, u=u, names=names, value=value, x=x, y=y):
                return cost(activations({e: (value | {u: moved})[names[e]] for e in names}, x), y)

            close(gradient[u], slope(f, value[u]))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_of_a_batch_is_the_slope_of_its_mean_cost(seed):
    for names, value, x, y in shared(np.random.default_rng(seed), BATCH_GRADIENTS):
        w = {edge: value[names[edge]] for edge in names}
        a = activations(w, x)
        order = sorted(a, key=NEURON_LEVELS.right(list(w)).get)
        gradient = BATCH_GRADIENTS.right(names, a, GRAPH_DELTAS.right(order, w, a, y))
        for u in value:

            def f(moved, u=u, names=names, value=value, x=x, y=y):
                w = {e: (value | {u: moved})[names[e]] for e in names}
                examples = [{j: x[j][e] for j in x} for e in range(5)]
                return sum(cost(activations(w, one), y) for one in examples) / 5

            close(gradient[u], slope(f, value[u]))


def test_graphs_have_what_tells_slips_apart():
    for seed in SEEDS:
        graphs = [args["w"] for args in GRAPH_DELTAS.draw(np.random.default_rng(seed))]
        outputs = [len({j for _, j in w} - {i for i, _ in w}) for w in graphs]
        assert {1, 2} <= set(outputs)
        for w in graphs:
            ways = [sum(i == neuron for i, _ in w) for neuron in {j for _, j in w}]
            assert max(ways) >= 2
        level = NEURON_LEVELS.right(list(graphs[0]))
        assert any(level[j] - level[i] > 1 for i, j in graphs[0])
        names = list(PARAMETER_GRADIENTS.draw(np.random.default_rng(seed))[0]["names"].values())
        assert {min(names.count(u), 2) for u in names} == {1, 2}


def test_the_numbers_of_the_neurons_tell_nothing_of_their_order():
    orders = [args["order"] for args in instances(GRAPH_FORWARD)]
    assert sum(order != sorted(order) for order in orders) > len(orders) / 3


# ---------------------------------------------------------------------------------- seven by hand


def bent(into):
    return np.where(np.real(into) > 0, 2, 0.5) * into


def test_deltas_by_hand_are_slopes_of_the_cost():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        args = GRAPH_DELTA_3.draw(rng)[0]
        w, a = args["w"], args["a"]
        y = {7: a[7] + 2}
        f = partial(nudged_cost, w=w, x={1: a[1], 2: a[2]}, y=y, g=bent)
        measured = {j: slope(partial(f, j=j), 0.0) for j in (3, 5, 6, 7)}
        close(GRAPH_DELTA_7.right(args["into"], a, y[7]), measured[7])
        middle = GRAPH_DELTAS_5_6.right(w, args["into"], a, measured[7])
        close(middle, [measured[5], measured[6]])
        close(GRAPH_DELTA_3.right(w, args["into"], a, middle), measured[3])


NUMBERS = GRAPH_DELTA_3.draw(np.random.default_rng(1))[0]
W, INTO, A, Y = NUMBERS["w"], NUMBERS["into"], NUMBERS["a"], int(NUMBERS["a"][7] // 1) + 2
DELTA_7 = GRAPH_DELTA_7.right(INTO, A, Y)
MIDDLE = GRAPH_DELTAS_5_6.right(W, INTO, A, DELTA_7)
DELTA_3 = GRAPH_DELTA_3.right(W, INTO, A, MIDDLE)


@pytest.mark.parametrize("delta_7", [DELTA_7, 2 * DELTA_7, None, "three", np.nan, 0, [1, 2], {}])
def test_a_wrong_delta_7_does_not_cost_the_next_mark(delta_7):
    checks.graph_deltas_5_6(MIDDLE, W, INTO, A, Y, delta_7)
    with pytest.raises(CheckFailed, match=r"G-3 \[wrong value\]"):
        checks.graph_deltas_5_6((1.234, 5.678), W, INTO, A, Y, delta_7)


def test_what_is_made_of_a_wrong_delta_is_judged_by_it():
    theirs = GRAPH_DELTAS_5_6.right(W, INTO, A, 5 * DELTA_7)
    checks.graph_deltas_5_6(theirs, W, INTO, A, Y, 5 * DELTA_7)
    checks.graph_delta_3(5 * DELTA_3, W, INTO, A, Y, theirs)
    with pytest.raises(CheckFailed, match=r"\[wrong value\]"):
        checks.graph_deltas_5_6(theirs, W, INTO, A, Y, 3 * DELTA_7)
    one_way = W[3, 6] * theirs[1] * (2 if INTO[3] > 0 else 0.5)
    with pytest.raises(CheckFailed, match=r"G-3 \[M27\]"):
        checks.graph_delta_3(one_way, W, INTO, A, Y, theirs)


@pytest.mark.parametrize("delta_7", [None, DELTA_7, 2 * DELTA_7])
def test_a_blank_by_hand_stays_a_blank_whatever_stands_before_it(delta_7):
    for blank in (
        lambda: checks.graph_deltas_5_6(None, W, INTO, A, Y, delta_7),
        lambda: checks.graph_delta_3(None, W, INTO, A, Y, (delta_7, delta_7)),
    ):
        with pytest.raises(CheckFailed, match=r"G-3 \[not implemented\] graph_delta"):
            blank()


# ------------------------------------------------------------------------------------------- tapes

COMPUTE = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "matmul": lambda x, y: x @ y,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sum": np.sum,
}


def run_again(tape, values, changed):
    """The last value, if these values are put in by hand and everything behind them is redone."""
    values, stale = [*values], set(changed)
    for here, (operation, *operands) in enumerate(tape):
        if here in changed:
            values[here] = changed[here]
        elif stale.intersection(operands):
            values[here] = COMPUTE[operation](*(values[k] for k in operands))
            stale.add(here)
    return values[-1]


def run_with(tape, values, here, value):
    return run_again(tape, values, {here: value})


def test_unbroadcast_is_the_slope_of_broadcasting():
    for args in instances(UNBROADCAST):
        g, shape = args["g"], args["shape"]
        f = lambda x, g=g: (g * np.broadcast_to(x, g.shape)).sum()
        close(UNBROADCAST.right(g, shape), slope(f, np.ones(shape)))


@pytest.mark.parametrize(
    "task, operation", [(VJP_MULTIPLY, "multiply"), (VJP_MATMUL, "matmul")], ids=["*", "@"]
)
def test_a_rule_is_the_slope_of_g_times_the_product(task, operation):
    for args in instances(task):
        g, x, y = args["g"], args["x"], args["y"]
        assert g.shape == COMPUTE[operation](x, y).shape
        dx, dy = task.right(g, x, y)
        close(dx, slope(partial(paired, g, operation, y=y), x))
        close(dy, slope(partial(paired, g, operation, x), y))


def paired(g, operation, x, y):
    """The sum of g times a product: its slope is what a rule has to give."""
    return (g * COMPUTE[operation](x, y)).sum()


def test_products_come_broadcast_in_every_way_and_square():
    pairs = [(args["x"].shape, args["y"].shape) for args in instances(VJP_MULTIPLY, [0])]
    assert any(x == y for x, y in pairs) and any(len(x) < len(y) for x, y in pairs)
    assert any(y == () for x, y in pairs) and any(y[-1:] == (1,) for x, y in pairs)
    matrices = [args["y"].shape for args in instances(VJP_MATMUL, [0])]
    assert any(m == n for m, n in matrices) and any(m != n for m, n in matrices)


def test_gradients_along_a_tape_are_slopes_of_its_last_value():
    for args in instances(TAPE_GRADIENTS):
        tape, values = args["tape"], args["values"]
        gradients = TAPE_GRADIENTS.right(tape, values)
        assert len(gradients) == len(tape)
        for here, gradient in enumerate(gradients):
            close(gradient, slope(partial(run_with, tape, values, here), values[here]))


def test_a_derivative_along_a_direction_is_the_slope_on_the_way():
    for args in instances(FORWARD_MODE):
        tape, values, direction = args["tape"], args["values"], args["direction"]
        inputs = [k for k, (operation, *_) in enumerate(tape) if operation == "input"]
        assert [k for k, move in enumerate(direction) if move is not None] == inputs

        def f(t, tape=tape, values=values, direction=direction, inputs=inputs):
            return run_again(tape, values, {k: values[k] + t * direction[k] for k in inputs})

        close(FORWARD_MODE.right(tape, values, direction), slope(f, 0.0))


def test_tapes_use_values_twice_broadcast_and_name_every_operation():
    tapes = [args["tape"] for args in instances(TAPE_GRADIENTS, [0])]
    used = [k for tape in tapes for _, *operands in tape for k in set(operands)]
    assert any(len(set(operands)) < len(operands) for tape in tapes for _, *operands in tape)
    assert max(used.count(k) for k in used) > 2
    named = {operation for tape in tapes for operation, *_ in tape}
    assert named == {*COMPUTE, "input"}
    assert all(args["values"][-1].shape == () for args in instances(TAPE_GRADIENTS, [0]))


# ------------------------------------------------------------------------------------ the messages


@pytest.mark.parametrize(
    "task, answer, first_line",
    [
        (
            GRAPH_DELTAS,
            lambda *args: list(GRAPH_DELTAS.right(*args).values()),
            "G-2, G-3 [wrong shape] graph_deltas returns list data, expected a dictionary",
        ),
        (
            GRAPH_DELTAS,
            lambda *args: {},
            "G-2, G-3 [wrong shape] Delta has no entry Delta[",
        ),
        (
            GRAPH_FORWARD,
            lambda *args: GRAPH_FORWARD.right(*args)[1],
            "G-1 [wrong shape] graph_forward must return two values, into and a",
        ),
        (
            GRAPH_FORWARD,
            lambda *args: (GRAPH_FORWARD.right(*args)[0], [1, 2, 3]),
            "G-1 [wrong shape] a is list data, expected a dictionary",
        ),
        (
            GRAPH_FORWARD,
            lambda order, w, x: ({}, x),
            "G-1 [wrong shape] into has no entry into[",
        ),
        (
            VJP_MATMUL,
            lambda g, x, y: g @ y.T,
            "tape [wrong shape] vjp_matmul must return two values, dx and dy",
        ),
        (
            TAPE_GRADIENTS,
            lambda tape, values: TAPE_GRADIENTS.right(tape, values)[:2],
            "tape [wrong shape] tape_gradients must return a list of 8 gradients, one for each",
        ),
        (
            VJP_MULTIPLY,
            lambda g, x, y: (g * y, g * x),
            "tape [wrong shape] dy has shape (",
        ),
    ],
)
def test_what_is_said_of_answers_that_are_not_as_agreed(task, answer, first_line):
    with pytest.raises(CheckFailed) as caught:
        getattr(checks, task.name)(answer)
    assert str(caught.value).startswith(first_line)


def test_the_first_neuron_that_is_wrong_is_the_one_that_is_named():
    """The walk goes from the outputs to the inputs: what is wrong first spoils the rest."""
    for args in instances(GRAPH_DELTAS, [0]):
        assert next(iter(GRAPH_DELTAS.right(**args))) in args["y"]
    with pytest.raises(CheckFailed, match="Furthest off: Delta"):
        checks.graph_deltas(lambda *a: {j: d + 1 for j, d in GRAPH_DELTAS.right(*a).items()})


def test_more_entries_than_asked_for_do_no_harm():
    def with_inputs(order, w, a, y):
        return {**dict.fromkeys(order, 0.0), **GRAPH_DELTAS.right(order, w, a, y)}

    checks.graph_deltas(with_inputs)


def test_there_are_thirteen_tasks():
    assert len({task.name for task in PS6}) == 13
