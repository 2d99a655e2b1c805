"""Synthetic ventricular tachycardia without a baseline between its waves."""

import numpy as np


def broad_waves(rate, n_leads, seconds=12, sampling_rate=250.0, seed=0):
    """Ventricular tachycardia: each beat a QRS of 160 ms that runs into a T the other way."""
    rng = np.random.default_rng(seed)
    beats = np.arange(0.3, seconds - 0.2, 60 / rate)
    times = np.arange(round(seconds * sampling_rate)) / sampling_rate
    since = times[:, None] - beats
    period = 60 / rate
    qrs = np.exp(-0.5 * (since / min(0.040, 0.16 * period)) ** 2).sum(axis=1)
    t = np.exp(-0.5 * ((since - 0.45 * period) / (0.16 * period)) ** 2).sum(axis=1)
    gains = rng.uniform(-1.5, 1.5, (n_leads, 2))
    signal = gains[:, :1] * qrs - np.abs(gains[:, 1:]) * np.sign(gains[:, :1]) * t
    signal += 0.01 * rng.normal(size=signal.shape)
    return signal.astype(np.float32)
