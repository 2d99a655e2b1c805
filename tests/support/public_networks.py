"""The networks of the PTB-XL benchmark in one-dimensional layers, with the tensor names of the public code.

Written from the description of the networks (Strodthoff et al. 2020, doi 10.1109/JBHI.2020.3022989).
"""

import torch
from torch import nn


class ConcatPool(nn.Module):
    """Maxima over time, then means."""

    def forward(self, x):
        return torch.cat([x.amax(-1), x.mean(-1)], 1)


def head(width, n_labels):
    return nn.Sequential(
        ConcatPool(),
        nn.Flatten(),
        nn.BatchNorm1d(2 * width),
        nn.Dropout(0.25),
        nn.Linear(2 * width, 128),
        nn.ReLU(),
        nn.BatchNorm1d(128),
        nn.Dropout(0.5),
        nn.Linear(128, n_labels),
    )


def conv(c_in, c_out, kernel, stride=1):
    return nn.Conv1d(c_in, c_out, kernel, stride, (kernel - 1) // 2, bias=False)


def layer(c_in, c_out, kernel, stride=1, active=True):
    return nn.Sequential(
        conv(c_in, c_out, kernel, stride), nn.BatchNorm1d(c_out), *([nn.ReLU()] if active else [])
    )


class Block(nn.Module):
    """A bottleneck, whose convolutions have two names."""

    def __init__(self, c_in, width, stride):
        super().__init__()
        self.convs = nn.Sequential(
            layer(c_in, width, 1), layer(width, width, 5, stride), layer(width, 4 * width, 1, active=False)
        )
        self.convpath = nn.Sequential(self.convs)
        around = [nn.AvgPool1d(2, ceil_mode=True)] if stride > 1 else []
        if c_in != 4 * width:
            around.append(layer(c_in, 4 * width, 1, active=False))
        self.idpath = nn.Sequential(*around)

    def forward(self, x):
        return (self.convpath(x) + self.idpath(x)).relu()


def xresnet(n_leads, n_labels, depths=(3, 4, 23, 3), width=64):
    half = width // 2
    stages = []
    for stage, depth in enumerate(depths):
        blocks = [Block(width if stage == 0 else 4 * width, width, 1 if stage == 0 else 2)]
        stages.append(nn.Sequential(*blocks, *(Block(4 * width, width, 1) for _ in range(depth - 1))))
    stem = (layer(n_leads, half, 5, 2), layer(half, half, 5), layer(half, width, 5))
    return nn.Sequential(*stem, nn.MaxPool1d(3, 2, 1), *stages, head(4 * width, n_labels))


class WangBlock(nn.Module):
    """Two convolutions of 5 and 3 samples."""

    def __init__(self, width, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(width, width, 5, stride), nn.BatchNorm1d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm1d(width)
        strided = nn.Sequential(nn.Conv1d(width, width, 1, stride, bias=False), nn.BatchNorm1d(width))
        self.downsample = strided if stride > 1 else None

    def forward(self, x):
        around = x if self.downsample is None else self.downsample(x)
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + around).relu()


def resnet_wang(n_leads, n_labels, width=128):
    blocks = [nn.Sequential(WangBlock(width, stride)) for stride in (1, 2, 2)]
    stem = (conv(n_leads, width, 7), nn.BatchNorm1d(width), nn.ReLU())
    return nn.Sequential(*stem, *blocks, head(width, n_labels))


class InceptionModule(nn.Module):
    """Three widths and a max-pool, joined."""

    def __init__(self, c_in, filters, bottleneck):
        super().__init__()
        self.bottleneck = conv(c_in, bottleneck, 1)
        self.convs = nn.ModuleList(conv(bottleneck, filters, kernel) for kernel in (39, 19, 9))
        self.conv_bottle = nn.Sequential(nn.MaxPool1d(3, 1, padding=1), conv(c_in, filters, 1))
        self.bn_relu = nn.Sequential(nn.BatchNorm1d(4 * filters), nn.ReLU())

    def forward(self, x):
        narrow = self.bottleneck(x)
        return self.bn_relu(torch.cat([*(each(narrow) for each in self.convs), self.conv_bottle(x)], 1))


class Around(nn.Module):
    """A shortcut's convolution and norm."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv, self.bn = conv(c_in, c_out, 1), nn.BatchNorm1d(c_out)

    def forward(self, x):
        return self.bn(self.conv(x))


class Backbone(nn.Module):
    """Six modules with a shortcut around every three."""

    def __init__(self, n_leads, filters, bottleneck):
        super().__init__()
        inputs = [n_leads, *[4 * filters] * 5]
        self.im = nn.ModuleList(InceptionModule(c_in, filters, bottleneck) for c_in in inputs)
        self.sk = nn.ModuleList(Around(c_in, 4 * filters) for c_in in (n_leads, 4 * filters))

    def forward(self, x):
        for group, around in enumerate(self.sk):
            before = x
            for module in self.im[3 * group : 3 * group + 3]:
                x = module(x)
            x = (x + around(before)).relu()
        return x


class InceptionNetwork(nn.Module):
    """All layers under one name."""

    def __init__(self, n_leads, n_labels, filters=32, bottleneck=32):
        super().__init__()
        self.layers = nn.Sequential(Backbone(n_leads, filters, bottleneck), head(4 * filters, n_labels))

    def forward(self, x):
        return self.layers(x)


PUBLIC = {"xresnet1d101": xresnet, "resnet1d_wang": resnet_wang, "inception1d": InceptionNetwork}


def public_network(name, n_leads=12, n_labels=5, seed=0):
    """A public network in eval mode whose batch norms have statistics other than 0 and 1."""
    torch.manual_seed(seed)
    network = PUBLIC[name](n_leads, n_labels)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
            module.weight.data.uniform_(0.5, 1.0)
            module.bias.data.normal_(0, 0.1)
    return network.eval().requires_grad_(False)
