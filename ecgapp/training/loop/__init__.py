"""The training loop: learner, learning rate schedule, checkpoints, and a trial of memory."""
