"""A machine within this one, in namespaces: accounts, homes and services that leave no trace."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
OWN = "/home", "/opt", "/srv", "/tmp"
"""Places that the machine has anew; beside them what others than root cannot enter outside."""


@dataclass(frozen=True)
class Machine:
    """It runs commands as any of its accounts."""

    first_process: int

    def command(self, *command: str | Path) -> list[str]:
        """The words that run a command in there as root."""
        inside = ["nsenter", "--target", str(self.first_process), "--mount", "--pid", "--wd=/"]
        path = f"PATH={sys.prefix}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return [*inside, "env", "-i", path, "LANG=C.UTF-8", *map(str, command)]

    def as_user(self, user: str, line: str) -> list[str]:
        """The words that run a line of shell as somebody who has logged in."""
        return self.command("runuser", "--login", user, "--command", line)

    def run(self, command: Sequence[str], typed: str = "") -> str:
        """What a command prints; it has to succeed."""
        done = self.attempt(command, typed)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, command: Sequence[str], typed: str = "") -> subprocess.CompletedProcess[str]:
        """What becomes of a command."""
        return subprocess.run(
            command, input=typed, capture_output=True, text=True, errors="replace", timeout=120
        )


@contextmanager
def machine() -> Iterator[Machine]:
    """It is there for a while, and ends with this process at the latest.

    Raises
    ------
    RuntimeError : if its accounts could not read the repository or this Python.
    """
    kept = _without_nested([REPOSITORY, *map(Path, (sys.prefix, sys.base_prefix))])
    for path in kept:
        if path.stat().st_mode & 0o005 != 0o005:
            raise RuntimeError(f"other accounts cannot read {path}: type chmod o+rx {path}")
    places = dict.fromkeys([*OWN, *_closed_above(kept)])
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    outside = subprocess.Popen(
        [*unshare, HERE / "machine.sh", " ".join(places), *kept],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert outside.stdin and outside.stdout
    try:
        assert outside.stdout.readline() == "ready\n", "namespaces cannot be made here"
        children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text()
        yield Machine(int(children))
    finally:
        outside.stdin.close()
        outside.stdout.close()
        try:
            outside.wait(20)
        finally:
            outside.kill()


def _without_nested(paths: list[Path]) -> list[Path]:
    paths = [path.resolve() for path in paths]
    return [p for p in dict.fromkeys(paths) if not any(other in p.parents for other in paths)]


def _closed_above(paths: list[Path]) -> Iterator[str]:
    """For each path the first folder above it that only its owner may enter."""
    for path in paths:
        for parent in reversed(path.parents):
            if str(parent) in OWN:
                break
            if not os.stat(parent).st_mode & stat.S_IXOTH:
                yield str(parent)
                break
