"""The protocols, one module for each study."""

from ecgapp.experiments.protocols import ansari2020

__all__ = ["ansari2020"]
