"""Wrong answers, one misconception each. All other cells are right, so one test cell fails."""

from bpkit.demo_answers import Answers


def _slip(code: str, cell: str, source: str, test: str | None = None) -> Answers:
    return Answers(code, {cell: source}, fails={test or f"test-{cell}": code})


INLINE_BACKWARD = """\
def backward(w, b, X, Y):
    L = len(w) - 1
    N = len(X)
    z, a = [None, X] + [None] * (L - 1), [None, X] + [None] * (L - 1)
    dw, db = [None] * (L + 1), [None] * (L + 1)
    for l in range(2, L + 1):
        z[l] = np.dot(a[l - 1], w[l].T) + b[l]
        a[l] = sigmoid(z[l])
    delta = (a[L] - Y) * a[L] * (1 - a[L])
    for l in range(L, 1, -1):
        db[l] = delta.sum(axis=0) / N
        dw[l] = np.dot(delta.T, a[l - 1]) / N
        if l > 2:
            delta = np.dot(delta, w[l]) * a[l - 1] * (1 - a[l - 1])
    return dw, db
"""
"""A right answer in one piece; the slips below each exchange a line or two of it."""

BP1 = "delta = (a[L] - Y) * a[L] * (1 - a[L])"
BP2 = "delta = np.dot(delta, w[l]) * a[l - 1] * (1 - a[l - 1])"
BP3 = "db[l] = delta.sum(axis=0) / N"
BP4 = "dw[l] = np.dot(delta.T, a[l - 1]) / N"


def _in_backward(code: str, exchanged: dict[str, str]) -> Answers:
    source = INLINE_BACKWARD
    for line, other in exchanged.items():
        source = source.replace(line, other)
    return _slip(code, "backward", source)


_FUNCTIONS = (
    _slip(
        "M44",
        "sigmoid",
        """\
def sigmoid(z):
    return 1 / (1 + np.exp(z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
        test="test-sigmoid",
    ),
    _slip(
        "M19",
        "sigmoid",
        """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    S = sigmoid(z)
    return S * (S - 1)
""",
        test="test-sigmoid-prime",
    ),
    _slip(
        "M04",
        "sigmoid",
        """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    z = sigmoid(z)
    return sigmoid(z) * (1 - sigmoid(z))
""",
        test="test-sigmoid-prime",
    ),
    _slip(
        "M11",
        "sigmoid",
        """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return z * (1 - z)
""",
        test="test-sigmoid-prime",
    ),
    _slip(
        "M01",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    a = sigmoid(z)
    return a - y
""",
    ),
    _slip(
        "M02",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    error = y - sigmoid(z)
    return error * sigmoid_prime(z)
""",
    ),
    _slip(
        "M03",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    # derivative of a square: 2 times the inside
    return 2 * (sigmoid(z) - y) * sigmoid_prime(z)
""",
    ),
    _slip(
        "M04",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    a = sigmoid(z)
    return (a - y) * sigmoid_prime(a)
""",
    ),
    _slip(
        "M10",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    return (sigmoid(z) - y) * sigmoid(z)
""",
    ),
    _slip(
        "M11",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    return (z - y) * sigmoid_prime(z)
""",
    ),
    _slip(
        "M22",
        "output-delta-quadratic",
        """\
def output_delta_quadratic(z, y):
    N = z.shape[0]
    return (sigmoid(z) - y) * sigmoid_prime(z) / N
""",
    ),
    _slip(
        "M05",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    a = sigmoid(z)
    return (a - y) * sigmoid_prime(z)
""",
    ),
    _slip(
        "M02",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    return y - sigmoid(z)
""",
    ),
    _slip(
        "M01",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    a = sigmoid(z)
    return -y / a + (1 - y) / (1 - a)
""",
    ),
    _slip(
        "M07",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    return delta_next @ w_next
""",
    ),
    _slip(
        "M08",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    return np.dot(delta_next, w_next.T) * sigmoid_prime(z)
""",
    ),
    _slip(
        "M04",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    a = sigmoid(z)
    return (delta_next @ w_next) * sigmoid_prime(a)
""",
    ),
    _slip(
        "M10",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    return (delta_next @ w_next) * sigmoid(z)
""",
    ),
    _slip(
        "M19",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    a = sigmoid(z)
    return (delta_next @ w_next) * a * (a - 1)
""",
    ),
    _slip(
        "M13",
        "bias-gradient",
        """\
def bias_gradient(delta):
    return np.sum(delta, axis=0)
""",
    ),
    _slip(
        "M14",
        "bias-gradient",
        """\
def bias_gradient(delta):
    # biases do not depend on the input
    return np.zeros(delta.shape[1])
""",
    ),
    _slip(
        "M15",
        "bias-gradient",
        """\
def bias_gradient(delta):
    return delta[0, :]
""",
    ),
    _slip(
        "M16",
        "bias-gradient",
        """\
def bias_gradient(delta):
    return delta.mean(axis=1)
""",
    ),
    _slip(
        "M16",
        "bias-gradient",
        """\
def bias_gradient(delta):
    return np.mean(delta)
""",
    ),
    _slip(
        "M22",
        "bias-gradient",
        """\
def bias_gradient(delta):
    N = len(delta)
    return 1 / N * delta.mean(axis=0)
""",
    ),
    _slip(
        "M12",
        "weight-gradient",
        """\
def weight_gradient(a_prev, delta):
    return a_prev.T @ delta / len(delta)
""",
    ),
    _slip(
        "M13",
        "weight-gradient",
        """\
def weight_gradient(a_prev, delta):
    dw = np.zeros((delta.shape[1], a_prev.shape[1]))
    for n in range(len(delta)):
        dw += np.outer(delta[n], a_prev[n])
    return dw
""",
    ),
    _slip(
        "M22",
        "weight-gradient",
        """\
def weight_gradient(a_prev, delta):
    N = len(delta)
    return (delta / N).T @ (a_prev / N)
""",
    ),
    _slip(
        "M10",
        "sigmoid",
        """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z)
""",
        test="test-sigmoid-prime",
    ),
    _slip(
        "M03",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    return 2 * (sigmoid(z) - y)
""",
    ),
    _slip(
        "M11",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    return z - y
""",
    ),
    _slip(
        "M22",
        "output-delta-cross-entropy",
        """\
def output_delta_cross_entropy(z, y):
    return (sigmoid(z) - y) / len(z)
""",
    ),
    _slip(
        "M11",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    return (delta_next @ w_next) * z * (1 - z)
""",
    ),
    _slip(
        "M22",
        "hidden-delta",
        """\
def hidden_delta(w_next, delta_next, z):
    N = len(z)
    return (delta_next @ w_next) * sigmoid_prime(z) / N
""",
    ),
)

_ALGORITHM = (
    _in_backward("M01", {BP1: "delta = a[L] - Y"}),
    _in_backward("M02", {BP1: "delta = (Y - a[L]) * a[L] * (1 - a[L])"}),
    _in_backward("M03", {BP1: "delta = 2 * (a[L] - Y) * a[L] * (1 - a[L])"}),
    _in_backward(
        "M04",
        {
            BP1: "delta = (a[L] - Y) * sigmoid_prime(a[L])",
            BP2: "delta = np.dot(delta, w[l]) * sigmoid_prime(a[l - 1])",
        },
    ),
    _in_backward("M07", {BP2: "delta = np.dot(delta, w[l])"}),
    _in_backward("M08", {BP2: "delta = np.dot(delta, w[l].T) * a[l - 1] * (1 - a[l - 1])"}),
    _in_backward("M09", {BP4: f"{BP4}\n        w[l] = w[l] - dw[l]"}),
    _in_backward("M10", {BP2: "delta = np.dot(delta, w[l]) * a[l - 1]"}),
    _in_backward("M19", {"(1 - a[L])": "(a[L] - 1)", "(1 - a[l - 1])": "(a[l - 1] - 1)"}),
    _in_backward(
        "M21",
        {BP2: "delta = np.dot(delta * a[l] * (1 - a[l]), w[l]) * a[l - 1] * (1 - a[l - 1])"},
    ),
    _in_backward("M23", {BP2: "delta = np.dot(delta, w[l]) * a[l] * (1 - a[l])"}),
    _in_backward("M24", {BP2: "delta = np.dot(delta * a[l] * (1 - a[l]), w[l])"}),
    _in_backward("M11", {BP4: "dw[l] = np.dot(delta.T, z[l - 1]) / N"}),
    _in_backward("M26", {BP4: "dw[l] = np.dot(delta.T, a[l]) / N"}),
    _in_backward("M12", {BP4: "dw[l] = np.dot(a[l - 1].T, delta) / N"}),
    _in_backward("M13", {" / N": ""}),
    _in_backward("M14", {BP3: "db[l] = 0 * b[l]"}),
    _in_backward("M15", {BP3: "db[l] = delta[0]"}),
    _in_backward("M16", {BP3: "db[l] = delta.mean(axis=1)"}),
    _in_backward("M22", {BP1: f"{BP1} / N"}),
    _in_backward(
        "M43",
        {
            "dw, db = [None] * (L + 1), [None] * (L + 1)": "dw, db = [], []",
            BP3: "db.append(delta.sum(axis=0) / N)",
            BP4: "dw.append(np.dot(delta.T, a[l - 1]) / N)",
        },
    ),
)

NEURON = """\
z = w_3[1] @ a_2 + b_3[1]
a = 1 / (1 + np.exp(-z))
delta = (a - y[1]) * a * (1 - a)
neuron_by_hand = [w_3[1, 3], z, a, delta]
"""
LAYER_WISE = """\
def layer_wise_step(W, z, delta):
    slope = sigmoid_prime(z)
    below = W @ (slope * delta)
    ours = slope * delta
    return below, ours.T
"""
THETA = """\
def theta_step(theta, a, delta_next):
    N = len(a)
    delta = (delta_next @ theta)[:, 1:] * a * (1 - a)
    a = np.column_stack([np.ones(N), a])
    dtheta = delta_next.T @ a / N
    return delta, dtheta
"""
SLIDE = """\
def slide_output_delta(z, y):
    a = sigmoid(z)
    dC_da = 2 * (a - y)
    return dC_da * sigmoid_prime(z)
"""
INPUTS = """\
def input_gradient(w, b, X, Y):
    z, a = [None, None], [None, X]
    for l in range(2, len(w)):
        z.append(a[-1] @ w[l].T + b[l])
        a.append(sigmoid(z[l]))
    delta = output_delta_quadratic(z[-1], Y)
    for l in range(len(w) - 2, 1, -1):
        delta = hidden_delta(w[l + 1], delta, z[l])
    dx = delta @ w[2]
    return dx
"""
"""Right answers, of which the slips below exchange a piece."""


def _exchanged(code: str, cell: str, right: str, piece: str, other: str) -> Answers:
    return _slip(code, cell, right.replace(piece, other))


_DELTA = "(a - y[1]) * a * (1 - a)"
_FURTHER = (
    _slip(
        "M45", "neuron-by-hand", NEURON.replace("w_3[1] @", "w_3[:, 1] @").replace("1, 3", "3, 1")
    ),
    _exchanged("M51", "neuron-by-hand", NEURON, " + b_3[1]", ""),
    _exchanged("M01", "neuron-by-hand", NEURON, _DELTA, "a - y[1]"),
    _exchanged("M02", "neuron-by-hand", NEURON, "a - y[1]", "y[1] - a"),
    _exchanged("M03", "neuron-by-hand", NEURON, "(a - y[1])", "2 * (a - y[1])"),
    _exchanged(
        "M04", "neuron-by-hand", NEURON, "* a * (1 - a)", "* np.exp(-a) / (1 + np.exp(-a))**2"
    ),
    _exchanged("M10", "neuron-by-hand", NEURON, " * (1 - a)", ""),
    _exchanged("M11", "neuron-by-hand", NEURON, "* a * (1 - a)", "* z * (1 - z)"),
    _exchanged("M04", "layer-wise-step", LAYER_WISE, "(z)", "(sigmoid(z))"),
    _exchanged("M07", "layer-wise-step", LAYER_WISE, "W @ (slope * delta)", "W @ delta"),
    _exchanged("M08", "layer-wise-step", LAYER_WISE, "W @", "W.T @"),
    _exchanged("M10", "layer-wise-step", LAYER_WISE, "sigmoid_prime(z)", "sigmoid(z)"),
    _exchanged("M11", "layer-wise-step", LAYER_WISE, "sigmoid_prime(z)", "z * (1 - z)"),
    _exchanged("M46", "layer-wise-step", LAYER_WISE, "W @ (slope * delta)", "(W @ delta) * slope"),
    _exchanged("M47", "layer-wise-step", LAYER_WISE, "ours = slope * delta", "ours = delta"),
    _exchanged("M04", "theta-step", THETA, "a * (1 - a)", "sigmoid_prime(a)"),
    _exchanged("M07", "theta-step", THETA, " * a * (1 - a)", ""),
    _exchanged("M08", "theta-step", THETA, "@ theta)", "@ theta.T)"),
    _exchanged("M10", "theta-step", THETA, " * (1 - a)", ""),
    _exchanged("M12", "theta-step", THETA, "delta_next.T @ a", "a.T @ delta_next"),
    _exchanged("M13", "theta-step", THETA, " / N", ""),
    _exchanged("M22", "theta-step", THETA, "/ N", "/ N / N"),
    _exchanged("M25", "theta-step", THETA, "[:, 1:]", "[:, :-1]"),
    _exchanged("M48", "theta-step", THETA, "[np.ones(N), a]", "[a, np.ones(N)]"),
    _exchanged("M01", "slide-output-delta", SLIDE, " * sigmoid_prime(z)", ""),
    _exchanged("M02", "slide-output-delta", SLIDE, "(a - y)", "(y - a)"),
    _exchanged("M03", "slide-output-delta", SLIDE, "2 * (a - y)", "a - y"),
    _exchanged("M04", "slide-output-delta", SLIDE, "prime(z)", "prime(a)"),
    _exchanged("M10", "slide-output-delta", SLIDE, "sigmoid_prime(z)", "a"),
    _exchanged("M11", "slide-output-delta", SLIDE, "(a - y)", "(z - y)"),
    _exchanged("M22", "slide-output-delta", SLIDE, "(a - y)", "(a - y) / len(y)"),
    _exchanged("M08", "input-gradient", INPUTS, "delta @ w[2]", "delta @ w[2].T"),
    _exchanged("M22", "input-gradient", INPUTS, "delta @ w[2]", "delta @ w[2] / len(X)"),
    _exchanged("M49", "input-gradient", INPUTS, "delta @ w[2]", "hidden_delta(w[2], delta, X)"),
)

SLIPS = _FUNCTIONS + _ALGORITHM + _FURTHER
