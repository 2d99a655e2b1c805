"""A pacemaker's spikes: narrower than any wave of the heart, in several leads at once."""

from ecgapp.records.record import ECGRecord


def pacing_spikes(record: ECGRecord) -> tuple[float, ...]:
    """Times of the spikes, s."""
    return ()
