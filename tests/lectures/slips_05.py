"""Slips that the checks of lecture 5 must catch; see test_lectures.py."""

BROKEN = {
    # tag: (the cell that checks it, what it says, what a slip would say)
    "T-1": ("xor-check", "and not (p and q)", "and (p and q)"),
    "T-2": ("xor-by-hand-check", "h[:, 0] - h[:, 1]", "h[:, 0] + h[:, 1]"),
    "T-3": ("xor-online-check", "net.w[l] - gamma * np.outer", "net.w[l] + gamma * np.outer"),
    "T-4": ("xor-batch-check", "sum(votes) / 4", "sum(votes)"),
    "T-5": ("symmetry-check", "initializer=equal(0.5)", "initializer=uniform(0.5)"),
    "T-6": ("variance-check", "(n_in * var_w", "(var_w"),
    "T-7": ("xavier-check", "2 / (n_in + n_out)", "1 / (n_in + n_out)"),
    "T-8": ("uniform-variance-check", "epsilon**2 / 3", "epsilon**2 / 12"),
    "T-9": ("xavier-uniform-check", "np.sqrt(6)", "np.sqrt(3)"),
    "T-10": (
        "sgd-is-train-check",
        "sgd(ours, moons, labels, 0.5,",
        "sgd(ours, moons, labels, -0.5,",
    ),
    "T-11": ("minibatch-mean-check", "sum(gradients)[:4] / 5", "sum(gradients)[:4]"),
    "T-12": ("learning-rate-check", "(1 - gamma * kappa) ** 20", "(1 + gamma * kappa) ** 20"),
    "T-13": ("schedules-check", "np.maximum(0, e - E)", "np.maximum(0, e - 1)"),
    "T-14": ("adagrad-check", "s + g**2", "s + abs(g)"),
    "T-15": (
        "momentum-check",
        "curvature * theta + alpha * step",
        "curvature * theta - alpha * step",
    ),
    "T-16": ("look-ahead-check", "curvature * (phi + alpha * v)", "curvature * phi"),
    "T-17": ("nesterov-check", "(1 + alpha) * n", "(1 - alpha) * n"),
    "T-18": ("weight-decay-check", "2 * l2 * net.w[3]", "l2 * net.w[3]"),
    "T-19": ("weight-decay-step-check", "(1 - 2 * gamma * l2)", "(1 - 2 * l2)"),
    "T-20": ("non-convex-check", "by_hand.w[3][:, swap]", "by_hand.w[3]"),
    "T-21": ("autoencoder-check", "x_hat - moons", "moons - x_hat"),
}
"""A slip for every numbered equation: a sign, a factor, an index, a term left out."""

MORE_BROKEN = [
    ("xor-online-check", "net.b[l] - gamma * delta", "net.b[l] - delta"),
    ("xor-batch-check", "gamma / 4 * sum", "gamma * sum"),
    ("symmetry-check", "measured.dw[3].T", "measured.dw[2].T"),
    ("minibatch-mean-check", "sum(gradients)", "(gradients[0] * 5)"),
    ("schedules-check", "gamma / (1 + d * (e - 1))", "gamma / (1 + d * e)"),
    ("adagrad-check", "gamma / (np.sqrt(s) + epsilon)", "gamma / (s + epsilon)"),
    ("momentum-check", "-gamma / (1 - alpha)", "-gamma / (1 + alpha)"),
    ("nesterov-check", "alpha * n + gamma", "n + gamma"),
    ("weight-decay-check", "grads.db[2][:4],", "(grads.db[2] + 2 * l2)[:4],"),
    ("weight-decay-step-check", "net.b[3] - gamma", "(1 - 2 * gamma * l2) * net.b[3] + gamma"),
    ("six-steps", "net.backward(trace, work_classes", "net.backward(trace, 1 - work_classes"),
]
