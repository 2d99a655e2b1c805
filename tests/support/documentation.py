"""Reads README and docs: their code, commands, links, headings and names."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ecgapp.config import PROJECT

README = PROJECT / "README.md"
WEIGHTS = PROJECT / "docs" / "weights.md"
PAGES = [README, PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md"))]
COMMANDS = ("python", "torchrun", "srun", "pytest", "make", "pip", "streamlit")
PLACEHOLDERS = {"N": "2", "LAYOUT": "folder"}  # of which the parser expects a number or a choice


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def is_code(line: str) -> bool:
    return line.startswith("    ")


def lines_with_kind(page: Path) -> Iterator[tuple[bool, str]]:
    """Each line without fences, and whether it is code."""
    fenced = False
    for line in text_of(page).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        else:
            yield fenced or is_code(line), line


def inline_code(page: Path) -> list[str]:
    """The code spans of a page, those that cross the end of a line too."""
    prose = "\n".join("" if code else line for code, line in lines_with_kind(page))
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", prose)]


def commands(page: Path) -> list[str]:
    """Each command that a page shows, without its comment."""
    blocks = "\n".join(line for code, line in lines_with_kind(page) if code).replace("\\\n", " ")
    candidates = [*blocks.splitlines(), *inline_code(page)]
    parts = [part.strip() for line in candidates for part in re.split(r"\s#|&&", line)[:2]]
    return [part for part in parts if part.split(" ")[0] in COMMANDS and " " in part]


def program(command: str) -> tuple[str, list[str]] | None:
    """The module that ``python -m`` runs and its arguments; None for another program."""
    match = re.search(r"(?:^|\s)-m ((?:ecgapp|benchmarks|docs)\S*)(.*)$", command)
    return (match[1], shlex.split(match[2])) if match else None


def variants(arguments: list[str]) -> list[list[str]]:
    """Without the optional parts in brackets, and with them; placeholders the parser takes."""
    line = " ".join(arguments)
    both = {re.sub(r"\[[^]]*\]", "", line), line.replace("[", "").replace("]", "")}
    return [
        [PLACEHOLDERS.get(word, word).removesuffix("...") for word in one.split()] for one in sorted(both)
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = [line.lstrip("#") for code, line in lines_with_kind(page) if not code and line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    prose = "\n".join("" if code else line for code, line in lines_with_kind(page))
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def package_numbers() -> dict[str, int]:
    """README's packages and modules of ``ecgapp``, each with its number."""
    rows = re.findall(r"^    (ecgapp/\w+/|[a-z_.]+(?:, [a-z_.]+)*) +(\d+) ", text_of(README), re.MULTILINE)
    return {
        name.strip("/").removeprefix("ecgapp/").removesuffix(".py"): int(number)
        for names, number in rows
        for name in names.split(", ")
    }
