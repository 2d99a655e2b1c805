.PHONY: test check

# On both cores. Tests of one file stay together; tests of processes and browsers run one after another
# (tests/conftest.py), since they measure time.
PYTEST = pytest -n 2 --dist loadgroup

test:
	$(PYTEST) tests/unit tests/contracts tests/pages

check:
	ruff format --check .
	ruff check .
	mypy
	$(PYTEST)
