"""Explanations: the leads and moments that moved one label, on the recording's own time axis."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp import explain as saliency
from ecgapp.analysis.findings import task_of
from ecgapp.analysis.window_preparation import Prepared
from ecgapp.errors import ModelError
from ecgapp.explain import Attribution, Baseline, Examination, Recipe
from ecgapp.models import AutoencoderConfig, ModelCard, TrainedModel
from ecgapp.models.answers import run_network
from ecgapp.records.record import FloatArray


@dataclass(frozen=True, eq=False)
class Explanation:
    """An attribution in logits, (n_leads, n_samples), and where its samples lie in the recording.

    Sample k lies at ``start + k / sampling_rate`` seconds of the recording. Padding behind the
    end of a short record is cut off; every baseline is zero there too, so it has no attribution.
    """

    label: str
    leads: tuple[str, ...]
    values: FloatArray
    sampling_rate: float
    start: float
    attribution: Attribution

    @property
    def times(self) -> NDArray[np.float64]:
        """Each sample's time in seconds of the recording, (n_samples,)."""
        return self.start + np.arange(self.values.shape[1]) / self.sampling_rate

    @property
    def stop(self) -> float:
        """End of the window in seconds of the recording."""
        return self.start + self.values.shape[1] / self.sampling_rate

    @property
    def lead_shares(self) -> NDArray[np.float64]:
        """Each lead's share of the absolute attribution, (n_leads,), summing to 1 unless all is 0."""
        amounts = np.abs(self.values).sum(axis=1, dtype=np.float64)
        return amounts / max(float(amounts.sum()), np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class ExaminedMaps:
    """The map of each method in the recording, and how far each can be relied on."""

    explanations: Mapping[str, Explanation]
    examination: Examination


@dataclass(frozen=True)
class SaliencyQuestion:
    """The label that a map explains, the window, and the baseline, one of ``explain.BASELINES``."""

    label: str
    window: int = 0
    baseline: str = saliency.ZERO


def explain(
    prepared: Prepared,
    model: TrainedModel,
    question: SaliencyQuestion,
    recipe: Recipe | None = None,
    autoencoder: TrainedModel | None = None,
) -> Explanation:
    """A map of the label's logit over one window of a record ``prepared`` for the model.

    It is made by Integrated Gradients without a ``recipe``. ``autoencoder`` makes the baseline if that is
    its reconstruction.

    Raises:
        ModelError: the model is an autoencoder, has no such label, or the method or baseline needs
            what is not there.
        SignalError: the record has too few beats for the baseline.
    """
    task_of(model.card)
    against = _baseline(prepared, question, autoencoder)
    window = prepared.windows.windows[question.window]
    return _placed(prepared, question, saliency.attribute(model, window, question.label, recipe, against))


def examine(
    prepared: Prepared,
    model: TrainedModel,
    question: SaliencyQuestion,
    autoencoder: TrainedModel | None = None,
) -> ExaminedMaps:
    """The maps of all methods, placed in the recording, and the reliability card of each.

    Raises:
        EcgAppError: as ``explain``.
    """
    task_of(model.card)
    against = _baseline(prepared, question, autoencoder)
    window = prepared.windows.windows[question.window]
    examination = saliency.examine(model, window, question.label, against)
    maps = {name: _placed(prepared, question, made) for name, made in examination.maps.items()}
    return ExaminedMaps(maps, examination)


def fits(autoencoder: ModelCard, classifier: ModelCard) -> bool:
    """Whether this autoencoder reads what the classifier reads, so that its output can be a baseline."""
    one, other = autoencoder.preprocessing, classifier.preprocessing
    return isinstance(autoencoder.network, AutoencoderConfig) and replace(one, stride=other.stride) == other


def _baseline(prepared: Prepared, question: SaliencyQuestion, autoencoder: TrainedModel | None) -> Baseline:
    """The baseline asked for; padding behind a short record is zero in all of them.

    Raises:
        ModelError: there is no such baseline, or no autoencoder for it.
        SignalError: it needs beats, and there are too few.
    """
    window = prepared.windows.windows[question.window]
    n_recorded = prepared.recorded_samples(question.window)
    made = _made(window, n_recorded, prepared, question.baseline, autoencoder)
    values = np.zeros_like(window)
    values[:, :n_recorded] = made.values[:, :n_recorded]
    return Baseline(made.name, values)


def _made(
    window: FloatArray, n_recorded: int, prepared: Prepared, name: str, autoencoder: TrainedModel | None
) -> Baseline:
    recorded = window[:, :n_recorded]
    if name == saliency.ZERO:
        return saliency.zero(recorded)
    if name == saliency.LEAD_MEAN:
        return saliency.lead_mean(recorded)
    if name == saliency.MEDIAN_BEAT:
        return saliency.median_beat(recorded, prepared.config.sampling_rate)
    if name == saliency.RECONSTRUCTION and autoencoder is not None:
        return Baseline(name, run_network(autoencoder.network, window[None])[0])
    raise ModelError("This baseline needs an autoencoder that reads the same leads. Choose another one.")


def _placed(prepared: Prepared, question: SaliencyQuestion, made: Attribution) -> Explanation:
    n_recorded = prepared.recorded_samples(question.window)
    return Explanation(
        question.label,
        prepared.config.leads,
        made.values[:, :n_recorded],
        prepared.config.sampling_rate,
        prepared.start(question.window),
        made,
    )
