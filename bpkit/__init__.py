"""bpkit: backpropagation as four equations, and a way to trust them.

>>> import bpkit
>>> net = bpkit.Network([2, 3, 1], rng=0)
>>> X, Y = [[0.0, 1.0], [1.0, 0.5]], [[1.0], [0.0]]
>>> grads = net.backward(net.forward(X), Y)
>>> bpkit.check_gradients(net, X, Y, grads).ok
True
"""

from bpkit import backprop
from bpkit.allocator import keep_memory_between_arrays
from bpkit.gradcheck import check_gradients
from bpkit.network import Gradients, Network, Trace
from bpkit.optimizers import SGD, AdaGrad
from bpkit.training import History, cross_validate, train

keep_memory_between_arrays()

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "AdaGrad",
    "Gradients",
    "History",
    "Network",
    "Trace",
    "backprop",
    "check_gradients",
    "cross_validate",
    "train",
]
