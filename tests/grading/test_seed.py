"""The seed of grading: secret, kept, and not the one that students see."""

from bpkit.checks.check import SEED
from bpkit.grading.seed import secret_seed


def test_drawn_once_and_kept(tmp_path):
    first = secret_seed(tmp_path)
    assert first == secret_seed(tmp_path)
    assert first.isdecimal() and int(first) != SEED


def test_two_courses_have_two(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert secret_seed(tmp_path / "a") != secret_seed(tmp_path / "b")


def test_only_the_owner_can_read_it(tmp_path):
    secret_seed(tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
