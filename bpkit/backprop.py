"""The four equations of backpropagation, for a batch of N examples in rows.

With delta^l = dC/dz^l, one row per example::

    delta^L = grad_a C * sigma'(z^L)                      (BP-1)
    delta^l = (delta^{l+1} w^{l+1}) * sigma'(z^l)         (BP-2)
    dC/db^l = 1/N sum_n delta^l_n                         (BP-3)
    dC/dw^l = 1/N sum_n delta^l_n (a^{l-1}_n)^T           (BP-4)

Source: M. Nielsen, *Neural Networks and Deep Learning*, chapter 2. There an example is a column and
BP-2 reads (w^{l+1})^T delta^{l+1}; here an example is a row, and the transpose moves to the other
side. The deltas are those of each example's own cost; the mean over the batch enters in BP-3, BP-4.
"""

import numpy as np

from bpkit.activations import Array


def bp1(grad_a: Array, sigma_prime: Array) -> Array:
    """delta^L = grad_a C * sigma'(z^L)  (BP-1).

    Parameters
    ----------
    grad_a : (N, d_L), the gradient of each example's cost with respect to a^L.
    sigma_prime : (N, d_L), the derivative of the output activation; or (N, d_L, d_L), its Jacobian
        da_i/dz_j where every output depends on every z (softmax): delta_j = sum_i grad_i da_i/dz_j.

    Returns
    -------
    (N, d_L), the output deltas.
    """
    if sigma_prime.ndim == 3:
        return np.einsum("ni,nij->nj", grad_a, sigma_prime)
    return grad_a * sigma_prime


def bp2(w_next: Array, delta_next: Array, sigma_prime: Array) -> Array:
    """delta^l = (delta^{l+1} w^{l+1}) * sigma'(z^l)  (BP-2).

    Parameters
    ----------
    w_next : (d_{l+1}, d_l), the weights w^{l+1}.
    delta_next : (N, d_{l+1}), the deltas of the layer above.
    sigma_prime : (N, d_l), sigma'(z^l).

    Returns
    -------
    (N, d_l), the deltas of layer l.
    """
    return delta_next.dot(w_next) * sigma_prime


def bp3(delta: Array, out: Array | None = None) -> Array:
    """dC/db^l = 1/N sum_n delta^l_n  (BP-3).

    A mean over the rows is a product with (1/N, ..., 1/N), which is faster than a sum.

    Parameters
    ----------
    delta : (N, d_l).
    out : (d_l,), where to write the result; by default a new array.

    Returns
    -------
    (d_l,), the gradient of the biases.
    """
    return np.full(len(delta), 1 / len(delta), delta.dtype).dot(delta, out)


def bp4(a_prev: Array, delta: Array, out: Array | None = None) -> Array:
    """dC/dw^l_jk = 1/N sum_n delta^l_nj a^{l-1}_nk  (BP-4).

    Parameters
    ----------
    a_prev : (N, d_{l-1}), the activations of the layer below.
    delta : (N, d_l).
    out : (d_l, d_{l-1}), where to write the result; by default a new array.

    Returns
    -------
    (d_l, d_{l-1}), the gradient of the weights.
    """
    return (delta / len(delta)).T.dot(a_prev, out)
