# Two commands for everybody: make demo, make test. The others run a part of the tests.
PYTHON ?= python3
RUN = $(PYTHON) tests/tools/run.py

.PHONY: demo test test-matrix chaos bench bench-registry units lab sanity lint molecule runner build graphs docs lab-up lab-down clean

demo:
	$(PYTHON) tests/demo/demo.py

test:
	$(RUN)

# Sanity, units and the create scenario with every ansible-core that we support; MATRIX=2.19, or MATRIX="2.19 create", is one row or cell.
test-matrix:
	$(PYTHON) tests/tools/matrix.py $(MATRIX)

# Breaks runs in every way that can be thought of, and looks at what the next run makes of it; a short form is in make test.
chaos: build
	.venv/core-new/bin/python tests/chaos/chaos.py $(CHAOS)

# How fast it is, beside a plain playbook and a shell script; writes docs/performance.md's figures. Takes the whole machine for more than an hour.
bench: build
	.venv/core-new/bin/python tests/bench/bench.py $(or $(BENCH),--delay 0,20 --publish)

# What the registry costs with 20,000 servers and 100,000 tasks in it, against what it may: docs/performance.md.
bench-registry: build
	$(PYTHON) tests/tools/envs.py core-2.16
	PYTHONPATH=.build/collections .venv/core-new/bin/python tests/bench/registry.py

units lab sanity lint molecule:
	$(RUN) $@

# Jobs by ansible-runner, as AWX runs them.
runner:
	$(RUN) runner/quick runner/workflow runner/lifecycle

# The collection as users get it, in .build/collections.
build:
	$(PYTHON) tests/tools/envs.py core-new
	$(PYTHON) tests/tools/build.py

# docs/graphs.md, from the operations' graphs.
graphs: build
	PYTHONPATH=.build/collections .venv/core-new/bin/python tests/tools/graphs.py

# The documentation's site, in .build/site.
docs:
	$(PYTHON) tests/tools/docsite.py

lab-up:
	tests/lab/lab up 3

lab-down:
	tests/lab/lab down

# Everything that the demo and the tests made: hosts, networks, image, keys, environments, results.
clean:
	@! command -v podman >/dev/null || tests/lab/lab clean
	rm -rf .lab .build .venv .ansible tests/output
