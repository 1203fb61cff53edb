"""What is special in problem set 6: its worked cases are true, its numbers and figure are fit."""

import json
import math

import numpy as np
import pytest

from bpkit.checks.graphs import draw_seven
from tests.exercises.harness import REPOSITORY, SETS, run_source

PS6 = next(ps for ps in SETS if ps.name == "ps6")


@pytest.fixture(scope="module")
def source():
    """Every name of the source, and the figures that it shows."""
    return run_source(PS6)


@pytest.fixture(scope="module")
def functions(source):
    return source[0]


# -------------------------------------------------------------------------------------- the warm-up


def seven(variant):
    names = {}
    for id in ("setup", "variant", "seven-numbers", "seven-table"):
        exec(PS6.text(id).replace("variant = 0", f"variant = {variant}"), names)
    return names


@pytest.mark.parametrize("variant", [*range(40), 4711, 2**31])
def test_the_notebook_draws_the_numbers_of_the_warm_up_as_the_check_does(variant):
    names = seven(variant)
    drawn = draw_seven(np.random.default_rng(variant))
    assert {name: names[name] for name in ("w", "into", "a", "y")} == {
        name: drawn[name] for name in ("w", "into", "a", "y")
    }


def test_the_numbers_are_fit_for_a_pencil(capsys):
    tables = set()
    for variant in range(60):
        names = seven(variant)
        numbers = [*names["into"].values(), *names["a"].values(), names["y"]]
        assert all(abs(z) <= 64 and float(16 * z).is_integer() for z in numbers)
        tables.add(capsys.readouterr().out)
    assert len(tables) == 60
    table = next(iter(tables))
    assert table.count("w_") == 8 and table.count("in =") == 5 and table.count("a =") == 7


def test_no_text_states_a_number_that_is_drawn():
    for id, cell in PS6.cells.items():
        if cell["cell_type"] == "markdown":
            assert "variant" not in PS6.text(id)


# ------------------------------------------------------------------------ the cases worked by hand


def test_by_hand_the_warm_up():
    text = PS6.text("task-seven")
    assert -2 * (1 + 2) * 0.5 == -3 and r"\Delta_7 = -2\,(1 + 2)\cdot\tfrac12 = -3" in text
    assert 2 * -1 * -3 == 6 and r"\Delta_5 = 2\cdot(-1)\cdot(-3) = 6" in text


def test_by_hand_levels(functions):
    level = functions["neuron_levels"]([(1, 3), (2, 3), (3, 4), (1, 4)])
    assert level == {1: 0, 2: 0, 3: 1, 4: 2}
    assert "`{1: 0, 2: 0, 3: 1, 4: 2}`" in PS6.text("task-neuron-levels")


def test_by_hand_forward(functions):
    w = {(1, 2): math.log(2), (1, 3): -3 / 5, (2, 3): 2.0}
    into, a = functions["graph_forward"]([1, 2, 3], w, {1: 1.0})
    assert into == pytest.approx({2: math.log(2), 3: 3 / 5})
    assert a == pytest.approx({1: 1, 2: 3 / 5, 3: 0.537}, abs=5e-5)
    assert r"a_2 = \tanh(\ln 2) = 3/5" in PS6.text("task-graph-forward")
    assert r"\approx 0.537" in PS6.text("task-graph-forward")


def test_by_hand_deltas(functions):
    w = {(1, 2): 1.0, (2, 3): 2.0, (2, 4): -1.0, (3, 4): 4.0}
    a = {1: 1.0, 2: 0.5, 3: 0.5, 4: 0.0}
    delta = functions["graph_deltas"]([1, 2, 3, 4], w, a, {4: 1.0})
    assert delta == {4: -2, 3: -6, 2: -7.5}
    for value in ("= -2$ |", "= -6$ |", "= -15/2$ |"):
        assert value in PS6.text("task-graph-deltas")


def test_by_hand_shared_parameters(functions):
    names = {(1, 2): "u", (3, 4): "u", (2, 3): "v"}
    a, delta = {1: 2, 2: 0.5, 3: -1}, {2: 3, 3: 4, 4: -2}
    assert functions["parameter_gradients"](names, a, delta) == {"u": 8, "v": 2}
    assert r"\partial J/\partial u = 3\cdot 2 + (-2)\cdot(-1) = 8" in PS6.text(
        "task-parameter-gradients"
    )


def test_by_hand_a_batch(functions):
    a, delta = {1: np.array([2.0, 4.0])}, {2: np.array([3.0, -1.0])}
    assert functions["batch_gradients"]({(1, 2): "u"}, a, delta) == {"u": 1}
    assert "gradients $6$ and $-4$; the batch has $1$" in PS6.text("task-batch-gradients")


def test_the_slide_is_right_in_a_and_wrong_in_b(functions):
    """One walk with columns gives every example's numbers: nothing has to be run |B| times."""
    rng = np.random.default_rng(1)
    order, w, _, _ = functions["layered"](3)
    x = {i: rng.normal(size=6) for i in order[:3]}
    y = {order[-1]: rng.uniform(-0.5, 0.5, 6)}
    names = {edge: f"w{edge[0]},{edge[1]}" for edge in w}
    a = functions["graph_forward"](order, w, x)[1]
    batch = functions["batch_gradients"](names, a, functions["graph_deltas"](order, w, a, y))
    alone = []
    for e in range(6):
        a_e = functions["graph_forward"](order, w, {i: x[i][e] for i in x})[1]
        delta_e = functions["graph_deltas"](order, w, a_e, {j: y[j][e] for j in y})
        alone.append(functions["parameter_gradients"](names, a_e, delta_e))
    for u in batch:
        assert batch[u] == pytest.approx(np.mean([one[u] for one in alone]), rel=1e-12)


def test_by_hand_rules(functions):
    g = np.array([[1.0, 2, 3], [4, 5, 6]])
    unbroadcast = functions["unbroadcast"]
    np.testing.assert_array_equal(unbroadcast(g, (3,)), [5, 7, 9])
    np.testing.assert_array_equal(unbroadcast(g, (2, 1)), [[6], [15]])
    assert unbroadcast(g, ()) == 21
    dx, dy = functions["vjp_multiply"](np.array([1.0, -1]), np.array([2.0, 3]), np.array(10.0))
    assert dx.tolist() == [10, -10] and dy == -1
    dx, dy = functions["vjp_matmul"](
        np.array([[2.0]]), np.array([[1.0, 2]]), np.array([[3.0], [4]])
    )
    assert dx.tolist() == [[6, 8]] and dy.tolist() == [[2], [4]]
    text = PS6.text("task-rules")
    for stated in ("$(5, 7, 9)$", "$(6, 15)$", "$21$", "$dx = (10, -10)$", r"6 & 8", r"2 \\ 4"):
        assert stated in text


TAPE = [("input",), ("input",), ("multiply", 0, 1), ("multiply", 2, 0), ("add", 3, 1)]
VALUES = [np.array(float(value)) for value in (3, 2, 6, 18, 20)]


def test_by_hand_the_tape(functions):
    gradient = functions["tape_gradients"](TAPE, VALUES)
    assert [float(g) for g in gradient] == [12, 10, 3, 1, 1]
    text = PS6.text("task-tape-gradients")
    for here, (entry, value, g) in enumerate(zip(TAPE, VALUES, gradient)):
        [row] = [line for line in text.splitlines() if line.startswith(f"| {here} |")]
        listed = ", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in entry)
        assert f"({listed}" in row and f"| {value:g} |" in row and row.endswith(f"| ${g:g}$ |")


def test_by_hand_forward_mode(functions):
    for direction, expected in [((1, 0), 12), ((0, 1), 10)]:
        moves = [np.array(float(move)) for move in direction] + [None] * 3
        assert functions["forward_mode"](TAPE, VALUES, moves) == expected
    assert r"$1$, $0$, $1\cdot 2 + 3\cdot 0 = 2$" in PS6.text("task-forward-mode")


# -------------------------------------------------------------------------------- what they see


def test_all_roads_lead_to_one_gradient(functions):
    w, a, names = functions["w"], functions["a"], functions["names"]
    by_tape = functions["by_tape"]
    assert len(functions["by_graph"]) == len(names) == len(w) == 9 and len(a) == 6
    for i, j in [(i, j) for i, j in w if i < 3]:
        assert functions["by_graph"][f"w{i}{j}"] == pytest.approx(by_tape[i - 1, j - 3], rel=1e-9)


def test_the_figure_shows_three_prices_against_the_number_of_weights(source):
    _, [figure] = source
    [axes] = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log" and axes.get_legend()
    assert "second" in axes.get_ylabel() and "P" in axes.get_xlabel()
    lines = {line.get_label(): line.get_data() for line in axes.lines}
    assert len(lines) == 3
    for P, times in lines.values():
        assert list(P) == [2 * d**2 + d for d in (2, 3, 4, 6, 8, 12)] and min(times) > 0
    differences, walks, forward = (line.get_ydata() for line in axes.lines)
    assert differences[-1] > 10 * walks[-1] > 10 * forward[-1]


def test_layered_networks_are_what_their_text_says(functions):
    for d in (2, 5):
        order, w, x, y = functions["layered"](d)
        assert len(w) == 2 * d**2 + d and order == sorted(order) and len(order) == 3 * d + 1
        assert list(x) == order[:d] and list(y) == order[-1:]
        assert all(i < j for i, j in w)


def test_students_find_no_answer_in_what_they_are_given():
    released = json.loads(
        (REPOSITORY / "exercises" / "ps6" / PS6.path.name).read_text(encoding="utf-8")
    )
    given = "\n".join("".join(c["source"]) for c in released["cells"] if c["cell_type"] == "code")
    for secret in ("a[j] ** 2", "delta[j]", "g @ y.T", "x.T @ g", "+ flow", "rounds=3"):
        assert secret not in given
    assert "SOLUTION" not in given and "Marking" not in given
