"""Made-up answers to problem set 4, with the numbers of variant 0 where they are worked by hand."""

from bpkit.demo_answers import Answers

WARM_UP = """\
softmax_by_hand = [20 / 40, 4 / 40, 16 / 40]
jacobian_by_hand = [
    [0.09, -0.06, -0.03],
    [-0.06, 0.24, -0.18],
    [-0.03, -0.18, 0.21],
]
"""

FIGURE = """\
figure, axes = plt.subplots()
for name, sigma, slope in [
    ("sigmoid", sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    ("tanh", np.tanh, tanh_prime),
    ("relu", lambda z: z * (z > 0), relu_prime),
]:
    z, a = forward(sigma)
    slopes = [None if z_l is None else slope(z_l) for z_l in z]
    lengths = delta_norms(w, slopes, (a[L] - Y) * slopes[L])
    axes.plot(np.arange(2, L + 1), lengths[2:], label=name)
axes.set_yscale("log")
axes.set_xlabel("layer")
axes.set_ylabel("|delta|")
axes.set_title("The sigmoid's deltas shrink by about 1/4 a layer")
axes.legend()
plt.show()
"""

MATRIX = Answers(
    "right: matrix products",
    {
        "warm-up": WARM_UP,
        "slopes": """\
def tanh_prime(z):
    return 1 - np.tanh(z) ** 2


def relu_prime(z):
    return np.where(z > 0, 1, 0)
""",
        "collapse": """\
def collapse(w, b):
    matrix, bias = w[2], b[2]
    for l in range(3, len(w)):
        matrix = w[l] @ matrix
        bias = w[l] @ bias + b[l]
    return matrix, bias
""",
        "softmax": """\
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_backward(p, g):
    return p * (g - np.sum(p * g, axis=1, keepdims=True))
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    p = softmax(z)
    return softmax_backward(p, p - y)


def delta_softmax_cross_entropy(z, y):
    return softmax(z) - y
""",
        "slide": """\
def mse_delta(z, y):
    a = sigmoid(z)
    return 2 * (a - y) * a * (1 - a) / z.shape[1]


def cross_entropy_as_meant(a, y):
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a), axis=1)
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    return np.sum(np.logaddexp(0, z) - y * z, axis=1)
""",
        "alive-share": """\
def alive_share(sigma, z):
    h = 1e-5
    slope = (sigma(z + h) - sigma(z - h)) / (2 * h)
    return (abs(slope) > 0.01).mean()
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    L = len(w) - 1
    norms = [None] * (L + 1)
    delta = delta_L
    for l in range(L, 1, -1):
        norms[l] = np.sqrt((delta**2).sum(axis=1).mean())
        if l > 2:
            delta = (delta @ w[l]) * slopes[l - 1]
    return norms
""",
        "delta-norms-figure": FIGURE,
        "challenge": """\
def cost_for_tanh(z, y):
    return (np.logaddexp(z, -z) - np.log(2) - y * z).sum(axis=1)
""",
    },
)

LOOPS = Answers(
    "right: loops",
    {
        "warm-up": """\
exponentials = [20, 4, 16]
softmax_by_hand = [e / sum(exponentials) for e in exponentials]
p = (0.1, 0.6, 0.3)
jacobian_by_hand = []
for i in range(3):
    jacobian_by_hand.append([])
    for j in range(3):
        if i == j:
            jacobian_by_hand[i].append(p[i] * (1 - p[i]))
        else:
            jacobian_by_hand[i].append(-p[i] * p[j])
""",
        "slopes": """\
def tanh_prime(z):
    slope = np.zeros_like(z)
    for n in range(z.shape[0]):
        for j in range(z.shape[1]):
            s, c = np.exp(z[n, j]) - np.exp(-z[n, j]), np.exp(z[n, j]) + np.exp(-z[n, j])
            slope[n, j] = (c * c - s * s) / (c * c)
    return slope


def relu_prime(z):
    slope = np.zeros_like(z)
    for n in range(z.shape[0]):
        for j in range(z.shape[1]):
            if z[n, j] > 0:
                slope[n, j] = 1
    return slope
""",
        "collapse": """\
def collapse(w, b):
    # what the network makes of 0 is the bias, of a unit vector a column more
    def network(x):
        for l in range(2, len(w)):
            x = w[l] @ x + b[l]
        return x

    d = w[2].shape[1]
    bias = network(np.zeros(d))
    columns = [network(np.eye(d)[k]) - bias for k in range(d)]
    return np.stack(columns, axis=1), bias
""",
        "softmax": """\
def softmax(z):
    p = np.empty(z.shape)
    for n, row in enumerate(z):
        largest = max(row)
        total = 0
        for j, z_j in enumerate(row):
            p[n, j] = np.exp(z_j - largest)
            total += p[n, j]
        p[n] /= total
    return p


def softmax_backward(p, g):
    delta = np.zeros_like(p)
    N, d = p.shape
    for n in range(N):
        for j in range(d):
            for i in range(d):
                if i == j:
                    delta[n, j] += g[n, i] * p[n, i] * (1 - p[n, i])
                else:
                    delta[n, j] -= g[n, i] * p[n, i] * p[n, j]
    return delta
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    p = softmax(z)
    delta = np.zeros_like(z)
    for n in range(len(z)):
        g = p[n] - y[n]
        delta[n] = p[n] * (g - np.dot(p[n], g))
    return delta


def delta_softmax_cross_entropy(z, y):
    delta = softmax(z)
    for n in range(len(z)):
        delta[n] -= y[n]
    return delta
""",
        "slide": """\
def mse_delta(z, y):
    N, n = z.shape
    delta = np.zeros((N, n))
    for k in range(N):
        for i in range(n):
            a = sigmoid(z[k, i])
            delta[k, i] = 2 / n * (a - y[k, i]) * a * (1 - a)
    return delta


def cross_entropy_as_meant(a, y):
    costs = []
    for a_row, y_row in zip(a, y):
        total = 0
        for a_i, y_i in zip(a_row, y_row):
            total -= y_i * np.log(a_i) + (1 - y_i) * np.log(1 - a_i)
        costs.append(total / len(a_row))
    return costs
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    costs = np.zeros(len(z))
    for n in range(z.shape[0]):
        for j in range(z.shape[1]):
            if z[n, j] > 0:
                softplus = z[n, j] + np.log(1 + np.exp(-z[n, j]))
            else:
                softplus = np.log(1 + np.exp(z[n, j]))
            costs[n] += softplus - y[n, j] * z[n, j]
    return costs
""",
        "alive-share": """\
def alive_share(sigma, z):
    alive = 0
    for z_j in z:
        slope = (sigma(z_j + 1e-5) - sigma(z_j - 1e-5)) / 2e-5
        if slope > 0.01 or slope < -0.01:
            alive += 1
    return alive / len(z)
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    L = len(w) - 1
    N = len(delta_L)
    squares = [None, None] + [0] * (L - 1)
    for n in range(N):
        delta = delta_L[n]
        squares[L] += delta @ delta
        for l in range(L - 1, 1, -1):
            delta = (w[l + 1].T @ delta) * slopes[l][n]
            squares[l] += delta @ delta
    return [None if s is None else (s / N) ** 0.5 for s in squares]
""",
        "challenge": """\
def cost_for_tanh(z, y):
    costs = []
    for z_row, y_row in zip(z, y):
        cost = 0
        for z_j, y_j in zip(z_row, y_row):
            size = abs(z_j)
            cost += size + np.log((1 + np.exp(-2 * size)) / 2) - y_j * z_j
        costs.append(cost)
    return np.array(costs)
""",
    },
)

EINSUM = Answers(
    "right: einsum and whole Jacobians",
    {
        "warm-up": """\
softmax_by_hand = np.array([20, 4, 16]) / 40
p = np.array([1, 6, 3]) / 10
jacobian_by_hand = np.diag(p) - np.outer(p, p)
""",
        "slopes": """\
def tanh_prime(z):
    return 1 / np.cosh(z) ** 2


def relu_prime(z):
    return np.heaviside(z, 0)
""",
        "collapse": """\
def collapse(w, b):
    # with one more row and column for the biases
    def with_bias(w_l, b_l):
        out = np.zeros((w_l.shape[0] + 1, w_l.shape[1] + 1))
        out[:-1, :-1], out[:-1, -1], out[-1, -1] = w_l, b_l, 1
        return out

    all_of_it = np.linalg.multi_dot([*(with_bias(w[l], b[l]) for l in range(len(w) - 1, 1, -1))])
    return all_of_it[:-1, :-1], all_of_it[:-1, -1]
""",
        "softmax": """\
def softmax(z):
    z = z - z.max(axis=-1)[:, None]
    return np.exp(z - np.log(np.exp(z).sum(axis=-1))[:, None])


def softmax_backward(p, g):
    jacobians = np.einsum("ni,ij->nij", p, np.eye(p.shape[1])) - np.einsum("ni,nj->nij", p, p)
    return np.einsum("ni,nij->nj", g, jacobians)
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    return softmax_backward(softmax(z), softmax(z) - y)


def delta_softmax_cross_entropy(z, y):
    p = softmax(z)
    return softmax_backward(p, -y / p)
""",
        "slide": """\
def mse_delta(z, y):
    a = sigmoid(z)
    return np.einsum("ki,ki,ki->ki", a - y, a, 1 - a) * 2 / y.shape[-1]


def cross_entropy_as_meant(a, y):
    total = np.einsum("ki,ki->k", y, np.log(a)) + np.einsum("ki,ki->k", 1 - y, np.log(1 - a))
    return -total / a.shape[-1]
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    return np.logaddexp(z, 0).sum(axis=-1) - np.einsum("nj,nj->n", y, z)
""",
        "alive-share": """\
def alive_share(sigma, z):
    low, high = sigma(np.stack([z - 1e-5, z + 1e-5]))
    return np.count_nonzero(np.abs(high - low) > 2e-7) / z.size
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    deltas = {len(w) - 1: delta_L}
    for l in range(len(w) - 2, 1, -1):
        deltas[l] = np.einsum("jk,nj,nk->nk", w[l + 1], deltas[l + 1], slopes[l])
    return [None, None] + [
        np.sqrt(np.einsum("nj,nj->", deltas[l], deltas[l]) / len(delta_L))
        for l in range(2, len(w))
    ]
""",
        "challenge": """\
def cost_for_tanh(z, y):
    # tanh z = 2 sigma(2 z) - 1, so half of the sigmoid's cost at 2 z, with labels (1 + y) / 2
    return (np.logaddexp(0, 2 * z) - z - np.log(2) - y * z).sum(axis=1)
""",
    },
)

FLOAT32 = Answers(
    "right: float32",
    {
        "warm-up": """\
softmax_by_hand = np.array([0.5, 0.1, 0.4], dtype=np.float32)
p = np.array([0.1, 0.6, 0.3], dtype=np.float32)
jacobian_by_hand = np.diag(p) - p[:, None] * p
""",
        "slopes": """\
def tanh_prime(z):
    a = np.tanh(z.astype(np.float32))
    return 1 - a * a


def relu_prime(z):
    return (z > 0).astype(np.float32)
""",
        "collapse": """\
def collapse(w, b):
    matrix, bias = w[2].astype(np.float32), b[2].astype(np.float32)
    for w_l, b_l in zip(w[3:], b[3:]):
        matrix, bias = np.dot(w_l, matrix), np.dot(w_l, bias) + b_l
    return matrix.astype(np.float32), bias.astype(np.float32)
""",
        "softmax": """\
def softmax(z):
    shifted = (z - z.max(axis=1, keepdims=True)).astype(np.float32)
    e = np.exp(shifted)
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(p, g):
    p, g = p.astype(np.float32), g.astype(np.float32)
    return p * g - p * (p * g).sum(axis=1, keepdims=True)
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    p = softmax(z).astype(np.float32)
    return softmax_backward(p, p - y.astype(np.float32))


def delta_softmax_cross_entropy(z, y):
    return softmax(z).astype(np.float32) - y.astype(np.float32)
""",
        "slide": """\
def mse_delta(z, y):
    a, n = sigmoid(z.astype(np.float32)), np.float32(z.shape[1])
    return 2 / n * (a - y.astype(np.float32)) * a * (1 - a)


def cross_entropy_as_meant(a, y):
    a, y = a.astype(np.float32), y.astype(np.float32)
    return -(y * np.log(a) + (1 - y) * np.log1p(-a)).mean(axis=1)
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    z, y = z.astype(np.float32), y.astype(np.float32)
    return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)
""",
        "alive-share": """\
def alive_share(sigma, z):
    h = np.float32(1e-5)
    slope = (sigma(z + h) - sigma(z - h)) / (2 * h)
    return np.float32(np.mean(slope**2 > 1e-4))
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    L, delta = len(w) - 1, delta_L.astype(np.float32)
    norms = [None] * L + [np.linalg.norm(delta) / np.sqrt(np.float32(len(delta)))]
    for l in range(L - 1, 1, -1):
        delta = np.dot(delta, w[l + 1].astype(np.float32)) * slopes[l].astype(np.float32)
        norms[l] = np.linalg.norm(delta) / np.sqrt(np.float32(len(delta)))
    return norms
""",
        "challenge": """\
def cost_for_tanh(z, y):
    z, y = z.astype(np.float32), y.astype(np.float32)
    size = np.abs(z)
    return (size + np.log1p(np.exp(-2 * size)) - np.log(np.float32(2)) - y * z).sum(axis=1)
""",
    },
)

HELPERS = Answers(
    "right: helper functions",
    {
        "warm-up": """\
softmax_by_hand = shares(20, 4, 16)
jacobian_by_hand = table(shares(1, 6, 3))
""",
        "slopes": """\
def tanh_prime(z):
    # tanh is a stretched sigmoid
    return 4 * slope_from(sigmoid(2 * z))


def relu_prime(z):
    slope = np.ones(z.shape)
    slope[z <= 0] = 0
    return slope
""",
        "collapse": """\
def collapse(w, b):
    if len(w) == 3:
        return w[2], b[2]
    matrix, bias = collapse(w[:-1], b[:-1])
    return w[-1] @ matrix, w[-1] @ bias + b[-1]
""",
        "softmax": """\
def softmax(z):
    return np.array([row_of_softmax(row) for row in z])


def softmax_backward(p, g):
    return np.array([g_n @ table(p_n) for p_n, g_n in zip(p, g)])
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    p = softmax(z)
    weighted = p * (p - y)
    return weighted - p * weighted.sum(axis=1)[:, np.newaxis]


def delta_softmax_cross_entropy(z, y):
    return -(y - softmax(z))
""",
        "slide": """\
def mse_delta(z, y):
    a = sigmoid(z)
    return (a - y) * slope_from(a) / (len(z.T) / 2)


def cross_entropy_as_meant(a, y):
    of_each_output = y * np.log(1 / a) + (1 - y) * np.log(1 / (1 - a))
    return of_each_output.mean(axis=-1)
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    return (y * softplus(-z) + (1 - y) * softplus(z)).sum(axis=1)
""",
        "alive-share": """\
def alive_share(sigma, z):
    return np.mean([abs(s) > 0.01 for s in slopes_of(sigma, z)])
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    deltas = [delta_L]
    for w_next, slope in zip(w[:2:-1], slopes[-2:1:-1]):
        deltas.insert(0, deltas[0] @ w_next * slope)
    return [None, None, *(np.sqrt(np.mean(np.sum(d * d, axis=1))) for d in deltas)]
""",
        "challenge": """\
def cost_for_tanh(z, y):
    return (softplus(2 * z) - z - softplus(0 * z) - y * z).sum(axis=1)
""",
    },
    added={
        "warm-up": """\
# my tools
def shares(*numbers):
    return np.array(numbers) / sum(numbers)


def table(p):
    return np.diag(p) - np.outer(p, p)


def row_of_softmax(row):
    e = np.exp(row - row.max())
    return e / e.sum()


def slope_from(a):
    return a * (1 - a)


def softplus(z):
    return np.where(z > 0, z, 0) + np.log(1 + np.exp(-abs(z)))


def slopes_of(f, z):
    return (f(z + 1e-5) - f(z - 1e-5)) / 2e-5
"""
    },
)

LISTS = Answers(
    "right: lists",
    {
        "warm-up": """\
softmax_by_hand = (1 / 2, 1 / 10, 2 / 5)
jacobian_by_hand = (
    (1 / 10 * 9 / 10, -1 / 10 * 6 / 10, -1 / 10 * 3 / 10),
    (-6 / 10 * 1 / 10, 6 / 10 * 4 / 10, -6 / 10 * 3 / 10),
    (-3 / 10 * 1 / 10, -3 / 10 * 6 / 10, 3 / 10 * 7 / 10),
)
""",
        "slopes": """\
import math


def tanh_prime(z):
    return [[1 - math.tanh(x) ** 2 for x in row] for row in z]


def relu_prime(z):
    return [[1 if x > 0 else 0 for x in row] for row in z]
""",
        "collapse": """\
def collapse(w, b):
    d = len(w[2][0])
    matrix = [[float(i == j) for j in range(d)] for i in range(d)]
    bias = [0] * d
    for w_l, b_l in zip(w[2:], b[2:]):
        matrix = [[sum(x * m[k] for x, m in zip(row, matrix)) for k in range(d)] for row in w_l]
        bias = [sum(x * c for x, c in zip(row, bias)) + b_j for row, b_j in zip(w_l, b_l)]
    return [matrix, bias]
""",
        "softmax": """\
def softmax(z):
    rows = []
    for row in z:
        e = [math.exp(x - max(row)) for x in row]
        rows.append([x / sum(e) for x in e])
    return rows


def softmax_backward(p, g):
    rows = []
    for p_row, g_row in zip(p, g):
        mean = sum(p_i * g_i for p_i, g_i in zip(p_row, g_row))
        rows.append([p_j * (g_j - mean) for p_j, g_j in zip(p_row, g_row)])
    return rows
""",
        "softmax-deltas": """\
def delta_softmax_quadratic(z, y):
    p = softmax(z)
    g = [[p_i - y_i for p_i, y_i in zip(p_row, y_row)] for p_row, y_row in zip(p, y)]
    return softmax_backward(p, g)


def delta_softmax_cross_entropy(z, y):
    return [[p - t for p, t in zip(p_row, y_row)] for p_row, y_row in zip(softmax(z), y)]
""",
        "slide": """\
def mse_delta(z, y):
    rows = []
    for z_row, y_row in zip(z, y):
        a_row = [1 / (1 + math.exp(-x)) for x in z_row]
        rows.append([2 * (a - t) * a * (1 - a) / len(a_row) for a, t in zip(a_row, y_row)])
    return rows


def cross_entropy_as_meant(a, y):
    return [
        -sum(t * math.log(x) + (1 - t) * math.log(1 - x) for x, t in zip(row, t_row)) / len(row)
        for row, t_row in zip(a, y)
    ]
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    return [
        sum(max(x, 0) + math.log1p(math.exp(-abs(x))) - t * x for x, t in zip(row, t_row))
        for row, t_row in zip(z, y)
    ]
""",
        "alive-share": """\
def alive_share(sigma, z):
    slopes = [(sigma(x + 1e-5) - sigma(x - 1e-5)) / 2e-5 for x in z]
    return len([s for s in slopes if abs(s) > 0.01]) / len(slopes)
""",
        "delta-norms": """\
def delta_norms(w, slopes, delta_L):
    L, deltas = len(w) - 1, [list(row) for row in delta_L]
    norms = {}
    for l in range(L, 1, -1):
        if l < L:
            deltas = [
                [s * sum(x * w_j[k] for x, w_j in zip(row, w[l + 1])) for k, s in enumerate(s_row)]
                for row, s_row in zip(deltas, slopes[l])
            ]
        norms[l] = math.sqrt(sum(x * x for row in deltas for x in row) / len(deltas))
    return [norms.get(l) for l in range(L + 1)]
""",
        "challenge": """\
def cost_for_tanh(z, y):
    def ln_cosh(x):
        return abs(x) + math.log1p(math.exp(-2 * abs(x))) - math.log(2)

    return [sum(ln_cosh(x) - t * x for x, t in zip(row, t_row)) for row, t_row in zip(z, y)]
""",
    },
)

NOISY = Answers(
    "right: prints and warns, no figure",
    {
        **{cell: source for cell, source in MATRIX.cells.items() if cell != "delta-norms-figure"},
        "slopes": """\
import sys
import warnings


def tanh_prime(z):
    warnings.warn("saturated far from 0")
    a = np.sinh(z) / np.cosh(z)
    return (1 - a) * (1 + a)


def relu_prime(z):
    print("kinks:", (z == 0).sum(), file=sys.stderr)
    return z > 0
""",
        "cross-entropy-from-z": """\
def cross_entropy_from_z(z, y):
    # both branches are computed: exp overflows in the one that is not taken
    return np.where(z > 30, z - y * z, np.log(1 + np.exp(z)) - y * z).sum(axis=1)
""",
    },
)

RIGHT = (MATRIX, LOOPS, EINSUM, FLOAT32, HELPERS, LISTS, NOISY)


# -------------------------------------------------------------------------------------- slips


def _slip(code: str, test: str, cell: str, *exchanged: tuple[str, str]) -> Answers:
    """The right cell with some of its lines exchanged."""
    source = MATRIX.cells[cell]
    for line, other in exchanged:
        assert line in source, (cell, line)
        source = source.replace(line, other)
    return Answers(code, {cell: source}, fails={f"test-{test}": code})


_WARM_UP = (
    _slip(
        "M72",
        "softmax-by-hand",
        "warm-up",
        ("[20 / 40, 4 / 40, 16 / 40]", "[20, 4, 16]"),
    ),
    _slip(
        "M72",
        "softmax-by-hand",
        "warm-up",
        ("[20 / 40, 4 / 40, 16 / 40]", "[20 / 21, 4 / 5, 16 / 17]"),
    ),
    _slip(
        "M06",
        "jacobian-by-hand",
        "warm-up",
        ("[0.09, -0.06, -0.03]", "[0.09, 0, 0]"),
        ("[-0.06, 0.24, -0.18]", "[0, 0.24, 0]"),
        ("[-0.03, -0.18, 0.21]", "[0, 0, 0.21]"),
    ),
    Answers(
        "M06",
        {
            "warm-up": """\
softmax_by_hand = [1 / 2, 1 / 10, 4 / 10]
jacobian_by_hand = [0.1 * 0.9, 0.6 * 0.4, 0.3 * 0.7]
"""
        },
        fails={"test-jacobian-by-hand": "M06"},
    ),
)

TANH = "return 1 - np.tanh(z) ** 2"
RELU = "return np.where(z > 0, 1, 0)"

_SLOPES = (
    _slip("M19", "tanh-prime", "slopes", (TANH, "return np.tanh(z) ** 2 - 1")),
    _slip("M10", "tanh-prime", "slopes", (TANH, "return np.tanh(z)")),
    _slip("M04", "tanh-prime", "slopes", (TANH, "a = np.tanh(z)\n    return 1 - np.tanh(a) ** 2")),
    _slip("M11", "tanh-prime", "slopes", (TANH, "return 1 - z * z")),
    _slip("M70", "relu-prime", "slopes", (RELU, "return np.where(z < 0, 0.0, 1.0)")),
    _slip("M70", "relu-prime", "slopes", (RELU, "return (1 + np.sign(z)) / 2")),
    _slip("M10", "relu-prime", "slopes", (RELU, "return np.maximum(0, z)")),
)

_COLLAPSE = (
    _slip("M73", "collapse", "collapse", ("w[l] @ matrix", "matrix @ w[l]")),
    _slip(
        "M73",
        "collapse",
        "collapse",
        ("w[l] @ matrix", "matrix @ w[l]"),
        ("w[l] @ bias", "bias @ w[l]"),
    ),
    _slip("M74", "collapse", "collapse", ("w[l] @ bias + b[l]", "bias + b[l]")),
    _slip("M74", "collapse", "collapse", ("w[l] @ bias + b[l]", "b[l]")),
)

SHARE = "e / np.sum(e, axis=1, keepdims=True)"
EXP = "np.exp(z - np.max(z, axis=1, keepdims=True))"
BACK = "p * (g - np.sum(p * g, axis=1, keepdims=True))"

_SOFTMAX = (
    _slip("M71", "softmax", "softmax", (SHARE, "e / np.sum(e, axis=0)")),
    _slip("M71", "softmax", "softmax", (SHARE, "e / e.sum()")),
    _slip("M71", "softmax", "softmax", (SHARE, "e / np.sum(e, axis=1)"), (EXP, "np.exp(z)")),
    _slip("M71", "softmax", "softmax", (SHARE, "e / np.sum(e, axis=0)"), (EXP, "np.exp(z)")),
    _slip("M72", "softmax", "softmax", (SHARE, "e")),
    _slip("M72", "softmax", "softmax", (EXP, "np.exp(-z)"), (SHARE, "1 / (1 + e)")),
    _slip("M06", "softmax-backward", "softmax", (BACK, "g * p * (1 - p)")),
    _slip("M71", "softmax-backward", "softmax", (BACK, "p * (g - np.sum(p * g))")),
    _slip("M71", "softmax-backward", "softmax", (BACK, "p * (g - (p * g).sum(axis=0))")),
    _slip("M71", "softmax-backward", "softmax", (BACK, "p * (g - np.sum(p * g, axis=1))")),
    _slip("M75", "softmax-backward", "softmax", (BACK, "p * (g - g.sum(axis=1)[:, None])")),
    _slip("M75", "softmax-backward", "softmax", (BACK, "p * (g - g.mean(axis=1)[:, None])")),
)

QUADRATIC = "return softmax_backward(p, p - y)"
CROSS_ENTROPY = "return softmax(z) - y"


def _delta(code: str, test: str, line: str, other: str) -> Answers:
    return _slip(code, f"delta-softmax-{test}", "softmax-deltas", (line, other))


_DELTAS = (
    _delta("M01", "quadratic", QUADRATIC, "return p - y"),
    _delta("M02", "quadratic", QUADRATIC, "return softmax_backward(p, y - p)"),
    _delta("M03", "quadratic", QUADRATIC, "return softmax_backward(p, 2 * (p - y))"),
    _delta("M04", "quadratic", QUADRATIC, "return softmax_backward(softmax(p), p - y)"),
    _delta("M06", "quadratic", QUADRATIC, "return (p - y) * p * (1 - p)"),
    _delta("M11", "quadratic", QUADRATIC, "return softmax_backward(p, z - y)"),
    _delta("M22", "quadratic", QUADRATIC, "return softmax_backward(p, (p - y) / len(z))"),
    _delta("M02", "cross-entropy", CROSS_ENTROPY, "return y - softmax(z)"),
    _delta(
        "M05",
        "cross-entropy",
        CROSS_ENTROPY,
        "p = softmax(z)\n    return (p - y) * p * (1 - p)",
    ),
    _delta(
        "M05",
        "cross-entropy",
        CROSS_ENTROPY,
        "p = softmax(z)\n    return softmax_backward(p, p - y)",
    ),
    _delta(
        "M06",
        "cross-entropy",
        CROSS_ENTROPY,
        "p = softmax(z)\n    return -y / p * p * (1 - p)",
    ),
    _delta("M11", "cross-entropy", CROSS_ENTROPY, "return z - y"),
    _delta("M22", "cross-entropy", CROSS_ENTROPY, "return (softmax(z) - y) / len(y)"),
    _delta("M76", "cross-entropy", CROSS_ENTROPY, "return -y / softmax(z) * 1"),
)

MSE = "return 2 * (a - y) * a * (1 - a) / z.shape[1]"
MEAN = "-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a), axis=1)"


def _mse(code: str, other: str) -> Answers:
    return _slip(code, "mse-delta", "slide", (MSE, other))


_SLIDE = (
    _mse("M78", "return (a - y) * a * (1 - a)"),
    _mse("M78", "return 2 * (a - y) * a * (1 - a)"),
    _mse("M78", "return (a - y) * a * (1 - a) / z.shape[1]"),
    _mse("M78", "return 2 / len(z) * (a - y) * a * (1 - a)"),
    _mse("M01", "return 2 * (a - y) / z.shape[1]"),
    _mse("M02", "return 2 * (y - a) * a * (1 - a) / z.shape[1]"),
    _mse("M04", "return 2 * (a - y) * sigmoid(a) * (1 - sigmoid(a)) / z.shape[1]"),
    _mse("M10", "return 2 * (a - y) * a / z.shape[1]"),
    _mse("M11", "return 2 * (z - y) * a * (1 - a) / z.shape[1]"),
    _mse("M22", "return 2 * (a - y) * a * (1 - a) / z.size"),
    _slip("M77", "cross-entropy-as-meant", "slide", (MEAN, MEAN[1:])),
    _slip("M78", "cross-entropy-as-meant", "slide", (MEAN, MEAN.replace("np.mean", "np.sum"))),
    _slip("M79", "cross-entropy-as-meant", "slide", (MEAN, "-np.mean(y * np.log(a), axis=1)")),
)

FROM_Z = "return np.sum(np.logaddexp(0, z) - y * z, axis=1)"
NORM = "delta = (delta @ w[l]) * slopes[l - 1]"

_COSTS_AND_NORMS = (
    _slip(
        "M77",
        "cross-entropy-from-z",
        "cross-entropy-from-z",
        (FROM_Z, "return np.sum(y * z - np.logaddexp(0, z), axis=1)"),
    ),
    _slip(
        "M79",
        "cross-entropy-from-z",
        "cross-entropy-from-z",
        (FROM_Z, "return np.sum(y * np.log(1 + np.exp(-z)), axis=1)"),
    ),
    _slip("M10", "alive-share", "alive-share", ("abs(slope)", "abs(sigma(z))")),
    _slip("M07", "delta-norms", "delta-norms", (NORM, "delta = delta @ w[l]")),
    _slip("M08", "delta-norms", "delta-norms", (NORM, "delta = (delta @ w[l].T) * slopes[l - 1]")),
    _slip(
        "M21",
        "delta-norms",
        "delta-norms",
        (NORM, "delta = ((delta * slopes[l]) @ w[l]) * slopes[l - 1]"),
    ),
    _slip("M23", "delta-norms", "delta-norms", (NORM, "delta = (delta @ w[l]) * slopes[l]")),
    _slip("M24", "delta-norms", "delta-norms", (NORM, "delta = (delta * slopes[l]) @ w[l]")),
    _slip(
        "M77",
        "cost-for-tanh",
        "challenge",
        ("(np.logaddexp(z, -z) - np.log(2) - y * z)", "(y * z + np.log(2) - np.logaddexp(z, -z))"),
    ),
)

SLIPS = _WARM_UP + _SLOPES + _COLLAPSE + _SOFTMAX + _DELTAS + _SLIDE + _COSTS_AND_NORMS


# ------------------------------------------------------- blank, unfinished, wrong in other ways

NOT_IMPLEMENTED = "not implemented"


def _other(kind: str, failure: str, test: str, cell: str, *exchanged: tuple[str, str]) -> Answers:
    changed = _slip(failure, test, cell, *exchanged)
    return Answers(kind, {**MATRIX.cells, **changed.cells}, fails=changed.fails)


OTHERS = (
    Answers(
        "blank",
        {},
        fails={
            f"test-{task}": NOT_IMPLEMENTED
            for task in (
                "softmax-by-hand",
                "jacobian-by-hand",
                "tanh-prime",
                "relu-prime",
                "collapse",
                "softmax",
                "softmax-backward",
                "delta-softmax-quadratic",
                "delta-softmax-cross-entropy",
                "mse-delta",
                "cross-entropy-as-meant",
                "cross-entropy-from-z",
                "alive-share",
                "delta-norms",
                "cost-for-tanh",
            )
        },
    ),
    Answers(
        "softmax is blank, what is built on it is not",
        {cell: source for cell, source in MATRIX.cells.items() if cell != "softmax"},
        fails={"test-softmax": NOT_IMPLEMENTED, "test-softmax-backward": NOT_IMPLEMENTED},
    ),
    _other(
        "half of the warm-up is done",
        NOT_IMPLEMENTED,
        "jacobian-by-hand",
        "warm-up",
        ("jacobian_by_hand = [", "jacobian_by_hand = None\nscribble = ["),
    ),
    _other(
        "softmax overflows",
        "not finite",
        "softmax",
        "softmax",
        (EXP, "np.exp(z)"),
    ),
    _other(
        "softmax is shifted by the largest z of the whole batch",
        "not finite",
        "softmax",
        "softmax",
        (EXP, "np.exp(z - z.max())"),
    ),
    _other(
        "the textbook's cross-entropy",
        "not finite",
        "cross-entropy-from-z",
        "cross-entropy-from-z",
        (
            FROM_Z,
            "a = sigmoid(z)\n    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1)",
        ),
    ),
    _other(
        "the cross-entropy with a clipped logarithm",
        "wrong value",
        "cross-entropy-from-z",
        "cross-entropy-from-z",
        (
            FROM_Z,
            "a = np.clip(sigmoid(z), 1e-12, 1 - 1e-12)\n"
            "    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1)",
        ),
    ),
    _other(
        "falling slopes are counted as dead",
        "wrong value",
        "alive-share",
        "alive-share",
        ("abs(slope)", "slope"),
    ),
    _other(
        "the dead are counted, not the living",
        "wrong value",
        "alive-share",
        "alive-share",
        ("abs(slope) >", "abs(slope) <="),
    ),
    _other(
        "raises: NameError",
        "raises",
        "mse-delta",
        "slide",
        ("a = sigmoid(z)", "a = logistic(z)"),
    ),
    _other(
        "prints, returns None",
        "returns None",
        "collapse",
        "collapse",
        ("return matrix, bias", "print(matrix, bias)"),
    ),
    _other(
        "changes its input",
        "changes its input",
        "softmax",
        "softmax",
        (EXP, "np.exp(z)"),
        ("    e = ", "    z -= z.max(axis=1, keepdims=True)\n    e = "),
    ),
    _other(
        "norms come from the top down",
        "wrong shape",
        "delta-norms",
        "delta-norms",
        ("norms = [None] * (L + 1)", "norms = []"),
        ("norms[l] = np.sqrt((delta**2).sum(axis=1).mean())", "norms.append(np.sum(delta**2))"),
    ),
    _other(
        "wrong shape",
        "wrong shape",
        "cross-entropy-as-meant",
        "slide",
        (", axis=1)", ", axis=0)"),
    ),
)
