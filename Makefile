# Two commands set everything up on a machine with Python 3.11, Node 20 and make:
#   make demo    three headquarters play the main path, and stay up to be looked at
#   make test    the whole test suite
# The rest: make lint | types | web | web-types | bench | soak | screenshots | clean.   `.ci/run` runs `make ci`.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types web web-types web-check ci bench soak screenshots lock clean

demo: $(VENV)/.run src/renkei/web_dist/index.html
	$(BIN)/renkei demo

test: $(VENV)/.dev src/renkei/web_dist/index.html
	@tools/browser-deps.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile
	cd web && npm test

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests bench web/scripts
	$(BIN)/ruff format --check src tests bench web/scripts
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev
	$(BIN)/mypy

web: src/renkei/web_dist/index.html

# The client's types, from the node as it stands; made anew each time, as they follow from all of src/renkei.
web-types: $(VENV)/.run web/node_modules/.installed
	@mkdir -p web/src/generated
	PYTHONPATH=src $(BIN)/python web/scripts/openapi.py > web/src/generated/openapi.json
	cd web && npm run coast --silent && npm run types --silent

web-check: web-types
	cd web && npm run lint && npm run check

ci: lint types web-check test

bench: $(VENV)/.dev
	$(BIN)/python -m bench

soak: $(VENV)/.dev
	$(BIN)/python -m pytest -m crash --crash-rounds=50 tests/kernel/log tests/stories

# The user guide's pictures, taken anew from two running nodes.
screenshots: $(VENV)/.dev src/renkei/web_dist/index.html
	@tools/browser-deps.sh
	PYTHONPATH=src:tests $(BIN)/python -m browser.screenshots

# The run-time set and the developers' set are separate stamps, so that a demo installs no test tools.
$(VENV)/bin/python:
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "expected Python 3.11 as '$(PYTHON)'; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install -c constraints.txt --group dev
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	@node --version | grep -qE '^v(2[0-9]|[3-9][0-9])' || { echo "expected Node 20 or later; $$(node --version) came"; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

src/renkei/web_dist/index.html: web/node_modules/.installed $(shell find web \( -path web/node_modules -o -path web/src/generated \) -prune -o -type f -print 2>/dev/null)
	cd web && npm run build --silent
	@touch $@

# After raising a dependency: write down exactly what the suite ran with.
lock: $(VENV)/.dev
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) web/node_modules src/renkei/web_dist demo-data .mypy_cache .ruff_cache .pytest_cache
