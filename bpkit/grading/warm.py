"""What notebooks import and draw with, made ready once for all forks of this process.

It runs in the jail's template, before any student code, and imports nothing of bpkit.
"""

import functools
import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MODULES = (
    "numpy",
    "IPython.core.interactiveshell",
    "IPython.core.pylabtools",
    "matplotlib.figure",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
)


@contextmanager
def warm_modules() -> Iterator[None]:
    """Import what notebooks need; what the block draws is drawn faster in every fork.

    matplotlib parses a formula anew for each figure, and every power of ten at an axis is one. With
    one parser for all figures it finds again what was drawn before.
    """
    for name in MODULES:
        importlib.import_module(name)
    importlib.import_module("numpy").random.seed()
    agg = importlib.import_module("matplotlib.backends.backend_agg")
    agg.MathTextParser = functools.cache(agg.MathTextParser)  # type: ignore[attr-defined]
    with _fonts_in_memory():
        figure = importlib.import_module("matplotlib.figure").Figure(figsize=(1, 1))
        figure.subplots().set_title("a")
        agg.FigureCanvasAgg(figure).print_png(io.BytesIO())
        yield


@contextmanager
def _fonts_in_memory() -> Iterator[None]:
    """Have fonts read as a whole: what a formula keeps of one could not be used by a fork, in which
    the files of this process are closed."""
    ft2font = importlib.import_module("matplotlib.ft2font")
    from_file = ft2font.FT2Font

    def from_memory(path: str, *args: Any, **kwargs: Any) -> Any:
        return from_file(io.BytesIO(Path(path).read_bytes()), *args, **kwargs)

    ft2font.FT2Font = from_memory  # type: ignore[attr-defined]
    try:
        yield
    finally:
        ft2font.FT2Font = from_file  # type: ignore[attr-defined]
