# Every target first makes .venv. PYTHON names the interpreter it is made with (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check attacks bench lab site release clean

demo: .venv/ready
	$(BIN)/bpkit demo

test: .venv/ready
	.ci/system-packages bubblewrap:bwrap chromium:chromium postgresql:postgres
	-.ci/system-packages node-configurable-http-proxy:configurable-http-proxy
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/benchmarks --benchmark-enable \
	  --benchmark-only --benchmark-columns=median,iqr,rounds

attacks: .venv/ready
	.ci/system-packages bubblewrap:bwrap
	$(BIN)/python -m pytest tests/attacks

lab: .venv/ready
	$(BIN)/jupyter lab

site: .venv/ready
	$(BIN)/sphinx-build --quiet --fail-on-warning -c docs . build/site
	@echo "The site is in build/site: open index.html"

release: .venv/ready
	$(BIN)/bpkit release

clean:
	rm -rf .venv build demo

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "bpkit needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[grade,test,docs]'
	touch $@
