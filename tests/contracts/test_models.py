"""Every registered network keeps its promises: shapes, documents, transfer."""

import pytest
import tiny_models
import torch

from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    ECGClassifier,
    ECGClassifierConfig,
    EnsembleConfig,
    FoldAutoencoderConfig,
    JangAutoencoderConfig,
    PatchAutoencoderConfig,
    build,
    damaged_models,
    installed_models,
    network_class,
    transfer_encoder,
)
from ecgapp.models.networks.fold_autoencoder import Fold, Unfold
from ecgapp.storage import documents

SMALL_PATCH = PatchAutoencoderConfig(n_leads=3, n_samples=250, widths=(8, 12), depths=(1, 2), latent=7)
AUTOENCODERS = [
    SMALL_PATCH,
    PatchAutoencoderConfig(n_leads=1, n_samples=101, patch=4, stem_kernel=9, widths=(8,), depths=(1,)),
    FoldAutoencoderConfig(n_leads=3, n_samples=250, patch=4, widths=(8, 12), depths=(1, 2), latent=7),
    FoldAutoencoderConfig(n_leads=1, n_samples=101, patch=8, widths=(6,), depths=(1,)),
    JangAutoencoderConfig(n_samples=256, filters=2, latent=5),
]
CLASSIFIERS = [ECGClassifierConfig(encoder=config, n_labels=4) for config in AUTOENCODERS]


@pytest.fixture(params=AUTOENCODERS, ids=lambda config: f"{config.architecture}-{config.n_samples}")
def autoencoder(request: pytest.FixtureRequest) -> Autoencoder:
    network = build(request.param).eval()
    assert isinstance(network, Autoencoder)
    return network


def _windows(config: AutoencoderConfig, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, config.n_leads, config.n_samples, generator=torch.Generator().manual_seed(0))


def test_a_reconstruction_has_the_shape_of_its_input_and_the_latent_its_length(autoencoder):
    x = _windows(autoencoder.config)
    assert autoencoder(x).shape == x.shape
    assert autoencoder.encode(x).shape == (2, autoencoder.config.latent)
    assert autoencoder.encoder(x).shape[:2] == (2, autoencoder.n_features)


def test_a_batch_of_one_gives_what_it_gives_in_a_larger_batch(autoencoder):
    x = _windows(autoencoder.config)
    torch.testing.assert_close(autoencoder(x[:1]), autoencoder(x)[:1], atol=1e-5, rtol=1e-4)


def test_every_weight_of_an_autoencoder_takes_part_in_its_output(autoencoder):
    autoencoder.train()
    autoencoder(_windows(autoencoder.config)).square().sum().backward()
    idle = [name for name, weight in autoencoder.named_parameters() if weight.grad is None]
    assert idle == []


def test_building_a_network_leaves_the_random_state_to_its_caller():
    torch.manual_seed(3)
    build(SMALL_PATCH)
    first = torch.rand(1)
    torch.manual_seed(4)
    build(SMALL_PATCH)
    assert torch.rand(1) != first


@pytest.mark.parametrize("config", [*AUTOENCODERS, *CLASSIFIERS, EnsembleConfig(CLASSIFIERS[0], 2)])
def test_a_config_survives_its_document(config):
    assert documents.load(ArchitectureConfig, documents.dump(config)) == config


@pytest.mark.parametrize("config", CLASSIFIERS)
def test_a_classifier_gives_one_logit_a_label(config):
    assert build(config).eval()(_windows(config.encoder)).shape == (2, 4)


def test_transfer_gives_the_classifier_the_pretrained_features(autoencoder):
    classifier = build(ECGClassifierConfig(autoencoder.config, 3)).eval()
    assert isinstance(classifier, ECGClassifier)
    x = _windows(autoencoder.config)
    assert not torch.equal(classifier.encoder(x), autoencoder.encoder(x))
    transfer_encoder(autoencoder, classifier)
    assert torch.equal(classifier.encoder(x), autoencoder.encoder(x))


def test_an_encoder_that_does_not_fit_is_refused():
    classifier = build(ECGClassifierConfig(AUTOENCODERS[1], 3))
    with pytest.raises(WeightsMismatchError, match="does not fit"):
        transfer_encoder(build(SMALL_PATCH), classifier)


def test_an_ensemble_answers_with_the_mean_of_its_members_logits():
    ensemble = build(EnsembleConfig(CLASSIFIERS[0], 3)).eval()
    x = _windows(SMALL_PATCH)
    torch.testing.assert_close(ensemble(x), sum(member(x) for member in ensemble.members) / 3)


def test_folding_time_keeps_every_sample_and_moves_none():
    x = torch.randn(2, 6, 1, 8).contiguous(memory_format=torch.channels_last)
    folded = Fold()(x)
    assert folded.shape == (2, 12, 1, 4)
    assert folded.data_ptr() == x.data_ptr()
    assert torch.equal(folded[:, :6, 0, 1], x[:, :, 0, 2])
    assert torch.equal(Unfold()(folded), x)


def test_the_fold_network_sees_patches_where_the_window_has_them():
    """A change of one sample changes the features near its patch only, and only there the answer."""
    encoder = build(FoldAutoencoderConfig(1, 64, 4, widths=(5,), depths=(1,), kernel=3)).encoder.eval()
    x = torch.randn(1, 1, 64, generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[..., 33] += 1  # in patch 8; the stem and two convolutions each see one patch to either side
    changed = (encoder(x) != encoder(other)).any(1)[0].nonzero().flatten()
    assert changed.min() >= 5
    assert changed.max() <= 11
    assert 8 in changed


def test_jangs_network_counts_as_published():
    network = build(JangAutoencoderConfig())
    blocks = list(network.encoder.blocks)
    assert len(blocks) == 9
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for b in blocks for m in b.modules()) == 18
    assert network.encode(_windows(network.config, 1)).shape == (1, 60)


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (PatchAutoencoderConfig, {"kernel": 8}),
        (PatchAutoencoderConfig, {"patch": 9, "stem_kernel": 8}),
        (PatchAutoencoderConfig, {"widths": (8, 8), "depths": (1,)}),
        (PatchAutoencoderConfig, {"n_leads": 0}),
        (FoldAutoencoderConfig, {"kernel": 4}),
        (FoldAutoencoderConfig, {"patch": 0}),
        (FoldAutoencoderConfig, {"widths": (8, 8), "depths": (1,)}),
        (JangAutoencoderConfig, {"n_samples": 2000}),
        (ECGClassifierConfig, {"dropout": 1.0}),
        (EnsembleConfig, {"n_members": 0}),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(cls, wrong):
    with pytest.raises(ConfigError):
        cls(**wrong)


def test_an_unknown_architecture_is_refused_with_the_list_of_those_there_are():
    with pytest.raises(ConfigError, match="patch_autoencoder"):
        network_class("perceptron")


def test_one_damaged_card_does_not_hide_the_other_models(tmp_path):
    tiny_models.install(tmp_path)
    names = set(installed_models([tmp_path]))
    (tmp_path / "newer.json").write_text('{"from": "another version"}')
    (tmp_path / "broken.json").write_bytes(b"\xff\xfe")
    assert set(installed_models([tmp_path])) == names
    told = damaged_models([tmp_path])
    assert len(told) == 2
    assert any("newer" in sentence for sentence in told)
