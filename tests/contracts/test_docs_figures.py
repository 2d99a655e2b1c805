"""The figures that pages copy from the models' cards are those of the cards."""

import re
from collections.abc import Iterable

import pytest
from documentation import WEIGHTS, text_of

from benchmarks import cards_table
from benchmarks.cards_table import figure, percent
from ecgapp.config import PROJECT
from ecgapp.models import KindFigures, ModelCard

TWELVE_LEADS = ("ptb-xl", "ptb-xl-zscored", "challenge", "ludb")
DANGEROUS = re.compile(r"(cudb|mitdb), (ventricular tachycardia|flutter|fibrillation)")


@pytest.fixture(scope="module")
def cards() -> dict[str, ModelCard]:
    return cards_table.shipped_cards()


def assert_says(page: str, figures: Iterable[str]) -> None:
    text = re.sub(r"\s+", " ", text_of(PROJECT / "docs" / page))
    assert [words for words in figures if words not in text] == []


def failing(kinds: Iterable[KindFigures]) -> str:
    """``0 of 144``: the records of several kinds that fail."""
    chosen = list(kinds)
    return f"{sum(kind.refused for kind in chosen)} of {sum(kind.n for kind in chosen):,}"


def test_the_tables_of_the_weights_are_those_of_the_cards(cards):
    assert text_of(WEIGHTS) == cards_table.written(text_of(WEIGHTS), cards_table.tables(cards))


def test_the_weights_page_lists_every_shipped_model(cards):
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", text_of(WEIGHTS), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(cards)


def test_what_is_said_of_the_classifiers(cards):
    labels = {each.label: each for each in cards["nine_class"].validation.per_label}
    precisions = ", ".join(f"{labels[name].precision.value:.2f}" for name in ("STD", "I-AVB", "PAC"))
    assert_says(
        "weights.md",
        [f"STE rests on {labels['STE'].n_positive} positives", f"low precision ({precisions})"],
    )
    macros = [cards[name].validation for name in ("nine_class", "ptbxl_superclass")]
    assert_says("measurements.md", [f"| {figure(each.macro_auroc)} | {each.n:,} |" for each in macros])


def test_what_is_said_of_the_autoencoders(cards):
    measured = [cards[name].reconstruction for name in ("cae_lead2", "cae_12lead")]
    assert_says(
        "measurements.md",
        [
            f"| {figure(each.mse_per_sample)} | {each.n_windows} windows of {each.n} records |"
            for each in measured
        ],
    )


def test_what_is_said_of_the_delineator(cards):
    rows = [
        line.replace("*", "").split("|")
        for line in text_of(PROJECT / "docs" / "measurements.md").splitlines()
        if re.match(r"\| (P|QRS|T) (onset|offset) \|", line)
    ]
    edges = cards["delineator"].delineation.boundaries
    assert len(rows) == len(edges)
    for row, edge in zip(rows, edges, strict=True):
        assert row[1].strip() == f"{edge.wave} {edge.edge}"
        assert row[2].strip() == f"{edge.n_marked:,}"
        assert row[3].startswith(f" {figure(edge.sensitivity)};")
        assert row[4].startswith((f" {figure(edge.precision)};", f" {edge.precision.value:.3f};"))
        assert row[5].startswith(f" {edge.mean_error.value:.1f};")
        assert row[6].startswith(f" {figure(edge.deviation, 1)};")


def test_what_is_said_of_the_gate_that_reads(cards):
    kinds = {kind.kind: kind for kind in cards["gate_readable"].gate.kinds if kind.role == "good"}
    dangerous = failing(kind for name, kind in kinds.items() if DANGEROUS.match(name))
    twelve = failing(kinds[name] for name in TWELVE_LEADS)
    assert (dangerous, twelve) == ("0 of 144", "0 of 2,838")
    assert_says(
        "weights.md",
        [
            "Of 144 windows of `cudb` and `mitdb`",
            "none is refused",
            "of 2,838 records with twelve leads none",
        ],
    )
    noisy = next(kind for kind in cards["gate_readable"].gate.kinds if kind.kind.startswith("noisy class"))
    assert_says(
        "reading.md",
        [
            *(failing([kinds[f"cudb, {name}"]]) for name in ("fibrillation", "flutter", "organised")),
            failing([kinds["cinc2017"]]),
            f"{failing([noisy])}, {percent(noisy.share)}",
        ],
    )


def test_what_is_said_of_the_gate_that_compares(cards):
    gate = cards["gate"].gate
    shuffled, other = gate.curves[2:]
    assert_says(
        "reading.md",
        [
            f"good records | {percent(gate.false_refusals)[:-1]}), n {gate.n} |",
            f"| {figure(shuffled.auroc)}; {figure(other.auroc)}; - |",
        ],
    )


def test_what_is_said_of_the_ventricular_network(cards):
    network = cards["ventricular"].ventricular
    true, other = (network.kinds_that_are(ventricular) for ventricular in (True, False))
    n_patients = network.n_ventricular_patients
    n, called = sum(kind.n for kind in true), sum(kind.called for kind in true)
    n_other, called_other = sum(kind.n for kind in other), sum(kind.called for kind in other)
    assert_says(
        "weights.md",
        [
            f"Of {n} records and windows with such a rhythm {called} are called "
            f"({percent(network.sensitivity).replace(' (', ', ')}, from {n_patients} patients",
            f"of {n_other:,} others {called_other} ({percent(network.false_alarms).replace(' (', ', ')}",
        ],
    )
