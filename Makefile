# Each target brings what it needs: in a fresh clone, `make demo` or `make test` alone is enough.

bin := .venv/bin
code := revmodel tests scripts experiments benchmarks
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check bench lock clean

help: ## show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## make .venv, or bring it up to date (quick when nothing changed)
	@scripts/setup

demo: setup ## the whole loop on the embedded company; pages in reports/
	@$(bin)/revmodel demo

test: setup ## lint and run every test
	@status=0; \
	$(bin)/ruff check --quiet $(code) || status=1; \
	$(bin)/ruff format --check --quiet $(code) || { echo "some files are not formatted: run '$(bin)/ruff format $(code)'"; status=1; }; \
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(bin)/python -m pytest -n 2 || status=1; \
	exit $$status

check: setup ## types as well, then all of `make test`
	@$(bin)/mypy
	@$(MAKE) --no-print-directory test

bench: setup ## measure what the README and benchmarks/ say
	@$(bin)/python benchmarks/run.py

lock: setup ## resolve the dependencies anew and write uv.lock
	@scripts/lock --upgrade

clean: ## remove what can be made again, .venv included
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(code) -name __pycache__ -type d -prune -exec rm -rf {} +
