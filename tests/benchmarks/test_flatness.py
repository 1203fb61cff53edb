"""What one more submission costs, in a small class and in a large one, and the grader's memory.

Ten minutes on two cores: pytest tests/benchmarks/test_flatness.py --benchmark-enable
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bpkit.grading.course import open_course
from tests.benchmarks.classes import ASSIGNMENT, honest_class

SIZES = 30, 300, 3000
LOOK_EVERY = 0.5


def processor_time() -> float:
    """Seconds of a processor that ended children of this process have used, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def grade(root: Path) -> tuple[float, float, float]:
    """What `bpkit grade` takes: seconds, seconds of processors, and most memory of its own, in MB.

    The processors' seconds mean something on a machine that does other things too.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bpkit.cli", "grade", ASSIGNMENT]
    start, before, most = time.perf_counter(), processor_time(), 0
    with subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    most = int(line.split()[1])
            time.sleep(LOOK_EVERY)
    assert process.returncode in (0, 1)
    return time.perf_counter() - start, processor_time() - before, most / 1024


@pytest.mark.slow
@pytest.mark.jail
def test_a_large_class_costs_no_more_for_each(request, tmp_path, capsys):
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("ten minutes long: --benchmark-enable runs it")
    seconds, used, memory = {}, {}, {}
    for size in SIZES:
        course = honest_class(tmp_path / str(size), size)
        seconds[size], used[size], memory[size] = grade(course.root)
        graded = open_course(course.root).students("autograded", ASSIGNMENT)
        assert len(graded) == size
    with capsys.disabled():
        print()
        for size in SIZES:
            print(
                f"{size:5} submissions: {seconds[size]:6.1f} s, {used[size]:6.1f} s of processors, "
                f"{memory[size]:4.0f} MB"
            )
        for few, many in zip(SIZES, SIZES[1:]):
            each = [1000 * (took[many] - took[few]) / (many - few) for took in (seconds, used)]
            print(
                f"each one more from {few} to {many}: {each[0]:.0f} ms, {each[1]:.0f} of processors"
            )
