"""``python -m ecgapp.worker JOB``."""

import sys

from ecgapp.worker.execution import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
