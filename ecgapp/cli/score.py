"""``score``: the records of a folder or data set into Parquet files, part by part, and one table of them."""

import sys
from argparse import Namespace

from ecgapp.analysis import InstalledModels, open_model
from ecgapp.analysis.findings import task_of
from ecgapp.cli.part_argument import part_of
from ecgapp.cli.progress import JsonLines, ProgressBar
from ecgapp.config import DISCLAIMER, Settings
from ecgapp.errors import ConfigError, EcgAppError
from ecgapp.scoring import (
    CollectedScores,
    PartsReport,
    ScoringOrder,
    collect,
    open_plan,
    open_source,
    score_parts,
)
from ecgapp.scoring.chunk_pool import ScorerSetup, default_workers
from ecgapp.scoring.collected_scores import TABLE
from ecgapp.storage.documents import to_plain

_INTERRUPTED = "Interrupted. Run the same command again: it goes on with the parts that are missing.\n"
_MOST_LISTED = 20  # missing parts by number


def score(arguments: Namespace, settings: Settings) -> int:
    """Score what is missing of all parts or of one share of them, or collect the finished ones.

    With ``--json`` a program can follow: lines of ``done`` and ``total``, then one ``report`` or ``problem``.

    Returns:
        0 if all parts of the share, or with ``--collect`` of the whole, are finished.
    """
    lines = JsonLines()
    try:
        report = _report(arguments, settings, lines)
    except EcgAppError as error:
        if not arguments.json:
            raise
        lines.problem(str(error))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(_INTERRUPTED)
        return 130
    if arguments.json:
        lines.report(to_plain(report))
    else:
        words = _collected(report) if isinstance(report, CollectedScores) else _scored(report)
        sys.stdout.write("\n".join(words) + "\n")
    complete = not report.missing if isinstance(report, CollectedScores) else report.complete
    return 0 if complete else 1


def _report(arguments: Namespace, settings: Settings, lines: JsonLines) -> PartsReport | CollectedScores:
    part = part_of(arguments.part)
    if arguments.workers < 0:
        raise ConfigError("At least one process must score the records.")
    card = open_model(arguments.model, settings).card
    task_of(card)
    source = open_source(arguments.source, settings)
    plan = open_plan(source, card, InstalledModels(settings).cards(), arguments.out)
    if arguments.collect:
        return collect(plan, arguments.out, card)
    setup = ScorerSetup(source, card.name, settings)
    parts = plan.share(*(part or (1, 1)))
    order = ScoringOrder(plan, arguments.out, parts, card, setup, arguments.workers or default_workers())
    return score_parts(order, lines.advance if arguments.json else ProgressBar("records"))


def _scored(report: PartsReport) -> list[str]:
    lines = [
        f"Scored {report.n_records:,} records in {report.n_scored:,} parts; "
        f"{report.n_before:,} parts were finished before."
    ]
    if report.n_elsewhere:
        lines.append(f"{report.n_elsewhere:,} parts are being scored by other processes.")
    return [*lines, f"{DISCLAIMER} All findings are unconfirmed."]


def _collected(summary: CollectedScores) -> list[str]:
    lines = [f"{summary.n_collected:,} of {summary.n_records:,} records are in {TABLE}."]
    for heading, counts in (
        ("Records by state", summary.states),
        ("Records without labels by reason", summary.reasons),
        ("Records above the threshold by label", summary.labels),
        ("Records by critical finding", summary.critical),
    ):
        if counts:
            lines += [f"{heading}:", *(f"  {n:>9,}  {name}" for name, n in counts.items())]
    if summary.missing:
        listed = ", ".join(map(str, summary.missing[:_MOST_LISTED]))
        more = ", ..." if len(summary.missing) > _MOST_LISTED else ""
        lines.append(f"{len(summary.missing):,} of {summary.n_parts:,} parts are missing: {listed}{more}.")
    return [*lines, f"{DISCLAIMER} All findings are unconfirmed."]
