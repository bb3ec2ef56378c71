# Each target sets up what it needs. Requirements: Python >= 3.11, make and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
OR_SAY := || { echo "softrec: pip cannot install these packages (see above): without a network, let PIP_INDEX_URL or PIP_FIND_LINKS name a package index that this machine can reach." >&2; exit 1; }

# The configuration and profile that `make cost` reads.
CONFIG ?= config/paper.yaml
PROFILE ?= profiles/slurm

# One thread per job, to avoid oversubscription.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo evidence slurm-demo slurm-recover cost audit why export curves crate pages docs bench rehearse test test-end-to-end test-parts test-slurm test-gpu simulate soak lint lock clean-venv

help:  ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# make demo SEEDS=1 takes less time, and its table has no standard deviations; config/demo.yaml has three seeds.
SEEDS_GIVEN := $(if $(SEEDS),--config 'seeds=[$(shell seq -s , $(SEEDS))]')

demo: $(VENV)/.run  ## From reviews to Table 2 on MovieLens-100K; two cores
	@$(BIN)/snakemake --profile profiles/demo $(SEEDS_GIVEN)
	@$(BIN)/snakemake --profile profiles/demo $(SEEDS_GIVEN) --quiet all \
		--report results/demo/report.html 2> results/demo/logs/report.log \
		|| { cat results/demo/logs/report.log; exit 1; }
	@$(BIN)/python scripts/show_table.py --long results/demo/table2_long.csv --bounds results/demo/table3_long.csv
	@echo
	@echo "Table 2:  results/demo/table2.csv   (also .md, .tex), on the paper's sample of test rows"
	@echo "  on all test rows, with tests: results/demo/table2_all.csv, or"
	@echo "  $(BIN)/python scripts/show_table.py --long results/demo/table2_all_long.csv --tests results/demo/significance.csv"
	@echo "Table 3:  results/demo/table3.md   (SOFT minus rows that bound what a language model adds)"
	@echo "Report:   results/demo/report.html"
	@echo "Next:     your own data (docs/data.md), model (docs/models.md) or method (docs/add-a-method.md);"
	@echo "          a cluster (docs/cluster.md); what each file is (docs/outputs.md)"

evidence: $(VENV)/.run  ## SOFT with SmolLM2-135M; two cores, two hours, resumable
	@$(BIN)/snakemake --profile profiles/demo --configfile config/evidence.yaml
	cp results/evidence/reproduction.md docs/reproduction.md

cost: $(VENV)/.run  ## Estimate the GPU-hours and disk that CONFIG has left
	@$(BIN)/python workflow/tools/cost.py $(CONFIG) --profile $(PROFILE) --sdm env-modules
	@echo "to run it: source $(BIN)/activate, then snakemake --profile ... (docs/cluster.md)"

# make audit CSV=table.csv ROWS=1000 SEEDS=5; see docs/audit.md.
audit: $(VENV)/.run  ## Find impossible numbers in a printed table, CSV
	@$(if $(and $(CSV),$(ROWS),$(SEEDS)),,$(error name the table and its size: make audit CSV=table.csv ROWS=1000 SEEDS=5))
	@$(BIN)/python scripts/audit_table.py --table "$(CSV)" --rows "$(ROWS)" --seeds "$(SEEDS)" $(OPTIONS)

# OPTIONS are the options of the run: make why FILE=results/demo/table2.csv OPTIONS="--profile profiles/demo"
why: $(VENV)/.run  ## Explain why FILE is stale; OPTIONS as for the run
	@$(BIN)/python workflow/tools/explain_rerun.py $(FILE) $(OPTIONS)

# make export RUN=demo DATASET=ml100k MODEL=bigrec/soft/seed=1; see docs/using-a-model.md
export: $(VENV)/.run  ## Export a tuned model for PEFT, with a model card
	@$(BIN)/python scripts/export_adapter.py --run "$(RUN)" --dataset "$(DATASET)" --model "$(MODEL)"

# OPTIONS as for the run: make curves OPTIONS="--profile profiles/demo"; then tensorboard --logdir results/demo/tensorboard
curves: $(VENV)/.use  ## Training curves of a run for TensorBoard; OPTIONS as above
	@$(BIN)/snakemake write_training_curves $(OPTIONS)

crate: $(VENV)/.use  ## Describe a finished run as an RO-Crate; OPTIONS as above
	@$(BIN)/snakemake make_run_crate $(OPTIONS)

pages: $(VENV)/.run  ## Regenerate pages made of schema, rules and formulas
	@for page in configuration_page scripts_page rerun_costs performance_page; do $(BIN)/python workflow/tools/$$page.py || exit 1; done

docs: $(VENV)/.docs  ## Build this documentation as a site: site/index.html
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --quiet --strict
	@echo "Documentation: site/index.html"

# The demo with DeepSpeed on four ranks, through a real Slurm on this machine, which pretends to have more cores than it
# has. Therefore each rule requests only one core, and few jobs run at once.
SLURM_DEMO := --profile profiles/slurm-venv --slurm-init-seconds-before-status-checks 10 \
	--jobs 3 --set-threads tune_sft=1 --configfile config/demo.yaml --config run=slurm-demo \
	'tuning={micro_batch_size: 4}' 'engine={kind: deepspeed, ranks: 4}'

slurm-demo: $(VENV)/.run  ## Run the demo on a Slurm of this machine; root, Debian
	SLURM_LAB_NODES=1 tests/slurm/cluster start
	$(BIN)/snakemake $(SLURM_DEMO)
	@$(BIN)/python scripts/show_table.py --long results/slurm-demo/table2_long.csv
	tests/slurm/cluster stop

slurm-recover: $(VENV)/.run  ## After a killed Snakemake: cancel its jobs, unlock
	@$(BIN)/python workflow/tools/recover.py --profile $(PROFILE)

# One step alone: make bench STEPS="filter grounding"
bench: $(VENV)/.bench $(VENV)/.recbole  ## Compare each step with its peers; about an hour
	@$(BIN)/python tests/bench/bench.py $(STEPS)

# In parts: make rehearse DATASETS=game, then movie, kindle, model, tables. Run kindle twice, first with RULES=fit_dros.
rehearse: $(VENV)/.run  ## The paper's grid at its true sizes, without a GPU; hours
	@$(BIN)/python tests/rehearse $(if $(DATASETS),--datasets $(DATASETS)) $(if $(RULES),--rules $(RULES))

test-gpu: $(VENV)/.dev  ## Compare an NVIDIA GPU with the CPU; status 2 without one
	@$(BIN)/python tests/gpu

test-slurm: $(VENV)/.slurm  ## Test on a real Slurm of this machine; root, Debian
	$(BIN)/python -m pytest tests/slurm -n 3 --dist loadfile

# Both parts run in parallel, each printed when it has ended. The end-to-end tests share one run of the graph.
test: $(VENV)/.dev  ## Unit, property, workflow and end-to-end tests
	@echo "running two processes, each of which prints nothing until it ends: minutes"
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-end-to-end test-parts

test-end-to-end: $(VENV)/.dev
	$(BIN)/python -m pytest tests/e2e

test-parts: $(VENV)/.dev
	$(BIN)/python -m pytest tests/unit tests/property tests/workflow

simulate: $(VENV)/.run  ## Error rates and power of the statistics; ten minutes
	$(BIN)/python tests/simulate/simulate.py

# make soak MINUTES=240 RANKS=2 PLACE=cluster
soak: $(VENV)/.slurm  ## Kill runs at random, compare every output; an hour
	$(BIN)/python tests/soak --folder results/soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RANKS),--ranks $(RANKS)) \
		$(if $(PLACE),--place $(PLACE))

# Run this in an environment that has only the project's own requirements.
lock: $(VENV)/.slurm  ## Write the installed versions to envs/lock.txt
	@head -2 envs/lock.txt > envs/lock.partial
	@$(BIN)/python -m pip freeze --exclude pip --exclude setuptools --exclude wheel | sed 's/+cpu$$//' >> envs/lock.partial
	@mv envs/lock.partial envs/lock.txt

lint: $(VENV)/.dev  ## ruff, mypy, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/*.py
	PATH=$(BIN):$$PATH snakefmt --check workflow
	$(BIN)/snakemake --lint --profile profiles/demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"softrec needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)

# The .pth file lets Snakemake find softrec's plugin, which reads configuration files before Snakemake does.
$(VENV)/.run: $(VENV)/bin/python envs/requirements.txt envs/constraints.txt $(wildcard workflow/plugin/*/*.py)
	@echo "setting up $(VENV) (a minute or two)"
	@$(INSTALL) -r envs/requirements.txt -c envs/constraints.txt $(OR_SAY)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' | \
		while read -r folder; do echo "$(CURDIR)/workflow/plugin" > "$$folder/softrec.pth"; done
	@echo "to call snakemake yourself: source $(VENV)/bin/activate"
	@touch $@

$(VENV)/.use: $(VENV)/.run envs/requirements-use.txt
	@echo "installing what writes files for other tools into $(VENV)"
	@$(INSTALL) -r envs/requirements-use.txt -c envs/constraints.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run envs/requirements-dev.txt envs/requirements-use.txt
	@echo "installing the requirements of the tests into $(VENV)"
	@$(INSTALL) -r envs/requirements-dev.txt -c envs/constraints.txt $(OR_SAY)
	@touch $@

$(VENV)/.slurm: $(VENV)/.dev envs/requirements-slurm.txt
	@$(INSTALL) -r envs/requirements-slurm.txt -c envs/constraints.txt $(OR_SAY)
	@touch $@

$(VENV)/.bench: $(VENV)/.run envs/requirements-bench.txt
	@echo "installing the peers of the benchmark into $(VENV)"
	@$(INSTALL) -r envs/requirements-bench.txt -c envs/constraints.txt $(OR_SAY)
	@touch $@

# RecBole needs older libraries than softrec, so it has its own environment. The benchmark reports it as missing if it
# cannot be installed.
$(VENV)/.recbole: $(VENV)/bin/python envs/requirements-recbole.txt envs/constraints-recbole.txt
	@echo "setting up $(VENV)/recbole, RecBole's own environment"
	@$(PYTHON) -m venv $(VENV)/recbole
	@$(VENV)/recbole/bin/python -m pip install --quiet --disable-pip-version-check \
		-r envs/requirements-recbole.txt -c envs/constraints-recbole.txt \
		|| echo "RecBole cannot be installed here: the benchmark runs without it"
	@touch $@

# MkDocs has its own environment, so that it cannot change a library of the runs.
$(VENV)/.docs: $(VENV)/bin/python envs/requirements-docs.txt
	@echo "setting up $(VENV)/docs, the environment of the documentation"
	@$(PYTHON) -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check -r envs/requirements-docs.txt $(OR_SAY)
	@touch $@

clean-venv:  ## Remove the virtual environment
	rm -rf $(VENV)
