"""The answers to problem set 3 are those of the made-up class."""

from bpkit.demo_answers.right import RIGHT
from bpkit.demo_answers.slips import SLIPS
from bpkit.demo_answers.unfinished import OTHERS

__all__ = ["OTHERS", "RIGHT", "SLIPS"]
