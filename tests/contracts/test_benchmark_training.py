"""The benchmark of training: its yardstick is the published network, its parts measure what they say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.training import __main__ as training
from benchmarks.training import lead2, learning, memory, overhead, peak, rates
from benchmarks.training.contestants import Contestant, fast, makers, recipe
from benchmarks.training.plain_jang import PlainJang
from ecgapp.models import FoldAutoencoderConfig, JangAutoencoderConfig, build

CPU = torch.device("cpu")
SLOW_MEMORY = peak.Machine(peak=1e9, bandwidth=1.0)
FAST_MEMORY = peak.Machine(peak=1e9, bandwidth=float("inf"))


@pytest.fixture
def config():
    """The recipe with a tiny network, for two epochs of two windows a step."""
    tiny = FoldAutoencoderConfig(1, 2048, patch=64, widths=(4,), depths=(1,), kernel=3, squeeze=2, latent=3)
    return replace(recipe(2, 0, "cpu"), network=tiny, epochs=2, precision="fp32")


@pytest.fixture
def records(config):
    """Four records of training and two of validation, each a window long."""
    signals = torch.randn(1, 8 * 2048, generator=torch.Generator().manual_seed(0))
    first, lengths = 2048 * np.arange(1, 7), np.full(6, 2048)
    return lead2.record_set(signals, first, lengths, np.array([1, 2, 3, 4, 9, 9]), config)


def convolution_weights(filters, kernel):
    """Jang's convolutions by hand, without biases: stem, nine blocks twice, 1x1 shortcuts, output."""
    widths = [1, 1, 1, 2, 3, 4, 4, 5, 5, 5]
    kernels = [kernel] * 6 + [kernel // 2] * 3
    blocks = shortcuts = mirrored = 0
    for before, after, width in zip(widths, widths[1:], kernels, strict=False):
        blocks += (before * after + after * after) * width
        mirrored += (after * after + after * before) * width
        shortcuts += before * after if before != after else 0
    return filters**2 * (blocks + mirrored + shortcuts) + kernel * filters + filters


def test_the_plain_network_has_the_published_convolutions():
    convolutions = [part for part in PlainJang().modules() if isinstance(part, nn.Conv1d)]
    wide = [part for part in convolutions if part.kernel_size != (1,)]
    assert len(wide) == 1 + 2 * 9 + 2 * 9
    assert {part.kernel_size[0] for part in wide} == {19, 9}
    assert sum(part.weight.numel() for part in convolutions) == convolution_weights(filters=16, kernel=19)


def test_the_plain_network_has_sixty_features_and_gives_back_the_window():
    network = PlainJang().eval()
    windows = torch.randn(1, 1, 2048, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert network.encoder(windows).shape == (1, 80, 16)
        assert network.encode(windows).shape == (1, 60)
        assert network(windows).shape == windows.shape
    dense = [
        (part.in_features, part.out_features) for part in network.modules() if isinstance(part, nn.Linear)
    ]
    assert dense == [(1280, 640), (640, 60), (60, 1280)]


def test_the_app_has_the_plain_network_in_other_layers():
    """The same parameters in the same order, and the same numbers out."""
    torch.manual_seed(0)
    plain, ours = PlainJang(), build(JangAutoencoderConfig())
    theirs = {name: tensor for name, tensor in plain.state_dict().items() if tensor.ndim}
    names = [name for name, tensor in ours.state_dict().items() if tensor.ndim]
    assert sum(weight.numel() for weight in plain.parameters()) == 2_446_797
    paired = zip(names, theirs.values(), strict=True)
    shapes = ours.state_dict()
    ours.load_state_dict({name: tensor.reshape(shapes[name].shape) for name, tensor in paired}, strict=False)
    windows = torch.randn(2, 1, 2048, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for network in (plain, ours):
            network.eval()
        torch.testing.assert_close(ours.encode(windows), plain.encode(windows), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(ours(windows), plain(windows), atol=1e-5, rtol=1e-4)


def test_no_weight_of_the_plain_network_is_idle():
    network = PlainJang()
    network(torch.randn(2, 1, 2048, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_throughput_is_compared_with_both_plain_networks_and_judged_on_the_last():
    names = ("plain", "double", "fast")
    entries = [Contestant(name, print, nn.Identity()) for name in names]
    rows = rates.throughput_rows(entries, [[10.0, 30.0, 20.0], [2.0, 6.0, 4.0], [200.0, 600.0, 600.0]])
    assert [row.measured for row in rows] == [
        "20 windows/s, 1.0 times",
        "4 windows/s, 0.2 times",
        "600 windows/s, 20.0 times",
        "100.0 times",
    ]
    assert [row.target and row.target.reached for row in rows] == [None, None, False, True]


def test_the_error_that_learners_are_judged_by_is_that_of_the_validation_fold():
    config = recipe(batch=2, seed=0, device="cpu")
    signals = torch.zeros(1, 3 * 2048)
    signals[:, :2048], signals[:, 2048:4096] = 5.0, 2.0  # a record of training, and one of fold 9
    places, lengths, folds = np.array([0, 2048]), np.array([2048, 2048]), np.array([1, 9])
    records = lead2.record_set(signals, places, lengths, folds, config)
    silent = nn.Conv1d(1, 1, 1)
    nn.init.zeros_(silent.weight)
    nn.init.zeros_(silent.bias)
    assert lead2.validation_error(silent, records, config) == (4.0, 1)


def test_a_convolutions_operations_are_those_that_torch_counts():
    shape = peak.Shape(4, 6, 3, 16)
    x = torch.randn(2, 4, 1, 16, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        nn.functional.conv2d(x, torch.randn(6, 4, 1, 3, requires_grad=True), padding=(0, 1)).sum().backward()
    assert shape.flops(2) == counter.get_total_flops()


def test_the_roofline_is_the_peak_or_the_memory_whichever_takes_longer():
    machine = peak.Machine(peak=10.0, bandwidth=5.0)
    assert machine.seconds(flops=100, moved=1) == 10
    assert machine.seconds(flops=100, moved=100) == 20


def test_a_networks_work_is_its_convolutions_and_little_else():
    network, windows = PlainJang(), torch.randn(1, 1, 2048)
    found = peak.work(network, windows, FAST_MEMORY, 4)
    assert 0.95 < found.convolution_flops / found.flops < 1
    assert found.least_seconds == pytest.approx(found.convolution_flops / 1e9, rel=0.01)
    assert peak.work(network, windows, SLOW_MEMORY, 4).least_seconds > found.least_seconds
    assert all(weight.grad is None for weight in network.parameters())


def test_the_machines_limits_are_measured(config):
    machine = peak.measured(torch.float32, CPU, batch=1, shapes=(peak.Shape(4, 4, 3, 16),))
    assert machine.peak > 0
    assert machine.bandwidth > 0
    contestant = fast(config, 100)
    spent = peak.convolution_seconds(lambda: contestant.step(torch.zeros(2, 1, 2048)), CPU, times=1)
    assert 0 < spent < 10


def test_shares_of_the_peak_are_of_the_step_and_of_its_convolutions():
    use = rates.Use(10.0, peak.Work(flops=50.0, convolution_flops=40.0, least_seconds=0.05), 0.05)
    rows = rates.peak_rows(peak.Machine(1000.0, 1.0), use, torch.bfloat16)
    assert [row.measured for row in rows][2:] == ["50 %", "80 %", "50 %"]
    assert [row.target and row.target.reached for row in rows][2:] == [True, True, None]


def test_the_fast_network_is_the_last_contestant_and_compiled_only_where_that_can_be(config, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/c++")
    assert len(makers(config)) == 7
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert len(makers(config)) == 6
    assert makers(config)[-1]().name.startswith("fast autoencoder, ours, fp32 precision")


def test_equal_epochs_and_equal_time_judge_the_fast_network_by_the_plain_one(config, records):
    rows = learning.equal_epochs(records, config, epochs=1)
    assert len(rows) == 3
    assert [row.target is not None for row in rows] == [False, False, True]
    entries = [fast(config, 10), fast(config, 10)]
    rows = learning.equal_time(entries, records, config, seconds=0.01)
    assert [row.target is not None for row in rows] == [False, True]


def test_a_training_plans_its_steps_for_the_time_that_it_has(config):
    assert learning.steps_within(10.0, 100.0, config) == 400


def test_the_overhead_is_that_of_the_loop_that_the_worker_runs(config, records):
    row = overhead.overhead_row(config, records, rounds=1)
    assert row.how.startswith("4 steps a round")
    assert row.target is not None


def test_memory_is_told_in_bytes_of_this_process(config):
    name, most = memory.peak_memory(config, -1)
    assert name.startswith("fast autoencoder")
    assert 0 <= most < 1e9


def test_a_table_can_be_kept(config, records, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "recipe", lambda *_: config)
    monkeypatch.setattr(training, "synthetic_records", lambda _: records)
    monkeypatch.setattr(training, "RESULTS", tmp_path / "results")
    assert training.main(["--parts", "overhead", "data", "--rounds", "1", "--save", "here"]) == 0
    kept = (tmp_path / "results" / "here.md").read_text(encoding="utf-8")
    assert kept == capsys.readouterr().out
    assert "overhead of the loop" in kept
