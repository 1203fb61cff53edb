"""Made-up answers to problem set 3, as students might type them: right, wrong and unfinished."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answers:
    """What one kind of student puts into the notebook, as source text by grade_id."""

    kind: str
    cells: Mapping[str, str]
    """The cells they fill in; the others stay as released."""
    added: Mapping[str, str] = field(default_factory=dict)
    """Cells of their own, each in front of the cell with this grade_id."""
    fails: Mapping[str, str] = field(default_factory=dict)
    """The test cells that give no marks, with what stands in the brackets of their message."""
