.PHONY: test check

# pytest uses two cores (pyproject.toml), each worker with one thread of torch (tests/conftest.py).
test:
	pytest tests/unit tests/contracts tests/pages

check:
	ruff format --check .
	ruff check .
	mypy
	pytest
