"""Names and docstrings of ``ecgapp``: one name for one thing, and first lines that stand alone."""

import ast
import functools
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgapp.config import PROJECT

PACKAGE = PROJECT / "ecgapp"
MODULES = sorted(PACKAGE.rglob("*.py"))
REGISTRIES = ("datasets/layouts", "tasks")
"""Folders with one module per registered entry; the entries of both are named after data sets."""

VAGUE_NAMES = {"told", "found", "shown", "kept", "asked", "heard", "said", "tells", "knows"}
"""Participles and verbs that do not say which value they name."""

STORED_FIELDS = {"reviews/review.py": {"kept", "shown"}, "training/result/examples.py": {"kept"}}
"""Fields of documents in files of earlier versions, whose names cannot change."""

FRAGMENT_STARTS = {
    # questions and relative clauses
    "who", "whose", "whom", "nor", "what", "that", "those", "these", "which", "where", "when", "how", "why",
    "whoever", "whatever", "wherever", "is", "are", "do", "does", "can", "has", "may", "must",
    # pronouns whose noun stands elsewhere
    "it", "its", "they", "their", "them", "he", "she", "his", "her", "both", "same", "such", "none",
    "nothing", "nobody", "everything", "something", "anything", "everybody", "somebody", "another", "others",
    "neither", "either",
    # prepositions and conjunctions that go on with a sentence that stands elsewhere
    "of", "as", "from", "for", "in", "on", "by", "at", "with", "without", "against", "beside", "between",
    "behind", "before", "after", "above", "below", "beyond", "about", "to", "and", "or", "but", "if",
    "unless", "until", "halfway", "up",
}  # fmt: skip
FRAGMENT_PHRASES = (
    "the same ",
    "the other ",
    "the others ",
    "the like",
    "the one ",
    "the ones ",
    "one of them",
)
FORBIDDEN_WORDS = re.compile(
    r"\b(told|tells|telling|nobody|nobody's|whoever|is said|in words|rooms|floors|shelf|shelves|"
    r"speaks? for itself|stands? in for|last words?)\b",
    re.IGNORECASE,
)
FORBIDDEN_SENTENCE = re.compile(r"(?:^|[.;:] )(Who|Nor|What of|That of)\b")


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@functools.cache
def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def _docstrings(module: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield getattr(node, "name", "module"), text


def fragment(docstring: str) -> str:
    """The reason why the first line of ``docstring`` cannot be understood alone; "" if there is none."""
    first = docstring.split("\n", 1)[0]
    start = first.replace("`", "").lower()
    words = re.findall(r"[a-z']+", start)
    if not first.strip():
        return "is empty"
    if first.startswith("Raises:") or (first[0].islower() and not first.startswith("ecgapp: ")):
        return "does not begin a sentence"
    if words and words[0] in FRAGMENT_STARTS and not first.startswith("``"):
        return f"begins with {words[0]!r}"
    if start.startswith(FRAGMENT_PHRASES):
        return f"begins with {' '.join(words[:2])!r}"
    return "" if first.rstrip().endswith((".", ":")) else "does not end its sentence"


def _comments(module: Path) -> Iterator[str]:
    text = module.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")


def _bound(node: ast.AST) -> str | None:
    """The name that ``node`` gives to a variable, an attribute, a parameter, a function or a class."""
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.id if isinstance(node, ast.Name) else node.attr
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else None


def _identifiers(module: Path) -> set[str]:
    """All names bound in ``module``, without the fields of stored documents."""
    names = {name for node in ast.walk(_tree(module)) if (name := _bound(node))}
    return names - STORED_FIELDS.get(module.relative_to(PACKAGE).as_posix(), set())


@pytest.mark.parametrize(
    ("docstring", "accepted"),
    [
        ("The heart rate, per minute.", True),
        ("Whether the record can be read.", True),
        ("``(n_leads, n_samples)`` of the record.", True),
        ("That of the second model.", False),
        ("Of a limb lead.", False),
        ("The same in a sentence.", False),
        ("Where it begins.", False),
        ("The rate of the", False),
        ("", False),
    ],
)
def test_the_check_of_first_lines_knows_sentences_from_fragments(docstring, accepted):
    assert (fragment(docstring) == "") is accepted


def test_the_first_line_of_every_docstring_can_be_understood_alone():
    faults = [
        f"{_name(module)}: {name} {fragment(text)}: {text[:80]}"
        for module in MODULES
        for name, text in _docstrings(module)
        if fragment(text)
    ]
    assert faults == []


def test_docstrings_and_comments_use_plain_words():
    faults = [
        f"{_name(module)}: {match.group()!r} in {text[:80]!r}"
        for module in MODULES
        for text in (*(text for _, text in _docstrings(module)), *_comments(module))
        for match in (FORBIDDEN_WORDS.search(text), FORBIDDEN_SENTENCE.search(" ".join(text.split())))
        if match
    ]
    assert faults == []


def test_identifiers_name_the_value_they_hold():
    vague = {_name(module): sorted(VAGUE_NAMES & _identifiers(module)) for module in MODULES}
    assert {module: names for module, names in vague.items() if names} == {}


def test_no_sentence_of_the_app_begins_with_who_or_nor():
    strings = [
        node.value
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in strings if " " in text and FORBIDDEN_SENTENCE.search(text)] == []


def test_no_public_class_name_is_defined_twice():
    names = Counter(
        node.name
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_modules_have_one_name():
    stems = Counter(
        module.stem
        for module in MODULES
        if module.stem not in {"__init__", "__main__"}
        and module.parent.relative_to(PACKAGE).as_posix() not in REGISTRIES
    )
    assert [stem for stem, count in stems.items() if count > 1] == []


def test_folders_are_small():
    folders = Counter(module.parent for module in MODULES if module.name != "__init__.py")
    limits = {PACKAGE: 4, PACKAGE / "ui": 2}
    assert {_name(folder): n for folder, n in folders.items() if n > limits.get(folder, 20)} == {}
