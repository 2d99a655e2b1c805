"""The keys of the arms of verma2021, by which results are found."""

from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config


def benchmark_key(name: str, network: str = "") -> str:
    """The key of the arm that learns the PTB-XL task ``name``, with another architecture if one is given."""
    return f"ptbxl-{name}-{network.replace('_', '-')}" if network else f"ptbxl-{name}"


def source_key(config: Verma2021Config) -> str:
    """The key of the arm that is the source of all transfers at the main sampling rate."""
    return source_at(config, config.sampling_rate)


def source_at(config: Verma2021Config, rate: float) -> str:
    """The key of the arm that learns the source's task at this sampling rate, in Hz."""
    return benchmark_key(config.source_task) if rate == config.benchmark_rate else f"source-{rate:g}Hz"


def source_share_key(share: float) -> str:
    """The key of the arm that learns the source's task from a share of its records."""
    return f"source-{_percent(share)}"


def spectrum_key(part: str, *, published: bool = False) -> str:
    """The key of the arm that reads one part of the spectrum, as corrected or as published."""
    return f"published-spectrum-{part}" if published else f"spectrum-{part}"


def target_key(mode: str, share: float = 1.0) -> str:
    """The key of the arm that answers on the target in this ``Mode``, with a share of its labels."""
    return f"{mode}-{_percent(share)}"


def published_key(mode: str) -> str:
    """The key of the arm on the target in this ``Mode`` that has the published defects."""
    return f"published-{mode}"


def left_out_key(mode: str) -> str:
    """The key of the arm in this ``Mode`` that leaves out each source of the target in turn."""
    return f"{mode}-leaveout"


def _percent(share: float) -> int:
    return round(100 * share)
