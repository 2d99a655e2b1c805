"""Whether the app still says the same after a change of its code: ``python -m benchmarks.behaviour``.

``--save FILE.json`` writes down what it says of some 80 real ECGs, a fixed and seeded choice of every source
in FOLDER, and of each synthetic rhythm: probabilities, measurements, rules, gate, critical findings,
judgement, attributions, report, and the documents of the command line; then what the importers, short seeded
trainings, the worklist and the export of reviews give. ``--compare FILE.json`` computes all of it again,
prints each value that differs by its path, and exits with 1 if there is one. Numbers may differ by 1e-6,
absolute or relative; times, durations and versions are left out. Set ``OMP_NUM_THREADS=1``.
"""
