"""The packages: imports run from a higher package number to a lower one, and modules stay small."""

import ast
import functools
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ecgapp.config import PROJECT

PACKAGE = PROJECT / "ecgapp"
NUMBERS = {
    "config": 1, "errors": 1, "system": 1,
    "tasks": 2, "storage": 2,
    "records": 3, "jobs": 3,
    "signals": 4,
    "datasets": 5, "models": 5,
    "evaluate": 6, "explain": 6,
    "analysis": 7, "training": 7, "promotion": 7,
    "worklist": 8, "runs": 8, "experiments": 8, "scoring": 8,
    "reviews": 9, "worker": 9,
    "report": 10,
    "cli": 11, "ui": 11,
    "__main__": 12,
}  # fmt: skip
"""The number of each package and of each module in the root: an import goes to a lower number."""

SUBPACKAGES = {
    "analysis": ("measurement", "rules", "critical", "judgement"),
    "datasets": ("layouts", "importing"),
    "evaluate": ("challenge", "comparison", "detectors"),
    "experiments": (
        "trials", "paper_tables", "jang2021", "ansari2020", "singstad2020", "verma2021", "protocols",
    ),
    "models": ("layers", "networks"),
    "records": ("synthetic",),
    "signals": ("quality", "paper"),
    "training": ("parallel", "data", "result", "loop", "gate", "ventricular"),
    "ui": (
        "shell", "tracing", "models", "data", "sign_off", "review", "worklist", "training", "compare",
        "performance", "experiments",
    ),
    "worker": ("kinds",),
}  # fmt: skip
"""The subpackages of each package: an import goes to an earlier one.

Modules that lie directly in a package (``training.inference``) have no place in this order: they import
subpackages and are imported by them. That no two modules import each other is tested for all modules.
"""

MODULES = sorted(PACKAGE.rglob("*.py"))


def _name(module: Path) -> str:
    return str(module.relative_to(PROJECT))


def _package(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _subpackage(dotted: str) -> tuple[str, str]:
    """The package and the subpackage of a dotted name; "" if it lies directly in the package."""
    _, package, *rest = [*dotted.split("."), "", ""]
    return package, rest[0] if rest[0] in SUBPACKAGES.get(package, ()) else ""


def _dotted(module: Path) -> str:
    return ".".join(module.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@functools.cache
def _imported(module: Path) -> tuple[str, ...]:
    """Every name that ``module`` imports."""
    names = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _goes_down(package: str, name: str) -> bool:
    """Whether a module of ``package`` may import ``name``."""
    top, _, rest = name.partition(".")
    other = rest.split(".")[0]
    if top != "ecgapp" or other not in NUMBERS or package in {other, "__init__"}:
        return top not in {"streamlit", "plotly"} or package == "ui"
    return NUMBERS[other] < NUMBERS[package]


def _goes_to_an_earlier_subpackage(dotted: str, name: str) -> bool:
    (package, subpackage), (other_package, other) = _subpackage(dotted), _subpackage(name)
    if not name.startswith("ecgapp.") or other_package != package or not (subpackage and other):
        return True
    order = SUBPACKAGES[package]
    return order.index(other) <= order.index(subpackage)


def test_imports_go_to_a_lower_package_and_only_ui_imports_streamlit():
    faults = [
        f"{_name(module)} imports {name}"
        for module in MODULES
        for name in _imported(module)
        if not _goes_down(_package(module), name)
    ]
    assert faults == []


def test_imports_go_to_an_earlier_subpackage():
    faults = [
        f"{_name(module)} imports {name}"
        for module in MODULES
        for name in _imported(module)
        if not _goes_to_an_earlier_subpackage(_dotted(module), name)
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("check", "importer", "name", "allowed"),
    [
        (_goes_down, "models", "ecgapp.signals.filters", True),
        (_goes_down, "signals", "ecgapp.models", False),
        (_goes_down, "datasets", "ecgapp.models", False),
        (_goes_down, "report", "streamlit", False),
        (_goes_down, "ui", "streamlit", True),
        (_goes_to_an_earlier_subpackage, "ecgapp.ui.review.findings", "ecgapp.ui.shell.session", True),
        (_goes_to_an_earlier_subpackage, "ecgapp.ui.shell.session", "ecgapp.ui.review.findings", False),
    ],
)
def test_the_rules_of_imports_tell_up_from_down(check, importer, name, allowed):
    assert check(importer, name) is allowed


def test_no_modules_import_each_other():
    names = {_dotted(module) for module in MODULES}
    graph = {
        _dotted(module): {name for name in _imported(module) if name in names} - {_dotted(module)}
        for module in MODULES
        if module.name != "__init__.py"
    }
    graph = {module: imported & graph.keys() for module, imported in graph.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"These modules import each other: {error.args[1]}")


def test_every_package_has_a_number_and_every_subpackage_a_place():
    assert {_package(module) for module in MODULES} - {"__init__"} <= set(NUMBERS)
    folders = {module.parent.relative_to(PACKAGE).parts for module in MODULES}
    nested = {parts for parts in folders if len(parts) == 2}
    assert nested == {(package, name) for package, names in SUBPACKAGES.items() for name in names}
    assert not [parts for parts in folders if len(parts) > 2]


def test_jobs_do_not_import_torch():
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


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_and_modules_stay_small():
    lengths = {_name(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}
    functions = [
        (_name(module), name) for module in MODULES for name, lines in _functions(module) if lines > 50
    ]
    assert functions == []
