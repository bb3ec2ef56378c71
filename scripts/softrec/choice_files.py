"""What a file of a choice on validation says."""

from dataclasses import dataclass
from pathlib import Path

from softrec import files
from softrec.errors import SoftrecError


@dataclass(frozen=True)
class Setting:
    """A value of a grid that one test run was made with, for example alpha 10."""

    name: str
    value: float

    def label(self) -> str:
        """As shown in tables and figures: "alpha=10"; no two values share a label."""
        return f"{self.name}={repr(self.value).removesuffix('.0')}"


def read_choice(path: Path) -> Setting:
    """The chosen setting of a choice file: its keys `name` and `chosen`."""
    choice = files.read_json(path)
    if not isinstance(choice, dict) or not isinstance(choice.get("name"), str) or "chosen" not in choice:
        raise SoftrecError(f"{path} does not say what was chosen", remedy="a choice has the keys name and chosen")
    chosen = choice["chosen"]
    if isinstance(chosen, bool) or not isinstance(chosen, int | float):
        what = f"the chosen {choice['name']} is {chosen!r}, not a number"
        raise SoftrecError(what, where=f"{path}, key chosen", remedy="remove it and let Snakemake choose again")
    return Setting(choice["name"], float(chosen))
