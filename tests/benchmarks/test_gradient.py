"""One gradient of a batch, against frameworks and against the bare matrix products."""

import numpy as np
import pytest

from bpkit import Network
from tests.benchmarks import peers

SHAPES = [
    ((2, 2, 1), 100),
    ((2, 25, 25, 1), 100),
    ((2, 25, 25, 1), 400),
    ((784, 30, 10), 10),
    ((784, 30, 10), 128),
    ((784, 256, 256, 10), 128),
]
PEERS = {
    "bpkit": ("bpkit", peers.bpkit),
    "PyTorch eager": ("torch", peers.pytorch),
    "JAX jit": ("jax", peers.jax_jit),
    "HIPS autograd": ("autograd", peers.hips_autograd),
    "scikit-learn": ("sklearn", peers.scikit_learn),
    "per example": ("numpy", peers.per_example),
    "micrograd": ("numpy", peers.micrograd),
    "bare products": ("numpy", peers.bare_products),
}


@pytest.mark.parametrize("who", PEERS)
@pytest.mark.parametrize("sizes, examples", SHAPES)
def test_gradient(benchmark, who, sizes, examples):
    name = "-".join(map(str, sizes))
    benchmark.group = f"gradient {name}, batch {examples}"
    module, peer = PEERS[who]
    pytest.importorskip(module)
    if who == "micrograd" and name != "2-2-1":
        pytest.skip("takes minutes")
    rng = np.random.default_rng(0)
    output = "sigmoid" if sizes[-1] == 1 else "softmax"
    net = Network(sizes, "tanh", output, "cross_entropy", rng=0)
    X = rng.random((examples, sizes[0]))
    classes = rng.integers(0, max(2, sizes[-1]), examples)
    Y = np.eye(sizes[-1])[classes] if sizes[-1] > 1 else classes[:, None].astype(float)
    gradient = peer(net, X, Y)
    if who != "bare products":
        for ours, theirs in zip(peers.bpkit(net, X, Y)(), gradient()):
            np.testing.assert_allclose(np.asarray(theirs), ours, atol=1e-12)
    benchmark(gradient)
