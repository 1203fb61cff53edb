"""The course site and the slides, as `make site` builds them, in a browser."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from browsing import REPOSITORY

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LECTURES = sorted((REPOSITORY / "lectures").glob("*.ipynb"))
ASSIGNMENTS = sorted((REPOSITORY / "exercises").glob("*/*.ipynb"))
TEXTS = [f"docs/{path.stem}" for path in sorted((REPOSITORY / "docs").glob("*.md"))]
PAGES = [
    *TEXTS,
    *(f"lectures/{path.stem}" for path in LECTURES),
    *(f"exercises/{path.parent.name}/{path.stem}" for path in ASSIGNMENTS),
]

SET = """async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""
"""Wait until formulas are set, fonts are there, and a new width has been heeded."""

CUT_OFF = """() => [...document.querySelectorAll(
    'article :is(mjx-container, img, pre, table, code, h1, h2, h3, p, li, summary)')]
  .filter(element => {
    const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflowX);
    for (let e = element; e && e.tagName !== 'ARTICLE'; e = e.parentElement)
      if (scrolls(e)) return e.getBoundingClientRect().right > innerWidth + 1;
    return element.getBoundingClientRect().right > innerWidth + 1;
  })
  .map(element => element.tagName + ': ' + element.textContent.slice(0, 60))"""
"""What reaches beyond the window, and cannot be scrolled to where it stands."""

CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(v => (v /= 255) <= 0.04045
      ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const text = light(getComputedStyle(document.querySelector('article p')).color);
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return {dark: ground < text,
          ratio: (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)};
}"""
"""Whether the page is dark, and the contrast of its text as WCAG 2 defines it."""

OVERFLOWING = """() => {
  const found = [];
  for (const [n, slide] of Reveal.getSlides().entries()) {
    const at = Reveal.getIndices(slide);
    Reveal.slide(at.h, at.v, slide.querySelectorAll('.fragment').length);
    const cell = slide.querySelector('.jp-Cell').id;
    if (slide !== Reveal.getCurrentSlide() || !slide.clientHeight)
      found.push(cell + ' is not shown');
    if (slide.scrollHeight > 720) found.push(`${cell}: ${slide.scrollHeight} high`);
    if (slide.scrollWidth > 1280) found.push(`${cell}: ${slide.scrollWidth} wide`);
    for (const part of slide.querySelectorAll('pre, table, mjx-container, .jp-OutputArea-output'))
      if (part.scrollWidth > part.clientWidth + 1 && part.clientWidth)
        found.push(`${cell}: ${part.tagName} of ${part.scrollWidth} in ${part.clientWidth}`);
    for (const picture of slide.querySelectorAll('img'))
      if (!picture.clientWidth) found.push(cell + ' has an empty picture');
  }
  return found;
}"""
"""The slides of a lecture that do not fit, each shown with all of its fragments."""

CODE_ALONE = """() => Reveal.getSlides()
  .filter(slide => !slide.querySelector('.jp-MarkdownCell, img, table'))
  .map(slide => slide.querySelector('.jp-Cell').id)"""
"""The slides that show a check, and not what it checks."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    built = tmp_path_factory.mktemp("build") / "site"
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "-c", "docs"]
    done = subprocess.run(
        [*command, ".", str(built)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return built


def elsewhere(seen) -> list[str]:
    return [url for url in seen.requests if not url.startswith(("file:", "data:"))]


def check_pictures(pictures) -> None:
    """Each is there, and says what it shows."""
    for alt, width in pictures.evaluate_all("all => all.map(one => [one.alt, one.naturalWidth])"):
        assert len(alt.split()) >= 8, alt
        assert width > 0, alt


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_fits_and_loads_nothing_from_elsewhere(site, visit, name):
    seen = visit((site / f"{name}.html").as_uri())
    page = seen.page
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        shade = page.evaluate(CONTRAST)
        assert shade["dark"] == (colours == "dark")
        assert shade["ratio"] >= 7
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SET)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []
    assert page.locator("mjx-merror").all_inner_texts() == []
    if name not in TEXTS:
        source = (REPOSITORY / f"{name}.ipynb").read_text(encoding="utf-8")
        assert page.locator("mjx-labels").count() == source.count(r"\\tag{")
        assert page.locator("article img").count() == source.count('"image/png": "')
    check_pictures(page.locator("article img"))
    assert elsewhere(seen) == []
    assert seen.complaints == []


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_slides_fit_and_load_nothing_from_elsewhere(site, visit, path):
    seen = visit((site / f"lectures/{path.stem}.slides.html").as_uri(), width=1280)
    seen.page.set_viewport_size({"width": 1280, "height": 720})
    seen.page.evaluate(SET)
    assert seen.page.evaluate("Reveal.getScale()") == 1
    assert seen.page.evaluate(OVERFLOWING) == []
    assert len(seen.page.evaluate(CODE_ALONE)) <= 2
    assert seen.page.locator("mjx-merror").all_inner_texts() == []
    check_pictures(seen.page.locator(".slides img"))
    assert elsewhere(seen) == []
    assert seen.complaints == []


def test_search_finds_words_of_lectures_and_assignments(site, visit):
    seen = visit(f"{(site / 'search.html').as_uri()}?q=vanishing+gradient")
    results = seen.page.locator("#search-results li a")
    results.first.wait_for()
    assert "Lecture 4: Activations and costs" in " ".join(results.all_inner_texts())
    assert elsewhere(seen) == []
    assert seen.complaints == []
    nothing = visit(f"{(site / 'search.html').as_uri()}?q=xylophone").page
    nothing.get_by_text("did not match any documents").wait_for()


def test_no_link_inside_the_site_is_broken(site):
    pages = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    anchors = {path: set(re.findall(r'\sid="([^"]+)"', text)) for path, text in texts.items()}
    broken, checked = [], 0
    for path, text in texts.items():
        for address in re.findall(r'<(?:a|img|link|script)\b[^>]*\s(?:href|src)="([^"]+)"', text):
            if re.match(r"[a-z]+:", address):
                continue
            checked += 1
            file, _, anchor = unquote(address).partition("#")
            file = file.partition("?")[0]
            target = (path.parent / file).resolve() if file else path
            if not target.is_file() or (anchor and anchor not in anchors.get(target, ())):
                broken.append(f"{path.relative_to(site)}: {address}")
    assert broken == []
    assert checked > 1000


def test_the_front_page_leads_to_everything(site, visit):
    page = visit((site / "index.html").as_uri()).page
    page.wait_for_url("**/docs/index.html")
    links = {
        str(Path(link.get_attribute("href")))
        for link in page.locator("article .toctree-wrapper a").all()
    }
    expected = {f"../{name}.html" for name in PAGES if not name.startswith("docs/")}
    assert expected <= links
    assert "notation.html" in links


@pytest.mark.parametrize("path", [*LECTURES, *ASSIGNMENTS], ids=lambda path: path.stem)
def test_a_notebook_can_be_downloaded_from_its_page(site, path):
    page = site / path.relative_to(REPOSITORY).with_suffix(".html")
    (address,) = re.findall(r'href="([^"]+)">Download this notebook<', page.read_text("utf-8"))
    assert (page.parent / address).read_bytes() == path.read_bytes()
