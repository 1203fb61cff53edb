"""The processes of a jail, seen from outside: which there are, and how much memory they hold."""

import contextlib
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
SHARE_OF_TIME = 0.1
"""What part of the time exact counts may take: they cost the kernel a walk over every page."""


class MemoryCount:
    """Counts the memory of a process and its descendants together, as often as it is asked.

    The cheap count takes a page that processes share once for each of them, so it is never too
    small, and is enough while it stays under the limit. Above it the exact count decides. That one
    is made again when the processes have grown by what was left to them, and otherwise from time to
    time, since a process that writes to pages it shared does not seem to grow.
    """

    def __init__(self, first: int, limit: int):
        self.first, self.limit = first, limit
        self.exact = 0
        self.seen: dict[int, int] = {}
        self.due = math.inf

    def is_over(self) -> bool:
        """Whether the processes hold more than the limit now."""
        held = {pid: resident(pid) for pid in descendants(self.first)}
        if sum(held.values()) <= self.limit:
            return False
        grown = sum(max(0, size - self.seen.get(pid, 0)) for pid, size in held.items())
        if self.exact + grown > self.limit or time.monotonic() >= self.due:
            start = time.monotonic()
            self.exact, self.seen = sum(map(proportional, held)), held
            end = time.monotonic()
            self.due = end + (end - start) / SHARE_OF_TIME
        return self.exact > self.limit


def descendants(pid: int) -> Iterator[int]:
    """The living processes at and below one, as far as they stay to be seen."""
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                children = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                waiting += map(int, children.split())


def resident(pid: int) -> int:
    """Bytes of memory that a process has in use, with those that it shares; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """The same, with every shared page divided by the number of processes that share it."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return resident(pid)
