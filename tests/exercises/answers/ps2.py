"""Made-up answers to problem set 2, as students might type them: right, wrong and unfinished."""

from bpkit.demo_answers import Answers

# -------------------------------------------------------------------------------- right answers

DIRECT = Answers(
    "right: as the formulas stand",
    {
        "two-layers": """\
z2 = w2 * x
a2 = z2**2
z3 = w3 * a2
a3 = z3**2
upper_slope = (a3 - y) * 2 * z3 * a2
lower_slope = (a3 - y) * 2 * z3 * w3 * 2 * z2 * x
""",
        "one-sided-gradient": """\
def one_sided_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        moved = theta.copy()
        moved[i] = moved[i] + h
        slopes[i] = (f(moved) - f(theta)) / h
    return slopes
""",
        "two-sided-gradient": """\
def two_sided_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        up = theta.copy()
        down = theta.copy()
        up[i] = up[i] + h
        down[i] = down[i] - h
        slopes[i] = (f(up) - f(down)) / (2 * h)
    return slopes
""",
        "unroll": """\
def unroll(w, b):
    parts = []
    for l in range(2, len(w)):
        parts.append(w[l].flatten())
        parts.append(b[l])
    return np.concatenate(parts)
""",
        "roll": """\
def roll(theta, sizes):
    w, b = [None, None], [None, None]
    for l in range(1, len(sizes)):
        n = sizes[l] * sizes[l - 1]
        w.append(theta[:n].reshape(sizes[l], sizes[l - 1]))
        b.append(theta[n : n + sizes[l]])
        theta = theta[n + sizes[l] :]
    return w, b
""",
        "checked-descent": """\
def checked_descent(gradient, measure, theta, eta, steps):
    evaluations = 0
    g = gradient(theta)
    g_hat = measure(theta)
    evaluations = evaluations + 2 * len(theta)
    r = np.linalg.norm(g - g_hat) / max(np.linalg.norm(g), np.linalg.norm(g_hat))
    if r <= 1e-6:
        for step in range(steps):
            theta = theta - eta * gradient(theta)
    return theta, evaluations
""",
        "step-figure": """\
steps = 10.0 ** np.arange(-15, 0.25, 0.25)
for number in (np.float64, np.float32):
    one = [(f(number(at + h)) - f(number(at))) / h for h in steps]
    two = [(f(number(at + h)) - f(number(at - h))) / (2 * h) for h in steps]
    plt.loglog(steps, np.abs(np.array(one) / slope - 1), label=f"one-sided {number.__name__}")
    plt.loglog(steps, np.abs(np.array(two) / slope - 1), label=f"two-sided {number.__name__}")
plt.title("Errors")
plt.xlabel("h")
plt.ylabel("relative error")
plt.legend()
plt.show()
""",
        "sum-over-paths": """\
def sum_over_paths(slopes):
    derivative, multiplications = 0.0, 0
    for path in itertools.product(*[range(D.shape[0]) for D in slopes]):
        term = slopes[0][path[0], 0]
        for n in range(1, len(slopes)):
            term = term * slopes[n][path[n], path[n - 1]]
            multiplications += 1
        derivative += term
    return derivative, multiplications
""",
        "factored": """\
def factored(slopes):
    multiplications = 0
    back = slopes[-1]
    for D in slopes[-2::-1]:
        back = back @ D
        multiplications += D.shape[0] * D.shape[1]
    return back[0, 0], multiplications
""",
        "edge-gradient": """\
def edge_gradient(w, b, x, y, l, j, k):
    z_2 = w[2] @ x + b[2]
    a_2 = sigma(z_2)
    z_3 = w[3][0] @ a_2 + b[3][0]
    a_3 = sigma(z_3)
    if l == 3:
        return (a_3 - y) * sigma_prime(z_3) * a_2[k]
    else:
        return (a_3 - y) * sigma_prime(z_3) * w[3][0, j] * sigma_prime(z_2[j]) * x[k]
""",
        "repaired-line": """\
def repaired_line(w, b, x, y):
    return sigma(w[2][0, 0] * x[0] + w[2][0, 1] * x[1] + w[2][0, 2] * x[2] + b[2][0])
""",
        "weight-tensor": """\
def weight_tensor(a, d):
    tensor = np.zeros((d, d, len(a)))
    for i in range(d):
        for j in range(d):
            for k in range(len(a)):
                if i == j:
                    tensor[i, j, k] = a[k]
    return tensor
""",
        "seven-forward": """\
def seven_forward(w, x):
    w13, w23, w24, w35, w36, w46, w57, w67 = w
    a1, a2 = x
    z3 = w13 * a1 + w23 * a2
    z4 = w24 * a2
    z5 = w35 * np.tanh(z3)
    z6 = w36 * np.tanh(z3) + w46 * np.tanh(z4)
    z7 = w57 * np.tanh(z5) + w67 * np.tanh(z6)
    return np.array([z3, z4, z5, z6, z7])
""",
        "seven-backward": """\
def seven_backward(w, x, z, t):
    w13, w23, w24, w35, w36, w46, w57, w67 = w
    a1, a2 = x
    a3, a4, a5, a6 = np.tanh(z[:4])
    if z[4] * t < 0:
        d7 = -t
    else:
        d7 = 0.0
    d6 = d7 * w67 * (1 - a6**2)
    d5 = d7 * w57 * (1 - a5**2)
    d4 = d6 * w46 * (1 - a4**2)
    d3 = d6 * w36 * (1 - a3**2) + d5 * w35 * (1 - a3**2)
    dw = [d3 * a1, d3 * a2, d4 * a2, d5 * a3, d6 * a3, d6 * a4, d7 * a5, d7 * a6]
    return np.array([d3, d4, d5, d6, d7]), np.array(dw)
""",
        "complex-step-gradient": """\
def complex_step_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        moved = theta + 0j
        moved[i] += 1j * h
        slopes[i] = np.imag(f(moved)) / h
    return slopes
""",
    },
)

LOOPS = Answers(
    "right: loops, moved in place and put back",
    {
        **DIRECT.cells,
        "two-layers": """\
z2 = w2 * x
z3 = w3 * z2 * z2
delta3 = (z3 * z3 - y) * 2 * z3
delta2 = delta3 * w3 * 2 * z2
upper_slope = delta3 * z2 * z2
lower_slope = delta2 * x
""",
        "one-sided-gradient": """\
def one_sided_gradient(f, theta, h):
    slopes = np.zeros_like(theta)
    start = f(theta)
    for i in range(theta.size):
        before = theta[i]
        theta[i] += h
        slopes[i] = (f(theta) - start) / h
        theta[i] = before
    return slopes
""",
        "two-sided-gradient": """\
def two_sided_gradient(f, theta, h):
    slopes = np.zeros_like(theta)
    for i in range(theta.size):
        theta[i] += h
        up = f(theta)
        theta[i] -= 2 * h
        down = f(theta)
        theta[i] += h
        slopes[i] = (up - down) / 2 / h
    return slopes
""",
        "unroll": """\
def unroll(w, b):
    theta = []
    for l in range(2, len(w)):
        rows, columns = w[l].shape
        for j in range(rows):
            for k in range(columns):
                theta.append(w[l][j, k])
        for j in range(rows):
            theta.append(b[l][j])
    return np.array(theta)
""",
        "roll": """\
def roll(theta, sizes):
    w, b = [None, None], [None, None]
    at = 0
    for l in range(1, len(sizes)):
        w_l = np.zeros((sizes[l], sizes[l - 1]))
        for j in range(sizes[l]):
            for k in range(sizes[l - 1]):
                w_l[j, k] = theta[at]
                at += 1
        b_l = np.zeros(sizes[l])
        for j in range(sizes[l]):
            b_l[j] = theta[at]
            at += 1
        w.append(w_l)
        b.append(b_l)
    return w, b
""",
        "sum-over-paths": """\
def sum_over_paths(slopes):
    multiplications = 0

    def walk(n, j, so_far):
        # from neuron j of layer n on, with the product of the slopes behind us
        nonlocal multiplications
        if n == len(slopes):
            return so_far
        total = 0.0
        for nxt in range(slopes[n].shape[0]):
            total += walk(n + 1, nxt, so_far * slopes[n][nxt, j] if n else slopes[0][nxt, 0])
        if n == len(slopes) - 1:
            multiplications += len(slopes) - 1
        return total

    return walk(0, 0, 1.0), multiplications
""",
        "factored": """\
def factored(slopes):
    multiplications = 0
    back = list(slopes[-1][0])
    for D in slopes[::-1][1:]:
        rows, columns = D.shape
        new = [0.0] * columns
        for i in range(columns):
            for j in range(rows):
                new[i] += D[j, i] * back[j]
                multiplications += 1
        back = new
    return back[0], multiplications
""",
        "weight-tensor": """\
def weight_tensor(a, d):
    tensor = np.zeros((d, d, len(a)))
    for i in range(d):
        tensor[i, i, :] = a
    return tensor
""",
        "seven-forward": """\
def seven_forward(w, x):
    edges = [(1, 3), (2, 3), (2, 4), (3, 5), (3, 6), (4, 6), (5, 7), (6, 7)]
    a = {1: x[0], 2: x[1]}
    z = {}
    for neuron in range(3, 8):
        z[neuron] = 0
        for (i, j), weight in zip(edges, w):
            if j == neuron:
                z[neuron] += weight * a[i]
        a[neuron] = np.tanh(z[neuron])
    return np.array([z[j] for j in range(3, 8)])
""",
        "seven-backward": """\
def seven_backward(w, x, z, t):
    edges = [(1, 3), (2, 3), (2, 4), (3, 5), (3, 6), (4, 6), (5, 7), (6, 7)]
    zs = dict(zip(range(3, 8), z))
    a = {1: x[0], 2: x[1]}
    for j in range(3, 7):
        a[j] = np.tanh(zs[j])
    delta = {7: -t if zs[7] * t < 0 else 0}
    for i in (6, 5, 4, 3):
        total = 0
        for (start, end), weight in zip(edges, w):
            if start == i:
                total += weight * delta[end]
        delta[i] = total / np.cosh(zs[i]) ** 2
    dw = [delta[j] * a[i] for i, j in edges]
    return np.array([delta[j] for j in range(3, 8)]), np.array(dw)
""",
    },
)

ARRAYS = Answers(
    "right: arrays and einsum",
    {
        **DIRECT.cells,
        "one-sided-gradient": """\
def one_sided_gradient(f, theta, h):
    return (np.array([f(row) for row in theta + h * np.eye(len(theta))]) - f(theta)) / h
""",
        "two-sided-gradient": """\
def two_sided_gradient(f, theta, h):
    E = h * np.eye(theta.size)
    up, down = (np.apply_along_axis(f, 1, theta + sign * E) for sign in (1, -1))
    return 0.5 * (up - down) / h
""",
        "unroll": """\
def unroll(w, b):
    return np.hstack([np.hstack([m.reshape(-1), v]) for m, v in zip(w[2:], b[2:])])
""",
        "roll": """\
def roll(theta, sizes):
    counts = [n for a, c in zip(sizes, sizes[1:]) for n in (a * c, c)]
    parts = np.split(theta, np.cumsum(counts)[:-1])
    shapes = zip(parts[::2], sizes[1:])
    return [None, None, *(p.reshape(d, -1) for p, d in shapes)], [None, None, *parts[1::2]]
""",
        "sum-over-paths": """\
def sum_over_paths(slopes):
    # all paths at once: an array with one axis for each layer
    every = slopes[0][:, 0]
    for D in slopes[1:]:
        every = every[..., None] * D.T
    return every.sum(), every.size * (len(slopes) - 1)
""",
        "factored": """\
def factored(slopes):
    back = slopes[-1].ravel()
    for D in reversed(slopes[:-1]):
        back = np.einsum("j,ji->i", back, D)
    return back, sum(D.size for D in slopes[:-1])
""",
        "edge-gradient": """\
def edge_gradient(w, b, x, y, l, j, k):
    a = {1: x}
    for m in (2, 3):
        a[m] = sigma(np.einsum("jk,k->j", w[m], a[m - 1]) + b[m])
    delta = {3: (a[3] - y) * a[3] * (1 - a[3])}
    delta[2] = np.einsum("jk,j->k", w[3], delta[3]) * a[2] * (1 - a[2])
    return np.outer(delta[l], a[l - 1])[j, k]
""",
        "repaired-line": """\
def repaired_line(w, b, x, y):
    return sigma(w[2] @ x + b[2])[0]
""",
        "weight-tensor": """\
def weight_tensor(a, d):
    return np.einsum("ij,k->ijk", np.eye(d), a)
""",
        "seven-backward": """\
def seven_backward(w, x, z, t):
    W = np.zeros((8, 8))
    start, end = np.array([1, 2, 2, 3, 3, 4, 5, 6]), np.array([3, 3, 4, 5, 6, 6, 7, 7])
    W[start, end] = w
    a = np.concatenate([[0], x, np.tanh(z)])
    slope = np.append(1 - a[:7] ** 2, 1)
    delta = np.zeros(8)
    delta[7] = -t * (z[4] * t < 0)
    for i in (6, 5, 4, 3):
        delta[i] = slope[i] * W[i] @ delta
    return delta[3:], delta[end] * a[start]
""",
        "complex-step-gradient": """\
def complex_step_gradient(f, theta, h):
    return np.array([f(row).imag for row in theta + 1j * h * np.eye(len(theta))]) / h
""",
    },
)

FLOAT32 = Answers(
    "right: float32 and helpers",
    {
        **DIRECT.cells,
        "unroll": """\
def unroll(w, b):
    return np.concatenate([p.astype(np.float32).ravel() for l in layers(w) for p in (w[l], b[l])])
""",
        "roll": """\
def roll(theta, sizes):
    theta = theta.astype(np.float32)
    w, b = [None, None], [None, None]
    for matrix, vector in cut(theta, sizes):
        w.append(matrix)
        b.append(vector)
    return w, b
""",
        "checked-descent": """\
def checked_descent(gradient, measure, theta, eta, steps):
    if far_apart(gradient(theta), measure(theta)):
        return theta.copy(), 2 * theta.size
    there = theta.copy()
    for _ in range(steps):
        there -= eta * gradient(there)
    return there.astype(np.float32), 2 * theta.size
""",
        "sum-over-paths": """\
def sum_over_paths(slopes):
    slopes = [D.astype(np.float32) for D in slopes]
    total, count = np.float32(0), 0
    for path in itertools.product(*(range(len(D)) for D in slopes)):
        factors = [D[j, i] for D, i, j in zip(slopes, (0,) + path, path)]
        total += np.prod(factors)
        count += len(factors) - 1
    return total, count
""",
        "edge-gradient": """\
def edge_gradient(w, b, x, y, l, j, k):
    w2, w3, b2, b3 = (p.astype(np.float32) for p in (w[2], w[3], b[2], b[3]))
    hidden = sigma(w2 @ x + b2)
    out = sigma(w3 @ hidden + b3)
    factors = [out[0] - y, bent(out[0])]
    if l == 3:
        factors += [hidden[k]]
    if l == 2:
        factors += [w3[0, j], bent(hidden[j]), x[k]]
    return np.prod(factors)
""",
        "weight-tensor": """\
def weight_tensor(a, d):
    return (np.eye(d)[:, :, np.newaxis] * a).astype(np.float32)
""",
        "seven-forward": """\
def seven_forward(w, x):
    w13, w23, w24, w35, w36, w46, w57, w67 = w.astype(np.float32)
    a1, a2 = x.astype(np.float32)
    z3, z4 = w13 * a1 + w23 * a2, w24 * a2
    a3, a4 = np.tanh(z3), np.tanh(z4)
    z5, z6 = w35 * a3, w36 * a3 + w46 * a4
    z7 = w57 * np.tanh(z5) + w67 * np.tanh(z6)
    return np.array([z3, z4, z5, z6, z7])
""",
        "seven-backward": """\
def seven_backward(w, x, z, t):
    w13, w23, w24, w35, w36, w46, w57, w67 = w.astype(np.float32)
    a = np.tanh(z.astype(np.float32))
    g3, g4, g5, g6, _ = 1 - a * a
    d7 = np.float32(-t if z[4] * t < 0 else 0)
    d5, d6 = d7 * w57 * g5, d7 * w67 * g6
    d3, d4 = (d5 * w35 + d6 * w36) * g3, d6 * w46 * g4
    into = np.array([d3, d3, d4, d5, d6, d6, d7, d7])
    out_of = np.array([x[0], x[1], x[1], a[0], a[0], a[1], a[2], a[3]])
    return np.array([d3, d4, d5, d6, d7]), into * out_of
""",
    },
    added={
        "unroll": """\
# my own helpers
def layers(w):
    return range(2, len(w))


def cut(theta, sizes):
    for m, n in zip(sizes[1:], sizes):
        yield theta[: m * n].reshape(m, n), theta[m * n : m * n + m]
        theta = theta[m * n + m :]


def far_apart(g, h):
    return np.sqrt(((g - h) ** 2).sum()) > 1e-6 * max(np.sqrt((g**2).sum()), np.sqrt((h**2).sum()))


def bent(a):
    return a * (1 - a)
"""
    },
)

LISTS = Answers(
    "right: lists and plain numbers",
    {
        **DIRECT.cells,
        "two-layers": """\
upper_slope = float((w3 * (w2 * x) ** 2) ** 2 - y) * (2 * w3 * (w2 * x) ** 2) * (w2 * x) ** 2
lower_slope = [((w3 * (w2 * x) ** 2) ** 2 - y) * (2 * w3 * (w2 * x) ** 2) * w3 * 2 * w2 * x * x]
""",
        "one-sided-gradient": """\
def one_sided_gradient(f, theta, h):
    slopes = []
    for i in range(len(theta)):
        moved = list(theta)
        moved[i] = moved[i] + h
        slopes.append((f(moved) - f(list(theta))) / h)
    return slopes
""",
        "two-sided-gradient": """\
def two_sided_gradient(f, theta, h):
    def at(i, step):
        return f([t + step if i == n else t for n, t in enumerate(theta)])

    return [(at(i, h) - at(i, -h)) / (2 * h) for i, _ in enumerate(theta)]
""",
        "unroll": """\
def unroll(w, b):
    theta = []
    for matrix, vector in zip(w, b):
        if matrix is not None:
            for row in matrix.tolist():
                theta.extend(row)
            theta.extend(vector.tolist())
    return theta
""",
        "roll": """\
def roll(theta, sizes):
    numbers = iter(theta.tolist())
    w, b = [None, None], [None, None]
    for below, here in zip(sizes[:-1], sizes[1:]):
        w.append([[next(numbers) for k in range(below)] for j in range(here)])
        b.append([next(numbers) for j in range(here)])
    return [w, b]
""",
        "checked-descent": """\
def checked_descent(gradient, measure, theta, eta, steps):
    g, m = gradient(theta), measure(theta)
    size = max(sum(v * v for v in g), sum(v * v for v in m)) ** 0.5
    gap = sum((u - v) ** 2 for u, v in zip(g, m)) ** 0.5
    if gap / size > 1e-6:
        steps = 0
    theta = list(theta)
    while steps > 0:
        theta = [t - eta * s for t, s in zip(theta, gradient(np.array(theta)))]
        steps -= 1
    return [theta, 2 * len(theta)]
""",
        "seven-forward": """\
import math


def seven_forward(w, x):
    z3 = w[0] * x[0] + w[1] * x[1]
    z4 = w[2] * x[1]
    z5 = w[3] * math.tanh(z3)
    z6 = w[4] * math.tanh(z3) + w[5] * math.tanh(z4)
    return [z3, z4, z5, z6, w[6] * math.tanh(z5) + w[7] * math.tanh(z6)]
""",
        "seven-backward": """\
def seven_backward(w, x, z, t):
    a = [math.tanh(v) for v in z]
    d7 = -t if z[4] * t < 0 else 0
    d6 = d7 * w[7] * (1 - a[3] ** 2)
    d5 = d7 * w[6] * (1 - a[2] ** 2)
    d4 = d6 * w[5] * (1 - a[1] ** 2)
    d3 = (d6 * w[4] + d5 * w[3]) * (1 - a[0] ** 2)
    dw = [d3 * x[0], d3 * x[1], d4 * x[1], d5 * a[0], d6 * a[0], d6 * a[1], d7 * a[2], d7 * a[3]]
    return [d3, d4, d5, d6, d7], dw
""",
    },
)

NOISY = Answers(
    "right: prints and warns",
    {
        **DIRECT.cells,
        "two-sided-gradient": """\
import sys
import warnings


def two_sided_gradient(f, theta, h):
    warnings.warn("this takes 2P evaluations")
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        e = np.zeros(len(theta))
        e[i] = 1
        slopes[i] = (f(theta + h * e) - f(theta - h * e)) / (2 * h)
        print("slope", i, "is", slopes[i], file=sys.stderr)
    return slopes
""",
        "checked-descent": """\
def checked_descent(gradient, measure, theta, eta, steps):
    g, g_hat = gradient(theta), measure(theta)
    r = np.linalg.norm(g - g_hat) / max(np.linalg.norm(g), np.linalg.norm(g_hat))
    print(f"relative error {r:.1e}")
    if r > 1e-6:
        print("this gradient is wrong, and I do not move", file=sys.stderr)
        return theta, 2 * len(theta)
    for step in range(steps):
        theta = theta - eta * gradient(theta)
        print(step, theta)
    return theta, 2 * len(theta)
""",
    },
)

RIGHT = (DIRECT, LOOPS, ARRAYS, FLOAT32, LISTS, NOISY)

# --------------------------------------------------------------------- one misconception at a time


def _slip(code: str, cell: str, source: str, test: str = "") -> Answers:
    return Answers(code, {cell: source}, fails={f"test-{test or cell}": code})


def _exchanged(code: str, cell: str, *pairs: tuple[str, str], test: str = "") -> Answers:
    """A right answer with some of its lines exchanged for others."""
    source = DIRECT.cells[cell]
    for line, other in pairs:
        assert line in source, f"{cell} has no {line!r}"
        source = source.replace(line, other)
    return _slip(code, cell, source, test)


UPPER = "upper_slope = (a3 - y) * 2 * z3 * a2"
LOWER = "lower_slope = (a3 - y) * 2 * z3 * w3 * 2 * z2 * x"


def _upper(code: str, formula: str) -> Answers:
    return _exchanged(code, "two-layers", (UPPER, f"upper_slope = {formula}"), test="upper-slope")


def _lower(code: str, formula: str) -> Answers:
    return _exchanged(code, "two-layers", (LOWER, f"lower_slope = {formula}"), test="lower-slope")


_BY_HAND = (
    _upper("M02", "(y - a3) * 2 * z3 * a2"),
    _upper("M03", "2 * (a3 - y) * 2 * z3 * a2"),
    _upper("M60", "(a3 - y) * a2"),
    _upper("M61", "2 * z3 * a2"),
    _upper("M11", "(a3 - y) * 2 * z3 * z2"),
    _upper("M26", "(a3 - y) * 2 * z3 * a3"),
    _lower("M02", "-(a3 - y) * 2 * z3 * w3 * 2 * z2 * x"),
    _lower("M03", "2 * (a3 - y) * 2 * z3 * w3 * 2 * z2 * x"),
    _lower("M60", "(a3 - y) * 2 * z3 * 2 * z2 * x"),
    _lower("M60", "(a3 - y) * w3 * 2 * z2 * x"),
    _lower("M61", "2 * z3 * w3 * 2 * z2 * x"),
)

_MEASURED = (
    _exchanged("M63", "one-sided-gradient", ("(f(moved) - f(theta)) / h", "f(moved) - f(theta)")),
    _slip(
        "M64",
        "one-sided-gradient",
        """\
def one_sided_gradient(f, theta, h):
    return (f(theta + h) - f(theta)) / h
""",
    ),
    _slip(
        "M64",
        "one-sided-gradient",
        """\
def one_sided_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        slopes[i] = (f(theta + h) - f(theta)) / h
    return slopes
""",
    ),
    _slip(
        "M30",
        "one-sided-gradient",
        """\
def one_sided_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    here = f(theta)
    for i in range(len(theta)):
        theta[i] += h
        slopes[i] = (f(theta) - here) / h
    return slopes
""",
    ),
    _slip(
        "M30",
        "one-sided-gradient",
        """\
def one_sided_gradient(f, theta, h):
    slopes = np.empty(len(theta))
    moved = theta.copy()
    for i in range(len(theta)):
        before = f(moved)
        moved[i] += h
        slopes[i] = (f(moved) - before) / h
    return slopes
""",
    ),
    _exchanged(
        "M28", "two-sided-gradient", ("(f(up) - f(down)) / (2 * h)", "(f(up) - f(theta)) / h")
    ),
    _exchanged("M29", "two-sided-gradient", ("/ (2 * h)", "/ h")),
    _exchanged("M63", "two-sided-gradient", ("(f(up) - f(down)) / (2 * h)", "f(up) - f(down)")),
    _slip(
        "M64",
        "two-sided-gradient",
        """\
def two_sided_gradient(f, theta, h):
    return (f(theta + h) - f(theta - h)) / (2 * h)
""",
    ),
    _slip(
        "M30",
        "two-sided-gradient",
        """\
def two_sided_gradient(f, theta, h):
    theta = theta.copy()
    slopes = np.empty(len(theta))
    for i in range(len(theta)):
        theta[i] += h
        up = f(theta)
        theta[i] -= 2 * h
        down = f(theta)
        slopes[i] = (up - down) / (2 * h)
    return slopes
""",
    ),
    _exchanged("M65", "unroll", (".flatten()", '.flatten(order="F")')),
    _slip(
        "M65",
        "unroll",
        """\
def unroll(w, b):
    return np.concatenate([p.ravel() for p in w[2:]] + [p.ravel() for p in b[2:]])
""",
    ),
    _exchanged("M65", "roll", ("sizes[l - 1])", 'sizes[l - 1], order="F")')),
    _slip(
        "M65",
        "roll",
        """\
def roll(theta, sizes):
    w, b = [None, None], [None, None]
    for l in range(1, len(sizes)):
        n = sizes[l]
        b.append(theta[:n])
        w.append(theta[n : n + n * sizes[l - 1]].reshape(n, sizes[l - 1]))
        theta = theta[n + n * sizes[l - 1] :]
    return w, b
""",
    ),
    _exchanged("M68", "checked-descent", ("theta - eta", "theta + eta")),
    _slip(
        "M66",
        "checked-descent",
        """\
def checked_descent(gradient, measure, theta, eta, steps):
    evaluations = 0
    for step in range(steps):
        g, g_hat = gradient(theta), measure(theta)
        evaluations += 2 * len(theta)
        if np.linalg.norm(g - g_hat) / max(np.linalg.norm(g), np.linalg.norm(g_hat)) > 1e-6:
            break
        theta = theta - eta * g
    return theta, evaluations
""",
    ),
    _slip(
        "M67",
        "checked-descent",
        """\
def checked_descent(gradient, measure, theta, eta, steps):
    for step in range(steps):
        theta = theta - eta * gradient(theta)
    return theta, 0
""",
    ),
    _exchanged(
        "M67",
        "checked-descent",
        (" / max(np.linalg.norm(g), np.linalg.norm(g_hat))", "  # how far apart they are"),
    ),
    _exchanged("M63", "complex-step-gradient", ("np.imag(f(moved)) / h", "np.imag(f(moved))")),
    _slip(
        "M64",
        "complex-step-gradient",
        """\
def complex_step_gradient(f, theta, h):
    return f(theta + 1j * h).imag / h
""",
    ),
)

_CHAINS = (
    _slip(
        "M62",
        "sum-over-paths",
        """\
def sum_over_paths(slopes):
    derivative, multiplications = 0.0, 0
    for path in itertools.product(*[range(D.shape[0]) for D in slopes]):
        term = slopes[0][path[0], 0]
        for n in range(1, len(slopes)):
            term += slopes[n][path[n], path[n - 1]]
            multiplications += 1
        derivative += term
    return derivative, multiplications
""",
    ),
    _exchanged("M27", "sum-over-paths", ("derivative += term", "derivative = term")),
    _exchanged("M60", "sum-over-paths", ("term = slopes[0][path[0], 0]", "term = 1.0")),
    _slip(
        "M08",
        "sum-over-paths",
        """\
def sum_over_paths(slopes):
    derivative, multiplications = 0.0, 0
    for path in itertools.product(*[range(D.shape[0]) for D in slopes[:-1]]):
        term = slopes[0][path[0], 0] * slopes[-1][0, path[-1]]
        multiplications += 1
        for n in range(1, len(path)):
            term = term * slopes[n][path[n - 1], path[n]]
            multiplications += 1
        derivative += term
    return derivative, multiplications
""",
    ),
    _slip(
        "M60",
        "factored",
        """\
def factored(slopes):
    back, multiplications = np.ones(len(slopes[-2])), 0
    for D in reversed(slopes[:-1]):
        back = D.T @ back
        multiplications += D.size
    return back[0], multiplications
""",
    ),
    _slip(
        "M27",
        "factored",
        """\
def factored(slopes):
    multiplications = 0
    back = slopes[-1][0]
    for D in reversed(slopes[:-1]):
        new = np.zeros(D.shape[1])
        for i in range(D.shape[1]):
            for j in range(D.shape[0]):
                new[i] = D[j, i] * back[j]
                multiplications += 1
        back = new
    return back[0], multiplications
""",
    ),
    _slip(
        "M08",
        "factored",
        """\
def factored(slopes):
    multiplications = 0
    back = slopes[-1][0]
    for D in slopes[-2:0:-1]:
        back = D @ back
        multiplications += D.size
    return back @ slopes[0][:, 0], multiplications + slopes[0].size
""",
    ),
    _exchanged("M02", "edge-gradient", ("(a_3 - y)", "(y - a_3)")),
    _exchanged("M03", "edge-gradient", ("(a_3 - y)", "2 * (a_3 - y)")),
    _exchanged("M61", "edge-gradient", ("(a_3 - y) * ", "")),
    _exchanged("M60", "edge-gradient", (" * sigma_prime(z_3)", "")),
    _exchanged("M60", "edge-gradient", (" * sigma_prime(z_2[j])", "")),
    _exchanged("M60", "edge-gradient", (" * w[3][0, j]", "")),
    _exchanged(
        "M04",
        "edge-gradient",
        ("sigma_prime(z_3)", "sigma_prime(a_3)"),
        ("sigma_prime(z_2[j])", "sigma_prime(a_2[j])"),
    ),
    _exchanged("M10", "edge-gradient", ("sigma_prime", "sigma")),
    _exchanged("M11", "edge-gradient", ("sigma_prime(z_3) * a_2[k]", "sigma_prime(z_3) * z_2[k]")),
    _exchanged(
        "M26",
        "edge-gradient",
        ("sigma_prime(z_3) * a_2[k]", "sigma_prime(z_3) * a_3"),
        ("* x[k]", "* a_2[j]"),
    ),
    _exchanged(
        "M12",
        "edge-gradient",
        ("a_2[k]", "a_2[j]"),
        ("w[3][0, j] * sigma_prime(z_2[j]) * x[k]", "w[3][0, k] * sigma_prime(z_2[k]) * x[j]"),
    ),
    _slip(
        "M11",
        "repaired-line",
        """\
def repaired_line(w, b, x, y):
    # line 4 is wrong?
    return w[2][0] @ x + b[2][0]
""",
    ),
    _slip(
        "M02",
        "repaired-line",
        """\
def repaired_line(w, b, x, y):
    a3 = sigma(w[3] @ sigma(w[2] @ x + b[2]) + b[3])
    return y - a3
""",
    ),
    _slip(
        "M03",
        "repaired-line",
        """\
def repaired_line(w, b, x, y):
    a3 = sigma(w[3] @ sigma(w[2] @ x + b[2]) + b[3])[0]
    return 2 * (a3 - y)
""",
    ),
    _slip(
        "M04",
        "repaired-line",
        """\
def repaired_line(w, b, x, y):
    a3 = sigma(w[3] @ sigma(w[2] @ x + b[2]) + b[3])[0]
    return sigma_prime(a3)
""",
    ),
    _exchanged("M69", "weight-tensor", ("if i == j:", "if True:")),
    _slip(
        "M12",
        "weight-tensor",
        """\
def weight_tensor(a, d):
    tensor = np.zeros((d, d, len(a)))
    for i in range(d):
        for j in range(d):
            for k in range(len(a)):
                if i == k:
                    tensor[i, j, k] = a[j]
    return tensor
""",
    ),
)

_SEVEN = (
    _exchanged(
        "M11",
        "seven-forward",
        ("w57 * np.tanh(z5) + w67 * np.tanh(z6)", "w57 * np.tanh(z5) + w67 * z6"),
    ),
    _exchanged("M11", "seven-forward", ("np.tanh(", "(")),
    _exchanged("M31", "seven-backward", ("d7 = 0.0", "d7 = -t")),
    _exchanged("M68", "seven-backward", ("d7 = -t", "d7 = t")),
    _exchanged(
        "M60",
        "seven-backward",
        (" * (1 - a6**2)", ""),
        (" * (1 - a5**2)", ""),
        (" * (1 - a4**2)", ""),
        (" * (1 - a3**2)", ""),
    ),
    _slip(
        "M24",
        "seven-backward",
        """\
def seven_backward(w, x, z, t):
    w13, w23, w24, w35, w36, w46, w57, w67 = w
    a1, a2 = x
    a3, a4, a5, a6 = np.tanh(z[:4])
    g3, g4, g5, g6 = 1 - np.tanh(z[:4]) ** 2
    d7 = -t if z[4] * t < 0 else 0.0
    d6, d5 = d7 * w67, d7 * w57
    d4 = d6 * g6 * w46
    d3 = d6 * g6 * w36 + d5 * g5 * w35
    dw = [d3 * g3 * a1, d3 * g3 * a2, d4 * g4 * a2, d5 * g5 * a3]
    dw += [d6 * g6 * a3, d6 * g6 * a4, d7 * a5, d7 * a6]
    return np.array([d3, d4, d5, d6, d7]), np.array(dw)
""",
    ),
    _exchanged(
        "M24",
        "seven-backward",
        ("d6 = d7 * w67 * (1 - a6**2)", "d6 = d7 * w67"),
        ("d5 = d7 * w57 * (1 - a5**2)", "d5 = d7 * w57"),
        ("d4 = d6 * w46 * (1 - a4**2)", "d4 = d6 * w46 * (1 - a6**2)"),
        (
            "d6 * w36 * (1 - a3**2) + d5 * w35 * (1 - a3**2)",
            "d6 * w36 * (1 - a6**2) + d5 * w35 * (1 - a5**2)",
        ),
    ),
    _exchanged(
        "M23",
        "seven-backward",
        ("d4 = d6 * w46 * (1 - a4**2)", "d4 = d6 * w46 * (1 - a6**2)"),
        (
            "d6 * w36 * (1 - a3**2) + d5 * w35 * (1 - a3**2)",
            "d6 * w36 * (1 - a6**2) + d5 * w35 * (1 - a5**2)",
        ),
    ),
    _exchanged(
        "M21",
        "seven-backward",
        ("d4 = d6 * w46 * (1 - a4**2)", "d4 = d6 * (1 - a6**2) * w46 * (1 - a4**2)"),
        (
            "d3 = d6 * w36 * (1 - a3**2) + d5 * w35 * (1 - a3**2)",
            "d3 = (d6 * (1 - a6**2) * w36 + d5 * (1 - a5**2) * w35) * (1 - a3**2)",
        ),
    ),
    _exchanged(
        "M27",
        "seven-backward",
        (
            "d3 = d6 * w36 * (1 - a3**2) + d5 * w35 * (1 - a3**2)",
            "d3 = d6 * w36 * (1 - a3**2)\n    d3 = d5 * w35 * (1 - a3**2)",
        ),
    ),
    _exchanged("M27", "seven-backward", (" + d5 * w35 * (1 - a3**2)", "")),
    _exchanged(
        "M11",
        "seven-backward",
        (
            "d5 * a3, d6 * a3, d6 * a4, d7 * a5, d7 * a6]",
            "d5 * z[0], d6 * z[0], d6 * z[1], d7 * z[2], d7 * z[3]]",
        ),
    ),
    _exchanged(
        "M26",
        "seven-backward",
        (
            "[d3 * a1, d3 * a2, d4 * a2, d5 * a3, d6 * a3, d6 * a4, d7 * a5, d7 * a6]",
            "[d3 * a3, d3 * a3, d4 * a4, d5 * a5, d6 * a6, d6 * a6, d7 * z[4], d7 * z[4]]",
        ),
    ),
)

SLIPS = _BY_HAND + _MEASURED + _CHAINS + _SEVEN

# ------------------------------------------------------------------------- unfinished and broken

NOT_IMPLEMENTED = "not implemented"
TESTS = (
    "upper-slope",
    "lower-slope",
    "one-sided-gradient",
    "two-sided-gradient",
    "unroll",
    "roll",
    "checked-descent",
    "sum-over-paths",
    "factored",
    "edge-gradient",
    "repaired-line",
    "weight-tensor",
    "seven-forward",
    "seven-backward",
    "complex-step-gradient",
)


def _broken(kind: str, cell: str, source: str, fails: str, test: str = "") -> Answers:
    return Answers(kind, {**DIRECT.cells, cell: source}, fails={f"test-{test or cell}": fails})


OTHERS = (
    Answers("blank", {}, fails={f"test-{test}": NOT_IMPLEMENTED for test in TESTS}),
    Answers(
        "half done",
        {cell: DIRECT.cells[cell] for cell in ("two-layers", "one-sided-gradient", "unroll")},
        fails={
            f"test-{test}": NOT_IMPLEMENTED
            for test in TESTS
            if test not in ("upper-slope", "lower-slope", "one-sided-gradient", "unroll")
        },
    ),
    _broken(
        "only the upper slope",
        "two-layers",
        """\
upper_slope = ((w3 * (w2 * x) ** 2) ** 2 - y) * 2 * w3 * (w2 * x) ** 2 * (w2 * x) ** 2
lower_slope = None
""",
        NOT_IMPLEMENTED,
        "lower-slope",
    ),
    _broken(
        "words by hand",
        "two-layers",
        DIRECT.cells["two-layers"] + 'upper_slope = "large"\n',
        "not an array",
        "upper-slope",
    ),
    _broken(
        "no return",
        "roll",
        DIRECT.cells["roll"].replace("    return w, b\n", ""),
        "returns None",
    ),
    _broken(
        "no None in front",
        "roll",
        DIRECT.cells["roll"].replace("[None, None]", "[]"),
        "wrong shape",
    ),
    _broken(
        "matrices the other way round",
        "roll",
        DIRECT.cells["roll"].replace("(sizes[l], sizes[l - 1])", "(sizes[l - 1], sizes[l])"),
        "wrong shape",
    ),
    _broken(
        "steps in place",
        "checked-descent",
        DIRECT.cells["checked-descent"].replace("theta = theta - eta *", "theta -= eta *"),
        "changes its input",
    ),
    _broken(
        "forgets the count",
        "factored",
        DIRECT.cells["factored"].replace("back[0, 0], multiplications", "back[0, 0]"),
        "wrong shape",
    ),
    _broken(
        "counts paths",
        "sum-over-paths",
        DIRECT.cells["sum-over-paths"]
        .replace("            multiplications += 1\n", "")
        .replace("derivative += term", "derivative += term\n        multiplications += 1"),
        "wrong value",
    ),
    _broken(
        "raises: NameError",
        "seven-backward",
        DIRECT.cells["seven-backward"].replace("np.tanh(z[:4])", "tanh(z[:4])"),
        "raises",
    ),
    _broken(
        "complex numbers into a real array",
        "complex-step-gradient",
        DIRECT.cells["complex-step-gradient"].replace("theta + 0j", "theta.copy()"),
        "wrong value",
    ),
    _broken(
        "divides by zero",
        "weight-tensor",
        DIRECT.cells["weight-tensor"].replace("= a[k]", "= a[k] / np.float64(i - j)"),
        "not finite",
    ),
    _broken(
        "the name is taken",
        "unroll",
        DIRECT.cells["unroll"]
        + "\n\nunroll = unroll([None, None, np.eye(2)], [None, None, np.ones(2)])",
        "not a function",
    ),
)
