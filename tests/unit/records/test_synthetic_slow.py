"""Synthetic pauses, blocks, pacemakers and repolarisation: their definitions over forty seeds."""

from itertools import pairwise

import numpy as np
import pytest
from synthetic_kinds import DURATION, event, forty, inside, kinds, rate_of, value, waves, width

from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.signals import record_quality

LIMITS = {"V2": 0.25, "V3": 0.25}  # mV at the J point, of men below 40 years; 0.1 in other leads
CONTIGUOUS = {
    "anterior": ("V2", "V3", "V4"),
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
}
MIRRORED = {"anterior": "III", "inferior": "aVL", "lateral": "III"}


def test_a_pause_is_the_gap_between_two_beats_and_3_to_6_seconds_long():
    for ecg in forty("sinus pause"):
        span = event(ecg, "pause")
        gaps = [(a.peak, b.peak) for a, b in pairwise(waves(ecg, "QRS"))]
        assert (span.start, span.end) == max(gaps, key=lambda gap: gap[1] - gap[0])
        assert 3 <= span.end - span.start < 6
        assert not inside(ecg, "P", span.start, span.end - 0.3)


def test_asystole_lasts_from_the_last_beat_to_the_end():
    starts = []
    for ecg in forty("asystole"):
        span, beats = event(ecg, "asystole"), waves(ecg, "QRS")
        assert span.end == DURATION
        assert span.start == (beats[-1].peak if beats else 0.0)
        assert span.end - span.start >= 6
        assert (len(inside(ecg, "P", span.start, span.end)) > 4) == (ecg.variant == "with P waves")
        behind = ecg.record.signal[:, round((span.start + 0.7) * ecg.record.sampling_rate) :]
        assert np.abs(behind).max() < 0.26
        starts.append(span.start)
    assert 8 <= sum(start == 0 for start in starts) <= 32


def test_a_gap_without_a_beat_behind_it_is_asystole_from_six_seconds_on_and_else_a_pause():
    for duration, kind in ((8.5, "asystole"), (14.0, "asystole")):
        ecg = synthesise(SyntheticConfig("asystole", duration=duration, onset=1.5, variant="without P waves"))
        assert kinds(ecg) == [kind]


def test_sinus_bradycardia_is_below_40_and_conducted():
    for ecg in forty("sinus bradycardia"):
        assert 27 < rate_of(waves(ecg, "QRS")) < 40
        for before, qrs in pairwise(waves(ecg, "QRS")):
            assert len(inside(ecg, "P", before.peak, qrs.peak)) == 1


def test_complete_block_has_its_own_regular_escape_and_p_waves_at_any_distance():
    for ecg in forty("III-AVB"):
        beats = waves(ecg, "QRS")
        rr = np.diff([qrs.peak for qrs in beats])
        assert rr.std() / rr.mean() < 0.03
        junctional = ecg.variant == "junctional escape"
        assert all((width(qrs) < 0.11) == junctional for qrs in beats)
        assert (40 < rate_of(beats) < 56) if junctional else (24 < rate_of(beats) < 40)
        pace = 60 / np.min(np.diff([p.peak for p in waves(ecg, "P")]))
        assert 60 < pace < 112
        pr = [min(q.onset - p.onset for p in waves(ecg, "P") if p.peak < q.onset) for q in beats[2:]]
        assert max(pr) - min(pr) > 0.06


@pytest.mark.parametrize("rhythm", ["II-AVB 2:1", "high-degree AVB"])
def test_fixed_block_has_two_three_or_four_p_waves_to_a_complex_and_one_pr_interval(rhythm):
    for ecg in forty(rhythm):
        ratio = 2 if rhythm == "II-AVB 2:1" else int(ecg.variant[0])
        beats = waves(ecg, "QRS")
        for before, qrs in pairwise(beats):
            assert len(inside(ecg, "P", before.peak, qrs.peak)) == ratio
        pr = [
            min(q.onset - p.onset for p in waves(ecg, "P") if p.onset < q.onset)
            for q in beats
            if q.onset > 0.3
        ]
        assert max(pr) - min(pr) < 0.001
        assert 0.12 < pr[0] < 0.24
        assert 21 < rate_of(beats) < 54


def test_wenckebach_prolongs_pr_until_a_beat_drops_out_and_is_not_critical():
    for ecg in forty("Wenckebach"):
        beats, dropped = waves(ecg, "QRS"), 0
        pr = []
        for before, qrs in pairwise(beats):
            between = inside(ecg, "P", before.peak, qrs.peak)
            dropped += len(between) == 2
            pr.append((len(between), qrs.onset - between[-1].onset))
        assert dropped >= 1
        assert kinds(ecg) == []
        assert all(late > early + 0.01 for (_, early), (n, late) in pairwise(pr) if n == 1)
        assert all(late < early for (_, early), (n, late) in pairwise(pr) if n == 2)
        assert np.diff([qrs.peak for qrs in beats]).max() < 2.2


def following(ecg, spike, kind, within=0.1):
    return [wave for wave in waves(ecg, kind) if 0 <= wave.onset - spike <= within]


def test_a_working_pacemaker_is_answered_after_every_spike():
    for ecg in forty("paced"):
        assert len(ecg.spikes) >= 9
        for spike in (spike for spike in ecg.spikes if spike < DURATION - 0.5):
            answer = [kind for kind in ("P", "QRS") if following(ecg, spike, kind, 0.05)]
            allowed = {"ventricular": ["QRS"], "atrial": ["P"], "dual": ["P", "QRS"]}[ecg.variant]
            assert len(answer) == 1
            assert answer[0] in allowed
        broad = ecg.variant != "atrial"
        assert all((width(qrs) >= 0.15) == broad for qrs in waves(ecg, "QRS"))
        assert np.diff(ecg.spikes).min() > 0.13


def test_spikes_are_one_to_three_millivolts_and_two_milliseconds():
    for seed in range(12):
        config = SyntheticConfig("paced", seed=seed)
        ecg = synthesise(config)
        rises = []
        for spike in ecg.spikes:
            at = round(spike * config.sampling_rate)
            if 3 <= at < ecg.record.n_samples - 3:
                around = (ecg.record.signal[:, at - 1] + ecg.record.signal[:, at + 1]) / 2
                rises.append(np.abs(ecg.record.signal[:, at] - around).max())
        assert 0.95 < min(rises) <= max(rises) < 3.05


@pytest.mark.parametrize("rhythm", ["paced", "pacing failure"])
def test_the_spikes_are_found_by_the_detector_of_pacing(rhythm):
    for seed in range(6):
        ecg = synthesise(SyntheticConfig(rhythm, seed=seed))
        found = np.array(record_quality(ecg.record).pacing)
        clear = [spike for spike in ecg.spikes if 0.02 < spike < DURATION - 0.02]
        near = [np.abs(found - spike).min() < 0.01 for spike in clear if len(found)]
        assert len(near) == len(clear)
        assert np.mean(near) > 0.9


def test_pacing_without_capture_is_the_span_of_the_spikes_that_nothing_follows():
    for ecg in forty("pacing failure"):
        span = event(ecg, "pacing_failure")
        lost = [spike for spike in ecg.spikes if not following(ecg, spike, "QRS")]
        lost = [spike for spike in lost if spike < DURATION - 0.5 or ecg.variant != "intermittent"]
        assert len(lost) >= 2
        assert span.start == lost[0]
        assert lost[-1] + 0.2 <= span.end + 0.2
        captured = [spike for spike in ecg.spikes if following(ecg, spike, "QRS")]
        if ecg.variant == "intermittent":
            assert len(captured) >= 3
        else:
            assert 25 < rate_of(waves(ecg, "QRS")) < 40
        assert np.ptp(np.diff(ecg.spikes)) < 0.005
        assert (len(waves(ecg, "P")) > 4) == (ecg.variant == "no capture, P waves")
        assert ("av_block" in kinds(ecg)) == (ecg.variant == "no capture, P waves")


def test_the_sine_wave_has_no_p_wave_and_its_complexes_run_into_their_t_waves():
    for ecg in forty("hyperkalaemia"):
        assert waves(ecg, "P") == []
        assert all(width(qrs) >= 0.18 for qrs in waves(ecg, "QRS"))
        assert 39 < rate_of(waves(ecg, "QRS")) < 112
        for qrs in waves(ecg, "QRS")[:-1]:
            t_wave = next(wave for wave in waves(ecg, "T") if wave.peak > qrs.peak)
            assert abs(t_wave.onset - qrs.offset) < 0.05
            assert value(ecg, "V5", t_wave.peak) * value(ecg, "V5", qrs.peak) < 0.02


def test_long_qt_intervals_are_500_ms_and_more_after_fridericia():
    for ecg in forty("long QT"):
        beats = waves(ecg, "QRS")
        rr = np.median(np.diff([qrs.peak for qrs in beats]))
        for qrs in beats:
            t_wave = [wave for wave in waves(ecg, "T") if qrs.offset < wave.peak < qrs.onset + 0.75]
            for wave in t_wave[:1]:
                assert 0.50 <= (wave.offset - qrs.onset) / np.cbrt(rr) <= 0.63
        assert 44 < rate_of(beats) < 86


def test_infarction_raises_two_contiguous_leads_at_the_j_point_and_lowers_the_mirror():
    for ecg in forty("STEMI"):
        beats = [qrs for qrs in waves(ecg, "QRS") if qrs.offset < DURATION - 0.1]

        def level(lead, ecg=ecg, beats=beats):
            return np.median([value(ecg, lead, qrs.offset) - value(ecg, lead, qrs.onset) for qrs in beats])

        leads = CONTIGUOUS[ecg.variant]
        raised = [level(lead) >= LIMITS.get(lead, 0.1) for lead in leads]
        assert any(one and other for one, other in pairwise(raised)), (ecg.variant, list(map(level, leads)))
        assert level(MIRRORED[ecg.variant]) <= -0.05
