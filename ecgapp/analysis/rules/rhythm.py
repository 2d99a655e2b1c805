"""Rules of rhythm: atrial fibrillation by irregularity and P waves, premature beats by their earliness.

Fibrillation is "irregular R-R intervals and no distinct repeating P waves" (Hindricks et al. 2021,
doi:10.1093/eurheartj/ehaa612). The textbook gives no limit for irregular; ``IRREGULAR`` was chosen on half of
the folds, see ``benchmarks/irregularity.py``. A premature beat from the ventricles is wide, one from the
atria is as narrow as the others (Surawicz et al. 2009, doi:10.1016/j.jacc.2008.12.013, for 120 ms);
one that is conducted aberrantly is taken for the other kind.
"""

from statistics import median

from ecgapp.analysis.rhythm import EARLY, Beat
from ecgapp.analysis.rules.verdict import Check, Facts, blank, rule
from ecgapp.analysis.typical_beat import P_SHARE

IRREGULAR = 0.055  # of the median RR interval, by which the next one differs; see ``Rhythm.irregularity``
WIDE = 120.0  # ms
WIDER = 20.0  # ms more than the other beats have
FEW = "Fewer than four beats."


@rule("AF", "A")
def atrial_fibrillation(facts: Facts) -> Check:
    """Irregular all along, and no P wave before most beats."""
    beat, irregularity = facts.measured.beat, facts.measured.rhythm.irregularity
    if beat is None:
        return blank(facts.row("RR"))
    if irregularity is None:
        return Check(None, FEW)
    side = "over" if irregularity >= IRREGULAR else "under"
    words = (
        f"RR changes by {share(irregularity)} from beat to beat, {side} {share(IRREGULAR)}, "
        f"and P waves stand before {100 * beat.p_share:.0f} % of the beats"
    )
    return Check(irregularity >= IRREGULAR and beat.p_share < P_SHARE, words)


@rule("PVC")
def ventricular_beats(facts: Facts) -> Check:
    """Premature and wide."""
    return _premature(facts, wide=True)


@rule("PAC")
def atrial_beats(facts: Facts) -> Check:
    """Premature, and as narrow as the others."""
    return _premature(facts, wide=False)


def _premature(facts: Facts, wide: bool) -> Check:
    beats = facts.measured.rhythm.beats
    if facts.measured.beat is None:
        return blank(facts.row("RR"))
    if facts.measured.rhythm.irregularity is None:
        return Check(None, FEW)
    if atrial_fibrillation(facts).present:
        return Check(None, "RR is irregular without P waves: no beat can be called early")
    early = [beat for beat in beats if beat.premature and beat.width is not None]
    if not early:
        return Check(False, f"None of {len(beats)} beats comes early by {100 * EARLY:.0f} %")
    usual = _usual_width(beats)
    of_kind = [beat for beat in early if _is_wide(beat, usual) == wide]
    kind = f"wide, {WIDE:.0f} ms or more" if wide else _narrow(of_kind)
    if not of_kind:
        other = _narrow(early) if wide else "wide"
        return Check(
            False, f"{len(early)} of {len(beats)} beats come early, but are {other} ({_widths(early)})"
        )
    count = f"{len(of_kind)} of {len(beats)} beats {'comes' if len(of_kind) == 1 else 'come'}"
    return Check(True, f"{count} early by {_shares(of_kind)} and {_be(of_kind)} {kind} ({_widths(of_kind)})")


def share(value: float) -> str:
    """In per cent, with a decimal where it is small: "5.5 %", "19 %"."""
    return f"{100 * value:.1f} %" if value < 0.0995 else f"{100 * value:.0f} %"


def _usual_width(beats: tuple[Beat, ...]) -> float:
    """The median of the beats that are on time, ms; 0 where none has a width."""
    widths = [beat.width for beat in beats if beat.width is not None and not beat.premature]
    return median(widths) if widths else 0.0


def _is_wide(beat: Beat, usual: float) -> bool:
    return beat.width is not None and beat.width >= max(WIDE, usual + WIDER)


def _narrow(beats: list[Beat]) -> str:
    """The word for beats that are not wide for their rhythm, which may be wide itself."""
    wide = any(beat.width is not None and beat.width >= WIDE for beat in beats)
    return "about as wide as the others" if wide else "narrow"


def _be(beats: list[Beat]) -> str:
    return "is" if len(beats) == 1 else "are"


def _widths(beats: list[Beat]) -> str:
    return f"{_span([beat.width or 0.0 for beat in beats])} ms"


def _shares(beats: list[Beat]) -> str:
    return f"{_span([100 * (beat.early or 0.0) for beat in beats])} %"


def _span(values: list[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low} to {high}"
