"""Answers to problem set 6, as students might type them: right, with one slip, unfinished."""

from bpkit.demo_answers import Answers

# ------------------------------------------------------------------------------------------ right

WALKS = Answers(
    "right: walks",
    {
        "seven-deltas": """\
graph_delta_7 = 2 * (a[7] + 5) * 0.5
graph_deltas_5_6 = (2 * -2 * 2, 0.5 * -2 * 2)
graph_delta_3 = 0.5 * (-2 * -8 + -1 * -2)
""",
        "neuron-levels": """\
def neuron_levels(edges):
    level = {}
    for i, j in edges:
        level[i] = level[j] = 0
    for _ in level:
        for i, j in edges:
            level[j] = max(level[j], level[i] + 1)
    return level
""",
        "graph-forward": """\
def graph_forward(order, w, x):
    into, a = {}, {}
    for j in order:
        if j in x:
            a[j] = x[j]
            continue
        into[j] = 0.0
        for (i, k) in w:
            if k == j:
                into[j] = into[j] + w[i, j] * a[i]
        a[j] = np.tanh(into[j])
    return into, a
""",
        "graph-deltas": """\
def graph_deltas(order, w, a, y):
    delta = {}
    for j in order[::-1]:
        if j in y:
            delta[j] = 2 * (a[j] - y[j]) * (1 - a[j] ** 2)
        elif any(k == j for i, k in w):
            back = 0
            for (i, k), weight in w.items():
                if i == j:
                    back += weight * delta[k]
            delta[j] = back * (1 - a[j] ** 2)
    return delta
""",
        "parameter-gradients": """\
def parameter_gradients(names, a, delta):
    gradient = {}
    for (i, j), name in names.items():
        gradient[name] = gradient.get(name, 0) + delta[j] * a[i]
    return gradient
""",
        "batch-gradients": """\
def batch_gradients(names, a, delta):
    return {u: np.mean(g) for u, g in parameter_gradients(names, a, delta).items()}
""",
        "unbroadcast": """\
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis in range(len(shape)):
        if shape[axis] == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g
""",
        "vjp-multiply": """\
def vjp_multiply(g, x, y):
    return unbroadcast(g * y, np.shape(x)), unbroadcast(g * x, np.shape(y))
""",
        "vjp-matmul": """\
def vjp_matmul(g, x, y):
    return g @ y.T, x.T @ g
""",
        "tape-gradients": """\
def tape_gradients(tape, values):
    gradient = [np.zeros_like(v) for v in values]
    gradient[-1] = np.array(1.0)
    for n in reversed(range(len(tape))):
        operation, *at = tape[n]
        if operation == "input":
            continue
        shares = flows(gradient[n], operation, [values[k] for k in at])
        for k, share in zip(at, shares):
            gradient[k] = gradient[k] + share
    return gradient
""",
        "forward-mode": """\
def forward_mode(tape, values, direction):
    dot = list(direction)
    for n, (operation, *at) in enumerate(tape):
        v, d = [values[k] for k in at], [dot[k] for k in at]
        if operation == "add":
            dot[n] = d[0] + d[1]
        elif operation == "multiply":
            dot[n] = d[0] * v[1] + v[0] * d[1]
        elif operation == "matmul":
            dot[n] = d[0] @ v[1] + v[0] @ d[1]
        elif operation == "tanh":
            dot[n] = d[0] * (1 - values[n] ** 2)
        elif operation == "exp":
            dot[n] = d[0] * values[n]
        elif operation == "log":
            dot[n] = d[0] / v[0]
        elif operation == "sum":
            dot[n] = d[0].sum()
    return dot[-1]
""",
    },
)

SCATTER = Answers(
    "right: each neuron sends its delta back",
    {
        "seven-deltas": """\
slope = {j: 2 if into[j] > 0 else 1 / 2 for j in into}
D = {7: 2 * (a[7] - y) * slope[7]}
for j in (6, 5, 4, 3):
    D[j] = slope[j] * sum(w[i, k] * D[k] for i, k in w if i == j)
graph_delta_7 = D[7]
graph_deltas_5_6 = [D[5], D[6]]
graph_delta_3 = np.array(D[3])
""",
        "neuron-levels": """\
def neuron_levels(edges):
    # peel off, again and again, what nothing leads to any more
    left, level, n = set(edges), {}, 0
    neurons = {j for edge in edges for j in edge}
    while neurons:
        ready = neurons - {j for _, j in left}
        level.update(dict.fromkeys(ready, n))
        neurons -= ready
        left = {(i, j) for i, j in left if i not in ready}
        n += 1
    return level
""",
        "graph-forward": """\
def graph_forward(order, w, x):
    into = {j: 0 * sum(x.values()) for j in order if j not in x}
    a = {}
    for i in order:
        a[i] = x[i] if i in x else np.tanh(into[i])
        for (start, end), weight in w.items():
            if start == i:
                into[end] = into[end] + weight * a[i]
    return into, a
""",
        "graph-deltas": """\
def graph_deltas(order, w, a, y):
    arrived = {j: 0.0 for j in order}
    for j in y:
        arrived[j] = -2 * (y[j] - a[j])
    delta = {}
    for k in reversed(order):
        before = [i for i, end in w if end == k]
        if before:
            delta[k] = (1 - a[k] * a[k]) * arrived[k]
            for i in before:
                arrived[i] = arrived[i] + w[i, k] * delta[k]
    return delta
""",
        "parameter-gradients": """\
def parameter_gradients(names, a, delta):
    by_name = {}
    for edge in names:
        by_name.setdefault(names[edge], []).append(edge)
    return {u: sum(delta[j] * a[i] for i, j in edges) for u, edges in by_name.items()}
""",
        "batch-gradients": """\
def batch_gradients(names, a, delta):
    result = dict.fromkeys(names.values(), 0.0)
    for (i, j), u in names.items():
        result[u] += a[i] @ delta[j] / len(a[i])
    return result
""",
        "unbroadcast": """\
def unbroadcast(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(n for n, d in enumerate(padded) if d == 1 and g.shape[n] > 1)
    return g.sum(axis=axes).reshape(shape)
""",
        "vjp-multiply": """\
def vjp_multiply(g, x, y):
    dx = unbroadcast(np.multiply(g, y), x.shape)
    dy = unbroadcast(np.multiply(g, x), y.shape)
    return [dx, dy]
""",
        "vjp-matmul": """\
def vjp_matmul(g, x, y):
    dx = np.dot(y, g.T).T
    dy = np.dot(g.T, x).T
    return dx, dy
""",
        "tape-gradients": """\
def tape_gradients(tape, values):
    arrived = {len(tape) - 1: np.ones(())}
    for here in range(len(tape) - 1, -1, -1):
        operation, *positions = tape[here]
        if positions:
            got = flows(arrived[here], operation, [values[k] for k in positions])
            for k, share in zip(positions, got):
                arrived[k] = arrived.get(k, 0) + share
    return [arrived[here] for here in range(len(tape))]
""",
        "forward-mode": """\
def forward_mode(tape, values, direction):
    # the other walk knows the answer: the gradient times the direction
    gradient = tape_gradients(tape, values)
    pairs = [(g, d) for g, d in zip(gradient, direction) if d is not None]
    return sum(np.sum(g * d) for g, d in pairs)
""",
    },
)

RECURSIVE = Answers(
    "right: recursion with a memory",
    {
        **SCATTER.cells,
        "seven-deltas": """\
graph_delta_7 = 2
graph_deltas_5_6 = -8, -2
graph_delta_3 = 9
""",
        "neuron-levels": """\
def neuron_levels(edges):
    before = {}
    for i, j in edges:
        before.setdefault(i, set())
        before.setdefault(j, set()).add(i)
    known = {}

    def level(j):
        if j not in known:
            known[j] = 1 + max(map(level, before[j])) if before[j] else 0
        return known[j]

    return {j: level(j) for j in sorted(before)}
""",
        "graph-forward": """\
def graph_forward(order, w, x):
    a, into = dict(x), {}

    def activation(j):
        if j not in a:
            into[j] = sum(w[i, k] * activation(i) for i, k in w if k == j)
            a[j] = (math.exp(into[j]) - math.exp(-into[j])) / (
                math.exp(into[j]) + math.exp(-into[j])
            )
        return a[j]

    for j in order:
        activation(j)
    return into, a
""",
        "graph-deltas": """\
def graph_deltas(order, w, a, y):
    def dJ_da(j):
        if j in y:
            return 2 * (a[j] - y[j])
        return sum(w[i, k] * delta(k) for i, k in w if i == j)

    @functools.cache
    def delta(j):
        return dJ_da(j) * (1 - a[j]) * (1 + a[j])

    return {j: delta(j) for j in {k for _, k in w}}
""",
        "batch-gradients": """\
def batch_gradients(names, a, delta):
    B = len(next(iter(a.values())))
    total = {}
    for e in range(B):
        one = parameter_gradients(
            names, {j: a[j][e] for j in a}, {j: delta[j][e] for j in delta}
        )
        for u in one:
            total[u] = total.get(u, 0) + one[u] / B
    return total
""",
    },
    added={"neuron-levels": "import functools\nimport math\n"},
)

MATRICES = Answers(
    "right: matrices and einsum",
    {
        **WALKS.cells,
        "seven-deltas": """\
g7 = 0.5
graph_delta_7 = np.float32(-2 * (y - a[7]) * g7)
graph_deltas_5_6 = np.array([2, 0.5]) * np.array([w[5, 7], w[6, 7]]) * graph_delta_7
graph_delta_3 = 0.5 * np.array([w[3, 5], w[3, 6]]) @ graph_deltas_5_6
""",
        "neuron-levels": """\
def neuron_levels(edges):
    neurons = sorted({j for edge in edges for j in edge})
    A = np.zeros((len(neurons), len(neurons)), dtype=int)
    for i, j in edges:
        A[neurons.index(i), neurons.index(j)] = 1
    # a way of n edges ends at j if column j of A^n is not zero
    level, power = np.zeros(len(neurons), dtype=int), np.eye(len(neurons), dtype=int)
    for n in range(1, len(neurons)):
        power = power @ A
        level[power.any(axis=0)] = n
    return dict(zip(neurons, level))
""",
        "graph-forward": """\
def graph_forward(order, w, x):
    W = weight_matrix(order, w)
    a, into = np.zeros(len(order)), np.zeros(len(order))
    for n, j in enumerate(order):
        into[n] = W[:, n] @ a
        a[n] = x[j] if j in x else np.tanh(into[n])
    fed = {n: j for n, j in enumerate(order) if j not in x}
    return {j: into[n] for n, j in fed.items()}, dict(zip(order, a))
""",
        "graph-deltas": """\
def graph_deltas(order, w, a, y):
    W = weight_matrix(order, w)
    slope = np.array([1 - a[j] ** 2 for j in order])
    grad = np.array([2 * (a[j] - y[j]) if j in y else 0.0 for j in order])
    # delta = slope * (grad + W delta), solved at once
    delta = np.linalg.solve(np.eye(len(order)) - slope[:, None] * W, slope * grad)
    return {j: d for j, d, column in zip(order, delta, W.T) if column.any()}
""",
        "unbroadcast": """\
def unbroadcast(g, shape):
    letters = "abcdefgh"[: g.ndim]
    kept = "".join(
        letter
        for letter, d in zip(letters[::-1], tuple(shape)[::-1])
        if d != 1
    )[::-1]
    return np.einsum(f"{letters}->{kept}", g).reshape(shape)
""",
        "vjp-multiply": """\
def vjp_multiply(g, x, y):
    share = lambda other, mine: unbroadcast(np.einsum("...,...->...", g, other), mine.shape)
    return share(y, x), share(x, y)
""",
        "vjp-matmul": """\
def vjp_matmul(g, x, y):
    return np.einsum("np,mp->nm", g, y), np.einsum("nm,np->mp", x, g)
""",
    },
    added={
        "graph-forward": """\
def weight_matrix(order, w):
    W = np.zeros((len(order), len(order)))
    for (i, j), weight in w.items():
        W[order.index(i), order.index(j)] = weight
    return W
"""
    },
)

FLOAT32 = Answers(
    "right: float32",
    {
        **WALKS.cells,
        "graph-forward": """\
def graph_forward(order, w, x):
    into, a = {}, {}
    for j in order:
        if j in x:
            a[j] = np.float32(x[j])
        else:
            into[j] = sum(np.float32(w[i, k]) * a[i] for i, k in w if k == j)
            a[j] = np.tanh(into[j])
    return into, a
""",
        "graph-deltas": """\
def graph_deltas(order, w, a, y):
    a = {j: np.float32(a[j]) for j in a}
    delta = {}
    for j in reversed(order):
        if j in y:
            delta[j] = 2 * (a[j] - np.float32(y[j])) * (1 - a[j] ** 2)
        elif [i for i, k in w if k == j]:
            on = [np.float32(w[i, k]) * delta[k] for i, k in w if i == j]
            delta[j] = (1 - a[j] ** 2) * sum(on)
    return delta
""",
        "parameter-gradients": """\
def parameter_gradients(names, a, delta):
    gradient = dict.fromkeys(names.values(), np.float32(0))
    for (i, j), name in names.items():
        gradient[name] += np.float32(delta[j]) * np.float32(a[i])
    return gradient
""",
        "batch-gradients": """\
def batch_gradients(names, a, delta):
    gradient = dict.fromkeys(names.values(), np.float32(0))
    for (i, j), name in names.items():
        gradient[name] += (delta[j].astype("float32") * a[i].astype("float32")).mean()
    return gradient
""",
        "vjp-matmul": """\
def vjp_matmul(g, x, y):
    g, x, y = (array.astype(np.float32) for array in (g, x, y))
    return g.dot(y.transpose()), x.transpose().dot(g)
""",
        "tape-gradients": """\
def tape_gradients(tape, values):
    gradient = [np.zeros(v.shape, np.float32) for v in values]
    gradient[-1] += 1
    for n in range(len(tape))[::-1]:
        operation, *at = tape[n]
        if at:
            shares = flows(gradient[n], operation, tuple(values[k] for k in at))
            for k, share in zip(at, shares):
                gradient[k] = np.float32(gradient[k] + share)
    return gradient
""",
    },
)

NOISY = Answers(
    "right: prints and warns",
    {
        **WALKS.cells,
        "graph-deltas": """\
import sys
import warnings


def graph_deltas(order, w, a, y):
    warnings.warn("a label is far away")
    delta = {}
    for j in reversed(order):
        print("now", j, file=sys.stderr)
        if j in y:
            delta[j] = -2 * (y[j] - a[j]) * (1 - a[j] ** 2)
        else:
            delta[j] = (1 - a[j] ** 2) * sum(w[i, k] * delta[k] for i, k in w if i == j)
    fed = {k for _, k in w}
    return {j: delta[j] for j in delta if j in fed}
""",
        "tape-gradients": """\
def tape_gradients(tape, values):
    grads = [v * 0 for v in values]
    grads[-1] = grads[-1] + 1
    for op, here in reversed(list(zip(tape, range(len(tape))))):
        print(here, op)
        if len(op) > 1:
            for k, share in zip(op[1:], flows(grads[here], op[0], [values[k] for k in op[1:]])):
                grads[k] = grads[k] + share
    return grads
""",
    },
)

RIGHT = (WALKS, SCATTER, RECURSIVE, MATRICES, FLOAT32, NOISY)

# ------------------------------------------------------------------------------------------ slips


def _slip(code: str, cell: str, source: str, test: str | None = None) -> Answers:
    return Answers(code, {cell: source}, fails={f"test-{test or cell}": code})


def _exchanged(code: str, cell: str, pairs: dict[str, str], test: str | None = None) -> Answers:
    """The first right answer with some of its lines exchanged."""
    source = WALKS.cells[cell]
    for line, other in pairs.items():
        assert line in source, line
        source = source.replace(line, other)
    return _slip(code, cell, source, test)


BY_HAND = """\
slope_3, slope_5, slope_6, slope_7 = 0.5, 2, 0.5, 0.5
error = a[7] - y
graph_delta_7 = 2 * error * slope_7
delta_5 = slope_5 * w[5, 7] * graph_delta_7
delta_6 = slope_6 * w[6, 7] * graph_delta_7
graph_deltas_5_6 = (delta_5, delta_6)
graph_delta_3 = slope_3 * (w[3, 5] * delta_5 + w[3, 6] * delta_6)
"""
"""Right; the slips below exchange one line of it, and work on with what it gives."""


def _by_hand(code: str, test: str, line: str, other: str) -> Answers:
    [found] = [text for text in BY_HAND.splitlines() if text.startswith(f"{line} = ")]
    return _slip(code, "seven-deltas", BY_HAND.replace(found, f"{line} = {other}"), test)


def _middle(code: str, factor_5: str, factor_6: str) -> Answers:
    source = BY_HAND.replace("= slope_5 *", f"= {factor_5} *")
    source = source.replace("= slope_6 *", f"= {factor_6} *")
    return _slip(code, "seven-deltas", source, "graph-deltas-5-6")


_SEVEN = (
    _by_hand("M01", "graph-delta-7", "graph_delta_7", "2 * error"),
    _by_hand("M02", "graph-delta-7", "graph_delta_7", "-2 * error * slope_7"),
    _by_hand("M03", "graph-delta-7", "graph_delta_7", "error * slope_7"),
    _by_hand("M10", "graph-delta-7", "graph_delta_7", "2 * error * a[7]"),
    _middle("M07", "1", "1"),
    _middle("M10", "a[5]", "a[6]"),
    _middle("M24", "slope_7", "slope_7"),
    _middle("M21", "slope_5 * slope_7", "slope_6 * slope_7"),
    _by_hand("M27", "graph-delta-3", "graph_delta_3", "slope_3 * w[3, 6] * delta_6"),
    _by_hand("M07", "graph-delta-3", "graph_delta_3", "w[3, 5] * delta_5 + w[3, 6] * delta_6"),
    _by_hand(
        "M10", "graph-delta-3", "graph_delta_3", "a[3] * (w[3, 5] * delta_5 + w[3, 6] * delta_6)"
    ),
    _by_hand(
        "M24",
        "graph-delta-3",
        "graph_delta_3",
        "slope_5 * w[3, 5] * delta_5 + slope_6 * w[3, 6] * delta_6",
    ),
    _by_hand(
        "M21",
        "graph-delta-3",
        "graph_delta_3",
        "slope_3 * (slope_5 * w[3, 5] * delta_5 + slope_6 * w[3, 6] * delta_6)",
    ),
)

_GRAPH = (
    _slip(
        "M90",
        "neuron-levels",
        """\
def neuron_levels(edges):
    # a wave that starts at the inputs
    fed = {j for _, j in edges}
    wave, level, n = {i for i, _ in edges} - fed, {}, 0
    while wave:
        for j in wave:
            level[j] = n
        wave = {j for i, j in edges if i in wave and j not in level}
        n += 1
    return level
""",
    ),
    _exchanged(
        "M91",
        "neuron-levels",
        {
            "level[j] = max(level[j], level[i] + 1)": """\
level[i] = max(level[i], level[j] + 1)"""
        },
    ),
    _slip(
        "M92",
        "neuron-levels",
        """\
def neuron_levels(edges):
    level = {neuron: 0 for edge in edges for neuron in edge}
    for i, j in edges:
        level[j] = max(level[j], level[i] + 1)
    return level
""",
    ),
    _exchanged(
        "M94",
        "graph-forward",
        {"into[j] = into[j] + w[i, j] * a[i]": "into[j] = w[i, j] * a[i]"},
    ),
    _exchanged("M93", "graph-forward", {"np.tanh(into[j])": "into[j]"}),
    _exchanged("M93", "graph-forward", {"a[j] = x[j]": "a[j] = np.tanh(x[j])"}),
    _exchanged(
        "M01",
        "graph-deltas",
        {"2 * (a[j] - y[j]) * (1 - a[j] ** 2)": "2 * (a[j] - y[j])"},
    ),
    _exchanged("M02", "graph-deltas", {"(a[j] - y[j])": "(y[j] - a[j])"}),
    _exchanged("M03", "graph-deltas", {"2 * (a[j] - y[j])": "(a[j] - y[j])"}),
    _exchanged("M10", "graph-deltas", {"(1 - a[j] ** 2)": "a[j]"}),
    _exchanged("M10", "graph-deltas", {"back * (1 - a[j] ** 2)": "back * a[j]"}),
    _exchanged("M04", "graph-deltas", {"(1 - a[j] ** 2)": "(1 - np.tanh(a[j]) ** 2)"}),
    _exchanged("M07", "graph-deltas", {"back * (1 - a[j] ** 2)": "back"}),
    _exchanged(
        "M24",
        "graph-deltas",
        {
            "back * (1 - a[j] ** 2)": "back",
            "weight * delta[k]": "(1 - a[k] ** 2) * weight * delta[k]",
        },
    ),
    _exchanged("M21", "graph-deltas", {"weight * delta[k]": "weight * (1 - a[k] ** 2) * delta[k]"}),
    _exchanged("M27", "graph-deltas", {"back += weight": "back = weight"}),
    _exchanged(
        "M27",
        "parameter-gradients",
        {"gradient.get(name, 0) + delta[j] * a[i]": "delta[j] * a[i]"},
    ),
    _slip(
        "M95",
        "parameter-gradients",
        """\
def parameter_gradients(names, a, delta):
    terms = {}
    for (i, j), name in names.items():
        terms.setdefault(name, []).append(delta[j] * a[i])
    return {name: np.mean(values) for name, values in terms.items()}
""",
    ),
    _exchanged("M26", "parameter-gradients", {"delta[j] * a[i]": "delta[j] * a[j]"}),
    _exchanged("M13", "batch-gradients", {"np.mean(g)": "np.sum(g)"}),
    _slip(
        "M96",
        "batch-gradients",
        """\
def batch_gradients(names, a, delta):
    # one average example stands for the batch
    a = {j: a[j].mean() for j in a}
    delta = {j: delta[j].mean() for j in delta}
    return parameter_gradients(names, a, delta)
""",
    ),
    _slip(
        "M27",
        "batch-gradients",
        """\
def batch_gradients(names, a, delta):
    result = {}
    for (i, j), name in names.items():
        result[name] = np.mean(delta[j] * a[i])
    return result
""",
    ),
    _slip(
        "M95",
        "batch-gradients",
        """\
def batch_gradients(names, a, delta):
    result = {}
    for name in set(names.values()):
        uses = [edge for edge in names if names[edge] == name]
        result[name] = np.mean([delta[j] * a[i] for i, j in uses])
    return result
""",
    ),
    _exchanged("M22", "batch-gradients", {"np.mean(g)": "np.mean(g) / len(g)"}),
)

_TAPE = (
    _exchanged("M97", "unbroadcast", {"g.sum(": "g.mean("}),
    _slip(
        "M97",
        "unbroadcast",
        """\
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for axis, d in enumerate(shape):
        if d == 1:
            g = np.take(g, [0], axis=axis)
    return g
""",
    ),
    _exchanged("M98", "vjp-multiply", {"g * y": "0 * g + y", "g * x": "0 * g + x"}),
    _slip("M98", "vjp-multiply", "def vjp_multiply(g, x, y):\n    return y, x\n"),
    _slip(
        "M99",
        "vjp-multiply",
        """\
def vjp_multiply(g, x, y):
    return unbroadcast(g * x, x.shape), unbroadcast(g * y, y.shape)
""",
    ),
    _exchanged(
        "M98", "vjp-matmul", {"g @ y.T, x.T @ g": "np.ones(g.shape) @ y.T, x.T @ np.ones(g.shape)"}
    ),
    _exchanged("M99", "vjp-matmul", {"g @ y.T, x.T @ g": "g @ y, x @ g"}),
    _exchanged("M99", "vjp-matmul", {"g @ y.T, x.T @ g": "x.T @ g, g @ y.T"}),
    _exchanged("M27", "tape-gradients", {"gradient[k] + share": "share"}),
    _exchanged("M91", "tape-gradients", {"reversed(range(len(tape)))": "range(len(tape))"}),
    _exchanged(
        "M98",
        "tape-gradients",
        {"flows(gradient[n], operation": "flows(np.ones(values[n].shape), operation"},
    ),
    _exchanged(
        "M94", "forward-mode", {" + v[0] * d[1]": "", " + v[0] @ d[1]": "", "d[0] + d[1]": "d[0]"}
    ),
)

SLIPS = (*_SEVEN, *_GRAPH, *_TAPE)

# ----------------------------------------------------------------------------------------- others

FUNCTIONS = (
    "neuron-levels",
    "graph-forward",
    "graph-deltas",
    "parameter-gradients",
    "batch-gradients",
    "unbroadcast",
    "vjp-multiply",
    "vjp-matmul",
    "tape-gradients",
    "forward-mode",
)
STEPS = ("graph-delta-7", "graph-deltas-5-6", "graph-delta-3")


def _over_right(kind: str, cell: str, source: str, test: str, told: str) -> Answers:
    return Answers(kind, {**WALKS.cells, cell: source}, fails={test: told})


OTHERS = (
    Answers(
        "blank", {}, fails={f"test-{task}": "not implemented" for task in (*STEPS, *FUNCTIONS)}
    ),
    Answers(
        "gave up after the graph",
        {
            "seven-deltas": "graph_delta_7 = 2.0\ngraph_deltas_5_6 = None\ngraph_delta_3 = None\n",
            **{cell: WALKS.cells[cell] for cell in FUNCTIONS[:4]},
        },
        fails={
            f"test-{task}": "not implemented"
            for task in ("graph-deltas-5-6", "graph-delta-3", *FUNCTIONS[4:])
        },
    ),
    Answers(
        "the rules of the tape are blank, the walk is there",
        {
            cell: source
            for cell, source in WALKS.cells.items()
            if cell not in ("unbroadcast", "vjp-multiply", "vjp-matmul")
        },
        fails={
            f"test-{task}": "not implemented"
            for task in ("unbroadcast", "vjp-multiply", "vjp-matmul")
        },
    ),
    _over_right(
        "raises: KeyError at an input",
        "graph-deltas",
        WALKS.cells["graph-deltas"].replace("order[::-1]", "order"),
        "test-graph-deltas",
        "raises",
    ),
    _over_right(
        "raises: RecursionError",
        "neuron-levels",
        """\
def neuron_levels(edges):
    return neuron_levels(list(edges))
""",
        "test-neuron-levels",
        "raises",
    ),
    _over_right(
        "a list for a dictionary",
        "graph-deltas",
        WALKS.cells["graph-deltas"].replace("return delta", "return list(delta.values())"),
        "test-graph-deltas",
        "wrong shape",
    ),
    _over_right(
        "an entry is missing",
        "graph-forward",
        WALKS.cells["graph-forward"]
        .replace("a[j] = x[j]\n", "pass\n")
        .replace("* a[i]", "* {**x, **a}[i]"),
        "test-graph-forward",
        "wrong shape",
    ),
    _over_right(
        "one dictionary for two",
        "graph-forward",
        WALKS.cells["graph-forward"].replace("return into, a", "return a"),
        "test-graph-forward",
        "wrong shape",
    ),
    _over_right(
        "writes into the values",
        "tape-gradients",
        WALKS.cells["tape-gradients"].replace(
            "return gradient", "values[0] += 1\n    return gradient"
        ),
        "test-tape-gradients",
        "changes its input",
    ),
    _over_right(
        "adds a neuron to w",
        "graph-deltas",
        WALKS.cells["graph-deltas"].replace("return delta", "w[0, 1] = 1.0\n    return delta"),
        "test-graph-deltas",
        "changes its input",
    ),
    _over_right(
        "no broadcasting undone",
        "vjp-multiply",
        "def vjp_multiply(g, x, y):\n    return g * y, g * x\n",
        "test-vjp-multiply",
        "wrong shape",
    ),
    _over_right(
        "divides by zero",
        "unbroadcast",
        WALKS.cells["unbroadcast"].replace("return g", "return g / np.zeros(shape)"),
        "test-unbroadcast",
        "not finite",
    ),
    _over_right(
        "prints, returns None",
        "parameter-gradients",
        WALKS.cells["parameter-gradients"].replace("return gradient", "print(gradient)"),
        "test-parameter-gradients",
        "returns None",
    ),
)
