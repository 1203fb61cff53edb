"""Four ways to write the same gradient, and how to go from one to another.

==================  ==============  ==================  =============  ====================
                    bpkit, Nielsen  layer-wise          graph          bias as a_0 = 1
==================  ==============  ==================  =============  ====================
weights             w^l_jk          W = w^T             w_ij           theta = [b | w]
delta of a neuron   dC/dz           dC/da               dJ/d in        dJ/dz
cost                C               C                   J = 2 C        C
==================  ==============  ==================  =============  ====================

The functions here take what ``net.forward`` and ``net.backward`` return and give the same
quantities in another convention, still indexed by layer number and with examples in rows. The
graph's J is the squared error without the 1/2, twice the quadratic cost.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.backprop import bp1
from bpkit.network import Gradients, Layers, Network, Trace


@dataclass(frozen=True)
class LayerWise:
    """Weights W (d_{l-1}, d_l), deltas dC/da (N, d_l) and dC/dW (d_{l-1}, d_l).

    The convention writes no bias; its gradient would be the mean of g'(z) * delta.
    """

    w: Layers
    deltas: Layers
    dw: Layers


@dataclass(frozen=True)
class GraphWise:
    """Weights w_ij from i to j (d_{l-1}, d_l), Deltas dJ/d in (N, d_l), dJ/dw_ij, for J = 2 C."""

    w: Layers
    deltas: Layers
    dw: Layers


@dataclass(frozen=True)
class BiasAsWeight:
    """theta (d_{l+1}, d_l + 1) with the bias in column 0, deltas dC/dz, and dC/dtheta.

    ``theta[l]`` leads *from* layer l, so that theta^l holds w^{l+1} and b^{l+1}.
    """

    theta: Layers
    deltas: Layers
    dtheta: Layers


def to_layer_wise(net: Network, trace: Trace, grads: Gradients, Y: Array) -> LayerWise:
    """delta_layerwise = dC/da: what BP-1 and BP-2 hold before sigma' is multiplied in."""
    deltas: list[Any] = [None] * (net.L + 1)
    deltas[net.L] = net.cost_function.grad_a(trace.a[net.L], np.asarray(Y))
    for l in range(net.L - 1, 1, -1):
        deltas[l] = grads.deltas[l + 1] @ net.w[l + 1]
    return LayerWise(_transposed(net.w), deltas, _transposed(grads.dw))


def from_layer_wise(net: Network, trace: Trace, layer_wise: LayerWise) -> Gradients:
    """delta = g'(z) * delta_layerwise, dw = dW^T, and db, which the convention leaves out."""
    deltas: list[Any] = [None, None]
    for l in range(2, net.L + 1):
        sigma = net.output if l == net.L else net.activation
        deltas.append(bp1(layer_wise.deltas[l], sigma.prime_from_a(trace.a[l])))
    db = [None, None, *(delta.mean(axis=0) for delta in deltas[2:])]
    return Gradients(deltas, _transposed(layer_wise.dw), db)


def to_graph(net: Network, grads: Gradients) -> GraphWise:
    """Delta = 2 delta, because J = 2 C; weights are read source first, so w_ij = w_ji^T."""
    double = [None, None, *(2 * delta for delta in grads.deltas[2:])]
    return GraphWise(_transposed(net.w), double, [None if g is None else 2 * g.T for g in grads.dw])


def from_graph(graph_wise: GraphWise) -> Gradients:
    """Half of everything, transposed back; db, which the convention lacks, is the mean delta."""
    deltas: list[Any] = [None, None, *(Delta / 2 for Delta in graph_wise.deltas[2:])]
    dw = [None if g is None else g.T / 2 for g in graph_wise.dw]
    return Gradients(deltas, dw, [None, None, *(delta.mean(axis=0) for delta in deltas[2:])])


def to_bias_as_weight(net: Network, grads: Gradients) -> BiasAsWeight:
    """theta^l = [b^{l+1} | w^{l+1}], and its gradient put together in the same way."""
    theta = [None, *(np.column_stack([b, w]) for b, w in zip(net.b[2:], net.w[2:]))]
    dtheta = [None, *(np.column_stack([b, w]) for b, w in zip(grads.db[2:], grads.dw[2:]))]
    return BiasAsWeight(theta, grads.deltas, dtheta)


def from_bias_as_weight(bias_as_weight: BiasAsWeight) -> Gradients:
    """db is column 0 of dtheta, dw the rest; the layer number goes up by one."""
    dtheta = bias_as_weight.dtheta[1:]
    dw = [None, None, *(d[:, 1:] for d in dtheta)]
    return Gradients(bias_as_weight.deltas, dw, [None, None, *(d[:, 0] for d in dtheta)])


def _transposed(layers: Layers) -> Layers:
    return [None if array is None else array.T for array in layers]
