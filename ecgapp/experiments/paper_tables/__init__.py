"""The published results of the studies, as printed in their papers."""
