"""Rules that every lecture keeps, and a proof that the checks of lecture 3 can fail.

That a lecture runs, and prints what is stored in it, is held by nbval.
"""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
TAG = r"[A-Z]{1,3}-\d+[a-z]?"


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def defined_tags(source):
    return re.findall(rf"\\tag\{{({TAG})\}}", source)


def outputs(notebook):
    return [(cell.id, output) for cell in code_cells(notebook) for output in cell.outputs]


@pytest.fixture(params=LECTURES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return read(path)


def test_there_are_lectures():
    assert LECTURES


def test_valid_notebook(notebook):
    nbformat.validate(notebook)


def test_ids_name_their_cells(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for id in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id), id
        assert not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}.*)?", id), f"{id} looks random"


def test_kernel_is_python3_and_nothing_tells_of_the_machine(notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_cells_ran_once_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_code_cells_are_short(notebook):
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= 20, cell.id


def test_no_errors_and_no_stderr_in_outputs(notebook):
    for id, output in outputs(notebook):
        assert output.output_type != "error", id
        assert output.get("name") != "stderr", id


def test_no_paths_in_texts(notebook):
    texts = [cell.source for cell in notebook.cells]
    texts += [output.get("text", "") for _, output in outputs(notebook)]
    for text in texts:
        assert not re.search(r"(?<![\w:/.])/(home|tmp|usr|work|root|Users|opt)/", text), text


def test_every_figure_has_an_alternative_text(notebook):
    for id, output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert len(alt.split()) >= 8, f"{id}: {alt!r} does not say what is shown"
            assert output.data["text/plain"] == alt, id


def test_every_tag_that_is_used_is_defined():
    defined, used = set(), {}
    for lecture in LECTURES:
        for cell in read(lecture).cells:
            if cell.cell_type == "markdown":
                defined.update(defined_tags(cell.source))
                used |= {tag: cell.id for tag in re.findall(rf"\(({TAG})\)", cell.source)}
    assert {tag: id for tag, id in used.items() if tag not in defined} == {}


def test_no_tag_is_defined_twice():
    tags = [
        tag for path in LECTURES for cell in read(path).cells for tag in defined_tags(cell.source)
    ]
    assert sorted(tags) == sorted(set(tags))


def cells_that_follow_tags(notebook):
    """For every tag, the ids of the code cells after it and before the next tag."""
    following: dict[str, list[str]] = {}
    current = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for tag in defined_tags(cell.source):
                current = tag
                following[tag] = []
        elif current:
            following[current].append(cell.id)
    return following


def test_every_numbered_equation_is_followed_by_code(notebook):
    for tag, ids in cells_that_follow_tags(notebook).items():
        assert ids, f"({tag}) is not followed by a cell that checks it"


def test_relative_links_lead_somewhere(path, notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)\s]+)\)", cell.source):
                if not re.match(r"https?://|#", target):
                    assert (path.parent / target.split("#")[0]).exists(), f"{cell.id}: {target}"


FOUR_EQUATIONS = ROOT / "lectures" / "03-the-four-equations.ipynb"

BROKEN = {
    # tag: (the cell that checks it, what it says, what a slip would say)
    "N-1": ("weighted-input-check", "+ b[2][j]", "- b[2][j]"),
    "N-2": ("activation-check", "np.exp(-z)", "np.exp(z)"),
    "N-3": ("forward-vector-check", "a.append(sigma(z[l]))", "a.append(z[l])"),
    "N-4": ("cost-check", "/ 2", "/ 1"),
    "N-5": ("sigmoid-derivative-check", "(1 - sigma(z))", "(sigma(z) - 1)"),
    "N-6": ("demon-check", "cost_from(l, z_l), z[l]", "cost_from(l, sigma(z_l)), z[l]"),
    "BP-1": ("bp1-check", " * sigma_prime(z[3][j])", ""),
    "BP-1a": ("bp1-vector-check", "a[3] - y", "y - a[3]"),
    "BP-1c": ("bp1-cross-entropy-check", '"delta^3", a[3] - y', '"delta^3", 2 * (a[3] - y)'),
    "BP-2": ("bp2-check", "sigma_prime(z[2][j])", "sigma(z[2][j])"),
    "BP-2a": ("bp2-vector-check", "sigma_prime(z[2])", "sigma_prime(a[2])"),
    "BP-3": ("bp3-check", "delta_2[j] for", "-delta_2[j] for"),
    "BP-3a": ("bp3-vector-check", "delta_3,", "2 * delta_3,"),
    "BP-4": ("bp4-check", "a[1][k]", "sigma(a[1][k])"),
    "BP-4a": ("bp4-vector-check", "(delta_3, a[2])", "(a[2], delta_3)"),
    "J-1": ("jacobian-check", "sigma_prime(z[2])", "sigma(z[2])"),
    "J-2": ("short-proof-deltas-check", "J.T @ delta_3", "-J.T @ delta_3"),
    "J-3": ("short-proof-gradients-check", "(delta[l] * db[l])", "(0 * db[l])"),
    "N-7": ("batches-check", "in one_by_one) / N", "in one_by_one)"),
    "N-8": ("rows-check", "+ b[l]", "- b[l]"),
    "BP-1b": ("bp1-batch-check", "sigma_prime(Z[3])", "sigma_prime(Z[3]) / N"),
    "BP-2b": ("bp2-batch-check", " * sigma_prime(Z[2])", ""),
    "BP-3b": ("bp3-batch-check", "D_2.sum(axis=0) / N", "D_2[0]"),
    "BP-4b": ("bp4-batch-check", "D_2.T @ A[1] / N", "D_2.T @ A[1] / N**2"),
    "LW-1": ("layer-wise-forward-check", "W[2, 3].T @ g(z_lw[2])", "W[2, 3].T @ z_lw[2]"),
    "LW-2": ("layer-wise-back-check", "(g_prime(z_lw[3]) * delta_lw[3])", "delta_lw[3]"),
    "LW-3": ("layer-wise-gradient-check", "(x, g_prime(z_lw[2]) * ", "(x, "),
    "LW-4": ("layer-wise-batch-check", ".T / N", ".T"),
    "TH-1": ("theta-forward-check", "np.concatenate([[1], a[2]])", "np.concatenate([a[2], [1]])"),
    "TH-2": ("theta-back-check", "[1:]", "[:-1]"),
    "TH-3": ("theta-gradient-check", "[[1], a[l]]", "[[0], a[l]]"),
    "G-1": ("graph-forward-check", "head == j", "head == j and i > 0"),
    "G-2": ("graph-output-check", "-2 * (label", "-1 * (label"),
    "G-3": ("graph-hidden-check", "g_prime(in_[j])", "g_prime(act[j])"),
    "G-4": ("graph-gradient-check", "Delta[j] * act[i]", "Delta[j] * act[j]"),
}
"""A slip for every numbered equation of lecture 3: a sign, a transpose, a factor, a letter."""

MORE_BROKEN = [
    ("five-steps-check", "rows, dw, db", "rows, [d if d is None else -d for d in dw], db"),
    ("bp2-vector-check", "w[3].T", "w[3]"),
    ("bp4-batch-check", "D_2.T @ A[1]", "A[1].T @ D_2"),
    ("loop-or-matrix-check", "/ 200", "/ 100"),
    ("four-gradients-check", "dW[2, 3].T", "dW[2, 3]"),
    ("four-gradients-check", ") / 2", ")"),
]


def run(notebook, last):
    """Run the code cells up to the one named ``last``; pictures are left out."""
    namespace: dict[str, object] = {}
    for cell in code_cells(notebook):
        if "plots.show(" not in cell.source:
            exec(cell.source, namespace)
        if cell.id == last:
            return


def test_every_equation_of_lecture_3_has_a_slip_that_its_own_cell_must_catch():
    following = cells_that_follow_tags(read(FOUR_EQUATIONS))
    assert set(BROKEN) == set(following)
    for tag, (cell, _, _) in BROKEN.items():
        assert cell in following[tag]


@pytest.mark.parametrize(
    ("id", "right", "wrong"), [*BROKEN.values(), *MORE_BROKEN], ids=lambda text: text[:24]
)
def test_a_broken_equation_stops_its_cell(id, right, wrong):
    notebook = read(FOUR_EQUATIONS)
    cells = code_cells(notebook)
    (number,) = [n for n, cell in enumerate(cells) if cell.id == id]
    assert cells[number].source.count(right) == 1
    run(notebook, cells[number - 1].id)
    cells[number].source = cells[number].source.replace(right, wrong)
    # a slip that changes a shape may be refused by NumPy, with a ValueError, before the check
    with pytest.raises((AssertionError, ValueError)):
        run(notebook, id)


def test_lecture_3_runs_when_nothing_is_broken(capsys):
    last = code_cells(read(FOUR_EQUATIONS))[-1].id
    run(read(FOUR_EQUATIONS), last)
    assert "theta dJ/dtheta^1" in capsys.readouterr().out
