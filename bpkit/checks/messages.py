"""What a student reads when an answer is not right yet."""

from collections.abc import Sequence

LONGEST_LINE = 200


class CheckFailed(AssertionError):
    """An answer failed its check. The message is all there is to see.

    The first line reads ``BP-1 [M01] sigma'(z^L) is left out``: the equation, the misconception's
    code or the kind of failure in brackets, and what is wrong. At most six lines.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: no stack, since the fault is not in the check."""
        return str(self).splitlines()


def failure(equation: str, kind: str, what: str, lines: Sequence[str]) -> CheckFailed:
    """The exception with ``equation [kind] what`` in its first line, empty lines left out."""
    shown = [f"{equation} [{kind}] {what}", *(line for line in lines if line)]
    return CheckFailed("\n".join(_shortened(line) for line in shown[:6]))


def _shortened(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 3] + "..."
