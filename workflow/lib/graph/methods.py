"""The registry of methods: each row of Table 2 is one entry, from which its rules, slices and estimates follow."""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lib.graph.tuning import CONTROLS, SETTINGS, SOFT, Tune

Family = Literal["paper", "bound", "control"]


class Search(NamedTuple):
    """A hyperparameter that validation selects ("l2"), and the path of keys to its candidates in the configuration."""

    setting: str
    keys: tuple[str, ...]


class Fit(NamedTuple):
    """Training of an ID-based sequential recommender by `scripts/fit_sequential.py`.

    Attributes:
        module: the method's module in `softrec.sequential`.
        section: the method's section of the configuration. Keys of it that `sasrec` has too, such as dropout, replace
            SASRec's.
        options: keys of the section that fill the module's `Options`; the selected hyperparameter is added if it is
            not l2, and L2 is then SASRec's.
        network: the module of the network whose weights are saved, SASRec's for methods that train that network.
        on_gpu: whether a cluster trains it on a GPU, like DROS, instead of on cores, like SASRec.
        rows: the folder of the training rows that it reads: all `sequences`, or the `samples` that language models are
            tuned on.
    """

    module: str
    section: str
    options: tuple[str, ...] = ()
    network: str = "sasrec"
    on_gpu: bool = False
    rows: Literal["sequences", "samples"] = "sequences"

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that the training loads by name, for its code digest."""
        return (f"softrec.sequential.{self.module}",)


@dataclass(frozen=True)
class Row:
    """A row of Table 2.

    Attributes:
        key: the name under `methods` in the configuration.
        backbone, method: the row's two names in the paper's table; "" as the backbone of ID-based recommenders.
        folder: the folder of its runs below `results/RUN/DATASET/`.
        grid: path of keys of the candidates in the configuration from which validation selects one, or ().
        seeded: whether its runs differ by training seed; an untuned model has one run, which counts for each seed.
        search: the hyperparameter of an ID-based recommender that validation selects with the tuning seed.
        fit, tune: how it is trained; None for rows with rules of their own.
        history: for a row without a model, which titles of the history stand in for a generated one: "last" or "mean".
        family: "paper", a row of Table 2 that SOFT is tested against in Table 2's family of tests; "bound", a row below
            them that bounds what a language model adds; "control", a row of Table 3 that changes one part of SOFT.
            Bounds and controls have a family of tests of their own, so they change no number of the paper's rows.
        meaning: for bounds and controls, the sentence of Table 3 on what a difference of SOFT to this row would mean.
    """

    key: str
    backbone: str
    method: str
    folder: str
    grid: tuple[str, ...] = ()
    seeded: bool = True
    search: Search | None = None
    fit: Fit | None = None
    tune: Tune | None = None
    history: Literal["", "last", "mean"] = ""
    family: Family = "paper"
    meaning: str = ""

    @property
    def setting(self) -> str:
        """Name of the hyperparameter that is selected on validation and tested with every candidate, or ""."""
        return SETTINGS.get(self.grid, "")

    @property
    def rule(self) -> str:
        """The row's key as part of a rule's name."""
        return self.key.replace("-", "_")

    @property
    def own_folder(self) -> str:
        """The row's folder below its backbone's folder."""
        return self.folder.partition("/")[2] or self.folder

    @property
    def pattern(self) -> str:
        """Regular expression of the row's folder below its backbone's folder, with a candidate if it has a grid."""
        own = re.escape(self.own_folder)
        return f"{own}/{self.setting}=[^/]+" if self.setting else own

    @property
    def results(self) -> str:
        """Regular expression of the folders of the row's results below `results/RUN/DATASET/`."""
        backbone = re.escape(self.folder.removesuffix(self.own_folder))
        return backbone + self.pattern + (r"/seed=\d+" if self.seeded else "")


SIMPO = ("negatives", "beta", "gamma_beta_ratio", "schedule", "warmup")
SDPO = ("negatives", "beta", "schedule", "warmup")
GRU4REC = ("negatives", "sample_power")

# Language models: the strategies of each backbone.
STRATEGIES = {
    "sft": ("SFT", Tune("sft")),
    "sdpo": ("SDPO", Tune("sdpo", "sdpo", SDPO, from_sft=True, titles="negatives", reference=True)),
    "simpo": ("SimPO", Tune("simpo", "simpo", SIMPO, from_sft=True, titles="negatives")),
    "soft-wo-sa": ("SOFT(w/o SA)", Tune("soft_wo_sa", reads=("self_distilled",))),
    "soft": ("SOFT", SOFT),
}
# How each tuned row is tuned, by the name of the folder of its runs.
TUNED = {name: how for name, (_, how) in STRATEGIES.items()} | {name: how for name, (_, how, _) in CONTROLS.items()}


def tuned(backbone: str) -> tuple[Row, ...]:
    """Return the rows of a backbone's strategies."""
    return tuple(tuned_row(backbone, name, method, how) for name, (method, how) in STRATEGIES.items())


def controls(backbone: str) -> tuple[Row, ...]:
    """Return the rows of a backbone's controls."""
    return tuple(
        tuned_row(backbone, name, method, how, family="control", meaning=meaning)
        for name, (method, how, meaning) in CONTROLS.items()
    )


def better_than(what: str) -> str:
    """Return what a marked difference of SOFT to a bound would mean."""
    return f"Above 0: SOFT ranks better than {what}."


def tuned_row(backbone: str, name: str, method: str, how: Tune, family: Family = "paper", meaning: str = "") -> Row:
    """Return the row of a tuned language model."""
    folder, key = f"{backbone.lower()}/{name}", f"{backbone.lower()}-{name}"
    return Row(key, backbone, method, folder, how.grid, tune=how, family=family, meaning=meaning)


# In the order of the paper, whose table has neither guidance alone (its Figure 1a), nor SASRec trained with LLM-CF's
# loss, which shows how much of LLM-CF's gain comes from its loss, nor GRU4Rec and SimPO. Bounds: docs/controls.md.
ROWS = (
    Row("sasrec", "", "SASRec", "sasrec", search=Search("l2", ("sasrec", "l2")), fit=Fit("sasrec", "sasrec")),
    Row(
        "sasrec-softmax", "", "SASRec (sampled softmax)", "sasrec-softmax",
        search=Search("l2", ("llm_cf", "l2")), fit=Fit("sampled_softmax", "llm_cf", ("negatives",)),
    ),
    Row(
        "gru4rec", "", "GRU4Rec", "gru4rec",
        search=Search("l2", ("gru4rec", "l2")), fit=Fit("gru4rec", "gru4rec", GRU4REC, "gru4rec"),
    ),
    Row(
        "dros", "", "DROS", "dros",
        search=Search("alpha", ("dros", "alphas")), fit=Fit("dros", "dros", ("beta", "popularity_power"), on_gpu=True),
    ),
    Row("llm-cf", "", "LLM-CF", "llm-cf", search=Search("l2", ("llm_cf", "l2"))),
    Row("dllm2rec", "", "DLLM2Rec", "dllm2rec", search=Search("l2", ("dllm2rec", "l2"))),
    Row("bigrec-guidance", "BIGRec", "Guidance only", "bigrec/untuned", seeded=False),
    *tuned("BIGRec"),
    *tuned("LLaRA"),
    Row(
        "popularity", "", "Popularity", "popularity", seeded=False, family="bound",
        meaning=better_than("counts of training interactions do, which are the same for every user"),
    ),
    Row(
        "nearest-last", "", "Nearest title (last)", "nearest-last", seeded=False, history="last", family="bound",
        meaning=better_than("the embedding of the last item's title does, without any training"),
    ),
    Row(
        "nearest-mean", "", "Nearest title (mean)", "nearest-mean", seeded=False, history="mean",
        family="bound", meaning=better_than("the mean embedding of the history's titles does, without any training"),
    ),
    Row(
        "sasrec-rows", "", "SASRec (LLM's rows)", "sasrec-rows",
        search=Search("l2", ("sasrec", "l2")), fit=Fit("sasrec", "sasrec_rows", rows="samples"), family="bound",
        meaning=better_than("SASRec does when it is trained on the same rows, for whatever reason"),
    ),
    Row(
        "sasrec-full-softmax", "", "SASRec (full softmax)", "sasrec-full-softmax",
        search=Search("l2", ("sasrec", "l2")), fit=Fit("full_softmax", "sasrec", on_gpu=True), family="bound",
        meaning=better_than("SASRec does with this loss and all training rows"),
    ),
    *controls("BIGRec"),
    *controls("LLaRA"),
)  # fmt: skip

BY_KEY = {row.key: row for row in ROWS}
UNTRAINED = frozenset(row.folder for row in ROWS if row.history)  # titles of the history, in place of a text


def network(model: str) -> str:
    """Return the module of the network that ranks by a model's saved weights; models with own rules have SASRec's."""
    how = BY_KEY[model].fit
    return how.network if how else "sasrec"


def fitted() -> list[Row]:
    """Return the rows that `scripts/fit_sequential.py` trains."""
    return [row for row in ROWS if row.fit]


def fits_on_gpu() -> list[str]:
    """Return the rules that `scripts/fit_sequential.py` runs by and that a cluster runs on GPUs."""
    return [f"fit_{row.rule}" for row in ROWS if row.fit and row.fit.on_gpu]


def like() -> dict[str, str]:
    """Return for each rule that trains by the registry the rule whose resources and threads it has in a profile.

    A profile may give a rule its own. GPU partitions have names that only a profile knows, so a new row would
    otherwise need a line in each profile.
    """
    found = {f"fit_{row.rule}": "fit_dros" if row.fit.on_gpu else "fit_sasrec" for row in ROWS if row.fit}
    return found | dict.fromkeys((f"tune_{how.module}" for how in TUNED.values()), "tune_sft")


def runs_of(strategy: str) -> str:
    """Return the folder of a strategy's runs below its backbone's folder, as a pattern with wildcards."""
    setting = TUNED[strategy].setting
    grid = f"{setting}={{{setting}}}/" if setting else ""
    return f"{strategy}/{grid}seed={{seed}}"
