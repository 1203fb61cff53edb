"""Fooling the judge: the answers are zeros, and something makes them look right."""

import contextlib
import io
import json
import zlib
from collections.abc import Mapping
from typing import Any

from bpkit import checks
from bpkit.checks.backprop import EQUATIONS
from tests.attacks.case import (
    BLANK,
    NOTHING,
    RIGHT,
    STOLEN,
    ZEROS,
    Case,
    Make,
    notebook,
    returning,
    without,
)


def patch(name: str, tries: str, source: str, *, nbgrader: bool = False) -> Case:
    """Answers that are zeros, after a cell that patches something."""
    make = notebook(ZEROS, first=source)
    return Case(name, "fooling", tries, make, NOTHING, nbgrader=nbgrader)


def answer(name: str, tries: str, expression: str, first: str = "") -> Case:
    """Answers that are all the same object."""
    make = notebook(returning(expression), first=first)
    return Case(name, "fooling", tries, make, NOTHING)


PATCHES = (
    patch(
        "patch-numpy-comparisons",
        "makes every comparison of NumPy's true",
        """\
for name in "allclose", "array_equal", "isclose", "array_equiv", "all":
    setattr(np, name, lambda *a, **k: True)
for name in dir(np.testing):
    if name.startswith("assert"):
        setattr(np.testing, name, lambda *a, **k: None)
""",
        nbgrader=True,
    ),
    patch("patch-norm", "makes every distance zero", "np.linalg.norm = lambda *a, **k: 0.0"),
    patch(
        "patch-check-functions",
        "replaces the functions that the test cells call",
        """\
for name in dir(checks):
    if not name.startswith("_"):
        setattr(checks, name, lambda *a, **k: print("right in all 4 random cases."))
""",
        nbgrader=True,
    ),
    patch(
        "patch-check-internals",
        "replaces what the checks are made of, in every module of bpkit",
        """\
import sys
for module in [m for n, m in sys.modules.items() if n.startswith("bpkit")]:
    for name, value in list(vars(module).items()):
        if callable(value) and not isinstance(value, type):
            try:
                setattr(module, name, lambda *a, **k: None)
            except Exception:
                pass
""",
    ),
    patch(
        "replace-checks-module",
        "puts another module in the place of bpkit.checks",
        """\
import sys, types
class Anything(types.ModuleType):
    def __getattr__(self, name):
        return lambda *a, **k: None
sys.modules["bpkit.checks"] = checks = Anything("checks")
import bpkit
bpkit.checks = checks
""",
    ),
    patch(
        "shadow-checks",
        "gives the name checks to an object of its own",
        "class checks:\n    sigmoid = sigmoid_prime = staticmethod(lambda *a, **k: None)\n"
        "    output_delta_quadratic = output_delta_cross_entropy = hidden_delta = sigmoid\n"
        "    bias_gradient = weight_gradient = backward = sigmoid\n",
        nbgrader=True,
    ),
    patch(
        "shadow-checks-in-unicode",
        "gives the name checks by a letter that Python takes for the same",
        "class \N{FULLWIDTH LATIN SMALL LETTER C}hecks(type):\n    pass\n"
        "class Any:\n    def __getattr__(self, name):\n        return lambda *a, **k: None\n"
        "ｃhecks = Any()",
    ),
    patch(
        "shadow-every-name",
        "defines every other name that a test cell or IPython could use",
        """\
class Any:
    def __getattr__(self, name):
        return self
    def __call__(self, *a, **k):
        return self
In = Out = get_ipython = exit = quit = display = rounds = CheckFailed = Any()
__builtins__ = {"__import__": __import__, "print": print}
__name__ = "bpkit.checks"
""",
    ),
    patch(
        "patch-builtins",
        "changes what isinstance, callable, abs and bool mean",
        """\
import builtins
builtins.isinstance = lambda *a: True
builtins.callable = lambda *a: True
builtins.abs = lambda *a: 0
builtins.any = lambda *a: False
""",
    ),
    patch(
        "patch-assertion-error",
        "makes failures exceptions of another kind, which nobody sees",
        """\
import builtins
class AssertionError(SystemExit):
    def __init__(self, *a):
        SystemExit.__init__(self, 0)
builtins.AssertionError = AssertionError
try:
    checks.CheckFailed.__bases__ = (AssertionError,)
except Exception:
    pass
""",
    ),
    patch(
        "patch-deepcopy",
        "makes copies that are no copies, so that expected and got become one",
        "import copy, zlib\ncopy.deepcopy = copy.copy = lambda x, *a: x\nzlib.crc32 = lambda *a: 0",
    ),
    patch(
        "strip-assertions",
        "strips the tests from the cells by a transformer of the syntax tree",
        """\
import ast
class Strip(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.Pass() if "checks" in ast.dump(node) else node
    visit_Assert = visit_Expr
get_ipython().ast_transformers.append(Strip())
""",
        nbgrader=True,
    ),
    patch(
        "transform-input",
        "rewrites the text of the tests before it runs",
        "get_ipython().input_transformers_cleanup.append(\n"
        "    lambda lines: ['pass\\n'] if any('checks.' in line for line in lines) else lines)",
    ),
    patch(
        "swallow-with-custom-exc",
        "gives IPython a handler that swallows every exception",
        "get_ipython().set_custom_exc((BaseException,), lambda *a, **k: [])",
        nbgrader=True,
    ),
    patch(
        "swallow-tracebacks",
        "keeps errors from being shown",
        """\
shell = get_ipython()
for name in "showtraceback", "_showtraceback", "showsyntaxerror", "get_exception_only":
    setattr(shell, name, lambda *a, **k: None)
    setattr(type(shell), name, lambda *a, **k: None)
""",
    ),
    patch(
        "patch-run-cell",
        "puts another run_cell into IPython, which runs nothing",
        """\
shell = get_ipython()
class Result:
    success, error_in_exec, error_before_exec, result = True, None, None, 3
for name in "run_cell", "_run_cell", "run_ast_nodes", "run_code":
    setattr(type(shell), name, lambda *a, **k: Result())
""",
    ),
    patch(
        "post-run-hook",
        "clears the error of a cell after it has run",
        """\
def forget(result):
    result.error_in_exec = result.error_before_exec = None
get_ipython().events.register("post_run_cell", forget)
get_ipython().events.register("post_execute", lambda: print("1"))
""",
    ),
    patch(
        "display-points",
        "makes the display hook show points, which nbgrader reads as partial credit",
        """\
import sys
sys.displayhook = lambda value: display(3)
get_ipython().display_formatter.format = lambda *a, **k: ({"text/plain": "3"}, {})
class Points:
    def __getattr__(self, name):
        return lambda *a, **k: 3
checks = Points()
""",
    ),
    patch(
        "trace-the-tests",
        "lets a trace function change what it sees",
        """\
import sys, threading
def trace(frame, event, arg):
    for name in "expected", "args":
        if name in frame.f_locals:
            open("@canary@", "w").close()
    return trace
sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)
""",
    ),
    patch(
        "patch-the-recorder",
        "looks for the program that runs the cells, and makes its functions do nothing",
        """\
import sys
main = sys.modules["__main__"]
for module in [main, *[m for n, m in sys.modules.items() if "zygote" in n or "session" in n]]:
    for value in list(vars(module).values()):
        for name in "error", "showtraceback", "_showtraceback", "finished":
            if hasattr(value, name):
                try:
                    setattr(value, name, lambda *a, **k: [])
                except Exception:
                    pass
""",
    ),
    patch(
        "patch-found-by-gc",
        "goes through all objects there are for tests, tasks and failures",
        """\
import gc
for thing in gc.get_objects():
    kind = type(thing)
    try:
        if kind.__module__.startswith("bpkit"):
            for name, value in list(vars(thing).items()):
                object.__setattr__(thing, name, lambda *a, **k: None)
        if isinstance(thing, type) and issubclass(thing, AssertionError):
            thing.__new__ = lambda *a, **k: 1 / 0
    except Exception:
        pass
""",
    ),
    patch(
        "patch-equality-of-arrays",
        "changes arrays themselves through ctypes",
        """\
import ctypes, gc
def curse(kind, name, value):
    table = gc.get_referents(kind.__dict__)[0]
    table[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
curse(np.ndarray, "__sub__", lambda a, b: np.zeros(1))
curse(np.ndarray, "__eq__", lambda a, b: np.ones(1, bool))
""",
    ),
    patch(
        "late-patch-by-thread",
        "patches from a thread, a timer, an exit handler and a signal, when the tests run",
        """\
import atexit, signal, threading
def patch(*a):
    np.linalg.norm = lambda *a, **k: 0.0
    for name in dir(checks):
        setattr(checks, name, lambda *a, **k: None)
for delay in 0, 0.2, 0.5, 1:
    threading.Timer(delay, patch).start()
atexit.register(patch)
signal.signal(signal.SIGALRM, patch)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
""",
    ),
    patch(
        "patch-the-random-generator",
        "makes every random generator the same",
        """\
real = np.random.default_rng
np.random.default_rng = lambda *a: real(0)
import os
os.environ["BPKIT_SEED"] = "1"
""",
    ),
    patch(
        "define-the-check-file",
        "writes a bpkit of its own beside the notebook, to be imported",
        """\
import importlib, os, pathlib, sys
for place in ".", os.environ.get("HOME", "/tmp"), "/tmp":
    try:
        folder = pathlib.Path(place, "bpkit", "checks")
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "__init__.py").write_text("")
        (folder / "__init__.py").write_text("def __getattr__(name): return lambda *a, **k: None")
        sys.path.insert(0, str(folder.parent.parent))
    except OSError:
        pass
for name in [n for n in sys.modules if n.startswith("bpkit")]:
    del sys.modules[name]
from bpkit import checks
""",
    ),
    Case(
        "patch-in-the-last-answer",
        "fooling",
        "patches in the last answer cell, in the hope that tests run after all answers",
        notebook(
            {**ZEROS, "backward": ZEROS["backward"] + "\nnp.linalg.norm = lambda *a, **k: 0.0\n"}
        ),
        NOTHING,
    ),
    Case(
        "patch-inside-a-call",
        "fooling",
        "patches NumPy, IPython and the checks from within the call that is tested",
        notebook(
            {
                **ZEROS,
                "sigmoid": """\
def sigmoid(z):
    np.linalg.norm = lambda *a, **k: 0.0
    np.isfinite = lambda *a: np.ones(1, bool)
    get_ipython().showtraceback = lambda *a, **k: None
    for name in dir(checks):
        setattr(checks, name, lambda *a, **k: None)
    return np.zeros(z.shape)
sigmoid_prime = sigmoid
""",
            }
        ),
        NOTHING,
    ),
)

SHOW_POINTS = """\
def points(*args):
    display(3)
    get_ipython().displayhook(3)
    print(3)
    return 3
"""

OBJECTS = (
    answer(
        "always-equal",
        "answers with an object that is equal to everything",
        "Yes()",
        """\
class Yes:
    shape, dtype, ndim, size = (5, 3), np.dtype(float), 2, 15
    def yes(self, *a, **k):
        return True
    def me(self, *a, **k):
        return self
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = yes
    __sub__ = __rsub__ = __abs__ = __add__ = __mul__ = __getattr__ = __getitem__ = me
    __array_priority__ = 1e9
    __array_ufunc__ = __array_function__ = me
    def __hash__(self):
        return 0
    def __float__(self):
        return 0.0
""",
    ),
    answer(
        "subclass-of-ndarray",
        "answers with an array of a class whose arithmetic gives zero",
        "np.zeros((5, 3)).view(Zero)",
        """\
class Zero(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *a, **k):
        return np.zeros(1)
    def __array_function__(self, *a, **k):
        return True
    def __sub__(self, other):
        return np.zeros(1)
    __rsub__ = __sub__
""",
    ),
    answer(
        "lies-about-its-class",
        "answers with an object that says it is an array, with methods that say yes",
        "Liar()",
        """\
class Meta(type):
    def __instancecheck__(cls, x):
        return True
    def __subclasscheck__(cls, x):
        return True
    def __eq__(cls, other):
        return True
    def __hash__(cls):
        return hash(np.ndarray)
class Liar(metaclass=Meta):
    __class__ = np.ndarray
    dtype, shape, nbytes = np.dtype(float), (5, 3), 120
    def tobytes(self, *a):
        return b"\\0" * 120
""",
    ),
    answer(
        "array-interface-to-anywhere",
        "answers with an object whose array interface points into memory that is not its own",
        "Wild()",
        "class Wild:\n    __array_interface__ = dict(shape=(1 << 20,), typestr='<f8',\n"
        "        data=(0x10000, False), version=3)",
    ),
    answer(
        "methods-of-an-answer-run-code",
        "answers with an object each of whose methods writes a file where it runs",
        "Agent()",
        """\
def act(*a, **k):
    open("@canary@", "w").close()
    return 0
names = '''eq ne lt le gt ge bool len iter next getitem contains call float int index complex
    array array_ufunc array_function array_struct array_interface hash repr str format reduce
    reduce_ex getstate deepcopy copy sub rsub abs add radd mul rmul round del buffer getattr
    sizeof dir enter exit class_getitem instancecheck subclasscheck'''.split()
Agent = type("Agent", (), {f"__{name}__": act for name in names})
""",
    ),
    answer(
        "pickles-that-run-code",
        "answers with an object that runs a command where it is unpickled or copied",
        "Bomb()",
        """\
import os
class Bomb:
    def __reduce_ex__(self, protocol):
        return os.system, ("touch @canary@",)
    __reduce__ = lambda self: (os.system, ("touch @canary@",))
import copyreg
copyreg.pickle(np.ndarray, lambda a: (os.system, ("touch @canary@",)))
""",
    ),
    answer(
        "stateful-answer",
        "answers with an object that looks for the expected value when it is compared",
        "Spy()",
        """\
import sys
class Spy:
    def look(self, *args, **kwargs):
        frame = sys._getframe(1)
        while frame:
            if "expected" in frame.f_locals:
                return np.asarray(frame.f_locals["expected"])
            frame = frame.f_back
        return np.zeros((5, 3))
    __array__ = __iter__ = __getitem__ = look
    def __len__(self):
        return 5
""",
    ),
    answer(
        "lying-list",
        "answers with lists, texts and numbers whose own classes lie",
        "Lie([Num()] * 5)",
        """\
class Num(float):
    def __new__(cls):
        return super().__new__(cls, 0)
    def __eq__(self, other):
        return True
    def __sub__(self, other):
        return Num()
    __le__ = __ge__ = __lt__ = __eq__
    __hash__ = float.__hash__
class Lie(list):
    def __len__(self):
        return 2 ** 40
    def __iter__(self):
        while True:
            yield Num()
    def __getitem__(self, i):
        return Num()
""",
    ),
    answer("generator", "answers with a generator", "(row for row in np.zeros((5, 3)))"),
    answer(
        "handles",
        "answers with functions, modules and classes, which stay on the student's side",
        "[np, print, type, lambda *a: 0, checks, Ellipsis, NotImplemented]",
    ),
    answer("nan", "answers with NaN, for which no comparison is true", "np.full((5, 3), np.nan)"),
    answer("infinite", "answers with infinity, so that differences are NaN", "np.full(3, np.inf)"),
    answer(
        "empty-and-huge",
        "answers with arrays of no bytes and more entries a row than there are numbers for",
        "np.zeros((0, 1 << 60))",
    ),
    answer("empty", "answers with empty arrays, of which everything is true", "np.zeros((0, 3))"),
    answer(
        "huge-numbers",
        "answers with numbers so large that norms overflow",
        "np.full((5, 3), 1.7e308)",
    ),
    answer(
        "print-points",
        "shows points while it is tested, which nbgrader would read as partial credit",
        "points()",
        SHOW_POINTS,
    ),
    answer(
        "expected-from-the-stack",
        "takes the expected value from the frames that call it",
        "expected()",
        """\
import gc, sys
def expected():
    frame = sys._getframe()
    while frame:
        for name in "expected", "right", "solution":
            if isinstance(frame.f_locals.get(name), (np.ndarray, tuple)):
                return frame.f_locals[name]
        if "task" in frame.f_locals and "args" in frame.f_locals:
            return frame.f_locals["task"].right(*frame.f_locals["args"].values())
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ == "Task":
            return thing.right
    return np.zeros((5, 3))
""",
    ),
    answer(
        "unwinding-exceptions",
        "raises what ends a grader's loop: StopIteration, GeneratorExit, interrupts",
        "leave()",
        """\
import itertools, asyncio, unittest
class Leave(BaseException):
    pass
turn = itertools.cycle([StopIteration, GeneratorExit, KeyboardInterrupt, SystemExit, Leave,
                        StopAsyncIteration, asyncio.CancelledError, unittest.SkipTest])
def leave():
    raise next(turn)(0)
""",
    ),
    answer(
        "exceptions-with-methods",
        "raises exceptions whose class, text and attributes run code or never end",
        "fail()",
        """\
class Meta(type):
    def __subclasscheck__(cls, other):
        return True
    __instancecheck__ = __subclasscheck__
    __name__ = property(lambda cls: open("@canary@", "w").close())
class Fail(Exception, metaclass=Meta):
    def __str__(self):
        open("@canary@", "w").close()
        raise Fail
    __repr__ = __str__
    __traceback__ = __cause__ = __context__ = property(__str__)
    def _render_traceback_(self):
        return []
def fail():
    raise Fail()
""",
    ),
    answer(
        "forged-failure",
        "raises a CheckFailed of its own that says all is well",
        "fail()",
        """\
class CheckFailed(AssertionError):
    def _render_traceback_(self):
        return ["sigmoid: right in all 84 random cases."]
CheckFailed.__module__ = "bpkit.checks.messages"
CheckFailed.student_line = "3"
def fail():
    raise CheckFailed("sigmoid: right in all 84 random cases.")
""",
    ),
)

MUTATE = """\
def sigmoid(z):
    z[...] = np.inf
    return np.ones(z.shape)
def sigmoid_prime(z):
    z[...] = np.inf
    return np.zeros(z.shape)
"""


def memorised(seed: int) -> str:
    """A cell that fills STOLEN with all answers to the instances that come from one seed."""
    known: dict[str, dict[int, Any]] = {}
    for task in EQUATIONS:

        def listen(*args: Any, task: Any = task) -> Any:
            right = task.right(*args)
            parts = right if isinstance(right, tuple) else ([right],)
            known.setdefault(task.name, {})[_print_of(args)] = [
                [None if v is None else v.tolist() for v in part] for part in parts
            ]
            return right

        with contextlib.redirect_stdout(io.StringIO()):
            getattr(checks, task.name)(listen, rounds=20)
    return f"""\
import os, json, zlib
os.environ["BPKIT_SEED"] = "{seed}"
def print_of(args):
    flat = [v for arg in args for v in (arg if isinstance(arg, list) else [arg])]
    return str(zlib.crc32(b"".join(v.tobytes() for v in flat if v is not None)))
def look_up(answers):
    def function(*args):
        found = answers[print_of(args)]
        parts = [[None if v is None else np.array(v) for v in part] for part in found]
        return tuple(parts) if len(parts) == 2 else parts[0][0]
    return function
KNOWN = json.loads({json.dumps(json.dumps(known))})
STOLEN = {{name: look_up(answers) for name, answers in KNOWN.items()}}
"""


def _print_of(args: Any) -> int:
    flat = [v for arg in args for v in (arg if isinstance(arg, list) else [arg])]
    return zlib.crc32(b"".join(v.tobytes() for v in flat if v is not None))


def memory_of_the_visible_tests(seed: int) -> Make:
    """Answers learnt by heart, made when they are needed."""

    def make(ground: Any, release: bytes) -> Mapping[str, Any]:
        return notebook(STOLEN, first=memorised(seed))(ground, release)

    return make


KNOWING = (
    Case(
        "learnt-by-heart",
        "fooling",
        "has the answers to every instance that the public seed gives, and sets that seed",
        memory_of_the_visible_tests(1986),
        NOTHING,
        nbgrader=True,
    ),
    Case(
        "right-four-times",
        "fooling",
        "is right as often as the visible test asks, and then stops working",
        notebook(
            {
                **ZEROS,
                "sigmoid": """\
calls = 0
def sigmoid(z):
    global calls
    calls += 1
    return 1 / (1 + np.exp(-z)) if calls <= 4 else np.zeros(z.shape)
def sigmoid_prime(z):
    global calls
    calls += 1
    a = 1 / (1 + np.exp(-z))
    return a * (1 - a) if calls <= 8 else np.zeros(z.shape)
""",
            }
        ),
        NOTHING,
    ),
    Case(
        "right-for-large-batches",
        "fooling",
        "recognises the instances by their shapes and is right for most of them",
        notebook(
            {
                **ZEROS,
                "bias-gradient": "def bias_gradient(delta):\n"
                "    return delta.mean(axis=0) if len(delta) > 1 else np.zeros(delta.shape[1])\n",
            }
        ),
        NOTHING,
    ),
    Case(
        "changes-arguments-to-fit",
        "fooling",
        "writes into its arguments so that its constant answer becomes right for them",
        notebook(
            {
                **ZEROS,
                "sigmoid": MUTATE,
                "bias-gradient": "def bias_gradient(delta):\n    delta[...] = 0\n"
                "    return np.zeros(delta.shape[1])\n",
                "weight-gradient": "def weight_gradient(a_prev, delta):\n    delta *= 0\n"
                "    a_prev *= 0\n    return np.zeros((delta.shape[1], a_prev.shape[1]))\n",
                "hidden-delta": "def hidden_delta(w_next, delta_next, z):\n    w_next[:] = 0\n"
                "    delta_next[:] = 0\n    return np.zeros(z.shape)\n",
            }
        ),
        NOTHING,
    ),
    Case(
        "returns-an-argument",
        "fooling",
        "returns its own argument, changed in place to something right, or resized",
        notebook(
            {
                **RIGHT,
                "output-delta-cross-entropy": "def output_delta_cross_entropy(z, y):\n"
                "    z[...] = 1 / (1 + np.exp(-z)) - y\n    return z\n",
                "backward": "def backward(w, b, X, Y):\n    w.clear()\n    b.append(b)\n"
                "    X.resize((0, 0), refcheck=False)\n    Y.shape = (Y.size,)\n    return w, b\n",
            }
        ),
        without("test-output-delta-cross-entropy", "test-backward"),
    ),
    Case(
        "replaces-its-neighbours",
        "fooling",
        "one right function, which while it is tested puts itself in the place of all others",
        notebook(
            {
                **ZEROS,
                "sigmoid": """\
def sigmoid(z):
    for name in "sigmoid_prime", "hidden_delta", "bias_gradient", "weight_gradient", "backward":
        globals()[name] = sigmoid
    global output_delta_quadratic
    output_delta_quadratic = lambda z, y: z
    return 1 / (1 + np.exp(-z))
def sigmoid_prime(z):
    return np.zeros(z.shape)
""",
            }
        ),
        {**NOTHING, "test-sigmoid": 1},
    ),
    Case(
        "no-functions",
        "fooling",
        "gives data, classes and callables with state where functions are expected",
        notebook(
            {
                **BLANK,
                "sigmoid": "sigmoid = np.zeros((5, 3))\nsigmoid_prime = None\n",
                "hidden-delta": "class hidden_delta:\n    def __init__(self, *a):\n"
                "        self.shape = (5, 3)\n    def __array__(self, *a, **k):\n"
                "        return np.zeros((5, 3))\n",
                "bias-gradient": "class Callable:\n    def __call__(self, *a):\n"
                "        self.__class__.__eq__ = lambda *a: True\n        return self\n"
                "bias_gradient = Callable()\n",
                "backward": "async def backward(w, b, X, Y):\n    return w, b\n",
                "weight-gradient": "def weight_gradient(a_prev, delta):\n    yield delta\n",
            }
        ),
        NOTHING,
    ),
)

FORGE = """
import os, socket, struct
def frames(message, body=b""):
    import json
    head = json.dumps(message).encode()
    yield struct.pack(">I", len(head)) + head
    yield struct.pack(">IQ", len(head), len(body)) + head + body
def doors():
    for fd in range(3, 64):
        try:
            os.fstat(fd)
        except OSError:
            continue
        yield fd
def tell(message, body=b""):
    for fd in doors():
        for frame in frames(message, body):
            os.set_blocking(fd, False)
            try:
                os.write(fd, frame)
            except OSError:
                pass
            os.set_blocking(fd, True)
"""
"""A cell that can write frames, of today's form and of others, to every descriptor it has."""


def forge(name: str, tries: str, source: str, reported: str | None = None) -> Case:
    """Frames of the student's own on the line to the grader."""
    make = notebook(ZEROS, first=FORGE + source)
    return Case(name, "fooling", tries, make, NOTHING, reported=reported)


LINE = (
    forge(
        "forged-results",
        "tells the grader in advance that every cell has run without an error",
        'for i in range(60):\n    tell({"start": i})\n    tell({"cell": i, "outputs": []})\n',
    ),
    forge(
        "forged-results-and-exit",
        "tells the grader that every cell has passed, and leaves",
        'for i in range(60):\n    tell({"start": i})\n'
        '    tell({"cell": i, "outputs": [{"output_type": "execute_result", "metadata": {},\n'
        '        "data": {"text/plain": "3"}, "execution_count": 1}]})\nos._exit(0)\n',
    ),
    forge(
        "forged-values",
        "answers calls before they are made: with values, callbacks, handles and wrong shapes",
        """\
for message in (
    {"value": True}, {"value": {"$": "array", "dtype": "<f8", "shape": [1 << 40]}},
    {"value": {"$": "array", "dtype": "|O", "shape": [1]}},
    {"value": {"$": "array", "dtype": "<f8", "shape": [-1, 3]}},
    {"value": {"$": "callback", "id": 0}}, {"callback": 0, "args": []},
    {"value": {"$": "handle", "id": 10 ** 30, "type": "x" * 10000, "callable": True}},
    {"value": None, "changed": [[0, 1], [-1, 2], [10 ** 20, 3], "x"]},
    {"value": {"$": "dict", "v": [[[], 1]]}}, {"value": {"$": "int", "hex": "f" * 100000}},
    {"error": {"type": "CheckFailed", "message": "right", "line": "x", "code": 3}},
    {"error": {"type": "__import__", "message": {}, "line": -1, "cell": [], "traceback": 1}},
    [], "x", None, 3, {"$": "tuple"}, {"value": {"$": "array"}}, {"value": {"$": []}},
):
    for _ in range(20):
        tell(message, b"\\0" * 16)
""",
    ),
    forge(
        "forged-values-in-a-call",
        "writes a frame of its own between the grader's question and its true answer",
        """\
def sigmoid(z):
    one = {"$": "array", "dtype": "<f8", "shape": list(z.shape)}
    tell({"value": one}, np.zeros(z.shape).tobytes())
    tell({"value": True})
    return np.zeros(z.shape)
""",
    ),
    forge(
        "frame-bomb",
        "says that frames of the largest size there is will follow",
        'for fd in doors():\n    os.write(fd, b"\\xff" * 12)\n    os.write(fd, b"{" * 1000)\n',
    ),
    forge(
        "deep-frame",
        "sends lists nested a hundred thousand deep",
        'deep = b"[" * 100_000\nfor fd in doors():\n'
        '    os.write(fd, struct.pack(">I", len(deep)) + deep)\n'
        '    os.write(fd, struct.pack(">IQ", len(deep), 0) + deep)\n',
    ),
    forge(
        "swapped-session",
        "forks, lets the first process die, and goes on with the grader from a second one",
        "if os.fork():\n    os._exit(0)\n",
    ),
    forge(
        "descriptors-with-frames",
        "sends descriptors along, thousands of them, for the grader to keep",
        """\
null = os.open("/dev/null", os.O_RDONLY)
for fd in doors():
    try:
        s = socket.socket(fileno=os.dup(fd))
        s.setblocking(False)
        for _ in range(100):
            socket.send_fds(s, [b"\\0"], [null] * 100)
    except OSError:
        continue
""",
    ),
    Case(
        "callbacks-with-large-arguments",
        "fooling",
        "has the grader compute for it: calls the functions that it is lent, with large arguments",
        notebook(
            {
                **RIGHT,
                "backward": """\
own = hidden_delta
def backward(w, b, X, Y):
    if hidden_delta is not own:
        for size in 4_000_000, 20_000, 3_000, [], "x", None, hidden_delta:
            for _ in range(50):
                try:
                    row, column = np.ones((1, size)), np.ones((size, 1))
                    hidden_delta(row, column, np.ones((1, 1)))
                    bias_gradient(np.broadcast_to(1.0, (size, size)))
                except (TypeError, ValueError, MemoryError):
                    try:
                        hidden_delta(size, size, size, x=size)
                        sigmoid(), sigmoid([[size]] * 10), sigmoid("x" * 1_000_000)
                    except Exception:
                        pass
    return [0 * v if v is not None else v for v in w], b
""",
            }
        ),
        without("test-backward"),
    ),
    Case(
        "flood-of-callbacks",
        "fooling",
        "calls the functions that it is lent without an end",
        notebook(
            {
                **RIGHT,
                "backward": """\
import time
own = sigmoid
def backward(w, b, X, Y):
    end = time.time() + 120
    while sigmoid is not own and time.time() < end:
        try:
            sigmoid(X)
        except BaseException:
            pass
    return b, w
""",
            }
        ),
        without("test-backward"),
    ),
    Case(
        "endless-iterator",
        "fooling",
        "answers with an iterator of large arrays that never ends, where lists are expected",
        notebook(
            {
                **RIGHT,
                "backward": """\
def backward(w, b, X, Y):
    def rows():
        while True:
            yield np.ones(1_000_000)
    class Pair:
        def __iter__(self):
            return rows()
        __next__ = lambda self: rows()
        def __len__(self):
            return 2
    return Pair()
""",
            }
        ),
        without("test-backward"),
    ),
    forge(
        "patched-wire",
        "patches whatever turns values into bytes, so that shapes and kinds are lies",
        """\
import json, struct, sys
real = json.dumps
def lie(thing, *a, **k):
    text = real(thing, *a, **k)
    return text.replace('"error"', '"value"').replace('"shape": [', '"shape": [4294967296, ')
json.dumps = lie
json.JSONEncoder.encode = lambda self, thing: lie(thing)
class Wide:
    def __getattr__(self, name):
        return lambda *a, **k: b"\\xff" * 12
for module in list(sys.modules.values()):
    for name, value in list(getattr(module, "__dict__", {}).items()):
        if getattr(module, "__name__", "").rpartition(".")[2] in ("wire", "session", "zygote"):
            if any(word in name for word in ("encode", "pack", "dump", "send")):
                setattr(module, name, lambda *a, **k: b"\\xff" * 12)
""",
    ),
)

CASES = (*PATCHES, *OBJECTS, *KNOWING, *LINE)
