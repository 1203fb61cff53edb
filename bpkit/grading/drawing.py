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
    markers = importlib.import_module("matplotlib.markers")
    markers.MarkerStyle._set_marker = known_markers(  # type: ignore[attr-defined]
        markers.MarkerStyle._set_marker  # type: ignore[attr-defined]
    )
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


def known_markers(set_marker: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """matplotlib's ``MarkerStyle._set_marker``, which works out the marks of every tick anew, and
    copies them deeply, though nothing changes them.
    """
    known: dict[tuple, dict[str, Any]] = {}

    @functools.wraps(set_marker)
    def set_known(self: Any, marker: Any) -> None:
        plain = self._user_transform is self._user_capstyle is self._user_joinstyle is None
        if type(marker) is type(self) and marker._user_transform is None:
            vars(self).update(vars(marker))
        elif plain and type(marker) is str and marker in self.markers:
            if (style := (marker, self._fillstyle)) not in known:
                set_marker(self, marker)
                known[style] = dict(vars(self))
            vars(self).update(known[style])
        else:
            set_marker(self, marker)

    return set_known


@contextmanager
def _ticks_found_once() -> Iterator[None]:
    """Have an axis find and measure its ticks once for each extent and place that it has in the
    block."""
    axis = importlib.import_module("matplotlib.axis").Axis
    find, measure = axis._update_ticks, axis._get_ticklabel_bboxes
    found: dict[tuple, Any] = {}
    measured: dict[tuple, Any] = {}

    def find_once(self: Any) -> Any:
        place = self, *self.get_view_interval(), *self.axes.bbox.size.round(6)
        if place not in found:
            found[place] = find(self)
        return found[place]

    def measure_once(self: Any, ticks: Any, renderer: Any) -> Any:
        place = self, *ticks, *self.get_view_interval(), *self.axes.bbox.bounds
        if place not in measured:
            measured[place] = measure(self, ticks, renderer)
        return measured[place]

    axis._update_ticks, axis._get_ticklabel_bboxes = find_once, measure_once
    try:
        yield
    finally:
        axis._update_ticks, axis._get_ticklabel_bboxes = find, measure


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
