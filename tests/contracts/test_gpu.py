"""Training on a CUDA device: what it must have in common with the CPU. Skipped where there is none."""

import copy
from dataclasses import replace

import pytest
import torch
from several_processes import assert_alike, train_in_processes
from small_networks import AUTOENCODERS, CLASSIFIERS, N_LEADS, N_SAMPLES
from small_training import FINETUNING, PRETRAINING, Recorder, load_records, small_settings

from ecgapp import training
from ecgapp.errors import TrainingError
from ecgapp.explain.methods import METHODS, SMOOTHGRAD, Question
from ecgapp.explain.private_networks import private_copy
from ecgapp.models import build, load_model, set_mask_source, stack
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.data.window_sampling import all_windows
from ecgapp.training.devices import device_choices, resolve_precision

GPU = torch.device("cuda:0")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="This machine has no CUDA device."),
]


def on_gpu(config, **changes):
    return replace(config, device="cuda:0", batch_size=8, **changes)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_settings(tmp_path_factory.mktemp("home"), n_records=80)


def test_windows_cut_on_the_gpu_are_those_of_the_cpu(settings):
    records = load_records(PRETRAINING, open_stores(PRETRAINING, settings), Recorder())
    positions = all_windows(records, records.rows((4,))).positions.tolist()
    there = records.to(GPU)
    assert there.signals.is_cuda
    assert torch.equal(there.cut(positions).cpu(), records.cut(positions))


def test_windows_of_a_set_that_does_not_fit_arrive_as_they_were_cut(settings, monkeypatch):
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (0, 0))
    records = load_records(PRETRAINING, open_stores(PRETRAINING, settings), Recorder())
    batches = [part.positions.tolist() for part in all_windows(records, records.rows((1, 2, 3))).batches(8)]
    there = records.to(GPU)
    assert there.cut(batches[0]).is_pinned()
    busy = torch.randn(4096, 4096, device=GPU)
    for _ in range(20):
        busy = busy @ busy / 64  # so that no copy is over before the next batch is cut
    arrived = [there.cut(batch).to(GPU, non_blocking=True) for batch in batches]
    for batch, windows in zip(batches, arrived, strict=True):
        assert torch.equal(windows.cpu(), records.cut(batch))


def test_a_training_on_windows_from_the_cpu_ends_where_one_on_the_gpus_own_does(
    settings, tmp_path, monkeypatch
):
    config = on_gpu(PRETRAINING, precision="fp32")
    there, here = Recorder(), Recorder()
    training.train(config, there, tmp_path / "there", settings)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (0, 0))
    training.train(config, here, tmp_path / "here", settings)
    assert here.epochs[-1].validation_loss == pytest.approx(there.epochs[-1].validation_loss, abs=1e-3)


@pytest.mark.parametrize("config", [PRETRAINING, FINETUNING], ids=["pretrain", "finetune"])
def test_a_gpu_learns_what_a_cpu_learns(config, settings, tmp_path):
    there, here = Recorder(), Recorder()
    training.train(on_gpu(config, precision="fp32"), there, tmp_path / "gpu", settings)
    training.train(replace(config, batch_size=8), here, tmp_path / "cpu", settings)
    assert there.epochs[-1].validation_loss == pytest.approx(here.epochs[-1].validation_loss, rel=0.3)


@pytest.mark.parametrize("config", [PRETRAINING, FINETUNING], ids=["pretrain", "finetune"])
def test_a_training_that_was_stopped_goes_on_with_the_same_loss(config, settings, tmp_path):
    config = on_gpu(config, precision="fp32")
    whole = Recorder()
    training.train(config, whole, tmp_path / "whole", settings)
    with pytest.raises(training.Stopped):
        training.train(config, Recorder(7), tmp_path / "parts", settings)
    resumed = Recorder()
    training.train(config, resumed, tmp_path / "parts", settings)
    assert resumed.steps[-1].step == whole.steps[-1].step
    assert resumed.epochs[-1].train_loss == pytest.approx(whole.epochs[-1].train_loss, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_members_learn_together_on_a_gpu_what_each_learns_alone(precision, settings, tmp_path):
    config = on_gpu(FINETUNING, members=3, resampling="bootstrap", epochs=2, precision=precision)
    models = [
        training.train(replace(config, members_at_once=n), Recorder(), tmp_path / str(n), settings)
        for n in (1, 3)
    ]
    alone, together = (model.network.state_dict() for model in models)
    assert_alike(alone, together, 1e-2 if precision == "fp32" else 0.2)


def test_a_stack_answers_on_a_gpu_as_on_a_cpu():
    networks = [build(FINETUNING.network).eval() for _ in range(3)]
    stacked = stack(networks).eval()
    set_mask_source(stacked, None)
    windows = torch.randn(5, 6, 128)
    torch.testing.assert_close(
        stacked.to(GPU)(windows.to(GPU)).cpu(), stacked.cpu()(windows), atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize("name", sorted(AUTOENCODERS | CLASSIFIERS))
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_network_learns_on_a_gpu_what_it_learns_on_a_cpu(name, precision, settings, tmp_path):
    base = PRETRAINING if name in AUTOENCODERS else FINETUNING
    config = replace(base, network=(AUTOENCODERS | CLASSIFIERS)[name], epochs=1, batch_size=8)
    there, here = Recorder(), Recorder()
    training.train(on_gpu(config, precision=precision), there, tmp_path / "gpu", settings)
    training.train(config, here, tmp_path / "cpu", settings)
    assert there.epochs[0].validation_loss == pytest.approx(here.epochs[0].validation_loss, rel=0.3)


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_the_members_of_every_classifier_learn_on_a_gpu(name, settings, tmp_path):
    config = replace(FINETUNING, network=CLASSIFIERS[name], members=2, epochs=1)
    model = training.train(on_gpu(config), Recorder(), tmp_path, settings)
    assert len(model.network.members) == 2


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_a_head_learns_alone_on_a_gpu(name, settings, tmp_path):
    config = on_gpu(replace(FINETUNING, network=CLASSIFIERS[name]), precision="fp32", epochs=1)
    training.train(config, Recorder(), settings.runs / f"{sorted(CLASSIFIERS).index(name):012x}", settings)
    tuned = replace(
        config, initialisation="transfer", pretrained=f"run:{sorted(CLASSIFIERS).index(name):012x}",
        head_epochs=1, graded_rates=True,
    )  # fmt: skip
    recorder = Recorder()
    training.train(tuned, recorder, tmp_path, settings)
    assert len(recorder.epochs) == 2


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_classifier_is_explained_on_a_gpu_as_on_a_cpu(name, method):
    torch.manual_seed(0)
    network = build(CLASSIFIERS[name])
    windows = torch.randn(16, N_LEADS, N_SAMPLES)
    network(windows)  # batch norms that are not the identity
    network.eval().requires_grad_(False)
    x, maps = windows[0], {}
    for device in ("cpu", GPU):
        question = Question(x.to(device), torch.zeros_like(x, device=device), 0, 8, 4, 0)
        with private_copy(copy.deepcopy(network).to(device)) as private:
            maps[device] = METHODS[method]([private], question).cpu()
    if method == SMOOTHGRAD:  # its noise is another on each kind of device
        assert maps[GPU].isfinite().all()
    else:
        torch.testing.assert_close(maps[GPU], maps["cpu"], atol=1e-3, rtol=1e-2)


def test_a_compiled_network_learns_too(settings, tmp_path):
    recorder = Recorder()
    training.train(on_gpu(PRETRAINING, compiled=True), recorder, tmp_path, settings)
    assert recorder.epochs[-1].train_loss < recorder.epochs[0].train_loss


def test_a_gpu_without_room_ends_the_training_in_a_sentence(settings, tmp_path):
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        with pytest.raises(TrainingError, match="too little memory"):
            training.train(on_gpu(PRETRAINING, epochs=1), Recorder(), tmp_path, settings)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_bfloat16_is_chosen_where_the_gpu_multiplies_in_it():
    expected = torch.bfloat16 if torch.cuda.get_device_capability(GPU) >= (8, 0) else torch.float32
    assert resolve_precision("auto", GPU) == expected


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="This machine has a single CUDA device.")
def test_two_gpus_learn_what_one_learns(settings, tmp_path):
    config = on_gpu(PRETRAINING, epochs=2, precision="fp32")
    alone = training.train(config, Recorder(), tmp_path / "alone", settings)
    both = replace(config, device=device_choices()[0])
    train_in_processes({"together": both}, tmp_path, settings, 2)
    together = load_model([tmp_path / "together" / "result"], "small").network
    assert_alike(alone.network.state_dict(), together.state_dict(), 1e-2)
