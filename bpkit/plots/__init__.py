"""Pictures of networks, curves, boundaries and shapes. The only part that needs matplotlib.

What draws returns a matplotlib ``Figure`` and touches nothing else: no current figure, no global
setting. In a notebook ``show`` displays one, with its alternative text, and ``step_through`` walks
through a calculation, one picture for each step. Colours are those of Okabe
and Ito, which most colour-blind readers can tell apart, and nothing is told by colour alone.
"""

from bpkit.plots.graphs import computation_graph, network_graph
from bpkit.plots.lines import (
    activation_and_derivative,
    curves,
    delta_norms,
    error_against_weight,
    gradient_check_curves,
    gradient_errors,
    norms_by_layer,
    tangents,
    training_curves,
)
from bpkit.plots.passes import graph_steps, network_steps
from bpkit.plots.planes import decision_boundary, valley
from bpkit.plots.sketch import shapes
from bpkit.plots.steps import Step, training_steps
from bpkit.plots.style import BACKWARD, BLACK, DPI, FORWARD, GREY, PALE, WIDTH, show
from bpkit.plots.walk import step_through

__all__ = [
    "BACKWARD",
    "BLACK",
    "DPI",
    "FORWARD",
    "GREY",
    "PALE",
    "WIDTH",
    "Step",
    "activation_and_derivative",
    "computation_graph",
    "curves",
    "decision_boundary",
    "delta_norms",
    "error_against_weight",
    "gradient_check_curves",
    "gradient_errors",
    "graph_steps",
    "network_graph",
    "network_steps",
    "norms_by_layer",
    "shapes",
    "show",
    "step_through",
    "tangents",
    "training_curves",
    "training_steps",
    "valley",
]
