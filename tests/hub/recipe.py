"""The recipe of the image, read as Docker reads it."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.hub.machine import REPOSITORY

DOCKERFILE = REPOSITORY / "docs" / "hub" / "Dockerfile"


@dataclass(frozen=True)
class Recipe:
    """The instructions that matter here."""

    place: Path
    """Where the working directory is."""
    copies: tuple[tuple[Path, Path], ...]
    """What is copied out of the repository, and where to."""
    runs: tuple[str, ...]
    command: str


def read_recipe() -> Recipe:
    """The recipe in docs/hub.

    Raises
    ------
    ValueError : for an instruction that these tests do not know.
    """
    place, copies, runs, command = Path("/"), [], [], ""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.M).replace("\\\n", "")
    for line in filter(None, text.splitlines()):
        instruction, rest = line.split(maxsplit=1)
        match instruction:
            case "WORKDIR":
                place = place / rest
            case "COPY":
                *sources, target = shlex.split(rest)
                for source in sources:
                    name = source if target == "./" else target
                    copies.append((REPOSITORY / source, place / name))
            case "RUN":
                runs.append(rest)
            case "CMD":
                command = rest
            case "FROM" | "EXPOSE":
                pass
            case _:
                raise ValueError(f"{DOCKERFILE}: {line}")
    return Recipe(place, tuple(copies), tuple(runs), command)
