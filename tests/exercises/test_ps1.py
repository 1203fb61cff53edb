"""Problem set 1: the cases worked out in the text are true, and its figure shows what it says."""

import re

import numpy as np
import pytest

from bpkit import datasets
from bpkit.checks.perceptron import B_OF_DIFFERENCE, FIRST_PASS
from tests.exercises.harness import SETS, run_source

[PS1] = [ps for ps in SETS if ps.name == "ps1"]


@pytest.fixture(scope="module")
def source():
    """The names that the solutions leave, and the figures they show."""
    return run_source(PS1)


@pytest.fixture(scope="module")
def functions(source):
    return source[0]


def stated(id, *texts):
    for text in texts:
        assert text in PS1.text(id), text


W, B = np.array([2.0, -1.0]), -1.0
ROWS = np.array([[1.0, 3.0], [1.0, 1.0], [2.0, 1.0]])

# ------------------------------------------------------------------------------ worked by hand


def test_by_hand_first_pass():
    X, t = np.array([[2, 1], [1, -1], [-1, 1]]), np.array([1, -1, 1])
    rows = FIRST_PASS.right(X, t).astype(int).tolist()
    written = [tuple(row) for row in rows]
    stated("task-first-pass", f"`first_pass = {written}`", "$2 - 1 + 1 = 2$", "$-1 + 2 + 0 = 1$")
    for (w_1, w_2, b), n in zip(rows, (1, 2, 3)):
        [line] = [x for x in PS1.text("task-first-pass").splitlines() if x.startswith(f"| {n} |")]
        assert line.endswith(f"| $({w_1}, {w_2})$ and ${b}$ |")


def test_by_hand_predict(functions):
    z, y = ROWS @ W + B, functions["predict"](ROWS, W, B)
    assert (z.tolist(), y.tolist()) == ([-2, 0, 2], [-1, 0, 1])
    stated("task-predict", "$w = (2, -1)$ and $b = -1$", "$(1, 3)$, $(1, 1)$ and $(2, 1)$")
    stated("task-predict", "$z = -2, 0, 2$", "$y = (-1, 0, 1)$")


def test_by_hand_perceptron_update(functions):
    w, b = functions["perceptron_update"](W, B, ROWS[0], 1, 0.5)
    assert (w.tolist(), b) == ([2.5, 0.5], -0.5)
    stated("task-perceptron-update", "= (5/2, 1/2)$, $b$ becomes $-1/2$")
    w, b = functions["perceptron_update"](W, B, ROWS[2], 1, 0.5)
    assert (w.tolist(), b) == ([2, -1], -1)


def test_by_hand_perceptron_algorithm(functions):
    X, t = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    w, b, passes = functions["perceptron_algorithm"](X, t, 0.5, 10)
    assert (w.tolist(), b, passes) == ([1], 0, 2)
    stated("task-perceptron-algorithm", "The answer is $w = (1)$, $b = 0$ after 2 passes.")
    w_1, b_1 = functions["perceptron_update"](np.zeros(1), 0.0, X[0], 1, 0.5)
    assert X[1] @ w_1 + b_1 == 0
    stated("task-perceptron-algorithm", "| 1 | 1 | $0$ | mistake | $1/2$ and $1/2$ |")
    stated("task-perceptron-algorithm", "| 1 | 2 | $0$ | mistake | $1$ and $0$ |")


def test_by_hand_criterion_gradient(functions):
    dw, db = functions["criterion_gradient"](ROWS, np.ones(3), W, B)
    np.testing.assert_allclose([*dw, db], [-1 / 3, -1, -1 / 3])
    stated("task-criterion-gradient", "$-2, 0, 2$", "$(-1, -3)$ and $-1$")
    stated("task-criterion-gradient", "are $(-1/3, -1)$ and $-1/3$")


def test_descent_and_rule_part_on_the_boundary_only(functions):
    """What the cell for one's own eyes shows."""
    for x, same in zip(ROWS, (True, False, True)):
        dw, db = functions["criterion_gradient"](x[None], np.ones(1), W, B)
        w, b = functions["perceptron_update"](W, B, x, 1.0, 0.5)
        assert (np.array_equal(w, W - 0.5 * dw) and b == B - 0.5 * db) == same


def test_by_hand_slide(functions):
    zt = np.array([-1, 0, 1 / 2, 2])
    assert functions["hinge_loss"](zt, np.ones(4)).tolist() == [2, 1, 1 / 2, 0]
    assert np.maximum(0, -zt).tolist() == [1, 0, 0, 0]
    stated("task-slide", r"$z\,t = -1,\ 0,\ 1/2,\ 2$", r"$2,\ 1,\ 1/2,\ 0$", r"$1,\ 0,\ 0,\ 0$")
    assert 2 * 3 + 1 == 7
    stated("task-slide", "$w = 2$, $x = 3$, $b = 1$ has $z = 7$")
    for t, bracket in ((1, 0), (-1, 1)):
        assert (-7 * t > 0) == (np.sign(7) != t) == bool(bracket)


def test_by_hand_nearest_mean(functions):
    X, t = np.array([[1.0, 0.0], [3.0, 2.0], [0.0, 4.0]]), np.array([1, 1, -1])
    mu_1, mu_2 = functions["class_means"](X, t)
    assert (mu_1.tolist(), mu_2.tolist()) == ([2, 1], [0, 4])
    x = np.array([1.0, 1.0])
    squares = ((x - mu_2) ** 2).sum(), ((x - mu_1) ** 2).sum()
    w, b = functions["nearest_mean_line"](mu_1, mu_2)
    assert squares == (10, 1) and functions["nearest_mean"](x[None], mu_1, mu_2).tolist() == [1]
    assert (w.tolist(), b, w @ x + b) == ([4, -6], 11, 9)
    stated("task-nearest-mean", r"$\mu_1 = (2, 1)$", r"$\mu_2 = (0, 4)$", "$10$ from", "$1$ from")
    stated("task-nearest-mean", "$w = (4, -6)$ and $b = 11$", "$4 - 6 + 11 = 9 = 10 - 1$")


def test_by_hand_novikoff_bound(functions):
    X, t = np.array([[2.0], [-2.0]]), np.array([1, -1])
    assert functions["novikoff_bound"](X, t, np.array([3.0]), 4.0) == pytest.approx(125 / 4)
    stated("task-challenge", r"$R^2 = 4 + 1 = 5$", r"gives $2$ and $2/5$", r"the bound is $125/4$")
    u = np.array([3, 4]) / 5
    assert [u @ [2, 1], -(u @ [-2, 1])] == pytest.approx([2, 2 / 5])


# ----------------------------------------------------------------------- what is drawn from variant


def test_numbers_by_hand_are_whole_and_small_and_differ_between_variants():
    seen = set()
    for variant in range(60):
        names = {}
        for id in ("setup", "variant", "hand-numbers", "slide-numbers"):
            exec(PS1.text(id).replace("variant = 0", f"variant = {variant}"), names)
        X, t = names["X_hand"], names["t_hand"]
        assert X.dtype.kind == "i" and X.all() and abs(X).max() <= 4
        rows = FIRST_PASS.right(X, t)
        assert rows[0].any() and (rows[0] == rows[1]).all() and rows[2, :2].any()
        b = B_OF_DIFFERENCE.right(names["w_slide"], names["x_slide"], names["t_slide"])
        assert -50 <= b <= -2
        seen.add((X.tobytes(), b))
    assert len(seen) > 50


def test_on_the_long_classes_the_perceptron_wins_whatever_the_variant(functions):
    for variant in range(60):
        X, classes = datasets.elongated(60, rng=variant)
        t = datasets.as_signs(classes)
        w, b, passes = functions["perceptron_algorithm"](X, t, 1.0, 1000)
        assert (functions["predict"](X, w, b) == t).all() and passes < 100
        w, b = functions["nearest_mean_line"](*functions["class_means"](X, t))
        assert (functions["predict"](X, w, b) != t).sum() >= 2


# ------------------------------------------------------------------------------------- the figure


def test_the_figure_shows_examples_boundaries_and_mistakes(source):
    names, [figure] = source
    [axes] = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    counted = [re.fullmatch(r"(.+): (\d+) mistakes", label) for label in labels[2:]]
    assert labels[:2] == ["t = +1", "t = -1"]
    assert [(m[1], int(m[2]) > 0) for m in counted] == [
        ("nearest mean", True),
        ("perceptron", False),
    ]
    plus, minus, *boundaries = axes.lines
    for line, label in ((plus, 1), (minus, -1)):
        assert (line.get_xydata() == names["X_long"][names["t_long"] == label]).all()
    for line, (w, b) in zip(boundaries, names["lines"].values(), strict=True):
        np.testing.assert_allclose(line.get_xydata() @ w + b, 0, atol=1e-9)
    low, high = axes.get_ylim()
    assert (names["X_long"][:, 1] > low).all() and (names["X_long"][:, 1] < high).all()
