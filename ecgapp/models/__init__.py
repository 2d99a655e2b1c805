"""Networks by name, and their weights on disk."""

from ecgapp.models.card import ModelCard, Provenance
from ecgapp.models.layers.dropout import Dropout, set_mask_source
from ecgapp.models.networks.benchmark_classifier import BenchmarkClassifier, WindowClassifierConfig
from ecgapp.models.networks.benchmark_weights import load_public_weights, public_shape
from ecgapp.models.networks.classifier import ECGClassifier, ECGClassifierConfig
from ecgapp.models.networks.cnn_lstm import CnnLstmConfig
from ecgapp.models.networks.delineator import SEGMENTS, Delineator, DelineatorConfig
from ecgapp.models.networks.ensemble import Ensemble, EnsembleConfig
from ecgapp.models.networks.fold_autoencoder import FoldAutoencoderConfig
from ecgapp.models.networks.gate_network import PARTS, Gate, GateConfig
from ecgapp.models.networks.inception import InceptionConfig
from ecgapp.models.networks.jang_autoencoder import JangAutoencoderConfig
from ecgapp.models.networks.patch_autoencoder import PatchAutoencoderConfig
from ecgapp.models.networks.pooled_classifier import PooledClassifier, PooledClassifierConfig
from ecgapp.models.networks.readability_network import Readability, ReadabilityConfig
from ecgapp.models.networks.resnet_wang import ResNetWangConfig
from ecgapp.models.networks.spectral import SpectralClassifierConfig
from ecgapp.models.networks.ventricular_network import (
    VENTRICULAR_CLASSES,
    VentricularConfig,
    VentricularNetwork,
)
from ecgapp.models.networks.xresnet import XResNetConfig
from ecgapp.models.predictions import Origin, Predictions, RecordNames
from ecgapp.models.registry import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    Classifier,
    ClassifierConfig,
    ClassifierShape,
    EncoderClassifier,
    Network,
    architecture_names,
    build,
    network_class,
)
from ecgapp.models.serialisation import (
    PackedModel,
    TrainedModel,
    pack,
    sha256_of_bytes,
    unpack,
    unpack_predictions,
)
from ecgapp.models.stacked import stack, unstack
from ecgapp.models.transferred_weights import transfer_encoder, transfer_network
from ecgapp.models.validation_figures import (
    ENOUGH_POSITIVES,
    BoundaryFigures,
    DelineationMetrics,
    Evaluation,
    GateMetrics,
    Interval,
    KindFigures,
    LabelMetrics,
    ReconstructionMetrics,
    VentricularFigures,
    VentricularMetrics,
)
from ecgapp.models.weights import (
    damaged_models,
    installed_models,
    keep_plain_files,
    keep_version,
    load_card,
    load_model,
    load_version,
    load_version_predictions,
    object_path,
    read_model,
    read_version,
    save_model,
    use_version,
)

__all__ = [
    "ENOUGH_POSITIVES",
    "PARTS",
    "SEGMENTS",
    "VENTRICULAR_CLASSES",
    "ArchitectureConfig",
    "Autoencoder",
    "AutoencoderConfig",
    "BenchmarkClassifier",
    "BoundaryFigures",
    "Classifier",
    "ClassifierConfig",
    "ClassifierShape",
    "CnnLstmConfig",
    "DelineationMetrics",
    "Delineator",
    "DelineatorConfig",
    "Dropout",
    "ECGClassifier",
    "ECGClassifierConfig",
    "EncoderClassifier",
    "Ensemble",
    "EnsembleConfig",
    "Evaluation",
    "FoldAutoencoderConfig",
    "Gate",
    "GateConfig",
    "GateMetrics",
    "InceptionConfig",
    "Interval",
    "JangAutoencoderConfig",
    "KindFigures",
    "LabelMetrics",
    "ModelCard",
    "Network",
    "Origin",
    "PackedModel",
    "PatchAutoencoderConfig",
    "PooledClassifier",
    "PooledClassifierConfig",
    "Predictions",
    "Provenance",
    "Readability",
    "ReadabilityConfig",
    "ReconstructionMetrics",
    "RecordNames",
    "ResNetWangConfig",
    "SpectralClassifierConfig",
    "TrainedModel",
    "VentricularConfig",
    "VentricularFigures",
    "VentricularMetrics",
    "VentricularNetwork",
    "WindowClassifierConfig",
    "XResNetConfig",
    "architecture_names",
    "build",
    "damaged_models",
    "installed_models",
    "keep_plain_files",
    "keep_version",
    "load_card",
    "load_model",
    "load_public_weights",
    "load_version",
    "load_version_predictions",
    "network_class",
    "object_path",
    "pack",
    "public_shape",
    "read_model",
    "read_version",
    "save_model",
    "set_mask_source",
    "sha256_of_bytes",
    "stack",
    "transfer_encoder",
    "transfer_network",
    "unpack",
    "unpack_predictions",
    "unstack",
    "use_version",
]
