"""The command ``reviews``: lists reviewed ECGs, and exports their labels and the audit trail."""

import sys
from argparse import Namespace
from collections.abc import Callable

from ecgapp.config import Settings
from ecgapp.errors import ConfigError
from ecgapp.reviews import Journal, audit_csv, changes, export_reviews
from ecgapp.storage.files import write_atomically


def reviews(arguments: Namespace, settings: Settings) -> int:
    """List the reviews, or run the requested action."""
    lines = _ACTIONS[arguments.action](arguments, settings)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _list(_arguments: Namespace, settings: Settings) -> list[str]:
    lines = []
    for review in Journal(settings).reviews():
        training = "kept for training" if review.kept else "not kept"
        parts = (review.record[:16], review.words, ", ".join(changes(review.standing)), training)
        lines.append("  ".join(part for part in parts if part))
    return lines or ["No ECG has been reviewed on this machine yet."]


def _export(arguments: Namespace, settings: Settings) -> list[str]:
    done = export_reviews(arguments.folder, settings)
    labels = f" with the labels {', '.join(done.columns)}" if done.columns else ""
    left = [f"  {count:,} left out: {reason}" for reason, count in done.left_out.items()]
    return [f"Exported {done.n_records:,} reviewed ECGs{labels}.", *left]


def _audit(arguments: Namespace, settings: Settings) -> list[str]:
    events = Journal(settings).events()
    try:
        write_atomically(arguments.file, audit_csv(events).encode())
    except OSError as error:
        raise ConfigError("The trail cannot be written there. Name a file in a folder of yours.") from error
    return [f"Wrote {len(events):,} events."]


_ACTIONS: dict[str | None, Callable[[Namespace, Settings], list[str]]] = {
    None: _list,
    "list": _list,
    "export": _export,
    "audit": _audit,
}
