"""Critical findings on synthetic ECGs, whose truth is known: the kind, and where the evidence lies."""

import numpy as np

from benchmarks.table import Row, Target, at_least
from ecgapp.analysis.installed_models import Models
from ecgapp.analysis.opened_ecg import OpenedECG
from ecgapp.evaluate import wilson
from ecgapp.records import RARE_RHYTHMS, RHYTHMS, CriticalEvent, SyntheticConfig, synthesise

EACH = 40  # records of each rhythm
CLOSE = 0.2  # s between the evidence and the truth, at either end
NOISE, WANDER = 0.012, 0.04  # mV
LIMIT = 0.97


def synthetic_rows(models: Models) -> list[Row]:
    """The share of detected events of each kind and their errors in time; alarms in rhythms without one."""
    detected: dict[str, list[bool]] = {}
    close: dict[str, list[bool]] = {}
    alarms: dict[str, list[bool]] = {}
    for rhythm in (*RHYTHMS, *RARE_RHYTHMS):
        for seed in range(EACH):
            made = synthesise(SyntheticConfig(rhythm, noise=NOISE, wander=WANDER, seed=seed))
            findings = OpenedECG(made.record, models).critical()
            for event in made.events[:1]:  # the worst one; others follow from it
                same = [one for one in findings if one.kind.value == event.kind]
                key = f"{event.kind} ({rhythm})"
                detected.setdefault(key, []).append(bool(same))
                close.setdefault(key, []).append(any(_is_close(one.start, one.end, event) for one in same))
            if not made.events:
                alarms.setdefault(rhythm, []).append(bool(findings))
    rows = []
    for key, hits in detected.items():
        rows.append(_row(f"synthetic {key}: right kind", hits, at_least(LIMIT, float(np.mean(hits)))))
        evidence = close[key]
        words = f"synthetic {key}: evidence within {CLOSE:g} s"
        rows.append(_row(words, evidence, at_least(LIMIT, float(np.mean(evidence)))))
    rows += [
        _row(f"synthetic {rhythm}: any critical finding", calls, None) for rhythm, calls in alarms.items()
    ]
    return rows


def _row(what: str, hits: list[bool], target: Target | None) -> Row:
    share = wilson(sum(hits), len(hits))
    interval = f"; 95 % {share.low:.3f}-{share.high:.3f}" if share else ""
    return Row(what, f"{np.mean(hits):.1%}", "seeds from 0", target, f"{sum(hits)} of {len(hits)}{interval}")


def _is_close(start: float, end: float, event: CriticalEvent) -> bool:
    return abs(start - event.start) <= CLOSE and abs(end - event.end) <= CLOSE
