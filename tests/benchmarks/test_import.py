"""Importing bpkit in a fresh interpreter, against importing NumPy."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("who, module", [("bpkit", "bpkit"), ("numpy", "numpy")])
def test_import(benchmark, who, module):
    benchmark.group = "import"
    command = [sys.executable, "-c", f"import {module}"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=15, warmup_rounds=2)
