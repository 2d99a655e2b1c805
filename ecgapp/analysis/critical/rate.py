"""Critical findings: asystole, pauses, and ventricular rates below 40 or above 150 per minute.

A pause of 3 s or more: Kusumoto et al. 2019 (ACC/AHA/HRS guideline on bradycardia,
doi:10.1161/CIR.0000000000000628). The rates are the usual limits of critical results of ECG laboratories
(they are not based on a trial): fewer than 40 and more than 150 beats per minute.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.critical.facts import CriticalFacts, Span
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.quality.rails import runs

PAUSE, ASYSTOLE = 3.0, 6.0  # s
SLOW, FAST = 40.0, 150.0  # per minute
FEWEST = 3  # beats for a rate
MOSTLY = 0.5  # of a stretch in ventricular runs; above it, its rate is no separate finding
SLOW_FOR, FAST_FOR = 8.0, 4.0  # s for which a slow and a fast rate must hold
T_WAVE = 0.5  # s behind a beat in which a pause may still contain its T wave
BEFORE_QRS = 0.12  # s before a beat that belong to it
QRS_BAND = (7.0, 25.0)  # Hz
QUIET = 0.35  # of a beat's size, the largest signal in a pause
LOST = 0.005  # mV from top to bottom; a smaller signal is lost
TALLEST = 0.8  # mV from top to bottom, of a baseline without complexes
SMALL_NOISE = 0.2  # mV, of a possible flat line; larger noise hides complexes
FASTEST_P = 0.1  # mV between 7 and 25 Hz; the QRS complexes of twelve leads are larger in some lead
SEVERAL = 6  # leads
SOURCE = "Kusumoto et al. 2019, doi:10.1161/CIR.0000000000000628"
Beyond = Callable[[NDArray[np.float64]], bool]
RATE_SOURCE = "usual limits of critical results: below 40 and above 150/min"


def standstill(facts: CriticalFacts) -> list[CriticalFinding]:
    """Asystole and pauses: stretches of 3 s or more without a ventricular complex."""
    if (whole := _no_complexes(facts)) is not None:
        return [whole]
    if facts.is_noise and len(facts.beats) < FEWEST:
        return []
    duration = facts.record.duration
    times = facts.beats.times.tolist()
    findings = []
    for start, end in pairwise([0.0, *times, duration]):
        if not times or facts.recorded(start, end) < PAUSE or facts.in_fibrillation(start, end):
            continue
        if _is_quiet(facts, (start, end)):
            findings.append(_gap(facts, start, end))
    return findings


def _gap(facts: CriticalFacts, start: float, end: float) -> CriticalFinding:
    asystole = end - start >= ASYSTOLE
    lost = float(np.ptp(facts.between(start + T_WAVE, end - BEFORE_QRS), axis=-1).max()) < LOST
    what = "asystole" if asystole else "a pause"
    return CriticalFinding(
        CriticalKind.ASYSTOLE if asystole else CriticalKind.PAUSE,
        f"{what}, no ventricular complex for {end - start:.1f} s",
        facts.leads,
        start,
        end,
        f"No QRS complex from {start:.1f} to {end:.1f} s in {_listed(facts.leads)}."
        + (" The signal is constant there: it may be lost." if lost else ""),
        "fine ventricular fibrillation, a loose electrode, complexes too small to see, a record that was "
        "paused.",
        SOURCE,
    )


def _no_complexes(facts: CriticalFacts) -> CriticalFinding | None:
    """Asystole of the whole record: many leads with a signal, and none with a QRS complex."""
    record = facts.record
    if record.units != "mV" or record.duration < PAUSE or len(facts.leads) < SEVERAL:
        return None
    low, high = np.quantile(facts.filtered, [0.002, 0.998], axis=-1)
    tallest = float((high - low).max())
    most = SMALL_NOISE if facts.is_noise else TALLEST
    if not LOST <= tallest < most or not _without_qrs(facts) or facts.in_fibrillation(0.0, record.duration):
        return None
    return CriticalFinding(
        CriticalKind.ASYSTOLE,
        f"asystole, no ventricular complex in {record.duration:.0f} s",
        facts.leads,
        0.0,
        record.duration,
        f"The signal reaches {tallest:.2f} mV at most: P waves or noise, no QRS complex.",
        "fine ventricular fibrillation, electrodes that do not touch, very low voltage (effusion), a wrong "
        "gain.",
        SOURCE,
    )


def _without_qrs(facts: CriticalFacts) -> bool:
    """Whether no lead has a wave as fast and as large as the smallest QRS complex."""
    rate = facts.record.sampling_rate
    signal = np.nan_to_num(facts.record.select(facts.leads))
    fast = np.asarray(bandpass(signal, rate, QRS_BAND[0], min(QRS_BAND[1], 0.4 * rate), 2), np.float64)
    return float(np.quantile(np.abs(fast), 0.998, axis=-1).max()) < FASTEST_P


def _is_quiet(facts: CriticalFacts, gap: Span) -> bool:
    """Whether all waves between the beats are smaller than a QRS complex, in most of the leads."""
    rate = facts.record.sampling_rate
    high = min(QRS_BAND[1], 0.4 * rate)
    fast = np.abs(bandpass(np.nan_to_num(facts.record.select(facts.leads)), rate, QRS_BAND[0], high, 2))
    around = [
        (max(0, round((time - 0.1) * rate)), round((time + 0.1) * rate) + 1) for time in facts.beats.times
    ]
    typical = np.median([fast[:, first:behind].max(axis=-1) for first, behind in around], axis=0)
    first, behind = round((gap[0] + T_WAVE) * rate), round((gap[1] - BEFORE_QRS) * rate)
    if behind - first < rate:
        return False
    return bool(np.median(fast[:, first:behind].max(axis=-1) / np.maximum(typical, 1e-6)) < QUIET)


def rates(facts: CriticalFacts) -> list[CriticalFinding]:
    """Ventricular rates below 40 or above 150/min, unless they belong to a ventricular tachycardia."""
    if facts.is_noise:
        return []
    findings = []
    for kind, beyond, seconds in (
        (CriticalKind.BRADYCARDIA, _slow, SLOW_FOR),
        (CriticalKind.TACHYCARDIA, _fast, FAST_FOR),
    ):
        for start, end in _stretches(facts, beyond, seconds):
            if facts.run_share(start, end) <= MOSTLY:
                findings.append(_rate_finding(facts, kind, start, end))
    return findings


def _slow(intervals: NDArray[np.float64]) -> bool:
    return bool(60 / intervals.mean() < SLOW and 60 / np.median(intervals) < SLOW)


def _fast(intervals: NDArray[np.float64]) -> bool:
    return bool(60 / intervals.mean() > FAST and 60 / np.median(intervals) > FAST)


def _stretches(facts: CriticalFacts, beyond: Beyond, seconds: float) -> list[Span]:
    """The stretches with a rate beyond its limit for ``seconds``, or throughout a shorter record."""
    times, intervals = facts.beats.times, facts.beats.intervals
    if len(times) < FEWEST:
        return []
    outside = np.zeros(intervals.size, bool)
    for first in range(intervals.size):
        reach = int(np.searchsorted(times, times[first] + seconds))
        behind = min(max(reach, first + FEWEST - 1), intervals.size)
        whole = reach <= intervals.size or first == 0
        if whole and behind - first >= FEWEST - 1 and beyond(intervals[first:behind]):
            outside[first:behind] = True
    return [
        (
            0.0 if first == 0 else float(times[first]),
            facts.record.duration if behind == intervals.size else float(times[behind]),
        )
        for first, behind in _trimmed(outside, intervals, beyond)
    ]


def _trimmed(
    outside: NDArray[np.bool_], intervals: NDArray[np.float64], beyond: Beyond
) -> list[tuple[int, int]]:
    """The runs of intervals ``outside`` the limits, cut to their first and last interval that is."""
    trimmed = []
    for first, behind in zip(*(edge.tolist() for edge in runs(outside)), strict=True):
        alone = [place for place in range(first, behind) if beyond(intervals[place : place + 1])]
        if len(alone) >= FEWEST - 1:
            trimmed.append((alone[0], alone[-1] + 1))
    return trimmed


def _rate_finding(facts: CriticalFacts, kind: CriticalKind, start: float, end: float) -> CriticalFinding:
    times = facts.beats.times
    inside = times[(times >= start) & (times <= end)]
    rate = 60 * (inside.size - 1) / (inside[-1] - inside[0])
    slow = kind is CriticalKind.BRADYCARDIA
    return CriticalFinding(
        kind,
        f"{'bradycardia' if slow else 'tachycardia'}, ventricular rate {rate:.0f}/min",
        facts.leads,
        start,
        end,
        f"{inside.size} beats from {inside[0]:.1f} to {inside[-1]:.1f} s.",
        "beats too small to be found, a wrong sampling rate."
        if slow
        else "T waves, flutter waves or noise counted as beats, a wrong sampling rate.",
        RATE_SOURCE,
    )


def _listed(leads: tuple[str, ...]) -> str:
    return leads[0] if len(leads) == 1 else f"{len(leads)} leads"
