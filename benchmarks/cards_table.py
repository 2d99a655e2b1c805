"""The tables of ``docs/weights.md``, from the models' cards: ``python -m benchmarks.cards_table``.

Prints the tables; ``--write`` writes them into the page, between its two marks. A test compares both.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence

from ecgapp.config import PROJECT
from ecgapp.models import Interval, LabelMetrics, ModelCard, installed_models

PAGE = PROJECT / "docs" / "weights.md"
BEGIN, END = "<!-- tables of the cards: begin -->", "<!-- tables of the cards: end -->"
GATES = ("gate_readable", "gate", "gate_lead")
NONE = "-"


def shipped_cards() -> dict[str, ModelCard]:
    """The cards of the shipped models, by name."""
    return installed_models([PROJECT / "weights"])


def figure(interval: Interval | None, digits: int = 3) -> str:
    """``0.914 (0.906-0.922)``; a dash if there is none."""
    if interval is None:
        return NONE
    to = "-" if interval.low >= 0 else " to "
    return f"{interval.value:.{digits}f} ({interval.low:.{digits}f}{to}{interval.high:.{digits}f})"


def percent(interval: Interval | None) -> str:
    """``0.9 % (0.3-2.5)``; a dash if there is none."""
    if interval is None:
        return NONE
    return f"{100 * interval.value:.1f} % ({100 * interval.low:.1f}-{100 * interval.high:.1f})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def overview(cards: dict[str, ModelCard]) -> str:
    """One row for each model: what it is, what it learned from, and the start of its hash."""
    head = ("model", "title", "data sets", "records: trained, validated", "made", "sha256")
    rows = []
    for name, card in cards.items():
        made = card.provenance
        records = f"{made.n_train:,}, {made.n_validation:,}"
        data_sets = ", ".join(made.datasets)
        rows.append((f"`{name}`", card.title, data_sets, records, made.created[:10], f"`{card.sha256[:12]}`"))
    return table(head, rows)


def classifiers(cards: dict[str, ModelCard]) -> str:
    """The macro figures of each classifier."""
    head = ("model", "records", "macro AUROC", "macro AUPRC", "macro F1", "F2", "G2")
    rows = []
    for name, card in cards.items():
        if (measured := card.validation) is not None:
            macros = (
                measured.macro_auroc,
                measured.macro_auprc,
                measured.macro_f1,
                measured.f2,
                measured.g2,
            )
            rows.append((f"`{name}`", f"{measured.n:,}", *(figure(each) for each in macros)))
    return table(head, rows)


def labels(card: ModelCard) -> str:
    """The figures of each label at its threshold."""
    head = ("label", "positive of n", "threshold", "precision", "recall", "AUROC", "AUPRC")
    return table(head, [_label(metrics) for metrics in card.validation.per_label] if card.validation else [])


def _label(metrics: LabelMetrics) -> tuple[str, ...]:
    measured = (metrics.precision, metrics.recall, metrics.auroc, metrics.auprc)
    name = metrics.label if metrics.sufficient else f"{metrics.label} (insufficient)"
    counts = f"{metrics.n_positive:,} of {metrics.n:,}"
    return (name, counts, f"{metrics.threshold:.3f}", *(figure(each, 2) for each in measured))


def autoencoders(cards: dict[str, ModelCard]) -> str:
    """The reconstruction error of each autoencoder."""
    head = ("model", "n", "MSE per sample", "MSE summed over a window")
    rows = [
        (
            f"`{name}`",
            f"{measured.n_windows} windows of {measured.n} records",
            figure(measured.mse_per_sample),
            figure(measured.mse_summed, 1),
        )
        for name, card in cards.items()
        if (measured := card.reconstruction) is not None
    ]
    return table(head, rows)


def boundaries(card: ModelCard) -> str:
    """The error of each boundary of the waves, in ms."""
    head = ("boundary", "marked", "sensitivity", "positive predictive value", "mean error", "SD")
    measured = card.delineation.boundaries if card.delineation else ()
    rows = [
        (
            f"{each.wave} {each.edge}",
            f"{each.n_marked:,}",
            figure(each.sensitivity),
            figure(each.precision),
            figure(each.mean_error, 1),
            figure(each.deviation, 1),
        )
        for each in measured
    ]
    return table(head, rows)


def gates(cards: dict[str, ModelCard]) -> str:
    """The number of records of each kind that each gate refuses."""
    fails: dict[tuple[str, str], dict[str, str]] = {}
    for name in GATES:
        measured = cards[name].gate
        for kind in measured.kinds if measured else ():
            words = f"{kind.refused} of {kind.n:,}: {percent(kind.share)}"
            fails.setdefault((kind.role, kind.kind), {})[name] = words
    head = ("kind", "role", *(f"`{name}`" for name in GATES))
    rows = [
        (kind, role, *(by_gate.get(name, NONE) for name in GATES)) for (role, kind), by_gate in fails.items()
    ]
    return table(head, sorted(rows, key=lambda row: ("good", "bad", "graded", "class").index(row[1])))


def ventricular(card: ModelCard) -> str:
    """The number of records or windows of each kind that the ventricular network calls ventricular."""
    head = ("kind", "ventricular", "patients", "called of n", "share")
    rows = [
        (
            kind.kind,
            "yes" if kind.ventricular else "no",
            str(kind.n_patients or NONE),
            f"{kind.called} of {kind.n:,}",
            percent(kind.share),
        )
        for kind in (card.ventricular.kinds if card.ventricular else ())
    ]
    return table(head, rows)


def tables(cards: dict[str, ModelCard]) -> str:
    """All tables with their headings."""
    parts = {
        "All models": overview(cards),
        "Classifiers": classifiers(cards),
        **{f"`{name}`: labels": labels(card) for name, card in cards.items() if card.validation is not None},
        "Autoencoders": autoencoders(cards),
        "`delineator`": boundaries(cards["delineator"]),
        "Gates: which records fail": gates(cards),
        "`ventricular`: what is called ventricular": ventricular(cards["ventricular"]),
    }
    return "\n\n".join(f"### {heading}\n\n{part}" for heading, part in parts.items())


def written(page: str, content: str) -> str:
    """The page with ``content`` between its marks.

    Raises:
        ValueError: the page lacks a mark.
    """
    head, rest = page[: page.index(BEGIN)], page[page.index(END) :]
    return f"{head}{BEGIN}\n\n{content}\n\n{rest}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cards_table", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write them into docs/weights.md")
    content = tables(shipped_cards())
    if parser.parse_args(arguments).write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), content), encoding="utf-8")
    else:
        sys.stdout.write(content + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
