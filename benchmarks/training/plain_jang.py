"""Jang's autoencoder written plainly, as its authors' training ran it: the baseline of all throughput.

Jang et al. 2021, doi 10.4258/hir.2021.27.1.19, and the group's public code: ``nn.Conv1d`` of kernel 19 on all
2,048 samples, 16 filters, nine pre-activation blocks (norm, LeakyReLU, convolution, twice; max-pool by two in
blocks two to eight on both paths; 1x1 shortcut; dropout), dense layers 80 f -> 40 f -> 60 -> 80 f, a decoder
of linear up-sampling and reflection-padded convolutions without shortcuts. Left out, in its favour: the third
of their parameters that takes no part in the output. They trained in float64: ``.double()``.
"""

from itertools import pairwise

from torch import Tensor, nn

FILTERS, KERNEL, LATENT, DROPOUT, DECODER_DROPOUT = 16, 19, 60, 0.3, 0.2
WINDOW = 2048  # samples at 250 Hz
WIDTHS = tuple(FILTERS * factor for factor in (1, 1, 1, 2, 3, 4, 4, 5, 5, 5))  # the stem, then the blocks
KERNELS = (KERNEL,) * 6 + (KERNEL // 2,) * 3
POOLED = (False,) + (True,) * 7 + (False,)
SHORTEST = WINDOW // 2 ** sum(POOLED)  # samples after the last block: 16


class Block(nn.Module):
    """(batch, c_in, t) -> (batch, c_out, t), or t / 2 where it is pooled."""

    def __init__(self, c_in: int, c_out: int, kernel: int, *, pooled: bool) -> None:
        super().__init__()
        half = kernel // 2
        self.body = nn.Sequential(
            nn.BatchNorm1d(c_in),
            nn.LeakyReLU(),
            nn.Conv1d(c_in, c_out, kernel, padding=half),
            nn.BatchNorm1d(c_out),
            nn.LeakyReLU(),
            nn.Conv1d(c_out, c_out, kernel, padding=half),
        )
        self.pool = nn.MaxPool1d(2) if pooled else nn.Identity()
        self.shortcut = nn.Identity() if c_in == c_out else nn.Conv1d(c_in, c_out, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.pool(self.body(x)) + self.shortcut(self.pool(x)))


class PlainJang(nn.Module):
    """Input and output are (batch, 1, 2048), in normalised units."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, FILTERS, KERNEL, padding=KERNEL // 2), nn.BatchNorm1d(FILTERS), *_encoder_blocks()
        )
        flat = WIDTHS[-1] * SHORTEST
        self.to_latent = nn.Sequential(
            nn.Flatten(), nn.Linear(flat, flat // 2), nn.LeakyReLU(), nn.Linear(flat // 2, LATENT)
        )
        self.from_latent = nn.Linear(LATENT, flat)
        self.decoder = nn.Sequential(*_decoder_blocks(), nn.Conv1d(FILTERS, 1, 1))

    def encode(self, x: Tensor) -> Tensor:
        """The 60 features, (batch, 60)."""
        return self.to_latent(self.encoder(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.from_latent(self.encode(x)).unflatten(1, (WIDTHS[-1], SHORTEST)))


def _encoder_blocks() -> list[nn.Module]:
    pairs = zip(pairwise(WIDTHS), KERNELS, POOLED, strict=True)
    return [Block(c_in, c_out, kernel, pooled=pooled) for (c_in, c_out), kernel, pooled in pairs]


def _decoder_blocks() -> list[nn.Module]:
    layers: list[nn.Module] = []
    pairs = list(zip(pairwise(WIDTHS), KERNELS, POOLED, strict=True))
    for (c_out, c_in), kernel, doubled in reversed(pairs):
        half = kernel // 2
        layers += [
            nn.Conv1d(c_in, c_in, kernel, padding=half, bias=False),
            nn.BatchNorm1d(c_in),
            nn.LeakyReLU(),
        ]
        if doubled:
            layers += [nn.Upsample(scale_factor=2, mode="linear"), nn.ReflectionPad1d(half)]
        layers += [
            nn.Conv1d(c_in, c_out, kernel, padding=0 if doubled else half, bias=False),
            nn.BatchNorm1d(c_out),
            nn.LeakyReLU(),
            nn.Dropout(DECODER_DROPOUT),
        ]
    return layers
