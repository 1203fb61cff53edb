"""A submission on its way: what goes to whoever executes it, and what comes back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bpkit.grading import execution, staff
from bpkit.grading.doctor import jail_problem
from bpkit.grading.execution import Settings
from bpkit.grading.jail import JailUnavailable

ATTEMPTS = 2
"""How often a jail is started for one submission: a machine may be short of things for a moment."""


@dataclass(frozen=True)
class Work:
    """A submission that can be executed anywhere: all that it takes goes with it."""

    student: str
    notebooks: Mapping[str, bytes]
    """By file name, as `execute_notebook` takes them."""
    files: Mapping[str, bytes]
    """What lies beside them, by relative path."""
    handed_in: datetime | None
    remarks: tuple[str, ...]
    """What a human may want to know about how it was made."""


@dataclass(frozen=True)
class Executed:
    """What became of it."""

    student: str
    work: Work | None = None
    notebooks: Mapping[str, bytes] | None = None
    problem: str = ""
    """Why there are no notebooks to save."""
    deadly: bool = False
    """Whether it ended the processes that executed it."""


Run = Callable[[Iterable[Work]], Iterator[Executed]]
"""Executes submissions and yields them as they are done, in any order."""


def execute(
    notebooks: Mapping[str, bytes], files: Mapping[str, bytes], settings: Settings
) -> dict[str, bytes]:
    """Execute the notebooks of a submission, in the process that this is called in.

    Raises
    ------
    JailUnavailable : if no jail can be had here at all, for anybody.
    RuntimeError : if there is none for this submission.
    """
    for _ in range(ATTEMPTS):
        try:
            return {
                name: execution.execute_notebook(content, settings, files)
                for name, content in notebooks.items()
            }
        except JailUnavailable as unavailable:
            problem = unavailable
    if not settings.unsafe_no_jail and jail_problem():
        raise problem
    raise RuntimeError(f"no jail started for it, {ATTEMPTS} times ({problem})")


@contextmanager
def here(settings: Settings) -> Iterator[Run]:
    """Executes one after the other, in this process."""

    def run(works: Iterable[Work]) -> Iterator[Executed]:
        for work in works:
            try:
                notebooks = execute(work.notebooks, work.files, settings)
            except JailUnavailable:
                raise
            except Exception as error:
                yield Executed(work.student, problem=not_graded(error))
            else:
                yield Executed(work.student, work, notebooks)

    try:
        yield run
    finally:
        staff.dismiss()


def not_graded(error: BaseException) -> str:
    """One line on an error that nobody has foreseen."""
    return f"not graded: {type(error).__name__}: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """What an error says first."""
    return str(error).partition("\n")[0]
