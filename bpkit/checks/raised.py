"""An exception in a student's function, told with the line of theirs that raised it."""

import linecache
import traceback
from collections.abc import Callable
from typing import Any

from bpkit.checks.compare import Fault

NEXT: tuple[tuple[type[Exception], str, str], ...] = (
    (NameError, "", "Is the name spelt as where it is defined? Has that cell been run before?"),
    (RecursionError, "", "The function calls itself without an end: which line does?"),
    (
        TypeError,
        "to Python scalars",
        "math takes one number at a time; np has the same for arrays.",
    ),
    (
        ValueError,
        "truth value",
        "An if needs one yes or no, and an array holds many: see np.where.",
    ),
    (
        AttributeError,
        "",
        "Is the name behind the dot spelt right? Is the one before it what you think?",
    ),
)
"""What to look at next: by the error's type, and by words in what it says."""


def fault_of_exception(name: str, function: Callable[..., Any], error: BaseException) -> Fault:
    """What to say of an exception that the student's function called ``name`` has raised."""
    frame = _students_frame(function, error)
    where = f"Line {frame.lineno} of the cell, in {frame.name}: {frame.line}" if frame else ""
    if isinstance(error, EOFError) or type(error).__name__ == "StdinNotImplementedError":
        look = "Work with the arguments alone: when an answer is checked, nobody is there to type."
        return Fault("raises", "the answer asks for input", where, look)
    if isinstance(error, NotImplementedError):
        empty = frame.name if frame and frame.name != "<module>" else name
        look = f"Put your own lines in place of the one in {empty} that raises NotImplementedError."
        return Fault("not implemented", f"{empty} is still to be written", look=look)
    look = "Compare the arguments that the function takes with the task."
    if frame:
        look = next(
            (look for kind, said, look in NEXT if isinstance(error, kind) and said in str(error)),
            "Print what stands on that line, with its shapes.",
        )
    return Fault("raises", f"{type(error).__name__}: {error}", where, look)


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
