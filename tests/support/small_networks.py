"""A small config of every network that a training can fit, for windows of two leads and 128 samples."""

from ecgapp.models import (
    ArchitectureConfig,
    Autoencoder,
    CnnLstmConfig,
    ECGClassifierConfig,
    EncoderClassifier,
    FoldAutoencoderConfig,
    InceptionConfig,
    JangAutoencoderConfig,
    PatchAutoencoderConfig,
    PooledClassifierConfig,
    ResNetWangConfig,
    SpectralClassifierConfig,
    XResNetConfig,
    architecture_names,
    network_class,
)

N_LEADS, N_SAMPLES, N_LABELS = 2, 128, 2
_SIZE = {"n_leads": N_LEADS, "n_samples": N_SAMPLES}
_PATCH = PatchAutoencoderConfig(**_SIZE, widths=(8, 8), depths=(1, 1), kernel=3, squeeze=4, latent=8)

AUTOENCODERS: dict[str, ArchitectureConfig] = {
    "patch_autoencoder": _PATCH,
    "fold_autoencoder": FoldAutoencoderConfig(**_SIZE, patch=8, widths=(8, 8), squeeze=4, latent=8),
    "jang_autoencoder": JangAutoencoderConfig(**_SIZE, filters=2, kernel=7, latent=8),
}
CLASSIFIERS: dict[str, ArchitectureConfig] = {
    "ecg_classifier": ECGClassifierConfig(_PATCH, N_LABELS),
    "xresnet1d101": XResNetConfig(**_SIZE, n_labels=N_LABELS, depths=(1, 1), width=4),
    "resnet1d_wang": ResNetWangConfig(**_SIZE, n_labels=N_LABELS, width=8),
    "inception1d": InceptionConfig(**_SIZE, n_labels=N_LABELS, filters=3, bottleneck=3, kernel=12),
    "pooled_classifier": PooledClassifierConfig(_PATCH, N_LABELS, conv_widths=(4,)),
    "spectral_classifier": SpectralClassifierConfig(
        XResNetConfig(N_LEADS, N_SAMPLES // 2 + 1, N_LABELS, depths=(1, 1), width=4), N_SAMPLES
    ),
    "singstad_cnn_lstm": CnnLstmConfig(**_SIZE, n_labels=N_LABELS, filters=8, blocks=3),
}


def trainable() -> dict[str, type]:
    """The registered networks that a training can fit, by name."""
    kinds = {name: network_class(name) for name in architecture_names()}
    return {name: kind for name, kind in kinds.items() if issubclass(kind, Autoencoder | EncoderClassifier)}
