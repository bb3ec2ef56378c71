"""Pages of the report: a table or a figure with its caption, as one HTML file without scripts or links to others."""

import base64
import html

from markdown_it import MarkdownIt

STYLE = """\
body { margin: 0; padding: 1rem 1.5rem; font: 14px/1.45 system-ui, sans-serif; color: #262626; }
h1 { font-size: 1.3rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 60rem; }
.caption { color: #555; }
.table { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.5rem; white-space: nowrap; }
th { border-bottom: 2px solid #262626; }
td { border-bottom: 1px solid #e6e6e6; }
tbody tr:hover { background: #f4f4f4; }
figure { display: flex; flex-direction: column; height: calc(100vh - 2rem); margin: 0; }
figure img { flex: 0 1 auto; min-height: 0; max-width: 100%; object-fit: contain; object-position: left; }
figcaption { flex: none; }
"""


def from_markdown(text: str) -> str:
    """Return a Markdown text with tables as HTML; HTML within it, as in the name of a data set, is shown, not read."""
    found = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return found.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")


def table_page(title: str, caption: str, table: str) -> str:
    """Return the page of a table; both texts are Markdown, and the caption is above."""
    heading = "" if table.startswith("# ") else f"<h1>{html.escape(title)}</h1>"
    return page(title, f'{heading}<div class="caption">{from_markdown(caption)}</div>{from_markdown(table)}')


def figure_page(title: str, caption: str, png: bytes) -> str:
    """Return the page of a figure, which is as large as the window allows with its caption below in sight."""
    data = base64.b64encode(png).decode()
    name = html.escape(title)
    image = f'<img alt="{name}" src="data:image/png;base64,{data}">'
    return page(title, f'<figure>{image}<figcaption class="caption">{from_markdown(caption)}</figcaption></figure>')


def facts_page(title: str, caption: str, facts: str) -> str:
    """Return the page of a text that is shown as it is; the caption, as Markdown, is above."""
    head = f'<h1>{html.escape(title)}</h1><div class="caption">{from_markdown(caption)}</div>'
    return page(title, f"{head}<pre>{html.escape(facts)}</pre>")


def page(title: str, body: str) -> str:
    """Return a whole document, which may load nothing."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
