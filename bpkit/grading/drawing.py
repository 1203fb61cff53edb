"""Figures come out of the jail as matplotlib draws them, to the byte, with less of it done twice.

A figure is most of what a submission's own cells take. What is spared here is only what comes to
the same: it is held by comparing pictures. This file runs in the jail's template, before any
student code, and imports nothing of bpkit.
"""

import functools
import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Print = Callable[..., Any]


@contextmanager
def drawing_made_quick() -> Iterator[None]:
    """Have figures drawn quickly from now on, in forks too; what the block draws is remembered.

    matplotlib parses a formula anew for each figure, and every power of ten at an axis is one. With
    one parser for all figures it finds again what was drawn before.
    """
    agg = importlib.import_module("matplotlib.backends.backend_agg")
    agg.MathTextParser = functools.cache(agg.MathTextParser)  # type: ignore[attr-defined]
    pylabtools = importlib.import_module("IPython.core.pylabtools")
    pylabtools.print_figure = printed_once(pylabtools.print_figure)  # type: ignore[attr-defined]
    with _fonts_in_memory():
        figure = importlib.import_module("matplotlib.figure").Figure(figsize=(1, 1))
        figure.subplots().set_title("a")
        agg.FigureCanvasAgg(figure).print_png(io.BytesIO())
        yield


def printed_once(print_figure: Print) -> Print:
    """IPython's ``print_figure``, which lays a figure out twice and looks for its ticks ten times.

    To find where a picture may be cut off, matplotlib draws the figure to nowhere and then measures
    it. The drawing is for layout engines: without one the measuring does all that it needs itself.
    """

    @functools.wraps(print_figure)
    def print_once(figure: Any, fmt: str = "png", bbox_inches: Any = "tight", **kwargs: Any) -> Any:
        with _ticks_found_once():
            drawn = figure.axes or figure.lines
            if (fmt, bbox_inches) == ("png", "tight") and drawn and not figure.get_layout_engine():
                pad = kwargs.pop("pad_inches", None)
                if pad is None:
                    pad = importlib.import_module("matplotlib").rcParams["savefig.pad_inches"]
                bbox_inches = figure.get_tightbbox().padded(pad)
            return print_figure(figure, fmt, bbox_inches, **kwargs)

    return print_once


@contextmanager
def _ticks_found_once() -> Iterator[None]:
    """Have an axis find its ticks once for each extent and size that it has in the block."""
    axis = importlib.import_module("matplotlib.axis").Axis
    find, found = axis._update_ticks, {}

    def find_once(self: Any) -> Any:
        place = self, *self.get_view_interval(), *self.axes.bbox.size.round(6)
        if place not in found:
            found[place] = find(self)
        return found[place]

    axis._update_ticks = find_once
    try:
        yield
    finally:
        axis._update_ticks = find


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
