"""What a file of a choice on validation says."""

from dataclasses import dataclass
from pathlib import Path

from softrec.io.records import read_record


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
    choice = read_record(path)
    return Setting(choice.text("name"), choice.number("chosen"))
