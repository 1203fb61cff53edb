"""What is special in problem set 4: its worked cases, its figure, and what its rubrics promise."""

import re

import numpy as np
import pytest

from tests.exercises.harness import SETS, run_source
from tests.exercises.test_problem_sets import VARIANTS

[PS] = [ps for ps in SETS if ps.name == "ps4"]
LN = np.log


@pytest.fixture(scope="module")
def f():
    """The functions of the source."""
    return run_source(PS)[0]


def rows(*values):
    return np.array(values, dtype=float)


def said(task, *texts):
    """The task's text has these, whatever the line breaks."""
    text = " ".join(PS.text(task).split())
    for words in texts:
        assert words in text, words


# ------------------------------------------------------------------- cases worked out by hand


def test_softmax_with_a_pencil():
    e = rows(1, 1, 2)
    p = e / e.sum()
    np.testing.assert_array_equal(p, [1 / 4, 1 / 4, 1 / 2])
    J = np.array([[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)])
    stated = rows([3 / 16, -1 / 16, -1 / 8], [-1 / 16, 3 / 16, -1 / 8], [-1 / 8, -1 / 8, 1 / 4])
    np.testing.assert_array_equal(J, stated)
    said(
        "task-warm-up",
        "$p = (1/4, 1/4, 1/2)$",
        r"3/16 & -1/16 & -1/8 \\ -1/16 & 3/16 & -1/8 \\ -1/8 & -1/8 & 1/4",
    )


def test_slopes(f):
    assert f["tanh_prime"](rows([LN(2), 0])) == pytest.approx(rows([16 / 25, 1]))
    assert np.tanh(LN(2)) == pytest.approx(3 / 5)
    np.testing.assert_array_equal(f["relu_prime"](rows([-1, 0, 2])), [[0, 0, 1]])
    said("task-slopes", r"\tanh z = (2 - 1/2)/(2 + 1/2) = 3/5", "$16/25$", "are $(0, 0, 1)$")


def test_collapse(f):
    w, b = (
        [None, None, rows([1, 2], [0, 1]), rows([1, 1], [2, 0])],
        [None, None, *rows([1, 0], [0, 1])],
    )
    matrix, bias = f["collapse"](w, b)
    np.testing.assert_array_equal(matrix, [[1, 3], [2, 4]])
    np.testing.assert_array_equal(bias, [1, 3])
    for x, middle, top in ([0, 0], [1, 0], [1, 3]), ([1, 0], [2, 0], [2, 5]):
        np.testing.assert_array_equal(w[2] @ x + b[2], middle)
        np.testing.assert_array_equal(matrix @ x + bias, top)
    said(
        "task-collapse",
        r"w^2 = \begin{pmatrix} 1 & 2 \\ 0 & 1 \end{pmatrix}",
        r"b^2 = \begin{pmatrix} 1 \\ 0 \end{pmatrix}",
        r"w^3 = \begin{pmatrix} 1 & 1 \\ 2 & 0 \end{pmatrix}",
        r"b^3 = \begin{pmatrix} 0 \\ 1 \end{pmatrix}",
        "becomes $(1, 0)$ in layer 2 and $(1, 3)$ in layer 3",
        r"is $\begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}$",
    )


def test_softmax_forward_and_back(f):
    p = [1 / 4, 1 / 4, 1 / 2]
    z = rows([0, 0, LN(2)], [1000, 1000, 1000 + LN(2)])
    np.testing.assert_allclose(f["softmax"](z), [p, p])
    np.testing.assert_allclose(f["softmax_backward"](rows(p), rows([2, -2, 4])), [[0, -1, 1]])
    assert 2 * 3 / 16 + (-2) * (-1 / 16) + 4 * (-1 / 8) == 0
    said("task-softmax", "$g = (2, -2, 4)$", r"$\delta = (0, -1, 1)$")


def test_output_deltas_of_softmax(f):
    z, y = rows([0, 0, LN(2)]), rows([0, 0, 1])
    np.testing.assert_allclose(f["delta_softmax_quadratic"](z, y), [[3 / 32, 3 / 32, -3 / 16]])
    np.testing.assert_allclose(f["delta_softmax_cross_entropy"](z, y), [[1 / 4, 1 / 4, -1 / 2]])
    np.testing.assert_allclose(-y / f["softmax"](z), [[0, 0, -2]])
    said(
        "task-softmax-deltas",
        r"$\delta^L = (3/32, 3/32, -3/16)$",
        r"$(0, 0, -2)$, and it becomes $\delta^L = (1/4, 1/4, -1/2)$",
    )


def test_the_slide(f):
    assert f["mse_delta"](rows([0]), rows([1])).item() == -1 / 4
    assert (1 / 2 - 1) * 1 / 4 == -1 / 8
    cost = f["cross_entropy_as_meant"](rows([3 / 4, 1 / 4]), rows([1, 0])).item()
    assert cost == pytest.approx(LN(4 / 3)) and f"{cost:.3f}" == "0.288"
    said("task-slide", "-1/4$", "says $-1/8$", r"$\ln(4/3) = 0.288$")


def test_neither_delta_on_the_slide_is_the_slope_of_the_cost_beside_it(f):
    z, y = rows(0.3, -1.2, 0.8), rows(0.9, 0.2, 0.4)

    def slope(cost):
        steps = 1e-5 * np.eye(3)
        return [(cost(z + s) - cost(z - s)) / 2e-5 for s in steps]

    a = f["sigmoid"](z)
    printed = slope(lambda z: ((f["sigmoid"](z) - y) ** 2).mean())
    assert not np.allclose(printed, (a - y) * a * (1 - a), rtol=0.1)
    np.testing.assert_allclose(printed, f["mse_delta"](z[None], y[None])[0], rtol=1e-8)
    as_meant = slope(lambda z: f["cross_entropy_as_meant"](f["sigmoid"](z)[None], y[None])[0])
    assert not np.allclose(-np.array(as_meant), a - y, rtol=0.1)
    np.testing.assert_allclose(3 * np.array(as_meant), a - y, rtol=1e-8)


def test_the_cost_of_a_confident_mistake(f):
    z, y = rows([0], [LN(3)], [LN(3)], [1000], [1000]), rows([0.7], [0], [1], [0], [1])
    expected = [LN(2), LN(4), LN(4) - LN(3), 1000, 0]
    np.testing.assert_allclose(f["cross_entropy_from_z"](z, y), expected, atol=1e-300)
    said(
        "task-cross-entropy-from-z",
        r"costs $-\ln(1/4) = \ln 4$",
        r"$\ln 4 - \ln 3$",
        "$1000$ and $0$",
    )


def test_shares_of_slopes(f):
    z = rows(-1, 2, 3, 5)
    assert f["alive_share"](lambda z: np.maximum(0, z), z) == 3 / 4
    assert f["alive_share"](lambda z: -2 * z, z) == 1
    said("task-alive-share", "$z = (-1, 2, 3, 5)$ the share is $3/4$", "$-2z$ it is $1$")


def test_lengths_of_deltas(f):
    w = [None, None, rows([5]), rows([2]), rows([-4])]
    slopes = [None, None, rows([1 / 4]), rows([1 / 8]), rows([7])]
    assert f["delta_norms"](w, slopes, rows([1])) == [None, None, 1 / 4, 1 / 2, 1]
    said("task-delta-norms", "`norms` is `[None, None, 1/4, 1/2, 1]`")


def test_the_challenge(f):
    costs = f["cost_for_tanh"](rows([1000], [1000], [0]), rows([0], [1], [0.4]))
    np.testing.assert_allclose(costs, [1000 - LN(2), -LN(2), 0], rtol=1e-12, atol=1e-12)
    said("task-challenge", r"the label 0 costs $1000 - \ln 2$, and the label 1 costs $-\ln 2$")


# ---------------------------------------------------- what the rubrics say, whatever the numbers


@pytest.mark.parametrize("variant", [0, *VARIANTS])
def test_the_figure_shows_what_its_rubric_says(variant):
    _, [figure] = run_source(PS, variant, leave_out=PS.tests)
    [axes] = figure.axes
    lengths = {line.get_label(): line.get_data()[1] for line in axes.lines}
    assert axes.get_yscale() == "log" and axes.get_legend()
    assert [list(line.get_data()[0]) for line in axes.lines] == 3 * [list(range(2, 13))]
    lost = {name: np.log10(values[-1] / values[0]) for name, values in lengths.items()}
    assert 5.5 < lost["sigmoid"] < 7 and 0.7 < lost["ReLU"] < 2 and abs(lost["tanh"]) < 0.9
    stated = float(re.search(r"fade by (0\.\d\d) per layer", axes.get_title())[1])
    assert 0.2 <= stated <= 0.3


@pytest.mark.parametrize("variant", [0, *VARIANTS])
def test_two_of_the_candidates_are_dead_and_three_are_not(variant):
    names, _ = run_source(PS, variant, leave_out=[*PS.tests, "delta-norms-figure"])
    alive = [
        names["alive_share"](sigma, names["fresh_z"]) for sigma in names["candidates"].values()
    ]
    assert min(alive[:3]) > 0.4 and alive[3:] == [0, 0]


def test_a_pencil_gets_other_numbers_from_another_variant(capsys):
    printed = set()
    for variant in range(10):
        run_source(PS, variant, leave_out=[*PS.tests, "delta-norms-figure", "candidates"])
        printed.add(capsys.readouterr().out)
    assert len(printed) >= 9


# -------------------------------------------------------------------- nothing is given away


def test_what_students_find_holds_no_answer():
    for id in PS.solutions:
        for secret in ("np.exp", "np.tanh", "@ w", "- y", "log1p", "max(axis", "Marking"):
            assert secret not in PS.released(id), (id, secret)
