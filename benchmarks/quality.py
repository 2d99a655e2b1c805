"""Accuracy of the quality faults: ``python -m benchmarks.quality --data FOLDER``.

FOLDER holds the unpacked PTB-XL, challenge, LUDB, nstdb, cudb and mitdb archives. Without it only the 200
synthetic cases and the times are measured. Limits were chosen on folds 1-7 of each source; every figure here
but those of pacing and of ``cudb`` and ``mitdb`` is of the other folds. Seeded; intervals are Wilson's.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks import spoil
from benchmarks.ecgs import FITTED, JUDGED, RealECG, read_noise, records
from benchmarks.spoil import CASES, SEED, is_right, of_lead, synthetic_case
from benchmarks.table import Row, Target, at_least, at_most, show, tell
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models import Interval
from ecgapp.records import ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals import record_quality, resample
from ecgapp.signals.quality import RecordQuality
from ecgapp.signals.quality.pacing_spikes import pacing_spikes
from ecgapp.training.gate.rhythm_records import rhythm_windows

DECIBELS = (24, 18, 12, 6, 0, -6)
NOISES = {"ma": ("noise", "muscle noise"), "bw": ("wander", "baseline wander")}
VENTRICULAR = ("fibrillation", "flutter", "ventricular tachycardia", "ventricular tachycardia or flutter")
SLOWER = 360.0  # Hz
PACEMAKER = ("SNOMED:10370003", "SNOMED:251266004", "LUDB:Pacemaker presence")


@dataclass
class Count:
    """The number of hits among a number of cases."""

    hits: int = 0
    n: int = 0

    def add(self, hit: bool) -> None:
        """One more case."""
        self.hits += hit
        self.n += 1

    @property
    def share(self) -> float:
        """Hits of all; 0 of none."""
        return self.hits / self.n if self.n else 0.0

    def row(self, what: str, how: str, target: Target | None = None) -> Row:
        """The row of this share with Wilson's 95 % interval."""
        interval = wilson(self.hits, self.n) or Interval(0.0, 0.0, 1.0)
        measured = f"{100 * self.share:.1f} % ({self.hits})"
        return Row(
            what,
            measured,
            how,
            target,
            f"n = {self.n}, 95 % {100 * interval.low:.1f}-{100 * interval.high:.1f}",
        )


@dataclass
class Counts:
    """One ``Count`` a name, in the order in which they came."""

    by_name: dict[str, Count] = field(default_factory=dict)

    def add(self, name: str, hit: bool) -> None:
        """One more case of ``name``."""
        self.by_name.setdefault(name, Count()).add(hit)


def synthetic_rows() -> list[Row]:
    """Every case, and each kind of fault."""
    total, kinds = Count(), Counts()
    for number in range(CASES):
        record, kind, lead = synthetic_case(number)
        right = is_right(record_quality(record), kind, lead)
        total.add(right)
        kinds.add(kind, right)
    how = "right badge on the right lead, and no other"
    rows = [total.row("synthetic ECGs with one fault", how, at_least(95, 100 * total.share, "%"))]
    return rows + [count.row(f"- {kind}", how) for kind, count in kinds.by_name.items()]


def false_alarm_rows(judged: Sequence[tuple[RealECG, RecordQuality]]) -> list[Row]:
    """The share of recordings with each badge as they are; some of them are truly faulty."""
    leads, whole = Counts(), Counts()
    for one, quality in judged:
        for lead in quality.leads:
            for fault in ("no signal", "electrode off", "clipped", "noise", "wander", "amplitude"):
                leads.add(f"{one.source}, leads with {fault}", fault in lead.faults)
            leads.add(f"{one.source}, leads with mains", bool(lead.mains))
        whole.add(f"{one.source}, records with any badge", any(lead.faults for lead in quality.leads))
        whole.add(f"{one.source}, records with a limb reversal", bool(quality.limb_reversal))
        whole.add(f"{one.source}, records that do not add up", not quality.adds_up)
    how = "as published, true faults among them"
    return [count.row(name, how) for counts in (leads, whole) for name, count in counts.by_name.items()]


def spoilt_rows(judged: Sequence[tuple[RealECG, RecordQuality]]) -> list[Row]:
    """The share of detected faults that were added to real recordings."""
    detected, beside = Counts(), Count()
    for number, (one, before) in enumerate(judged):
        sound = [lead.lead for lead in before.leads if not lead.faults]
        rng = np.random.default_rng([SEED, number])
        leads = [str(lead) for lead in rng.permutation(sound)]
        changes = {
            "no signal": spoil.flat,
            "clipped": spoil.clipped,
            "electrode off": spoil.held,
            "electrode off, a jump": spoil.loose,
            "wander": spoil.wander(),
            "noise": spoil.white(0.3, number),
        }
        if one.record.sampling_rate >= 250:
            changes |= {f"mains {mains} Hz": spoil.hum(mains) for mains in (50, 60)}
        done = dict(zip(leads, changes, strict=False))
        after = record_quality(spoil.spoilt(one.record, {lead: changes[kind] for lead, kind in done.items()}))
        slow = " at 100 samples/s" if one.record.sampling_rate <= 100 else ""
        for lead, kind in done.items():
            where = slow if kind == "clipped" else ""
            detected.add(f"{kind}, in one lead{where}", kind.split(",")[0] in of_lead(after, lead).faults)
        for lead in set(sound) - set(done):
            beside.add(bool(of_lead(after, lead).faults))
        _spoil_whole(one, before, detected)
    rows = [
        count.row(name, "done to sound leads of real ECGs", _all_found(name, count))
        for name, count in detected.by_name.items()
    ]
    return [*rows, beside.row("leads left alone", "badged all the same")]


def _all_found(name: str, count: Count) -> Target | None:
    """All faults but those that are known not to be found."""
    return None if "LA/LL" in name else at_least(100, 100 * count.share, "%")


def _spoil_whole(one: RealECG, before: RecordQuality, detected: Counts) -> None:
    """Wrong gains, swapped electrodes and a pacemaker."""
    for gain in (10.0, 0.1):
        after = record_quality(spoil.scaled(one.record, gain))
        detected.add(f"gain x {gain:g}", all("amplitude" in lead.faults or lead.flat for lead in after.leads))
    if not before.limb_reversal and all(lead.measurable and not lead.noisy for lead in before.leads):
        for swap in ("RA/LA", "RA/LL", "LA/LL"):
            named = record_quality(spoil.swapped(one.record, swap)).limb_reversal
            detected.add(f"{swap} swapped, all leads sound", named == swap)
    if one.record.sampling_rate >= 500 and not before.pacing:
        detected.add("pacing spikes of 1 mV", bool(record_quality(spoil.paced(one.record)).pacing))


def noise_rows(judged: Sequence[tuple[RealECG, RecordQuality]], folder: Path) -> list[Row]:
    """Recorded noise added to sound leads, at six signal-to-noise ratios in six leads at once."""
    rows = []
    for name, (badge, words) in NOISES.items():
        source = read_noise(folder, name)
        counts = Counts()
        for number, (one, before) in enumerate(judged):
            rng = np.random.default_rng([SEED, number])
            sound = [str(lead) for lead in rng.permutation([x.lead for x in before.leads if not x.faults])]
            done = dict(zip(sound, DECIBELS, strict=False))
            changes = {
                lead: spoil.with_noise(_stretch(source, one.record, rng), db) for lead, db in done.items()
            }
            after = record_quality(spoil.spoilt(one.record, changes))
            for lead, db in done.items():
                counts.add(f"nstdb {words} at {db} dB: badge {badge}", badge in of_lead(after, lead).faults)
        ordered = sorted(counts.by_name.items(), key=lambda item: -_decibels(item[0]))
        rows += [count.row(what, "added to sound leads of real ECGs") for what, count in ordered]
    return rows


def _decibels(what: str) -> int:
    return int(what.split(" at ")[1].split(" dB")[0])


def _stretch(source: ECGRecord, record: ECGRecord, rng: np.random.Generator) -> spoil.Lead:
    """A stretch of the noise, anywhere in it, at the record's rate and a little longer."""
    length = round((record.duration + 1) * source.sampling_rate)
    first = int(rng.integers(0, source.n_samples - length))
    part = source.signal[int(rng.integers(0, source.n_leads)), first : first + length]
    return resample(part, source.sampling_rate, record.sampling_rate).astype(np.float64)


def rhythm_rows(folder: Path) -> list[Row]:
    """The share of single leads with "electrode off" whose rhythm is known; some have lost electrodes."""
    counts = Counts()
    for source in ("cudb", "mitdb"):
        for window in rhythm_windows(source, folder / source):
            kind = "ventricular" if window.rhythm in VENTRICULAR else "other"
            off = any(lead.electrode_off for lead in record_quality(window.record).leads)
            counts.add(f"{source}, windows of {kind} rhythm with electrode off", off)
    how = "windows of 10 s as published, true faults among them"
    return [count.row(name, how) for name, count in counts.by_name.items()]


def pacing_rows(folder: Path) -> list[Row]:
    """Labelled pacemakers are so few that all folds are taken, also those that limits were chosen on."""
    counts = Counts()
    for one in records(folder, range(11), ("challenge2021", "ludb")):
        if one.record.sampling_rate < 450:
            continue
        who = "labelled pacemakers" if set(PACEMAKER) & set(one.codes) else "all others"
        counts.add(f"{who} at 500 Hz and above", bool(pacing_spikes(one.record)))
        slower = resample(one.record.signal, one.record.sampling_rate, SLOWER).astype(np.float32)
        slow = replace(one.record, signal=slower, sampling_rate=SLOWER)
        counts.add(f"{who}, resampled to {SLOWER:g} Hz", bool(pacing_spikes(slow)))
    for window in rhythm_windows("mitdb", folder / "mitdb"):
        counts.add("mitdb at 360 Hz, none of these is paced", bool(pacing_spikes(window.record)))
    return [count.row(name, "spikes found, all folds") for name, count in sorted(counts.by_name.items())]


def time_rows() -> list[Row]:
    """Times of a record of 10 s and of one of an hour."""
    rows = []
    for seconds, repeats, most in ((10.0, 20, 0.020), (3600.0, 3, 2.0)):
        record = synthesise(SyntheticConfig(noise=0.01, wander=0.1, duration=seconds)).record
        taken = []
        for _ in range(repeats):
            started = time.process_time()
            record_quality(record)
            taken.append(time.process_time() - started)
        spread = f"{1000 * min(taken):.0f}-{1000 * max(taken):.0f} ms, n = {repeats}"
        typical = float(np.median(taken))
        what = f"quality of {seconds:g} s of 12 leads at 500 Hz"
        rows.append(
            Row(
                what,
                f"{1000 * typical:.0f} ms",
                "median, processor time",
                at_most(most, typical, "s"),
                spread,
            )
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of unpacked archives")
    folder = parser.parse_args(arguments).data
    rows, notes = [*synthetic_rows(), *time_rows()], []
    if folder is not None:
        try:
            judged = [(one, record_quality(one.record)) for one in records(folder, JUDGED)]
            rows += [*false_alarm_rows(judged), *spoilt_rows(judged), *noise_rows(judged, folder / "nstdb")]
            rows += [*rhythm_rows(folder), *pacing_rows(folder)]
        except EcgAppError as error:
            tell(str(error))
            return 1
        notes = [
            f"Real ECGs: folds {JUDGED[0]}-{JUDGED[-1]}; limits were chosen on {FITTED[0]}-{FITTED[-1]}."
        ]
    show("Quality of recordings", rows, notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
