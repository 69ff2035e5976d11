# Thin on purpose: every target is a line or two over pip and scaffold itself.
SHELL := /bin/bash
MODEL ?= roc_bert
VERSION ?= 4.47.1
INTO ?= work
# TensorFlow 2.18 has wheels for these. Where an index serves CPU builds of torch, PIP_EXTRA_INDEX_URL names it to pip.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.10; do $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# A new machine may have no git identity; the demo's commit then has this author.
IDENTITY = git config user.name >/dev/null || export GIT_AUTHOR_NAME=Demo GIT_COMMITTER_NAME=Demo; \
           git config user.email >/dev/null || export GIT_AUTHOR_EMAIL=demo@example.com GIT_COMMITTER_EMAIL=demo@example.com

.PHONY: demo test check docs site sweep torture clean

demo: .venv/verify ## port MODEL in a real release, verify it and show the checklist
	$(BIN)/pip install --quiet --no-deps .
	@$(IDENTITY); set -x; $(BIN)/scaffold new-tf-model $(MODEL) --upstream pypi:transformers==$(VERSION) --into $(INTO) --yes
	$(BIN)/scaffold checklist $(MODEL) --repo $(INTO)/transformers

test: .venv/dev check ## everything CI runs
	-$(MAKE) --no-print-directory .venv/demo
	$(BIN)/python -m pytest

check: .venv/dev ## the quick part: lint, format, types, generated docs
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m scaffold.docgen --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

sweep: .venv/dev ## port every model of the release, rewrite docs/reference/ports.*; hours; ARGS="--group A" narrows it
	$(BIN)/scaffold sweep --upstream pypi:transformers==$(VERSION) --into $(INTO) --out $(INTO)/sweep --resume \
	  --markdown docs/reference/ports.md --html docs/reference/ports.html $(ARGS)

torture: .venv/dev ## hours of fuzzing, kills and faults; PARTS="names kills" chooses
	$(BIN)/python -m tests.torture $(PARTS)

site: .venv/dev ## the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

docs: .venv/dev ## rewrite docs/reference from the code
	$(BIN)/python -m scaffold.docgen

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.10, 3.11 or 3.12 is needed; name it: make PYTHON=…" >&2; exit 2; }
	"$(PYTHON)" -m venv .venv

.venv/verify: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet -c constraints.txt '.[verify]'
	touch $@

.venv/dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet -c constraints.txt -e '.[verify,dev]'
	touch .venv/verify $@

# Gradio's newest versions want another ruff and huggingface_hub than ours: an environment of its own, laid over .venv. Only
# one test uses it, and skips without.
.venv/demo: | .venv/dev
	$(BIN)/python -m venv .venv/demo.new
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])" > "$$(.venv/demo.new/bin/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/below.pth"
	.venv/demo.new/bin/python -m pip install --quiet 'gradio>=5,<6' 'huggingface-hub<1' 'ruff>=0.9.3' nbclient nbformat ipykernel
	mv .venv/demo.new $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
