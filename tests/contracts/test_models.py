"""Every registered network keeps its promises: shapes, documents, transfer."""

from dataclasses import replace

import pytest
import tiny_models
import torch

from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    ClassifierConfig,
    CnnLstmConfig,
    ECGClassifier,
    ECGClassifierConfig,
    EncoderClassifier,
    EnsembleConfig,
    FoldAutoencoderConfig,
    InceptionConfig,
    JangAutoencoderConfig,
    PatchAutoencoderConfig,
    PooledClassifierConfig,
    ResNetWangConfig,
    XResNetConfig,
    build,
    damaged_models,
    installed_models,
    network_class,
    transfer_encoder,
)
from ecgapp.models.networks.fold_autoencoder import Fold, Unfold
from ecgapp.models.networks.pooled_classifier import POOLINGS, pooled
from ecgapp.models.networks.xresnet import Bottleneck
from ecgapp.storage import documents

SMALL_PATCH = PatchAutoencoderConfig(n_leads=3, n_samples=250, widths=(8, 12), depths=(1, 2), latent=7)
AUTOENCODERS = [
    SMALL_PATCH,
    PatchAutoencoderConfig(n_leads=1, n_samples=101, patch=4, stem_kernel=9, widths=(8,), depths=(1,)),
    FoldAutoencoderConfig(n_leads=3, n_samples=250, patch=4, widths=(8, 12), depths=(1, 2), latent=7),
    FoldAutoencoderConfig(n_leads=1, n_samples=101, patch=8, widths=(6,), depths=(1,)),
    JangAutoencoderConfig(n_samples=384, filters=2, latent=5),
]
BENCHMARK = [
    XResNetConfig(n_leads=3, n_samples=100, n_labels=4, depths=(1, 2), width=4),
    ResNetWangConfig(n_leads=3, n_samples=50, n_labels=4, width=8),
    InceptionConfig(n_leads=3, n_samples=50, n_labels=4, filters=4, bottleneck=3),
]
CNN_LSTM = CnnLstmConfig(n_leads=3, n_samples=600, n_labels=4, filters=6, blocks=3)
POOLED = [
    PooledClassifierConfig(SMALL_PATCH, 4),
    PooledClassifierConfig(SMALL_PATCH, 4, POOLINGS, conv_widths=(5, 6), conv_kernel=3),
]
CLASSIFIERS = [
    *(ECGClassifierConfig(encoder=config, n_labels=4) for config in AUTOENCODERS),
    *BENCHMARK,
    CNN_LSTM,
    *POOLED,
]


@pytest.fixture(params=AUTOENCODERS, ids=lambda config: f"{config.architecture}-{config.n_samples}")
def autoencoder(request: pytest.FixtureRequest) -> Autoencoder:
    network = build(request.param).eval()
    assert isinstance(network, Autoencoder)
    return network


def _windows(config: AutoencoderConfig | ClassifierConfig, batch: int = 2) -> torch.Tensor:
    read = config.shape if isinstance(config, ClassifierConfig) else config
    n_leads, n_samples = read.n_leads, read.n_samples
    return torch.randn(batch, n_leads, n_samples, generator=torch.Generator().manual_seed(0))


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
    assert build(config).eval()(_windows(config)).shape == (2, 4)


@pytest.mark.parametrize("config", CLASSIFIERS, ids=lambda config: config.architecture)
def test_every_weight_of_a_classifier_takes_part_in_its_answer(config):
    network = build(config).train()
    network(_windows(config, 4)).square().sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("config", CLASSIFIERS, ids=lambda config: config.architecture)
def test_a_classifier_maps_windows_to_features_and_its_last_layer_belongs_to_the_labels(config):
    network = build(config).eval()
    assert isinstance(network, EncoderClassifier)
    features = network.encoder(_windows(config))
    assert features.ndim == 3
    assert len(features) == 2
    last = {name for name in network.state_dict() if name.startswith(network.last_layer)}
    assert {network.state_dict()[name].shape[0] for name in last} == {4}


@pytest.mark.parametrize("config", CLASSIFIERS, ids=lambda config: config.architecture)
def test_a_classifier_is_built_for_other_leads_windows_and_labels(config):
    shape = config.shape
    assert config.with_shape(shape) == config
    longer = shape._replace(n_samples=2 * shape.n_samples - shape.n_samples % 2, n_labels=7)
    if not isinstance(getattr(config, "encoder", None), JangAutoencoderConfig):
        longer = longer._replace(n_leads=5)
    other = config.with_shape(longer)
    assert build(other).eval()(_windows(other)).shape == (2, 7)


@pytest.mark.parametrize("config", CLASSIFIERS, ids=lambda config: config.architecture)
def test_a_classifier_answers_one_window_as_in_a_batch(config):
    network, x = build(config).eval(), _windows(config)
    torch.testing.assert_close(network(x[:1]), network(x)[:1], atol=1e-5, rtol=1e-4)


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


def test_poolings_over_time_are_what_their_names_say():
    features = torch.tensor([[[0.0, 3.0, 1.0, 4.0]]])
    values = [float(pooled(features, name)) for name in POOLINGS]
    assert values == pytest.approx([2.0, 4.0, 2.5**0.5], abs=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_constant_feature_has_a_finite_gradient_in_every_pooling(pooling):
    features = torch.ones(1, 2, 5, requires_grad=True)
    pooled(features, pooling).sum().backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()


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


def _count(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (XResNetConfig(n_labels=71), 1_880_775),
        (XResNetConfig(n_labels=44), 1_877_292),
        (ResNetWangConfig(n_labels=71), 481_863),
        (ResNetWangConfig(n_labels=44), 478_380),
        (InceptionConfig(n_labels=71), 516_167),
        (InceptionConfig(n_labels=44), 512_684),
    ],
    ids=lambda value: getattr(value, "architecture", value),
)
def test_the_networks_of_the_ptbxl_benchmark_have_as_many_parameters_as_published(config, expected):
    assert (config.n_leads, config.n_samples) == (12, 250)
    assert _count(build(config)) == expected


def test_jangs_network_has_the_published_parameters_part_by_part():
    network = build(JangAutoencoderConfig())
    parts = (network.encoder, network.to_latent, network.from_latent, network.decoder)
    assert [_count(part) for part in parts] == [761_088, 858_300, 78_080, 749_312 + 17]
    assert _count(network) == 2_446_797


def test_singstads_network_leaves_the_published_four_steps_to_its_lstm():
    config = CnnLstmConfig()
    assert (config.n_leads, config.n_labels, config.filters, config.n_steps) == (12, 9, 1024, 4)
    assert CnnLstmConfig(n_samples=5000, blocks=6).n_steps == 11
    network = build(replace(config, filters=4))
    assert network.encoder(_windows(network.config, 1)).shape == (1, 4, 4)
    norms = [type(block[-1]) for block in (network.encoder.stem, *network.encoder.blocks)]
    assert norms == 7 * [torch.nn.BatchNorm2d]


def test_twenty_seconds_at_250_hz_are_too_short_for_seven_blocks():
    with pytest.raises(ConfigError, match="5,000 samples are too short for 7 blocks"):
        CnnLstmConfig(n_samples=5000)


def test_an_lstm_is_differentiable_in_eval_mode_on_every_device():
    network = build(CNN_LSTM).train().eval()
    (lstm,) = [part for part in network.modules() if isinstance(part, torch.nn.LSTM)]
    assert lstm.training
    assert not network.training
    assert lstm.dropout == 0


def test_blocks_of_a_fresh_xresnet_begin_as_their_shortcuts_unless_asked_otherwise():
    blocks = [
        [
            block
            for block in build(replace(BENCHMARK[0], zero_start=zero)).modules()
            if isinstance(block, Bottleneck)
        ]
        for zero in (True, False)
    ]
    assert [{float(b.body[-1].weight.detach().abs().max()) for b in each} for each in blocks] == [
        {0.0},
        {1.0},
    ]


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
        (JangAutoencoderConfig, {"n_samples": 256}),
        (XResNetConfig, {"kernel": 4}),
        (XResNetConfig, {"n_labels": 0}),
        (ResNetWangConfig, {"kernel": 7}),
        (InceptionConfig, {"depth": 4}),
        (InceptionConfig, {"kernel": 3}),
        (CnnLstmConfig, {"filters": 0}),
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
