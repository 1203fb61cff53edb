"""Boundaries lie where the score is 0, and paths go where the optimizer went."""

import numpy as np
import pytest
from matplotlib.contour import ContourSet

import bpkit
from bpkit import datasets, plots
from bpkit.perceptron import nearest_mean
from tests.plots.reading import everything_is_inside, legend, named_lines, rings

POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]])
CLASSES = np.array([0, 0, 1, 1])


def by_first(X):
    return X[:, 0] - 1


def regions_and_line(ax):
    """The contour sets of a panel: the filled regions and, if there is one, the boundary."""
    return [c for c in ax.collections if isinstance(c, ContourSet)]


def boundary(ax):
    (line,) = [c for c in regions_and_line(ax) if not c.filled]
    return np.concatenate([path.vertices for path in line.get_paths()])


def region_at(ax, point):
    """Which filled region, 0 or 1, holds a point."""
    (filled,) = [c for c in regions_and_line(ax) if c.filled]
    return [path.contains_point(point) for path in filled.get_paths()].index(True)


def test_the_boundary_is_where_the_score_is_0():
    def circle(X):
        return (X**2).sum(axis=1) - 2.25

    X, classes = datasets.rings(40, rng=0)
    fig = plots.decision_boundary(circle, X, classes)
    assert np.hypot(*boundary(fig.axes[0]).T) == pytest.approx(1.5, abs=1e-3)
    assert [region_at(fig.axes[0], at) for at in [(0, 0), (2, 0)]] == [0, 1]
    (filled,) = [c for c in regions_and_line(fig.axes[0]) if c.filled]
    low, high = filled.get_facecolor()
    assert low[2] > low[0] and high[0] > high[2], "a region has the hue of its class"
    assert fig.axes[0].get_aspect() == 1
    assert everything_is_inside(fig)


@pytest.mark.parametrize("names", [(0, 1), (-1, 1)])
def test_the_classes_have_markers_of_their_own_and_mistakes_are_ringed(names):
    classes = np.array(names)[[0, 1, 1, 1]]
    fig = plots.decision_boundary(by_first, POINTS, classes)
    (ax,) = fig.axes
    low, high, mistake = named_lines(ax)[:3]
    np.testing.assert_array_equal(low.get_xydata(), POINTS[:1])
    np.testing.assert_array_equal(high.get_xydata(), POINTS[1:])
    assert low.get_marker() != high.get_marker() and low.get_color() != high.get_color()
    np.testing.assert_array_equal(rings(ax), [[0, 2]])
    assert mistake.get_label() == "mistake"
    assert legend(fig) == [f"class {names[0]}".replace("-", "−"), "class 1", "mistake", "boundary"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


def test_all_examples_are_inside_the_picture():
    X, classes = datasets.elongated(40, rng=0)
    (ax,) = plots.decision_boundary(by_first, X, classes).axes
    for column, (low, high) in zip(X.T, [ax.get_xlim(), ax.get_ylim()]):
        assert low < column.min() and column.max() < high


def test_the_start_of_the_perceptron_has_no_boundary_and_only_mistakes():
    fig = plots.decision_boundary(lambda X: 0 * X[:, 0], POINTS, CLASSES)
    assert not regions_and_line(fig.axes[0])
    assert len(rings(fig.axes[0])) == 4
    assert "boundary" not in legend(fig)


def test_a_classifier_of_one_class_fills_the_plane():
    (ax,) = plots.decision_boundary(lambda X: 1 + X[:, 0] ** 2, POINTS, CLASSES).axes
    assert {region_at(ax, (x, y)) for x in (-0.1, 3.1) for y in (-0.1, 2.1)} == {1}
    assert len(regions_and_line(ax)) == 1


def test_several_classifiers_share_axes_and_have_titles():
    net = bpkit.Network([2, 3, 1], rng=0)
    mu_1, mu_2 = POINTS[2:].mean(axis=0), POINTS[:2].mean(axis=0)
    scores = {
        "perceptron": lambda X: X @ [1.0, 0.5] - 2,
        "nearest mean": lambda X: nearest_mean(X, mu_1, mu_2),
        "network": lambda X: net.predict(X)[:, 0] - net.predict([[1.5, 1.0]])[0, 0],
    }
    fig = plots.decision_boundary(scores, POINTS, CLASSES)
    assert [ax.get_title() for ax in fig.axes] == list(scores)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in fig.axes}) == 1
    on_line = boundary(fig.axes[0])
    assert on_line @ [1.0, 0.5] == pytest.approx(2, abs=1e-6)
    assert boundary(fig.axes[1])[:, 0] == pytest.approx(1.5, abs=0.03)
    net_scores = scores["network"](boundary(fig.axes[2]))
    assert net_scores == pytest.approx(0, abs=1e-4)
    assert legend(fig) == ["class 0", "class 1", "boundary"]
    assert everything_is_inside(fig)


@pytest.mark.parametrize(
    "predict, X, classes, message",
    [
        (lambda X: X[:, :1], POINTS, CLASSES, r"shape \(4, 1\), expected \(4,\).*one column"),
        (by_first, POINTS[:, :1], CLASSES, r"expected X \(N, 2\)"),
        (by_first, POINTS, CLASSES[:2], r"classes \(N,\), got \(4, 2\) and \(2,\)"),
        (by_first, POINTS, [0, 1, 2, 2], r"expected two classes, got \[0, 1, 2\]"),
        ({}, POINTS, CLASSES, "nothing to draw"),
    ],
)
def test_what_is_not_a_classifier_of_two_classes_is_refused(predict, X, classes, message):
    with pytest.raises(ValueError, match=message):
        plots.decision_boundary(predict, X, classes)


def bowl(theta):
    return theta[:, 0] ** 2 + 10 * theta[:, 1] ** 2


PATHS = {
    "plain": np.array([[-3.0, 1.0], [-2.0, -0.5], [-1.0, 0.25]]),
    "momentum": np.array([[-3.0, 1.0], [-1.0, -0.5], [0.5, 0.1], [0.2, 0.0]]),
}


def test_every_step_of_every_path_is_marked():
    fig = plots.valley(PATHS, bowl)
    (ax,) = fig.axes
    lines = {line.get_label(): line for line in named_lines(ax)}
    for name, path in PATHS.items():
        np.testing.assert_array_equal(lines[name].get_xydata(), path)
        assert lines[name].get_markevery() == (0, 1)
    assert lines["plain"].get_marker() != lines["momentum"].get_marker()
    assert set(legend(fig)) == {"plain", "momentum", "last step", "equal cost"}
    stars = [line.get_xydata() for line in ax.lines if line.get_marker() == "*"]
    np.testing.assert_array_equal(
        np.concatenate([star for star in stars if len(star)]), [[-1, 0.25], [0.2, 0]]
    )
    starts = [text.xy for text in ax.texts if text.get_text() == "start"]
    assert starts == [(-3, 1)]
    assert everything_is_inside(fig)


def test_contours_are_levels_of_the_cost():
    (ax,) = plots.valley(PATHS, bowl).axes
    (contours,) = regions_and_line(ax)
    drawn = 0
    for level, path in zip(contours.levels, contours.get_paths()):
        if len(path.vertices):
            assert bowl(path.vertices) == pytest.approx(level, rel=0.05)
            drawn += 1
    assert drawn > 5
    low, high = ax.get_xlim()
    assert low < -3 and high > 0.5


@pytest.mark.parametrize("path", [[[0.0, 1.0], [np.inf, 0.0]], [[1.0], [2.0]], [1.0, 2.0]])
def test_a_path_that_leaves_the_plane_is_named(path):
    with pytest.raises(ValueError, match=r"the path 'diverging' must be \(T, 2\)"):
        plots.valley({"diverging": path}, bowl)
