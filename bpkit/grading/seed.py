"""The seed of the instances that answers are graded on: known to the course, and to no student."""

import contextlib
import os
import secrets
from pathlib import Path

SEED = ".bpkit-seed"


def secret_seed(root: Path) -> str:
    """The seed of a course, drawn when it first grades and kept in its folder for the next time.

    Who grades again, or looks at a mark later, gets the same instances. To draw new ones, delete
    the file.
    """
    path = root / SEED
    with contextlib.suppress(FileExistsError):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, "w") as file:
            file.write(str(secrets.randbelow(2**63)))
    return path.read_text()
