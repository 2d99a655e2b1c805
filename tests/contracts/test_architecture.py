"""The packages: imports go to lower numbers only, each package knows only what it may."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgapp.config import PROJECT

NUMBERS = {
    "config": 1, "errors": 1, "system": 1,
    "tasks": 2, "storage": 2,
    "records": 3, "jobs": 3,
    "signals": 4,
    "datasets": 5, "models": 5,
    "evaluate": 6, "explain": 6,
    "analysis": 7, "training": 7, "promotion": 7,
    "worklist": 8, "runs": 8,
    "reviews": 9, "worker": 9,
    "report": 10,
    "cli": 11, "ui": 11,
    "__main__": 12,
}  # fmt: skip
"""Each package has one number, and imports only packages with a lower one."""

SUBPACKAGES = {
    "analysis": ("measurement", "rules", "critical", "judgement"),
    "datasets": ("layouts", "importing"),
    "training": ("parallel", "data", "result", "loop", "gate", "ventricular"),
    "ui": (
        "shell", "tracing", "models", "data", "sign_off", "review", "worklist", "training", "compare",
        "performance",
    ),
}  # fmt: skip
"""Each subpackage imports only those before it."""

MODULES = sorted((PROJECT / "ecgapp").rglob("*.py"))
SERVER_PACKAGES = ("training", "models", "datasets", "signals", "evaluate")


def _package(module: Path) -> str:
    return module.relative_to(PROJECT / "ecgapp").parts[0].removesuffix(".py")


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_run_downwards_and_only_ui_knows_streamlit(module):
    package = _package(module)
    for name in _imported(module):
        top, _, rest = name.partition(".")
        assert top not in {"streamlit", "plotly"} or package == "ui", f"{package} imports {top}"
        other = rest.split(".")[0]
        if top == "ecgapp" and other in NUMBERS and other != package and package != "__init__":
            assert NUMBERS[other] < NUMBERS[package], f"{package} imports {name}"


def test_every_package_has_a_number():
    assert {_package(module) for module in MODULES} - {"__init__"} == set(NUMBERS)


@pytest.mark.parametrize("package", SUBPACKAGES)
def test_a_subpackage_imports_only_those_before_it(package):
    folder, order = PROJECT / "ecgapp" / package, SUBPACKAGES[package]
    assert {path.parent.name for path in folder.glob("*/__init__.py")} == set(order)
    for module in folder.glob("*/*.py"):
        place = order.index(module.parent.name)
        for name in _imported(module):
            other = name.removeprefix(f"ecgapp.{package}.").split(".")[0]
            if name.startswith(f"ecgapp.{package}.") and other in order:
                assert order.index(other) <= place, f"{module.parent.name} imports {name}"


def test_jobs_know_no_torch():
    names = {
        name.split(".")[0] for module in MODULES if _package(module) == "jobs" for name in _imported(module)
    }
    assert "torch" not in names


def test_no_pickle_is_ever_loaded():
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        names = set(_imported(module))
        assert not names & {"pickle", "joblib", "dill"}, module.name
        assert "weights_only=False" not in text
        assert "allow_pickle=True" not in text


def test_training_packages_do_without_streamlit_plotly_captum_and_wfdb():
    """A GPU server has none of them."""
    blocked = "import sys\nfor name in ('streamlit', 'plotly', 'captum', 'wfdb'): sys.modules[name] = None\n"
    imports = "".join(f"import ecgapp.{package}\n" for package in SERVER_PACKAGES)
    command = [sys.executable, "-c", blocked + imports]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_functions_and_files_stay_small(module):
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300
    assert [name for name, lines in _functions(module) if lines > 50] == []
