"""The one error that a person is meant to read."""

MOST = 2000  # characters of a line: a message may quote a file that has no line breaks


def clipped(text: str, most: int = MOST) -> str:
    """A text of at most `most` characters, and how many more there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most:,} more characters)"


class SoftrecError(Exception):
    """What is wrong (with the value), where it came from, and how to mend it.

    A script that meets one prints these sentences, writes nothing, and exits with status 1, without a traceback.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what, self.where, self.remedy = clipped(what), where and clipped(where), remedy and clipped(remedy)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """The message as printed: the fault first, then its place, then the remedy."""
        parts = [self.what]
        if self.where:
            parts.append(f"  where:  {self.where}")
        if self.remedy:
            parts.append(f"  remedy: {self.remedy}")
        return parts
