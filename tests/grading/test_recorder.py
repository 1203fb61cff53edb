"""What the shell of the cells leaves out makes no difference to any cell."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.async_helpers import _should_be_async
from IPython.core.inputtransformer2 import TransformerManager

from bpkit.grading.recorder import AWAITS, MAGIC, Transformer

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")])
MAGICS = (
    "%time x = 2",
    "  %time x = 2",
    "%%capture\nprint(1)",
    "y = %who",
    "x = !ls",
    "!ls",
    "!!ls",
    "print?",
    "?print",
    "print??",
    ",print a b",
    ";print a b",
    "/print 1",
    "if True:\n    %time x = 2",
    "'''\n%time in a text\n'''",
)
PIECES = (
    *MAGICS,
    "x = 7 % 3",
    "f'{x!r}'",
    "def f():\n    return 1",
    ">>> x = 1",
    "In [1]: x = 1",
    "    indented = 1",
    "'ends with a comma',",
    "a = 1; b = 2",
    "half(",
    "\\",
    "await g()",
    "async def f(): await g()",
    "",
    "# only a comment",
)


@pytest.mark.parametrize("source", MAGICS)
def test_every_magic_is_seen(source):
    assert MAGIC.search(source)
    assert Transformer().transform_cell(source) == TransformerManager().transform_cell(source)


@given(st.lists(st.sampled_from(PIECES), max_size=4).map("\n".join))
def test_cells_become_what_ipython_makes_of_them(source):
    assert Transformer().transform_cell(source) == TransformerManager().transform_cell(source)


@given(st.lists(st.sampled_from(PIECES), max_size=4).map("\n".join))
def test_what_awaits_something_is_seen(source):
    cell = TransformerManager().transform_cell(source)
    assert AWAITS.search(cell) or not _should_be_async(cell)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_so_do_the_cells_of_the_course(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            ours, theirs = Transformer(), TransformerManager()
            assert ours.transform_cell(source) == theirs.transform_cell(source)
