"""The protocols of the studies, which register themselves in this order."""

from ecgapp.experiments.protocols.jang2021 import Jang2021

__all__ = ["Jang2021"]
