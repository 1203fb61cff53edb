"""Right answers in several hands. All of them earn all the marks that the checks give."""

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
        "neuron-by-hand": """\
z_2 = w_3[1] @ a_2 + b_3[1]
a = 1 / (1 + np.exp(-z_2))
neuron_by_hand = [w_3[1, 3], z_2, a, (a - y[1]) * a * (1 - a)]
""",
        "loop-figure": """\
def loop_backward(w, b, X, Y):
    L, N = len(w) - 1, len(X)
    dw, db = [None, None] + [0] * (L - 1), [None, None] + [0] * (L - 1)
    for n in range(N):
        dw_n, db_n = backward(w, b, X[[n]], Y[[n]])
        for l in range(2, L + 1):
            dw[l] = dw[l] + dw_n[l] / N
            db[l] = db[l] + db_n[l] / N
    return dw, db


loop, once = loop_backward(wide_w, wide_b, X_all, Y_all), backward(wide_w, wide_b, X_all, Y_all)
print(np.allclose(loop[0][2], once[0][2]), np.allclose(loop[1][3], once[1][3]))
plt.loglog(N_all, [seconds(loop_backward, N) / N for N in N_all], "s-", label="loop")
plt.loglog(N_all, [seconds(backward, N) / N for N in N_all], "o-", label="one pass")
plt.xlabel("examples N")
plt.ylabel("seconds per example")
plt.title("The loop pays for every example, one pass shares the cost")
plt.legend()
plt.show()
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    through_the_bend = sigmoid_prime(z) * delta
    return W @ through_the_bend, through_the_bend.T
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    delta = (delta_next @ theta)[:, 1:] * (a * (1 - a))
    ones = np.ones((len(a), 1))
    return delta, delta_next.T @ np.hstack([ones, a]) / len(a)
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    return 2 * (sigmoid(z) - y) * sigmoid_prime(z)
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    z, a = {}, {1: X}
    for l in range(2, len(w)):
        z[l] = a[l - 1] @ w[l].T + b[l]
        a[l] = sigmoid(z[l])
    delta = output_delta_quadratic(z[len(w) - 1], Y)
    for l in range(len(w) - 2, 1, -1):
        delta = hidden_delta(w[l + 1], delta, z[l])
    return delta @ w[2]
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
        "neuron-by-hand": """\
z = b_3[1]
for k in range(4):
    z = z + w_3[1][k] * a_2[k]
s = 1 / (1 + np.exp(-z))
neuron_by_hand = [w_3[1][3], z, s, (s - y[1]) * s * (1 - s)]
""",
        "loop-figure": """\
def loop_backward(w, b, X, Y):
    for n in range(len(X)):
        dw_n, db_n = backward(w, b, X[n : n + 1], Y[n : n + 1])
        if n == 0:
            dw, db = dw_n, db_n
        else:
            for l in range(2, len(w)):
                dw[l] = dw[l] + dw_n[l]
                db[l] = db[l] + db_n[l]
    for l in range(2, len(w)):
        dw[l] = dw[l] / len(X)
        db[l] = db[l] / len(X)
    return dw, db


times_loop = []
times_pass = []
for N in N_all:
    times_loop.append(seconds(loop_backward, N) / N)
    times_pass.append(seconds(backward, N) / N)
fig, ax = plt.subplots()
ax.loglog(N_all, times_loop, label="loop_backward")
ax.loglog(N_all, times_pass, label="backward")
ax.set_xlabel("N")
ax.set_ylabel("s per example")
ax.set_title("my backward loops inside, so one pass is no faster")
ax.legend()
plt.show()
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    d_below, d = W.shape
    N = z.shape[1]
    ours = np.zeros((N, d))
    below = np.zeros((d_below, N))
    for n in range(N):
        for j in range(d):
            a = sigmoid(z[j, n])
            ours[n, j] = delta[j, n] * a * (1 - a)
            for i in range(d_below):
                below[i, n] += W[i, j] * ours[n, j]
    return below, ours
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    N, s = a.shape
    delta = np.zeros((N, s))
    dtheta = np.zeros(theta.shape)
    for n in range(N):
        for j in range(len(theta)):
            dtheta[j, 0] += delta_next[n, j] / N
            for k in range(s):
                delta[n, k] += theta[j, k + 1] * delta_next[n, j]
                dtheta[j, k + 1] += delta_next[n, j] * a[n, k] / N
    return delta * a * (1 - a), dtheta
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    delta = np.zeros_like(z)
    for n in range(z.shape[0]):
        for j in range(z.shape[1]):
            a = sigmoid(z[n, j])
            delta[n, j] = -2 * (y[n, j] - a) * a * (1 - a)
    return delta
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    result = np.zeros(X.shape)
    L = len(w) - 1
    for n in range(len(X)):
        a = {1: X[n]}
        for l in range(2, L + 1):
            a[l] = sigmoid(w[l] @ a[l - 1] + b[l])
        delta = (a[L] - Y[n]) * a[L] * (1 - a[L])
        for l in range(L, 2, -1):
            delta = (w[l].T @ delta) * a[l - 1] * (1 - a[l - 1])
        result[n] = w[2].T @ delta
    return result
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
        "neuron-by-hand": """\
z_all = np.einsum("jk,k->j", w_3, a_2) + b_3
a_all = np.exp(z_all) / (1 + np.exp(z_all))
delta_all = (a_all - y) * (a_all - a_all**2)
neuron_by_hand = (w_3[1, 3], z_all[1], a_all[1], delta_all[1])
""",
        "loop-figure": """\
def loop_backward(w, b, X, Y):
    alone = [backward(w, b, x[np.newaxis], t[np.newaxis]) for x, t in zip(X, Y)]
    dw = [None, None, *(np.mean([g[0][l] for g in alone], axis=0) for l in range(2, len(w)))]
    db = [None, None, *(np.mean([g[1][l] for g in alone], axis=0) for l in range(2, len(w)))]
    return dw, db


every = wide_w, wide_b, X_all, Y_all
for ours, theirs in zip(loop_backward(*every), backward(*every)):
    assert all(np.allclose(ours[l], theirs[l]) for l in (2, 3))
fig, ax = plt.subplots(layout="constrained")
for f in loop_backward, backward:
    ax.loglog(N_all, [1e6 * seconds(f, N) / N for N in N_all], "o-", label=f.__name__)
ax.set(xlabel="N", ylabel="microseconds per example", title="A pass over many costs little more")
ax.legend()
plt.show()
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    a = sigmoid(z)
    below = np.einsum("ij,jn,jn,jn->in", W, a, 1 - a, delta)
    return below, np.einsum("jn,jn,jn->nj", a, 1 - a, delta)
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    delta = np.einsum("nj,jk,nk->nk", delta_next, theta[:, 1:], a - a**2)
    dtheta = np.empty_like(theta)
    dtheta[:, 0] = np.einsum("nj->j", delta_next)
    dtheta[:, 1:] = np.einsum("nj,nk->jk", delta_next, a)
    return delta, dtheta / a.shape[0]
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    a = sigmoid(z)
    return np.einsum(",nj,nj,nj->nj", 2, a - y, a, 1 - a)
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    a = [None, X]
    for w_l, b_l in zip(w[2:], b[2:]):
        a.append(sigmoid(np.einsum("jk,nk->nj", w_l, a[-1]) + b_l))
    error = a[-1] - Y
    for a_l, w_l in zip(a[:1:-1], w[:1:-1]):
        error = np.einsum("nj,jk->nk", error * a_l * (1 - a_l), w_l)
    return error
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
        "neuron-by-hand": """\
z_2 = np.float32(w_3[1] @ a_2 + b_3[1])
a = 1 / (1 + np.exp(-z_2))
neuron_by_hand = [np.float32(w_3[1, 3]), z_2, a, (a - np.float32(y[1])) * a * (1 - a)]
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    ours = (sigmoid_prime(z) * delta.astype("float32")).T
    return np.dot(W.astype("float32"), ours.T), ours
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    theta, a = theta.astype("float32"), a.astype("float32")
    delta_next = delta_next.astype("float32")
    delta = np.dot(delta_next, theta[:, 1:]) * a * (1 - a)
    dtheta = np.c_[bias_gradient(delta_next), weight_gradient(a, delta_next)]
    return delta, dtheta
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    return np.float32(2) * output_delta_quadratic(z, y)
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    w = [m if m is None else m.astype("float32") for m in w]
    b = [v if v is None else v.astype("float32") for v in b]
    L = len(w) - 1
    z, a = [None] * (L + 1), [None, X.astype("float32")] + [None] * (L - 1)
    for l in range(2, L + 1):
        z[l] = np.dot(a[l - 1], w[l].T) + b[l]
        a[l] = sigmoid(z[l])
    delta = output_delta_quadratic(z[L], Y)
    for l in reversed(range(2, L)):
        delta = hidden_delta(w[l + 1], delta, z[l])
    return np.dot(delta, w[2])
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
        "neuron-by-hand": """\
# row 2 is index 1, column 4 is index 3
weighted = [w * a for w, a in zip(w_3[1], a_2)]
total = sum(weighted) + b_3[1]
out = 1 / (1 + np.exp(-total))
neuron_by_hand = np.array([w_3[1, 3], total, out, (out - y[1]) * out * (1 - out)])
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    ours = (slope_from(sigmoid(z)) * delta).T
    return (ours @ W.T).T, ours
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    with_bias_unit = np.insert(a, 0, 1, axis=1)
    # slope_from(1) is 0: the bias unit's column is zero, and dropped
    delta = (delta_next @ theta * slope_from(with_bias_unit))[:, 1:]
    return delta, weight_gradient(with_bias_unit, delta_next)
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    # the cost is twice ours, so is everything that is made of it
    return output_delta_quadratic(z, y) + output_delta_quadratic(z, y)
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    z, a = forward(w, b, X)
    delta = output_delta_quadratic(z[-1], Y)
    for l in range(len(w) - 2, 1, -1):
        delta = hidden_delta(w[l + 1], delta, z[l])
    return delta @ w[2]
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
        "neuron-by-hand": """\
z = sum(wk * ak for wk, ak in zip(w_3[1], a_2)) + b_3[1]
a = 1 / (1 + np.exp(-z))
neuron_by_hand = [int(w_3[1][3]), float(z), float(a), float((a - y[1]) * a * (1 - a))]
""",
        "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    slopes = sigmoid_prime(z)
    columns = [[s * d for s, d in zip(rs, rd)] for rs, rd in zip(slopes, delta)]
    ours = [list(row) for row in zip(*columns)]
    below = [[sum(wj * oj for wj, oj in zip(w_row, o)) for o in ours] for w_row in W]
    return below, ours
""",
        "theta-step": """\
def theta_step(theta, a, delta_next):
    delta = []
    for a_n, d_n in zip(a, delta_next):
        back = [sum(t * d for t, d in zip(column, d_n)) for column in zip(*theta)]
        delta.append([s * x * (1 - x) for s, x in zip(back[1:], a_n)])
    rows = []
    for d_col in zip(*delta_next):
        mean = [sum(d_col)] + [sum(d * x for d, x in zip(d_col, a_col)) for a_col in zip(*a)]
        rows.append([m / len(a) for m in mean])
    return [delta, rows]
""",
        "slide-output-delta": """\
def slide_output_delta(z, y):
    return [[2 * d for d in row] for row in output_delta_quadratic(z, y)]
""",
        "input-gradient": """\
def input_gradient(w, b, X, Y):
    z, a = [None, None], [None, X]
    for l in range(2, len(w)):
        z.append([
            [sum(wk * xk for wk, xk in zip(w_row, x)) + b_j for w_row, b_j in zip(w[l], b[l])]
            for x in a[l - 1]
        ])
        a.append(sigmoid(z[l]))
    delta = output_delta_quadratic(z[-1], Y)
    for l in range(len(w) - 2, 1, -1):
        delta = hidden_delta(w[l + 1], delta, z[l])
    return [[sum(d * wj for d, wj in zip(row, col)) for col in zip(*w[2])] for row in delta]
""",
    },
)

NOISY = Answers(
    "right: prints and warns",
    {
        **{id: cell for id, cell in MATRIX.cells.items() if id != "loop-figure"},
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
