"""Building blocks of trials: records in memory, trained networks, pooled features, conventional learners."""
