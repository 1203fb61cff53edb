"""Products of matrices, cell by cell."""

from matplotlib.patches import Rectangle

from bpkit import plots
from tests.plots.reading import words


def test_shapes_are_drawn_cell_by_cell():
    fig = plots.shapes(("Z", 5, 3), "=", ("A", 5, 2), "·", ("w", 2, 3))
    cells = [patch for patch in fig.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(cells) == 15 + 10 + 6
    assert {"Z", "A", "w", "=", "·", "5 × 3", "5 × 2", "2 × 3"} == set(words(fig))
    lefts = [cell.get_x() for cell in cells]
    assert min(lefts) > 0 and max(lefts) < plots.WIDTH
