"""The benchmark of repeats: both ways learn the same, and the table says which is faster."""

import pytest
import torch

from benchmarks.training import repeats
from ecgapp.models import PatchAutoencoderConfig, build, stack, unstack

SMALL = PatchAutoencoderConfig(n_leads=2, n_samples=64, widths=(4, 4), depths=(1, 1), squeeze=2, latent=3)
QUICK = repeats.Setting(members=3, rounds=2)


def test_the_script_explains_itself(capsys):
    with pytest.raises(SystemExit):
        repeats.main(["--help"])
    assert "python -m benchmarks.training.repeats" in capsys.readouterr().out


def test_a_small_race_gives_a_row_with_both_times():
    row = repeats.repeats_row("small", SMALL, 4, QUICK)
    assert row.what == "3 repeats together, small, fp32"
    assert row.sample.startswith("2 rounds")
    assert "one after another" in row.how


def test_the_two_ways_take_the_same_step():
    networks = [build(SMALL) for _ in range(2)]
    stacked = stack(networks)
    windows = torch.randn(4, 2, 2, 64, generator=torch.Generator().manual_seed(0))
    repeats.bare_step(stacked, windows.flatten(1, 2), "fp32")()
    for place, network in enumerate(networks):
        repeats.bare_step(network, windows[:, place].contiguous(), "fp32")()
    others = [build(SMALL) for _ in range(2)]
    unstack(stacked, others)
    for network, other in zip(networks, others, strict=True):
        for mine, its in zip(network.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "together", "reached"),
    [("cpu", 1.02, True), ("cpu", 1.2, False), ("cuda", 0.3, False), ("cuda", 0.2, True)],
)
def test_together_must_be_no_slower_on_a_cpu_and_four_times_faster_on_a_gpu(kind, together, reached):
    row = repeats.judged("repeats", [(1.0, together), (2.0, 2 * together), (1.0, 9.0)], kind)
    assert row.target.reached is reached
    assert "1000 ms one after another" in row.how
