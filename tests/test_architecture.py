"""Imports run one way: cli, grading, checks, the reference, NumPy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bpkit

PACKAGE = Path(bpkit.__file__).parent
PLOTS = PACKAGE / "plots"
FLOORS = ["reference", "checks", "grading", "cli"]
MODULES = sorted(PACKAGE.rglob("*.py"))
OUTSIDE_THE_REFERENCE = {
    "nbgrader",
    "nbformat",
    "IPython",
    "click",
    "rich",
    "distributed",
    "jinja2",
}


def floor_of(module: str) -> str:
    parts = module.split(".")
    named = parts[1] if len(parts) > 1 else "reference"
    return {"demo_class": "grading"}.get(named, named if named in FLOORS else "reference")


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    return (
        names | {n.module for n in froms} | {f"{n.module}.{a.name}" for n in froms for a in n.names}
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    module = ".".join(["bpkit", *path.relative_to(PACKAGE).with_suffix("").parts])
    floor = floor_of(module)
    for imported in imported_modules(path):
        if imported.split(".")[0] == "bpkit":
            assert FLOORS.index(floor_of(imported)) <= FLOORS.index(floor), f"imports {imported}"
        if imported.split(".")[0] == "matplotlib":
            assert path.parent == PLOTS, "matplotlib belongs in bpkit.plots alone"
        if floor == "reference" and path.parent != PLOTS:
            assert imported.split(".")[0] not in OUTSIDE_THE_REFERENCE


def test_import_bpkit_brings_numpy_and_little_else():
    code = "import sys, bpkit; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"matplotlib", "nbgrader", "IPython", "sympy", "scipy"} & set(loaded.split())
