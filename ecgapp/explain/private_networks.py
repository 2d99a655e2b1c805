"""Private copies of networks, for explainers that register hooks or differentiate.

Streamlit serves each session on its own thread, and explainers are not thread-safe: a copy is made once for
each network, is used by one thread at a time, and is deleted with its network. Its batch norms are folded
into the convolutions before them, which gives the same numbers in fewer operations.
"""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


@dataclass(frozen=True, eq=False)
class _Private:
    network: nn.Module
    lock: threading.Lock = field(default_factory=threading.Lock)


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_copies: WeakKeyDictionary[nn.Module, _Private] = WeakKeyDictionary()
_making = threading.Lock()


@contextmanager
def private_copy(network: nn.Module) -> Iterator[nn.Module]:
    """A copy of ``network`` in eval mode, without gradients of its weights, for one thread at a time."""
    with _making:
        if network not in _copies:
            _copies[network] = _Private(_folded(copy.deepcopy(network).eval().requires_grad_(False)))
        lent = _copies[network]
    with lent.lock:
        yield lent.network


def _folded(network: nn.Module) -> nn.Module:
    """``network``, changed in place: batch norms behind a convolution in a sequence are fused into it."""
    for module in list(network.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        for place in range(len(module) - 1):
            first, second = module[place], module[place + 1]
            if isinstance(first, nn.Conv1d | nn.Conv2d) and isinstance(
                second, nn.BatchNorm1d | nn.BatchNorm2d
            ):
                module[place] = fuse_conv_bn_eval(first, second).requires_grad_(False)
                module[place + 1] = nn.Identity()
    return network
