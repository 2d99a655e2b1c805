"""The ventricular network: shapes, what it may learn from partial truth, and how its answers become runs."""

import numpy as np
import pytest
import torch

from ecgapp.datasets.rhythm_marks import MarkedSpan, RhythmRecording, read_spans
from ecgapp.errors import ConfigError, DatasetError, ModelError, SignalError
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRhythm, ventricular_rhythm
from ecgapp.models import (
    ModelCard,
    Provenance,
    TrainedModel,
    VentricularConfig,
    build,
)
from ecgapp.records import ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals import PreprocessingConfig
from ecgapp.training.ventricular.ventricular_fit import (
    VentricularFitConfig,
    ensemble,
    learn_member,
    partial_loss,
)
from ecgapp.training.ventricular.ventricular_judging import NO_PATIENT, JudgedRecord, alone, judge, windows_of
from ecgapp.training.ventricular.ventricular_strips import (
    ANY,
    FIBRILLATION,
    NOISE,
    ORGANISED,
    TACHYCARDIA,
    Strip,
    frame_masks,
    kind_of,
    synthetic_strips,
)

CONFIG = VentricularConfig(n_samples=256, width=8, dilations=(1, 2, 4), members=2)
PREPROCESSING = PreprocessingConfig(("any lead",), 125.0, 0.5, 40.0, 2, 256, 128)
FRAMES_A_SECOND = 31.25


def rhythm(*parts, n_leads=1):
    """Probabilities that change at whole seconds: (seconds, tachycardia, fibrillation)."""
    columns = []
    for seconds, tachycardia, fibrillation in parts:
        one = [1 - tachycardia - fibrillation, tachycardia, fibrillation, 0.0]
        columns += [one] * round(seconds * FRAMES_A_SECOND)
    probabilities = np.repeat(np.array(columns, np.float32).T[None], n_leads, axis=0)
    return VentricularRhythm(tuple("ABCDEF"[:n_leads]), probabilities, FRAMES_A_SECOND)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    network = build(CONFIG).eval()
    card = ModelCard(
        "ventricular",
        "Ventricular rhythms",
        CONFIG,
        PREPROCESSING,
        Provenance((), "", "", 1, 1, 0, 0, "random"),
    )
    return TrainedModel(network, card)


def test_a_frame_is_a_patch_of_samples_and_classes_are_probabilities(model):
    logits = model.network(torch.randn(3, 1, 256))
    assert logits.shape == (3, 4, 64)
    torch.testing.assert_close(logits.softmax(dim=1).sum(dim=1), torch.ones(3, 64))


def test_the_answer_does_not_depend_on_the_recorders_gain(model):
    window = torch.randn(1, 1, 256)
    once, louder = model.network(window).softmax(1), model.network(50 * window).softmax(1)
    assert (once - louder).abs().max() < 0.05


def test_the_members_answer_is_the_mean_of_their_probabilities(model):
    window = torch.randn(2, 1, 256)
    each = [alone(model, member).network(window).softmax(1) for member in (0, 1)]
    torch.testing.assert_close(model.network(window).softmax(1), (each[0] + each[1]) / 2)


def test_a_patch_that_does_not_divide_the_window_is_refused():
    with pytest.raises(ConfigError, match="whole number of patches"):
        VentricularConfig(n_samples=255)


def test_partial_truth_is_met_by_any_class_that_it_allows():
    sure_of_tachycardia = torch.tensor([[[-9.0], [9.0], [-9.0], [-9.0]]])
    for allowed, small in ((TACHYCARDIA | FIBRILLATION, True), (ORGANISED | NOISE, False)):
        masks = torch.tensor([[allowed]], dtype=torch.uint8)
        assert (float(partial_loss(sure_of_tachycardia, masks)) < 0.01) is small


def test_frames_that_may_have_any_class_do_not_count():
    logits = torch.randn(1, 4, 2)
    first = torch.tensor([[TACHYCARDIA, ANY]], dtype=torch.uint8)
    alone_ = partial_loss(logits[..., :1], first[:, :1])
    torch.testing.assert_close(partial_loss(logits, first), alone_)


def test_every_class_is_possible_around_a_mark_and_unmarked_time_is_unknown():
    record = ECGRecord("r", np.zeros((1, 2500), np.float32), 250.0, ("ECG",))
    spans = (MarkedSpan(2.0, 6.0, "fibrillation"), MarkedSpan(6.0, 10.0, "organised"))
    masks = frame_masks(RhythmRecording("cudb/x", record, spans, "unsure"), 1250, 125.0)
    assert set(masks[: 125 * 2 - 30].tolist()) == {ANY}
    assert set(masks[125 * 3 : 125 * 5].tolist()) == {FIBRILLATION}
    assert masks[125 * 6] == ANY
    assert set(masks[125 * 7 :].tolist()) == {ORGANISED}


def test_a_noisy_record_is_not_said_to_be_organised_and_a_labelled_tachycardia_may_hold_normal_beats():
    assert kind_of(frozenset({"CINC2017:~"}), "cinc2017") == ("hand-held", ORGANISED | NOISE)
    assert kind_of(frozenset({"SNOMED:425856008"}), "challenge")[1] == ORGANISED | TACHYCARDIA | FIBRILLATION


def test_windows_that_are_neither_mostly_ventricular_nor_organised_are_left_out():
    record = ECGRecord("r", np.zeros((1, 7500), np.float32), 250.0, ("ECG",))
    spans = (MarkedSpan(0, 4, "fibrillation"), MarkedSpan(4, 20, "organised"), MarkedSpan(20, 30, "flutter"))
    found = list(windows_of(RhythmRecording("cudb/x", record, spans, "unsure"), 0))
    assert [(one.kind, one.ventricular) for one in found] == [
        ("cudb, organised", False),
        ("cudb, ventricular", True),
    ]


def test_unreadable_marks_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "cudb.csv").write_text("record,start_s,end_s,rhythm\ncu01,0,1,happy\n")
    with pytest.raises(DatasetError, match="unknown rhythms: happy"):
        read_spans(tmp_path / "cudb.csv")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_spans(tmp_path / "none.csv")


def test_an_organised_rhythm_has_no_run():
    assert rhythm((10, 0.1, 0.2)).runs == ()


def test_a_run_begins_and_ends_where_the_probability_does():
    (run,) = rhythm((3, 0, 0), (4, 0.9, 0.05), (3, 0, 0)).runs
    assert (run.start, run.end) == (pytest.approx(3, abs=0.1), pytest.approx(7, abs=0.1))
    assert not run.fibrillation


def test_a_short_gap_does_not_part_a_run_and_a_flicker_is_none():
    assert len(rhythm((3, 0, 0.9), (0.4, 0, 0), (3, 0, 0.9)).runs) == 1
    assert rhythm((4, 0, 0), (0.5, 0.9, 0), (4, 0, 0)).runs == ()


def test_tachycardia_that_turns_into_fibrillation_gives_both():
    runs = rhythm((2, 0, 0), (5, 0.95, 0), (6, 0, 0.95)).runs
    assert [run.fibrillation for run in runs] == [False, True]
    assert runs[0].end == runs[1].start == pytest.approx(7, abs=0.3)


def test_a_lead_of_noise_counts_less_than_one_with_a_rhythm():
    clear = rhythm((10, 0, 0.9)).probabilities
    noise = np.zeros_like(clear)
    noise[:, 3] = 1.0
    both = VentricularRhythm(("A", "B"), np.concatenate([clear, noise]), FRAMES_A_SECOND)
    (run,) = both.runs
    assert run.leads == ("A",)


def test_records_of_any_length_and_lead_name_are_read(model):
    record = synthesise(SyntheticConfig("sinus", duration=20)).record
    one = ECGRecord("r", record.signal[1:2], record.sampling_rate, ("ECG",))
    found = ventricular_rhythm(one, model)
    assert found.leads == ("ECG",)
    assert found.probabilities.shape == (1, 4, 625)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_a_record_without_a_signal_is_refused_and_so_is_another_model(model):
    flat = ECGRecord("r", np.zeros((1, 2500), np.float32), 250.0, ("ECG",))
    with pytest.raises(SignalError, match="No lead has a signal"):
        ventricular_rhythm(flat, model)
    card = ModelCard("x", "x", CONFIG, PREPROCESSING, model.card.provenance)
    other = TrainedModel(torch.nn.Identity(), card)
    other.network.config = object()
    with pytest.raises(ModelError, match="does not recognise"):
        ventricular_rhythm(flat, other)


def test_a_member_learns_to_tell_fibrillation_from_sinus_rhythm():
    torch.set_num_threads(1)
    config = VentricularFitConfig(
        "v", "v", CONFIG, PREPROCESSING, {}, synthetic=2, steps=60, learning_rate=5e-3
    )
    strips = [*synthetic_strips(2, PREPROCESSING, 0), *_others()]
    losses = []
    members = [learn_member(config, strips, fold, lambda step, loss: losses.append(loss)) for fold in (0, 1)]
    network = ensemble(config, members)
    model = TrainedModel(
        network, ModelCard("v", "v", CONFIG, PREPROCESSING, Provenance((), "", "", 1, 1, 0, 0, ""))
    )
    shares = {
        name: ventricular_rhythm(synthesise(SyntheticConfig(name, seed=7)).record, model)
        .pooled[1:3]
        .sum(0)
        .mean()
        for name in ("sinus", "VFL")
    }
    assert shares["VFL"] > shares["sinus"] + 0.3


def test_noise_counts_as_records_of_nobody(model):
    signal = np.zeros((1, 2500), np.float32)
    record = ECGRecord("r", signal, 250.0, ("ECG",))
    judged = [JudgedRecord(record, "white noise", False, NO_PATIENT, fold) for fold in range(3)]
    judged += [JudgedRecord(record, "organised", False, "a", 0)] * 2
    noise, organised = judge(judged, model, "made").kinds
    assert (noise.n, noise.n_patients, noise.called) == (3, 0, 0)
    assert (organised.n, organised.n_patients) == (2, 1)


def _others():
    """Strips of each kind that a batch needs, of a synthetic heart: the marks only matter for their kinds."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2000).astype(np.float32)
    sinus = next(synthetic_strips(1, PREPROCESSING, 0)).signal
    kinds = ("cudb", "mitdb", "tachycardia", "resembling", "other", "hand-held")
    ventricular = np.full(sinus.size, ORGANISED, np.uint8)
    ventricular[600:] = FIBRILLATION
    flutter = synthesise(SyntheticConfig("VFL", sampling_rate=125.0, seed=3)).record.signal[1]
    mixed = np.where(ventricular == ORGANISED, sinus, flutter[: sinus.size] / flutter.std()).astype(
        np.float32
    )
    strips = [Strip(mixed, ventricular, kind, kind, 0) for kind in kinds[:2]]
    strips += [Strip(mixed, ventricular, kind, kind, 1) for kind in kinds[:2]]
    strips += [Strip(sinus, np.full(sinus.size, ORGANISED, np.uint8), kind, kind, -1) for kind in kinds[2:]]
    strips.append(Strip(noise, np.full(noise.size, NOISE, np.uint8), "noise", "noise", -1))
    return strips
