"""Answers to problem set 5 in many hands: right, with one slip each, and unfinished.

The numbers worked out by hand are those of variant 0, unless a hand lets Python do the sums.
"""

from bpkit.demo_answers import Answers

# ------------------------------------------------------------------------------------ right

VECTORS = Answers(
    "right: vectors",
    {
        "xor-output": "xor_output = (1, 1, -3 / 2)\n",
        "online-weights": "online_weights = [[2.9488, -2], [-3.24, -1]]\n",
        "batch-weights": "batch_weights = [-1.91, 2.03]\n",
        "xavier-weights": """\
def xavier_weights(n_in, n_out, u):
    epsilon = np.sqrt(6 / (n_in + n_out))
    return 2 * epsilon * u - epsilon
""",
        "sgd": """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    iterations = 0
    for epoch in range(epochs):
        order = permutation(N)
        for i in range(0, N, batch_size):
            theta = theta - gamma * gradient(theta, order[i:i + batch_size])
            iterations = iterations + 1
    return theta, iterations
""",
        "learning-rate": """\
def learning_rate(epoch, gamma, d, E):
    return gamma / (1 + d * max(0, epoch - E))
""",
        "momentum-step": """\
def momentum_step(theta, step, gradient, gamma, alpha):
    step = alpha * step - gamma * gradient
    return theta + step, step
""",
        "nesterov-step": """\
def nesterov_step(theta, n, gradient, gamma, alpha):
    n_new = alpha * n + gamma * gradient
    return theta + alpha * n - (1 + alpha) * n_new, n_new
""",
        "adagrad-step": """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    squares = squares + gradient**2
    rate = gamma / (np.sqrt(squares) + epsilon)
    return theta - rate * gradient, squares
""",
        "decayed-step": """\
def decayed_step(w, b, dw, db, gamma, l2):
    return (1 - 2 * gamma * l2) * w - gamma * dw, b - gamma * db
""",
        "best-lambda": """\
def best_lambda(lambdas, folds, cost_on):
    means = np.zeros(len(lambdas))
    for i, l2 in enumerate(lambdas):
        for f in range(len(folds)):
            rest = np.concatenate([folds[g] for g in range(len(folds)) if g != f])
            means[i] += cost_on(l2, rest, folds[f]) / len(folds)
    return means, lambdas[np.argmin(means)]
""",
        "look-ahead": """\
def look_ahead(theta, gradient, gamma, alpha, steps):
    phi, v = theta, 0 * theta
    path = [theta]
    for t in range(steps):
        v = alpha * v - gamma * gradient(phi + alpha * v)
        phi = phi + v
        path.append(phi + alpha * v)
    return np.array(path)
""",
    },
)

LOOPS = Answers(
    "right: loops over entries",
    {
        "xor-output": """\
# sums 1, 2, 2, 1: the threshold is 1.5
xor_output = [1, 1, -1.5]
""",
        "online-weights": """\
online_weights = w_2.astype(float)
delta_3 = (a_3 - 1) * a_3 * (1 - a_3)
for j in range(2):
    delta_2_j = w_3[j] * delta_3 * a_2[j] * (1 - a_2[j])
    for k, x_k in enumerate([1, 0]):
        online_weights[j, k] -= gamma * delta_2_j * x_k
""",
        "batch-weights": """\
batch_weights = []
for k in range(2):
    total = 0
    for n in range(4):
        total = total + batch_delta[n] * batch_a[n, k]
    batch_weights.append(batch_w[k] - batch_gamma * total / 4)
""",
        "xavier-weights": """\
def xavier_weights(n_in, n_out, u):
    w = np.zeros((n_out, n_in))
    eps = (6 / (n_in + n_out)) ** 0.5
    for j in range(n_out):
        for k in range(n_in):
            w[j, k] = -eps + 2 * eps * u[j, k]
    return w
""",
        "sgd": """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    theta = theta.copy()
    iterations = 0
    epoch = 0
    while epoch < epochs:
        waiting = list(permutation(N))
        while waiting:
            batch, waiting = waiting[:batch_size], waiting[batch_size:]
            g = gradient(theta, np.array(batch))
            for i in range(len(theta)):
                theta[i] -= gamma * g[i]
            iterations += 1
        epoch += 1
    return theta, iterations
""",
        "learning-rate": """\
def learning_rate(epoch, gamma, d, E):
    if epoch <= E:
        return gamma
    return gamma / (1 + d * (epoch - E))
""",
        "momentum-step": """\
def momentum_step(theta, step, gradient, gamma, alpha):
    new_theta, new_step = np.empty_like(theta), np.empty_like(theta)
    for i in np.ndindex(theta.shape):
        new_step[i] = -gamma * gradient[i] + alpha * step[i]
        new_theta[i] = theta[i] + new_step[i]
    return new_theta, new_step
""",
        "nesterov-step": """\
def nesterov_step(theta, n, gradient, gamma, alpha):
    new_theta, new_n = np.empty_like(theta), np.empty_like(theta)
    for i in np.ndindex(theta.shape):
        new_n[i] = alpha * n[i] + gamma * gradient[i]
        new_theta[i] = theta[i] + alpha * n[i] - (1 + alpha) * new_n[i]
    return new_theta, new_n
""",
        "adagrad-step": """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    theta, squares = theta.copy(), squares.copy()
    for i in np.ndindex(theta.shape):
        squares[i] += gradient[i] * gradient[i]
        theta[i] -= gamma / (squares[i] ** 0.5 + epsilon) * gradient[i]
    return theta, squares
""",
        "decayed-step": """\
def decayed_step(w, b, dw, db, gamma, l2):
    new_w, new_b = w.copy(), b.copy()
    for j in range(w.shape[0]):
        new_b[j] -= gamma * db[j]
        for k in range(w.shape[1]):
            new_w[j, k] -= gamma * (dw[j, k] + 2 * l2 * w[j, k])
    return new_w, new_b
""",
        "best-lambda": """\
def best_lambda(lambdas, folds, cost_on):
    means = []
    best, least = None, None
    for l2 in lambdas:
        total = 0
        for f in range(len(folds)):
            rest = []
            for g in range(len(folds)):
                if g != f:
                    rest.extend(folds[g])
            total += cost_on(l2, np.array(rest), folds[f])
        means.append(total / len(folds))
        if least is None or means[-1] < least:
            best, least = l2, means[-1]
    return means, best
""",
        "look-ahead": """\
def look_ahead(theta, gradient, gamma, alpha, steps):
    path = np.empty((steps + 1, len(theta)))
    path[0] = theta
    phi, v = theta.copy(), np.zeros(len(theta))
    for t in range(1, steps + 1):
        g = gradient(path[t - 1])
        for i in range(len(theta)):
            v[i] = alpha * v[i] - gamma * g[i]
            phi[i] += v[i]
            path[t, i] = phi[i] + alpha * v[i]
    return path
""",
    },
)

EINSUM = Answers(
    "right: einsum and array_split",
    {
        "xor-output": """\
fires = np.array([0, 1, 1, 0]) == 1
w = min(
    ((s, t) for s in (1, -1) for t in (1, -1)),
    key=lambda w: (h @ w)[~fires].max() - (h @ w)[fires].min(),
)
xor_output = np.array([*w, -((h @ w)[fires].min() + (h @ w)[~fires].max()) / 2])
""",
        "online-weights": """\
delta_3 = (a_3 - 1) * a_3 * (1 - a_3)
delta_2 = np.einsum("j,j,j->j", w_3, a_2, 1 - a_2) * delta_3
online_weights = w_2 - gamma * np.einsum("j,k->jk", delta_2, np.array([1.0, 0.0]))
""",
        "batch-weights": """\
votes = np.einsum("n,nk->nk", batch_delta, batch_a)
batch_weights = batch_w - batch_gamma * votes.mean(axis=0)
""",
        "xavier-weights": """\
def xavier_weights(n_in, n_out, u):
    return np.interp(u, [0, 1], [-1, 1]) * np.sqrt(3 * 2 / (n_in + n_out))
""",
        "sgd": """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    iterations = 0
    for _ in range(epochs):
        cuts = np.arange(batch_size, N, batch_size)
        for rows in np.array_split(permutation(N), cuts):
            theta = np.einsum("i->i", theta) - gamma * gradient(theta, rows)
            iterations += 1
    return theta, iterations
""",
        "learning-rate": """\
def learning_rate(epoch, gamma, d, E):
    return np.where(epoch > E, gamma / (1 + d * np.maximum(epoch - E, 0)), gamma)
""",
        "momentum-step": """\
def momentum_step(theta, step, gradient, gamma, alpha):
    new = np.einsum("s,s...->...", [alpha, -gamma], np.stack([step, gradient]))
    return np.add(theta, new), new
""",
        "nesterov-step": """\
def nesterov_step(theta, n, gradient, gamma, alpha):
    # both steps in one: alpha n - (1 + alpha)(alpha n + gamma g)
    moved = theta - alpha**2 * n - (1 + alpha) * gamma * gradient
    return moved, np.einsum("s,s...->...", [alpha, gamma], np.stack([n, gradient]))
""",
        "adagrad-step": """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    new = squares + np.einsum("...,...->...", gradient, gradient)
    return theta - np.divide(gamma * gradient, np.hypot(np.sqrt(squares), gradient) + epsilon), new
""",
        "decayed-step": """\
def decayed_step(w, b, dw, db, gamma, l2):
    theta, dJ = np.column_stack([b, w]), np.column_stack([db, dw + 2 * l2 * w])
    theta = theta - gamma * dJ
    return theta[:, 1:], theta[:, 0]
""",
        "best-lambda": """\
def best_lambda(lambdas, folds, cost_on):
    everyone = np.concatenate(folds)
    table = [[cost_on(l2, np.setdiff1d(everyone, f), f) for f in folds] for l2 in lambdas]
    means = np.einsum("lf->l", np.array(table)) / len(folds)
    return means, np.asarray(lambdas)[means.argmin()]
""",
        "look-ahead": """\
def look_ahead(theta, gradient, gamma, alpha, steps):
    path, n = [theta], np.zeros(theta.shape)
    for _ in range(steps):
        moved, n = nesterov_step(path[-1], n, gradient(path[-1]), gamma, alpha)
        path.append(moved)
    return np.stack(path)
""",
    },
)

FLOAT32 = Answers(
    "right: float32",
    {
        "xor-output": "xor_output = np.float32([1, 1, -1.5])\n",
        "online-weights": "online_weights = np.float32([[2.9488, -2], [-3.24, -1]])\n",
        "batch-weights": "batch_weights = np.float32([[-1.91, 2.03]])\n",
        "xavier-weights": """\
def xavier_weights(n_in, n_out, u):
    u = u.astype(np.float32)
    return (u - np.float32(0.5)) * np.float32(2 * np.sqrt(6 / (n_in + n_out)))
""",
        "sgd": """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    theta, count = theta.astype(np.float32), 0
    for _ in range(epochs):
        rows = permutation(N)
        for batch in (rows[i:i + batch_size] for i in range(0, N, batch_size)):
            theta = theta - np.float32(gamma) * np.float32(gradient(theta, batch))
            count += 1
    return theta, count
""",
        "learning-rate": """\
def learning_rate(epoch, gamma, d, E):
    return np.float32(gamma / (1 + d * (epoch - E) * (epoch > E)))
""",
        "momentum-step": """\
def momentum_step(theta, step, gradient, gamma, alpha):
    theta, step, gradient = np.float32(theta), np.float32(step), np.float32(gradient)
    step = np.float32(alpha) * step - np.float32(gamma) * gradient
    return theta + step, step
""",
        "nesterov-step": """\
def nesterov_step(theta, n, gradient, gamma, alpha):
    n, gradient = n.astype("float32"), gradient.astype("float32")
    new = alpha * n + gamma * gradient
    return theta.astype("float32") + alpha * n - (1 + alpha) * new, new
""",
        "adagrad-step": """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    g = np.float32(gradient)
    squares = np.float32(squares) + g * g
    return np.float32(theta) - np.float32(gamma) * g / (np.sqrt(squares) + epsilon), squares
""",
        "decayed-step": """\
def decayed_step(w, b, dw, db, gamma, l2):
    w, b = np.float32(w), np.float32(b)
    return w - gamma * np.float32(dw) - 2 * gamma * l2 * w, b - gamma * np.float32(db)
""",
        "best-lambda": """\
def best_lambda(lambdas, folds, cost_on):
    means = np.zeros(len(lambdas), dtype=np.float32)
    for i in range(len(lambdas)):
        costs = np.zeros(len(folds), dtype=np.float32)
        for f in range(len(folds)):
            costs[f] = cost_on(lambdas[i], np.hstack(folds[:f] + folds[f + 1:]), folds[f])
        means[i] = costs.mean()
    return means, np.float32(lambdas[int(means.argmin())])
""",
        "look-ahead": """\
def look_ahead(theta, gradient, gamma, alpha, steps):
    phi, v, path = np.float32(theta), np.float32(0 * theta), [np.float32(theta)]
    for _ in range(steps):
        v = alpha * v - gamma * np.float32(gradient(phi + alpha * v))
        phi = phi + v
        path.append(phi + alpha * v)
    return path
""",
    },
)

HELPERS = Answers(
    "right: helpers and one function for all",
    {
        "xor-output": "w_1, w_2, b = 1, 1, -1.5\nxor_output = w_1, w_2, b\n",
        "online-weights": """\
def slope(a):
    return a * (1 - a)


delta_3 = (a_3 - 1) * slope(a_3)
delta_2 = (w_3 * delta_3) * slope(a_2)
online_weights = w_2 + 0.0
online_weights[:, 0] -= gamma * delta_2  # x_2 = 0 keeps the second column
""",
        "batch-weights": "batch_weights = batch_w - 0.5 * sum(batch_a * batch_delta[:, None])\n",
        "xavier-weights": """\
def box(u, low, high):
    return low + (high - low) * u


def xavier_weights(n_in, n_out, u):
    variance = 2 / (n_in + n_out)
    return box(u, -np.sqrt(3 * variance), np.sqrt(3 * variance))
""",
        "sgd": """\
def batches(order, size):
    if len(order) == 0:
        return []
    return [order[:size]] + batches(order[size:], size)


def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    if epochs == 0:
        return theta, 0
    todo = batches(permutation(N), batch_size)
    for rows in todo:
        theta = theta - gamma * gradient(theta, rows)
    theta, iterations = sgd(theta, gradient, N, batch_size, gamma, epochs - 1, permutation)
    return theta, iterations + len(todo)
""",
        "learning-rate": """\
def learning_rate(epoch, gamma, d, E):
    over = [e for e in range(1, epoch + 1) if e > E]
    return gamma / (1 + d * len(over))
""",
        "momentum-step": """\
def descend(theta, velocity):
    return theta - velocity, velocity


def momentum_step(theta, step, gradient, gamma, alpha):
    theta, velocity = descend(theta, gamma * gradient - alpha * step)
    return [theta, -velocity]
""",
        "nesterov-step": """\
def nesterov_step(theta, n, gradient, gamma, alpha):
    # step back to phi, go there by ordinary momentum, and look ahead again
    phi, v = theta + alpha * n, -n
    phi, v = momentum_step(phi, v, gradient, gamma, alpha)
    return phi + alpha * v, -v
""",
        "adagrad-step": """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    def rate(s):
        return gamma * (np.sqrt(s) + epsilon) ** -1

    return theta - rate(squares + gradient**2) * gradient, squares + gradient**2
""",
        "decayed-step": """\
def descent(parameter, slope, gamma):
    return parameter - gamma * slope


def decayed_step(w, b, dw, db, gamma, l2):
    return descent(w, dw + l2 * (w + w), gamma), descent(b, db, gamma)
""",
        "best-lambda": """\
def mean_cost(l2, folds, cost_on):
    for f, held_out in enumerate(folds):
        yield cost_on(l2, [row for g in folds if g is not held_out for row in g], held_out)


def best_lambda(lambdas, folds, cost_on):
    means = {l2: sum(mean_cost(l2, folds, cost_on)) / len(folds) for l2 in lambdas}
    return list(means.values()), min(means, key=means.get)
""",
        "look-ahead": """\
def look_ahead(theta, gradient, gamma, alpha, steps):
    phi, v, path = theta, np.zeros_like(theta), []
    for _ in range(steps + 1):
        path.append(phi + alpha * v)
        phi, v = momentum_step(phi, v, gradient(path[-1]), gamma, alpha)
    return np.array(path)
""",
    },
)

RIGHT = (VECTORS, LOOPS, EINSUM, FLOAT32, HELPERS)

# ------------------------------------------------------------------------------------ slips


def _slip(code: str, cell: str, source: str) -> Answers:
    return Answers(code, {cell: source}, fails={f"test-{cell}": code})


def _exchanged(code: str, cell: str, line: str, other: str) -> Answers:
    """The first right answer with one piece of it exchanged."""
    source = VECTORS.cells[cell]
    assert source.count(line) == 1, (cell, line)
    return _slip(code, cell, source.replace(line, other))


ONLINE = """\
x = np.array([1, 0])
delta_3 = (a_3 - 1) * a_3 * (1 - a_3)
delta_2 = w_3 * delta_3 * a_2 * (1 - a_2)
online_weights = w_2 - gamma * np.outer(delta_2, x)
"""
"""A right answer, from which slips are made."""


def _online(code: str, line: str, other: str) -> Answers:
    assert ONLINE.count(line) == 1, line
    return _slip(code, "online-weights", ONLINE.replace(line, other))


_SGD_ONCE = """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    iterations = 0
    order = permutation(N)
    for epoch in range(epochs):
        for i in range(0, N, batch_size):
            theta = theta - gamma * gradient(theta, order[i:i + batch_size])
            iterations += 1
    return theta, iterations
"""

_SGD_REDRAWN = """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    iterations = 0
    for epoch in range(epochs):
        for i in range(int(np.ceil(N / batch_size))):
            batch = permutation(N)[:batch_size]
            theta = theta - gamma * gradient(theta, batch)
            iterations += 1
    return theta, iterations
"""

_BY_HAND = (
    _slip("M80", "xor-output", "xor_output = (1, 1, 1.5)\n"),
    _online("M01", "delta_3 = (a_3 - 1) * a_3 * (1 - a_3)", "delta_3 = a_3 - 1"),
    _online("M03", "delta_3 = (a_3 - 1)", "delta_3 = 2 * (a_3 - 1)"),
    _online("M03", "delta_3 = (a_3 - 1)", "delta_3 = (a_3 - 1) / 2"),
    _online("M07", "delta_2 = w_3 * delta_3 * a_2 * (1 - a_2)", "delta_2 = w_3 * delta_3"),
    _online("M09", "delta_2 = w_3 *", "delta_2 = (w_3 - gamma * delta_3 * a_2) *"),
    _online("M12", "np.outer(delta_2, x)", "np.outer(x, delta_2)"),
    _online("M26", "np.outer(delta_2, x)", "np.outer(delta_2, a_2)"),
    _online("M81", "w_2 - gamma", "w_2 + gamma"),
    _slip("M13", "batch-weights", "batch_weights = batch_w - 2 * (batch_delta @ batch_a)\n"),
    _slip("M81", "batch-weights", "batch_weights = batch_w + 2 / 4 * (batch_delta @ batch_a)\n"),
)

_WEIGHTS_AND_BATCHES = (
    _exchanged("M82", "xavier-weights", "2 * epsilon * u - epsilon", "epsilon * u"),
    _exchanged("M82", "xavier-weights", "2 * epsilon * u - epsilon", "epsilon * (u - 0.5)"),
    _exchanged("M82", "xavier-weights", "np.sqrt(6 / (n_in + n_out))", "2 / (n_in + n_out)"),
    _exchanged("M82", "xavier-weights", "np.sqrt(6 /", "np.sqrt(2 /"),
    _exchanged("M82", "xavier-weights", "np.sqrt(6 / (n_in + n_out))", "6 / (n_in + n_out)"),
    _exchanged("M82", "xavier-weights", "np.sqrt(6 / (n_in + n_out))", "6**0.5 / (n_in + n_out)"),
    _exchanged("M82", "xavier-weights", "6 / (n_in + n_out)", "6 / n_in"),
    _exchanged("M82", "xavier-weights", "6 / (n_in + n_out)", "3 / n_in"),
    _exchanged("M82", "xavier-weights", "6 / (n_in + n_out)", "6 / n_out"),
    _exchanged("M82", "xavier-weights", "6 / (n_in + n_out)", "3 / n_out"),
    _slip(
        "M22",
        "sgd",
        """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    iterations = 0
    for epoch in range(epochs):
        order = permutation(N)
        for i in range(0, N, batch_size):
            B = order[i:i + batch_size]
            theta = theta - gamma / len(B) * gradient(theta, B)
            iterations += 1
    return theta, iterations
""",
    ),
    _slip("M42", "sgd", _SGD_ONCE),
    _exchanged("M81", "sgd", "theta - gamma", "theta + gamma"),
    _exchanged("M84", "sgd", "range(0, N, batch_size)", "range(0, N - batch_size + 1, batch_size)"),
    _exchanged("M85", "sgd", "order = permutation(N)", "order = np.arange(N)"),
    _slip("M85", "sgd", _SGD_REDRAWN),
)

_RATES = (
    _exchanged("M86", "learning-rate", "max(0, epoch - E)", "(epoch - 1)"),
    _exchanged("M86", "learning-rate", "max(0, epoch - E)", "(epoch - E)"),
    _exchanged("M86", "learning-rate", "max(0, epoch - E)", "epoch"),
    _exchanged("M86", "learning-rate", "max(0, epoch - E)", "max(0, epoch - E - 1)"),
    _exchanged("M86", "learning-rate", "max(0, epoch - E)", "max(0, epoch - E + 1)"),
    _slip(
        "M86",
        "learning-rate",
        """\
def learning_rate(epoch, gamma, d, E):
    if epoch <= E:
        return gamma
    return gamma / (1 + d * epoch)
""",
    ),
    _slip(
        "M86",
        "learning-rate",
        """\
def learning_rate(epoch, gamma, d, E):
    if epoch <= E:
        return gamma
    else:
        return gamma / (1 + d * (epoch - 1))
""",
    ),
)

_STEPS = (
    _exchanged("M38", "momentum-step", "alpha * step - gamma", "alpha * step + gamma"),
    _exchanged("M38", "momentum-step", "alpha * step - gamma", "-alpha * step - gamma"),
    _exchanged("M38", "momentum-step", "theta + step", "theta - step"),
    _exchanged("M39", "momentum-step", "alpha * step - gamma", "-gamma"),
    _exchanged(
        "M39", "momentum-step", "alpha * step - gamma * gradient", "alpha * 0 - gamma * gradient"
    ),
    _slip(
        "M39",
        "momentum-step",
        """\
def momentum_step(theta, step, gradient, gamma, alpha):
    return theta + alpha * step - gamma * gradient, step
""",
    ),
    _exchanged("M83", "momentum-step", "- gamma *", "- (1 - alpha) * gamma *"),
    _exchanged(
        "M83",
        "momentum-step",
        "alpha * step - gamma * gradient",
        "alpha * (step - gamma * gradient)",
    ),
    _exchanged("M83", "momentum-step", "alpha * step", "step"),
    _slip(
        "M83",
        "momentum-step",
        """\
def momentum_step(theta, step, gradient, gamma, alpha):
    step = alpha * step - gradient
    return theta + gamma * step, step
""",
    ),
    _exchanged("M38", "nesterov-step", "alpha * n + gamma", "alpha * n - gamma"),
    _exchanged(
        "M38",
        "nesterov-step",
        "theta + alpha * n - (1 + alpha) * n_new",
        "theta - alpha * n + (1 + alpha) * n_new",
    ),
    _exchanged("M39", "nesterov-step", "alpha * n + gamma", "gamma"),
    _exchanged("M39", "nesterov-step", "* n_new, n_new", "* n_new, n"),
    _exchanged("M40", "nesterov-step", "theta + alpha * n - (1 + alpha) * n_new", "theta - n_new"),
    _exchanged(
        "M83",
        "nesterov-step",
        "alpha * n - (1 + alpha) * n_new",
        "alpha * n_new - (1 + alpha) * n",
    ),
    _exchanged("M83", "nesterov-step", "(1 + alpha)", "(1 - alpha)"),
    _exchanged("M83", "nesterov-step", "+ gamma * gradient", "+ (1 - alpha) * gradient"),
)

_ADAGRAD_AND_DECAY = (
    _exchanged("M41", "adagrad-step", "gradient**2", "gradient"),
    _exchanged("M41", "adagrad-step", "gradient**2", "abs(gradient)"),
    _exchanged("M81", "adagrad-step", "theta - rate", "theta + rate"),
    _exchanged("M87", "adagrad-step", "(np.sqrt(squares) + epsilon)", "np.sqrt(squares)"),
    _exchanged("M87", "adagrad-step", "np.sqrt(squares) + epsilon", "np.sqrt(squares + epsilon)"),
    _exchanged("M88", "adagrad-step", "np.sqrt(squares)", "squares"),
    _exchanged("M88", "adagrad-step", "gradient**2", "np.sum(gradient**2)"),
    _slip(
        "M88",
        "adagrad-step",
        """\
def adagrad_step(theta, squares, gradient, gamma, epsilon):
    theta = theta - gamma / (np.sqrt(squares) + epsilon) * gradient
    squares = squares + gradient**2
    return theta, squares
""",
    ),
    _exchanged("M17", "decayed-step", "(1 - 2 * gamma * l2) * w", "w"),
    _exchanged("M18", "decayed-step", "(1 - 2 * gamma * l2)", "(1 - gamma * l2)"),
    _exchanged("M20", "decayed-step", "b - gamma", "(1 - 2 * gamma * l2) * b - gamma"),
    _exchanged("M81", "decayed-step", "(1 - 2 * gamma * l2)", "(1 + 2 * gamma * l2)"),
    _slip(
        "M81",
        "decayed-step",
        """\
def decayed_step(w, b, dw, db, gamma, l2):
    dJ = dw + 2 * l2 * w
    return w + gamma * dJ, b + gamma * db
""",
    ),
    _exchanged(
        "M81",
        "decayed-step",
        "* w - gamma * dw, b - gamma * db",
        "* w + gamma * dw, b + gamma * db",
    ),
)

_FOLDS = (
    _exchanged("M89", "best-lambda", "cost_on(l2, rest, folds[f])", "cost_on(l2, rest, rest)"),
    _exchanged("M89", "best-lambda", "cost_on(l2, rest, folds[f])", "cost_on(l2, folds[f], rest)"),
    _exchanged("M89", "best-lambda", " if g != f", ""),
    _exchanged(
        "M89", "best-lambda", "cost_on(l2, rest, folds[f])", "cost_on(l2, folds[f], folds[f])"
    ),
)

_WALKS = (
    _exchanged("M38", "look-ahead", "alpha * v - gamma", "alpha * v + gamma"),
    _exchanged("M39", "look-ahead", "v = alpha * v - gamma", "v = -gamma"),
    _exchanged("M40", "look-ahead", "gradient(phi + alpha * v)", "gradient(phi)"),
)

SLIPS = (*_BY_HAND, *_WEIGHTS_AND_BATCHES, *_RATES, *_STEPS, *_ADAGRAD_AND_DECAY, *_FOLDS, *_WALKS)

# ----------------------------------------------------------------------- unfinished and broken

TESTS = (
    "test-xor-output",
    "test-online-weights",
    "test-batch-weights",
    "test-xavier-weights",
    "test-sgd",
    "test-learning-rate",
    "test-momentum-step",
    "test-nesterov-step",
    "test-adagrad-step",
    "test-decayed-step",
    "test-best-lambda",
    "test-look-ahead",
)


def _wrong(kind: str, cell: str, source: str, told: str) -> Answers:
    return Answers(kind, {**VECTORS.cells, cell: source}, fails={f"test-{cell}": told})


OTHERS = (
    Answers("blank", {}, fails=dict.fromkeys(TESTS, "not implemented")),
    Answers(
        "the pencil only",
        {cell: VECTORS.cells[cell] for cell in ("xor-output", "online-weights", "batch-weights")},
        fails=dict.fromkeys(TESTS[3:], "not implemented"),
    ),
    _wrong(
        "writes into theta",
        "sgd",
        VECTORS.cells["sgd"].replace("theta = theta -", "theta -="),
        "changes its input",
    ),
    _wrong(
        "writes into the sum",
        "adagrad-step",
        VECTORS.cells["adagrad-step"].replace("squares = squares +", "squares +="),
        "changes its input",
    ),
    _wrong(
        "forgets the second result",
        "momentum-step",
        """\
def momentum_step(theta, step, gradient, gamma, alpha):
    return theta + alpha * step - gamma * gradient
""",
        "wrong shape",
    ),
    _wrong(
        "prints the rate",
        "learning-rate",
        """\
def learning_rate(epoch, gamma, d, E):
    print(gamma / (1 + d * max(0, epoch - E)))
""",
        "returns None",
    ),
    _wrong(
        "raises: ValueError",
        "best-lambda",
        """\
def best_lambda(lambdas, folds, cost_on):
    costs = np.zeros((len(lambdas), len(folds)))
    for i, l2 in enumerate(lambdas):
        for f, held_out in enumerate(folds):
            rest = [row for row in range(max(folds)) if row not in held_out]
            costs[i, f] = cost_on(l2, rest, held_out)
    return costs.mean(axis=1), lambdas[costs.mean(axis=1).argmin()]
""",
        "raises",
    ),
    _wrong(
        "counts epochs",
        "sgd",
        """\
def sgd(theta, gradient, N, batch_size, gamma, epochs, permutation):
    for iterations in range(1, epochs + 1):
        order = permutation(N)
        for i in range(0, N, batch_size):
            theta = theta - gamma * gradient(theta, order[i:i + batch_size])
    return theta, iterations
""",
        "wrong value",
    ),
    _wrong(
        "the largest mean",
        "best-lambda",
        VECTORS.cells["best-lambda"].replace("argmin", "argmax"),
        "wrong value",
    ),
    _wrong(
        "the index for the lambda",
        "best-lambda",
        VECTORS.cells["best-lambda"].replace("lambdas[np.argmin(means)]", "np.argmin(means)"),
        "wrong value",
    ),
    _wrong(
        "one row of the weights",
        "online-weights",
        "online_weights = [2.9488, -3.24]\n",
        "wrong shape",
    ),
    _wrong(
        "text for a number",
        "xor-output",
        "xor_output = (1, 1, '-3/2')\n",
        "not an array",
    ),
)
