"""Four ways to ask a network what moved it, all from Captum, behind one signature.

Each takes networks that answer together (an ensemble's members, or one network) and returns one map
for each, (n_networks, n_leads, n_samples); the ensemble's map is their mean, and how far they agree
tells how stable it is. The networks must be private copies: Captum hooks what it is given.
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
REFINED = 0.1  # of occlusion's long pieces are looked at again in halves
AT_ONCE = 50  # windows in one forward pass
_global_random_state = threading.Lock()  # NoiseTunnel draws from torch's own generator, which threads share


@dataclass(frozen=True, eq=False)
class Question:
    """One label of one window; ``x`` and ``baseline`` are (n_leads, n_samples).

    ``cell`` is the shortest stretch that occlusion hides, in samples; ``steps`` those of Integrated
    Gradients; ``seed`` that of SmoothGrad's noise.
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
    """Sundararajan et al. (2017), arXiv:1703.01365: the gradient along the way from baseline to window.

    Gauss-Legendre nodes, all in one batch. The sum is the logit's change, up to the completeness error.
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
    """Smilkov et al. (2017), arXiv:1706.03825: the mean gradient at noisy copies of the window.

    Ours is multiplied by window minus baseline, so that it is in logits, and as a first-order guess
    at the same change. One network is asked twice, with other noise, to see how stable its map is.
    """
    from captum.attr import NoiseTunnel, Saliency

    asked = networks if len(networks) > 1 else [*networks, *networks]
    gradients = []
    for place, network in enumerate(asked):
        with _global_random_state, torch.random.fork_rng(devices=_devices(question.x)):
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
    """Selvaraju et al. (2017), arXiv:1610.02391, on the encoder's last feature map; has no baseline.

    The feature map knows moments, but no leads: each lead gets an equal part.
    """
    n_leads, n_samples = question.x.shape
    maps = [_at_samples(*_class_map(network, question), n_samples) for network in networks]
    return (torch.stack(maps)[:, None] / n_leads).expand(-1, n_leads, -1)


def occlusion(networks: Networks, question: Question) -> Tensor:
    """What the logit loses where a piece of one lead is replaced by the baseline (Zeiler and Fergus 2014).

    Pieces of two cells first; the ``REFINED`` part of them that matters most is then hidden cell by cell.
    """
    long = _pieces(question.x, 2 * question.cell)
    found = _hidden(networks, question, long)
    effect = torch.zeros(int(long.max()) + 1).index_put_(
        (long.flatten().cpu(),), found.mean(0).flatten().cpu()
    )
    strongest = effect.abs().topk(math.ceil(REFINED * len(effect))).indices.to(long.device)
    looked_at = torch.isin(long, strongest)
    short = torch.where(looked_at, _pieces(question.x, question.cell) + 1, 0)
    again = _hidden(networks, question, torch.unique(short, return_inverse=True)[1])
    return torch.where(looked_at, again, found)


METHODS: dict[str, Method] = {
    INTEGRATED_GRADIENTS: integrated_gradients,
    SMOOTHGRAD: smoothgrad,
    GRAD_CAM: grad_cam,
    OCCLUSION: occlusion,
}


def _devices(x: Tensor) -> list[torch.device]:
    return [x.device] if x.device.type == "cuda" else []


def _pieces(x: Tensor, size: int) -> Tensor:
    """Numbers of the pieces of ``size`` samples of each lead, (n_leads, n_samples)."""
    in_lead = torch.arange(x.shape[1], device=x.device) // size
    return torch.arange(len(x), device=x.device)[:, None] * (int(in_lead[-1]) + 1) + in_lead


def _hidden(networks: Networks, question: Question, pieces: Tensor) -> Tensor:
    """Each piece's effect, spread over its samples: (n_networks, n_leads, n_samples)."""
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
    """Grad-CAM over the feature map's steps (n_steps,), the sample of step 0, and samples a step."""
    from captum.attr import LayerGradCam

    encoder: nn.Module = network.get_submodule("encoder")
    found = LayerGradCam(network, encoder).attribute(question.x[None], target=question.target).detach()[0, 0]
    step = math.ceil(question.x.shape[1] / len(found))
    return found, _first_centre(encoder, question.x, len(found), step), step


def _first_centre(encoder: nn.Module, x: Tensor, n_steps: int, step: int) -> float:
    """Where, in samples, the middle of what step 0 sees lies; measured at a step that sees no edge."""
    middle = n_steps // 2
    with torch.enable_grad():
        seen = x[None].clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(encoder(seen)[0, :, middle].sum(), seen)
    touched = np.flatnonzero(gradient[0].abs().sum(0).cpu().numpy())
    if not len(touched):
        return (step - 1) / 2
    return float(touched[0] + touched[-1]) / 2 - middle * step


def _at_samples(found: Tensor, first: float, step: int, n_samples: int) -> Tensor:
    """Steps at their centres, straight lines between them: (n_samples,)."""
    centres = first + step * np.arange(len(found))
    drawn = np.interp(np.arange(n_samples), centres, found.cpu().double().numpy())
    return torch.tensor(drawn, dtype=torch.float32, device=found.device)
