"""Print the remaining cost of a run in GPU-hours, core-hours and disk: `make cost`.

    python workflow/tools/cost.py config/paper.yaml --profile profiles/slurm

A dry run lists the remaining jobs.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib.config import configuration, loading
from lib.cost import disk
from lib.cost.sizes import Left
from lib.cost.summary import format_costs, lines, measured, without_gpus
from tools import dry_run


def main(file: str, *arguments: str) -> None:
    """Print the remaining cost of the run that the configuration file and Snakemake's arguments define."""
    configuration.require_no_key_twice([Path(file)], arguments)
    config = loading.load(Path(file))
    jobs = [job for job in dry_run.jobs(["--configfile", file, *arguments]) if job.rule != "all"]
    left = [Left(job.rule, job.benchmark) for job in jobs]
    print(format_costs(lines(left, config, measured(config["run"])), disk.gib(left, config)))
    if said := without_gpus(left, config):
        print(said)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (dry_run.DryRunError, configuration.ConfigError) as error:
        raise SystemExit(str(error)) from None
