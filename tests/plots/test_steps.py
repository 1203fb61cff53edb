"""Steps say what is so: SymPy and complex steps are asked, and pictures are read back."""

import re
from math import exp, tanh

import numpy as np
import pytest
import sympy
from matplotlib.patches import FancyBboxPatch

import bpkit
from bpkit import datasets, plots
from bpkit.graph import SEVEN_NEURONS, Graph
from tests.plots.reading import annotations, everything_is_inside, minus, words

SIGMOID = lambda z: 1 / (1 + exp(-z))


def network(activation="sigmoid", output="sigmoid"):
    """Layers of 2, 3 and 2 neurons, and a first weight that makes very small numbers."""
    net = bpkit.Network([2, 3, 2], activation, output, rng=5)
    net.b[2][:], net.b[3][:] = [0.5, -1, 0.25], [0, -0.5]
    net.w[2][0, 0] = 3e-5
    return net


def steps_of(net, x=(1.0, 0.5), y=(1.0, 0.0), **options):
    trace = net.forward([x])
    return plots.network_steps(net, trace, net.backward(trace, [y]), y, **options)


def found(steps):
    """What all steps find out; of two of one name, the first."""
    return {name: value for step in reversed(steps) for name, value in step.values.items()}


def by_sympy(net, x, y, bend):
    """z, a, delta, the cost and every gradient by name, with SymPy's derivatives."""
    value, nudge, a, names = {}, {}, [sympy.Float(v) for v in x], {}
    for l in (2, 3):
        below, a = a, []
        for j in range(net.sizes[l - 1]):
            terms = []
            for k, a_k in enumerate(below):
                w = sympy.Symbol(f"w^{l}_{{{j + 1}{k + 1}}}")
                value[w] = net.w[l][j, k]
                terms.append(w * a_k)
            b = sympy.Symbol(f"b^{l}_{j + 1}")
            value[b] = net.b[l][j]
            nudge[l, j] = sympy.Symbol(f"e^{l}_{j + 1}")
            value[nudge[l, j]] = 0
            z = sum(terms) + b + nudge[l, j]
            a.append(bend[l](z))
            names[f"z^{l}_{j + 1}"], names[f"a^{l}_{j + 1}"] = z, a[-1]
    cost = sum((a_j - y_j) ** 2 for a_j, y_j in zip(a, y)) / 2
    names["C"] = cost
    for (l, j), e in nudge.items():
        names[rf"\delta^{l}_{j + 1}"] = cost.diff(e)
    for parameter in value:
        if not parameter.name.startswith("e"):
            names[rf"\partial C/\partial {parameter.name}"] = cost.diff(parameter)
    return {name: float(formula.subs(value)) for name, formula in names.items()}


@pytest.mark.parametrize("hidden, output", [("sigmoid", "sigmoid"), ("tanh", "linear")])
def test_network_steps_find_out_all_that_sympy_does(hidden, output):
    bends = {
        "sigmoid": lambda z: 1 / (1 + sympy.exp(-z)),
        "tanh": sympy.tanh,
        "linear": lambda z: z,
    }
    net, x, y = network(hidden, output), (1.0, 0.5), (1.0, 0.0)
    expected = by_sympy(net, x, y, {2: bends[hidden], 3: bends[output]})
    ours = found(steps_of(net))
    assert set(ours) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-12), name


def test_forward_comes_first_then_the_deltas_from_the_top_then_the_gradients():
    steps = steps_of(network(), rate=0.5)
    assert [step.tags for step in steps] == [
        *[("N-1", "N-2")] * 5,
        ("N-4",),
        *[("BP-1",)] * 2,
        *[("BP-2",)] * 3,
        *[("BP-3", "BP-4")] * 5,
        *[("T-3",)] * 5,
        ("N-3", "N-4"),
    ]
    assert [step.title for step in steps[4:9]] == [
        "Forward: neuron 2, layer 3",
        "The cost",
        "Backward: neuron 1, layer 3",
        "Backward: neuron 2, layer 3",
        "Backward: neuron 1, layer 2",
    ]


def test_the_equations_name_what_they_are_about():
    steps = {step.title: step.equations for step in steps_of(network(), rate=0.5)}
    assert steps["Forward: neuron 3, layer 2"] == (
        r"z^2_3 = \sum_k w^2_{3k}\,a^1_k + b^2_3",
        r"a^2_3 = \sigma(z^2_3)",
    )
    assert steps["Backward: neuron 2, layer 3"] == (r"\delta^3_2 = (a^3_2 - y_2)\,\sigma'(z^3_2)",)
    assert steps["Backward: neuron 3, layer 2"] == (
        r"\delta^2_3 = \bigl(\sum_k w^3_{k3}\,\delta^3_k\bigr)\,\sigma'(z^2_3)",
    )
    assert steps["Gradients: neuron 2, layer 3"] == (
        r"\partial C/\partial b^3_2 = \delta^3_2",
        r"\partial C/\partial w^3_{2k} = a^2_k\,\delta^3_2",
    )
    assert steps["Descent: neuron 2, layer 3"] == (
        r"b^3_2 \leftarrow b^3_2 - \gamma\,\delta^3_2",
        r"w^3_{2k} \leftarrow w^3_{2k} - \gamma\,a^2_k\,\delta^3_2",
    )


def computed(formula):
    """The number that Python makes of the right side of a formula, and the one that stands last."""
    _, *sides = re.split(r" = |\\leftarrow ", formula)
    worth = []
    for side in sides:
        for old, new in [
            (r"\cdot", "*"), (r"\tfrac12", "0.5 *"), (r"\bigl", ""), (r"\bigr", ""), (r"\,", ""),
            (r"\sigma", "SIGMOID"), (r"\max", "max"), ("g(", "tanh("), ("^{", "**("), ("}", ")"),
            ("^2", "**2"),
        ]:  # fmt: skip
            side = side.replace(old, new)
        worth.append(eval(side, {"SIGMOID": SIGMOID, "tanh": tanh, "max": max}))
    return worth[0], worth[-1]


def check_the_sums(steps):
    """Every formula comes out, as far as its rounded numbers let it, and says what was found."""
    done = 0
    for step in steps:
        for formula in step.numbers:
            name = re.split(r" = |\\leftarrow ", formula)[0].strip()
            if "<" in formula:
                continue
            first, last = computed(formula)
            assert first == pytest.approx(last, rel=1e-3, abs=2e-4), formula
            if name in step.values:
                assert last == pytest.approx(step.values[name], rel=1e-3, abs=6e-5), formula
                done += 1
    return done


def test_the_numbers_come_out_when_they_are_computed():
    steps = steps_of(network(), rate=0.5)
    assert check_the_sums(steps) == sum(len(step.values) for step in steps)
    assert r"3 \cdot 10^{-5} \cdot 1" in steps[0].numbers[0]


def test_descent_ends_where_a_step_of_training_does():
    net, x, y = network(), [[1.0, 0.5]], [[1.0, 0.0]]
    steps = steps_of(net, rate=0.5)
    before = net.theta.copy()
    trained = net.astype(float)
    bpkit.train(trained, x, y, optimizer=bpkit.SGD(0.5), epochs=1)
    values = {name: v for step in steps if step.tags == ("T-3",) for name, v in step.values.items()}
    for l in (2, 3):
        for j, k in np.ndindex(net.w[l].shape):
            assert values[f"w^{l}_{{{j + 1}{k + 1}}}"] == pytest.approx(trained.w[l][j, k])
            assert values[f"b^{l}_{j + 1}"] == pytest.approx(trained.b[l][j])
    assert steps[-1].values["C"] == pytest.approx(trained.cost(x, y))
    assert steps[-1].values["a^3_2"] == pytest.approx(trained.predict(x)[0, 1])
    assert steps[-1].title == f"Forward again: the cost was {net.cost(x, y):.4g}"
    assert (net.theta == before).all()


def lit(fig):
    """What stands in the bold boxes."""
    ax = fig.axes[0]
    boxes = [p for p in ax.patches if isinstance(p, FancyBboxPatch) and p.get_linewidth() > 2]
    assert all(p.get_facecolor() != (1, 1, 1, 1) for p in boxes)
    inside = []
    for patch in boxes:
        left, bottom = patch.get_x() - 0.1, patch.get_y() - 0.1
        right, top = left + patch.get_width() + 0.2, bottom + patch.get_height() + 0.2
        for text in ax.texts:
            x, y = text.get_position()
            if text.get_text() and left < x < right and bottom < y < top:
                inside.append(text.get_text())
    return inside


def bold(fig):
    """How many bold arrows lead forward, and how many are dashed and lead backward."""
    arrows = [t for t in annotations(fig) if t.arrow_patch.get_linewidth() > 2]
    dashed = [t for t in arrows if t.arrow_patch.get_linestyle() == "--"]
    assert all(t.xy[0] < t.xyann[0] for t in dashed)
    assert all(t.xy[0] > t.xyann[0] for t in arrows if t not in dashed)
    return len(arrows) - len(dashed), len(dashed)


def test_a_forward_picture_shows_what_is_known_by_then():
    net = network()
    trace = net.forward([[1.0, 0.5]])
    fig = steps_of(net)[1].draw()
    z, a = (f"{s} = {minus(of[2][0, 1])}" for s, of in (("z", trace.z), ("a", trace.a)))
    assert lit(fig) == [z, a]
    assert {"neuron 3", "neuron 1", "neuron 2", f"z = {minus(trace.z[2][0, 0])}"} <= set(words(fig))
    assert f"z = {minus(trace.z[2][0, 2])}" not in words(fig)
    assert bold(fig) == (2, 0)
    assert {"$w^2_{21}$", "$w^2_{22}$"} <= set(words(fig))
    assert not [word for word in words(fig) if "δ" in word]


def test_a_backward_picture_sends_the_deltas_along_bold_dashed_arrows():
    net = network()
    trace = net.forward([[1.0, 0.5]])
    deltas = net.backward(trace, [[1.0, 0.0]]).deltas
    steps = steps_of(net)
    fig = steps[9].draw()
    assert steps[9].title == "Backward: neuron 2, layer 2"
    assert f"δ = {minus(deltas[2][0, 1])}" in lit(fig)
    assert f"δ = {minus(deltas[2][0, 0])}" in words(fig)
    assert f"δ = {minus(deltas[2][0, 2])}" not in words(fig)
    assert bold(fig) == (0, 2)
    assert not [word for word in words(fig) if "partial" in word]


def test_a_picture_of_gradients_names_them_on_bold_forward_arrows():
    net = network()
    dw = net.backward(net.forward([[1.0, 0.5]]), [[1.0, 0.0]]).dw[3]
    fig = steps_of(net)[12].draw()
    assert bold(fig) == (3, 0)
    for k in range(3):
        label = rf"$\partial C/\partial w^3_{{2{k + 1}}}$" + f"\n= {minus(dw[1, k])}"
        assert label in words(fig)
    assert sum("partial" in word for word in words(fig)) == 3


def test_a_picture_of_descent_has_the_new_weights_and_no_old_values():
    net = network()
    steps = steps_of(net, rate=0.5)
    fig = steps[16].draw()
    assert steps[16].title == "Descent: neuron 1, layer 3"
    assert lit(fig) == ["neuron 1"]
    assert f"b = {plots.sketch.number(steps[16].values['b^3_1'])}" in words(fig)
    assert f"b = {plots.sketch.number(net.b[3][1])}" in words(fig)
    assert not [word for word in words(fig) if word.startswith("z =")]


def test_every_picture_keeps_inside_its_frame():
    sizes = set()
    for step in steps_of(network(), rate=0.5):
        fig = step.draw()
        assert everything_is_inside(fig), step.title
        sizes.add(tuple(fig.get_size_inches()))
    assert len(sizes) == 1


@pytest.mark.parametrize(
    "net, y",
    [
        (bpkit.Network([2, 2], cost="cross_entropy"), [1.0, 0.0]),
        (bpkit.Network([2, 2], output="softmax"), [1.0, 0.0]),
    ],
)
def test_other_costs_and_outputs_are_refused(net, y):
    with pytest.raises(ValueError, match="steps are written for the quadratic cost and neurons"):
        steps_of(net, y=y)


def test_labels_that_do_not_fit_are_refused():
    net = network()
    trace = net.forward([[1, 0]])
    with pytest.raises(ValueError, match=r"labels have shape \(1,\), expected \(2,\)"):
        plots.network_steps(net, trace, net.backward(trace, [[1, 0]]), [1])


def test_a_picture_that_is_drawn_later_shows_the_network_of_then():
    net = network()
    steps = steps_of(net)
    before = words(steps[0].draw())
    net.theta = net.theta + 1
    assert words(steps[0].draw()) == before


def test_a_batch_is_refused():
    net = network()
    trace = net.forward([[1, 0], [0, 1]])
    grads = net.backward(trace, [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="give a batch of 1, not of 2"):
        plots.network_steps(net, trace, grads, [1, 0])


WEIGHTS = {"w13": 1.0, "w23": -1.0, "w24": 0.5, "w35": 1.0, "w36": -0.5, "w46": 2.0, "w57": 1.0}
WEIGHTS |= {"w67": -1.0}
TAGS = {
    "forward": "C-25",
    "cost": "P-10",
    "deltas": {7: "C-26", 5: "C-28", 6: "C-28", 4: "C-29", 3: "C-30"},
    "gradients": "C-27",
}
INPUTS = (1.0, 0.5)


def seven_by_hand(w, nudged=None):
    """z_3 to z_7 and a_3 to a_6, written out, with a complex nudge at one neuron."""
    e = {j: 1e-30j if j == nudged else 0 for j in range(3, 8)}
    x1, x2 = INPUTS
    z = {3: w["w13"] * x1 + w["w23"] * x2 + e[3], 4: w["w24"] * x2 + e[4]}
    a = {3: np.tanh(z[3]), 4: np.tanh(z[4])}
    z |= {5: w["w35"] * a[3] + e[5], 6: w["w36"] * a[3] + w["w46"] * a[4] + e[6]}
    a |= {5: np.tanh(z[5]), 6: np.tanh(z[6])}
    z[7] = w["w57"] * a[5] + w["w67"] * a[6] + e[7]
    return z, a


def test_graph_steps_find_out_what_the_network_written_out_does():
    steps = plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, -1.0, **TAGS)
    z, a = seven_by_hand(WEIGHTS)
    expected = {f"z_{j}": z_j for j, z_j in z.items()} | {f"a_{j}": a_j for j, a_j in a.items()}
    expected["C"] = z[7]  # a mistake: the target is -1
    for j in range(3, 8):
        expected[rf"\delta_{j}"] = seven_by_hand(WEIGHTS, j)[0][7].imag / 1e-30
    for name, value in WEIGHTS.items():
        moved, _ = seven_by_hand(WEIGHTS | {name: value + 1e-30j})
        expected[rf"\partial C/\partial w_{{{name[1:]}}}"] = moved[7].imag / 1e-30
    ours = found(steps)
    assert set(ours) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-12), name
    assert check_the_sums(steps) == len(expected)


def test_graph_steps_go_forward_then_settle_each_delta_and_its_gradients():
    steps = plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, -1.0, **TAGS)
    assert [step.title for step in steps[:6]] == [
        *(f"Forward: neuron {j}" for j in range(3, 8)),
        "The cost",
    ]
    assert [step.title for step in steps[6::2]] == [
        f"Backward: neuron {j}" for j in (7, 5, 6, 4, 3)
    ]
    assert [step.title for step in steps[7::2]] == [
        f"Gradients: neuron {j}" for j in (7, 5, 6, 4, 3)
    ]
    assert [step.tags for step in steps[6::2]] == [(tag,) for tag in TAGS["deltas"].values()]
    assert steps[14].equations == (
        r"\delta_3 = \bigl(\delta_5\,w_{35} + \delta_6\,w_{36}\bigr)\,g'(z_3)",
    )


def test_a_right_answer_has_no_cost_and_no_deltas():
    steps = plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, 1.0, **TAGS)
    values = found(steps)
    assert values["C"] == 0 and values[r"\delta_7"] == 0 == values[r"\partial C/\partial w_{13}"]
    assert steps[6].numbers[0].endswith(r"\ge 0")


def test_pictures_of_graph_steps_show_what_is_known_by_then():
    steps = plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, -1.0, **TAGS)
    forward, backward, gradients = (steps[n].draw() for n in (3, 14, 11))
    assert lit(forward) == ["$z_{6}$ = 0.259", "$a_{6}$ = 0.253"] and bold(forward) == (2, 0)
    assert "neuron 7" in words(forward) and "neuron 6" not in words(forward)
    assert "$\\delta_{3}$ = 1.01" in lit(backward) and bold(backward) == (0, 2)
    assert bold(gradients) == (2, 0)
    labels = [word for word in words(gradients) if "partial" in word]
    assert sorted(labels) == [
        "$\\partial C/\\partial w_{36}$\n= −0.433",
        "$\\partial C/\\partial w_{46}$\n= −0.229",
    ]
    assert not [word for word in words(gradients) if "delta_{3}" in word or "delta_{4}" in word]
    assert all(everything_is_inside(step.draw()) for step in steps)


def test_a_graph_that_steps_are_not_written_for_is_refused():
    bent = Graph(SEVEN_NEURONS.edges, output="tanh")
    two = Graph({(1, 2): "w12", (1, 3): "w13"})
    for graph in bent, two:
        with pytest.raises(ValueError, match="a single, linear output"):
            plots.graph_steps(graph, WEIGHTS, INPUTS, -1.0, **TAGS)
    with pytest.raises(ValueError, match="labels -1 and"):
        plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, 0.5, **TAGS)


@pytest.mark.parametrize("order, missing", [([7, 6, 4, 3], 5), ([7, 3, 5, 6, 4], 3)])
def test_deltas_in_an_impossible_order_are_refused(order, missing):
    tags = TAGS | {"deltas": dict.fromkeys(order, "C-28")}
    with pytest.raises(ValueError, match=f"deltas must name neuron {missing}, after all"):
        plots.graph_steps(SEVEN_NEURONS, WEIGHTS, INPUTS, -1.0, **tags)


def test_training_steps_measure_cost_slope_and_mistakes():
    X, classes = datasets.xor()
    net = bpkit.Network([2, 3, 1], rng=0)
    moved = net.astype(float)
    moved.theta = 2 * net.theta
    steps = plots.training_steps({0: net, 40: moved}, X, classes, rate=0.5)
    for step, state, epochs in zip(steps, (net, moved), (0, 40)):
        a = [SIGMOID(float(z)) for z in state.forward(X).z[3][:, 0]]
        cost = sum((a_n - t) ** 2 for a_n, t in zip(a, classes)) / 8
        slopes = bpkit.gradcheck.numerical_gradients(state, X, classes[:, None], "complex-step")
        wrong = sum((a_n > 0.5) != t for a_n, t in zip(a, classes))
        assert step.values["C"] == pytest.approx(cost)
        assert step.values[r"|\nabla C|"] == pytest.approx(np.linalg.norm(slopes.theta))
        assert step.values["mistakes"] == wrong
        assert step.title == f"After {epochs} epochs: {wrong} mistakes"
        assert step.draw().axes[0].get_title() == f"after {epochs} epochs"
    assert check_the_sums(steps) == 2


def test_a_single_epoch_and_a_single_mistake_are_said_in_the_singular():
    X, _ = datasets.xor()
    net = bpkit.Network([2, 2, 1])
    net.w[2][:], net.b[2][:] = [[20, 20], [20, 20]], [-10, -30]
    net.w[3][:], net.b[3][:] = [[20, -20]], [-10]
    (step,) = plots.training_steps({1: net}, X, [0, 1, 1, 1], rate=0.5)
    assert step.title == "After 1 epoch: 1 mistake"
