"""Feedback as a page that needs nothing: no script, no network, mathematics as MathML.

On top stand the marks, task by task, with what was said of each (``feedback.html.j2``). nbgrader's
own page loads MathJax from the web, so that offline, or years later, a formula is a row
of dollar signs. Here every formula is typeset when the page is made, and since the page then needs
no script it has none: whatever a submission smuggled into its outputs cannot run.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import FileSystemLoader, pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets import default

from bpkit.checks.messages import LONGEST_LINE
from bpkit.grading.mathml import mathml

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
SAFE_LINKS = "#", "http://", "https://"
STYLE = """
td, th { padding: 0 1em .3em 0; vertical-align: top; text-align: left }
.anchor-link { display: none }
math { font-size: 1.1em }
p:has(> math[display=block]), .text_cell_render table, pre, .output_subarea { overflow-x: auto }
.text_cell_render table { display: block; max-width: 100% }
.output_subarea pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere }
.output_subarea img { max-width: 100%; height: auto }
body > header { padding-bottom: 2em; border-bottom: 1px solid #ccc; margin-bottom: 1em }
body > header p { max-width: 45em }
.marks { border-collapse: collapse; width: 100% }
.marks thead { color: #595959; font-size: .9em; border-bottom: 1px solid #999 }
.marks th, .marks td { padding: .35em .75em; font-weight: normal; border-bottom: 1px solid #e5e5e5 }
.marks .n { white-space: nowrap }
.marks .lost { background: #fff6e5; box-shadow: inset .3em 0 #d55e00 }
.marks .lost .n { font-weight: bold }
.told, .said { display: block; overflow-wrap: anywhere }
.told { font-family: monospace }
.said::before { content: "Comment: "; color: #595959 }
div.nbgrader_cell .panel-heading { height: auto; overflow: hidden; overflow-wrap: anywhere }
.output_error pre { box-shadow: inset .3em 0 #d55e00 }
@media (max-width: 40em) {
  .container, #notebook-container { padding: 0 .75em; width: auto }
  .cell { padding: 5px 0 }
  .marks th, .marks td { padding: .35em .4em }
  .marks .n { white-space: normal }
  .marks .lost th { padding-left: .75em }
}
"""
FONT_FILES = re.compile(r"@font-face\s*\{[^}]*\}")
"""Icons, which no page of feedback has."""
NO_RESPONSE = "No response."
"""The comment that nbgrader itself gives to a cell that nobody has changed."""


@dataclass(frozen=True)
class GradedTask:
    """One row on top of the page."""

    anchor: str
    title: str
    score: float
    points: float
    waits: bool
    """Whether a person has still to give the mark."""
    told: str
    """The first line of the error in the graded cell."""
    comment: str
    """What a person wrote, at the graded cell or at the answer before it."""

    @property
    def lost(self) -> bool:
        return not self.waits and self.score < self.points


class MathMLRenderer(IPythonRenderer):
    """Markdown as HTML, its formulas as MathML."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture; a sentence instead of one that got lost on the way."""
        name = url.removeprefix("attachment:")
        if name != url and name not in self.attachments:
            return f"<em>[the picture {html.escape(name)} is missing]</em>"
        return super().image(text, url, title)

    def inline_math(self, body: str) -> str:
        """A formula in a line of text."""
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        return f"<p>{mathml(body, 'block')}</p>"

    def latex_environment(self, name: str, body: str) -> str:
        r"""A formula between ``\begin`` and ``\end``."""
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page without scripts. Named in nbgrader_config.py."""

    @default("template_file")
    def _template_file_default(self):
        return "feedback.html.j2"

    @default("extra_loaders")
    def _extra_loaders_default(self):
        return [FileSystemLoader(Path(__file__).parent)]

    @pass_context
    def markdown2html(self, context, source):
        """The filter by which the template shows Markdown."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = MathMLRenderer(escape=False, attachments=attachments)
        return MarkdownWithMath(renderer=renderer).render(source)

    def default_filters(self):
        """The filters of the template, with ours."""
        yield from super().default_filters()
        yield ("marks", "{:g}".format)
        yield ("tasks", lambda notebook: list(graded_tasks(notebook)))
        yield ("markdown2html", self.markdown2html)

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """The page of one notebook."""
        page, resources = super().from_notebook_node(nb, resources, **kwargs)
        soup = BeautifulSoup(page, features="html.parser")
        for script in soup.find_all("script"):
            script.decompose()
        for link in soup.find_all("a", href=True):
            if not link["href"].startswith(SAFE_LINKS):
                del link["href"]
        for picture in soup.find_all("img", src=True):
            if not picture["src"].startswith("data:image/"):
                picture.replace_with("[a picture from elsewhere]")
        for style in soup.find_all("style"):
            style.string = FONT_FILES.sub("", style.text)
        for formula in soup.find_all("math"):
            for part in formula.find_all(style=True):
                del part["style"]
        policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
        soup.head.insert(0, soup.new_tag("meta", attrs=policy))
        soup.head.append(soup.new_tag("style", string=STYLE))
        return str(soup), resources


def graded_tasks(notebook: NotebookNode) -> Iterator[GradedTask]:
    """The graded cells of a notebook into which nbgrader has put marks and comments."""
    comments: list[str] = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        comments.append(" ".join((about.get("comment") or "").split()))
        if about.get("grade"):
            error = next((o for o in cell.get("outputs", ()) if o.output_type == "error"), None)
            told = _first_line(error) if error else ""
            said = [comment for comment in comments if comment not in ("", told and NO_RESPONSE)]
            name = about.grade_id
            yield GradedTask(
                anchor=name,
                title=name.removeprefix("test-").replace("-", " ").replace("_", " "),
                score=about.score,
                points=about.points,
                waits=about.get("waits", False),
                told=told,
                comment=" ".join(said),
            )
            comments = []


def _first_line(error: NotebookNode) -> str:
    line = error.evalue.partition("\n")[0][:LONGEST_LINE]
    return line if error.ename == "CheckFailed" else f"{error.ename}: {line}"
