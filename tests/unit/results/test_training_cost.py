"""What a method costs from scratch, added up by hand."""

import pytest

from common.errors import SoftrecError
from softrec.io.choice_file import Setting
from softrec.reporting.figures.figure6 import points_of
from softrec.results.long_table import LongRow
from softrec.results.runs import Run
from softrec.results.runtimes import Entry
from softrec.results.training_cost import Cost, cost


def entry(method: str, stage: str, minutes: float, ranks: int = 4, **changes: object) -> Entry:
    """An entry of backbone B on G, seed 1."""
    return Entry("D", "B", method, 1, "", stage, minutes, ranks, "G")._replace(**changes)


# On 4 GPUs SFT takes 1.5 minutes, SDPO 3, SOFT 4 with alpha 1 and 5 with alpha 10, its ablation 2, the answers 1.5; d_0
# takes 0.5 minutes on one GPU. SASRec takes half a minute with either L2. Seed 2 has another SFT, of 100 minutes.
RUNTIMES = [
    entry("SFT", "training", 1),
    entry("SFT", "validation", 0.5),
    entry("SDPO", "training", 2),
    entry("SDPO", "reference", 1),
    entry("SOFT(w/o SA)", "training", 2),
    entry("SOFT", "training", 3, setting="alpha=1"),
    entry("SOFT", "d_t", 1, setting="alpha=1"),
    entry("SOFT", "training", 4, setting="alpha=10"),
    entry("SOFT", "d_t", 1, setting="alpha=10"),
    entry("SFT", "self-distillation", 1.5),
    entry("SOFT", "d_0", 0.5, ranks=1, seed=None),
    entry("SFT", "training", 100, seed=2),
    *(entry("SASRec", "training", 0.5, 1, backbone="", setting=f"l2={l2}", device="CPU") for l2 in (0.1, 0.001)),
]


def run(method: str, setting: str = "", backbone: str = "B") -> Run:
    """Seed 1."""
    return Run("D", backbone, method, 1, setting)


@pytest.mark.parametrize(
    ("asked", "minutes", "without_sft", "with_grid"),
    [
        (run("SFT"), 4 * 1.5, 0, 4 * 1.5),
        (run("SDPO"), 4 * (1.5 + 3), 4 * 3, 4 * (1.5 + 3)),
        (run("SOFT(w/o SA)"), 4 * (1.5 + 1.5 + 2), 4 * (1.5 + 2), 4 * (1.5 + 1.5 + 2)),
        (run("SOFT", "alpha=1"), 4 * (1.5 + 1.5 + 4) + 0.5, 4 * (1.5 + 4) + 0.5, 4 * (1.5 + 1.5 + 4 + 5) + 0.5),
        (run("SOFT", "alpha=10"), 4 * (1.5 + 1.5 + 5) + 0.5, 4 * (1.5 + 5) + 0.5, 4 * (1.5 + 1.5 + 4 + 5) + 0.5),
    ],
)
def test_a_method_pays_for_what_it_builds_on(asked: Run, minutes: float, without_sft: float, with_grid: float) -> None:
    """Wall minutes times 4 GPUs.

    SOFT needs SFT, its answers and d_0, which one GPU measured once for all seeds; the ablation needs no d_0; a method
    without a grid costs the same with all of it.
    """
    found = cost(RUNTIMES, asked)
    assert found == Cost(pytest.approx(minutes), pytest.approx(without_sft), pytest.approx(with_grid), 4, ("G",))


def test_sasrec_builds_on_nothing() -> None:
    """Half a minute of one process with one L2, a minute with both."""
    assert cost(RUNTIMES, run("SASRec", "l2=0.1", "")) == Cost(0.5, 0.5, 1.0, 1, ("CPU",))


@pytest.mark.parametrize(
    ("method", "gone", "name"),
    [
        ("SOFT", ("SFT", "training", "validation"), "B SFT"),
        ("SDPO", ("SFT", "training", "validation"), "B SFT"),
        ("SOFT", ("SFT", "self-distillation"), "self-distillation of B SFT"),
        ("SOFT", ("SOFT", "d_0"), "d_0 of B SOFT"),
        ("SOFT", ("SOFT", "training", "d_t"), "B SOFT alpha=1"),
    ],
)
def test_a_missing_part_is_an_error(method: str, gone: tuple[str, ...], name: str) -> None:
    """A method that is charged too little would look cheap: what is missing is named, and what needs it."""
    asked = run(method, "alpha=1" if method == "SOFT" else "")
    left = [one for one in RUNTIMES if not (one.method == gone[0] and one.stage in gone[1:])]
    with pytest.raises(SoftrecError, match=rf"no minutes of {name} on D, seed 1, which {method} needs"):
        cost(left, asked)


def test_points_are_means_over_seeds_of_chosen_settings() -> None:
    """SOFT with alpha 10 is 32.5 GPU-minutes for seed 1.

    For seed 2, whose SFT takes 100 minutes, it is 32.5 + 4 x 98.5 = 426.5: on average 229.5. DROS is not shown.
    """
    second = [one._replace(seed=2) for one in RUNTIMES[2:] if one.seed == 1]
    rows = [LongRow("SOFT", "B", "D", "H@5", seed, value) for seed, value in ((1, 0.3), (2, 0.5))]
    rows += [LongRow("SASRec", "", "D", "H@5", 1, 0.2), LongRow("DROS", "", "D", "H@5", 1, 0.9)]
    selected = {Run("D", "B", "SOFT"): Setting("alpha", 10.0), Run("D", "", "SASRec"): Setting("l2", 0.1)}
    points = points_of([*RUNTIMES, *second], rows, selected, "H@5")
    assert [(p.method, p.minutes, p.value, p.ranks, p.device) for p in points] == [
        ("SOFT", pytest.approx(229.5), pytest.approx(0.4), 4, "G"),
        ("SASRec", pytest.approx(0.5), 0.2, 1, "CPU"),
    ]
    assert points[1][3:6] == (pytest.approx(0.5), pytest.approx(0.5), pytest.approx(1.0))
