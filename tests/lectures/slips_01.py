"""Slips that the checks of lecture 1 must catch; see test_lectures.py."""

BROKEN = {
    # tag: (the cell that checks it, what it says, what a slip would say)
    "P-1": ("weighted-sum-check", "for i in range(2)) + b", "for i in range(2)) - b"),
    "P-2": ("sign-check", "z > 0, 1.0", "z >= 0, 1.0"),
    "P-3": ("right-or-wrong-check", "z_n * t_n > 0", "z_n * t_n >= 0"),
    "P-4": ("distance-check", "z / np.linalg.norm(w)", "z / (w @ w)"),
    "P-5": ("update-check", "w + eta * t * x", "w + eta * x"),
    "P-6": ("update-helps-check", "(x @ x + 1)", "(x @ x)"),
    "P-7": ("novikoff-lower-check", "m * gamma", "m * R"),
    "P-8": ("novikoff-upper-check", "<= m * R**2", "<= R**2"),
    "P-9": ("novikoff-bound-check", "(R_3 / gamma_3) ** 2", "R_3 / gamma_3"),
    "P-10": ("criterion-check", "max(0.0, -(", "max(0.0, ("),
    "P-11": ("criterion-gradient-check", "-t[n] * X_tilde[n]", "t[n] * X_tilde[n]"),
    "P-12": ("sgd-check", "w_tilde - eta * slope", "w_tilde + eta * slope"),
    "P-13": ("sgd-mean-check", "for n in range(4)) / 4\nslope", "for n in range(4))\nslope"),
    "P-14": ("margin-check", "(z_t < 1)", "(z_t < 0)"),
    "P-15": ("nearest-mean-check", "/ sum(t > 0)", "/ sum(t < 0) / 2"),
    "P-16": ("nearest-mean-squared-check", "((x - mu_2) ** 2)", "abs(x - mu_2)"),
    "P-17": (
        "nearest-mean-linear-check",
        "mu_2 @ mu_2 - mu_1 @ mu_1",
        "(mu_2 @ mu_2 - mu_1 @ mu_1) / 2",
    ),
}
"""A slip for every numbered equation: a sign, a factor, a condition, a letter."""

MORE_BROKEN = [
    ("update-check", "b + eta * t", "b"),
    ("algorithm-run", "np.zeros(2), 0.0)\nw, b", "np.zeros(2), 1.0)\nw, b"),
    ("novikoff-bound-check", "bound = (R / gamma) ** 2", "bound = (R / gamma)"),
    ("novikoff-upper-check", "middle <= 0", "middle > 0"),
    ("at-zero-check", "margin=1.0", "margin=0.0"),
    ("nearest-mean-squared-check", "mu_2) ** 2).sum() - (", "mu_2) ** 2).sum() + ("),
    ("nearest-mean-linear-check", "2 * (mu_1 - mu_2)", "2 * (mu_2 - mu_1)"),
    ("outlier-check", "[200.0, 5.0]", "[-200.0, -5.0]"),
]
