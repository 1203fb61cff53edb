"""Slips that the checks of lecture 4 must catch; see test_lectures.py."""

BROKEN = {
    # tag: (the cell that checks it, what it says, what a slip would say)
    "A-1": ("linear-collapse-check", "net.w[l] @ bias + net.b[l]", "bias + net.b[l]"),
    "A-2": ("linear-check", "np.ones(5)", "points"),
    "A-3": ("sigmoid-check", "1 / 4,", "1 / 2,"),
    "A-4": ("tanh-check", "tanh(points) ** 2", "tanh(points)"),
    "A-5": ("tanh-is-a-sigmoid-check", "sigma(2 * points)", "sigma(points)"),
    "A-6": ("relu-check", "z > 0, 1.0, 0.0", "z >= 0, 1.0, 0.0"),
    "A-7": ("softmax-check", " / np.exp(z).sum()", ""),
    "A-8": ("softmax-jacobian-check", "np.diag(p) - np.outer(p, p)", "np.diag(p * (1 - p))"),
    "A-9": ("softmax-back-check", "(g - p @ g)", "g"),
    "A-10": ("vanishing-chain-check", "chain.w[l + 1]", "chain.w[l]"),
    "A-11": ("vanishing-bound-check", "1 / 4 *", "1 / 16 *"),
    "A-12": ("squared-error-check", "without_half = 2 *", "without_half = 1 *"),
    "A-13": ("mean-squared-error-check", "2 / d *", "2 *"),
    "A-14": ("cross-entropy-in-z-check", "- y * z", "+ y * z"),
    "A-15": ("softmax-cross-entropy-check", "delta = p - one_hot", "delta = one_hot - p"),
    "A-16": ("one-reason-check", "activation - y,", "y - activation,"),
}
"""A slip for every numbered equation: a sign, a factor, an index, a term left out."""

MORE_BROKEN = [
    ("relu-check", "z > 0, 1.0, 0.0", "z > 0, 0.0, 1.0"),
    ("sigmoid-check", "sigma(points) * (1 - sigma(points))", "sigma(points) ** 2"),
    ("cross-entropy-in-z-check", '"delta", a - y', '"delta", (a - y) * sigma_prime'),
    ("softmax-cross-entropy-check", "p * twice.sum()", "p"),
    ("not-a-derivative-of-one-check", "slope_of_cost * sigma_prime,", "slope_of_cost,"),
    ("dead-half-check", "net.b[2][0] = -10", "net.b[2][0] = 0"),
    ("squared-error-check", "with_half = (a - y) * sigma_prime", "with_half = a - y"),
]
