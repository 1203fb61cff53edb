"""The outputs of cells, as far as a grader may look at them.

Whatever comes from where student code runs was written by whoever wrote the cells. Of it only that
is kept which a notebook can show without running anything in the reader's browser.
"""

import base64
import binascii
import json
import re
from typing import Any

OUTPUT_LIMIT = 1_000_000
"""Characters that the outputs of one cell may have."""
IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""How files of these kinds begin."""
TEXTS = ("text/plain", "text/latex", "text/markdown")

Output = dict[str, Any]


def checked(outputs: Any) -> list[Output]:
    """The outputs of one cell, made only of what a notebook may show; an error if that fails."""
    if not isinstance(outputs, list):
        return [error("Garbled", "what the cell put out cannot be read")]
    left = 2 * OUTPUT_LIMIT
    kept: list[Output] = []
    for output in outputs:
        try:
            kept_output = _checked_output(output)
        except (KeyError, TypeError, AttributeError):
            kept_output = error("Garbled", "what the cell put out cannot be read")
        left -= len(json.dumps(kept_output))
        # an error is what makes a test fail: it is never left out
        if left >= 0 or kept_output["output_type"] == "error":
            kept.append(kept_output)
    return kept


def _checked_output(output: dict) -> Output:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _clean(output["text"])}
    if kind == "error":
        lines = output["traceback"][:100]
        return error(
            _clean(output["ename"])[:200],
            _clean(output["evalue"])[:20_000],
            [_clean(line)[:20_000] for line in lines],
        )
    if kind not in ("display_data", "execute_result"):
        raise KeyError(kind)
    data = {mime: _clean(output["data"][mime]) for mime in TEXTS if mime in output["data"]}
    for mime in "text/latex", "text/markdown":
        if mime in data:
            data[mime] = _without_links(data[mime])
    if "text/markdown" in data:
        data["text/markdown"] = _without_html(data["text/markdown"])
    for mime, beginning in IMAGES.items():
        if mime in output["data"] and _is_image(output["data"][mime], beginning):
            data[mime] = output["data"][mime]
    checked = {"output_type": kind, "data": data, "metadata": {}}
    if kind == "execute_result":
        checked["execution_count"] = None
    return checked


def error(name: str, value: str, traceback: list[str] | None = None) -> Output:
    """An error as a cell puts it out."""
    return {
        "output_type": "error",
        "ename": name,
        "evalue": value,
        "traceback": [f"{name}: {value}"] if traceback is None else traceback,
    }


def _clean(text: str) -> str:
    """The text, with halves of surrogate pairs replaced, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_html(markdown: str) -> str:
    """Markdown in which no HTML, link, image or reference is left: a space breaks each of them."""
    markdown = re.sub(r"<(?=\S)", "< ", markdown)
    return re.sub(r"\](?=[(\[:])", "] ", markdown)


def _without_links(tex: str) -> str:
    """Text without the TeX commands by which MathJax makes links, styles and more commands."""
    return re.sub(r"\\(href|require|style|class|cssId|data|mmlToken)\b", r"\1", tex)


def _is_image(data: Any, beginning: bytes) -> bool:
    try:
        return base64.b64decode(data.replace("\n", ""), validate=True).startswith(beginning)
    except (AttributeError, TypeError, ValueError, binascii.Error):
        return False
