.PHONY: test check

# On two cores, each worker with one thread of torch. Tests of one file stay together; tests of processes and
# browsers run one after another, because they measure time (tests/conftest.py).
PYTEST = OMP_NUM_THREADS=1 pytest -n 2 --dist loadgroup

test:
	$(PYTEST) -m "not slow" tests/unit tests/contracts tests/pages

check:
	ruff format --check .
	ruff check .
	mypy
	$(PYTEST)
