"""The benchmarks: measurements on this machine against targets, one module per subject, one table each."""
