"""What the judge lets student code do, and what not: honest work first, then attacks."""

import json
from pathlib import Path

import numpy as np
import pytest

from bpkit.checks import CheckFailed
from bpkit.grading import staff
from bpkit.grading.execution import Settings
from bpkit.grading.standins import StudentFunction, StudentIterator, StudentObject
from tests.grading.courses import nbgrader
from tests.grading.test_execution import code, errors, execute, test_cell

pytestmark = pytest.mark.jail

SETTINGS = Settings(cell_seconds=10, total_seconds=60, seed="42")
IMPATIENT = Settings(cell_seconds=1.5, total_seconds=60, seed="42")


def setup(source: str) -> dict:
    """A cell of the course's that is no test."""
    return code(source, **nbgrader(f"setup-{abs(hash(source))}", locked=True))


IMPORTS = setup("import numpy as np\nfrom bpkit import checks")


def graded(*cells: dict | str, settings: Settings = SETTINGS, files=None) -> dict:
    return execute(IMPORTS, *cells, settings=settings, files=files)


def passes(answer: str, *tests: str) -> list[bool]:
    """Which of the tests pass for an answer."""
    found = graded(answer, *(test_cell(test, f"test-{i}") for i, test in enumerate(tests)))
    return [error is None for error in errors(found)[2:]]


def failure(answer: str, test: str, settings: Settings = SETTINGS) -> dict:
    """The error that a test fails with."""
    (cell,) = graded(answer, test_cell(test), settings=settings)["cells"][2:]
    (error,) = (output for output in cell["outputs"] if output["output_type"] == "error")
    return error


# --------------------------------------------------------------------------------- honest work

HONEST = {
    "helper in another cell": ("def double(x):\n    return twice(x)", "assert double(2) == 4"),
    "prints and warnings": (
        "import sys, warnings\ndef f(x):\n    print(x)\n    warnings.warn('w')\n"
        "    print('e', file=sys.stderr)\n    return x",
        "assert f(3) == 3",
    ),
    "class": (
        "class Counter:\n    def __init__(self, n=0):\n        self.n = n\n"
        "    def add(self, k):\n        self.n += k\n        return self",
        "c = Counter(2)\nassert c.add(3).n == 5 and c.n == 5 and Counter().n == 0",
    ),
    "closure": (
        "def adder(n):\n    return lambda x: x + n",
        "add = adder(2)\nassert add(3) == 5 and [adder(i)(1) for i in range(3)] == [1, 2, 3]",
    ),
    "function as argument": (
        "def slope(f, x, h=1e-6):\n    return (f(x + h) - f(x - h)) / (2 * h)",
        "assert abs(slope(lambda x: x ** 2, 3.0) - 6) < 1e-6\n"
        "assert abs(slope(np.sin, 0.0) - 1) < 1e-6",
    ),
    "their function as argument": (
        "def twice(f, x):\n    return f(f(x))\ndef inc(x):\n    return x + 1",
        "assert twice(inc, 1) == 3",
    ),
    "callback that calls back": (
        "def apply(f, x):\n    return f(x)\ndef square(x):\n    return x * x",
        "assert apply(lambda x: apply(lambda y: square(y) + 1, x), 3) == 10",
    ),
    "callback that raises": (
        "def safe(f):\n    try:\n        return f(0)\n"
        "    except ZeroDivisionError:\n        return 'caught'",
        "assert safe(lambda x: 1 / x) == 'caught'",
    ),
    "subclasses of numpy": (
        "def f(x):\n    return np.asmatrix(x)\ndef g(x):\n    return np.ma.masked_array(x)",
        "assert (f(np.eye(2)) == np.eye(2)).all() and type(g(np.ones(2))) is np.ndarray",
    ),
    "in place": (
        "def clip(x):\n    x[x < 0] = 0\ndef push(l, d):\n    l.append(4)\n    d['k'] = l[0] = 7",
        "x = np.array([-1.0, 2.0])\nclip(x)\nassert x.tolist() == [0, 2]\n"
        "l, d = [1], {}\npush(l, d=d)\nassert l == [7, 4] and d == {'k': 7}",
    ),
    "in place, in a list": (
        "def step(w, dw):\n    for a, b in zip(w, dw):\n        a -= b",
        "w = [np.ones(2), np.ones(3)]\nview = w[1]\nstep(w, [np.ones(2), np.ones(3)])\n"
        "assert not w[0].any() and not view.any()",
    ),
    "generator": (
        "def count(n):\n    while n:\n        yield n\n        n -= 1\ndef forever():\n"
        "    x = 0\n    while True:\n        yield (x := x + 1)",
        "import itertools\nassert list(count(3)) == [3, 2, 1] and next(forever()) == 1\n"
        "assert list(itertools.islice(forever(), 2)) == [1, 2]",
    ),
    "random generator": (
        "def draw(rng, n):\n    return rng.normal(size=n)",
        "a, b = np.random.default_rng(1), np.random.default_rng(1)\n"
        "assert (draw(a, 3) == b.normal(size=3)).all() and a.random() == b.random()",
    ),
    "errors that a test asks for": (
        "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return {}['k']",
        "for x, kind in ((-1, ValueError), (1, KeyError)):\n    try:\n        root(x)\n"
        "    except kind:\n        continue\n    assert False",
    ),
    "kinds of data": (
        "def f():\n    return None, True, 2**99, 1.5, 'ä', 1j, {1: (2,)}, {3}, b'x', np.int8(1)",
        "assert f() == (None, True, 2**99, 1.5, 'ä', 1j, {1: (2,)}, {3}, b'x', np.int8(1))",
    ),
    "data": ("x, y = np.arange(3), [1, 2]", "assert x.sum() == 3 and y[1] == 2"),
    "keyword arguments": ("def f(a, *, b=1):\n    return a - b", "assert f(3, b=2) == 1 == f(a=2)"),
    "magic in the test": ("def f(x):\n    return x + 1", "%time y = f(1)\nassert y == 2"),
    "figure": (
        "import matplotlib.pyplot as plt\ndef plot():\n    fig, ax = plt.subplots()\n"
        "    ax.set_title('t')\n    return fig",
        "assert plot().axes[0].get_title() == 't'",
    ),
    "many tiny calls": ("def f(x):\n    return x", "assert all(f(i) == i for i in range(500))"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_passes(name):
    answer, test = HONEST[name]
    helper = "def twice(x):\n    return 2 * x"
    notebook = graded(helper, answer, test_cell(test))
    assert errors(notebook) == [None] * 4, notebook["cells"][-1]["outputs"]
    assert notebook["metadata"]["bpkit"]["events"] == []
    assert all(output.get("name") != "stderr" for output in notebook["cells"][-1]["outputs"])


def test_the_state_of_a_test_is_that_of_its_place():
    test = "assert f() == {}"
    notebook = graded(
        "n = 1\ndef f():\n    global n\n    n += 1\n    return n",
        test_cell(test.format(2), "test-a"),
        test_cell(test.format(2), "test-b"),  # what the call in the test before changed is gone
        "n = 10",
        test_cell(test.format(11), "test-c"),
    )
    assert errors(notebook) == [None] * 6


def test_names_that_tests_define_are_theirs_until_the_student_defines_them_again():
    notebook = graded(
        "result = 1",
        test_cell("assert result == 1\nresult = 5", "test-a"),
        test_cell("assert result == 5", "test-b"),
        "result = 2",
        test_cell("assert result == 2", "test-c"),
    )
    assert errors(notebook) == [None] * 6


def test_partial_credit_is_what_the_test_says():
    notebook = graded("def f(x):\n    return x", test_cell("sum(f(i) == i * i for i in range(3))"))
    (output,) = notebook["cells"][-1]["outputs"]
    assert output["data"] == {"text/plain": "2"} and output["execution_count"] == 3


def test_a_test_has_the_files_that_lie_beside_the_notebook():
    notebook = graded(
        "def f(x):\n    return x",
        test_cell("assert f(np.loadtxt('d/a.csv').sum()) == 3"),
        files={"d/a.csv": b"1\n2\n", "numpy.py": b"raise SystemExit", "checks.py": b"1/0"},
    )
    assert errors(notebook) == [None] * 3


def test_an_earlier_function_is_put_right_on_the_other_side():
    wrong = "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\ndef sigmoid_prime(z):\n    return z"
    right = "def output_delta_quadratic(z, y):\n    return (sigmoid(z) - y) * sigmoid_prime(z)"
    found = graded(
        f"{wrong}\n{right}",
        test_cell("checks.sigmoid_prime(sigmoid_prime)", "test-a"),
        test_cell("checks.output_delta_quadratic(output_delta_quadratic)", "test-b"),
    )
    assert errors(found)[2:] == ["CheckFailed", None]
    assert "put right" in found["cells"][-1]["outputs"][0]["text"]


def test_only_the_earlier_functions_that_are_wrong_are_called_on_this_side():
    """Calls from side to side take time, and few are needed."""
    answer = """
count = 0
def sigmoid(z):
    global count
    count += 1
    return 1 / (1 + np.exp(-z))
def sigmoid_prime(z):
    return z
def output_delta_quadratic(z, y):
    return (sigmoid(z) - y) * sigmoid_prime(z)
def counted():
    return count
"""
    test = "checks.output_delta_quadratic(output_delta_quadratic, rounds=5)\nprint(counted())"
    (cell,) = graded(answer, test_cell(test))["cells"][2:]
    # 20 calls with everything of their own, 4 to compare by, 16 with sigmoid_prime put right
    said = "output_delta_quadratic: right in all 20 random cases (with the earlier functions put "
    assert cell["outputs"][0]["text"] == said + "right: see their own checks).\n40\n"


def test_calls_that_are_too_many_for_one_message_go_over_in_several():
    answer = "def long(x):\n    return x + np.zeros(1 << 19)\ndef first(x):\n    return x[0]"
    answers_of_80_mb = (
        "got = long.call_for_each([[float(i)] for i in range(20)])\n"
        "assert [x[-1] for x, _ in got] == list(range(20))"
    )
    arguments_of_80_mb = (
        "got = first.call_for_each([[np.full(1 << 20, i)] for i in range(10)])\n"
        "assert [x for x, _ in got] == list(range(10))"
    )
    assert passes(answer, answers_of_80_mb, arguments_of_80_mb) == [True, True]


def test_a_check_names_the_students_own_line():
    error = failure(
        "def bias_gradient(delta):\n    return delt", "checks.bias_gradient(bias_gradient)"
    )
    assert "Line 2 of the cell, in bias_gradient: return delt" in error["evalue"]
    assert error["evalue"].startswith("BP-3 [raises] NameError: name 'delt' is not defined")


def test_a_check_sees_that_an_argument_was_changed():
    answer = "def bias_gradient(delta):\n    delta /= len(delta)\n    return delta.sum(axis=0)"
    error = failure(answer, "checks.bias_gradient(bias_gradient)")
    assert "BP-3 [changes its input]" in error["evalue"]


def test_a_plain_test_shows_the_students_lines_and_not_the_judges():
    error = failure("def f(x):\n    return unknown_name", "assert f(2) == 4")
    shown = "\n".join(error["traceback"])
    assert error["ename"] == "NameError" and "unknown_name" in shown
    assert "in f" in shown and "standins.py" not in shown and "wire.py" not in shown


# ------------------------------------------------------------------------------------- attacks

CHEAT = "def bias_gradient(delta):\n    return np.zeros(delta.shape[1])\n"
CHECK = "checks.bias_gradient(bias_gradient)"
PLAIN = (
    "x = np.arange(4.0)\nnp.testing.assert_allclose(f(x), 2 * x)\nassert np.allclose(f(x), 2 * x)"
)
WRONG = "def f(x):\n    return np.ones(4)\n"
ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.arange(4.0) * 2
    def __bool__(self): return True
    def __len__(self): return 4
    def __iter__(self): return iter([0.0, 2.0, 4.0, 6.0])
    def __getitem__(self, i): return 2.0 * i
    __hash__ = None
"""
LYING = """
class Lying(np.ndarray):
    def __eq__(self, other): return np.ones(4, bool)
    def __array_ufunc__(self, *a, **k): return np.zeros(4)
    def __array_function__(self, *a, **k): return True
    def __sub__(self, other): return np.zeros(4)
"""
PATCHES = {
    "numpy": "np.allclose = lambda *a, **k: True\n"
    "np.testing.assert_allclose = lambda *a, **k: None\n"
    "np.array_equal = np.allclose\nnp.linalg.norm = lambda *a: 0",
    "np itself": "class np:\n    allclose = array_equal = staticmethod(lambda *a, **k: True)\n"
    "    class testing:\n        assert_allclose = staticmethod(lambda *a, **k: None)\n"
    "    def __getattr__(self, n): return lambda *a, **k: 1",
    "builtins": "import builtins\nbuiltins.AssertionError = Warning\nbuiltins.abs = lambda x: 0\n"
    "abs = all = any = lambda *a: True",
    "sys.modules": "import sys, types\nfake = types.ModuleType('checks')\n"
    "fake.bias_gradient = lambda *a, **k: None\nsys.modules['bpkit.checks'] = fake\nchecks = fake",
    "bpkit.checks": "import bpkit.checks\nbpkit.checks.bias_gradient = lambda *a, **k: None\n"
    "from bpkit import checks\nchecks.bias_gradient = bpkit.checks.bias_gradient",
    "showtraceback": "ip = get_ipython()\nip.showtraceback = lambda *a, **k: None\n"
    "ip.set_custom_exc((Exception,), lambda *a, **k: None)\nip._showtraceback = ip.showtraceback",
    "run_cell": "ip = get_ipython()\nip.run_cell = lambda *a, **k: None\nip.run_code = ip.run_cell",
    "display": "import sys\nsys.displayhook = lambda x: print(3)\n"
    "get_ipython().display_pub.publish = lambda *a, **k: None",
    "assertions stripped": "import ast\nclass S(ast.NodeTransformer):\n"
    "    def visit_Assert(self, n): return ast.Pass()\n"
    "    def visit_Expr(self, n): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(S())\n"
    "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    "trace": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
    "the session": "import gc\nfrom bpkit.grading import session, wire\n"
    "session.Snapshot._call = lambda self, r: {'value': True, 'changed': []}\n"
    "session.Snapshot.ANSWERS['call'] = session.Snapshot._call",
}


@pytest.mark.parametrize("name", PATCHES)
def test_patching_ones_own_process_changes_no_mark(name):
    found = graded(
        PATCHES[name], CHEAT + WRONG, test_cell(CHECK, "test-check"), test_cell(PLAIN, "test-plain")
    )
    assert errors(found)[3] is not None and errors(found)[4] is not None


FALSE = {
    "always equal": (ALWAYS + "def f(x):\n    return Always()", "TypeError"),
    "array that lies": (LYING + "def f(x):\n    return np.ones(4).view(Lying)", "AssertionError"),
    "number that lies": (
        "class N(float):\n    __eq__ = lambda *a: True\n    __sub__ = __rsub__ = lambda *a: 0.0\n"
        "    __hash__ = None\ndef f(x):\n    return N(7)",
        "AssertionError",
    ),
    "NaN": ("def f(x):\n    return x * np.nan", "AssertionError"),
    "objects": ("def f(x):\n    return np.array([Ellipsis] * 4)", "TypeError"),
    "argument zeroed": ("def f(x):\n    x[:] = 0\n    return x", "AssertionError"),
    "argument kept": ("def f(x):\n    return x", "AssertionError"),
    "none at all": ("f = None", "TypeError"),
    "StopIteration": ("def f(x):\n    raise StopIteration", "RuntimeError"),
    "SystemExit": ("def f(x):\n    raise SystemExit(0)", "RuntimeError"),
    "GeneratorExit": ("def f(x):\n    raise GeneratorExit", "RuntimeError"),
    "KeyboardInterrupt": ("def f(x):\n    raise KeyboardInterrupt", "RuntimeError"),
    "recursion": ("def f(x):\n    return f(x)", "RecursionError"),
    "memory": ("def f(x):\n    return np.ones(1 << 40)", "MemoryError"),
    "too large": ("def f(x):\n    return np.ones(1 << 24)", "ValueError"),
    "nested": ("def f(x):\n    l = []\n    l.append(l)\n    return l", "ValueError"),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_answers_fail(name):
    answer, kind = FALSE[name]
    assert failure(answer, PLAIN)["ename"] == kind


def test_an_early_stop_does_not_cut_a_test_short():
    answer = "def f(x):\n    raise StopIteration"
    assert passes(answer, "assert all(f(i) == i for i in range(3))", "list(map(f, [1]))") == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    "frame",
    [
        "b'\\xff' * 12",
        "struct.pack('>IQ', 0, 1 << 40)",
        "struct.pack('>IQ', 5, 0) + b'[[[[['",
        "forge({'op': 'callback', 'id': 99, 'args': [], 'kwargs': {}})",
        "forge({'op': 'callback', 'id': 'x'})",
        "forge({'error': {'type': 'SystemExit', 'message': ''}})",
        "forge({'error': 1})",
        "forge({})",
        "forge({'value': {'$': 'handle', 'id': 'x'}, 'changed': []})",
        "forge({'value': {'$': 'array', 'dtype': '|O', 'shape': [1]}, 'changed': []})",
        "forge({'value': {'$': 'array', 'dtype': '<f8', 'shape': [10**15]}, 'changed': []})",
        "forge({'value': 1, 'changed': [[0]]})",
        "forge({'value': 1, 'changed': [[7, 1]]})",
        "forge({'end': True})",
    ],
)
def test_forged_frames_fail_one_test_and_no_other(frame):
    answer = f"""
import gc, json, struct
from bpkit.grading.session import Snapshot
def forge(message):
    head = json.dumps(message).encode()
    return struct.pack('>IQ', len(head), 0) + head
def f(x):
    (snapshot,) = (o for o in gc.get_objects() if isinstance(o, Snapshot))
    snapshot.channel.socket.send({frame})
    return 2 * x
def g(x):
    return x
"""
    assert passes(answer, PLAIN, "assert g(2) == 2") == [False, True]


@pytest.mark.parametrize(
    "frames", ["[]", "[1]", "[b'']", "[frame, frame, frame]", "{}", "[b'\\xff' * 40]"]
)
def test_forged_answers_to_several_calls_fail_one_test_and_no_other(frames):
    answer = f"""
import gc
from bpkit.grading.session import Snapshot
from bpkit.grading.wire import pack
def f(x):
    (snapshot,) = (o for o in gc.get_objects() if isinstance(o, Snapshot))
    frame = pack({{"value": 2, "changed": []}})
    snapshot.channel.send_frame(pack({{"frames": {frames}}}))
    return 2
def g(x):
    return x
"""
    several = "assert [a for a, _ in f.call_for_each([[1], [1]])] == [2, 2]"
    assert passes(answer, several, "assert g(2) == 2") == [False, True]


def test_a_slow_drip_runs_out_of_time():
    answer = """
import gc, struct, time
from bpkit.grading.session import Snapshot
def f(x):
    import signal
    signal.setitimer(signal.ITIMER_REAL, 0)
    (snapshot,) = (o for o in gc.get_objects() if isinstance(o, Snapshot))
    while True:
        snapshot.channel.socket.send(b'\\0')
        time.sleep(0.3)
"""
    assert failure(answer, PLAIN, IMPATIENT)["ename"] == "Stopped"


STOPS = {
    "exit": ("import os\ndef f(x):\n    os._exit(0)", "Stopped", "exit status 0"),
    "crash": ("import ctypes\ndef f(x):\n    ctypes.string_at(0)", "Stopped", "signal 11"),
    "loop": ("def f(x):\n    while True: pass", "TimeLimit", "in line 2: while True: pass"),
    "deaf loop": (
        "import signal\ndef f(x):\n    signal.pthread_sigmask(signal.SIG_BLOCK, [14])\n"
        "    while True: pass",
        "Stopped",
        "did not stop",
    ),
    "sleep": ("import time\ndef f(x):\n    time.sleep(60)", "TimeLimit", "in line 3: time.sleep"),
    "slow, many times": (
        "import time\ndef f(x):\n    time.sleep(0.6)\n    return x",
        "TimeLimit",
        "",
    ),
    "parent": (
        "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    os._exit(1)",
        "Stopped",
        "",
    ),
    "group": ("import os\ndef f(x):\n    os.kill(0, 9)", "Stopped", "signal 9"),
    "everybody": ("import os\ndef f(x):\n    os.kill(-1, 9)\n    os._exit(2)", "Stopped", ""),
    "polite": (
        "import os, signal\ndef f(x):\n    for n in 2, 15, 14, 13, 1:\n"
        "        signal.signal(n, signal.SIG_IGN)\n"
        "        for pid in range(1, 60):\n            try: os.kill(pid, n)\n"
        "            except OSError: pass\n    os._exit(4)",
        "Stopped",
        "exit status 4",
    ),
    "output": ("import os\ndef f(x):\n    while True: os.write(1, b'x' * 10**6)", "TimeLimit", ""),
    "callbacks": ("def f(x, g):\n    while True: g(1)", "TimeLimit", ""),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_call_that_stops_or_ends_costs_only_its_test(name):
    answer, kind, told = STOPS[name]
    call = "f(1, abs)" if name == "callbacks" else "f(1), f(1), f(1)"
    found = graded(
        answer + "\ndef g(x):\n    return x",
        test_cell("assert g(1) == 1", "test-before"),
        test_cell(call, "test-it"),
        test_cell("assert g(1) == 1", "test-after"),
        settings=IMPATIENT,
    )
    assert errors(found)[2:] == [None, kind, None]
    assert told in found["cells"][3]["outputs"][-1]["evalue"]
    assert found["metadata"]["bpkit"]["events"][0].startswith("cell test-it: it ")


def test_a_test_that_kills_all_snapshots_every_time_costs_only_itself():
    answer = "import os\ndef f(x):\n    os.kill(-1, 9)\n    os._exit(2)\ndef g(x):\n    return x"
    tests = [("f(1)", "g(1)")[i % 2] for i in range(6)]
    found = graded(answer, *(test_cell(test, f"test-{i}") for i, test in enumerate(tests)))
    assert errors(found)[2:] == ["Stopped", None] * 3


def test_no_output_quotes_a_hidden_test():
    hidden = "### BEGIN HIDDEN TESTS\nassert f(3) == 4 + 5\n### END HIDDEN TESTS"
    found = graded("def f(x):\n    return x", test_cell(f"assert f(3) == 3\n{hidden}"))
    (error,) = found["cells"][-1]["outputs"]
    assert error["traceback"] == ["AssertionError: "]
    shown = "".join(failure("def f(x):\n    return x", "assert f(3) == 9")["traceback"])
    assert "line 1" in shown


def test_after_two_time_outs_a_function_is_not_called_again():
    tests = [test_cell("f(1)", f"test-{i}") for i in range(4)]
    settings = Settings(cell_seconds=0.4, total_seconds=20)
    found = graded("def f(x):\n    while True: pass", *tests, settings=settings)
    assert errors(found)[2:] == ["TimeLimit", "TimeLimit", "Stopped", "Stopped"]
    assert "not called again" in found["cells"][-1]["outputs"][0]["evalue"]


SECRET = "a_name_that_only_the_test_has"


@pytest.mark.parametrize(
    "look",
    [
        "'\\n'.join(get_ipython().history_manager.input_hist_raw)",
        "str(In) + str(globals())",
        "import gc\n''.join(o for o in gc.get_objects() if isinstance(o, str))",
        "import gc\n''.join(str(o)[:9999] for o in gc.get_objects() if isinstance(o, dict | list))",
        "import linecache\nstr(linecache.cache)",
        "import sys\nstr([vars(m) for n, m in sys.modules.items() if 'bpkit' in n])",
        "import os\nstr([os.listdir(d) for d in ('.', '/tmp', '/dev/shm')])",
    ],
)
def test_the_cells_see_nothing_of_a_test(look):
    hidden = test_cell(f"{SECRET} = 1\nassert f(1) == 1")
    found = graded("def f(x):\n    return x", hidden, look)
    assert SECRET not in json.dumps(found["cells"][-1]["outputs"])
    assert errors(found)[2] is None


def test_a_call_sees_its_arguments_only():
    """An answer that tells what it has seen: in the state that its test sees, and in its value."""
    answer = f"""
import gc, sys, traceback
def f(x):
    texts = str(traceback.extract_stack()) + str([dict(fr.f_locals) for fr in frames()])
    texts += ''.join(o for o in gc.get_objects() if isinstance(o, str)) + str(In)
    return 'FOUND' if {SECRET[:10]!r} + {SECRET[10:]!r} in texts else 'nothing'
def frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back
"""
    assert passes(answer, f"{SECRET} = 1\nassert f({SECRET}) == 'nothing'") == [True]


IMPORTS_OF_THE_REFERENCE = [
    "from bpkit.backprop import bp3 as right",
    "import importlib\nright = importlib.import_module('bpkit.backprop').bp3",
    "import bpkit\nright = bpkit.backprop.bp3",
    "from bpkit.checks.backprop import BIAS_GRADIENT\nright = BIAS_GRADIENT.right",
    "from bpkit.grading import judge\nright = judge",
    "import sys\nright = next(m.bp3 for n, m in sys.modules.items()\n"
    "  if n != 'bpkit.checks' and hasattr(m, 'bp3'))",
    "import gc\nright = next(o for o in gc.get_objects() if getattr(o, '__name__', '') == 'bp3')",
    "import bpkit, inspect, pathlib\nroot = pathlib.Path(inspect.getfile(bpkit)).parent\n"
    "exec(compile((root / 'backprop.py').read_text(), 'b', 'exec'))\nright = bp3",
    "import site, pathlib\nfound = [p for s in site.getsitepackages() + ['/usr', '/opt', '/tmp']\n"
    "  for p in pathlib.Path(s).rglob('backprop*') if 'bp3' in p.read_text(errors='ignore')]\n"
    "right = found[0]",
    "from bpkit import plots\nright = plots.lines.ACTIVATIONS['sigmoid']",
]


@pytest.mark.parametrize("road", IMPORTS_OF_THE_REFERENCE)
def test_the_reference_cannot_be_reached(road):
    settings = Settings(cell_seconds=15, total_seconds=60)
    found = graded(f"{road}\nbias_gradient = right", test_cell(CHECK), "right", settings=settings)
    assert errors(found)[1] is not None and errors(found)[2] == "NameError"
    assert errors(found)[3] == "NameError"


def test_a_hard_coded_answer_fails_on_other_cases():
    answer = """
known = {}
def bias_gradient(delta):
    right = np.ones(len(delta.T)) if known else delta.mean(axis=0)
    return known.setdefault(delta.tobytes(), right)
"""
    assert passes(answer, CHECK) == [False]


def test_a_cell_that_only_looks_like_the_courses_runs_with_the_students():
    forged = [
        code("import os\nos.environ['X'] = '1'", nbgrader={"locked": True, "grade": False}),
        code("raise ValueError", nbgrader={"locked": True, "grade": True, "solution": False}),
        code("y = 1", nbgrader={"grade_id": "x", "locked": "yes", "grade": True}),
    ]
    found = graded(*forged, test_cell("import os\nassert 'X' not in os.environ\nassert y == 1"))
    assert errors(found) == [None, None, "ValueError", None, None]


def test_a_bench_that_was_killed_is_replaced_and_leaves_nothing():
    assert errors(graded("x = 1", test_cell("assert x == 1")))[2] is None
    (bench,) = staff._benches.values()
    home = Path(bench.home.name)
    bench.process.kill()
    bench.process.wait()
    assert errors(graded("x = 1", test_cell("assert x == 1")))[2] is None
    staff.dismiss()
    del bench
    assert not home.exists()


# ----------------------------------------------------------------------------------- stand-ins


class Nobody:
    """A remote that must not be asked."""

    def ask(self, *args, **fields):
        raise AssertionError("asked")


@pytest.mark.parametrize("kind", [StudentObject, StudentFunction, StudentIterator])
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x == x,
        lambda x: x != 1,
        lambda x: x < 1,
        lambda x: 1 if x else 2,
        lambda x: not x,
        lambda x: len(x),
        lambda x: float(x),
        lambda x: int(x),
        lambda x: [1][x],
        lambda x: {x: 1},
        lambda x: x + 1,
        lambda x: x[0],
        lambda x: np.asarray(x),
        lambda x: np.allclose(x, x),
        lambda x: np.ones(2) == x,
        lambda x: np.ones(2) + x,
        lambda x: __import__("pickle").dumps(x),
    ],
)
def test_a_stand_in_decides_nothing(kind, use):
    with pytest.raises(TypeError):
        use(kind(Nobody(), 1, "thing"))


def test_private_attributes_of_a_stand_in_are_not_asked_for():
    thing = StudentObject(Nobody(), 1, "5")
    assert repr(thing) == "<a student's 5>"
    for name in "_repr_html_", "__wrapped__", "__len__":
        assert not hasattr(thing, name)


def test_a_check_fails_for_a_stand_in_that_is_no_function():
    from bpkit import checks

    with pytest.raises(CheckFailed, match="not a function"):
        checks.sigmoid(StudentObject(Nobody(), 1, "generator"))


def test_what_draws_is_imported_only_when_something_is_drawn():
    """Not even by who looks through all modules, as Python does for every traceback."""
    unused = (
        "import inspect, sys, matplotlib.pyplot as plt\nfrom bpkit import plots\n"
        "inspect.getmodule(inspect.currentframe())\n"
        "assert not any(hasattr(m, '__file__') for m in (plt, plots))\n"
        "assert 'matplotlib.figure' not in sys.modules\n"
    )
    used = "from matplotlib.pyplot import subplots\nassert plots.WIDTH and subplots()[1].plot([1])"
    assert passes("x = 1", unused, f"{unused}{used}", "import bpkit.plots\nbpkit.plots.WIDTH") == [
        True,
        True,
        True,
    ]
