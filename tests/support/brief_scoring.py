"""``python tests/support/brief_scoring.py RUN``: a scoring whose processes soon end once nothing waits.

``... brief_scoring.py scorer SLOT PARENT`` is one of these processes.
"""

import sys
from functools import partialmethod

from ecgapp import worker
from ecgapp.worklist import scorer_pool

LINGER = 0.5  # seconds

if __name__ == "__main__":
    if sys.argv[1] == "scorer":
        from ecgapp.worklist import __main__ as scoring  # imports torch, which the worker does without

        scoring.Scorer.run = partialmethod(scoring.Scorer.run, linger=LINGER)
        sys.exit(scoring.main(*map(int, sys.argv[2:])))
    scorer_pool.PROGRAM = (sys.executable, __file__, "scorer")
    sys.exit(worker.main(sys.argv[1:]))
