"""Models from the public weights of the PTB-XL benchmark, which a user supplies as a fastai ``.pth`` file.

Strodthoff et al. 2020, doi 10.1109/JBHI.2020.3022989. The file is not trusted: tensors alone are read from
it, and the model is checked as one from another machine is.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor

from ecgapp import __version__
from ecgapp.errors import ConfigError, ModelError, WeightsMismatchError
from ecgapp.models import (
    BenchmarkClassifier,
    ClassifierShape,
    ModelCard,
    Network,
    PackedModel,
    Provenance,
    TrainedModel,
    architecture_names,
    build,
    load_public_weights,
    network_class,
    pack,
    public_shape,
    sha256_of_bytes,
)
from ecgapp.promotion.changes import refuse_bad_name
from ecgapp.promotion.checks import refuse_unusable
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import Task, task

WINDOW = 250  # samples at 100 Hz
PREPROCESSING = PreprocessingConfig(highpass=None, lowpass=None, window=WINDOW, stride=WINDOW // 2)
"""Twelve leads at 100 Hz without a filter, in windows of 2.5 s that overlap by half."""

_THRESHOLD = 0.5  # for every label: the benchmark publishes no thresholds
_NOT_TENSORS = "This file holds no tensors that can be read safely. Choose a .pth file of the benchmark."


@dataclass(frozen=True)
class BenchmarkFile:
    """The facts that a public file does not state: the model's name here, network, task and scale.

    The benchmark standardises all leads with one ``mean`` and one ``deviation``, in mV.
    """

    name: str
    network: str
    task: str
    mean: float
    deviation: float


def read_benchmark(content: bytes, source: BenchmarkFile) -> PackedModel:
    """The model in the bytes of a public file, checked.

    The benchmark sorts labels by name, so the answers come in another order than the task's.

    Raises:
        ConfigError: there is no such network or task.
        ModelError: the name is invalid, or the file holds other than tensors, or another network.
    """
    refuse_bad_name(source.name)
    kind, file_task = _network_class(source.network), task(source.task)
    tensors = _tensors(content)
    n_leads, n_labels = public_shape(kind, tensors)
    if n_labels != len(file_task.labels):
        raise WeightsMismatchError(
            f"The network in the file has {n_labels} labels, and the task {file_task.name} has "
            f"{len(file_task.labels)}. Choose the task that it was trained on."
        )
    preprocessing = replace(PREPROCESSING, fixed_mean=source.mean, fixed_deviation=source.deviation)
    if n_leads != len(preprocessing.leads):
        raise WeightsMismatchError(f"The network in the file reads {n_leads} leads instead of twelve.")
    config = kind.Config().with_shape(ClassifierShape(n_leads, WINDOW, n_labels))  # type: ignore[attr-defined]
    network = build(config)
    load_public_weights(network, tensors)  # type: ignore[arg-type]
    _sort_labels(network, file_task)
    card = ModelCard(
        source.name,
        f"{file_task.title} ({source.network} of the PTB-XL benchmark)",
        network.config,
        preprocessing,
        _provenance(sha256_of_bytes(content)),
        file_task,
        (_THRESHOLD,) * n_labels,
        aggregation="max",
    )
    packed = pack(TrainedModel(network.eval().requires_grad_(False), card))
    refuse_unusable(packed)
    return packed


def _network_class(name: str) -> type[BenchmarkClassifier]:
    kinds = {each: network_class(each) for each in architecture_names()}
    known = {each: kind for each, kind in kinds.items() if issubclass(kind, BenchmarkClassifier)}
    if name not in known:
        raise ConfigError(f"The benchmark has the networks {', '.join(known)}. Choose one of them.")
    return known[name]


def _tensors(content: bytes) -> dict[str, Tensor]:
    """The tensors in a file of torch: a network's state, or a fastai learner that has one as ``model``."""
    try:
        document: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for what it cannot read
        raise ModelError(_NOT_TENSORS) from error
    if isinstance(document, Mapping) and isinstance(document.get("model"), Mapping):
        document = document["model"]
    if not isinstance(document, Mapping) or not document:
        raise ModelError(_NOT_TENSORS)
    if not all(isinstance(key, str) and isinstance(value, Tensor) for key, value in document.items()):
        raise ModelError(_NOT_TENSORS)
    return dict(document)


def _sort_labels(network: Network, file_task: Task) -> None:
    """Bring the answers, which come in the order of the labels' sorted names, into the task's order."""
    names = sorted(file_task.label_names)
    order = [names.index(name) for name in file_task.label_names]
    with torch.no_grad():
        last = network.get_submodule("head")[-1]  # type: ignore[index]
        for weight in (last.weight, last.bias):
            weight.copy_(weight[order].clone())


def _provenance(sha256: str) -> Provenance:
    return Provenance(
        datasets=("PTB-XL, as in its benchmark",),
        train_folds="folds 1-8",
        validation_folds="fold 9",
        n_train=0,
        n_validation=0,
        seed=0,
        epochs=50,
        initialisation="random",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence="as of the file",
        note=f"Weights from a file of the PTB-XL benchmark with the sha256 {sha256}. Training and folds are "
        "as published and were not checked here. No threshold was fitted: each is 0.5.",
    )
