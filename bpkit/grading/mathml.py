"""Formulas as MathML: a browser shows them without a script and without the network."""

import html
import re

from latex2mathml.converter import convert

PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>&#x02032;</mi></msup>")
"""A prime is raised by its own shape already; as a superscript most fonts show a dot."""
ALIGNED = re.compile(r"\\(begin|end)\{(aligned|align|split)\}")


def mathml(tex: str, display: str) -> str:
    """MathML of a formula, "inline" or "block"; what is no formula stays as it was typed."""
    try:
        formula = convert(ALIGNED.sub(r"\\\1{align*}", tex), display=display)
    except Exception:  # latex2mathml raises errors of many kinds at what students type
        return f"<code>{html.escape(tex)}</code>"
    return PRIME.sub(r"\1<mo>&#x02032;</mo>", formula)
