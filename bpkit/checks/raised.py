"""An exception in a student's function, told with the line of theirs that raised it."""

import linecache
import traceback
from collections.abc import Callable
from typing import Any

from bpkit.checks.compare import Fault


def fault_of_exception(name: str, function: Callable[..., Any], error: BaseException) -> Fault:
    """What to say of an exception that the student's function called ``name`` has raised."""
    frame = _students_frame(function, error)
    if isinstance(error, NotImplementedError):
        empty = frame.name if frame and frame.name != "<module>" else name
        look = f"Put your own lines where {empty} raises NotImplementedError."
        return Fault("not implemented", f"{empty} is still to be written", look=look)
    where = f"Line {frame.lineno} of the cell, in {frame.name}: {frame.line}" if frame else ""
    return Fault(
        "raises",
        f"{type(error).__name__}: {error}",
        where,
        "Print what stands on that line, with its shapes."
        if where
        else "Compare the arguments that the function takes with the task.",
    )


def _students_frame(
    function: Callable[..., Any], error: BaseException
) -> traceback.FrameSummary | None:
    """Where in the notebook an error comes from: the innermost frame of the function's module.

    An error of a function that runs in another process brings it along, as ``student_line``.
    """
    brought = getattr(error, "student_line", None)
    if isinstance(brought, traceback.FrameSummary):
        return brought
    namespace = getattr(function, "__globals__", None)
    theirs = [
        (frame.f_code, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals is namespace
    ]
    if not theirs:
        return None
    code, line = theirs[-1]
    source = linecache.getline(code.co_filename, line).strip()
    return traceback.FrameSummary(code.co_filename, line, code.co_name, line=source)
