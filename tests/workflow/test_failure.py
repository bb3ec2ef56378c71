"""The end of a failed run shows the last lines of each failed rule's log."""

import subprocess
import sys
from pathlib import Path

import pytest

from lib.console import failure_report
from places import WORKFLOW

SNAKEFILE = """
import sys
from pathlib import Path
sys.path.insert(0, {lib!r})
from lib import snakemake_internals
from lib.console import failure_report, terminal
watch = terminal.Watch(snakemake_internals.Run(workflow).quiet)
snakemake_internals.add_log_filter(watch)
rule all:
    input: "a.txt", "b.txt"
rule ends_badly:
    output: "a.txt"
    log: "logs/a.log"
    shell: "for i in $(seq 30); do echo line $i >&2; done 2> {{log}}; echo >> {{log}}; exit 3"
rule says_nothing:
    output: "b.txt"
    log: "logs/b.log"
    shell: "exit 1 2> {{log}}"
onerror:
    print(failure_report.report(watch.failures, Path(log[0]), 3), file=sys.stderr)
"""


@pytest.mark.parametrize("quiet", [[], ["--quiet", "rules", "progress", "--"], ["--quiet", "rules", "--"]])
def test_a_real_failure_shows_the_last_lines(tmp_path: Path, quiet: list[str]) -> None:
    """Of thirty lines the last three that are not blank; a rule that wrote nothing is named with its log.

    Quiet runs, whose own log has no word of what failed, show the same.
    """
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(lib=str(WORKFLOW)))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--keep-going", *quiet]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "ends_badly failed; the end of logs/a.log:\n    line 28\n    line 29\n    line 30\n" in ended.stderr
    assert "line 27" not in ended.stderr
    assert "says_nothing failed; it wrote nothing to logs/b.log." in ended.stderr


def test_a_cluster_job_whose_own_log_is_empty_shows_the_clusters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule's own log comes first, then Slurm's."""
    monkeypatch.chdir(tmp_path)
    Path("own.log").write_text("\n")
    Path("slurm.log").write_text("out of memory\n")
    told = failure_report.report({("fit", ("own.log", "slurm.log")): "Slurm job 7, TIMEOUT"}, Path("run.log"))
    assert told == "fit failed (Slurm job 7, TIMEOUT); the end of slurm.log:\n    out of memory"


def test_a_run_that_failed_without_a_rule_points_to_its_own_log() -> None:
    """Nothing to show is said."""
    assert failure_report.report({}, Path("run.log")) == "No rule's log tells more; the run's own log is run.log."


def test_members_of_a_group_that_never_began_are_passed_over(tmp_path: Path) -> None:
    """Three rules were one Slurm job, the first failed: it alone has something to tell. Another job is told as ever."""
    log = tmp_path / "ground.log"
    log.write_text("error: no such title\n")
    group = {(rule, (str(tmp_path / f"{rule}.log"),)): "Slurm job 7" for rule in ("ground", "evaluate", "collect")}
    told = failure_report.report({**group, ("fit", (str(tmp_path / "fit.log"),)): "Slurm job 8"}, Path("run.log"))
    assert told == (
        f"ground failed (Slurm job 7); the end of {log}:\n    error: no such title\n"
        f"fit failed (Slurm job 8); it wrote nothing to {tmp_path / 'fit.log'}."
    )
