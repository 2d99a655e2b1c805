"""Rules of rhythm: atrial fibrillation by irregularity and P waves, premature beats by their timing.

Fibrillation is "irregular R-R intervals and no distinct repeating P waves" (Hindricks et al. 2021,
doi:10.1093/eurheartj/ehaa612). The textbook gives no limit of irregularity; ``IRREGULAR`` was chosen on half
of the folds, see ``benchmarks/irregularity.py``. A premature ventricular beat is wide, an atrial one is as
narrow as the others (Surawicz et al. 2009, doi:10.1016/j.jacc.2008.12.013, for 120 ms); an atrial beat with
aberrant conduction counts as ventricular.
"""

from statistics import median

from ecgapp.analysis.measurement.beat_timing import EARLY, Beat
from ecgapp.analysis.measurement.typical_beat import P_SHARE
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleResult, cannot_tell, rule, side

IRREGULAR = 0.065  # of the median RR interval; see ``Rhythm.irregularity``
UNSURE = 0.01  # of RR, its error: 5 ms at each R peak
ALMOST = 0.02  # of RR: beats that are early by less than ``EARLY``, but at most so much less, are borderline
WIDE = 120.0  # ms
WIDER = 20.0  # ms more than the other beats have
FEW = "fewer than four beats"


@rule("AF", "A")
def atrial_fibrillation(facts: Facts) -> RuleResult:
    """Atrial fibrillation: an irregular rhythm throughout, and no P wave before most beats."""
    beat, rhythm = facts.measured.beat, facts.measured.rhythm
    if beat is None:
        return cannot_tell(f"P waves cannot be read. {facts.measured.doubt.removesuffix('.')}")
    if rhythm.irregularity is None:
        return cannot_tell(FEW)
    words = (
        f"RR changes by {share(rhythm.irregularity)} from beat to beat, limit {share(IRREGULAR)}; "
        f"P waves precede {100 * beat.p_share:.0f} % of the beats of the usual shape{facts.span}"
    )
    irregular = side(rhythm.irregularity, IRREGULAR, UNSURE)
    if rhythm.alternates and irregular is not Presence.ABSENT:
        return RuleResult(Presence.ABSENT, f"{words}; every other interval is alike, as in bigeminy")
    return RuleResult(irregular if beat.p_share < P_SHARE else Presence.ABSENT, words)


@rule("PVC")
def ventricular_beats(facts: Facts) -> RuleResult:
    """Premature ventricular beats: premature and wide."""
    return _premature(facts, wide=True)


@rule("PAC")
def atrial_beats(facts: Facts) -> RuleResult:
    """Premature atrial beats: premature, and as narrow as the others."""
    return _premature(facts, wide=False)


def _premature(facts: Facts, wide: bool) -> RuleResult:
    beats = facts.measured.rhythm.beats
    if facts.measured.doubt:
        return cannot_tell(facts.measured.doubt.removesuffix("."))
    if facts.measured.rhythm.irregularity is None:
        return cannot_tell(FEW)
    if atrial_fibrillation(facts).present:
        return cannot_tell("RR is irregular without P waves: no beat can be called early")
    early = [beat for beat in beats if beat.premature and beat.width is not None]
    if not early:
        return _none_early(facts)
    least = max(WIDE, _usual_width(beats) + WIDER)
    of_kind = [beat for beat in early if ((beat.width or 0.0) >= least) == wide]
    kind = f"wide, {WIDE:.0f} ms or more" if wide else _narrow(of_kind)
    if not of_kind:
        other = _narrow(early) if wide else "wide"
        words = f"{_count(early, facts)} early; {'it is' if len(early) == 1 else 'they are'} {other}"
        return RuleResult(Presence.ABSENT, f"{words} ({_widths(early)})")
    verb = "is" if len(of_kind) == 1 else "are"
    words = f"{_count(of_kind, facts)} early by {_shares(of_kind)} and {verb} {kind}"
    return RuleResult(Presence.PRESENT, f"{words} ({_widths(of_kind)})")


def _none_early(facts: Facts) -> RuleResult:
    beats = facts.measured.rhythm.beats
    almost = [beat for beat in beats if beat.early is not None and beat.early >= EARLY - ALMOST]
    if almost:
        words = f"{_count(almost, facts)} early by {_shares(almost)}, limit {100 * EARLY:.0f} %"
        return RuleResult(Presence.BORDERLINE, words)
    return RuleResult(
        Presence.ABSENT, f"0 of {len(beats)} beats come early by {100 * EARLY:.0f} %{facts.span}"
    )


def _count(chosen: list[Beat], facts: Facts) -> str:
    """The number of beats as text: ``2 of 11 beats come``, with the span in a longer record."""
    verb = "comes" if len(chosen) == 1 else "come"
    return f"{len(chosen)} of {len(facts.measured.rhythm.beats)} beats{facts.span} {verb}"


def share(value: float) -> str:
    """A share in per cent, with a decimal if it is small: "5.5 %", "19 %"."""
    return f"{100 * value:.1f} %" if value < 0.0995 else f"{100 * value:.0f} %"


def _usual_width(beats: tuple[Beat, ...]) -> float:
    """The median width of the beats that are not premature, ms; 0 if none has a width."""
    widths = [beat.width for beat in beats if beat.width is not None and not beat.premature]
    return median(widths) if widths else 0.0


def _narrow(beats: list[Beat]) -> str:
    """The description of beats that are not wide for their rhythm, which may be wide itself."""
    wide = any(beat.width is not None and beat.width >= WIDE for beat in beats)
    return "about as wide as the others" if wide else "narrow"


def _widths(beats: list[Beat]) -> str:
    return f"{_span([beat.width or 0.0 for beat in beats])} ms"


def _shares(beats: list[Beat]) -> str:
    return f"{_span([100 * (beat.early or 0.0) for beat in beats])} %"


def _span(values: list[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low} to {high}"
