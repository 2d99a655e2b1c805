"""Windows a second of each contestant, in turns, and how much of the machine's peak the fast one uses."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import Row, at_least, tell
from benchmarks.training.contestants import Contestant
from benchmarks.training.peak import Machine, Work, now

TIMES, TIMES_FP64 = 25.0, 80.0  # as fast as the plain network in fp32 and fp64, at least
SHARE = 0.5  # of the convolutions' peak, at least


def throughput(
    entries: Sequence[Contestant], batches: Iterator[Tensor], rounds: int, seconds: float
) -> list[list[float]]:
    """Windows a second of each contestant in each round, after one step to warm up."""
    for entry in entries:
        entry.step(next(batches))
    rates: list[list[float]] = [[] for _ in entries]
    for number in range(rounds):
        for rate, entry in zip(rates, entries, strict=True):
            n_windows, spent = run_for(entry, batches, seconds)
            rate.append(n_windows / spent)
        tell(f"round {number + 1} of {rounds} done")
    return rates


def run_for(entry: Contestant, batches: Iterator[Tensor], seconds: float) -> tuple[int, float]:
    """Learn for about ``seconds``, at least one step: windows seen, and seconds that it took."""
    device = next(entry.network.parameters()).device
    n_windows, started = 0, now(device)
    while True:
        batch = next(batches)
        entry.step(batch)
        n_windows += len(batch)
        if time.perf_counter() - started >= seconds:  # a GPU is waited for once, at the end
            return n_windows, now(device) - started


def throughput_rows(entries: Sequence[Contestant], rates: Sequence[Sequence[float]]) -> list[Row]:
    """Windows a second of each, and how many times the first one's that is; the last has the targets.

    The first two are the plain network in fp32 and in fp64; ratios are the medians of each round's own.
    """
    rows = []
    for entry, rate in zip(entries, rates, strict=True):
        ratio, double = (float(np.median(np.divide(rate, rates[place]))) for place in (0, 1))
        sample = f"{len(rate)} rounds, {min(rate):.3g}-{max(rate):.3g}"
        measured = f"{np.median(rate):.3g} windows/s, {ratio:.1f} times"
        target = at_least(TIMES, round(ratio, 1), "times plain float32") if entry is entries[-1] else None
        rows.append(Row(f"training, {entry.name}", measured, "median of the rounds", target, sample))
    target = at_least(TIMES_FP64, round(double, 1), "times plain float64")
    rows.append(
        Row("the same against Jang's network, plain, float64", f"{double:.1f} times", rows[-1].how, target)
    )
    return rows


@dataclass(frozen=True)
class Use:
    """One contestant's windows/s, what a window's step must do, and the time of its convolutions alone."""

    windows_a_second: float
    work: Work  # of one window
    convolution_seconds: float  # of one window


def peak_rows(machine: Machine, use: Use, dtype: torch.dtype) -> list[Row]:
    """The performance of convolutions here, and the shares that the step and its own convolutions reach."""
    precision = str(dtype).removeprefix("torch.")
    step = use.windows_a_second * use.work.flops
    alone = use.work.convolution_flops / use.convolution_seconds
    least = use.work.least_seconds * use.windows_a_second
    size = f"{use.work.flops / 1e6:.0f} MFLOP a window"
    return [
        Row(
            f"convolutions' peak, {precision}",
            f"{machine.peak / 1e9:.0f} GFLOP/s",
            "best shape, there and back",
        ),
        Row("bandwidth of a copy", f"{machine.bandwidth / 1e9:.0f} GB/s", "read and written"),
        Row(
            "fast autoencoder, share of the peak, whole step",
            f"{100 * step / machine.peak:.0f} %",
            f"{step / 1e9:.0f} GFLOP/s; augmentation, norms, optimiser and all else in the time",
            at_least(100 * SHARE, round(100 * step / machine.peak), "%"),
            size,
        ),
        Row(
            "fast autoencoder, share of the peak, convolutions alone",
            f"{100 * alone / machine.peak:.0f} %",
            f"{alone / 1e9:.0f} GFLOP/s by the profiler",
            at_least(100 * SHARE, round(100 * alone / machine.peak), "%"),
            size,
        ),
        Row(
            "fast autoencoder, share of the roofline, whole step",
            f"{100 * least:.0f} %",
            f"{1 / use.work.least_seconds:,.0f} windows/s are attainable by convolutions that miss no cache",
        ),
    ]
