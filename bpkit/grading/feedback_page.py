"""Feedback as a page that needs nothing: no script, no network, mathematics as MathML.

nbgrader's own page loads MathJax from the web, so that offline, or years later, a formula is a row
of dollar signs. Here every formula is typeset when the page is made, and since the page then needs
no script it has none: whatever a submission smuggled into its outputs cannot run.
"""

import html
import re

from bs4 import BeautifulSoup
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
SAFE_LINKS = "#", "http://", "https://"
STYLE = "td, th { padding: 0 1em 0.3em 0 } .anchor-link { display: none } math { font-size: 1.1em }"
PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>&#x02032;</mi></msup>")
"""A prime is raised by its own shape already; as a superscript most fonts show a dot."""
ALIGNED = re.compile(r"\\(begin|end)\{(aligned|align|split)\}")


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
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        return f"<p>{_mathml(body, 'block')}</p>"

    def latex_environment(self, name: str, body: str) -> str:
        r"""A formula between ``\begin`` and ``\end``."""
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page without scripts. Named in nbgrader_config.py."""

    @pass_context
    def markdown2html(self, context, source):
        """The filter by which the template shows Markdown."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = MathMLRenderer(escape=False, attachments=attachments)
        return MarkdownWithMath(renderer=renderer).render(source)

    def default_filters(self):
        """The filters of the template, with ours for Markdown."""
        yield from super().default_filters()
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
        for formula in soup.find_all("math"):
            for part in formula.find_all(style=True):
                del part["style"]
        policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
        soup.head.insert(0, soup.new_tag("meta", attrs=policy))
        soup.head.append(soup.new_tag("style", string=STYLE))
        return str(soup), resources


def _mathml(tex: str, display: str) -> str:
    """MathML of a formula; what is no formula stays as it was typed."""
    try:
        mathml = convert(ALIGNED.sub(r"\\\1{align*}", tex), display=display)
    except Exception:  # latex2mathml raises errors of many kinds at what students type
        return f"<code>{html.escape(tex)}</code>"
    return PRIME.sub(r"\1<mo>&#x02032;</mo>", mathml)
