"""What a rehearsal keeps of a job, by hand: figures, the whole fit, digests, limits, and the page."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearse import limits, lines, page
from rehearse.limits import Limit
from rehearse.lines import Line
from rehearse.project import Project
from tools.dry_run import Job

NAMES = ("game", "movie")
PAPER: dict[str, Any] = {"engine": {"ranks": 4}}


def fit(seed: int = 1, command: str = "python scripts/fit_sasrec.py") -> Job:
    """A job that fits a model on Game."""
    place = f"results/rehearse/game/sasrec/seed={seed}"
    outputs = [f"{place}/model.safetensors", f"{place}/training.jsonl"]
    return Job("fit_sasrec", [], outputs, command, "", f"results/rehearse/benchmarks/game/sasrec/seed={seed}/fit.tsv")


def finish(project: Project, job: Job, seconds: float, cpu: float, mib: float) -> None:
    """Write a job's outputs, two epochs of 3 + 2 and 4 + 1 seconds, and what its process noted."""
    model, log = project.outputs(job)
    model.parent.mkdir(parents=True)
    model.write_bytes(b"x" * 100)
    epochs = [{"train": 3.0, "validate": 2.0}, {"train": 4.0, "validate": 1.5}]
    log.write_text("".join(json.dumps({"epoch": 1, "seconds": own}) + "\n" for own in epochs) + '{"summary": true}\n')
    noted = {"argv": ["scripts/fit_sasrec.py", "--model", job.output[0]], "s": seconds, "cpu": cpu, "mib": mib}
    with project.peaks.open("a") as stream:
        stream.write(json.dumps(noted) + "\n")


def test_a_line_has_the_largest_figures_of_its_jobs(tmp_path: Path) -> None:
    """Two fits; the third has not run. Each starts for 12.5 - (5 + 5.5) = 2 or 10.5 - 10.5 = 0 seconds.

    100 epochs like the second: 2 + 550 s by the clock, of which half was the job's: 276; and 550 of CPU all the time.
    """
    project = Project(tmp_path, {})
    jobs = [fit(seed) for seed in (1, 2, 3)]
    finish(project, jobs[0], seconds=12.5, cpu=6.25, mib=700.4)
    finish(project, jobs[1], seconds=10.5, cpu=10.5, mib=600)
    disk = 100 + len((tmp_path / jobs[0].output[1]).read_bytes())
    found = lines.collect(project, jobs, {("fit_sasrec", "game"): "abc"}, 100, NAMES)
    assert found == [Line("fit_sasrec", "game", 2, 12.5, 10.5, 700, disk, 550.0, "abc")]


def test_a_job_that_ran_again_counts_once(tmp_path: Path) -> None:
    """As it ran the last time."""
    project, job = Project(tmp_path, {}), fit()
    finish(project, job, seconds=12.5, cpu=6.25, mib=700)
    noted = {"argv": ["scripts/fit_sasrec.py", job.output[0]], "s": 20.0, "cpu": 20.0, "mib": 500}
    with project.peaks.open("a") as stream:
        stream.write(json.dumps(noted) + "\n")
    (line,) = lines.collect(project, [job], {("fit_sasrec", "game"): "abc"}, 500, NAMES)
    assert (line.seconds, line.peak) == (20.0, 500)


def test_who_reads_an_output_is_not_who_made_it(tmp_path: Path) -> None:
    """A ranker has the model's path among its arguments, too."""
    project, job = Project(tmp_path, {}), fit()
    finish(project, job, seconds=12.5, cpu=6.25, mib=700)
    noted = {"argv": ["scripts/rank_sequential.py", "--model", job.output[0]], "s": 1.0, "cpu": 1.0, "mib": 50}
    with project.peaks.open("a") as stream:
        stream.write(json.dumps(noted) + "\n")
    (line,) = lines.collect(project, [job], {("fit_sasrec", "game"): "abc"}, 500, NAMES)
    assert (line.seconds, line.peak) == (12.5, 700)


def test_outputs_without_a_note_are_no_measurement(tmp_path: Path) -> None:
    """A stand-in has outputs, and no process that made them."""
    project, job = Project(tmp_path, {}), fit()
    finish(project, job, seconds=1, cpu=1, mib=1)
    project.peaks.unlink()
    assert lines.collect(project, [job], {("fit_sasrec", "game"): "abc"}, 500, NAMES) == []


def test_a_digest_is_of_the_first_jobs_command() -> None:
    """Another seed behind the first changes nothing, another command of the first does."""
    alone, more = (
        lines.digests([fit()], NAMES),
        lines.digests([fit(2, "python scripts/fit_sasrec.py --other"), fit()], NAMES),
    )
    assert alone == more != lines.digests([fit(1, "python scripts/fit_sasrec.py --other")], NAMES)
    fetch = Job("fetch_amazon2023_movie", [], [], "fetch", "", "results/paper/benchmarks/movie/fetch.tsv")
    table = Job("make_table1", [], [], "table", "", "results/paper/benchmarks/make_table1.tsv")
    assert set(lines.digests([fetch, table], NAMES)) == {("fetch_amazon2023", "movie"), ("make_table1", "")}
    assert lines.digests([fit()], NAMES)["fit_sasrec", lines.MODEL] == alone["fit_sasrec", "game"]


def test_new_lines_take_the_place_of_old_ones(tmp_path: Path) -> None:
    """The others stay."""
    old = [Line(rule, "game", 1, 1.0, 1.0, 1, 1, None, "old") for rule in ("a", "b")]
    new = Line("b", "game", 1, 2.0, 2.0, 2, 2, None, "new")
    lines.keep("game", old, tmp_path)
    lines.keep("game", [new], tmp_path)
    assert lines.read("game", tmp_path) == [old[0], new]
    assert lines.read("movie", tmp_path) == []


def line(rule: str, peak: float = 100, seconds: float = 10.0, whole: float | None = None) -> Line:
    """A line of Game."""
    return Line(rule, "game", 1, seconds, seconds, peak, 0, whole, "")


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (line("split_sequences", peak=4000, seconds=3600), []),
        (line("split_sequences", peak=4001, seconds=3601), ["memory", "time"]),
        (line("fit_sasrec", whole=3600.0), []),
        (line("fit_sasrec", seconds=10, whole=3601.0), ["time"]),
        (line("tune_sft", seconds=1e6), ["memory"]),  # four ranks with 6,130 MiB more each are 24,920
        (line("predict_titles", seconds=1e6), ["memory"]),  # 6,230
    ],
)
def test_what_the_first_attempt_is_too_short_for(found: Line, faults: list[str]) -> None:
    """4,000 MB and 60 minutes; a language model's seconds on a CPU say nothing of a GPU's."""
    assert limits.faults(found, Limit(4000, 60), PAPER) == faults


def test_no_job_without_a_gpu_may_exceed_16_gb() -> None:
    """Whatever it is given."""
    assert limits.faults(line("fit_sasrec", peak=16_001), Limit(64_000, 60), PAPER) == ["memory"]
    assert limits.needed(line("tune_sft", peak=870), PAPER) == 4 * 7_000
    assert limits.faults(line("tune_sft", peak=870), Limit(28_000, 60), PAPER) == []


def test_limits_are_those_of_the_first_attempt(tmp_path: Path) -> None:
    """A rule without a limit of its own has the default."""
    profile = tmp_path / "config.yaml"
    own = "{mem_mb: 'min(16000 * attempt, 64000)', runtime: 'min(720 * attempt, 2880)'}"
    profile.write_text(
        "default-resources: {mem_mb: 4000 * attempt, runtime: 'min(60 * attempt, 2880)'}\n"
        f"set-resources: {{fit_sasrec: {own}, filter_interactions: {{mem_mb: 8000}}}}\n"
    )
    assert limits.limits(profile) == {
        "": Limit(4000, 60),
        "fit_sasrec": Limit(16_000, 720),
        "filter_interactions": Limit(8000, 60),
    }


def test_figures_as_the_page_shows_them() -> None:
    """Seconds up to a minute, minutes up to an hour; megabytes up to a gigabyte, nothing below one."""
    assert [page.duration(seconds) for seconds in (7.4, 245, 11_520)] == ["7 s", "4:05 min", "3.2 h"]
    assert [page.amount(size) for size in (999_999, 14.4e6, 1.26e9)] == ["", "14 MB", "1.3 GB"]
