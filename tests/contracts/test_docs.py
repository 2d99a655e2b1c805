"""README and docs: their commands run, their links and files exist, and their lines are short."""

import argparse
import importlib
import json
import re
import runpy
import sys
import tomllib
from functools import cache
from types import ModuleType

import pytest
from documentation import (
    PAGES,
    README,
    anchors,
    commands,
    inline_code,
    lines_with_kind,
    links,
    name_of,
    package_numbers,
    program,
    text_of,
    variants,
)

from ecgapp import __main__ as command_line
from ecgapp.config import PROJECT
from ecgapp.records import DEMOS

EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=name_of)
WIDTH = 110  # characters a line; tables and links may be longer
TOP = {path.name for path in PROJECT.iterdir()}
SOURCES = ("ecgapp", "benchmarks", "pages", "tests/support", ".streamlit", "docs/recipes")
FOREIGN = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE"}  # names that are not ours


class ArgumentsTakenError(Exception):
    """The parser took all arguments."""


@pytest.fixture
def parse_only(monkeypatch):
    """Every program stops once its parser has taken its arguments."""
    original = argparse.ArgumentParser.parse_args

    def parse(self, *arguments, **named):
        original(self, *arguments, **named)
        raise ArgumentsTakenError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)


def _started(name: str) -> ModuleType:
    """The module that ``python -m`` runs: of a package, the one that is called ``__main__``."""
    module = importlib.import_module(name)
    return importlib.import_module(f"{name}.__main__") if hasattr(module, "__path__") else module


@EACH_PAGE
def test_every_program_that_a_page_shows_takes_its_arguments(page, parse_only, monkeypatch):
    for command in commands(page):
        if (shown := program(command)) is None or not shown[1]:
            continue
        module, arguments = _started(shown[0]), shown[1]
        if arguments == ["--help"]:
            continue
        for variant in variants(arguments):
            monkeypatch.setattr(sys, "argv", [command, *variant])
            try:
                module.main()
            except ArgumentsTakenError:
                continue
            except SystemExit as refused:
                pytest.fail(f"{command}: {variant} ends with {refused.code}")


@EACH_PAGE
def test_every_program_that_a_page_shows_exists(page):
    for command in commands(page):
        words = command.split()
        if (shown := program(command)) is not None:
            assert importlib.util.find_spec(shown[0]) is not None, command
        elif words[0] == "make":
            assert f"\n{words[1]}:" in (PROJECT / "Makefile").read_text(encoding="utf-8"), command
        elif words[:3] == ["pip", "install", "-r"]:
            assert (PROJECT / words[3]).is_file(), command
        elif words[0] == "pytest" and words[1] == "-m":
            assert f'"{words[2]}:' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), command


def test_the_commands_of_the_readme_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    """All but those that learn or need labels."""
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path / "home"))
    given = {"FOLDER": "ecgs", "SOURCE": "ecgs", "LAYOUT": "folder", "STORE": "demo", "NAME": "nine_class"}
    given |= {"FILE": "ecgs/synthetic-inferior-st-elevation.hea"}
    monkeypatch.chdir(tmp_path)
    shown = [program(command) for command in commands(README)]
    done = []
    for module, arguments in filter(None, shown):
        if module != "ecgapp" or not arguments or arguments[0] in ("train", "evaluate", "experiment"):
            continue
        words = [given.get(word, word) for word in variants(arguments)[-1]]
        assert command_line.main(words) == 0, (words, capsys.readouterr().err)
        done.append(arguments[0])
    assert done == ["demo", "predict", "import", "verify", "runs", "models", "reviews"]


def test_predict_prints_the_keys_that_the_docs_list(tmp_path, capsys):
    command_line.main(["demo", str(tmp_path)])
    capsys.readouterr()
    command_line.main(["predict", str(tmp_path / "synthetic-inferior-st-elevation.hea"), "--json"])
    record = json.loads(capsys.readouterr().out)[0]
    table = re.findall(
        r"^\| `(\w+)` \| (.*) \|$", text_of(PROJECT / "docs" / "command_line.md"), re.MULTILINE
    )
    assert len(table) == 7
    for key, words in table:
        value = record[key][0] if key == "critical" else record[key]
        assert set(re.findall(r"`(\w+)`", words)) <= set(value if isinstance(value, dict) else ())


@EACH_PAGE
def test_every_link_leads_somewhere(page):
    for link in links(page):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@EACH_PAGE
def test_every_named_file_and_module_exists(page):
    for word in inline_code(page):
        if re.fullmatch(r"[\w.*/-]+", word) is None:
            continue
        if "/" in word and word.split("/")[0] in TOP:
            assert list(PROJECT.glob(word.rstrip("/"))), word
        elif re.fullmatch(r"\w+\.py", word):
            assert list(PROJECT.rglob(word)), word
        elif re.fullmatch(r"(ecgapp|benchmarks)(\.\w+)+", word):
            assert _resolves(word), word


def _resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)
    return True


@cache
def _words_of_the_code() -> frozenset[str]:
    files = [path for folder in SOURCES for path in (PROJECT / folder).rglob("*") if path.is_file()]
    texts = [
        path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".toml", ".json", ".csv")
    ]
    own = [(PROJECT / "tests" / "conftest.py").read_text(encoding="utf-8")]
    return frozenset(word for text in (*texts, *own) for word in re.findall(r"\w+", text))


@EACH_PAGE
def test_every_name_in_code_letters_occurs_in_the_code(page):
    """Names with an underscore, a capital inside or brackets: others may be words of the field."""
    for word in inline_code(page):
        if re.fullmatch(r"@?[A-Za-z_][\w.]*(\(.*\))?", word) and re.search(r"_|\(|[a-z][A-Z]", word):
            names = set(re.findall(r"[A-Za-z_]\w*", word.partition("(")[0])) - FOREIGN
            assert names <= _words_of_the_code(), word


@EACH_PAGE
def test_no_line_is_wider_than_a_terminal(page):
    for code, line in lines_with_kind(page):
        assert code or len(line) <= WIDTH or line.startswith(("|", "!", "# ", "## ", "### ")), line


def test_the_script_that_takes_the_pictures_finds_all_that_it_uses():
    pytest.importorskip("playwright")
    pictures = importlib.import_module("docs.pictures")
    assert all((pictures.FOLDER / name).is_file() for name in ("review.png", "training.png"))
    assert pictures.DEMO in DEMOS
    assert {pictures.CLASSIFIER, pictures.ENCODER} <= {path.stem for path in (PROJECT / "weights").iterdir()}


def test_the_readme_is_short():
    lines = text_of(README).splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= WIDTH
    assert "not a medical device" in text_of(README)
    assert text_of(README).count("![") == 1


def test_the_readme_lists_the_pages_in_short_rows():
    rows = re.findall(r"^\| (\w+) \| .* \|$", text_of(README), re.MULTILINE)
    titles = re.findall(r'title="(\w+)"', (PROJECT / "streamlit_app.py").read_text(encoding="utf-8"))
    assert rows[1:] == titles
    assert all(len(line) <= 90 for line in text_of(README).splitlines() if line.startswith("|"))


def test_the_readme_lists_all_packages_with_their_numbers():
    numbers = runpy.run_path(str(PROJECT / "tests" / "contracts" / "test_architecture.py"))["NUMBERS"]
    assert package_numbers() == {name: number for name, number in numbers.items() if name != "__main__"}


def test_each_section_of_the_decisions_is_headed_by_a_question():
    for page in (PROJECT / "docs" / "decisions").glob("*.md"):
        sections = [line for code, line in lines_with_kind(page) if not code and line.startswith("## ")]
        assert [line for line in sections if not line.endswith("?")] == []
        assert sections or page.name == "README.md"


def test_the_changelog_has_the_version_of_the_package():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    released = re.findall(
        r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", text_of(PROJECT / "CHANGELOG.md"), re.MULTILINE
    )
    assert released[0] == version


def test_the_settings_that_the_docs_explain_are_those_of_the_server():
    config = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    for line in text_of(PROJECT / "docs" / "settings.md").splitlines():
        if line.startswith("| `"):
            assert all(setting in config for setting in re.findall(r"`([^`]+)`", line.split("|")[1])), line
