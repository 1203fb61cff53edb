"""Fooling the judge by what a notebook says about itself, and the reader by what it shows."""

import base64
from collections.abc import Callable
from typing import Any

from tests.attacks.case import (
    BLANK,
    FULL,
    NOTHING,
    RIGHT,
    ZEROS,
    Case,
    Notebook,
    cell,
    code_cell,
    each,
    in_cell,
    markdown_cell,
    notebook,
)


def tamper(
    name: str,
    tries: str,
    change: Callable[[Notebook], None],
    *,
    reported: str | None = None,
    nbgrader: bool = False,
) -> Case:
    """Zeros in a notebook that is not what was handed out."""
    make = notebook(ZEROS, change=change)
    return Case(name, "fooling", tries, make, NOTHING, reported, nbgrader=nbgrader)


def lost(
    name: str, tries: str, change: Callable[[Notebook], None], reported: str | None = None
) -> Case:
    """Right answers in a notebook that was changed on its way: it costs nothing."""
    make = notebook(RIGHT, change=change)
    return Case(name, "fooling", tries, make, FULL, reported)


TESTS = "test-.*"


def for_each(pattern: str, act: Callable[[Notebook], Any]) -> Callable[[Notebook], None]:
    """A change of all cells whose id matches."""

    def change(nb: Notebook) -> None:
        for found in each(nb, pattern):
            act(found)

    return change


def remove_tests(nb: Notebook) -> None:
    tests = each(nb, TESTS)
    nb["cells"] = [c for c in nb["cells"] if c not in tests]


def repeat_tests(nb: Notebook) -> None:
    for test in each(nb, TESTS):
        nb["cells"].append({**test, "source": "pass"})


def tests_first(nb: Notebook) -> None:
    tests = each(nb, TESTS)
    nb["cells"] = tests + [c for c in nb["cells"] if c not in tests]


def tests_last(nb: Notebook) -> None:
    tests = each(nb, TESTS)
    nb["cells"] = [c for c in nb["cells"] if c not in tests] + tests


def write_outputs(test: Notebook) -> None:
    test["outputs"] = [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "3"},
            "metadata": {},
            "execution_count": 1,
        }
    ]
    test["execution_count"] = 1
    test["source"] = ""


def swap_ids(nb: Notebook) -> None:
    """The ids of tests on cells of the student's own, and those of answers on the tests."""
    for test in each(nb, TESTS):
        marks = test["metadata"]["nbgrader"]
        test["metadata"] = {}
        test["source"] = "pass"
        nb["cells"].append(code_cell("pass", nbgrader=marks))


def add_marks(nb: Notebook) -> None:
    about = {"schema_version": 3, "grade": True, "locked": True, "solution": False, "task": False}
    for number in range(5):
        own = {**about, "grade_id": f"bonus-{number}", "points": 50}
        nb["cells"].append(code_cell("50", nbgrader=own))
    task = {**about, "grade_id": "bonus-task", "points": 50, "grade": False, "task": True}
    nb["cells"].append(markdown_cell("Well done.", nbgrader=task))
    nb["cells"].append(code_cell("pass", nbgrader={**about, "grade_id": "test-sigmoid"}))


FAKE_SETUP = """\
class Anything:
    def __getattr__(self, name):
        return lambda *a, **k: None
checks = Anything()
try:
    open("@canary@", "w").close()
except OSError:
    pass
"""


def fake_setup(nb: Notebook) -> None:
    about = cell(nb, "setup")["metadata"]
    cell(nb, "setup")["source"] += FAKE_SETUP
    for grade_id in "setup", "setup-2", "":
        marks = {**about["nbgrader"], "grade_id": grade_id}
        fake = code_cell(FAKE_SETUP, **{**about, "nbgrader": marks})
        nb["cells"].insert(3, {**fake, "id": "setup"})
    nb["cells"].insert(3, {**code_cell(FAKE_SETUP), "id": "step-sizes"})


def another_setup(nb: Notebook) -> None:
    marks = {**cell(nb, "setup")["metadata"]["nbgrader"], "grade_id": "setup-2"}
    nb["cells"].insert(3, {**code_cell(FAKE_SETUP, nbgrader=marks), "id": "setup-2"})


def another_test(nb: Notebook) -> None:
    marks = {**cell(nb, "test-backward")["metadata"]["nbgrader"], "grade_id": "test-more"}
    nb["cells"].insert(3, {**code_cell(FAKE_SETUP, nbgrader=marks), "id": "test-more"})


def evil_cells_of_the_course(nb: Notebook) -> None:
    for id in "step-sizes", "step-sizes-figure":
        original = cell(nb, id)
        original["source"] = FAKE_SETUP
        nb["cells"].remove(original)
        nb["cells"].insert(3, original)


def about_itself(nb: Notebook) -> None:
    nb["metadata"] = {
        "kernelspec": {"name": "bash", "display_name": "x", "language": "bash"},
        "language_info": {"name": "R", "version": [], "nbconvert_exporter": "evil"},
        "bpkit": {"hides": [], "events": ["all is well"], "seconds": 0},
        "title": "<script>document.title='owned'</script>",
        "celltoolbar": "Create Assignment",
        "nbgrader": {"schema_version": 99},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
        "execution": {"allow_errors": True, "timeout": -1},
    }


def points_everywhere(nb: Notebook) -> None:
    for c in nb["cells"]:
        marks = c["metadata"].get("nbgrader")
        if marks:
            marks.update(points=1000, grade=True, locked=False, schema_version=1)
            marks["checksum"] = "0" * 32


TAMPERED = (
    tamper("points-changed", "gives its cells a thousand points each", points_everywhere),
    tamper(
        "tests-removed",
        "deletes the test cells",
        remove_tests,
        nbgrader=True,
    ),
    tamper("tests-repeated", "repeats the test cells, empty", repeat_tests, nbgrader=True),
    tamper("tests-first", "puts the tests before everything", tests_first),
    lost("tests-last", "puts the tests after everything", tests_last),
    tamper(
        "tests-edited",
        "edits the locked tests",
        for_each(TESTS, lambda c: c.update(source="assert True")),
    ),
    tamper(
        "tests-as-text",
        "turns the tests into text",
        for_each(TESTS, lambda c: c.update(cell_type="markdown")),
    ),
    tamper(
        "tests-as-raw-text",
        "turns the tests into raw text",
        for_each(TESTS, lambda c: c.update(cell_type="raw")),
    ),
    tamper(
        "tests-skipped",
        "tags the tests so that they are skipped, or may fail",
        for_each(
            TESTS,
            lambda c: c["metadata"].update(
                tags=["skip-execution", "raises-exception", "remove-cell", "nbval-skip"]
            ),
        ),
        nbgrader=True,
    ),
    tamper("tests-with-outputs", "writes the outputs in advance", for_each(TESTS, write_outputs)),
    tamper("ids-swapped", "puts the ids of tests on cells of its own", swap_ids),
    tamper("bonus-cells", "adds cells that earn points", add_marks),
    tamper(
        "fake-setup", "adds cells that look like the locked set-up cell", fake_setup, nbgrader=True
    ),
    tamper(
        "another-setup",
        "adds a locked cell with an id that is new, as if the course had another set-up",
        another_setup,
        nbgrader=True,
    ),
    tamper(
        "another-test",
        "adds a locked test with an id that is new",
        another_test,
        nbgrader=True,
    ),
    tamper(
        "edited-course-cells",
        "puts its own code into cells that the course has without a lock",
        evil_cells_of_the_course,
    ),
    tamper("metadata-of-the-notebook", "forges everything that is said of it", about_itself),
    lost(
        "another-kernel",
        "was saved with another kernel, and another language",
        about_itself,
    ),
    lost(
        "no-metadata",
        "lost all metadata on its way",
        for_each(".*", lambda c: c["metadata"].clear()),
    ),
    lost(
        "answers-twice",
        "has every answer twice, the first time blank",
        lambda nb: nb["cells"].__setitem__(
            slice(3, 3),
            [{**c, "source": "raise NotImplementedError"} for c in each(nb, "sigmoid|backward")],
        ),
        reported="more than once",
    ),
    Case(
        "answers-in-the-wrong-cell",
        "fooling",
        "has all answers in the first answer cell, and the others blank",
        notebook({**BLANK, "sigmoid": "\n\n".join(RIGHT.values())}),
        # the stubs of the other cells come later and define the same names again
        {**NOTHING, "test-sigmoid": 1, "test-sigmoid-prime": 1},
    ),
)

ATTACK = "window.owned=1"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n<svg onload=" + ATTACK.encode() + b">").decode()


def show(name: str, tries: str, source: str) -> Case:
    """Right answers, and a cell that puts something out."""
    return Case(name, "fooling", tries, in_cell(source), FULL)


def write(name: str, tries: str, text: str, change=lambda nb: None) -> Case:
    """Right answers, and a text to be read by the grader, in answer and in cells of its own."""

    def add(nb: Notebook) -> None:
        nb["cells"].append(markdown_cell(text))
        nb["cells"].append({**markdown_cell(text), "cell_type": "raw", "metadata": RAW})
        change(nb)

    make = notebook(RIGHT, explanation=text, change=add)
    return Case(name, "fooling", tries, make, FULL)


RAW = {"format": "text/html", "raw_mimetype": "text/html"}


def attach(nb: Notebook) -> None:
    for c in each(nb, "explain|m.*"):
        c["attachments"] = {
            "a.svg": {"image/svg+xml": f"<svg onload='{ATTACK}'/>"},
            "b.html": {"text/html": f"<script>{ATTACK}</script>"},
            "c.png": {"image/png": f'" onerror="{ATTACK}'},
        }


SHOWN = (
    write(
        "markdown-html",
        "writes HTML with scripts into its text",
        f"<script>{ATTACK}</script><img src=x onerror={ATTACK}>"
        f"<svg/onload={ATTACK}><iframe srcdoc='<script>parent.{ATTACK}</script>'></iframe>"
        f"<object data=javascript:{ATTACK}></object><form action=//evil.invalid><button>ok</form>"
        f"<base href=//evil.invalid/><meta http-equiv=refresh content='0;//evil.invalid'>"
        f"<style>.score{{display:none}}</style><link rel=stylesheet href=//evil.invalid/x.css>"
        f"<details ontoggle={ATTACK} open><math><mtext><mglyph><style><img src onerror={ATTACK}>",
    ),
    write(
        "markdown-links",
        "writes links and images that run scripts or tell a server who reads them",
        f"[a](javascript:{ATTACK}) [b](JaVaScRiPt:{ATTACK}) [c](java\tscript:{ATTACK})\n"
        f"[d](&#106;avascript:{ATTACK}) [e](javascript&colon;{ATTACK}) <javascript:{ATTACK}>\n"
        f"[f]: javascript:{ATTACK}\n\n[f] [g](vbscript:x) [h](data:text/html,<script>{ATTACK})\n"
        f"![i](https://evil.invalid/i.png){{onerror={ATTACK}}} ![j](javascript:{ATTACK})\n"
        f"[k]( javascript:{ATTACK}) "
        f'[l](x "a" onclick="{ATTACK}") ![m](data:image/svg+xml,<svg onload={ATTACK}>)\n'
        f"[n](\\javascript:{ATTACK}) [o](javascript\\:{ATTACK}) [p](%6Aavascript:{ATTACK})",
    ),
    write(
        "markdown-broken-html",
        "writes HTML in forms that a simple filter passes",
        f"<<script>{ATTACK}//<</script>\n\n<img\nsrc=x\nonerror={ATTACK}>\n\n<!--><img src=x "
        f"onerror={ATTACK}>-->\n\n`</code><img src=x onerror={ATTACK}>`\n\n"
        f"```html\n</pre><script>{ATTACK}</script>\n```\n\n    </pre><script>{ATTACK}</script>\n\n"
        f"&lt;script&gt;{ATTACK}&lt;/script&gt; &amp;lt;img src=x onerror={ATTACK}&amp;gt;\n\n"
        f'```"><img src=x onerror={ATTACK}>\nx\n```\n\n| a |\n|---|\n'
        f"| <img src=x onerror={ATTACK}> |",
    ),
    write(
        "markdown-mathematics",
        "writes formulas that MathJax makes links, scripts and styles of",
        f"$\\href{{javascript:{ATTACK}}}{{x}}$ $$\\require{{html}}\\class{{x}}{{y}}"
        f"\\style{{position:fixed}}{{z}}\\cssId{{score}}{{100}}$$ "
        f"\\(\\href{{javascript:{ATTACK}}}{{x}}\\)"
        f"\\begin{{equation}}\\text{{</script><script>{ATTACK}</script>}}\\end{{equation}}"
        f"$</p><img src=x onerror={ATTACK}>$ $$<img src=x onerror={ATTACK}>$$",
    ),
    write(
        "attachments",
        "attaches SVG, HTML and images that are none",
        "![a](attachment:a.svg) ![b](attachment:b.html) ![c](attachment:c.png) "
        f'![d](attachment:c.png" onerror="{ATTACK}) ![e](attachment:missing.png)',
        attach,
    ),
    show(
        "display-html",
        "displays HTML, JavaScript, SVG, frames and widgets",
        f"""\
from IPython.display import HTML, IFrame, Javascript, SVG, Markdown, Latex, JSON
from IPython.display import publish_display_data
display(HTML("<script>{ATTACK}</script>"), Javascript("{ATTACK}"), IFrame("//evil.invalid", 9, 9))
display(SVG(data="<svg xmlns='http://www.w3.org/2000/svg' onload='{ATTACK}'/>"))
display(Markdown("<img src=x onerror={ATTACK}> [a](javascript:{ATTACK})"))
display(Markdown("[b]: javascript:{ATTACK}\\n\\n[b]"))
display(Latex("$\\\\href{{javascript:{ATTACK}}}{{x}}$ <script>{ATTACK}</script>"))
display(JSON({{"a": 1}}))
publish_display_data({{
    "text/html": "<script>{ATTACK}</script>", "application/javascript": "{ATTACK}",
    "application/vnd.jupyter.widget-view+json": {{"model_id": "x"}}, "text/vnd.mermaid": "graph",
    "application/vnd.plotly.v1+json": {{}}, "text/plain": "<script>{ATTACK}</script>",
    "image/svg+xml": "<svg onload={ATTACK}>", "application/pdf": "x", "text/latex": "</script><b>",
}}, metadata={{"text/html": {{"isolated": True}}}})
HTML("<script>{ATTACK}</script>")
""",
    ),
    show(
        "display-images",
        "displays images that are none, or break out of their attribute",
        f"""\
from IPython.display import publish_display_data
for kind in "image/png", "image/jpeg", "image/gif", "image/webp":
    publish_display_data({{kind: '" onerror="{ATTACK}', "text/plain": "x"}},
                         metadata={{kind: {{"width": '1" onload="{ATTACK}', "alt": '"><script>'}}}})
    publish_display_data({{kind: "iVBORw0KGgo=\\" onerror=\\"{ATTACK}"}})
    publish_display_data({{kind: "{PNG}"}})
    publish_display_data({{kind: ["iVBORw0KGgo=", {{"a": 1}}]}})
""",
    ),
    show(
        "print-html-and-escapes",
        "prints HTML, terminal escapes and characters that turn text round",
        f"""\
import sys
print("<script>{ATTACK}</script></pre><img src=x onerror={ATTACK}>")
print("\\x1b[31m<script>{ATTACK}</script>\\x1b]8;;javascript:{ATTACK}\\x07x\\x1b]8;;\\x07")
print("\\x1b[2J\\x1b[38;2;1;2;3m\\x1b[38;5;999999999999m\\x1b[;;;;m\\u202e\\u2066 3 / 3")
print("\\ud800 \\x00 \\uffff", file=sys.stderr)
"""
        + f"'</pre><script>' + '{ATTACK}</script>'",
    ),
    show(
        "error-with-html",
        "raises errors whose names and messages hold HTML and escapes",
        f"""\
name = "<img src=x onerror={ATTACK}>"
raise type(name, (Exception,), {{}})("<script>{ATTACK}</script>\\x1b[31m\\n" + "</pre>" * 5)
""",
    ),
    Case(
        "error-with-html-in-a-test",
        "fooling",
        "raises such errors where the grader reads most carefully: in the tests",
        notebook(
            {
                **RIGHT,
                "output-delta-cross-entropy": "def output_delta_cross_entropy(z, y):\n"
                f'    raise type("<img src=x onerror={ATTACK}>", (ValueError,), {{}})(\n'
                f'        "</pre><script>{ATTACK}</script>\\x1b[31m\\n\\n\\n" * 1000)\n',
            }
        ),
        {**FULL, "test-output-delta-cross-entropy": 0},
    ),
    show(
        "html-in-code",
        "has code and comments that end the page's own elements",
        f"# </pre></div></script><script>{ATTACK}</script><img src=x onerror={ATTACK}>\n"
        f'x = "</textarea><svg/onload={ATTACK}>"\n%config X = <b>\n',
    ),
    show(
        "magic-html",
        "uses the magics that show HTML and JavaScript",
        f"get_ipython().run_cell_magic('html', '', '<script>{ATTACK}</script>')\n"
        f"get_ipython().run_cell_magic('javascript', '', '{ATTACK}')\n"
        "get_ipython().run_cell_magic('svg', '', '<svg/>')\n"
        f"get_ipython().run_cell_magic('markdown', '', '<img src=x onerror={ATTACK}>')",
    ),
    show(
        "updates-of-displays",
        "updates displays of other cells, clears outputs and forges their form",
        """\
from IPython.display import clear_output, display, update_display
handle = display("a", display_id="x")
update_display("b", display_id="x")
update_display("c", display_id="unknown")
clear_output(wait=True)
class Odd:
    def _repr_mimebundle_(self, **k):
        return {"text/plain": {"a": []}, 3: 4, "image/png": 5}, []
    def _ipython_display_(self):
        raise SystemExit
display(Odd(), exclude=["text/plain"], metadata=[])
""",
    ),
)

CASES = (*TAMPERED, *SHOWN)
