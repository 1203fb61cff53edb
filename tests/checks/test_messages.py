"""What a failed check looks like, in plain Python and in a notebook."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from bpkit.checks import CheckFailed
from bpkit.checks.messages import LONGEST_LINE, failure


def test_the_first_line_is_equation_kind_and_what():
    failed = failure("BP-1", "M01", "sigma'(z^L) is left out", ["Next: this."])
    assert str(failed) == "BP-1 [M01] sigma'(z^L) is left out\nNext: this."


def test_it_is_an_assertion_error():
    with pytest.raises(AssertionError):
        raise failure("BP-1", "wrong value", "x", [])


def test_no_more_than_six_lines_none_empty_none_long():
    lines = ["", *(f"{n} " + "long " * 100 for n in range(9))]
    shown = str(failure("BP-1", "raises", "ValueError: two\nlines", lines)).splitlines()
    assert len(shown) == 6
    assert shown[0] == "BP-1 [raises] ValueError: two lines"
    assert shown[1].startswith("0 ") and all(0 < len(line) <= LONGEST_LINE for line in shown)


@pytest.fixture
def shown():
    """Runs a cell in IPython and returns the traceback that a notebook would show."""
    shell = InteractiveShell()
    tracebacks = []
    shell._showtraceback = lambda etype, evalue, stb: tracebacks.append((etype.__name__, stb))

    def run(cell):
        tracebacks.clear()
        shell.run_cell(cell)
        return tracebacks

    return run


def test_a_notebook_shows_the_message_and_no_stack(shown):
    cell = "from bpkit import checks\nchecks.bias_gradient(lambda delta: delta.sum(axis=0))"
    [(name, lines)] = shown(cell)
    assert name == CheckFailed.__name__ == "CheckFailed"
    assert lines[0] == "BP-3 [M13] 1/N is left out"
    text = "\n".join(lines)
    assert len(lines) <= 6 and "Traceback" not in text and "checks.bias_gradient" not in text


def test_an_exception_is_told_with_the_line_of_the_students_cell(shown):
    [] = shown("import numpy as np\nfrom bpkit import checks")
    [] = shown("def helper(delta):\n    return delta.T @ delta.T\n")
    [] = shown("def bias_gradient(delta):\n    x = 1\n    return helper(delta)\n")
    [(_, lines)] = shown("checks.bias_gradient(bias_gradient)")
    assert lines[0].startswith("BP-3 [raises] ValueError: matmul")
    assert lines[3] == "Line 2 of the cell, in helper: return delta.T @ delta.T"
