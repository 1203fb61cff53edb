"""The catalogue of slips that students make in backpropagation and around it.

A row says what the slip is, where, what to look at next (without giving the answer away), and what
a class that makes it often should see again. The formula of a slip belongs to the task it is made
in and stands there: the same slip reads differently in BP-1 and in BP-2.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """One slip."""

    code: str
    equation: str
    """The equations it is made in, as the course numbers them."""
    title: str
    """What went wrong, as a sentence that follows ``BP-1 [M01]``."""
    hint: str
    """One thing for the student to look at next."""
    reteach: str
    """One thing for the teacher to show again."""


_CATALOGUE = (
    Misconception(
        "M01",
        "BP-1",
        "sigma'(z^L) is left out",
        "delta^L is dC/dz^L. Which derivative leads from a^L back to z^L?",
        "The chain C <- a^L <- z^L: nudge z^L, not a^L, and watch the cost.",
    ),
    Misconception(
        "M02",
        "BP-1",
        "the sign is turned: y - a",
        "If a is above y, should a larger z raise the cost or lower it?",
        "Differentiate 1/2 (a - y)^2 by a; the minus sign of descent belongs to the update.",
    ),
    Misconception(
        "M03",
        "BP-1",
        "a factor 2 that belongs to the other form of the quadratic cost",
        "Read the cost again: is there a 1/2 in front of the square?",
        "Both forms of the quadratic cost side by side, with their derivatives.",
    ),
    Misconception(
        "M04",
        "sigma', BP-1, BP-2",
        "sigma' is taken at a, not at z: the sigmoid is applied twice",
        "Where is sigma' to be evaluated, and what have you handed to it?",
        "sigma'(z) = a (1 - a) already uses a; sigma'(a) would apply the sigmoid once more.",
    ),
    Misconception(
        "M05",
        "BP-1",
        "sigma'(z^L) is kept with the cross-entropy",
        "Write out dC/da for the cross-entropy, times sigma'(z). What cancels?",
        "The cancellation of sigma' in the cross-entropy's output delta, line by line.",
    ),
    Misconception(
        "M06",
        "BP-1",
        "softmax is treated as if each output had its own z only",
        "Raise one z. Do the other outputs stay where they are?",
        "The full Jacobian of softmax, and its entries off the diagonal.",
    ),
    Misconception(
        "M07",
        "BP-2",
        "sigma'(z^l) is left out",
        "The sum over the weights leads to a^l. What leads from a^l back to z^l?",
        "The two steps of BP-2: through the weights to a^l, through sigma to z^l.",
    ),
    Misconception(
        "M08",
        "BP-2",
        "the weights are used the wrong way round: w and its transpose are exchanged",
        "Neuron k of layer l feeds which entries of w^{l+1}: a row or a column?",
        "Forwards w_jk leads from k to j; backwards the same edge is walked from j to k.",
    ),
    Misconception(
        "M09",
        "BP-2",
        "the weights are updated before BP-2 has used them",
        "At which weights was the forward pass made?",
        "All gradients first, then all updates: they belong to one point of the cost.",
    ),
    Misconception(
        "M10",
        "sigma', BP-1, BP-2",
        "sigma stands where sigma' belongs",
        "Try z = 0: what is the sigmoid there, and what is its slope?",
        "The picture of sigma and of its slope, one above the other.",
    ),
    Misconception(
        "M11",
        "sigma', BP-1, BP-2, BP-4",
        "z stands where the activation a belongs",
        "Is what you have put in a z or an a? Follow the number from the forward pass.",
        "z goes into sigma, a comes out: sigma' = a (1 - a), and w multiplies an a.",
    ),
    Misconception(
        "M12",
        "BP-4",
        "dw is transposed",
        "dw must have the shape of w: which index of w belongs to the upper layer?",
        "dw_jk has j from delta^l and k from a^{l-1}; write one entry of it by hand.",
    ),
    Misconception(
        "M13",
        "BP-3, BP-4",
        "1/N is left out",
        "The cost of a batch is the mean over its examples. Is your result a mean?",
        "The batch's cost as a mean, and where its 1/N goes in BP-3 and BP-4.",
    ),
    Misconception(
        "M14",
        "BP-3",
        "db is zero",
        "If b_j grows a little, does z_j stay where it is?",
        "dz_j/db_j = 1: a bias is a weight on an input that is always 1.",
    ),
    Misconception(
        "M15",
        "BP-3",
        "db takes the first example only",
        "Every example has a row in delta. How many of them reach your result?",
        "A batch has one bias vector for all its rows, so all rows pull on it.",
    ),
    Misconception(
        "M16",
        "BP-3",
        "db is summed over the wrong axis",
        "Which axis of delta counts the examples, and which the neurons?",
        "Examples in rows, neurons in columns: what is kept has one entry per neuron.",
    ),
    Misconception(
        "M17",
        "weight decay",
        "lambda w is left out",
        "The cost has a second term. Where is its gradient?",
        "The gradient of a sum of two costs is the sum of two gradients.",
    ),
    Misconception(
        "M18",
        "weight decay",
        "a factor 2 that belongs to the other form of the penalty",
        "Is there a 1/2 in front of the penalty?",
        "lambda |w|^2 and lambda/2 |w|^2 side by side, with their gradients.",
    ),
    Misconception(
        "M19",
        "sigma', BP-1, BP-2",
        "the sign of sigma' is turned: sigma (sigma - 1)",
        "The sigmoid climbs everywhere. What sign must its slope have?",
        "The derivative of 1/(1 + e^-z), with its two minus signs kept in sight.",
    ),
    Misconception(
        "M20",
        "weight decay",
        "the biases are decayed too",
        "Which parameters does the penalty count?",
        "Why the penalty leaves biases alone: they move a boundary without bending it.",
    ),
    Misconception(
        "M21",
        "BP-2",
        "sigma' of layer l + 1 is multiplied in once more",
        "delta^{l+1} is dC/dz^{l+1}. Which sigma' does it hold already?",
        "delta is the slope at z: the sigma' of its own layer is already inside.",
    ),
    Misconception(
        "M22",
        "BP-1 to BP-4",
        "1/N enters once too often",
        "Follow the 1/N through your work: how often is it multiplied in?",
        "Deltas belong to single examples; the mean is taken once, in BP-3 and BP-4.",
    ),
    Misconception(
        "M23",
        "BP-2",
        "sigma' is taken at z^{l+1} in place of z^l",
        "delta^l is dC/dz^l: at which layer's z is its sigma' evaluated?",
        "Draw the edge from a^l to z^{l+1} and mark what each factor of BP-2 stands on.",
    ),
    Misconception(
        "M24",
        "BP-2",
        "the formula for delta = dC/da is used with delta = dC/dz",
        "What is your delta the derivative by: an a or a z?",
        "The layer-wise notation beside ours: the same gradient, sigma' at another place.",
    ),
    Misconception(
        "M25",
        "BP-2",
        "the bias entry is dropped from the wrong end",
        "Which column of theta holds the biases, the first or the last?",
        "theta = [b | w]: the bias unit stands first, and has no delta.",
    ),
    Misconception(
        "M26",
        "BP-4",
        "a^l stands where a^{l-1} belongs",
        "The weight w^l leads from which layer's activation?",
        "Name both ends of one edge: a^{l-1} below it, delta^l above it.",
    ),
    Misconception(
        "M27",
        "graphs",
        "a gradient is overwritten where it should be added to",
        "How many ways lead from this value to the cost, and how many have you counted?",
        "The multivariate chain rule: the contributions of all paths are added.",
    ),
    Misconception(
        "M28",
        "numerical gradient",
        "a one-sided difference where a two-sided one is asked for",
        "How many values of the cost does a two-sided difference compare?",
        "The error of both differences against the step, on logarithmic axes.",
    ),
    Misconception(
        "M29",
        "numerical gradient",
        "the two-sided difference is divided by eps, not by 2 eps",
        "How far apart are the two points that you compare?",
        "The slope of a secant is a rise over a run, and the run has two halves.",
    ),
    Misconception(
        "M30",
        "numerical gradient",
        "a parameter that was moved is not put back",
        "What does theta look like after the loop?",
        "One parameter moves at a time; print theta before and after.",
    ),
    Misconception(
        "M31",
        "perceptron",
        "right answers lead to an update too",
        "When z and t have the same sign, what should change?",
        "The perceptron's rule on one right and one wrong example.",
    ),
    Misconception(
        "M32",
        "perceptron",
        "the target t is left out of the update",
        "Should both classes pull w in the same direction?",
        "Draw one update for t = +1 and one for t = -1.",
    ),
    Misconception(
        "M33",
        "perceptron",
        "the bias is never updated",
        "Can your line move away from the origin?",
        "Data that only a line beside the origin separates.",
    ),
    Misconception(
        "M34",
        "perceptron",
        "the sign of the update is turned",
        "After the update, is z t of that example larger or smaller than before?",
        "One update by hand: z t must grow by |x|^2 + 1.",
    ),
    Misconception(
        "M35",
        "nearest mean",
        "the difference of the means is turned round: mu2 - mu1",
        "On which side of the boundary does mu1 lie with your w?",
        "Put mu1 itself into w x + b and read the sign.",
    ),
    Misconception(
        "M36",
        "nearest mean",
        "b is halved",
        "Put the point half way between the means into w x + b. What must come out?",
        "Expand both squared distances and subtract them, term by term.",
    ),
    Misconception(
        "M37",
        "perceptron",
        "the margin hinge stands where the perceptron criterion belongs",
        "What does your cost say about an example that is right, but only just?",
        "Both hinges in one picture, with their values at z t = 0.",
    ),
    Misconception(
        "M38",
        "training",
        "the velocity has the wrong sign",
        "Does a step along your velocity lead down the slope?",
        "Momentum on a straight slope: write out the first three steps.",
    ),
    Misconception(
        "M39",
        "training",
        "the momentum is not carried over to the next step",
        "What is left of the velocity when the next batch comes?",
        "The velocity is a state of the optimiser; print it step by step.",
    ),
    Misconception(
        "M40",
        "training",
        "Nesterov's gradient is taken at the wrong point",
        "Where will the velocity alone have carried you?",
        "The look-ahead point, drawn beside the ordinary momentum step.",
    ),
    Misconception(
        "M41",
        "training",
        "AdaGrad adds up gradients, not their squares",
        "Can your sum shrink, or even turn negative?",
        "AdaGrad's sum after a gradient of +1 and one of -1.",
    ),
    Misconception(
        "M42",
        "training",
        "the permutation is drawn once, not in every epoch",
        "Do two epochs of yours visit the examples in the same order?",
        "Print the order of the examples for three epochs.",
    ),
    Misconception(
        "M43",
        "BP-3, BP-4",
        "the gradients are right, but stand at the wrong layer numbers",
        "The gradient of w[2] must stand at dw[2]: what stands at dw[0] and dw[1]?",
        "Layer numbers in the code: index l is layer l, and w[0], w[1] are None.",
    ),
    Misconception(
        "M44",
        "sigma",
        "the sign in the exponent is turned",
        "What should the sigmoid be near for a large positive z?",
        "Three values of the sigmoid by hand: z = 0, large, and large negative.",
    ),
)

MISCONCEPTIONS: dict[str, Misconception] = {row.code: row for row in _CATALOGUE}
