"""The exception for errors that users can correct, with a message for people."""

MOST = 2000  # maximum length of a line: a message may quote a file without line breaks


def clipped(text: str, most: int = MOST) -> str:
    """Truncate a text to `most` characters and append the number of omitted ones."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most:,} more characters)"


class SoftrecError(Exception):
    """An error that says what is wrong (with the value), where, and how to correct it.

    A script that raises it prints the message without a traceback, writes nothing, and exits with status 1.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what, self.where, self.remedy = clipped(what), where and clipped(where), remedy and clipped(remedy)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Return the message as printed: the fault, then its place, then the remedy."""
        parts = [self.what]
        if self.where:
            parts.append(f"  where:  {self.where}")
        if self.remedy:
            parts.append(f"  remedy: {self.remedy}")
        return parts
