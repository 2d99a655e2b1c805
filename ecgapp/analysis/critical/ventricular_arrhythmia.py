"""Ventricular fibrillation and broad complex tachycardia: by the ventricular network, and by rate and width.

A broad complex has 120 ms or more, and a tachycardia of broad complexes above 120/min counts as ventricular
until proven otherwise (Al-Khatib et al. 2018, AHA/ACC/HRS guideline, doi:10.1161/CIR.0000000000000549; the
limit of the rate is our choice). A run has three beats or more.
"""

from dataclasses import replace
from statistics import median

import numpy as np

from ecgapp.analysis.critical.facts import HALF_QRS, SLOWEST, CriticalFacts, Span
from ecgapp.analysis.critical.finding import BOTH, NETWORK, RULE, CriticalFinding, CriticalKind
from ecgapp.analysis.measurement.beat_timing import Beat
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRun

BROAD = 120.0  # ms
ERROR = 20.0  # ms, the error of a single complex's width
FAST = 120.0  # per minute, for the rule
RUN = 3  # beats
SEVERAL = 3  # leads, at least, in which the rule measures widths
MOSTLY = 0.6  # of a run's beats that are broad
FEWEST_OTHERS = 1  # beats outside a run with which its neighbours are compared
LIKE_OTHERS = 0.85  # correlation with those beats, from which a beat belongs to them
# s: end of the complex before a run behind (onset - RR); start of the one after it before (offset + RR)
TO_OFFSET, TO_ONSET = 0.14, 0.13
CLOSE = 0.25  # s inside the edge of the run; a complex in it is the run's limit
RHYTHM = (1.0, 10.0)  # Hz between which a ventricular rhythm oscillates
NETWORK_SOURCE = "the network of ventricular rhythms of this app"
RULE_SOURCE = "QRS of 120 ms or more above 120/min; Al-Khatib et al. 2018, doi:10.1161/CIR.0000000000000549"


def fibrillation(facts: CriticalFacts) -> list[CriticalFinding]:
    """All runs of fibrillation or flutter that the network detects and that are large enough."""
    return [
        CriticalFinding(
            CriticalKind.VENTRICULAR_FIBRILLATION,
            "ventricular fibrillation or flutter",
            run.leads,
            run.start,
            run.end,
            f"{_by_network(run)} The signal oscillates at {60 * dominant_frequency(facts, run):.0f}/min.",
            "movement, muscle noise or chest compressions; torsade de pointes; a loose electrode.",
            NETWORK_SOURCE,
            NETWORK,
        )
        for run in facts.runs
        if run.fibrillation
    ]


def broad_tachycardia(facts: CriticalFacts) -> list[CriticalFinding]:
    """Runs of broad complexes, detected by the network, by rate and width, or by both."""
    by_network = [run for run in facts.runs if not run.fibrillation]
    by_rule = broad_runs(facts)
    findings = [_of_network(facts, run, by_rule) for run in by_network]
    alone = [
        beats for beats in by_rule if not any(_overlap(_span(beats), (r.start, r.end)) for r in facts.runs)
    ]
    return [*findings, *(_of_rule(facts, beats) for beats in alone)]


def broad_runs(facts: CriticalFacts) -> list[list[Beat]]:
    """Runs of mostly broad beats faster than ``FAST``, from a broad beat to a broad beat."""
    beats = _beats(facts)
    if facts.beats.rate is not None and facts.beats.rate > FAST and _is_broad(beats):
        return [beats]  # even if it is irregular, as in atrial fibrillation
    runs: list[list[Beat]] = []
    current: list[Beat] = []
    for beat in beats:
        joins = bool(current) and beat.rr is not None and beat.rr < 60 / FAST
        if not joins:
            runs.append(current)
            current = []
        current.append(beat)
    runs.append(current)
    return [run for run in map(_trimmed, runs) if len(run) >= RUN and _is_broad(run)]


def _beats(facts: CriticalFacts) -> list[Beat]:
    """The measured beats; if the median QRS is broad, slightly narrower beats count as broad.

    The width of a single complex is less exact than the median of all. With fewer than ``SEVERAL`` leads it
    is so inexact that the rule is positive in 3 % of the organised windows of a database of two leads.
    """
    if facts.measurements is None or len(facts.leads) < SEVERAL:
        return []
    usual = facts.value("QRS")
    return [
        replace(beat, width=max(beat.width, BROAD))
        if usual is not None and usual >= BROAD and beat.width is not None and beat.width >= BROAD - ERROR
        else beat
        for beat in facts.measurements.rhythm.beats
    ]


def dominant_frequency(facts: CriticalFacts, run: VentricularRun) -> float:
    """The frequency with most of the energy of the run, in Hz."""
    part = facts.between(run.start, run.end)
    part = (part - part.mean(axis=-1, keepdims=True)) * np.hanning(part.shape[-1])
    n = max(part.shape[-1], round(8 * facts.record.sampling_rate))
    power = np.square(np.abs(np.fft.rfft(part, n, axis=-1))).sum(axis=0)
    frequencies = np.fft.rfftfreq(n, 1 / facts.record.sampling_rate)
    inside = (frequencies >= RHYTHM[0]) & (frequencies <= RHYTHM[1])
    return float(frequencies[inside][power[inside].argmax()])


def _of_network(facts: CriticalFacts, run: VentricularRun, by_rule: list[list[Beat]]) -> CriticalFinding:
    rate = facts.rate_in(run)
    agreeing = [beats for beats in by_rule if _overlap(_span(beats), (run.start, run.end))]
    words = _by_network(run)
    if agreeing:
        words = f"{words} {_width_sentence(agreeing[0])}"
    start, end = _on_beats(facts, run)
    longest = max(agreeing, key=len, default=[])
    if longest and longest[-1].time - longest[0].time > MOSTLY * (run.end - run.start):
        start, end = _rule_span(facts, longest)
    return CriticalFinding(
        CriticalKind.BROAD_COMPLEX_TACHYCARDIA,
        "broad complex tachycardia" + ("" if rate is None else f", {rate:.0f}/min"),
        run.leads,
        start,
        end,
        words,
        "torsade de pointes, aberrant conduction or bundle branch block, a paced rhythm, pre-excitation, "
        "artefact.",
        f"{NETWORK_SOURCE}; {RULE_SOURCE}" if agreeing else NETWORK_SOURCE,
        BOTH if agreeing else NETWORK,
    )


def _of_rule(facts: CriticalFacts, beats: list[Beat]) -> CriticalFinding:
    rate = 60 / median([beat.rr for beat in beats[1:] if beat.rr])
    start, end = _rule_span(facts, beats)
    network = "could not be used" if facts.ventricular is None else "does not call it ventricular"
    return CriticalFinding(
        CriticalKind.BROAD_COMPLEX_TACHYCARDIA,
        f"broad complex tachycardia, {rate:.0f}/min",
        facts.leads,
        start,
        end,
        f"{_width_sentence(beats)} The ventricular network {network}.",
        "supraventricular tachycardia with bundle branch block or aberrant conduction, a paced "
        "rhythm, pre-excitation.",
        RULE_SOURCE,
        RULE,
    )


def _on_beats(facts: CriticalFacts, run: VentricularRun) -> Span:
    """The run's limits, moved to the edges of its first and last complexes if those are close."""
    times, duration = facts.beats.times, facts.record.duration
    places = np.flatnonzero((times >= run.start - HALF_QRS) & (times <= run.end + HALF_QRS))
    if places.size < RUN:
        return run.start, run.end
    first, last = _extended(facts, int(places[0]), int(places[-1]))
    begin, stop = float(times[first]) - HALF_QRS, float(times[last]) + HALF_QRS
    start = begin if begin < run.start + CLOSE else run.start
    end = stop if stop > run.end - CLOSE else run.end
    return _to_edges((start, end), float(np.median(np.diff(times[places]))), duration)


def _to_edges(span: Span, interval: float, duration: float) -> Span:
    """The span, extended to the record's edge if that cuts the complex before or behind it."""
    start, end = span
    cut_before, cut_behind = (start - interval + TO_OFFSET > 0.0, end + interval - TO_ONSET < duration)
    near_start, near_end = start < interval, end > duration - interval
    return (
        0.0 if near_start and cut_before else max(0.0, start),
        duration if near_end and cut_behind else min(duration, end),
    )


def _extended(facts: CriticalFacts, first: int, last: int) -> tuple[int, int]:
    """The first and last beat of a run, with fast neighbours that differ from the beats outside it."""
    times, beats = facts.beats.times, facts.shapes
    outside = [*range(first - 1), *range(last + 2, len(times))]
    if len(outside) < FEWEST_OTHERS:
        return first, last
    usual = np.median(beats[outside], axis=0)

    def belongs(place: int, beside: int) -> bool:
        fast = abs(times[place] - times[beside]) < 60 / SLOWEST
        return fast and float(np.corrcoef(beats[place], usual)[0, 1]) < LIKE_OTHERS

    while first > 0 and belongs(first - 1, first):
        first -= 1
    while last < len(times) - 1 and belongs(last + 1, last):
        last += 1
    return first, last


def _trimmed(beats: list[Beat]) -> list[Beat]:
    """The beats without those at either end that are not broad."""
    broad = [place for place, beat in enumerate(beats) if _broad(beat)]
    return beats[broad[0] : broad[-1] + 1] if broad else []


def _is_broad(beats: list[Beat]) -> bool:
    """Whether the complexes are broad: their median, and most of them."""
    widths = [beat.width for beat in beats if beat.width is not None]
    if len(widths) < max(RUN, len(beats) / 2):
        return False
    return median(widths) >= BROAD and sum(map(_broad, beats)) >= MOSTLY * len(widths)


def _broad(beat: Beat) -> bool:
    return beat.width is not None and beat.width >= BROAD


def _span(beats: list[Beat]) -> Span:
    """The span from the onset of the first complex to the offset of the last one, with R in its middle."""
    first, last = (1e-3 * (beat.width or BROAD) / 2 for beat in (beats[0], beats[-1]))
    return beats[0].time - first, beats[-1].time + last


def _rule_span(facts: CriticalFacts, beats: list[Beat]) -> Span:
    """The span of a run, extended to the record's edge if that cuts a complex."""
    interval = median([beat.rr for beat in beats[1:] if beat.rr])
    return _to_edges(_span(beats), interval, facts.record.duration)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _by_network(run: VentricularRun) -> str:
    return (
        f"The ventricular network finds it from {run.start:.1f} to {run.end:.1f} s "
        f"(mean probability {run.probability:.2f})."
    )


def _width_sentence(beats: list[Beat]) -> str:
    widths = [beat.width for beat in beats if beat.width is not None]
    return f"QRS {median(widths):.0f} ms (median of {len(widths)} beats)."
