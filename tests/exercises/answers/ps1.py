"""Made-up answers to problem set 1: right in several hands, one slip each, and unfinished."""

from bpkit.demo_answers import Answers

FIRST_PASS = "first_pass = [(-3, -2, 1), (-3, -2, 1), (-1, -1, 0)]\n"
B_OF_DIFFERENCE = "b_of_difference = -15\n"
FIGURE = """\
import matplotlib.pyplot as plt

mu_1, mu_2 = class_means(X_long, t_long)
w_m, b_m = nearest_mean_line(mu_1, mu_2)
w_p, b_p, _ = perceptron_algorithm(X_long, t_long, 1.0, 1000)
plt.scatter(X_long[:, 0], X_long[:, 1], c=t_long)
"""

# ------------------------------------------------------------------------------------- right hands

MATRIX = Answers(
    "right: matrix products",
    {
        "first-pass": FIRST_PASS,
        "predict": """\
def predict(X, w, b):
    return np.sign(X @ w + b)
""",
        "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    if np.sign(w @ x + b) != t:
        w = w + eta * t * x
        b = b + eta * t
    return w, b
""",
        "perceptron-algorithm": """\
def perceptron_algorithm(X, t, eta, max_passes):
    w, b = np.zeros(X.shape[1]), 0.0
    for passes in range(1, max_passes + 1):
        mistakes = 0
        for x_n, t_n in zip(X, t):
            if predict(x_n, w, b) != t_n:
                w, b = perceptron_update(w, b, x_n, t_n, eta)
                mistakes += 1
        if mistakes == 0:
            return w, b, passes
    return w, b, max_passes
""",
        "criterion-gradient": """\
def criterion_gradient(X, t, w, b):
    wrong = (X @ w + b) * t < 0
    return -(wrong * t) @ X / len(X), -(wrong * t).mean()
""",
        "b-of-difference": B_OF_DIFFERENCE,
        "hinge-loss": """\
def hinge_loss(z, t):
    return np.maximum(0, 1 - z * t)
""",
        "class-means": """\
def class_means(X, t):
    return X[t > 0].mean(axis=0), X[t < 0].mean(axis=0)
""",
        "nearest-mean": """\
def nearest_mean(X, mu_1, mu_2):
    return np.sign(((X - mu_2) ** 2).sum(axis=1) - ((X - mu_1) ** 2).sum(axis=1))
""",
        "nearest-mean-line": """\
def nearest_mean_line(mu_1, mu_2):
    return 2 * (mu_1 - mu_2), mu_2 @ mu_2 - mu_1 @ mu_1
""",
        "figure": FIGURE,
        "novikoff-bound": """\
def novikoff_bound(X, t, w, b):
    R_squared = (X ** 2).sum(axis=1).max() + 1
    gamma = (t * (X @ w + b)).min() / np.sqrt(w @ w + b ** 2)
    return R_squared / gamma ** 2
""",
    },
)

LOOPS = Answers(
    "right: loops",
    {
        "first-pass": """\
first_pass = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
first_pass[0] = [-3, -2, 1]
first_pass[1] = first_pass[0]
first_pass[2] = [-1, -1, 0]
""",
        "predict": """\
def predict(X, w, b):
    y = []
    for row in X:
        z = b
        for x_i, w_i in zip(row, w):
            z += x_i * w_i
        if z > 0:
            y.append(1)
        elif z < 0:
            y.append(-1)
        else:
            y.append(0)
    return y
""",
        "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    z = sum(w[i] * x[i] for i in range(len(x))) + b
    if z * t > 0:
        return w, b
    new = []
    for i in range(len(x)):
        new.append(w[i] + eta * t * x[i])
    return new, b + eta * t
""",
        "perceptron-algorithm": """\
def perceptron_algorithm(X, t, eta, max_passes):
    N, d = X.shape
    w, b = [0.0] * d, 0.0
    passes = 0
    while passes < max_passes:
        passes += 1
        clean = True
        for n in range(N):
            z = b
            for i in range(d):
                z += w[i] * X[n, i]
            if z * t[n] <= 0:
                clean = False
                for i in range(d):
                    w[i] += eta * t[n] * X[n, i]
                b += eta * t[n]
        if clean:
            break
    return w, b, passes
""",
        "criterion-gradient": """\
def criterion_gradient(X, t, w, b):
    dw, db = np.zeros_like(w), 0
    for x_n, t_n in zip(X, t):
        if (w @ x_n + b) * t_n < 0:
            dw -= t_n * x_n / len(X)
            db -= t_n / len(X)
    return dw, db
""",
        "b-of-difference": "b_of_difference = -(3 * 3 + 3 * 2)\n",
        "hinge-loss": """\
def hinge_loss(z, t):
    H = []
    for n in range(len(z)):
        H.append(max(0, 1 - z[n] * t[n]))
    return H
""",
        "class-means": """\
def class_means(X, t):
    sums = {1: np.zeros(X.shape[1]), -1: np.zeros(X.shape[1])}
    counts = {1: 0, -1: 0}
    for x_n, t_n in zip(X, t):
        sums[int(t_n)] += x_n
        counts[int(t_n)] += 1
    return sums[1] / counts[1], sums[-1] / counts[-1]
""",
        "nearest-mean": """\
def nearest_mean(X, mu_1, mu_2):
    y = np.zeros(len(X))
    for n, x in enumerate(X):
        d_1 = np.sqrt(sum((x - mu_1) ** 2))
        d_2 = np.sqrt(sum((x - mu_2) ** 2))
        if d_1 < d_2:
            y[n] = 1
        if d_2 < d_1:
            y[n] = -1
    return y
""",
        "nearest-mean-line": """\
def nearest_mean_line(mu_1, mu_2):
    w, b = [], 0
    for m_1, m_2 in zip(mu_1, mu_2):
        w.append(2 * m_1 - 2 * m_2)
        b = b + m_2 ** 2 - m_1 ** 2
    return w, b
""",
        "figure": FIGURE,
        "novikoff-bound": """\
def novikoff_bound(X, t, w, b):
    longest, smallest = 0, np.inf
    for x_n, t_n in zip(X, t):
        longest = max(longest, np.sqrt(x_n @ x_n + 1))
        smallest = min(smallest, t_n * (w @ x_n + b) / np.sqrt(w @ w + b * b))
    return (longest / smallest) ** 2
""",
    },
)

BIAS_AS_A_WEIGHT = Answers(
    "right: the bias as a weight, einsum",
    {
        "first-pass": """\
first_pass = np.array([[-3, -2, 1], [-3, -2, 1], [-1, -1, 0]])
""",
        "predict": """\
def predict(X, w, b):
    X_1 = np.column_stack([X, np.ones(len(X))])
    return np.sign(np.einsum("nd,d->n", X_1, np.append(w, b)))
""",
        "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    theta, x_1 = np.append(w, b), np.append(x, 1)
    if theta @ x_1 * t <= 0:
        theta += eta * t * x_1
    return theta[:-1], theta[-1]
""",
        "perceptron-algorithm": """\
def perceptron_algorithm(X, t, eta, max_passes):
    X_1 = np.c_[X, np.ones(len(X))]
    theta = np.zeros(X_1.shape[1])
    for passes in range(1, max_passes + 1):
        before = theta.copy()
        for n in range(len(X_1)):
            theta = theta + eta * t[n] * X_1[n] * (t[n] * (theta @ X_1[n]) <= 0)
        if (np.sign(X_1 @ before) == t).all():
            break
    return theta[:-1], theta[-1], passes
""",
        "criterion-gradient": """\
def criterion_gradient(X, t, w, b):
    X_1 = np.c_[X, np.ones(len(X))]
    on = (t * (X_1 @ np.append(w, b)) < 0).astype(float)
    grad = np.einsum("n,n,nd->d", on, -t, X_1) / len(X)
    return grad[:-1], grad[-1]
""",
        "b-of-difference": "b_of_difference = -(np.array([3, 3]) @ [3, 2])\n",
        "hinge-loss": """\
def hinge_loss(z, t):
    return np.einsum("n,n->n", 1 - z * t, (z * t < 1) * 1.0)
""",
        "class-means": """\
def class_means(X, t):
    plus = (t == 1).astype(float)
    return plus @ X / plus.sum(), (1 - plus) @ X / (1 - plus).sum()
""",
        "nearest-mean": """\
def nearest_mean(X, mu_1, mu_2):
    d_1 = np.einsum("nd,nd->n", X - mu_1, X - mu_1)
    d_2 = np.einsum("nd,nd->n", X - mu_2, X - mu_2)
    return (d_1 < d_2).astype(int) - (d_2 < d_1).astype(int)
""",
        "nearest-mean-line": """\
def nearest_mean_line(mu_1, mu_2):
    difference, total = mu_1 - mu_2, mu_1 + mu_2
    return 2 * difference, -np.einsum("d,d->", difference, total)
""",
        "figure": FIGURE,
        "novikoff-bound": """\
def novikoff_bound(X, t, w, b):
    X_1 = np.c_[X, np.ones(len(X))]
    theta = np.append(w, b)
    margins = np.einsum("n,nd,d->n", t, X_1, theta) / np.linalg.norm(theta)
    return np.einsum("nd,nd->n", X_1, X_1).max() / margins.min() ** 2
""",
    },
)

SINGLE_PRECISION = Answers(
    "right: float32",
    {
        "first-pass": """\
first_pass = np.array([[-3, -2, 1], [-3, -2, 1], [-1, -1, 0]], dtype=np.float32)
""",
        "predict": """\
def predict(X, w, b):
    z = np.float32(X) @ np.float32(w) + np.float32(b)
    return np.sign(z)
""",
        "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    w, b = np.array(w, dtype="float32"), np.float32(b)
    if np.sign(np.float32(x) @ w + b) == t:
        return w, b
    return w + np.float32(eta * t * x), b + np.float32(eta * t)
""",
        "perceptron-algorithm": """\
def perceptron_algorithm(X, t, eta, max_passes):
    X, t = X.astype("float32"), t.astype("float32")
    w, b = np.zeros(X.shape[1], dtype="float32"), np.float32(0)
    for passes in range(1, max_passes + 1):
        updates = 0
        for x_n, t_n in zip(X, t):
            if np.sign(x_n @ w + b) != t_n:
                w, b = w + np.float32(eta) * t_n * x_n, b + np.float32(eta) * t_n
                updates += 1
        if not updates:
            return w, b, passes
    return w, b, max_passes
""",
        "criterion-gradient": """\
def criterion_gradient(X, t, w, b):
    X, t, w = X.astype("float32"), t.astype("float32"), w.astype("float32")
    z = X @ w + np.float32(b)
    pull = np.where(z * t < 0, -t, np.float32(0))
    return (pull[:, None] * X).mean(axis=0), pull.mean()
""",
        "b-of-difference": "b_of_difference = np.float32(-15)\n",
        "hinge-loss": """\
def hinge_loss(z, t):
    return np.maximum(np.float32(0), 1 - np.float32(z) * np.float32(t))
""",
        "class-means": """\
def class_means(X, t):
    X = np.float32(X)
    return X[t == 1].mean(0), X[t == -1].mean(0)
""",
        "nearest-mean": """\
def nearest_mean(X, mu_1, mu_2):
    d_1 = np.linalg.norm(np.float32(X - mu_1), axis=1)
    d_2 = np.linalg.norm(np.float32(X - mu_2), axis=1)
    return np.sign(d_2 - d_1)
""",
        "nearest-mean-line": """\
def nearest_mean_line(mu_1, mu_2):
    m_1, m_2 = mu_1.astype("float32"), mu_2.astype("float32")
    return 2 * m_1 - 2 * m_2, np.linalg.norm(m_2) ** 2 - np.linalg.norm(m_1) ** 2
""",
        "figure": FIGURE,
        "novikoff-bound": """\
def novikoff_bound(X, t, w, b):
    X, w, b = np.float32(X), np.float32(w), np.float32(b)
    gamma = np.min(t * (X @ w + b)) / np.sqrt(w @ w + b * b)
    R = np.sqrt(np.max(np.sum(X * X, axis=1)) + 1)
    return np.float32((R / gamma) ** 2)
""",
    },
)

HELPERS = Answers(
    "right: helpers, and the long way round",
    {
        "first-pass": """\
rows = []
w_1, w_2, b = 0, 0, 0
for (x_1, x_2), t in [((-3, -2), 1), ((1, 1), -1), ((-2, -1), -1)]:
    if (w_1 * x_1 + w_2 * x_2 + b) * t <= 0:
        w_1, w_2, b = w_1 + t * x_1, w_2 + t * x_2, b + t
    rows.append((w_1, w_2, b))
first_pass = tuple(rows)
""",
        "predict": """\
def predict(X, w, b):
    return np.select([weighted_sum(X, w, b) > 0, weighted_sum(X, w, b) < 0], [1, -1], 0)
""",
        "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    mistake = predict(x[np.newaxis], w, b)[0] != t
    return w + mistake * eta * t * x, b + mistake * eta * t
""",
        "perceptron-algorithm": """\
def one_pass(X, t, w, b, eta):
    for n in range(len(X)):
        w, b = perceptron_update(w, b, X[n], t[n], eta)
    return w, b


def perceptron_algorithm(X, t, eta, max_passes):
    w, b = np.zeros(X.shape[1]), 0.0
    for passes in range(1, max_passes + 1):
        if np.array_equal(predict(X, w, b), t):
            return w, b, passes
        w, b = one_pass(X, t, w, b, eta)
    return w, b, max_passes
""",
        "criterion-gradient": """\
def criterion_gradient(X, t, w, b):
    mistakes = [(x, s) for x, s in zip(X, t) if s * weighted_sum(x, w, b) < 0]
    dw, db = np.zeros(len(w)), 0.0
    for x, s in mistakes:
        dw, db = dw - s * x, db - s
    return dw / len(t), db / len(t)
""",
        "b-of-difference": "b_of_difference = (-15.0,)\n",
        "hinge-loss": """\
def hinge_loss(z, t):
    room = z * t - 1
    return (abs(room) - room) / 2
""",
        "class-means": """\
def class_means(X, t):
    return [np.average(X, axis=0, weights=(t == label)) for label in (1, -1)]
""",
        "nearest-mean": """\
def nearest_mean(X, mu_1, mu_2):
    half_way = (mu_1 + mu_2) / 2
    return predict(X - half_way, mu_1 - mu_2, 0)
""",
        "nearest-mean-line": """\
def nearest_mean_line(mu_1, mu_2):
    def f(x):
        return np.sum((x - mu_2) ** 2) - np.sum((x - mu_1) ** 2)

    origin = np.zeros(len(mu_1))
    b = f(origin)
    w = np.array([f(e) - b for e in np.eye(len(mu_1))])
    return w, b
""",
        "figure": FIGURE,
        "novikoff-bound": """\
def novikoff_bound(X, t, w, b):
    length = lambda v: np.hypot.reduce(v, axis=-1)
    X_1 = np.insert(X, X.shape[1], 1, axis=1)
    u = np.array([*w, b]) / length(np.array([*w, b]))
    return np.square(length(X_1).max() / np.min(t * X_1.dot(u)))
""",
    },
    added={"predict": "def weighted_sum(X, w, b):\n    return np.dot(X, w) + b\n"},
)

RIGHT = (MATRIX, LOOPS, BIAS_AS_A_WEIGHT, SINGLE_PRECISION, HELPERS)

# ------------------------------------------------------------------------------ one slip each


def _slip(code: str, cell: str, source: str) -> Answers:
    return Answers(code, {cell: source}, fails={f"test-{cell}": code})


_BY_HAND = (
    _slip("M31", "first-pass", "first_pass = [(-3, -2, 1), (-4, -3, 0), (-2, -2, -1)]\n"),
    _slip("M32", "first-pass", "first_pass = [(-3, -2, 1), (-3, -2, 1), (-5, -3, 2)]\n"),
    _slip("M33", "first-pass", "first_pass = [(-3, -2, 0), (-3, -2, 0), (-1, -1, 0)]\n"),
    _slip("M34", "first-pass", "first_pass = [(3, 2, -1), (4, 3, 0), (4, 3, 0)]\n"),
    _slip("M50", "first-pass", "first_pass = [(0, 0, 0), (0, 0, 0), (0, 0, 0)]\n"),
    _slip("M58", "b-of-difference", "b_of_difference = 15\n"),
    _slip("M37", "b-of-difference", "b_of_difference = 1 - 15\n"),
)

_PREDICT = (
    _slip(
        "M50",
        "predict",
        """\
def predict(X, w, b):
    return np.where(X @ w + b >= 0, 1, -1)
""",
    ),
    _slip(
        "M50",
        "predict",
        """\
def predict(X, w, b):
    return np.array([1 if w @ x + b > 0 else -1 for x in X])
""",
    ),
    _slip(
        "M51",
        "predict",
        """\
def predict(X, w, b):
    return np.sign(X @ w)
""",
    ),
    _slip(
        "M52",
        "predict",
        """\
def predict(X, w, b):
    return X @ w + b
""",
    ),
    _slip(
        "M52",
        "predict",
        """\
def predict(X, w, b):
    return X @ w + b > 0
""",
    ),
)


def _in_update(code: str, exchanged: dict[str, str]) -> Answers:
    source = """\
def perceptron_update(w, b, x, t, eta):
    z = w @ x + b
    if np.sign(z) != t:
        w = w + eta * t * x
        b = b + eta * t
    return w, b
"""
    return _slip(code, "perceptron-update", _exchange(source, exchanged))


def _exchange(source: str, exchanged: dict[str, str]) -> str:
    for line, other in exchanged.items():
        assert line in source, line
        source = source.replace(line, other)
    return source


_UPDATE = (
    _in_update("M31", {"if np.sign(z) != t:": "if t != 0:"}),
    _in_update("M32", {"eta * t": "eta"}),
    _in_update("M32", {"eta * t * x": "eta * x"}),
    _in_update("M33", {"        b = b + eta * t\n": ""}),
    _in_update("M34", {"w + eta": "w - eta", "b + eta": "b - eta"}),
    _in_update("M50", {"np.sign(z) != t": "z * t < 0"}),
    _in_update("M50", {"np.sign(z)": "(1 if z >= 0 else -1)"}),
    _in_update("M51", {"z = w @ x + b": "z = w @ x"}),
    _in_update("M54", {"eta * t": "t"}),
    _in_update("M54", {"eta * t": "2 * eta * t"}),
)


INLINE_ALGORITHM = """\
def perceptron_algorithm(X, t, eta, max_passes):
    w, b = np.zeros(X.shape[1]), 0.0
    for passes in range(1, max_passes + 1):
        mistakes = 0
        for n in range(len(X)):
            z = w @ X[n] + b
            if np.sign(z) != t[n]:
                w = w + eta * t[n] * X[n]
                b = b + eta * t[n]
                mistakes += 1
        if mistakes == 0:
            return w, b, passes
    return w, b, max_passes
"""
"""A right answer in one piece; the slips below each exchange a line or two of it."""


def _in_algorithm(code: str, exchanged: dict[str, str]) -> Answers:
    return _slip(code, "perceptron-algorithm", _exchange(INLINE_ALGORITHM, exchanged))


_ALGORITHM = (
    _in_algorithm("M31", {"            if np.sign(z) != t[n]:": "            if True:"}),
    _in_algorithm(
        "M31",
        {
            "                w = w + eta": "                mistakes += 1\n            w = w + eta",
            "                b = b + eta * t[n]\n": "            b = b + eta * t[n]\n",
            "\n                mistakes += 1\n        if": "\n        if",
        },
    ),
    _in_algorithm("M32", {"eta * t[n]": "eta"}),
    _in_algorithm("M33", {"                b = b + eta * t[n]\n": ""}),
    _in_algorithm("M34", {"w + eta": "w - eta", "b + eta": "b - eta"}),
    _in_algorithm("M50", {"np.sign(z) != t[n]": "z * t[n] < 0"}),
    _in_algorithm("M50", {"np.sign(z)": "(1 if z >= 0 else -1)"}),
    _in_algorithm("M51", {"z = w @ X[n] + b": "z = w @ X[n]"}),
    _in_algorithm("M54", {"eta * t[n]": "t[n]"}),
    _in_algorithm("M55", {"        if mistakes == 0:\n            return": "        return"}),
    _in_algorithm(
        "M55",
        {
            "                mistakes += 1": "            else:\n                break",
            "        if mistakes == 0:\n            return": "        return",
        },
    ),
    _in_algorithm(
        "M56",
        {
            "        mistakes = 0\n": "        mistakes = 0\n        z = X @ w + b\n",
            "            z = w @ X[n] + b\n": "",
            "np.sign(z)": "np.sign(z[n])",
        },
    ),
    _in_algorithm("M57", {"return w, b, passes": "return w, b, passes - 1"}),
)


def _in_gradient(code: str, exchanged: dict[str, str]) -> Answers:
    source = """\
def criterion_gradient(X, t, w, b):
    dw, db = np.zeros(len(w)), 0.0
    for x_n, t_n in zip(X, t):
        z = w @ x_n + b
        if z * t_n < 0:
            dw = dw - t_n * x_n
            db = db - t_n
    return dw / len(X), db / len(X)
"""
    return _slip(code, "criterion-gradient", _exchange(source, exchanged))


_GRADIENT = (
    _in_gradient("M13", {" / len(X)": ""}),
    _in_gradient("M14", {"            db = db - t_n\n": ""}),
    _in_gradient("M31", {"if z * t_n < 0:": "if True:"}),
    _in_gradient("M32", {"dw - t_n * x_n": "dw - x_n", "db - t_n": "db - 1"}),
    _in_gradient("M32", {"if z * t_n < 0": "if z < 0"}),
    _in_gradient("M34", {"dw - t_n": "dw + t_n", "db - t_n": "db + t_n"}),
    _in_gradient("M37", {"if z * t_n < 0": "if 1 - z * t_n > 0"}),
    _in_gradient("M51", {"z = w @ x_n + b": "z = w @ x_n"}),
    _in_gradient("M53", {"if z * t_n < 0": "if np.sign(z) != t_n"}),
    _in_gradient(
        "M59",
        {
            "0.0\n": "0.0\n    count = 0\n",
            "db - t_n\n": "db - t_n\n            count += 1\n",
            "len(X)": "count",
        },
    ),
)

_REST = (
    _slip(
        "M37",
        "hinge-loss",
        """\
def hinge_loss(z, t):
    return np.maximum(0, -z * t)
""",
    ),
    _slip(
        "M32",
        "hinge-loss",
        """\
def hinge_loss(z, t):
    return np.maximum(0, 1 - z)
""",
    ),
    _slip(
        "M35",
        "class-means",
        """\
def class_means(X, t):
    mu_1 = X[t == -1].mean(axis=0)
    mu_2 = X[t == 1].mean(axis=0)
    return mu_1, mu_2
""",
    ),
    _slip(
        "M59",
        "class-means",
        """\
def class_means(X, t):
    N = len(X)
    return X[t == 1].sum(axis=0) / N, X[t == -1].sum(axis=0) / N
""",
    ),
    _slip(
        "M35",
        "nearest-mean",
        """\
def nearest_mean(X, mu_1, mu_2):
    from_1 = ((X - mu_1) ** 2).sum(axis=1)
    from_2 = ((X - mu_2) ** 2).sum(axis=1)
    return np.sign(from_1 - from_2)
""",
    ),
    _slip(
        "M50",
        "nearest-mean",
        """\
def nearest_mean(X, mu_1, mu_2):
    from_1 = np.linalg.norm(X - mu_1, axis=1)
    from_2 = np.linalg.norm(X - mu_2, axis=1)
    return np.where(from_1 < from_2, 1, -1)
""",
    ),
    _slip(
        "M51",
        "nearest-mean",
        """\
def nearest_mean(X, mu_1, mu_2):
    # more alike is nearer
    return np.sign(X @ mu_1 - X @ mu_2)
""",
    ),
    _slip(
        "M52",
        "nearest-mean",
        """\
def nearest_mean(X, mu_1, mu_2):
    return ((X - mu_2) ** 2).sum(axis=1) - ((X - mu_1) ** 2).sum(axis=1)
""",
    ),
    _slip(
        "M35",
        "nearest-mean-line",
        """\
def nearest_mean_line(mu_1, mu_2):
    return 2 * (mu_2 - mu_1), mu_2 @ mu_2 - mu_1 @ mu_1
""",
    ),
    _slip(
        "M36",
        "nearest-mean-line",
        """\
def nearest_mean_line(mu_1, mu_2):
    w = mu_1 - mu_2
    b = -w @ (mu_1 + mu_2) / 2
    return w, b
""",
    ),
    _slip(
        "M36",
        "nearest-mean-line",
        """\
def nearest_mean_line(mu_1, mu_2):
    return 2 * (mu_1 - mu_2), (mu_2 @ mu_2 - mu_1 @ mu_1) / 2
""",
    ),
    _slip(
        "M51",
        "nearest-mean-line",
        """\
def nearest_mean_line(mu_1, mu_2):
    return 2 * (mu_1 - mu_2), 0.0
""",
    ),
    _slip(
        "M58",
        "nearest-mean-line",
        """\
def nearest_mean_line(mu_1, mu_2):
    return 2 * (mu_1 - mu_2), (mu_1 ** 2).sum() - (mu_2 ** 2).sum()
""",
    ),
    _slip(
        "M51",
        "novikoff-bound",
        """\
def novikoff_bound(X, t, w, b):
    R = np.linalg.norm(X, axis=1).max()
    gamma = (t * (X @ w + b)).min() / np.linalg.norm(w)
    return (R / gamma) ** 2
""",
    ),
)

SLIPS = _BY_HAND + _PREDICT + _UPDATE + _ALGORITHM + _GRADIENT + _REST

# ------------------------------------------------------------------- unfinished and broken answers

BLANK = Answers(
    "blank",
    {},
    fails={
        f"test-{task}": "not implemented"
        for task in (
            "first-pass",
            "predict",
            "perceptron-update",
            "perceptron-algorithm",
            "criterion-gradient",
            "b-of-difference",
            "hinge-loss",
            "class-means",
            "nearest-mean",
            "nearest-mean-line",
            "novikoff-bound",
        )
    },
)


def _broken(kind: str, cell: str, source: str, told: str) -> Answers:
    return Answers(kind, {**MATRIX.cells, cell: source}, fails={f"test-{cell}": told})


OTHERS = (
    BLANK,
    Answers(
        "only the first half",
        {
            cell: MATRIX.cells[cell]
            for cell in ("first-pass", "predict", "perceptron-update", "perceptron-algorithm")
        },
        fails={
            f"test-{task}": "not implemented"
            for task in (
                "criterion-gradient",
                "b-of-difference",
                "hinge-loss",
                "class-means",
                "nearest-mean",
                "nearest-mean-line",
                "novikoff-bound",
            )
        },
    ),
    Answers(
        "wrong predict and update, right algorithm that calls them",
        {
            **MATRIX.cells,
            "predict": "def predict(X, w, b):\n    return np.where(X @ w + b >= 0, 1, -1)\n",
            "perceptron-update": """\
def perceptron_update(w, b, x, t, eta):
    if predict(x, w, b) != t:
        w, b = w + t * x, b + t
    return w, b
""",
        },
        fails={"test-predict": "M50", "test-perceptron-update": "M54"},
    ),
    _broken(
        "a row too few by hand",
        "first-pass",
        "first_pass = [(-3, -2, 1), (-1, -1, 0)]\n",
        "wrong shape",
    ),
    _broken(
        "a number forgotten by hand",
        "first-pass",
        "first_pass = [(-3, -2, 1), (-3, -2, 1), (-1, -1)]\n",
        "not an array",
    ),
    _broken(
        "writes into w",
        "perceptron-update",
        """\
def perceptron_update(w, b, x, t, eta):
    if np.sign(w @ x + b) != t:
        w += eta * t * x
        b += eta * t
    return w, b
""",
        "changes its input",
    ),
    _broken(
        "leaves b out of the answer",
        "perceptron-update",
        """\
def perceptron_update(w, b, x, t, eta):
    if np.sign(w @ x + b) != t:
        w = w + eta * t * x
        b = b + eta * t
    return w
""",
        "wrong shape",
    ),
    _broken(
        "prints, returns None",
        "class-means",
        "def class_means(X, t):\n    print(X[t > 0].mean(axis=0), X[t < 0].mean(axis=0))\n",
        "returns None",
    ),
    _broken(
        "a mean of everything",
        "class-means",
        "def class_means(X, t):\n    return X[t > 0].mean(), X[t < 0].mean()\n",
        "wrong shape",
    ),
    _broken(
        "raises: NameError",
        "perceptron-algorithm",
        INLINE_ALGORITHM.replace("mistakes = 0\n        for", "errors = 0\n        for"),
        "raises",
    ),
    _broken(
        "below zero",
        "hinge-loss",
        "def hinge_loss(z, t):\n    return 1 - z * t\n",
        "wrong value",
    ),
    _broken(
        "not squared",
        "novikoff-bound",
        MATRIX.cells["novikoff-bound"].replace("gamma ** 2", "gamma"),
        "wrong value",
    ),
)
