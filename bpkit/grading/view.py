"""bpkit as a student's process sees it while it is graded: without what solves the exercise.

A view is a package ``bpkit`` of its own. Modules that the assignment shows are
copies of the real ones. Of a module that it hides there is nothing but its name, and a sentence
for whoever imports it. Of ``checks`` there are only functions that say that checks run elsewhere.

An assignment names the modules it hides in its notebook's metadata::

    {"bpkit": {"hides": ["activations", "backprop", "network"]}}

Without that all of the reference is hidden, but for `SHOWN`.
"""

import ast
import shutil
from collections.abc import Collection
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
SHOWN = frozenset({"allocator", "datasets", "plots"})
"""Modules of the reference that solve no exercise."""

PACKAGE_TEXT = '''\
"""bpkit, while an exercise is graded."""

from importlib import import_module

HOMES = {homes!r}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module 'bpkit' has no attribute {{name!r}}")
    return getattr(import_module(f"bpkit.{{HOMES[name]}}"), name)
'''

HIDDEN_TEXT = '''\
"""bpkit.{name}, hidden while an exercise is graded."""

import sys

from numpy import ndarray as Array

MESSAGE = "bpkit.{name} cannot be imported while an exercise is graded: it would solve it"


class Hidden(type):
    """Makes what stands for a hidden name in a module of bpkit that is shown."""

    def __call__(cls, *args, **kwargs):
        raise ImportError(MESSAGE)

    def __getattr__(cls, name):
        raise ImportError(MESSAGE)

    def __getitem__(cls, key):
        raise ImportError(MESSAGE)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    if sys._getframe(1).f_globals.get("__name__", "").startswith("bpkit."):
        return Hidden(name, (), {{}})
    raise ImportError(MESSAGE)
'''

CHECKS_TEXT = '''\
"""bpkit.checks, while an exercise is graded: the real checks run outside of the notebook."""


class CheckFailed(AssertionError):
    """An answer failed its check."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def check(*args, **kwargs):
        print("Checks run when the notebook is graded, and not in the cells beside them.")

    return check
'''


class HidesUnknown(ValueError):
    """An assignment hides what does not exist; the message says what there is."""


def modules() -> frozenset[str]:
    """The modules of the reference, by name."""
    parts = {path.stem for path in PACKAGE.glob("*.py")}
    parts |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return frozenset(parts - ELSEWHERE)


ELSEWHERE = frozenset({"__init__", "checks", "cli", "demo_answers", "demo_class", "grading"})
"""What belongs to checking and grading, and is never seen."""


def hidden_by(metadata: object) -> frozenset[str]:
    """The modules that an assignment hides.

    Parameters
    ----------
    metadata : of the course's own notebook, never of a submission.

    Raises
    ------
    HidesUnknown
    """
    about = metadata.get("bpkit") if isinstance(metadata, dict) else None
    hides = about.get("hides") if isinstance(about, dict) else None
    if hides is None:
        return modules() - SHOWN
    if not isinstance(hides, list) or not modules().issuperset(map(str, hides)):
        raise HidesUnknown(
            f"metadata.bpkit.hides must be a list of modules of bpkit, not {hides!r}: "
            f"there are {', '.join(sorted(modules()))}"
        )
    return frozenset(hides)


def make_view(package: Path, hides: Collection[str]) -> None:
    """Write a view without these modules into a new directory."""
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE_TEXT.format(homes=_homes()))
    (package / "checks.py").write_text(CHECKS_TEXT)
    for name in modules():
        if name in hides:
            (package / f"{name}.py").write_text(HIDDEN_TEXT.format(name=name))
        elif (PACKAGE / name).is_dir():
            shutil.copytree(
                PACKAGE / name, package / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(PACKAGE / f"{name}.py", package / f"{name}.py")


def _homes() -> dict[str, str]:
    """The public names of bpkit and the modules that they come from."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    return {
        alias.name: node.module.removeprefix("bpkit.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bpkit.")
        for alias in node.names
    }
