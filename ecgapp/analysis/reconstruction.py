"""An autoencoder's reconstruction of a window, and where it fails."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.window_preparation import Prepared
from ecgapp.errors import ModelError
from ecgapp.models import TrainedModel
from ecgapp.models.answers import run_network
from ecgapp.records.record import FloatArray

HIGH_SECONDS = 0.4  # length of the stretch that is named as the worst


@dataclass(frozen=True, eq=False)
class WindowReconstruction:
    """One window and its reconstruction, both (n_leads, n_samples) in standard deviations.

    Padding behind the end of a short record is cut off and counts in no error.
    """

    leads: tuple[str, ...]
    input: FloatArray
    output: FloatArray
    sampling_rate: float
    start: float  # s of the recording
    prepared: Prepared

    @property
    def error(self) -> FloatArray:
        """Squared error of each lead and sample."""
        return np.square(self.input - self.output)

    @property
    def mse_per_lead(self) -> NDArray[np.float64]:
        return self.error.mean(axis=1, dtype=np.float64)

    @property
    def mse_per_sample(self) -> float:
        """Mean squared error a sample, over leads and time."""
        return float(self.error.mean(dtype=np.float64))

    @property
    def mse_summed(self) -> float:
        """Squared error summed over the window's samples, mean over leads (Jang et al. 2021)."""
        return self.mse_per_sample * self.input.shape[1]

    def worst_stretch(self) -> tuple[float, float]:
        """Start and stop, in seconds of the recording, of the ``HIGH_SECONDS`` with the highest error."""
        by_time = self.error.mean(axis=0, dtype=np.float64)
        size = min(round(HIGH_SECONDS * self.sampling_rate), by_time.size)
        sums = np.convolve(by_time, np.ones(size), mode="valid")
        first = self.start + float(sums.argmax()) / self.sampling_rate
        return first, first + size / self.sampling_rate


def reconstruct(prepared: Prepared, autoencoder: TrainedModel, window: int = 0) -> WindowReconstruction:
    """The autoencoder's reconstruction of one window of a record that was ``prepared`` for it.

    Raises:
        ModelError: the model is a classifier.
    """
    if not autoencoder.card.is_autoencoder:
        kind = "classifier" if autoencoder.card.is_classifier else autoencoder.card.purpose
        raise ModelError(f"{autoencoder.card.name} is a {kind}. Choose an autoencoder.")
    chosen = prepared.windows.windows[window : window + 1]
    n_recorded = prepared.recorded_samples(window)
    output = run_network(autoencoder.network, chosen)
    return WindowReconstruction(
        prepared.config.leads,
        chosen[0, :, :n_recorded],
        output[0, :, :n_recorded],
        prepared.config.sampling_rate,
        prepared.start(window),
        prepared,
    )
