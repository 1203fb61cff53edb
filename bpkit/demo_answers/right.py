"""Right answers in several hands. All of them earn all 13 marks that the checks give."""

from bpkit.demo_answers import Answers

MATRIX = Answers(
    "right: matrix products",
    {
        "sigmoid": """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    return (sigmoid(z) - y) * sigmoid_prime(z)
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    return sigmoid(z) - y
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    return (delta_next @ w_next) * sigmoid_prime(z)
""",
        "bias-gradient": """\
def bias_gradient(delta):
    return delta.mean(axis=0)
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    return delta.T @ a_prev / len(delta)
""",
        "backward": """\
def backward(w, b, X, Y):
    L = len(w) - 1
    z, a = [None, None], [None, X]
    for l in range(2, L + 1):
        z.append(a[-1] @ w[l].T + b[l])
        a.append(sigmoid(z[-1]))
    dw, db = [None] * (L + 1), [None] * (L + 1)
    delta = output_delta_quadratic(z[L], Y)
    for l in range(L, 1, -1):
        dw[l] = weight_gradient(a[l - 1], delta)
        db[l] = bias_gradient(delta)
        if l > 2:
            delta = hidden_delta(w[l], delta, z[l - 1])
    return dw, db
""",
    },
)

LOOPS = Answers(
    "right: loops",
    {
        "sigmoid": """\
def sigmoid(z):
    out = np.empty_like(z)
    for i in np.ndindex(z.shape):
        out[i] = 1.0 / (1.0 + np.exp(-z[i]))
    return out


def sigmoid_prime(z):
    e = np.exp(-z)
    return e / (1 + e) ** 2
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    delta = np.zeros_like(z)
    for n in range(z.shape[0]):
        a = sigmoid(z[n])
        for j in range(z.shape[1]):
            delta[n, j] = (a[j] - y[n, j]) * a[j] * (1 - a[j])
    return delta
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    delta = np.zeros_like(z)
    for n in range(len(z)):
        delta[n] = sigmoid(z[n]) - y[n]
    return delta
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    N, d = z.shape
    delta = np.zeros((N, d))
    for n in range(N):
        for k in range(d):
            s = 0
            for j in range(w_next.shape[0]):
                s += w_next[j, k] * delta_next[n, j]
            delta[n, k] = s
    return delta * sigmoid_prime(z)
""",
        "bias-gradient": """\
def bias_gradient(delta):
    total = np.zeros(delta.shape[1])
    for row in delta:
        total += row
    return total / len(delta)
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    total = 0
    for a_n, delta_n in zip(a_prev, delta):
        total = total + np.outer(delta_n, a_n)
    return total / len(delta)
""",
        "backward": """\
def backward(w, b, X, Y):
    # one example at a time, then the mean
    L = len(w) - 1
    dw = [None, None] + [np.zeros_like(m) for m in w[2:]]
    db = [None, None] + [np.zeros_like(v) for v in b[2:]]
    for x, y in zip(X, Y):
        z, a = {}, {1: x}
        for l in range(2, L + 1):
            z[l] = w[l] @ a[l - 1] + b[l]
            a[l] = sigmoid(z[l])
        delta = {L: (a[L] - y) * sigmoid_prime(z[L])}
        for l in range(L - 1, 1, -1):
            delta[l] = (w[l + 1].T @ delta[l + 1]) * sigmoid_prime(z[l])
        for l in range(2, L + 1):
            db[l] += delta[l] / len(X)
            dw[l] += np.outer(delta[l], a[l - 1]) / len(X)
    return dw, db
""",
    },
)

EINSUM = Answers(
    "right: einsum",
    {
        "sigmoid": """\
def sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))


def sigmoid_prime(z):
    s = sigmoid(z)
    return s - s ** 2
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    a = sigmoid(z)
    return np.einsum("nj,nj->nj", a - y, a * (1 - a))
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    a = sigmoid(z)
    dC_da = -y / a + (1 - y) / (1 - a)
    return dC_da * a * (1 - a)
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    return np.einsum("jk,nj,nk->nk", w_next, delta_next, sigmoid_prime(z))
""",
        "bias-gradient": """\
def bias_gradient(delta):
    return np.einsum("nj->j", delta) / delta.shape[0]
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    return np.einsum("nj,nk->jk", delta, a_prev) / delta.shape[0]
""",
        "backward": """\
def backward(w, b, X, Y):
    L = len(w) - 1
    a = {1: X}
    for l in range(2, L + 1):
        a[l] = sigmoid(np.einsum("jk,nk->nj", w[l], a[l - 1]) + b[l])
    dw, db = [None] * (L + 1), [None] * (L + 1)
    delta = (a[L] - Y) * a[L] * (1 - a[L])
    for l in range(L, 1, -1):
        dw[l] = np.einsum("nj,nk->jk", delta, a[l - 1]) / len(X)
        db[l] = np.einsum("nj->j", delta) / len(X)
        delta = np.einsum("nj,jk->nk", delta, w[l]) * a[l - 1] * (1 - a[l - 1])
    return dw, db
""",
    },
)

FLOAT32 = Answers(
    "right: float32",
    {
        "sigmoid": """\
def sigmoid(z):
    z = np.asarray(z, dtype=np.float32)
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    a = sigmoid(z)
    return a * (1 - a)
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    return (sigmoid(z) - y.astype(np.float32)) * sigmoid_prime(z)
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    return sigmoid(z) - y.astype(np.float32)
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    w_next, delta_next = w_next.astype("float32"), delta_next.astype("float32")
    return np.dot(delta_next, w_next) * sigmoid_prime(z)
""",
        "bias-gradient": """\
def bias_gradient(delta):
    return np.mean(delta, axis=0, dtype=np.float32)
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    a_prev, delta = a_prev.astype("float32"), delta.astype("float32")
    return np.dot(delta.T, a_prev) / np.float32(len(delta))
""",
        "backward": """\
def backward(w, b, X, Y):
    w = [m if m is None else m.astype("float32") for m in w]
    b = [v if v is None else v.astype("float32") for v in b]
    L = len(w) - 1
    z, a = [None] * (L + 1), [None, X.astype("float32")] + [None] * (L - 1)
    for l in range(2, L + 1):
        z[l] = np.dot(a[l - 1], w[l].T) + b[l]
        a[l] = sigmoid(z[l])
    delta = [None] * (L + 1)
    delta[L] = output_delta_quadratic(z[L], Y)
    for l in reversed(range(2, L)):
        delta[l] = hidden_delta(w[l + 1], delta[l + 1], z[l])
    dw = [None, None] + [weight_gradient(a[l - 1], delta[l]) for l in range(2, L + 1)]
    db = [None, None] + [bias_gradient(delta[l]) for l in range(2, L + 1)]
    return dw, db
""",
    },
)

HELPERS = Answers(
    "right: helper functions",
    {
        "sigmoid": """\
def sigmoid(z):
    return np.where(z > 0, 1 / (1 + np.exp(-abs(z))), 1 - 1 / (1 + np.exp(-abs(z))))


def sigmoid_prime(z):
    return slope_from(sigmoid(z))
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    a = sigmoid(z)
    return (a - y) * slope_from(a)
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    # sigma' cancels against the denominator a (1 - a) of dC/da
    return -(y - sigmoid(z))
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    delta_columns = w_next.T @ delta_next.T
    return delta_columns.T * slope_from(sigmoid(z))
""",
        "bias-gradient": """\
def bias_gradient(delta):
    return mean_over_examples(delta)
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    one_matrix_each = delta[:, :, np.newaxis] * a_prev[:, np.newaxis, :]
    return mean_over_examples(one_matrix_each)
""",
        "backward": """\
def backward(w, b, X, Y):
    L = len(w) - 1
    z, a = forward(w, b, X)
    delta = output_delta_quadratic(z[L], Y)
    dw, db = [weight_gradient(a[L - 1], delta)], [bias_gradient(delta)]
    for l in range(L - 1, 1, -1):
        delta = hidden_delta(w[l + 1], delta, z[l])
        dw = [weight_gradient(a[l - 1], delta)] + dw
        db = [bias_gradient(delta)] + db
    return [None, None] + dw, [None, None] + db
""",
    },
    added={
        "sigmoid": """\
# my tools
def slope_from(a):
    return a * (1 - a)


def mean_over_examples(x):
    return sum(x) / len(x)


def forward(w, b, X):
    z, a = [None, None], [None, X]
    for w_l, b_l in zip(w[2:], b[2:]):
        z.append(a[-1] @ w_l.T + b_l)
        a.append(sigmoid(z[-1]))
    return z, a
"""
    },
)

LISTS = Answers(
    "right: lists",
    {
        "sigmoid": """\
import math


def sigmoid(z):
    return [[1 / (1 + math.exp(-x)) for x in row] for row in z]


def sigmoid_prime(z):
    return [[s * (1 - s) for s in row] for row in sigmoid(z)]
""",
        "output-delta-quadratic": """\
def output_delta_quadratic(z, y):
    a = sigmoid(z)
    return [[(p - t) * p * (1 - p) for p, t in zip(ra, ry)] for ra, ry in zip(a, y)]
""",
        "output-delta-cross-entropy": """\
def output_delta_cross_entropy(z, y):
    return [[p - t for p, t in zip(ra, ry)] for ra, ry in zip(sigmoid(z), y)]
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    columns = list(zip(*w_next))
    slopes = sigmoid_prime(z)
    result = []
    for d_row, s_row in zip(delta_next, slopes):
        sums = [sum(wj * dj for wj, dj in zip(col, d_row)) for col in columns]
        result.append([s * p for s, p in zip(sums, s_row)])
    return result
""",
        "bias-gradient": """\
def bias_gradient(delta):
    return [sum(column) / len(delta) for column in zip(*delta)]
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    N = len(delta)
    rows = []
    for d_col in zip(*delta):
        rows.append([sum(d * a for d, a in zip(d_col, a_col)) / N for a_col in zip(*a_prev)])
    return rows
""",
        "backward": """\
def backward(w, b, X, Y):
    L = len(w) - 1
    z, a = [None, None], [None, X]
    for l in range(2, L + 1):
        z.append([
            [sum(wk * xk for wk, xk in zip(w_row, x)) + b_j for w_row, b_j in zip(w[l], b[l])]
            for x in a[l - 1]
        ])
        a.append(sigmoid(z[l]))
    deltas = {L: output_delta_quadratic(z[L], Y)}
    for l in range(L - 1, 1, -1):
        deltas[l] = hidden_delta(w[l + 1], deltas[l + 1], z[l])
    dw = [None, None] + [weight_gradient(a[l - 1], deltas[l]) for l in range(2, L + 1)]
    db = [None, None] + [bias_gradient(deltas[l]) for l in range(2, L + 1)]
    return dw, db
""",
    },
)

NOISY = Answers(
    "right: prints and warns",
    {
        **MATRIX.cells,
        "sigmoid": """\
import sys
import warnings


def sigmoid(z):
    warnings.warn("exp may overflow for very negative z")
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
""",
        "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    print("shapes:", w_next.shape, delta_next.shape, z.shape, file=sys.stderr)
    return (delta_next @ w_next) * sigmoid_prime(z)
""",
        "weight-gradient": """\
def weight_gradient(a_prev, delta):
    dw = np.matmul(np.transpose(delta), a_prev) / len(delta)
    print("dw is", dw.shape)
    return dw
""",
    },
)

RIGHT = (MATRIX, LOOPS, EINSUM, FLOAT32, HELPERS, LISTS, NOISY)
