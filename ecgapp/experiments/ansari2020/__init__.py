"""The parts of the study of Ansari et al. (2020): features, learners, the network, the head, the tables."""
