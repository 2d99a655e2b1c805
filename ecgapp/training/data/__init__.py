"""Records in memory, windows and batches: sampling, augmentation, sharding, random streams."""
