"""The limits that a process takes on for good before it runs student code.

This file runs in the jail, and imports nothing that takes time.
"""

import resource

OPEN_FILES = 128
KERNEL_KILLS_FIRST = "1000"


def be_killed_first() -> None:
    """Where the whole machine runs out of memory, it is this process that the kernel ends."""
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write(KERNEL_KILLS_FIRST)


def take_limits(cpu: int, memory: int, processes: int, file_size: int) -> None:
    """Lower the kernel's limits on this process and its children; -1 leaves one as it is."""
    limits = {
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        highest = resource.getrlimit(limit)[1]
        if value != -1:
            value = value if highest == resource.RLIM_INFINITY else min(value, highest)
            resource.setrlimit(limit, (value, value))
