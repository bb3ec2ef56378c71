"""The licence of a base model, as far as its files tell it."""

import re
from pathlib import Path

LICENCE_FILE = re.compile(r"licen[cs]e([-._].*)?", re.IGNORECASE)
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
KEY = re.compile(r"^license: *[\"']?([\w.+-]+)[\"']? *$", re.MULTILINE)


class Licence:
    """What a folder tells of its licence.

    Attributes:
        name: its identifier in the model card (README.md), or "".
        title: the first line with text in its licence file, or "".
        file: the licence file, or None.
    """

    def __init__(self, folder: Path) -> None:
        found = [path for path in sorted(folder.iterdir()) if path.is_file() and LICENCE_FILE.fullmatch(path.name)]
        self.file = found[0] if found else None
        card = folder / "README.md"
        front = FRONT_MATTER.match(card.read_text(encoding="utf-8", errors="replace")) if card.is_file() else None
        key = KEY.search(front[1]) if front else None
        self.name = key[1] if key else ""
        text = self.file.read_text(encoding="utf-8", errors="replace") if self.file else ""
        self.title = next((line.strip() for line in text.splitlines() if line.strip()), "")[:120]

    def sentence(self) -> str:
        """Return a sentence about the licence."""
        if self.name and self.file:
            return f"{self.name}, as its model card says; its text is in `{self.file.name}` of the base model."
        if self.name:
            return f"{self.name}, as its model card says; the base model's files hold no text of it."
        if self.file:
            return f"that of the file `{self.file.name}` of the base model, which begins: {self.title or '(nothing)'}"
        return "unknown: the base model's files do not name one. Ask its publisher."
