"""What a student's process can import of bpkit, and what it is told of the rest."""

import subprocess
import sys
from pathlib import Path

import pytest

from bpkit.grading.view import PACKAGE, HidesUnknown, hidden_by, make_view, modules

SAID = "bpkit.{} cannot be imported while an exercise is graded: it would solve it"


def run(view: Path, source: str) -> list[str]:
    """What a program prints that finds the view before the real package."""
    program = f"import sys; sys.path.insert(0, {str(view.parent)!r})\n{source}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.splitlines()


def tried(*sources: str) -> str:
    """A program that tries each line alone and prints the exception that came of it."""
    return f"""
for source in {sources!r}:
    try:
        exec(source, {{}})
        print("nothing")
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def view(tmp_path_factory) -> Path:
    """The view without the whole reference."""
    package = tmp_path_factory.mktemp("view") / "bpkit"
    make_view(package, hidden_by({}))
    return package


def test_all_that_solves_an_exercise_is_hidden_unless_an_assignment_says_otherwise():
    hidden = hidden_by({})
    assert hidden == hidden_by({"bpkit": {}}) == hidden_by(None)
    assert {"activations", "backprop", "costs", "gradcheck", "graph", "network"} <= hidden
    assert modules() - hidden == {"allocator", "datasets", "plots"}
    assert not modules() & {"checks", "grading", "cli", "demo_class", "demo_answers", "__init__"}
    assert hidden_by({"bpkit": {"hides": ["network"]}}) == {"network"}
    assert hidden_by({"bpkit": {"hides": []}}) == frozenset()


@pytest.mark.parametrize("hides", ["network", ["nothing"], [["network"]], 7, [None]])
def test_hiding_what_does_not_exist_is_refused_in_one_sentence(hides):
    with pytest.raises(HidesUnknown, match=r"metadata\.bpkit\.hides must be a list of modules"):
        hidden_by({"bpkit": {"hides": hides}})


def test_every_hidden_module_says_why(view):
    hidden = sorted(hidden_by({}))
    told = run(view, tried(*(f"from bpkit.{name} import anything" for name in hidden)))
    assert told == [f"ImportError {SAID.format(name)}" for name in hidden]


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import bpkit; bpkit.Network", "network"),
        ("import bpkit; bpkit.train", "training"),
        ("from bpkit import check_gradients", "gradcheck"),
        ("from bpkit import backprop; backprop.bp1", "backprop"),
        ("import bpkit.network; bpkit.network.Network", "network"),
        ("from bpkit.plots import lines; lines.ACTIVATIONS['sigmoid']", "activations"),
        ("from bpkit.plots import lines; lines.ACTIVATIONS.items()", "activations"),
        ("from bpkit.plots import graphs; graphs.Network([2, 1])", "network"),
    ],
)
def test_a_hidden_name_is_out_of_reach_on_every_road(view, source, module):
    assert run(view, tried(source)) == [f"ImportError {SAID.format(module)}"]


def test_what_belongs_to_grading_is_not_there_at_all(view):
    names = ["cli", "demo_answers.right", "grading.judge", "checks.backprop"]
    told = run(view, tried(*(f"import bpkit.{name}" for name in names)))
    assert all(line.startswith("ModuleNotFoundError") for line in told)


def test_no_file_of_the_view_holds_what_is_hidden(view):
    for name in hidden_by({}):
        real = PACKAGE / f"{name}.py"
        kept = (view / f"{name}.py").read_text()
        assert real.exists() and len(kept) < 1000
        for line in real.read_text().splitlines():
            assert not line.startswith(("def ", "    return ")) or line not in kept


def test_shown_modules_work(view):
    assert run(view, "from bpkit import datasets; print(datasets.xor()[0].shape)") == ["(4, 2)"]
    source = "from bpkit import plots; print(plots.curves.__name__, plots.WIDTH > 0)"
    assert run(view, source) == ["curves True"]


def test_checks_say_that_they_run_elsewhere(view):
    source = """
from bpkit import checks
from bpkit.checks import CheckFailed, sigmoid
checks.backward(None, rounds=20)
print(issubclass(CheckFailed, AssertionError), hasattr(checks, "__path__"))
"""
    said = "Checks run when the notebook is graded, and not in the cells beside them."
    assert run(view, source) == [said, "True False"]


def test_what_needs_a_hidden_module_is_hidden_with_it(tmp_path):
    package = tmp_path / "bpkit"
    make_view(package, {"network"})
    sources = "import bpkit.training as t; t.Network([2, 1])", "from bpkit.backprop import bp1; bp1"
    assert run(package, tried(*sources)) == [f"ImportError {SAID.format('network')}", "nothing"]


def test_with_nothing_hidden_it_is_all_there(tmp_path):
    package = tmp_path / "bpkit"
    make_view(package, set())
    source = "import bpkit; net = bpkit.Network([2, 1], rng=0); print(net.L, bpkit.__file__)"
    assert run(package, source) == [f"2 {package / '__init__.py'}"]
    assert run(package, tried("import bpkit; bpkit.nothing")) == [
        "AttributeError module 'bpkit' has no attribute 'nothing'"
    ]
