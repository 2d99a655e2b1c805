"""Networks by name, and their weights on disk."""

from ecgapp.models.card import (
    ENOUGH_POSITIVES,
    Evaluation,
    Interval,
    LabelMetrics,
    ModelCard,
    Provenance,
    ReconstructionMetrics,
)
from ecgapp.models.classifier import ECGClassifier, ECGClassifierConfig, transfer_encoder
from ecgapp.models.dropout import Dropout, MaskSource, set_mask_source
from ecgapp.models.ensemble import Ensemble, EnsembleConfig
from ecgapp.models.fold_autoencoder import FoldAutoencoder, FoldAutoencoderConfig
from ecgapp.models.jang_autoencoder import JangAutoencoder, JangAutoencoderConfig
from ecgapp.models.packed import PackedModel, Predictions, TrainedModel, pack, unpack, unpack_predictions
from ecgapp.models.patch_autoencoder import PatchAutoencoder, PatchAutoencoderConfig
from ecgapp.models.registry import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    Classifier,
    Network,
    architecture,
    architecture_names,
    build,
    network_class,
)
from ecgapp.models.stacked import Stack, stack, unstack
from ecgapp.models.weights import (
    damaged_models,
    installed_models,
    keep_plain_files,
    keep_version,
    load_card,
    load_model,
    load_predictions,
    object_path,
    read_model,
    read_version,
    save_model,
    use_version,
)

__all__ = [
    "ENOUGH_POSITIVES",
    "ArchitectureConfig",
    "Autoencoder",
    "AutoencoderConfig",
    "Classifier",
    "Dropout",
    "ECGClassifier",
    "ECGClassifierConfig",
    "Ensemble",
    "EnsembleConfig",
    "Evaluation",
    "FoldAutoencoder",
    "FoldAutoencoderConfig",
    "Interval",
    "JangAutoencoder",
    "JangAutoencoderConfig",
    "LabelMetrics",
    "MaskSource",
    "ModelCard",
    "Network",
    "PackedModel",
    "PatchAutoencoder",
    "PatchAutoencoderConfig",
    "Predictions",
    "Provenance",
    "ReconstructionMetrics",
    "Stack",
    "TrainedModel",
    "architecture",
    "architecture_names",
    "build",
    "damaged_models",
    "installed_models",
    "keep_plain_files",
    "keep_version",
    "load_card",
    "load_model",
    "load_predictions",
    "network_class",
    "object_path",
    "pack",
    "read_model",
    "read_version",
    "save_model",
    "set_mask_source",
    "stack",
    "transfer_encoder",
    "unpack",
    "unpack_predictions",
    "unstack",
    "use_version",
]
