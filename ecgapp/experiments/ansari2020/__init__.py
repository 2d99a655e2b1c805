"""The features, learners, network, head, tables and times of the study of Ansari et al. (2020)."""
