"""The course site: `make site` builds lectures, assignments and these pages into build/site.

The source is the whole repository, so that a link from one file to another holds in both.
Notebooks are shown with the outputs stored in them; nothing is run. The site loads nothing from
the network: MathJax, reveal.js and the search index are files of its own.
"""

import re
from pathlib import Path

import nbformat
import sphinx_revealjs
from docutils import nodes
from nbconvert import SlidesExporter
from sphinx.application import Sphinx

HERE = Path(__file__).parent

project = "bpkit"
html_title = "Backpropagation"
language = "en"
root_doc = "docs/index"
include_patterns = ["docs/*.md", "lectures/*.ipynb", "exercises/*/*.ipynb"]
exclude_patterns = ["**/.*", "bpkit", "tests", "solutions", "build", "demo", "**/_*"]
extensions = ["myst_nb", "sphinx-mathjax-offline"]

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
mathjax3_config = {"chtml": {"matchFontHeight": False}}

html_theme = "furo"
html_static_path = ["static", str(Path(sphinx_revealjs.__file__).parent / "_static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_extra_path = ["redirect"]
html_sourcelink_suffix = ""
html_show_sphinx = False
html_show_copyright = False
# Summaries are fetched, which a browser forbids for pages that are opened as files.
html_show_search_summary = False


def finish_page(app: Sphinx, doctree: nodes.document) -> None:
    """Give a page what Sphinx and MyST-NB leave out: tags, alternative texts, links to files."""
    for formula in doctree.findall(nodes.math_block):
        # Sphinx would wrap several lines in a `split`, where no \tag may stand.
        formula.children = [nodes.Text(rf"\[{formula.astext()}\]")]
        formula["no-wrap"] = True
    for output in doctree.findall(nodes.container):
        if output.get("nb_element") == "mime_bundle":
            for image in output.findall(nodes.image):
                image["alt"] = next(iter(output.findall(nodes.literal_block))).astext()
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix == ".ipynb":
        up = "../" * app.env.docname.count("/")
        files = {"Download this notebook": f"{up}_sources/{app.env.docname}.ipynb"}
        if source.parent.name == "lectures":
            files["Slides"] = f"{source.stem}.slides.html"
        links = nodes.paragraph(classes=["files"])
        for name, address in files.items():
            links += [nodes.reference("", name, refuri=address), nodes.Text(" ")]
        title = next(iter(doctree.findall(nodes.title)))
        title.parent.insert(1, links)


def write_slides(app: Sphinx, error: Exception | None) -> None:
    """Write the slides of every lecture beside its page."""
    if error:
        return
    exporter = SlidesExporter(
        extra_template_basedirs=[str(HERE)],
        template_name="slides",
        reveal_url_prefix="../_static/revealjs",
        reveal_theme="white",
        exclude_anchor_links=True,
    )
    for path in sorted((Path(app.srcdir) / "lectures").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
        html = re.sub(r'(<a href="(?!https?:)[^"#]*)\.(?:ipynb|md)(?=["#])', r"\1.html", html)
        (Path(app.outdir) / "lectures" / f"{path.stem}.slides.html").write_text(html, "utf-8")


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", finish_page)
    app.connect("build-finished", write_slides)
