# Two commands for everyone: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
DEBIAN := chromium chromium-driver bart

.PHONY: demo test check bench docs clean

demo: .venv/base
	$(BIN)/anatwin phantom -o demo/patient
	$(BIN)/anatwin build demo/patient/kspace.h5 -o demo/case --subject demo
	@echo "Open $(CURDIR)/demo/case/report.html in a browser."

test: .venv/dev .venv/debian
	$(BIN)/pytest -n 2 --dist worksteal -q

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/gates.py

bench: .venv/dev .venv/debian
	$(BIN)/python benchmarks/reconstruct.py
	$(BIN)/python benchmarks/agreement.py
	$(BIN)/python benchmarks/noncartesian.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/head_inference.py
	$(BIN)/python benchmarks/robustness.py
	$(BIN)/python benchmarks/topology.py
	$(BIN)/python benchmarks/topology.py --only anatwin --sizes 256 512 1024 2048
	$(BIN)/python benchmarks/topology.py --beam
	$(BIN)/python benchmarks/registration.py 4 1 "left atrium"
	$(BIN)/python benchmarks/fusion.py masks 2
	$(BIN)/python benchmarks/fusion.py speed
	$(BIN)/python benchmarks/bending.py 1 3

docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open $(CURDIR)/site/index.html in a browser."

clean:
	rm -rf .venv demo site

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/base: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps fastmri
	@touch $@ .venv/base

# The browser and the reference toolbox that tests and benchmarks compare with.
.venv/debian: .venv/bin/python
	@command -v chromium chromedriver bart >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq $(DEBIAN) >/dev/null; }
	@touch $@
