"""Windows, augmentation, losses, schedule: the parts of a training, each against a law."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import (
    FINETUNING,
    PREPROCESSING,
    PRETRAINING,
    Recorder,
    load_records,
    small_settings,
    write_store,
)
from torch.nn import functional as F

from ecgapp.datasets import DatasetStore, open_store
from ecgapp.errors import ConfigError, DatasetError, TrainingError
from ecgapp.models import ECGClassifierConfig, build
from ecgapp.models.answers import ProbabilityRule, combine_windows
from ecgapp.signals import cut_windows, preprocess, window_starts
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of
from ecgapp.tasks import csv_task, task
from ecgapp.training import (
    AugmentationConfig,
    Stopped,
    TrainingConfig,
    pretraining_defaults,
)
from ecgapp.training.data import buffer, in_memory
from ecgapp.training.data.augmentation import Augmentation
from ecgapp.training.data.fixed_scale import with_fixed_scale
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.data.random_streams import Draws
from ecgapp.training.data.sharding import deal, epoch_order
from ecgapp.training.data.window_sampling import all_windows, random_windows
from ecgapp.training.loop.schedule import LayerRates, WeightAverage, one_cycle, parameter_groups
from ecgapp.training.objective import ClassificationObjective, label_weights
from ecgapp.training.parallel.process_group import ALONE

WINDOW = PREPROCESSING.window


@pytest.fixture(scope="module")
def records(settings):
    config = replace(PRETRAINING, augmentation=AugmentationConfig(shift=0.3))
    return load_records(config, open_stores(config, settings), Recorder())


def test_a_training_reads_the_very_windows_that_the_app_reads(settings, records):
    store = open_store("small", settings)
    rows = store.rows((1, 2, 3, 4))
    for number, row in enumerate(rows):
        record = store.record(int(row))
        alone = preprocess(record.select(PREPROCESSING.leads), record.sampling_rate, PREPROCESSING)
        windows = all_windows(records, np.array([number]))
        expected = cut_windows(alone, PREPROCESSING).windows
        np.testing.assert_array_equal(records.cut(windows.positions.tolist()).numpy(), expected)
    assert min(records.lengths) < WINDOW < max(records.lengths)


def test_a_byte_that_changed_in_a_shard_is_not_learnt_from(tmp_path):
    settings = small_settings(tmp_path)
    stores = open_stores(PRETRAINING, settings)
    shard = stores[0].path / stores[0].manifest.shards[0].signals
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1  # as long as before
    shard.write_bytes(content)
    with pytest.raises(DatasetError, match="Import it again"):
        load_records(PRETRAINING, stores, Recorder())


def test_a_process_checks_only_the_files_that_hold_its_records(tmp_path, monkeypatch):
    seen = []

    def noted(path):
        seen.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr("ecgapp.datasets.store.sha256_of", noted)
    monkeypatch.setattr("ecgapp.datasets.shards.SHARD_BYTES", 2_500)  # one record
    config = replace(PRETRAINING, train_folds=(1,), validation_folds=(2,))
    stores = open_stores(config, small_settings(tmp_path))
    records = load_records(config, stores, Recorder())
    shards = stores[0].manifest.shards
    numbers = np.load(stores[0].path / "shard.npy")[records.row_of]
    read = [name for name in seen if name.startswith("signals-")]
    assert sorted(read) == sorted({shards[number].signals for number in numbers})
    assert 0 < len(read) < len(shards)


@pytest.mark.parametrize("stride", [1, 63, 64, WINDOW])
def test_the_windows_of_many_records_are_those_of_each_in_turn(stride, records):
    lengths = np.arange(1, 4 * WINDOW)
    first = np.cumsum(lengths) - lengths
    preprocessing = replace(PREPROCESSING, stride=stride)
    many = replace(records, lengths=lengths, first=first, preprocessing=preprocessing)
    rows = np.random.default_rng(0).choice(len(lengths), 300)  # in any order, some of them twice
    starts = [window_starts(int(lengths[row]), preprocessing) for row in rows]
    found = all_windows(many, rows)
    np.testing.assert_array_equal(
        found.positions, np.concatenate([first[row] + at for row, at in zip(rows, starts, strict=True)])
    )
    np.testing.assert_array_equal(found.owners, np.repeat(rows, list(map(len, starts))))
    assert len(all_windows(many, rows[:0])) == 0


def test_a_large_set_is_kept_in_half_the_memory_at_the_same_shape(settings, records, monkeypatch):
    config = replace(PRETRAINING, augmentation=AugmentationConfig(shift=0.3))
    monkeypatch.setattr(buffer, "_LARGE", 0)
    small = load_records(config, open_stores(config, settings), Recorder())
    assert small.signals.nbytes * 2 == records.signals.nbytes
    torch.testing.assert_close(small.cut([0, 40]), records.cut([0, 40]), atol=2e-3, rtol=1e-3)


def test_comparing_many_files_can_be_stopped_between_two_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.datasets.shards.SHARD_BYTES", 2_500)  # one record
    stores = open_stores(PRETRAINING, small_settings(tmp_path))
    compared = []
    monkeypatch.setattr(DatasetStore, "verify_index", lambda store: None)
    monkeypatch.setattr(DatasetStore, "verify_file", lambda store, name: compared.append(name))
    recorder = Recorder()
    recorder.should_stop = lambda: len(compared) == 3
    with pytest.raises(Stopped):
        load_records(PRETRAINING, stores, recorder)
    assert len(compared) == 3


def test_preparing_a_large_set_can_be_stopped(settings, monkeypatch):
    monkeypatch.setattr(in_memory, "_PART", 4)
    with pytest.raises(Stopped):
        load_records(PRETRAINING, open_stores(PRETRAINING, settings), Recorder(stop_after=3))


def test_both_ways_of_cutting_give_the_same_windows(records):
    positions = all_windows(records, np.arange(len(records))).positions
    views = records.signals.unfold(1, WINDOW, 1).transpose(0, 1)
    assert torch.equal(views[torch.from_numpy(positions)], records.cut(positions.tolist()))


def test_an_epoch_takes_one_window_of_every_record_within_the_shift(records):
    rows = np.arange(len(records))
    windows = random_windows(records, rows, len(rows), 0.3, np.random.default_rng(0))
    begin = windows.positions - records.first[windows.owners]
    latest = np.maximum(records.lengths[windows.owners] - WINDOW, 0)
    assert sorted(windows.owners) == rows.tolist()
    assert (begin >= -15).all()
    assert (begin <= latest + 15).all()
    assert (begin < 0).any()
    assert (begin > latest).any()


def test_a_shifted_window_never_holds_samples_of_another_record(records):
    first, last = int(records.first[3]), int(records.first[3] + records.lengths[3])
    early, late = records.cut([first - 15, last - WINDOW + 15])
    assert not early[:, :15].any()
    assert not late[:, -15:].any()


def test_epochs_differ_and_each_comes_again_from_its_seed(records):
    rows = np.arange(len(records))
    lanes = deal(records, rows, 4, 2)
    one, again, other = (epoch_order(records, lanes, ALONE, 0.3, (0, e)).positions for e in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_a_data_set_of_weight_three_is_drawn_three_times_as_often(tmp_path):
    settings = small_settings(tmp_path)
    write_store(settings.stores / "more", 32, patients="other")
    config = replace(PRETRAINING, stores=("small", "more"), store_weights=(1.0, 3.0))
    records = load_records(config, open_stores(config, settings), Recorder())
    rows = np.arange(len(records))
    lanes = deal(records, rows, 8, 4)
    owners = np.concatenate([epoch_order(records, lanes, ALONE, 0.0, (0, e)).owners for e in range(40)])
    assert np.mean(owners >= len(rows) // 2) == pytest.approx(0.75, abs=0.03)


def augment(windows, *, seed=0, **amounts):
    everything = dict(gain=0.0, wander=0.0, muscle=0.0, shift=0.0) | amounts
    draws = Draws([seed], 0, torch.device("cpu"))
    draws.set_batch(len(windows), slice(0, len(windows)))
    seen, clean = Augmentation(AugmentationConfig(**everything), 500.0, draws)(windows[:, None])
    return seen[:, 0], clean[:, 0]


WINDOWS = torch.randn(64, 3, 200, generator=torch.Generator().manual_seed(5))


def test_no_augmentation_changes_nothing():
    seen, clean = augment(WINDOWS)
    assert torch.equal(seen, WINDOWS)
    assert torch.equal(clean, WINDOWS)


def test_polarity_turns_whole_windows():
    seen, clean = augment(WINDOWS, polarity=0.5)
    ratio = seen / WINDOWS
    assert torch.equal(seen, clean)
    assert torch.equal(ratio, ratio[:, :1, :1].expand_as(ratio))
    assert set(ratio.unique().tolist()) == {-1.0, 1.0}


def test_gain_scales_each_lead_in_what_is_seen_and_what_is_asked():
    seen, clean = augment(WINDOWS, gain=0.2)
    ratio = seen / WINDOWS
    assert torch.equal(seen, clean)
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio), atol=1e-5, rtol=1e-4)
    assert ratio[..., 0].log().std().item() == pytest.approx(0.2, rel=0.2)


def test_a_dropped_lead_is_flat_to_the_network_and_still_asked_for():
    seen, clean = augment(WINDOWS, lead_dropout=0.4)
    flat = (seen == 0).all(-1)
    assert torch.equal(clean, WINDOWS)
    assert torch.equal(seen[~flat], WINDOWS[~flat])
    assert flat.float().mean().item() == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("noise", ["wander", "muscle", "mains"])
def test_noise_is_seen_and_never_asked_for(noise):
    before = WINDOWS.clone()
    seen, clean = augment(WINDOWS, **{noise: 0.5})
    added = seen - WINDOWS
    assert torch.equal(clean, WINDOWS)
    assert torch.equal(WINDOWS, before)
    assert 0 < added.abs().mean() < 0.5
    assert torch.equal(seen, augment(WINDOWS, **{noise: 0.5})[0])
    assert not torch.equal(seen, augment(WINDOWS, **{noise: 0.5}, seed=1)[0])


def test_mains_hum_has_its_frequency_and_is_left_out_where_it_cannot_be_sampled():
    silence = torch.zeros(8, 1, 500)
    spectrum = torch.fft.rfft(augment(silence, mains=1.0)[0]).abs()
    assert set(spectrum.argmax(-1).flatten().tolist()) == {50, 60}
    draws = Draws([0], 0, torch.device("cpu"))
    slow = Augmentation(AugmentationConfig(0, 0, 0, 0, 0, mains=1.0, shift=0), 100.0, draws)
    assert not slow(silence[:, None])[0].any()


def test_an_unknown_answer_weighs_nothing_in_the_loss():
    objective = ClassificationObjective(csv_task(("a", "b")), [np.ones(2, np.float32)], FINETUNING)
    logits = torch.randn(4, 2)
    targets = torch.tensor([[1.0, 0.0], [0.0, torch.nan], [torch.nan, torch.nan], [1.0, 1.0]])
    known = ~targets.isnan()
    expected = F.binary_cross_entropy_with_logits(logits[known], targets[known])
    torch.testing.assert_close(objective.losses(logits, logits, targets[:, None]), expected[None])


def test_no_known_answer_is_no_loss_rather_than_no_number():
    objective = ClassificationObjective(csv_task(("a",)), [np.ones(1, np.float32)], FINETUNING)
    unknown = torch.full((3, 1, 1), torch.nan)
    assert objective.losses(torch.randn(3, 1), torch.zeros(1), unknown).item() == 0


def test_where_one_label_is_true_the_loss_is_the_cross_entropy():
    weights = np.array([1.0, 2.0, 0.5, 1.0], np.float32)
    objective = ClassificationObjective(task("cinc2017_rhythm"), [weights], FINETUNING)
    logits, truths = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 3, 1])
    loss = objective.losses(logits, logits, F.one_hot(truths, 4).float()[:, None])
    torch.testing.assert_close(loss[0], F.cross_entropy(logits, truths, weight=torch.from_numpy(weights)))


def test_full_weighting_makes_both_answers_of_a_label_weigh_the_same():
    targets = np.array([[1, 1], [0, np.nan], [0, 0], [0, 0]], np.float32)
    np.testing.assert_allclose(label_weights(targets, 1.0, multilabel=True), [3, 2])
    np.testing.assert_allclose(label_weights(targets, 0.0, multilabel=True), [1, 1])
    np.testing.assert_allclose(label_weights(targets[[0, 2]][:, :1], 0.5, multilabel=True), [1])


def test_windows_become_their_records_mean_or_maximum_in_the_order_asked():
    answers = np.array([[0.1, 0.9], [0.3, 0.1], [0.5, 0.5]], np.float32)
    owners, rows = np.array([7, 7, 2]), np.array([7, 2])
    np.testing.assert_allclose(combine_windows(answers, owners, rows, "mean"), [[0.2, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(combine_windows(answers, owners, rows, "max"), [[0.3, 0.9], [0.5, 0.5]])


def test_a_temperature_moves_probabilities_and_not_their_order():
    logits = np.array([[-2.0, 0.0, 3.0]], np.float32)
    cold, hot = ProbabilityRule(True).windows(logits), ProbabilityRule(True, 4.0).windows(logits)
    assert (np.abs(hot - 0.5) <= np.abs(cold - 0.5)).all()
    assert ProbabilityRule(False).windows(logits).sum() == pytest.approx(1)


def test_the_learning_rate_rises_to_its_top_once_and_falls_to_almost_nothing():
    rates = np.array([one_cycle(step, 200, 0.25) for step in range(200)])
    assert rates.max() == rates[50] == pytest.approx(1)
    assert (np.diff(rates[:51]) > 0).all()
    assert (np.diff(rates[50:]) < 0).all()
    assert 0 < rates[-1] < 0.01
    assert one_cycle(0, 1, 0.0) == 1


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_the_average_follows_the_weights(decay):
    network, averaged = (build(FINETUNING.network) for _ in range(2))
    average = WeightAverage(network, averaged, decay)
    before = averaged.head[1].weight.clone()
    average.update(step=10**6)
    expected = decay * before + (1 - decay) * network.head[1].weight
    torch.testing.assert_close(averaged.head[1].weight, expected)
    torch.testing.assert_close(averaged.encoder.stem[1].running_mean, network.encoder.stem[1].running_mean)


def test_only_matrices_decay_and_the_encoder_has_its_own_rate():
    network = build(ECGClassifierConfig(PRETRAINING.network, 2))
    groups = parameter_groups(network, 1.0, 0.1, LayerRates(1, 0.5, 0.5))
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    for group in groups:
        inside = {id(weight) for weight in network.encoder.parameters()}
        assert all(id(weight) in inside for weight in group["params"]) is (group["lr"] == 0.5)
        assert all((weight.ndim > 1) is (group["weight_decay"] > 0) for weight in group["params"])


@pytest.mark.parametrize("config", [PRETRAINING, FINETUNING, pretraining_defaults()])
def test_a_config_comes_back_from_its_document(config):
    assert documents.load(TrainingConfig, documents.dump(config)) == config


@pytest.mark.parametrize(
    ("config", "changes", "words"),
    [
        (PRETRAINING, {"name": "../x"}, "name"),
        (PRETRAINING, {"phase": "sleep"}, "pretrain or finetune"),
        (PRETRAINING, {"network": FINETUNING.network}, "autoencoder"),
        (PRETRAINING, {"initialisation": "transfer"}, "name of a pretrained"),
        (PRETRAINING, {"pretrained": "x"}, "random start"),
        (PRETRAINING, {"initialisation": "frozen"}, "frozen"),
        (PRETRAINING, {"members": 2}, "ensembles"),
        (PRETRAINING, {"preprocessing": replace(PREPROCESSING, window=64)}, "window"),
        (PRETRAINING, {"preprocessing": replace(PREPROCESSING, leads=("I",))}, "leads"),
        (PRETRAINING, {"stores": ()}, "data set"),
        (PRETRAINING, {"store_weights": (1.0, 1.0)}, "weight"),
        (PRETRAINING, {"validation_folds": (3,)}, "not for both"),
        (PRETRAINING, {"train_folds": (0, 1)}, "from 1"),
        (PRETRAINING, {"epochs": 0}, "Epochs"),
        (PRETRAINING, {"lanes": 0}, "lanes"),
        (PRETRAINING, {"seed": -1}, "seed cannot be negative"),
        (PRETRAINING, {"seed": 2**53}, "seed is at most 9007199254740991"),
        (PRETRAINING, {"warmup": 1.0}, "Warm-up"),
        (PRETRAINING, {"clip_gradient": -1.0}, "negative"),
        (PRETRAINING, {"precision": "fp8"}, "Precision"),
        (FINETUNING, {"task": "nine_class"}, "either"),
        (FINETUNING, {"label_columns": ()}, "either"),
        (FINETUNING, {"members": 5}, "at most one"),
        (FINETUNING, {"threshold_beta": 0.0}, "Beta"),
    ],
    ids=str,
)
def test_nonsense_is_refused_before_it_starts(config, changes, words):
    with pytest.raises(ConfigError, match=words):
        replace(config, **changes)


def test_a_task_with_another_number_of_labels_is_refused():
    with pytest.raises(ConfigError, match="9 labels"):
        replace(FINETUNING, label_columns=(), task="nine_class").labels()


@pytest.mark.parametrize("changes", [{"polarity": 2.0}, {"lead_dropout": 1.0}, {"muscle": -0.1}], ids=str)
def test_an_impossible_augmentation_is_refused(changes):
    with pytest.raises(ConfigError):
        AugmentationConfig(**changes)


def test_a_fixed_scale_is_that_of_all_samples_of_the_folds(settings):
    store = open_store("small", settings)
    plain = replace(PREPROCESSING, highpass=None, lowpass=None)
    scaled = with_fixed_scale(plain, store, (1, 2, 3))
    assert scaled == replace(plain, fixed_mean=scaled.fixed_mean, fixed_deviation=scaled.fixed_deviation)
    config = replace(PRETRAINING, preprocessing=scaled)
    records = load_records(config, open_stores(config, settings), Recorder())
    samples = np.concatenate(
        [
            records.signals[:, records.first[row] : records.first[row] + records.lengths[row]].numpy().ravel()
            for row in records.rows((1, 2, 3))
        ]
    ).astype(np.float64)
    assert samples.mean() == pytest.approx(0, abs=1e-3)
    assert samples.std() == pytest.approx(1, abs=1e-3)


def test_folds_without_a_record_have_no_scale(settings):
    with pytest.raises(TrainingError, match="no signal to measure"):
        with_fixed_scale(PREPROCESSING, open_store("small", settings), (77,))
