"""Counting memory: exactly where it matters, and not more often than it is worth."""

import math
import os

import pytest

from bpkit.grading import processes
from bpkit.grading.processes import MemoryCount


class Machine:
    """Processes that hold as much as a test says."""

    def __init__(self, monkeypatch):
        self.resident: dict[int, int] = {}
        self.exact: dict[int, int] = {}
        self.counted, self.now = 0, 0.0
        monkeypatch.setattr(processes, "descendants", lambda first: iter(self.resident))
        monkeypatch.setattr(processes, "resident", lambda pid: self.resident[pid])
        monkeypatch.setattr(processes, "proportional", self._proportional)
        monkeypatch.setattr(processes.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(processes, "FILLED", math.inf)

    def _proportional(self, pid: int) -> int:
        self.counted += 1
        self.now += 0.01
        return self.exact[pid]


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_small_processes_are_never_counted_exactly(machine):
    count = MemoryCount(1, 100)
    machine.resident = {1: 60, 2: 40}
    assert not count.is_over() and machine.counted == 0


def test_memory_that_is_shared_is_counted_once(machine):
    count = MemoryCount(1, 100)
    machine.resident, machine.exact = {1: 60, 2: 60}, {1: 31, 2: 31}
    assert not count.is_over() and machine.counted == 2


def test_it_is_counted_again_when_the_processes_may_be_over(machine):
    count = MemoryCount(1, 100)
    machine.resident, machine.exact = {1: 60, 2: 60}, {1: 31, 2: 31}
    count.is_over()
    machine.resident = {1: 60, 2: 97}
    assert not count.is_over() and machine.counted == 2
    machine.resident, machine.exact = {1: 60, 2: 100}, {1: 31, 2: 71}
    assert count.is_over() and machine.counted == 4


def test_it_is_not_counted_before_it_can_be_over(machine, monkeypatch):
    monkeypatch.setattr(processes, "FILLED", 10)
    count = MemoryCount(1, 100)
    machine.resident, machine.exact = {1: 20}, {1: 500}
    assert not count.is_over()
    machine.resident = {1: 500}
    machine.now = 7.9
    assert not count.is_over()
    machine.now = 8.0
    assert count.is_over()


def test_a_new_process_does_not_hide_behind_one_that_ended(machine):
    count = MemoryCount(1, 100)
    machine.resident, machine.exact = {1: 60, 2: 60}, {1: 31, 2: 31}
    count.is_over()
    machine.resident, machine.exact = {1: 60, 3: 60}, {1: 60, 3: 60}
    assert count.is_over()


def test_writing_to_shared_pages_is_noticed_after_a_while(machine):
    count = MemoryCount(1, 100)
    machine.resident, machine.exact = {1: 60, 2: 60}, {1: 31, 2: 31}
    count.is_over()
    machine.exact = {1: 60, 2: 60}
    machine.now += 0.5
    assert not count.is_over()
    machine.now += 0.5
    assert count.is_over()


def test_a_process_that_is_gone_holds_nothing():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert processes.resident(pid) == processes.proportional(pid) == 0
    assert list(processes.descendants(pid)) == [pid]


def test_real_numbers_are_plausible():
    mine = os.getpid()
    assert mine in processes.descendants(os.getppid())
    assert 10 << 20 < processes.proportional(mine) <= processes.resident(mine) < 4 << 30
