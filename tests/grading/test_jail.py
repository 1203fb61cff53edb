"""What a jail is made of: the filter of system calls, and how to get bubblewrap.

What a jail holds off is tried from inside one, in test_template.py.
"""

import ctypes
import ctypes.util
import errno
import os
import shutil
import struct
from pathlib import Path

import pytest

from bpkit.grading import jail, seccomp
from bpkit.grading.jail import JailUnavailable


def answer(program: bytes, arch: int, number: int, argument: int = 0) -> int:
    """What a seccomp filter says to a system call, by the rules of classic BPF."""
    code = list(struct.iter_unpack("=HBBI", program))
    data = struct.pack("=iIQ6Q", number, arch, 0, argument, 0, 0, 0, 0, 0)
    at, accumulator = 0, 0
    while True:
        operation, yes, no, k = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif operation == 0x06:
            return k
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}
            at += yes if holds[operation] else no


EPERM, ENOSYS, ALLOW, KILL = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x7FFF0000, 0x80000000


@pytest.mark.parametrize("machine", seccomp.AUDIT_ARCH)
def test_filter_denies_exactly_what_it_says(machine):
    program, arch = seccomp.machine_filter(machine), seccomp.AUDIT_ARCH[machine]
    column = list(seccomp.AUDIT_ARCH).index(machine)
    denied = {numbers[column] for numbers in seccomp.NUMBERS.values()}
    for number in range(600):
        if number == seccomp.CLONE3[column]:
            expected = ENOSYS
        else:
            expected = EPERM if number in denied else ALLOW
        assert answer(program, arch, number) == expected, number
    assert answer(program, arch, seccomp.CLONE[column], 0x10000000) == EPERM
    assert answer(program, arch, seccomp.CLONE[column], 0x003D0F00) == ALLOW  # a thread's flags
    assert answer(program, arch ^ 1, 0) == KILL


def test_the_second_table_of_x86_64_is_closed():
    program = seccomp.machine_filter("x86_64")
    assert answer(program, seccomp.AUDIT_ARCH["x86_64"], 0x40000000 | 101) == EPERM


def test_numbers_are_those_of_libseccomp():
    library = ctypes.util.find_library("seccomp")
    if library is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(library).seccomp_syscall_resolve_name_arch
    for column, arch in enumerate(seccomp.AUDIT_ARCH.values()):
        table = {**seccomp.NUMBERS, "clone": seccomp.CLONE, "clone3": seccomp.CLONE3}
        for name, numbers in table.items():
            known = resolve(ctypes.c_uint32(arch), name.encode())
            if known != -1:  # a call that is newer than the library
                assert (numbers[column] or known) == known and (numbers[column] or -1) * known > 0


def test_other_machines_are_refused(monkeypatch):
    monkeypatch.setattr(jail, "machine_filter", lambda: seccomp.machine_filter("sparc"))
    with pytest.raises(JailUnavailable, match="no jail for sparc machines"):
        jail.denied_calls()


# where there is no bubblewrap


def fake(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def test_root_installs_with_the_package_manager(monkeypatch, tmp_path):
    fake(
        tmp_path,
        "apt-get",
        f'echo "$@" >> {tmp_path}/asked; : > {tmp_path}/bwrap; chmod +x {tmp_path}/bwrap',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    jail.install_bubblewrap()
    assert (tmp_path / "asked").read_text() == "update\ninstall -y bubblewrap\n"


def test_a_user_without_sudo_is_told_the_line(monkeypatch, tmp_path):
    fake(tmp_path, "apt-get", "exit 0")
    fake(tmp_path, "sudo", "exit 1")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        JailUnavailable, match="type `sudo apt-get update && sudo apt-get install -y bubblewrap`"
    ):
        jail.install_bubblewrap()


def test_a_package_manager_that_fails_is_quoted(monkeypatch, tmp_path):
    fake(tmp_path, "apt-get", "echo 'E: no such package' >&2; exit 100")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(JailUnavailable, match="did not install bubblewrap: E: no such package"):
        jail.install_bubblewrap()


def _which_in(directory: Path):
    """shutil.which that knows of this directory only."""

    def which(name: str) -> str | None:
        return str(directory / name) if (directory / name).exists() else None

    return which
