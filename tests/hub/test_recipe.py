"""The image's recipe and the page about it: every file, package and command in them exists."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from zipfile import ZipFile

import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp

from bpkit.cli import commands
from tests.hub.department import COURSE, GRADER
from tests.hub.machine import REPOSITORY
from tests.hub.recipe import DOCKERFILE, read_recipe

PAGE = (REPOSITORY / "docs" / "department.md").read_text(encoding="utf-8")
HUB = REPOSITORY / "docs" / "hub"
TYPED = [
    line.strip()
    for block in re.findall(r"```\n(.*?)```", PAGE, re.S)
    for line in block.replace("\\\n", "").splitlines()
]
"""The lines of the page's blocks."""
INLINE = [text for text in re.findall(r"`([^`\n]+)`", PAGE) if " " in text]


def packages(text: str) -> set[str]:
    """What is installed by the lines with apt-get."""
    return {
        name for line in re.findall(r"apt-get install --yes (.*)", text) for name in line.split()
    }


def pip_line(line: str) -> str:
    """What pip is told to install, without where it keeps its downloads."""
    return line.removeprefix("pip install ").removeprefix("--no-cache-dir ")


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """The folder that the recipe makes of the repository."""
    recipe, root = read_recipe(), tmp_path_factory.mktemp("image")
    for source, target in recipe.copies:
        to = root / target.relative_to(recipe.place)
        to.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, to)
    return root


def test_what_the_recipe_copies_is_enough_to_install_bpkit(image):
    build = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        "built",
    ]
    done = subprocess.run(build, cwd=image, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (wheel,) = (image / "built").iterdir()
    names = set(ZipFile(wheel).namelist())
    assert {"bpkit/cli.py", "bpkit/grading/exchange.py"} <= names


def test_the_image_has_no_notebook_that_students_may_read_but_not_see(image):
    assert "chmod 700 /opt/bpkit" in read_recipe().runs
    outside = {path.relative_to(image).parts[0] for path in image.rglob("*.ipynb")}
    assert outside == {"solutions"}


def test_the_recipe_and_the_page_install_the_same_packages():
    recipe = packages(DOCKERFILE.read_text())
    assert recipe and recipe < packages(PAGE)
    makefile = (REPOSITORY / "Makefile").read_text()
    assert all(f"{package}:" in makefile for package in recipe)


def test_the_recipe_and_the_page_install_bpkit_in_the_same_way():
    (line,) = (run for run in read_recipe().runs if run.startswith("pip install"))
    assert pip_line(line) in [pip_line(typed) for typed in TYPED]


def test_every_extra_that_is_installed_exists():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    named = re.findall(r"(?:bpkit|\.)\[([\w,]+)\]", PAGE + DOCKERFILE.read_text())
    assert named
    for extras in named:
        assert set(extras.split(",")) <= set(project["optional-dependencies"])
    (hub,) = (name for name in project["optional-dependencies"]["hub"] if name.startswith("bpkit"))
    assert hub == "bpkit[course,grade]"


def test_the_service_starts_what_the_page_installs():
    unit = (HUB / "bpkit-hub.service").read_text()
    program, _, config = re.search(r"ExecStart=(.*)", unit)[1].split()
    environment = next(line for line in TYPED if line.startswith("python3 -m venv")).split()[3]
    assert program.startswith(f"{environment}/bin/")
    assert f"jupyterhub -f {config} " in read_recipe().command
    assert (HUB / Path(config).name).exists()


OURS = [found[1] for line in TYPED + INLINE if (found := re.search(r"(?:^|')bpkit (.*?)'?$", line))]


@pytest.mark.parametrize("line", OURS)
def test_bpkits_commands_exist_and_take_these_words(line):
    name, *words = shlex.split(line)
    assert name in commands.commands
    if words:
        commands.commands[name].make_context(name, words)


@pytest.mark.parametrize("line", [line for line in INLINE if line.startswith("nbgrader ")])
def test_nbgraders_commands_exist_and_take_these_words(line):
    _, name, *words = line.split()
    app = NbGraderApp.subcommands.get(name) or NbGraderApp().subcommands[name]
    flags = {word.removeprefix("--") for word in words if word.startswith("--")}
    assert flags <= set(app[0].flags)


@pytest.mark.parametrize("line", [line for line in INLINE if line.startswith("dask ")])
def test_dasks_commands_exist(line):
    assert line.split()[1] in {point.name for point in entry_points(group="dask_cli")}


def test_every_file_that_the_page_names_exists():
    named = re.findall(r"docs/hub/[\w.-]+|tests/\w+", " ".join(TYPED + [PAGE]))
    named += [f"docs/{link}" for link in re.findall(r"\]\((hub/[^)]+)\)", PAGE)]
    assert len(named) > 5
    for name in named:
        assert (REPOSITORY / name).exists(), name


def test_accounts_and_groups_of_the_page_are_those_of_the_hub():
    named = set(re.findall(r"\b(?:nbgrader|formgrade|grader)-[a-z]+", PAGE))
    assert named == {f"nbgrader-{COURSE}", f"formgrade-{COURSE}", GRADER}


def test_bad_words_for_setting_up_are_answered_with_how_to_do_it():
    done = subprocess.run([HUB / "set-up"], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"usage: {HUB / 'set-up'} COURSE\n"
