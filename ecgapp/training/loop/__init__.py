"""The training loop: learner, learning rate schedule and checkpoints."""
