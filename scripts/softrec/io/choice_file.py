"""Choice files: hyperparameters selected on validation."""

from dataclasses import dataclass
from pathlib import Path

from softrec.io.records import read_record


@dataclass(frozen=True)
class Setting:
    """A hyperparameter and one of its values in a grid, for example alpha = 10."""

    name: str
    value: float

    def label(self) -> str:
        """Format the setting for tables and figures, "alpha=10"; different values have different labels."""
        return f"{self.name}={repr(self.value).removesuffix('.0')}"


def read_choice(path: Path) -> Setting:
    """Read the selected setting from a choice file: its keys `name` and `chosen`.

    Raises `SoftrecError` if a key is missing or has another type.
    """
    choice = read_record(path)
    return Setting(choice.text("name"), choice.number("chosen"))
