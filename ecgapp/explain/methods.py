"""Four attribution methods from Captum behind one signature.

Each takes the networks of an ensemble, or one network, and returns one map for each,
(n_networks, n_leads, n_samples). The ensemble's map is their mean; their agreement measures its stability.
The networks must be private copies, because Captum registers hooks on them.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

INTEGRATED_GRADIENTS = "integrated_gradients"
SMOOTHGRAD = "smoothgrad"
GRAD_CAM = "grad_cam"
OCCLUSION = "occlusion"

NOISE = 0.15  # standard deviations of a lead: the noise of SmoothGrad
NOISY_COPIES = 16
REFINED = 0.1  # share of occlusion's long pieces that are occluded again in halves
AT_ONCE = 50  # windows in one forward pass
_global_random_state = (
    threading.Lock()
)  # NoiseTunnel draws from torch's global generator, which threads share


@dataclass(frozen=True, eq=False)
class Question:
    """One label of one window to be explained; ``x`` and ``baseline`` are (n_leads, n_samples).

    ``cell`` is the shortest piece of occlusion, in samples; ``steps`` are those of Integrated Gradients;
    ``seed`` is that of SmoothGrad's noise.
    """

    x: Tensor
    baseline: Tensor
    target: int
    cell: int
    steps: int
    seed: int


Networks = Sequence[nn.Module]
Method = Callable[[Networks, Question], Tensor]


def integrated_gradients(networks: Networks, question: Question) -> Tensor:
    """Integrated Gradients: the mean gradient on the straight line from baseline to window.

    Sundararajan et al. (2017), arXiv:1703.01365, with Gauss-Legendre nodes, all in one batch. The sum is the
    logit's change, up to the completeness error.
    """
    from captum.attr import IntegratedGradients  # slow to import, and a training server has none

    return torch.cat(
        [
            IntegratedGradients(network).attribute(
                question.x[None],
                question.baseline[None],
                target=question.target,
                n_steps=question.steps,
                method="gausslegendre",
            )
            for network in networks
        ]
    ).detach()


def smoothgrad(networks: Networks, question: Question) -> Tensor:
    """SmoothGrad: the mean gradient at noisy copies of the window, times window minus baseline.

    Smilkov et al. (2017), arXiv:1706.03825. The factor makes it a first-order estimate of the logit's change,
    in logits. A single network is used twice with different noise to measure the stability of its map.
    """
    from captum.attr import NoiseTunnel, Saliency

    devices = [question.x.device] if question.x.device.type == "cuda" else []
    repeated = networks if len(networks) > 1 else [*networks, *networks]
    gradients = []
    for place, network in enumerate(repeated):
        with _global_random_state, torch.random.fork_rng(devices=devices):
            torch.manual_seed(question.seed + place)
            gradients.append(
                NoiseTunnel(Saliency(network)).attribute(
                    question.x[None].clone().requires_grad_(True),
                    nt_type="smoothgrad",
                    nt_samples=NOISY_COPIES,
                    nt_samples_batch_size=NOISY_COPIES,
                    stdevs=NOISE,
                    target=question.target,
                    abs=False,
                )
            )
    return torch.cat(gradients).detach() * (question.x - question.baseline)


def grad_cam(networks: Networks, question: Question) -> Tensor:
    """Grad-CAM on the encoder's last feature map, without a baseline.

    Selvaraju et al. (2017), arXiv:1610.02391. The feature map has a time axis but no leads, so each lead gets
    an equal part.
    """
    n_leads, n_samples = question.x.shape
    maps = [_at_samples(*_class_map(network, question), n_samples) for network in networks]
    return (torch.stack(maps)[:, None] / n_leads).expand(-1, n_leads, -1)


def occlusion(networks: Networks, question: Question) -> Tensor:
    """Occlusion: the logit's loss if a piece of one lead is replaced by the baseline.

    Zeiler and Fergus (2014), arXiv:1311.2901. Pieces of two cells are occluded first; the ``REFINED`` part of
    them with the largest effect is then occluded cell by cell.
    """
    long = _pieces(question.x, 2 * question.cell)
    coarse = _hidden(networks, question, long)
    effect = torch.zeros(int(long.max()) + 1).index_put_(
        (long.flatten().cpu(),), coarse.mean(0).flatten().cpu()
    )
    strongest = effect.abs().topk(math.ceil(REFINED * len(effect))).indices.to(long.device)
    looked_at = torch.isin(long, strongest)
    short = torch.where(looked_at, _pieces(question.x, question.cell) + 1, 0)
    again = _hidden(networks, question, torch.unique(short, return_inverse=True)[1])
    return torch.where(looked_at, again, coarse)


METHODS: dict[str, Method] = {
    INTEGRATED_GRADIENTS: integrated_gradients,
    SMOOTHGRAD: smoothgrad,
    GRAD_CAM: grad_cam,
    OCCLUSION: occlusion,
}


def _pieces(x: Tensor, size: int) -> Tensor:
    """The number of the piece of ``size`` samples at each sample of each lead, (n_leads, n_samples)."""
    in_lead = torch.arange(x.shape[1], device=x.device) // size
    return torch.arange(len(x), device=x.device)[:, None] * (int(in_lead[-1]) + 1) + in_lead


def _hidden(networks: Networks, question: Question, pieces: Tensor) -> Tensor:
    """The effect of each piece, spread over its samples: (n_networks, n_leads, n_samples)."""
    from captum.attr import FeatureAblation

    lost = torch.cat(
        [
            FeatureAblation(network).attribute(
                question.x[None],
                question.baseline[None],
                target=question.target,
                feature_mask=pieces[None],
                perturbations_per_eval=AT_ONCE,
            )
            for network in networks
        ]
    )
    return lost / torch.bincount(pieces.flatten())[pieces]


def _class_map(network: nn.Module, question: Question) -> tuple[Tensor, float, int]:
    """Grad-CAM over the feature map's steps (n_steps,), the sample of step 0, and samples per step."""
    from captum.attr import LayerGradCam

    encoder: nn.Module = network.get_submodule("encoder")
    steps = LayerGradCam(network, encoder).attribute(question.x[None], target=question.target).detach()[0, 0]
    step = math.ceil(question.x.shape[1] / len(steps))
    return steps, _first_centre(encoder, question.x, len(steps), step), step


def _first_centre(encoder: nn.Module, x: Tensor, n_steps: int, step: int) -> float:
    """The centre of step 0's receptive field, in samples, measured at a step away from the edges."""
    middle = n_steps // 2
    with torch.enable_grad():
        seen = x[None].clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(encoder(seen)[0, :, middle].sum(), seen)
    touched = np.flatnonzero(gradient[0].abs().sum(0).cpu().numpy())
    if not len(touched):
        return (step - 1) / 2
    return float(touched[0] + touched[-1]) / 2 - middle * step


def _at_samples(steps: Tensor, first: float, step: int, n_samples: int) -> Tensor:
    """The values of the steps interpolated linearly between their centres: (n_samples,)."""
    centres = first + step * np.arange(len(steps))
    drawn = np.interp(np.arange(n_samples), centres, steps.cpu().double().numpy())
    return torch.tensor(drawn, dtype=torch.float32, device=steps.device)
