"""The first program in the jail: takes on its limits for good, then becomes another program.

    launch.py UID CPU MEMORY PROCESSES FILE_SIZE FD PROGRAM ...

UID -1 keeps the user, PROCESSES -1 does not limit their number. Descriptor FD becomes descriptor
3, the one door out, and nothing else stays open but 0, 1 and 2. It runs before any student code,
as `python -I -S`, from a path: it imports nothing that takes time.
"""

import os
import resource
import select
import sys

RESULTS = 3
OPEN_FILES = 128
KERNEL_KILLS_FIRST = "1000"


def main() -> None:
    uid, cpu, memory, processes, file_size, fd = map(int, sys.argv[1:7])
    program = sys.argv[7:]
    if fd != RESULTS:
        os.dup2(fd, RESULTS)
    os.set_inheritable(RESULTS, True)
    os.closerange(RESULTS + 1, os.sysconf("SC_OPEN_MAX"))
    _end_without_reader()
    be_killed_first()
    if uid != -1:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    take_limits(cpu, memory, processes, file_size)
    os.mkdir("work")
    os.chdir("work")
    os.execv(program[0], program)


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


def _end_without_reader() -> None:
    """Exit if the grader is gone: it may have died before its death would have ended the jail."""
    door = select.poll()
    door.register(RESULTS, 0)
    if door.poll(0):
        sys.exit("nobody reads the results")


if __name__ == "__main__":
    main()
