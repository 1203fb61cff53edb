"""What is special in problem set 5: its numbers, its cases worked out by hand, its figure."""

import re

import numpy as np
import pytest

from bpkit.checks.training import BATCH_WEIGHTS, ONLINE_WEIGHTS, XOR_OUTPUT
from tests.exercises.harness import SETS, no_figures_shown, run_source

PS5 = next(ps for ps in SETS if ps.name == "ps5")
VARIANTS = range(40)


@pytest.fixture(scope="module")
def functions():
    return run_source(PS5, leave_out=[*PS5.tests, *PS5.read_by_a_person])[0]


def says(id, *stated):
    text = re.sub(r"\s+", " ", PS5.text(id))
    for words in stated:
        assert words in text, words


# ------------------------------------------------------------------------- numbers of a variant


def numbers(cell, variant, capsys):
    """The names that a cell of numbers defines, and what it prints."""
    names = {"np": np, "variant": variant}
    exec(PS5.text(cell), names)
    return names, capsys.readouterr().out


@pytest.mark.parametrize(
    "cell, part, task",
    [
        ("numbers-gates", 1, XOR_OUTPUT),
        ("numbers-online", 2, ONLINE_WEIGHTS),
        ("numbers-batch", 3, BATCH_WEIGHTS),
    ],
)
def test_the_notebook_draws_the_numbers_that_the_checks_are_tried_on(cell, part, task, capsys):
    handed_over = PS5.text(f"test-{task.name.replace('_', '-')}")
    for variant in VARIANTS:
        names, _ = numbers(cell, variant, capsys)
        [args] = task.draw(np.random.default_rng([variant, part]))
        for name, value in args.items():
            np.testing.assert_array_equal(names[name], value)
    assert handed_over == f"checks.{task.name}({task.name}, {', '.join(args)})"


def test_numbers_are_printed_to_the_last_digit(capsys):
    for variant in VARIANTS:
        names, shown = numbers("numbers-online", variant, capsys)
        assert (
            f"a^2 = {names['a_2'].tolist()}" in shown and f"w^2 = {names['w_2'].tolist()}" in shown
        )
        names, shown = numbers("numbers-batch", variant, capsys)
        table = [line.split("   ") for line in shown.splitlines()[1:5]]
        assert [eval(a) for _, a, _ in table] == names["batch_a"].tolist()
        assert [float(d) for *_, d in table] == names["batch_delta"].tolist()
        names, shown = numbers("numbers-gates", variant, capsys)
        rows = [[int(n) for n in line.split()] for line in shown.splitlines()[2:]]
        assert [row[2:4] for row in rows] == names["h"].tolist()
        assert [row[4] for row in rows] == [0, 1, 1, 0] == [row[0] ^ row[1] for row in rows]


def test_variants_differ():
    for part, task in (1, XOR_OUTPUT), (2, ONLINE_WEIGHTS), (3, BATCH_WEIGHTS):
        drawn = {str(task.draw(np.random.default_rng([v, part]))) for v in VARIANTS}
        assert len(drawn) == 5 if task is XOR_OUTPUT else len(drawn) > 35


# ----------------------------------------------------------------- the cases worked out by hand


def test_by_hand_xor():
    h = np.array([[0, 0], [1, 0], [1, 0], [1, 1]])  # or, and
    np.testing.assert_array_equal(h @ [1, -1], [0, 1, 1, 0])
    np.testing.assert_array_equal(XOR_OUTPUT.right(h), [1, -1, -0.5])
    says("task-xor", "$h_1 - h_2$ are $0, 1, 1, 0$", "$(1, -1, -1/2)$")


def test_by_hand_online_and_batch():
    a_2, w_3 = np.array([0.5, 0.6]), np.array([1, -2])
    new = ONLINE_WEIGHTS.right(np.zeros((2, 2)), w_3, a_2, 0.6, 10)
    np.testing.assert_allclose(new, [[0.24, 0], [-0.4608, 0]])
    says("online-text", r"\delta^3 = -0.4 \cdot 0.24 = -0.096", "= (-0.024, 0.04608)$")
    says("online-text", "hidden neuron 1 from input 1 grows by $0.24$")
    a, delta = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([0.1, -0.2])
    new = BATCH_WEIGHTS.right(np.array([1, 2]), a, delta, 2)
    np.testing.assert_allclose(new, [1.08, 2.02])
    says("batch-text", "(0.02 - 0.1) = 1.08$", "(0.08 - 0.1) = 2.02$")


def test_by_hand_xavier(functions):
    w = functions["xavier_weights"](4, 2, np.array([0, 1 / 2, 3 / 4]))
    np.testing.assert_allclose(w, [-1, 0, 1 / 2], atol=1e-15)
    says("task-xavier", r"$u = 0, \tfrac12, \tfrac34$ become $w = -1, 0, \tfrac12$")


def test_by_hand_sgd(functions):
    y, path = np.array([1, 5, 3]), []

    def gradient(theta, rows):
        path.append(theta - y[rows].mean())
        return path[-1]

    order = lambda N: np.array([2, 0, 1])
    assert functions["sgd"](0, gradient, 3, 2, 0.5, 1, order) == (3, 2)
    assert path == [-2, -4]
    says("task-sgd", "permutation is $(2, 0, 1)$", "the gradient is $-2$", "the gradient is $-4$")
    says("task-sgd", r"$\theta$ becomes $3$: after 2 iterations")


def test_by_hand_rates_and_steps(functions):
    rates = [functions["learning_rate"](epoch, 0.6, 0.5, 2) for epoch in (1, 2, 3, 4)]
    np.testing.assert_allclose(rates, [0.6, 0.6, 0.4, 0.3])
    says("task-learning-rate", r"give $0.6,\ 0.6,\ 0.4,\ 0.3$")
    np.testing.assert_allclose(functions["momentum_step"](1, 0.5, 2, 0.1, 0.9), [1.25, 0.25])
    says("task-momentum", r"$-0.2 + 0.45 = 0.25$, and $\theta$ becomes $1.25$")
    np.testing.assert_allclose(functions["nesterov_step"](1, 1, 2, 0.5, 0.5), [-0.75, 1.5])
    says("task-momentum", r"$n_t = 1.5$, and $\theta$ becomes $1 + 0.5 - 1.5 \cdot 1.5 = -0.75$")


def test_by_hand_adagrad(functions):
    rows = [np.array(row, dtype=float) for row in ((1, 1), (9, 0), (4, 0))]
    theta, squares = functions["adagrad_step"](*rows, 1, 3)
    assert theta.tolist() == [0.5, 1] and squares.tolist() == [25, 0]
    says("task-adagrad", r"become $(25, 0)$ and $\theta$ becomes $(\tfrac12, 1)$")
    with np.errstate(invalid="ignore"):  # what the slide says, at a first step with gradient 0
        assert np.isnan(np.float64(0) / np.sqrt(np.float64(0)))


def test_by_hand_decay_and_folds(functions):
    w, b = functions["decayed_step"](np.array([[2.0]]), np.array([1.0]), 1, 1, 0.5, 0.1)
    np.testing.assert_allclose([w.item(), b.item()], [1.3, 0.5])
    says("task-decay", "The new weight is $1.3$, the new bias $0.5$")
    costs = {(0.1, 0): 3, (0.1, 1): 1, (1, 0): 1, (1, 1): 2}
    folds = [np.array([0, 2]), np.array([1, 3])]
    means, best = functions["best_lambda"](
        [0.1, 1], folds, lambda l2, training, other: costs[l2, other[0]]
    )
    assert means.tolist() == [2, 1.5] and best == 1
    says("task-folds", "the mean is $2$", "costs $1$ and $2$, then `means` is $(2, 1.5)$")


def test_by_hand_look_ahead(functions):
    path = functions["look_ahead"](np.array([8.0]), lambda theta: theta, 0.5, 0.5, 2)
    assert path.ravel().tolist() == [8, 2, -0.5]
    says("task-challenge", r"The path is $8,\ 2,\ -\tfrac12$")


def test_by_hand_the_border():
    assert [(1 - 0.5 * 10) ** t for t in (1, 2, 3)] == [-4, 16, -64]
    assert round((1 - 2 * 0.001) ** 100, 2) == 0.82
    says("explain", r"lead to $-4, 16, -64, \dots$", "still 82 % of its first value")


# ------------------------------------------------------------------------------------ the figure


@pytest.mark.parametrize("variant", [0, 1, 7, 23, 2**31])
def test_the_three_rates_crawl_fit_and_jump_whatever_the_data(variant):
    hidden = [id for id in PS5.tests if "HIDDEN" in PS5.text(id)]
    with no_figures_shown():
        _, [figure] = run_source(PS5, variant, leave_out=hidden)
        [axes] = figure.axes
        crawls, fits, jumps = (line.get_ydata() for line in axes.lines)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert axes.get_title() and axes.get_xlabel() and axes.get_ylabel() and len(legend) == 3
    assert len({line.get_linestyle() for line in axes.lines}) == 3  # not by colour alone
    assert all(len(costs) == 41 for costs in (crawls, fits, jumps))
    assert crawls[0] == fits[0] == jumps[0]
    assert crawls[-1] > 0.4 * crawls[0] and (np.diff(crawls) < 0.01).all()
    assert fits[-1] < 0.5 * fits[0]
    assert jumps[20:].max() > 2 * jumps[0] and np.abs(np.diff(jumps[20:])).max() > 0.5
