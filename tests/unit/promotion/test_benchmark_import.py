"""Public weights of the PTB-XL benchmark become models that answer as the public networks do."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from admin_pages import twelve_lead_store
from public_networks import PUBLIC, public_network

from ecgapp import __main__
from ecgapp.analysis import open_model
from ecgapp.analysis.findings import find
from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ModelError, WeightsMismatchError
from ecgapp.models import sha256_of_bytes, unpack
from ecgapp.promotion import BenchmarkFile, read_benchmark
from ecgapp.records.synthetic import SyntheticConfig, synthesise
from ecgapp.tasks import task

TASK = "ptbxl_superclass"
LABELS = task(TASK).label_names


def saved(document):
    buffer = io.BytesIO()
    torch.save(document, buffer)
    return buffer.getvalue()


def source(network="xresnet1d101", **changes):
    return replace(BenchmarkFile("published", network, TASK, 0.01, 0.2), **changes)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_an_imported_network_answers_as_the_public_one(name):
    """Theirs answers in the order of the labels' sorted names, ours in the order of the task."""
    public = public_network(name)
    model = unpack(read_benchmark(saved(public.state_dict()), source(name)))
    windows = torch.randn(3, 12, 250, generator=torch.Generator().manual_seed(1))
    order = [sorted(LABELS).index(label) for label in LABELS]
    torch.testing.assert_close(model.network(windows), public(windows)[:, order], atol=1e-4, rtol=1e-4)
    assert model.card.network.architecture == name
    assert (model.card.aggregation, model.card.thresholds) == ("max", (0.5,) * 5)
    preprocessing = model.card.preprocessing
    assert (preprocessing.fixed_mean, preprocessing.fixed_deviation) == (0.01, 0.2)
    assert (preprocessing.highpass, preprocessing.lowpass, preprocessing.window_seconds) == (None, None, 2.5)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_network_has_as_many_parameters_as_published(name):
    expected = {"xresnet1d101": 1_880_775, "resnet1d_wang": 481_863, "inception1d": 516_167}[name]
    assert sum(weight.numel() for weight in public_network(name, n_labels=71).parameters()) == expected


def test_a_fastai_file_holds_the_state_beside_the_optimisers():
    public = public_network("resnet1d_wang")
    plain = read_benchmark(saved(public.state_dict()), source("resnet1d_wang"))
    learner = saved({"model": public.state_dict(), "opt": {"state": {}, "param_groups": []}})
    assert read_benchmark(learner, source("resnet1d_wang")).weights == plain.weights


def test_files_without_counters_of_batches_are_read():
    state = public_network("resnet1d_wang").state_dict()
    old = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    assert len(old) < len(state)
    assert read_benchmark(saved(old), source("resnet1d_wang")).card.network.n_labels == 5


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    with pytest.raises(ModelError, match="no tensors that can be read safely"):
        read_benchmark(saved({"model": Evil()}), source())
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK", saved([1, 2]), saved({"a": 1}), saved({"model": {}}), saved({})]
)
def test_a_file_of_another_kind_is_refused(content):
    with pytest.raises(ModelError, match="no tensors"):
        read_benchmark(content, source())


def test_the_file_of_another_network_is_refused_by_the_tensor_that_does_not_fit():
    state = public_network("resnet1d_wang").state_dict()
    with pytest.raises(WeightsMismatchError, match=r"lacks the tensor .* Choose the network of the file"):
        read_benchmark(saved(state), source("xresnet1d101"))
    wide = state | {"3.0.conv1.weight": torch.zeros(128, 128, 7)}
    with pytest.raises(WeightsMismatchError, match="shape 128 x 128 x 7 instead of 128 x 128 x 5"):
        read_benchmark(saved(wide), source("resnet1d_wang"))
    with pytest.raises(WeightsMismatchError, match="no tensor more"):
        read_benchmark(saved(state | {"more": torch.zeros(1)}), source("resnet1d_wang"))
    del state["4.0.downsample.1.bias"]
    with pytest.raises(WeightsMismatchError, match=r"lacks the tensor 4\.0\.downsample\.1\.bias"):
        read_benchmark(saved(state), source("resnet1d_wang"))


def test_weights_that_are_no_numbers_are_refused():
    state = public_network("resnet1d_wang").state_dict()
    state["1.bias"] = torch.full_like(state["1.bias"], torch.nan)
    with pytest.raises(WeightsMismatchError, match="not all numbers"):
        read_benchmark(saved(state), source("resnet1d_wang"))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"task": "nine_class"}, WeightsMismatchError, "has 5 labels, and the task nine_class has 9"),
        ({"task": "no_such"}, ConfigError, "no_such"),
        ({"network": "ecg_classifier"}, ConfigError, "inception1d, resnet1d_wang, xresnet1d101"),
        ({"name": "../x"}, ModelError, "letters, digits"),
    ],
)
def test_a_wrong_task_network_or_name_is_refused_in_a_sentence(changes, error, words):
    content = saved(public_network("resnet1d_wang").state_dict())
    with pytest.raises(error, match=words):
        read_benchmark(content, replace(source("resnet1d_wang"), **changes))


def test_a_network_of_fewer_leads_is_refused():
    content = saved(public_network("resnet1d_wang", n_leads=8).state_dict())
    with pytest.raises(WeightsMismatchError, match="reads 8 leads"):
        read_benchmark(content, source("resnet1d_wang"))


def test_the_command_shows_the_files_hash_and_the_model_finds(tmp_path, monkeypatch, capsys):
    alone = Settings(tmp_path / "home", tmp_path / "shipped")
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: alone)
    content = saved(public_network("inception1d").state_dict())
    (tmp_path / "inception1d.pth").write_bytes(content)
    described = ("--name", "published", "--network", "inception1d", "--task", TASK)
    arguments = (*described, "--mean", "0.0", "--deviation", "0.25", "--by", "Ada", "--reason", "try")
    code = __main__.main(["models", "import-benchmark", str(tmp_path / "inception1d.pth"), *arguments])
    out = capsys.readouterr().out
    assert code == 0
    assert sha256_of_bytes(content) in out
    model = open_model("published", alone)
    assert f"published is in use now, sha256 {model.card.sha256}" in out
    assert sha256_of_bytes(content) in model.card.provenance.note
    rows = find(synthesise(SyntheticConfig()).record, model).rows
    assert [row.label for row in rows] == list(LABELS)
    assert np.isfinite([row.probability for row in rows]).all()
    assert __main__.main(["models", "import-benchmark", str(tmp_path / "none.pth"), *arguments]) == 1
    twelve_lead_store(alone, "hospital")
    measured = (*described, "--store", "hospital", "--by", "Ada", "--reason", "its own scale")
    assert __main__.main(["models", "import-benchmark", str(tmp_path / "inception1d.pth"), *measured]) == 0
    assert open_model("published", alone).card.preprocessing.fixed_deviation > 0
    without = [word for word in arguments if word not in ("--mean", "0.0", "--deviation", "0.25")]
    assert __main__.main(["models", "import-benchmark", str(tmp_path / "inception1d.pth"), *without]) == 1
    assert "Give the mean and the deviation in mV" in capsys.readouterr().err
