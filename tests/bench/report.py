"""The table of the benchmark for a terminal of 80 columns."""

from harness import Row

WIDTH = 80
HEAD = ("beside", "ours", "peer", "ratio", "floor", "goal", "")
LAYOUT = "{:<23.23} {:>9} {:>9} {:>7}  {:>9} {:>12} {:<5}"
VERDICTS = {True: "met", False: "SHORT", None: ""}


def heading() -> str:
    """The names of the columns."""
    return LAYOUT.format(*HEAD).rstrip()


def lines(title: str, rows: list[Row], compared: str) -> list[str]:
    """A step's lines: its title, a line per peer with its pairs below, and what was compared."""
    found = ["", title]
    for row in rows:
        ratio = f"{row.ratio:.2f}x" if row.ratio is not None else ""
        cells = (f"  {row.beside}", row.ours, row.peer, ratio, row.floor, row.goal, VERDICTS[row.met])
        found.append(LAYOUT.format(*cells).rstrip())
        if len(row.pairs) > 1:
            found.append(f"    pairs {' '.join(f'{pair:.2f}' for pair in row.pairs)}")
        if row.note:
            found += wrapped(row.note)
    return [*found, *wrapped(f"same output: {compared}")] if compared else found


def wrapped(text: str) -> list[str]:
    """A sentence below a line of the table."""
    import textwrap

    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def verdict(rows: list[Row]) -> str:
    """How many goals are met, in one line."""
    goals = [row.met for row in rows if row.met is not None]
    return f"{sum(goals)} of {len(goals)} goals met"
