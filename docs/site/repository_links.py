"""A hook of MkDocs: files of the repository that pages link to become pages of the site, below `source/`.

On a code host, `../scripts/softrec/tuning/losses.py` is a link to the file. The site has only `docs/`, so each linked
file is added to it: code as a page with one block, Markdown with its own links adapted.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
LANGUAGES = {".py": "python", ".smk": "python", ".yaml": "yaml", ".yml": "yaml", ".cff": "yaml", ".txt": "text"}


def place(path: str) -> str:
    """Return the site's source path of a file of the repository, both relative to their roots."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}" if path.endswith(".md") else f"source/{path}.md"


def adapted(markdown: str, path: str) -> tuple[str, list[str]]:
    """Return the Markdown of a file of the repository with links that hold in the site, and the files outside docs/."""
    outside: list[str] = []

    def replace(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
        if not (ROOT / target).is_file():
            return match[0]  # MkDocs reports the broken link
        if not target.startswith("docs/"):
            outside.append(target)
        return f"]({posixpath.relpath(place(target), posixpath.dirname(place(path)) or '.')}{match[2] or ''})"

    return LINK.sub(replace, markdown), outside


def on_files(files: Files, *, config: Any) -> Files:
    """Add a page for each linked file outside docs/, and for the files that those link to."""
    waiting = [
        target
        for page in files.documentation_pages()
        for target in adapted(page.content_string, f"docs/{page.src_uri}")[1]
    ]
    added: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        if path in added:
            continue
        added.add(path)
        text = (ROOT / path).read_text(encoding="utf-8")
        if path.endswith(".md"):
            text, outside = adapted(text, path)
            waiting += outside
        else:
            text = f"# {path}\n\n````{LANGUAGES.get(Path(path).suffix, 'text')}\n{text}````\n"
        page = File.generated(config, place(path), content=f"---\nsearch: {{exclude: true}}\n---\n{text}")
        page.inclusion = page.inclusion.NOT_IN_NAV
        files.append(page)
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Adapt the links of a page of docs/."""
    path = page.file.src_uri
    return markdown if path.startswith("source/") else adapted(markdown, f"docs/{path}")[0]
