"""Comparisons of experiments: intervals over records, and tests over repeated trials."""
