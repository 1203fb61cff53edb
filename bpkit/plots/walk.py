"""Steps in a notebook: one at a time with buttons, and all of them in a table beside it.

The buttons are Jupyter widgets, alive as long as the kernel is. The table is what is stored: it
stands wherever nothing runs, on paper, on a web page, on a slide. Its formulas are Unicode and
HTML, so that it needs no typesetting.
"""

import base64
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from bpkit.plots.steps import Step
from bpkit.plots.style import encode, width

PAUSE = 2500
"""Milliseconds that a step stays, when they are played."""

SIGNS = {
    r"\,": " ",
    r"\bigl": "",
    r"\bigr": "",
    r"\cdot": "·",
    r"\delta": "δ",
    r"\gamma": "γ",
    r"\ge": "≥",
    r"\leftarrow": "←",
    r"\max": "max",
    r"\nabla": "∇",
    r"\partial": "∂",
    r"\sigma": "σ",
    r"\sum": "Σ",
    r"\tfrac12": "½",
    r"\theta": "θ",
}
"""What the formulas of steps use of LaTeX, and the characters that say the same."""


def step_through(steps: Sequence[Step], title: str) -> None:
    """Display steps in a notebook: with buttons to walk through them, and as a table.

    Without ipywidgets there is the table alone, and a sentence that says what is missing.

    Parameters
    ----------
    steps : of ``network_steps``, ``graph_steps`` or ``training_steps``.
    title : what they lead to, the caption of the table.

    Raises
    ------
    ValueError : if there are no steps.
    """
    if not steps:
        raise ValueError("there are no steps to walk through")
    from IPython.display import display

    display(_walk(steps), raw=True)
    display({"text/html": table(steps, title), "text/plain": listing(steps, title)}, raw=True)


def _walk(steps: Sequence[Step]) -> dict[str, Any]:
    """The MIME bundle of the widget, with a text for where it is not shown."""
    try:
        import ipywidgets
    except ImportError:
        told = (
            "To walk through these steps one at a time, install ipywidgets "
            "(pip install ipywidgets) and restart the kernel."
        )
        return _told(told)
    told = f"Run this cell in JupyterLab to walk through its {len(steps)} steps one at a time."
    return _controls(steps, ipywidgets)._repr_mimebundle_() | _told(told)


def _told(text: str) -> dict[str, Any]:
    return {"text/plain": text, "text/html": f'<p class="steps"><em>{text}</em></p>'}


def _controls(steps: Sequence[Step], widgets: Any) -> Any:
    """Buttons, a slider, the equation in use with its numbers, and the picture."""
    slider = widgets.IntSlider(
        1, 1, len(steps), description="Step", continuous_update=False, readout=False
    )
    play = widgets.Play(value=1, min=1, max=len(steps), interval=PAUSE, show_repeat=False)
    widgets.link((play, "value"), (slider, "value"))
    back = widgets.Button(description="Previous", icon="arrow-left", tooltip="One step back")
    on = widgets.Button(description="Next", icon="arrow-right", tooltip="One step on")
    words, picture = widgets.HTMLMath(), widgets.HTML()
    words.layout.min_height = "8em"  # so that the picture stays where it is

    def move(by: int) -> None:
        slider.value += by

    def show(_: object = None) -> None:
        step = steps[slider.value - 1]
        picture.value = _in_a_picture(step)  # takes longer: words that came first would be alone
        words.value = _in_words(step, slider.value, len(steps))
        back.disabled, on.disabled = slider.value == 1, slider.value == len(steps)

    back.on_click(lambda _: move(-1))
    on.on_click(lambda _: move(1))
    slider.observe(show, "value")
    show()
    return widgets.VBox([widgets.HBox([back, on, play, slider]), words, picture])


def _in_words(step: Step, number: int, steps: int) -> str:
    """The step as HTML with LaTeX: what it is, its equations, and the same with numbers."""
    tags = " ".join(f"({tag})" for tag in step.tags)
    lines = [
        "&emsp; ".join(f"${escape(formula, quote=False)}$" for formula in formulas)
        for formulas in (step.equations, step.numbers)
    ]
    heading = f"<b>Step {number} of {steps}. {escape(step.title)}</b> &emsp;{tags}"
    return "".join(f'<div style="line-height: 2">{line}</div>' for line in (heading, *lines))


def _in_a_picture(step: Step) -> str:
    """The picture as HTML, with an alternative text."""
    fig = step.draw()
    png = base64.b64encode(encode(fig)).decode()
    alt = f"{step.title}. " + ", ".join(map(plain, step.numbers))
    return (
        f'<img src="data:image/png;base64,{png}" alt="{escape(alt)}" width="{width(fig)}" '
        'style="max-width: 100%">'
    )


def table(steps: Sequence[Step], title: str) -> str:
    """All steps as an HTML table."""
    rows = []
    for number, step in enumerate(steps, start=1):
        what = f"{escape(step.title)} <br>({', '.join(step.tags)})"
        equations, numbers = (
            " <br>".join(f"<span>{markup(formula)}</span>" for formula in formulas)
            for formulas in (step.equations, step.numbers)
        )
        rows.append(_row("td", [str(number), what, equations, numbers]))
    head = _row("th", ["", "Step", "Equation", "With the numbers"])
    return "\n".join(
        [
            f'<table class="steps"><caption>{escape(title)}</caption>',
            f"<thead>{head}</thead>",
            "<tbody>",
            *rows,
            "</tbody></table>",
        ]
    )


def _row(tag: str, cells: Sequence[str]) -> str:
    """A row of the table; JupyterLab would align its cells to the right."""
    left = "text-align: left"
    styles = [left, left, f"{left}; white-space: nowrap", left]
    joined = "".join(f'<{tag} style="{style}">{cell}</{tag}>' for style, cell in zip(styles, cells))
    return f"<tr>{joined}</tr>"


def listing(steps: Sequence[Step], title: str) -> str:
    """All steps as plain text, one in a line."""
    lines = [
        f"{number}. {step.title} ({', '.join(step.tags)}): {', '.join(map(plain, step.numbers))}"
        for number, step in enumerate(steps, start=1)
    ]
    return "\n".join([title, *lines])


def plain(latex: str) -> str:
    """A formula in plain text."""
    return re.sub(r"[{}]", "", _without_commands(latex))


def markup(latex: str) -> str:
    """A formula in HTML, with its indices raised and lowered."""
    text = escape(_without_commands(latex), quote=False)
    text = re.sub(r"\^(?:{([^}]*)}|(\w))", r"<sup>\1\2</sup>", text)
    return re.sub(r"_(?:{([^}]*)}|(\w))", r"<sub>\1\2</sub>", text)


def _without_commands(latex: str) -> str:
    # in \partial C the space ends the command, and is not to be seen
    commands = r"(\\(?:partial|nabla)) |(\\tfrac12|\\[a-z]+|\\,)"
    text = re.sub(commands, lambda found: SIGNS[found[1] or found[2]], latex)
    return text.replace("-", "−").replace("'", "′")
