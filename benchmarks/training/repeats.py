"""Ten repeats trained together or one by one: ``python -m benchmarks.training.repeats [--device cuda:0]``.

The bare networks: forward pass, loss, backward pass, fused AdamW and the average of the weights, on random
windows. The two ways take turns, so that whatever else the machine does disturbs both alike; the figure is
the median over the rounds of how many times faster they learn together, on a CPU by processor time.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import Row, at_least, show, tell
from ecgapp.models import (
    AutoencoderConfig,
    ECGClassifierConfig,
    JangAutoencoderConfig,
    Network,
    PatchAutoencoderConfig,
    build,
    stack,
)
from ecgapp.training.devices import autocast, resolve_precision

TIMES = {"cpu": 1.0, "cuda": 4.0}  # as fast as one after another, at least
ENCODERS: dict[str, tuple[AutoencoderConfig, int]] = {  # and the windows in a batch of each repeat
    "patch encoder, 12 leads x 1,000 samples": (PatchAutoencoderConfig(), 64),
    "Jang's encoder, lead II x 2,048 samples": (JangAutoencoderConfig(), 32),
}
RATE, DECAY, N_LABELS = 1e-3, 0.01, 9


@dataclass(frozen=True)
class Setting:
    """The device, the precision (fp32 or bf16), the number of repeats, and the number of rounds."""

    device: str = "cpu"
    precision: str = "fp32"
    members: int = 10
    rounds: int = 5


def bare_step(network: Network, windows: Tensor, precision: str) -> Callable[[], None]:
    """A training step of ``network``: its answers to ``windows`` (batch, leads, n_samples) are drawn to 0."""
    dtype = resolve_precision(precision, windows.device)
    weights = list(network.train().parameters())
    averages = [weight.detach().clone() for weight in weights]
    optimiser = torch.optim.AdamW(weights, RATE, fused=True)

    def step() -> None:
        with autocast(windows.device, dtype):
            answers = network(windows)
        answers.float().square().mean(0).sum().backward()
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, DECAY)

    return step


def both_ways(
    encoder: AutoencoderConfig, batch: int, setting: Setting
) -> tuple[Callable[[], None], Callable[[], None]]:
    """One step of all repeats one after another, and one of all together, from the same weights."""
    device = torch.device(setting.device)
    config = ECGClassifierConfig(encoder, N_LABELS)
    networks = [build(config).to(device) for _ in range(setting.members)]
    windows = torch.randn(batch, setting.members, encoder.n_leads, encoder.n_samples, device=device)
    together = bare_step(stack(networks).to(device), windows.flatten(1, 2), setting.precision)
    alone = [
        bare_step(network, windows[:, place].contiguous(), setting.precision)
        for place, network in enumerate(networks)
    ]

    def one_after_another() -> None:
        for step in alone:
            step()

    return one_after_another, together


def seconds(step: Callable[[], None], device: torch.device) -> float:
    """The time of one step: on a GPU until it is done, on a CPU the processor time of all threads."""
    started = _now(device)
    step()
    return _now(device) - started


def repeats_row(name: str, encoder: AutoencoderConfig, batch: int, setting: Setting) -> Row:
    """The factor by which the repeats learn faster together, as the median of the rounds."""
    device = torch.device(setting.device)
    alone, together = both_ways(encoder, batch, setting)
    for step in (alone, together):
        step()
    pairs = [(seconds(alone, device), seconds(together, device)) for _ in range(setting.rounds)]
    return judged(f"{setting.members} repeats together, {name}, {setting.precision}", pairs, device.type)


def judged(what: str, pairs: Sequence[tuple[float, float]], kind: str) -> Row:
    """The row of these seconds (one after another, together); rounds tell no more than one decimal."""
    ratios = [one / other for one, other in pairs]
    ratio = round(float(np.median(ratios)), 1)
    alone, together = np.median(np.array(pairs), axis=0)
    how = f"a step of each: {1000 * alone:.0f} ms one after another, {1000 * together:.0f} ms together"
    target = at_least(TIMES[kind], ratio, "times")
    sample = f"{len(pairs)} rounds, {min(ratios):.2f}-{max(ratios):.2f}"
    return Row(what, f"{ratio:.1f} times as fast", how, target, sample)


def repeats_rows(setting: Setting) -> list[Row]:
    """A row for each encoder in ``ENCODERS``."""
    rows = []
    for name, (encoder, batch) in ENCODERS.items():
        rows.append(repeats_row(name, encoder, batch, setting))
        tell(f"{rows[-1].what}: {rows[-1].measured}")
    return rows


def _now(device: torch.device) -> float:
    if device.type == "cpu":
        return time.process_time()  # other programs on the machine disturb it least
    torch.cuda.synchronize(device)
    return time.perf_counter()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.repeats", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:0")
    parser.add_argument("--members", type=int, default=10, help="repeats")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    rows = [
        row
        for precision in ("fp32", "bf16")
        for row in repeats_rows(Setting(options.device, precision, options.members, options.rounds))
    ]
    show("Repeats", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
