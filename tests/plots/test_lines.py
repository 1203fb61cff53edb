"""Curves show the numbers they were given, and are told apart without colour."""

import numpy as np
import pytest

import bpkit
from bpkit import datasets, plots
from tests.plots.reading import curves, everything_is_inside, legend, named_lines, rings

X = np.arange(1, 41)
FIVE = {name: (X, X * (i + 1.0)) for i, name in enumerate("abcde")}


def test_tangents_touch_their_curves():
    moves = np.linspace(-1, 1, 21)
    fig = plots.tangents(moves, [np.sin(moves), moves**2 + 3], [1, 0], ["sine", "bowl"], "move")
    assert [ax.get_title() for ax in fig.axes] == ["sine", "bowl"]
    for ax, slope, here in zip(fig.axes, [1, 0], [0, 3]):
        _, line, point = ax.lines
        assert np.polyfit(*line.get_data(), 1) == pytest.approx([slope, here])
        assert point.get_data() == (pytest.approx([0]), pytest.approx([here]))
        assert ax.get_xlabel() == "move"
    assert fig.axes[0].get_ylabel() == "cost C"


def test_curves_show_their_data_their_axes_and_their_names():
    fig = plots.curves(FIVE, "epoch", "rate")
    (ax,) = fig.axes
    assert curves(ax).keys() == FIVE.keys()
    for name, (x, y) in curves(ax).items():
        np.testing.assert_array_equal([x, y], FIVE[name])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "rate")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")
    assert legend(fig) == list(FIVE)
    assert everything_is_inside(fig)


def test_curves_differ_in_more_than_their_colour():
    lines = named_lines(plots.curves(FIVE, "", "").axes[0])
    assert len({line.get_marker() for line in lines}) == 5
    assert len({line.get_color() for line in lines}) == 5
    starts = {line.get_markevery()[0] for line in lines}
    assert len(starts) > 1, "the marks of curves on top of one another must not coincide"
    assert all(
        5 < len(X[slice(start, None, step)]) <= 12
        for start, step in (line.get_markevery() for line in lines)
    )


@pytest.mark.parametrize("points", [1, 2, 12])
def test_few_points_are_all_marked(points):
    (line,) = plots.curves({"a": (np.arange(points), np.ones(points))}, "", "").axes[0].lines
    assert line.get_markevery() == (0, 1)


@pytest.mark.parametrize(
    "log, scales",
    [("x", ("log", "linear")), ("y", ("linear", "log")), ("xy", ("log", "log"))],
)
def test_axes_are_logarithmic_where_asked(log, scales):
    (ax,) = plots.curves(FIVE, "", "", log=log).axes
    assert (ax.get_xscale(), ax.get_yscale()) == scales


def test_a_zero_on_a_logarithmic_axis_is_drawn_as_a_zero():
    (ax,) = plots.curves({"a": ([1, 2, 3], [0, 0.1, 10])}, "", "", log="y").axes
    zeros = [line for line in ax.lines if line.get_marker() == "$0$"]
    assert [line.get_xdata().tolist() for line in zeros] == [[1]]
    assert np.isnan(curves(ax)["a"][1][0])
    low, high = ax.get_ylim()
    bottom = ax.transData.inverted().transform(zeros[0].get_transform().transform((1, 0.05)))[1]
    assert low < bottom < 0.1 and high < 1e3


@pytest.mark.parametrize(
    "series, log, message",
    [
        ({}, "", "no curves to draw"),
        ({"a": ([1, 2], [1])}, "", r"'a' has x of shape \(2,\) and y of shape \(1,\)"),
        ({"a": ([], [])}, "", r"'a' has x of shape \(0,\)"),
        ({"a": ([1], [-1])}, "y", "'a' has values that a logarithmic axis cannot show"),
        ({"a": ([0], [1])}, "x", "'a' has values that a logarithmic axis cannot show"),
        ({"a": ([1], [1])}, "yx", "log must be .* not 'yx'"),
    ],
)
def test_what_cannot_be_drawn_is_said(series, log, message):
    with pytest.raises(ValueError, match=message):
        plots.curves(series, "x", "y", log=log)


def trained(validation=None):
    inputs, classes = datasets.xor()
    net = bpkit.Network([2, 2, 1], rng=0)
    return bpkit.train(
        net, inputs, classes[:, None], optimizer=bpkit.SGD(1.0), epochs=5, validation=validation
    )


def test_a_history_draws_its_costs_from_epoch_0():
    history = trained()
    fig = history.plot()
    assert curves(fig.axes[0]).keys() == {"training"}
    x, y = curves(fig.axes[0])["training"]
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    assert y.tolist() == history.costs
    assert (fig.axes[0].get_xlabel(), fig.axes[0].get_ylabel()) == ("epoch", "cost C")
    assert all(tick == int(tick) for tick in fig.axes[0].get_xticks())


def test_a_history_draws_its_validation_costs_where_it_has_them():
    history = trained(validation=([[0.5, 0.5]], [[1.0]]))
    fig = history.plot()
    drawn = curves(fig.axes[0])
    assert drawn["training"][1].tolist() == history.costs
    assert drawn["validation"][1].tolist() == history.validation_costs
    assert legend(fig) == ["training", "validation"]


def test_training_curves_may_be_logarithmic_and_need_costs():
    assert plots.training_curves({"a": [1.0, 0.1]}, log=True).axes[0].get_yscale() == "log"
    with pytest.raises(ValueError, match="no curves to draw"):
        bpkit.History().plot()


def test_norms_of_deltas_are_root_mean_squares_over_examples():
    deltas = [None, None, np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[-2.0], [2.0]])]
    grads = bpkit.Gradients(deltas, [], [])
    assert plots.norms_by_layer(grads) == pytest.approx([np.sqrt(25 / 2), 2])


def test_norms_of_deltas_start_at_layer_2_on_a_logarithmic_scale():
    (ax,) = plots.delta_norms({"sigmoid": [1e-6, 1e-3, 1], "relu": [0, 0, 0.5]}).axes
    x, y = curves(ax)["sigmoid"]
    assert (x.tolist(), y.tolist()) == ([2, 3, 4], [1e-6, 1e-3, 1])
    assert ax.get_yscale() == "log"
    assert all(tick == int(tick) for tick in ax.get_xticks())
    zeros = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "$0$"]
    assert zeros == [[2, 3]]


def test_activations_stand_beside_their_derivatives():
    names = ["linear", "sigmoid", "tanh", "relu"]
    fig = plots.activation_and_derivative(names)
    assert [ax.get_title() for ax in fig.axes] == names
    for ax, sigma in zip(
        fig.axes, [lambda z: z, lambda z: 0.5 + np.tanh(z / 2) / 2, np.tanh, lambda z: z * (z > 0)]
    ):
        z, a = curves(ax)["σ(z)"]
        np.testing.assert_allclose(a, sigma(z), atol=1e-12)
        smooth = abs(z) > 0.05
        slope = (sigma(z + 1e-4) - sigma(z - 1e-4)) / 2e-4
        np.testing.assert_allclose(curves(ax)["σ′(z)"][1][smooth], slope[smooth], atol=1e-6)
    assert legend(fig) == ["σ(z)", "σ′(z)"]
    assert everything_is_inside(fig)


def test_the_kink_of_relu_is_marked_and_said():
    smooth, kinked = plots.activation_and_derivative(["tanh", "relu"]).axes
    points = {
        line.get_markerfacecolor(): line.get_xydata().tolist()
        for line in kinked.lines
        if line.get_marker() == "o"
    }
    assert points.pop("white") == [[0, 1]]
    assert list(points.values()) == [[[0, 0]]]
    assert "σ′(0) = 0" in kinked.texts[0].get_text()
    z, slope = curves(kinked)["σ′(z)"]
    assert np.isnan(slope[z == 0]).all() and np.isfinite(slope[z != 0]).all()
    assert not smooth.texts and not [line for line in smooth.lines if line.get_marker() == "o"]


@pytest.mark.parametrize("name", ["softmax", "swish"])
def test_an_activation_of_more_than_one_number_is_refused(name):
    with pytest.raises(ValueError, match=f"cannot draw '{name}'"):
        plots.activation_and_derivative(["tanh", name])


@pytest.mark.parametrize("edge", [(2, 1, 2), (3, 1, 1)])
def test_the_cost_against_a_weight_has_its_tangent_and_the_way_downhill(edge):
    l, j, k = edge
    inputs, classes = datasets.xor()
    net = bpkit.Network([2, 2, 1], rng=3)
    theta, now = net.theta.copy(), net.w[l][j - 1, k - 1]
    fig = plots.error_against_weight(net, inputs, classes[:, None], *edge, reach=2)
    np.testing.assert_array_equal(net.theta, theta)

    (ax,) = fig.axes
    assert ax.get_xlabel() == f"$w^{l}_{{{j}{k}}}$"
    values, costs = curves(ax)["cost"]
    assert (values[0], values[-1]) == pytest.approx((now - 2, now + 2))
    for i in (0, 70, 200):
        net.w[l][j - 1, k - 1] = values[i]
        assert costs[i] == pytest.approx(net.cost(inputs, classes[:, None]))
    x, line = curves(ax)["slope"]
    slope, height = np.polyfit(x - now, line, 1)
    step = 1e-5
    moved = []
    for value in (now - step, now + step):
        net.w[l][j - 1, k - 1] = value
        moved.append(net.cost(inputs, classes[:, None]))
    assert slope == pytest.approx((moved[1] - moved[0]) / (2 * step), rel=1e-6)
    assert height == pytest.approx(sum(moved) / 2, rel=1e-6)

    (arrow,) = [text for text in ax.texts if text.arrow_patch]
    assert arrow.xyann == pytest.approx((now, height))
    assert (arrow.xy[0] - now) * slope < 0, "downhill is against the slope"
    assert arrow.xy[1] == pytest.approx(height + slope * (arrow.xy[0] - now))
    assert ax.get_ylim()[0] < arrow.xy[1]
    assert ("smaller" if slope > 0 else "larger") in ax.get_title()


def test_a_weight_without_influence_has_no_way_downhill():
    net = bpkit.Network([2, 2, 1], rng=3)
    (ax,) = plots.error_against_weight(net, [[0.0, 1.0]], [[1.0]], 2, 1, 1).axes
    assert not ax.texts and ax.get_title().endswith("= 0")


def test_a_weight_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no weight w\^2_13"):
        plots.error_against_weight(bpkit.Network([2, 2, 1]), [[0, 1]], [[1]], 2, 1, 3)


STEPS = 10.0 ** np.arange(-14, 0)
THETA = np.array([0.3, -0.7, 1.1])


def errors(method, dtype=np.float64):
    return plots.gradient_errors(
        lambda x: np.sum(np.sin(x) * np.exp(x)),
        THETA,
        (np.cos(THETA) + np.sin(THETA)) * np.exp(THETA),
        STEPS,
        method,
        dtype,
    )


@pytest.mark.parametrize("method, order", [("one-sided", 1), ("two-sided", 2)])
def test_errors_fall_with_the_step_until_rounding_takes_over(method, order):
    h, error = errors(method)
    np.testing.assert_array_equal(h, STEPS)
    truncation = (h >= 1e-3) & (h <= 1e-2)
    rate = np.diff(np.log10(error[truncation])) / np.diff(np.log10(h[truncation]))
    assert rate == pytest.approx(order, abs=0.1)
    assert error[0] > 1e-4 > 1e-7 > error.min()


def test_float32_takes_a_larger_step_for_a_worse_gradient():
    for method in ("one-sided", "two-sided"):
        (_, double), (_, single) = errors(method), errors(method, np.float32)
        assert single.min() > 100 * double.min()
        assert STEPS[single.argmin()] > 100 * STEPS[double.argmin()]


def test_the_function_computes_in_the_precision_asked_for():
    seen = set()

    def f(x):
        seen.add(x.dtype.name)
        return np.sum(x * x)

    for method in ("two-sided", "complex-step"):
        for dtype in (np.float32, np.float64):
            plots.gradient_errors(f, THETA, 2 * THETA, [1e-3], method, dtype)
    assert seen == {"float32", "float64", "complex64", "complex128"}


def test_the_best_step_is_ringed_where_there_is_one():
    series = {"one-sided": errors("one-sided"), "complex step": errors("complex-step")}
    fig = plots.gradient_check_curves(series)
    (ax,) = fig.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    h, error = series["one-sided"]
    np.testing.assert_array_equal(rings(ax), [[h[error.argmin()], error.min()]])
    exponent = round(np.log10(h[error.argmin()]))
    assert legend(fig) == [
        f"one-sided: best h is 1e−{-exponent}",
        "complex step: no h is too small",
    ]
