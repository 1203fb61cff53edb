"""The same gradient by other means: each peer takes a network and a batch and returns a function.

That function computes the gradient once and returns the arrays dw and db of every layer, in the
order w2, b2, w3, b3, ..., as NumPy arrays or as something ``numpy.asarray`` takes. Networks have
tanh hidden layers and cross-entropy, on a softmax output or on a single sigmoid.
"""

import numpy as np


def bpkit(net, X, Y):
    def gradient():
        grads = net.backward(net.forward(X), Y)
        return [g for pair in zip(grads.dw[2:], grads.db[2:]) for g in pair]

    return gradient


def pytorch(net, X, Y):
    import torch

    torch.set_num_threads(1)
    layers = []
    for l in range(2, net.L + 1):
        linear = torch.nn.Linear(*net.w[l].shape[::-1], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(net.w[l]), torch.tensor(net.b[l])
        layers += [linear, torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    x, y = torch.tensor(X), torch.tensor(Y)
    functions = torch.nn.functional
    single = net.sizes[-1] == 1
    cost = functions.binary_cross_entropy_with_logits if single else functions.cross_entropy

    def gradient():
        model.zero_grad()
        cost(model(x), y).backward()
        return [p.grad for p in model.parameters()]

    return gradient


def _cost(module, log_sum_exp):
    """The cost as a function of all parameters; a single z counts as a softmax over (0, z)."""

    def cost(parameters, X, Y):
        a = X
        for i in range(0, len(parameters), 2):
            z = a @ parameters[i].T + parameters[i + 1]
            a = module.tanh(z)
        scores = z if z.shape[1] > 1 else module.hstack([module.zeros_like(z), z])
        return (log_sum_exp(scores) - (Y * z).sum(axis=1)).mean()

    return cost


def jax_jit(net, X, Y):
    import jax

    jax.config.update("jax_enable_x64", True)
    cost = _cost(jax.numpy, lambda z: jax.scipy.special.logsumexp(z, axis=1))
    compiled = jax.jit(jax.grad(cost))
    parameters = [jax.numpy.asarray(p) for pair in zip(net.w[2:], net.b[2:]) for p in pair]
    x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
    return lambda: jax.block_until_ready(compiled(parameters, x, y))


def hips_autograd(net, X, Y):
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    gradient = autograd.grad(_cost(anp, lambda z: logsumexp(z, axis=1)))
    parameters = [p for pair in zip(net.w[2:], net.b[2:]) for p in pair]
    return lambda: gradient(parameters, X, Y)


def per_example(net, X, Y):
    """Nielsen's algorithm: columns, one example at a time, gradients added up."""
    w, b = net.w[2:], [column[:, None] for column in net.b[2:]]

    def gradient():
        dw, db = [np.zeros(w_l.shape) for w_l in w], [np.zeros(b_l.shape) for b_l in b]
        for x, y in zip(X, Y):
            activations = [x[:, None]]
            for w_l, b_l in zip(w, b):
                z = w_l @ activations[-1] + b_l
                activations.append(np.tanh(z))
            p = np.exp(z - z.max())
            a = p / p.sum() if len(z) > 1 else 1 / (1 + np.exp(-z))
            delta = a - y[:, None]
            for i in range(len(w) - 1, -1, -1):
                dw[i] += delta @ activations[i].T
                db[i] += delta
                delta = (w[i].T @ delta) * (1 - activations[i] ** 2)
        return [g / len(X) for pair in zip(dw, (d[:, 0] for d in db)) for g in pair]

    return gradient


def scikit_learn(net, X, Y):
    """The gradient that MLPClassifier computes inside, without its penalty."""
    model = scikit_learn_model(net, X, Y)
    layers = [X, *(np.empty((len(X), d)) for d in net.sizes[1:])]
    deltas = [np.empty_like(a) for a in layers[1:]]
    dw, db = [np.empty_like(c) for c in model.coefs_], [np.empty_like(b) for b in model.intercepts_]
    labels = Y.astype(bool)

    def gradient():
        model._backprop(X, labels, None, layers, deltas, dw, db)
        return [g for pair in zip((c.T for c in dw), db) for g in pair]

    return gradient


def scikit_learn_model(net, X, Y, rate=0.1, batch_size=10):
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        net.sizes[1:-1],
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        learning_rate_init=rate,
        momentum=0.0,
        batch_size=min(batch_size, len(X)),
        max_iter=1,
    )
    labels = Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0].astype(int)
    model.partial_fit(X, labels, classes=np.arange(max(2, net.sizes[-1])))
    model.coefs_ = [w.T.copy() for w in net.w[2:]]
    model.intercepts_ = [b.copy() for b in net.b[2:]]
    return model


def micrograd(net, X, Y):
    """Scalars on a graph, one node an operation, as in micrograd."""

    class Value:
        def __init__(self, data, parents=(), backward=None):
            self.data, self.grad, self.parents, self.backward = data, 0.0, parents, backward

        def __add__(self, other):
            def backward(g):
                self.grad += g
                other.grad += g

            return Value(self.data + other.data, (self, other), backward)

        def __mul__(self, other):
            def backward(g):
                self.grad += other.data * g
                other.grad += self.data * g

            return Value(self.data * other.data, (self, other), backward)

        def apply(self, value, slope):
            def backward(g):
                self.grad += slope * g

            return Value(value, (self,), backward)

        def tanh(self):
            a = np.tanh(self.data)
            return self.apply(a, 1 - a * a)

        def exp(self):
            a = np.exp(self.data)
            return self.apply(a, a)

        def log(self):
            return self.apply(np.log(self.data), 1 / self.data)

        def differentiate(self):
            order, seen = [], set()

            def visit(node):
                if node not in seen:
                    seen.add(node)
                    for parent in node.parents:
                        visit(parent)
                    order.append(node)

            visit(self)
            self.grad = 1.0
            for node in reversed(order):
                if node.backward:
                    node.backward(node.grad)

    def gradient():
        w = [[[Value(v) for v in row] for row in w_l] for w_l in net.w[2:]]
        b = [[Value(v) for v in b_l] for b_l in net.b[2:]]
        for x, y in zip(X, Y):  # one graph an example: the whole batch would exceed the recursion
            a = [Value(v) for v in x]
            for l, (w_l, b_l) in enumerate(zip(w, b), start=2):
                terms = [[w_k * a_k for w_k, a_k in zip(row, a)] for row in w_l]
                z = [sum(row, b_j) for row, b_j in zip(terms, b_l)]
                a = [z_j.tanh() for z_j in z] if l < net.L else z
            total = sum((z_j.exp() for z_j in z), Value(1.0 if len(z) == 1 else 0.0)).log()
            (total + sum((z_j * Value(-y_j) for z_j, y_j in zip(z, y)), Value(0.0))).differentiate()
        arrays = [part for w_l, b_l in zip(w, b) for part in (w_l, b_l)]
        return [np.vectorize(lambda v: v.grad)(np.array(part)) / len(X) for part in arrays]

    return gradient


def bare_products(net, X, Y):
    """The floor: only the matrix products of the two passes, on arrays made before."""
    trace = net.forward(X)
    grads = net.backward(trace, Y)

    def products():
        for l in range(2, net.L + 1):
            trace.a[l - 1] @ net.w[l].T
        for l in range(net.L, 2, -1):
            grads.deltas[l] @ net.w[l]
        for l in range(2, net.L + 1):
            grads.deltas[l].T @ trace.a[l - 1]

    return products
