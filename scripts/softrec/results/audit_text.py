"""The findings of an audit as plain sentences for a terminal."""

import textwrap
from collections.abc import Iterator

from softrec.results.consistency import GAIN
from softrec.results.printed_table import PrintedTable
from softrec.results.table_audit import Audit, AuditSettings, Cells, Impossible


def to_text(name: str, table: PrintedTable, found: Audit, settings: AuditSettings, columns: int) -> str:
    """Return the findings as paragraphs at most `columns` wide; faults are indented lines."""
    parts = [
        *opening(name, table),
        "",
        *of_hits(found, settings, table.cells),
        "",
        *of_ndcg(found),
        "",
        *of_gains(found, settings),
    ]
    count = "Nothing" if not found.faults else f"{found.faults} {'thing' if found.faults == 1 else 'things'}"
    parts += ["", f"{count} in this table {'are' if found.faults > 1 else 'is'} impossible."]
    return "\n".join(folded for part in parts for folded in fold(part, columns))


def fold(part: str, columns: int) -> list[str]:
    """Fold a paragraph; the further lines of an indented one are indented more."""
    indent = "    " if part.startswith("  ") else ""
    return textwrap.wrap(part, columns, subsequent_indent=indent, break_on_hyphens=False) or [""]


def opening(name: str, table: PrintedTable) -> Iterator[str]:
    """Yield what was read, and what of it is not audited."""
    rows = len({key[:2] for key in table.cells if key.method != GAIN})
    gains = sum(key.method == GAIN for key in table.cells)
    values = plural(len(table.cells) - gains, "value")
    yield f"{name}: {values} of {plural(rows, 'method')}, {plural(gains, GAIN)}."
    if table.left:
        yield f"Not audited: {', '.join(plural(count, what) for what, count in table.left.items())}."


def of_hits(found: Audit, settings: AuditSettings, cells: Cells) -> Iterator[str]:
    """Yield the granularity of hit ratios."""
    of = found.granularity
    runs, such = plural(settings.seeds, "run"), f"a multiple of 1/{of.parts:,}"
    yield f"Hit ratios: the mean of {runs} over {plural(settings.rows, 'test row')} is {such}."
    if of.untested:
        yield (
            f"Of {plural(of.untested, 'hit ratio')} this check can say nothing: with so few decimals every number is "
            f"the rounding of {such}."
        )
    if of.tested:
        right = share(of.tested - len(of.wrong), of.tested)
        yield f"{right} the rounding of such a multiple{'; not:' if of.wrong else '.'}"
        yield from (f"  {key}: {cells[key].text}" for key in of.wrong)
    if of.expected is not None:
        yield (
            f"{share(of.single, of.single_tested)} the rounding of a multiple of 1/{settings.rows:,}, as the hit "
            f"ratios of single runs are. Of means of {runs} about {of.expected:.0%} would be."
        )
        if of.single == of.single_tested and of.single_tested * (1 - of.expected) > 3:
            yield "They look like single runs, not like means."


def of_ndcg(found: Audit) -> Iterator[str]:
    """Yield the NDCGs outside the bounds of the hit ratios."""
    wrong = len({fault.key[:3] for fault in found.ndcg})
    yield (
        f"NDCG: {wrong or 'none'} of {plural(found.rows, 'row')} (a method on a data set) "
        f"{'have' if wrong > 1 else 'has'} metrics that no ranks give together{':' if wrong else '.'}"
    )
    yield from (f"  {line(fault, 'possible')}" for fault in found.ndcg)


def of_gains(found: Audit, settings: AuditSettings) -> Iterator[str]:
    """Yield the Gains that do not follow from the printed values."""
    of, rivals = found.gains, " and ".join(settings.competitors)
    checked = of.exact + of.rounded + len(of.wrong)
    if not checked + len(of.unchecked):
        yield "Gains: the table has none."
        return
    over = f"the best of {rivals}" if len(settings.competitors) > 1 else rivals
    said = f"{of.exact} of {checked} {verb(of.exact, 'follow')} from the printed values."
    if of.rounded:
        said += f" {of.rounded} {verb(of.rounded, 'follow')} from unrounded values that are printed so."
    if of.wrong:
        said += f" {len(of.wrong)} {verb(len(of.wrong), 'follow')} from no values that are printed so:"
    yield f"Gains of {settings.ours} over {over}: {said}"
    yield from (f"  {line(fault, 'possible')}" for fault in of.wrong)
    if of.unchecked:
        yield (
            f"The table lacks what {plural(len(of.unchecked), GAIN)} would follow from: values above 0 of "
            f"{settings.ours} and of {rivals} (other methods: --ours, --competitors):"
        )
        yield from (f"  {key}" for key in of.unchecked)
    if of.mean and settings.mean_gain:
        span, said = of.mean[0], "follows" if of.mean[1] else "cannot follow"
        yield (
            f"The claimed mean {GAIN} of {settings.mean_gain.text} {said} from those printed, whose mean is "
            f"{float(span.low):.3f} to {float(span.high):.3f}."
        )


def line(fault: Impossible, possible: str) -> str:
    """Format a fault: where, what is printed, and what is possible."""
    where = str(fault.key) if fault.what == GAIN else fault.key.row()
    high = "any number" if fault.high == float("inf") else f"{fault.high:.4g}"
    what = "printed" if fault.what == GAIN else f"{fault.what} is"
    return f"{where}: {what} {fault.value:.4g}, {possible} {fault.low:.4g} to {high}"


def share(some: int, of: int) -> str:
    """Return the subject and verb of a sentence: "All 72 are", "1 of 72 is", "None of 72 is"."""
    return f"All {of} are" if 1 < some == of else f"{some or 'None'} of {of} {'are' if some > 1 else 'is'}"


def verb(number: int, name: str) -> str:
    """Return a verb in the form for a number of things: "1 follows", "0 follow"."""
    return f"{name}s" if number == 1 else name


def plural(number: int, name: str) -> str:
    """Format a count with its noun; of "value of users", the first word is the noun."""
    noun, of, what = name.partition(" of ")
    return f"{number:,} {noun}{'' if number == 1 else 's'}{of}{what}"
