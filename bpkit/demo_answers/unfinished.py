"""Answers that are blank, break off, or go wrong in a way that is no misconception."""

from bpkit.demo_answers import Answers
from bpkit.demo_answers.right import MATRIX
from bpkit.demo_answers.slips import INLINE_BACKWARD

NOT_IMPLEMENTED = "not implemented"

_EQUATIONS = ("hidden-delta", "bias-gradient", "weight-gradient", "backward")
_WARM_UP = ("neuron-by-hand", "sigmoid", "sigmoid-prime")
_OUTPUT_DELTAS = ("output-delta-quadratic", "output-delta-cross-entropy")
_FURTHER = ("layer-wise-step", "theta-step", "slide-output-delta", "input-gradient")

BLANK = Answers(
    "blank",
    {},
    fails={
        f"test-{task}": NOT_IMPLEMENTED
        for task in (*_WARM_UP, *_OUTPUT_DELTAS, *_EQUATIONS, *_FURTHER)
    },
)

PARTLY_BLANK = Answers(
    "partly blank",
    {cell: MATRIX.cells[cell] for cell in ("neuron-by-hand", "sigmoid", *_OUTPUT_DELTAS)},
    fails={f"test-{task}": NOT_IMPLEMENTED for task in (*_EQUATIONS, *_FURTHER)},
)

ENDLESS_LOOP = Answers(
    "endless loop",
    {
        **MATRIX.cells,
        "backward": """\
def backward(w, b, X, Y):
    L = len(w) - 1
    z, a = [None, None], [None, X]
    for l in range(2, L + 1):
        z.append(a[l - 1] @ w[l].T + b[l])
        a.append(sigmoid(z[l]))
    dw, db = [None] * (L + 1), [None] * (L + 1)
    delta = output_delta_quadratic(z[L], Y)
    l = L
    while l > 1:
        dw[l] = weight_gradient(a[l - 1], delta)
        db[l] = bias_gradient(delta)
        if l > 2:
            delta = hidden_delta(w[l], delta, z[l - 1])
            l = l - 1
    return dw, db
""",
    },
)
"""It never leaves layer 2. ``fails`` is empty: its check does not end by itself."""

OTHERS = (
    BLANK,
    PARTLY_BLANK,
    Answers(
        "raises: NameError",
        {
            **MATRIX.cells,
            "hidden-delta": """\
def hidden_delta(w_next, delta_next, z):
    backpropagated = delta_next @ w_next
    return backpropagated * sigmoid_derivative(z)
""",
        },
        fails={"test-hidden-delta": "raises"},
    ),
    Answers(
        "raises: IndexError",
        {**MATRIX.cells, "backward": INLINE_BACKWARD.replace("range(2, L + 1)", "range(2, L + 2)")},
        fails={"test-backward": "raises"},
    ),
    Answers(
        "prints, returns None",
        {
            **MATRIX.cells,
            "bias-gradient": """\
def bias_gradient(delta):
    db = delta.mean(axis=0)
    print(db)
""",
        },
        fails={"test-bias-gradient": "returns None"},
    ),
    Answers(
        "changes its input",
        {
            **MATRIX.cells,
            "weight-gradient": """\
def weight_gradient(a_prev, delta):
    delta /= len(delta)
    return delta.T @ a_prev
""",
        },
        fails={"test-weight-gradient": "changes its input"},
    ),
    Answers(
        "wrong shape",
        {
            **MATRIX.cells,
            "bias-gradient": """\
def bias_gradient(delta):
    return delta / len(delta)
""",
        },
        fails={"test-bias-gradient": "wrong shape"},
    ),
    Answers(
        "half by hand",
        {**MATRIX.cells, "neuron-by-hand": "neuron_by_hand = [w_3[1, 3], None, None, None]\n"},
        fails={"test-neuron-by-hand": NOT_IMPLEMENTED},
    ),
    Answers(
        "returns one of two",
        {
            **MATRIX.cells,
            "layer-wise-step": """\
def layer_wise_step(W, z, delta):
    return W @ (sigmoid_prime(z) * delta)
""",
        },
        fails={"test-layer-wise-step": "wrong shape"},
    ),
)
