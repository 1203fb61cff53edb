"""Is this machine ready to grade?"""

import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bpkit.grading.jail import JailUnavailable, Limits
from bpkit.grading.template import Template
from bpkit.grading.view import SHOWN, make_view, modules

PYTHON = (3, 11)
LEAST_DISK = 2**30


@dataclass(frozen=True)
class Check:
    """One thing that grading needs."""

    name: str
    ok: bool
    found: str
    """What is there; or what is wrong and what to do."""
    needed: bool = True


def diagnose(start: Path) -> tuple[Check, ...]:
    """Look at the machine, and at the course that ``start`` lies in if there is one."""
    return _python(), _nbgrader(), _jail(), _disk(start), _course(start)


def jail_problem() -> str | None:
    """Why student code cannot be jailed on this machine, in one sentence; None if it can.

    It does what grading does: it starts a template and has a submission's process forked from it.
    """
    with tempfile.TemporaryDirectory(prefix="bpkit-") as folder:
        view = Path(folder) / "bpkit"
        make_view(view, modules() - SHOWN)
        try:
            with Template.start(view) as template:
                template.spawn(Limits()).close()
        except JailUnavailable as problem:
            return str(problem)
    return None


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    return Check("Python 3.11 or newer", sys.version_info >= PYTHON, found)


def _nbgrader() -> Check:
    try:
        return Check("nbgrader", True, version("nbgrader"))
    except PackageNotFoundError:
        return Check("nbgrader", False, 'not installed: pip install "bpkit[grade]"')


def _jail() -> Check:
    problem = jail_problem()
    return Check("jail", problem is None, problem or "bubblewrap works: a submission can run here")


def _disk(start: Path) -> Check:
    free = shutil.disk_usage(start).free
    what_to_do = "" if free >= LEAST_DISK else ": make room, 1 GB at least"
    return Check("disk", free >= LEAST_DISK, f"{free / 2**30:.1f} GB free{what_to_do}")


def _course(start: Path) -> Check:
    try:
        from bpkit.grading.course import UsageError, find_course
    except ImportError as error:
        return Check("course", False, f"not looked for: {error}", needed=False)
    try:
        course = find_course(start)
    except UsageError as error:
        return Check("course", False, str(error), needed=False)
    found = f"{course.root}: {', '.join(course.assignments) or 'no assignment yet'}"
    return Check("course", True, found, needed=False)
