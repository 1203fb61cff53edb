"""What the test cells of the problem sets call: one line a task, ``checks.sigmoid(sigmoid)``.

A check says in one line that an answer is right, or raises ``CheckFailed`` with a message that a
student can act on. With ``rounds=20`` it draws twenty times as many random cases.
"""

from bpkit.checks.backprop import (
    backward,
    bias_gradient,
    hidden_delta,
    output_delta_cross_entropy,
    output_delta_quadratic,
    sigmoid,
    sigmoid_prime,
    weight_gradient,
)
from bpkit.checks.messages import CheckFailed

__all__ = [
    "CheckFailed",
    "backward",
    "bias_gradient",
    "hidden_delta",
    "output_delta_cross_entropy",
    "output_delta_quadratic",
    "sigmoid",
    "sigmoid_prime",
    "weight_gradient",
]
