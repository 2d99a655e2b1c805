"""Which leads and moments moved one label, on the recording's own time axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp import explain as saliency
from ecgapp.analysis.findings import task_of
from ecgapp.analysis.preparation import prepare
from ecgapp.explain import Attribution
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray


@dataclass(frozen=True, eq=False)
class Explanation:
    """An attribution in logits, (n_leads, n_samples), and where its samples lie in the recording.

    Sample k lies at ``start + k / sampling_rate`` seconds of the recording. Padding behind the
    end of a short record is cut off; against a baseline of zeros it has no attribution.
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


def explain(record: ECGRecord, model: TrainedModel, label: str, window: int = 0) -> Explanation:
    """Integrated Gradients of ``label``'s logit over one window of ``record``.

    Raises:
        ModelError: the model is an autoencoder, or has no such label.
        SignalError: the model cannot take this record.
    """
    task_of(model.card)
    prepared = prepare(record, model)
    attribution = saliency.attribute(model, prepared.windows.windows[window], label)
    kept = prepared.recorded_samples(window)
    return Explanation(
        label,
        prepared.config.leads,
        attribution.values[:, :kept],
        prepared.config.sampling_rate,
        prepared.start(window),
        attribution,
    )
