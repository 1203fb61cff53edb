"""The system calls that jailed code may not make, as a filter that bubblewrap can load.

A seccomp filter is a small program for the kernel's classic BPF machine. It reads the number of a
system call and answers: allow, or fail with an error. This one denies what reaches outside the
jail (sockets, other processes' memory, news of who opens a shared file), what holds memory that no
process is charged for (memfd, System V segments, message queues), new namespaces, and much of the
kernel that a course never needs and that exploits like. Everything else is allowed.

Source: seccomp(2) and linux/filter.h; numbers from the kernel's tables for x86_64 and aarch64.
"""

import errno
import platform
import struct

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

NUMBERS: dict[str, tuple[int, int | None]] = {
    # name: (x86_64, aarch64)
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
}
"""The denied calls: they fail with EPERM."""

CLONE, CLONE3 = (56, 220), (435, 435)
NEW_NAMESPACE = 0x7E020080
"""The flags of clone(2) that make a namespace: user, mount, pid, net, ipc, uts, cgroup, time."""
X32 = 0x40000000
"""Numbers from here on are x86_64's second table, with other numbers for the same calls."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
KILL, ERROR, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16


def machine_filter(machine: str = platform.machine()) -> bytes:
    """The filter for one kind of machine, "x86_64" or "aarch64".

    Raises
    ------
    KeyError : for another machine.
    """
    column = list(AUDIT_ARCH).index(machine) if machine in AUDIT_ARCH else None
    if column is None:
        raise KeyError(machine)
    code = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        *_deny(AT_LEAST, X32, errno.EPERM),
        # clone3 takes its flags from memory, which a filter cannot see; libraries fall back to
        # clone when the kernel does not know it
        *_deny(EQUAL, CLONE3[column], errno.ENOSYS),
    ]
    for numbers in NUMBERS.values():
        number = numbers[column]
        if number is not None:
            code += _deny(EQUAL, number, errno.EPERM)
    code += [
        (EQUAL, 1, 0, CLONE[column]),
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        *_deny(ANY_BIT, NEW_NAMESPACE, errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _deny(test: int, value: int, error: int) -> list[tuple[int, int, int, int]]:
    """If the test holds, fail with this error; else go on."""
    return [(test, 0, 1, value), (RETURN, 0, 0, ERROR | error)]
