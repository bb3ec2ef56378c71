"""How often whole tables have a false mark, how often true gains are marked, how often the same truth is inside.

Prints a table in Markdown; ends with status 1 where more tables have a false mark than 5 % and chance explain. The
quick version is tests/unit/stats/test_whole_tables.py.
"""

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from made_ranks import Shape  # noqa: E402
from made_tables import corrected, hit, inside, lucky, marked  # noqa: E402

TABLES = {1000: 400, 8000: 200, 20_000: 100}
GAINS = {1000: 100, 8000: 40}
COMPARED = 300
KNOWN = (0.1, 0.3, 0.5)  # how alike a method's runs hit: little, some, much


def say(*cells: object) -> None:
    """A line of the table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def false_marks(rows: int, seeds: int, of_ours: float, luck: float) -> tuple[int, int]:
    """Tables with a false mark, of how many."""
    rng, shape = np.random.default_rng([rows, seeds]), Shape(rows, seeds, hit(), luck * lucky(of_ours))
    return sum(bool((corrected(rng, shape) < 0.05).any()) for _ in range(TABLES[rows])), TABLES[rows]


def main() -> int:
    """Everything, in minutes."""
    began, wrong = time.monotonic(), 0
    print("## Whole tables with a false mark (no method is better than another)\n")
    say("Test rows", "Seeds", "Runs of equal worth", "Runs differ by 12 %")
    say(*[":--"] * 4)
    for rows in TABLES:
        for seeds in (2, 3, 5):
            shares = [false_marks(rows, seeds, 1.0, luck) for luck in (0.0, 1.0)]
            wrong += sum(count / of > 0.05 + 3 * (0.05 * 0.95 / of) ** 0.5 for count, of in shares)
            say(rows, seeds, *(f"{count / of:.3f} of {of}" for count, of in shares))
    print("\n## True gains in H@5 (0.015 to 0.023, all of SOFT's) that are marked, by how alike a method's runs hit\n")
    say("Test rows", "Seeds", "little", "some", "much", "some; runs differ by 12 %")
    say(*[":--"] * 6)
    for rows, tables in GAINS.items():
        for seeds in (2, 3, 5):
            shares = []
            for known, luck in (*((known, 0.25) for known in KNOWN), (0.3, 1.0)):
                rng = np.random.default_rng([rows, seeds, 1])
                shape = Shape(rows, seeds, hit(0.008), luck * lucky(), known=known)
                shares.append(np.mean([marked(corrected(rng, shape)) for _ in range(tables)]))
            say(rows, seeds, *(f"{share:.2f}" for share in shares))
    print("\n## The paper's cells inside, where its truth is ours (1,000 rows each, the paper one run)\n")
    say("Our seeds", "Share")
    say(*[":--"] * 2)
    for seeds in (1, 2, 5):
        rng = np.random.default_rng([seeds, 2])
        say(seeds, f"{np.mean([inside(rng, Shape(1000, seeds, hit(), lucky())) for _ in range(COMPARED)]):.3f}")
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes.")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
