"""Report at the end of a failed run: the last lines of each failed rule's log.

Snakemake's own `show-failed-logs` prints whole logs, which after a day of training are thousands of progress lines.
"""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from common.display_text import plain

Key = tuple[str, tuple[str, ...]]
NONE: Mapping[Key, str] = MappingProxyType({})


def report(failures: Mapping[Key, str], snakemake_log: Path, n: int = 15, refusals: Mapping[Key, str] = NONE) -> str:
    """Return the last `n` lines of every failed rule's log, each under a line with rule, cluster job and file.

    Args:
        failures: the cluster job ("" for none) of each failed job, by its rule and log files; the rule's own log is
            first, then the cluster's.
        snakemake_log: the run's log, which Snakemake gives to `onerror` as `log[0]`.
        n: largest number of lines per rule.
        refusals: Slurm's message for each failed submission, by rule and log files. Existing logs of these jobs are
            from an earlier run.
    """
    refused: dict[str, list[str]] = {}
    for key, cluster_job in failures.items():
        if not cluster_job and key in refusals:
            refused.setdefault(refusals[key], []).append(key[0])
    parts = [f"{', '.join(sorted(set(rules)))} failed: {sentence}" for sentence, rules in refused.items()]
    for (rule, logs), cluster_job in failures.items():
        if not cluster_job and (rule, logs) in refusals:
            continue
        told = any(last_lines(Path(name), 1) for name in logs)
        others = [other for (_, other), job in failures.items() if cluster_job and job == cluster_job]
        if not told and any(last_lines(Path(name), 1) for other in others for name in other):
            continue  # a member of a group that never started has no log; another member's log has the cause
        where = f" ({cluster_job})" if cluster_job else ""
        parts.append(f"{rule} failed{where}; {format_logs(logs, n)}")
    return "\n".join(parts) if parts else f"No rule's log tells more; the run's own log is {snakemake_log}."


def format_logs(logs: tuple[str, ...], n: int) -> str:
    """Return the end of the first of `logs` that has any text."""
    for name in logs:
        if text := last_lines(Path(name), n):
            return f"the end of {name}:\n{text}"
    return f"it wrote nothing to {' or '.join(logs)}."


def last_lines(log_path: Path, n: int = 15) -> str:
    """Return the last `n` non-blank lines of a log, indented by four spaces; "" if there are none."""
    if not log_path.is_file():
        return ""
    with log_path.open(errors="replace") as stream:
        lines = deque((line.rstrip() for line in stream if line.strip()), maxlen=n)
    return "\n".join(f"    {plain(line)}" for line in lines)
