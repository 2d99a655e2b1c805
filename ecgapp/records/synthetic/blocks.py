"""Block in or below the AV node: Wenckebach, 2:1, high-degree, complete."""

from ecgapp.records.synthetic.broad import DIRECTIONS, ventricular_complex
from ecgapp.records.synthetic.heart import Heart, SyntheticBeat, beat_at, p_at
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, dissociated
from ecgapp.records.synthetic.timing import focus_times, gain_at, sinus_times
from ecgapp.records.synthetic.ventricles import LBBB, RBBB, Ventricles

ESCAPES = ("LBBB-like, superior axis", "RBBB-like, superior axis", "north-west axis")
SHARED = 0.12  # of an interval: least distance of the atrial rate from a multiple of the ventricular rate


def complete(plan: RhythmPlan) -> Heart:
    """Complete block: independent atria, and an escape rhythm from the junction or the ventricles."""
    atrial = _unlike(plan, 62, 105)
    shape = plan.narrow() if plan.variant == "junctional escape" else escape_complex(plan)
    start = BEFORE + plan.between(0, plan.mean)
    beats = [
        beat_at(time, plan.mean, shape, gain=gain_at(time))
        for time in focus_times(start, plan.end, plan.mean, plan.rng)
    ]
    atria = dissociated(sinus_times(BEFORE, plan.end, 60 / atrial, plan.rng), beats)
    return Heart([*beats, *atria], events=plan.whole("av_block"))


def escape_complex(plan: RhythmPlan) -> Ventricles:
    """A broad complex of an escape rhythm from the ventricles."""
    direction = DIRECTIONS[str(plan.rng.choice(ESCAPES))]
    width, size = plan.between(0.15, 0.20), plan.between(0.9, 1.5)
    return ventricular_complex(direction, width, size, plan.mean, plan.rng)


def two_to_one(plan: RhythmPlan) -> Heart:
    """Block of 2:1: every other P wave is conducted, with a constant PR interval."""
    broad = RBBB if plan.chance(0.5) else LBBB
    return _fixed(plan, 2, plan.narrow() if plan.variant == "narrow" else broad)


def high_degree(plan: RhythmPlan) -> Heart:
    """High-degree block: one P wave of three or four is conducted."""
    return _fixed(plan, int(plan.variant[0]), RBBB if plan.chance(0.4) else plan.narrow())


def wenckebach(plan: RhythmPlan) -> Heart:
    """Mobitz I: the PR interval grows until one P wave is not conducted; 3:2 to 5:4."""
    ratio = int(plan.rng.integers(3, 6))
    atrial = plan.mean * (ratio - 1) / ratio
    growth = plan.between(0.07, 0.10)
    first_pr = plan.between(0.15, 0.19)
    shape, beats = plan.narrow(), list[SyntheticBeat]()
    for number, onset in enumerate(sinus_times(BEFORE, plan.end, atrial, plan.rng)):
        place = number % ratio
        if place == ratio - 1:
            beats.append(p_at(onset))
            continue
        pr = first_pr + growth * sum(0.6**step for step in range(place))
        beats.append(beat_at(onset + pr - shape.onset, plan.mean, shape, pr, gain=gain_at(onset)))
    return Heart(beats)


def _fixed(plan: RhythmPlan, ratio: int, shape: Ventricles) -> Heart:
    pr = plan.between(0.14, 0.22)
    phase = int(plan.rng.integers(ratio))
    beats: list[SyntheticBeat] = []
    for number, onset in enumerate(sinus_times(BEFORE - plan.mean, plan.end, plan.mean / ratio, plan.rng)):
        if number % ratio == phase:
            beats.append(beat_at(onset + pr - shape.onset, 0.8 * plan.mean, shape, pr, gain=gain_at(onset)))
        else:
            beats.append(p_at(onset))
    return Heart(beats, events=plan.whole("av_block"))


def _unlike(plan: RhythmPlan, low: float, high: float) -> float:
    """An atrial rate, per min, that is no multiple of the ventricles', so that the PR interval changes."""
    while True:
        rate = plan.between(low, high)
        share = (rate / plan.rate) % 1
        if SHARED < share < 1 - SHARED and abs(share - 0.5) > 0.04:
            return rate
