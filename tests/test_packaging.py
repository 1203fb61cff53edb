"""The wheel and the source archive: what is in them, and that the wheel works where it is put."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import click
import pytest

import bpkit
from bpkit import cli

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = ["bpkit", "pyproject.toml", "README.md", "LICENSE", ".gitignore"]
EPOCH = "1700000000"
"""Files in an archive bear this time, so that the same sources give the same bytes."""

IMPORT_ALL = """
import importlib, pkgutil, bpkit
for about in pkgutil.walk_packages(bpkit.__path__, "bpkit."):
    importlib.import_module(about.name)
print(bpkit.__file__)
"""


def build(sources: Path, to: Path) -> tuple[Path, Path]:
    """The wheel and the source archive of a folder."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", to],
        cwd=sources,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        capture_output=True,
    )
    [wheel], [sdist] = to.glob("*.whl"), to.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """What a build needs, with leftovers of a working day among it."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    for name in (
        "bpkit/.bpkit-seed",
        "bpkit/__pycache__/network.cpython-311.pyc",
        "bpkit/.ipynb_checkpoints/trial.ipynb",
        "bpkit/trial.ipynb",
        "gradebook.db",
        "submitted/ada/ps1/perceptron.ipynb",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(sources, tmp_path_factory):
    return build(sources, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built):
    return built[0]


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """A new environment with the wheel; what it needs is that of the environment of the tests."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place, symlinks=True)
    [site] = place.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", wheel], check=True)
    return place


@pytest.fixture
def run(fresh, tmp_path):
    """Runs a program of the new environment in a folder that knows nothing of the repository."""

    def run(*command):
        env = {**os.environ, "PATH": f"{fresh / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        env.pop("PYTHONPATH", None)
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    return run


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --------------------------------------------------------------------------------- what is inside


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    about = f"bpkit-{bpkit.__version__}.dist-info"
    of_the_package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bpkit").rglob("*")
        if path.is_file() and path.suffix in {".py", ".j2", ".css", ".js"}
    }
    assert names(wheel) == of_the_package | {
        f"{about}/{name}"
        for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_every_file_of_the_package_is_of_a_kind_that_is_packed():
    kinds = {path.suffix for path in (ROOT / "bpkit").rglob("*") if path.is_file()}
    assert kinds <= {".py", ".j2", ".css", ".js", ".pyc"}


def test_the_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = f"bpkit-{bpkit.__version__}.dist-info"
        metadata = message_from_string(archive.read(f"{about}/METADATA").decode())
        licence = archive.read(f"{about}/licenses/LICENSE")
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata.get_payload().startswith("# bpkit")
    extras = {"course", "grade", "postgres", "test", "docs", "bench"}
    assert extras <= set(metadata.get_all("Provides-Extra"))


def test_the_source_archive_makes_the_same_wheel(built, tmp_path):
    wheel, sdist = built
    shutil.unpack_archive(sdist, tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    assert not list(unpacked.rglob("*.ipynb")) and not (unpacked / "submitted").exists()
    again, _ = build(unpacked, tmp_path / "dist")
    assert digest(again) == digest(wheel)


def test_two_builds_have_the_same_bytes(built, sources, tmp_path):
    for path in sources.rglob("*.py"):
        os.utime(path)
    assert list(map(digest, build(sources, tmp_path))) == list(map(digest, built))


# ------------------------------------------------------------------------------------ it is at work


def test_everything_can_be_imported_from_the_wheel(run, fresh):
    done = run("python", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(fresh)


def test_commands_work_from_the_wheel(run):
    assert run("bpkit", "--version").stdout == f"bpkit, version {bpkit.__version__}\n"
    done = run("bpkit", "doctor")  # its jail sees no borrowed packages, so it is not all well here
    assert "Traceback" not in done.stderr
    rows = re.findall(r"^(.)  (\w+)", done.stdout, re.MULTILINE)
    assert [row for row in rows if row[1] != "jail"] == [
        ("✓", "Python"),
        ("✓", "nbgrader"),
        ("✓", "disk"),
        ("–", "course"),
    ]


COMMANDS = sorted(cli.commands.commands.keys() - {"doctor"})


@pytest.mark.parametrize("name", COMMANDS)
def test_outside_a_course_each_command_says_so_in_a_sentence(name, tmp_path, monkeypatch, capfd):
    """So who has installed the wheel only learns what else is needed."""
    arguments = [p for p in cli.commands.commands[name].params if isinstance(p, click.Argument)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bpkit", name, *("ps1" for p in arguments if p.required)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capfd.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith("bpkit: no course here: no nbgrader_config.py in ")
    assert len(err.splitlines()) == 1


# -------------------------------------------------------------------------------------- its version


def test_one_version_everywhere():
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest and newest[1] in {bpkit.__version__, "Unreleased"}
    assert bpkit.__version__ == PROJECT["version"]
    wheels = re.findall(r"bpkit-(\d[\w.]*)-py3", (ROOT / "README.md").read_text("utf-8"))
    assert set(wheels) == {bpkit.__version__}
