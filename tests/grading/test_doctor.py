"""What the doctor finds."""

from importlib.metadata import PackageNotFoundError, version

import pytest

from bpkit.grading import doctor as module
from bpkit.grading.doctor import diagnose
from tests.grading.courses import make_course


def found(start):
    return {check.name: check for check in diagnose(start)}


@pytest.mark.jail
def test_this_machine_is_ready(tmp_path):
    make_course(tmp_path / "course")
    checks = found(tmp_path / "course" / "solutions")
    assert all(check.ok for check in checks.values()), checks
    assert checks["nbgrader"].found == version("nbgrader")
    assert checks["course"].found.endswith("course: ps1")


def test_no_course_is_no_illness(tmp_path):
    check = found(tmp_path)["course"]
    assert not check.ok and not check.needed
    assert "no course here" in check.found


def test_what_is_missing_is_named_with_what_to_do(tmp_path, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    monkeypatch.setattr(module, "jail_problem", lambda: "no bubblewrap: apt-get install it")
    monkeypatch.setattr(module, "LEAST_DISK", 2**60)
    monkeypatch.setattr(module, "PYTHON", (99, 0))
    checks = found(tmp_path)
    ill = {name for name, check in checks.items() if check.needed and not check.ok}
    assert ill == {"Python 3.11 or newer", "nbgrader", "jail", "disk"}
    assert checks["nbgrader"].found == 'not installed: pip install "bpkit[grade]"'
    assert checks["jail"].found == "no bubblewrap: apt-get install it"
    assert checks["disk"].found.endswith("make room, 1 GB at least")
