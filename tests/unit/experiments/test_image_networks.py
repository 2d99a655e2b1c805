"""Spectrogram images and the networks that see them: their weights are tensors that the user supplies."""

import hashlib

import numpy as np
import pytest
import torch

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.experiments.trials.efficientnet_lite import EfficientNetLite0
from ecgapp.experiments.trials.googlenet import GoogLeNet
from ecgapp.experiments.trials.image_network import (
    GOOGLENET,
    GOOGLENET_FILE,
    LITE,
    RANDOM,
    ImageWeights,
    SpectrogramEncoder,
    image_network,
    image_weights,
)
from ecgapp.experiments.trials.norm_statistics import measure_norms
from ecgapp.experiments.trials.spectrogram_images import SpectrogramConfig, spectrogram_images

IMAGENET = 1000  # classes


def saved(path, network, **others):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**network.state_dict(), **others}, path)
    return path


def test_googlenet_has_the_parameters_of_the_public_file_without_its_heads():
    own = sum(weights.numel() for weights in GoogLeNet().parameters())
    assert own + 1024 * IMAGENET + IMAGENET == 6_624_904


def test_efficientnet_lite0_has_the_published_parameters():
    own = sum(weights.numel() for weights in EfficientNetLite0().parameters())
    assert own + 1280 * IMAGENET + IMAGENET == 4_652_008


@pytest.mark.parametrize("network", [GoogLeNet, EfficientNetLite0], ids=lambda each: each.__name__)
def test_any_size_of_image_gives_one_row_of_features(network):
    built = network().eval()
    for size in (32, 65):
        with torch.inference_mode():
            assert built(torch.zeros(2, 3, size, size)).shape == (2, network.n_features)


def test_googlenet_of_the_users_file_is_read_by_name_and_its_hash_is_given(tmp_path):
    settings, source = Settings(tmp_path), GoogLeNet()
    heads = {"fc.weight": torch.zeros(IMAGENET, 1024), "aux1.fc2.bias": torch.zeros(IMAGENET)}
    path = saved(settings.image_weights / GOOGLENET_FILE, source, **heads)
    weights = image_weights(GOOGLENET, settings)
    assert weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = image_network(weights, seed=0)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(image), source.eval()(image))
    assert not any(weight.requires_grad for weight in loaded.parameters())


def test_efficientnet_lite0_reads_the_names_of_the_package(tmp_path):
    path = saved(tmp_path / "lite.pth", EfficientNetLite0(), **{"_fc.weight": torch.zeros(IMAGENET, 1280)})
    names = set(torch.load(path, weights_only=True))
    assert {"_conv_stem.weight", "_blocks.1._expand_conv.weight", "_blocks.15._bn2.running_var"} <= names
    image_network(ImageWeights(LITE, path, ""), seed=0)


def test_weights_that_are_not_there_are_none(tmp_path):
    assert image_weights(GOOGLENET, Settings(tmp_path)) is None
    assert image_weights(RANDOM, Settings(tmp_path)) is None


def test_random_weights_come_from_the_seed():
    first, again, other = (image_network(None, seed)._conv_stem.weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_random_network_with_measured_norms_tells_images_apart():
    windows = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 1, 256)).astype(np.float32))
    config = SpectrogramConfig(segment=32, overlap=24, pixels=32)
    encoder = SpectrogramEncoder(image_network(None, 0), 50.0, config)
    measure_norms(encoder, windows)
    with torch.inference_mode():
        assert encoder(windows).std(dim=0).median() > 0.05
    assert not encoder.network.training


class Surprise:
    """An object whose unpickling would run code."""

    def __reduce__(self):
        return print, ("ran",)


@pytest.mark.parametrize("content", ["text", "object", "other network"])
def test_a_file_without_this_networks_tensors_is_refused_and_runs_nothing(tmp_path, capsys, content):
    path = tmp_path / GOOGLENET_FILE
    if content == "text":
        path.write_text("no weights")
    else:
        torch.save(Surprise() if content == "object" else EfficientNetLite0().state_dict(), path)
    with pytest.raises(WeightsMismatchError, match="does not hold the weights"):
        image_network(ImageWeights(GOOGLENET, path, ""), seed=0)
    assert "ran" not in capsys.readouterr().out


def test_a_sine_is_brightest_at_its_frequency_and_high_frequencies_lie_on_top():
    time = np.arange(2048) / 250.0
    config = SpectrogramConfig(pixels=64)
    windows = np.stack([np.sin(2 * np.pi * hz * time) for hz in (5.0, 30.0)]).astype(np.float32)
    images = spectrogram_images(windows, 250.0, config)
    assert images.shape == (2, 3, 64, 64)
    assert images.min() >= 0
    assert images.max() <= 1
    rows = images[:, 0].mean(-1).argmax(-1) / 64
    np.testing.assert_allclose(rows.numpy(), [1 - 5 / 40, 1 - 30 / 40], atol=0.06)


def test_an_image_does_not_depend_on_the_scale_of_the_signal():
    window = np.random.default_rng(0).normal(size=(1, 2048)).astype(np.float32)
    images = [spectrogram_images(window * scale, 250.0, SpectrogramConfig(pixels=32)) for scale in (1, 4)]
    torch.testing.assert_close(*images, atol=1e-4, rtol=0)


def test_settings_of_images_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError):
        SpectrogramConfig(segment=64, overlap=64)
    with pytest.raises(ConfigError):
        SpectrogramConfig(pixels=8)
