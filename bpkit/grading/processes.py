"""The processes of a jail, seen from outside: which there are, and how much memory they hold."""

import contextlib
import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

SHARE_OF_TIME = 0.02
"""What part of the time exact counts may take: they cost the kernel a walk over every page."""
IN_MEMORY = re.compile(r"^Rss(?:Anon|Shmem):\s*(\d+) kB$", re.MULTILINE)
SHARED_OUT = re.compile(r"^Pss_(?:Anon|Shmem):\s*(\d+) kB$", re.MULTILINE)
FILLED = (8 << 30) * (os.cpu_count() or 1)
"""More bytes than processes can fill in a second, even in large pages."""


class MemoryCount:
    """Counts the memory of a process and its descendants together.

    It may be asked at any time, and counts as often as they could have come to the limit since.

    The cheap count takes a page that processes share once for each of them, so it is never too
    small, and is enough while it stays under the limit. Above it the exact count decides. That one
    is made again when the processes have grown by what was left to them, and otherwise from time to
    time, since a process that writes to pages it shared does not seem to grow.
    """

    def __init__(self, first: int, limit: int):
        self.first, self.limit = first, limit
        self.exact = 0
        self.seen: dict[int, int] = {}
        self.look, self.due = 0.0, math.inf

    def is_over(self) -> bool:
        """Whether the processes hold more than the limit now."""
        if time.monotonic() < self.look:
            return False
        held = {pid: resident(pid) for pid in descendants(self.first)}
        most = sum(held.values())
        if most > self.limit:
            most = self.exact + sum(max(0, n - self.seen.get(pid, 0)) for pid, n in held.items())
            if most > self.limit or time.monotonic() >= self.due:
                start = time.monotonic()
                most = self.exact = sum(map(proportional, held))
                self.seen = held
                end = time.monotonic()
                self.due = end + (end - start) / SHARE_OF_TIME
        self.look = time.monotonic() + max(0, self.limit - most) / FILLED
        return most > self.limit


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
    """Bytes of memory that a process has in use, with those that it shares; 0 if it is gone.

    Files are not counted: the jail has only those of the system, and small disks of known size.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(size) << 10 for size in IN_MEMORY.findall(status))


def proportional(pid: int) -> int:
    """The same, with every shared page divided by the number of processes that share it."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return resident(pid)
    return sum(int(size) << 10 for size in SHARED_OUT.findall(rollup))
