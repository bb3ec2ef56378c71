"""How language models are tuned: what an entry of the registry says of a strategy, and the controls of SOFT."""

from typing import Literal, NamedTuple


class Tune(NamedTuple):
    """Tuning of a language model by `scripts/tune_llm.py`.

    Attributes:
        module: the strategy's module in `softrec.tuning.strategies`.
        section: the strategy's section of the configuration, or "" for SFT's settings without options. Keys of it that
            `tuning` has too, such as epochs, replace those.
        options: keys of the section that fill the module's `Options`, together with the candidate of a row with a grid.
        reads: the files that it reads besides those of SFT: "self_distilled" and their "embeddings",
            "initial_distance", "runs" (the logs of SFT and SOFT with the same seed, and SOFT's selected alpha).
        from_sft: whether it starts from the SFT adapter instead of from the base model.
        titles: titles per prompt in an update beyond the first one: a number, or a key of the section.
        reference: whether the log-likelihoods of a reference model are computed once before tuning.
        grid: path of keys of the candidates in the configuration from which validation selects one, or ().
        curriculum: what tau falls with from 1 in the first epoch: "distance" (d_t), "validation" (the loss on
            validation rows), "epoch" (nothing is measured), or "" if tau is constant or the loss has none.
        runs: maximum number of epochs, in runs of the configured number of epochs.
    """

    module: str
    section: str = ""
    options: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    from_sft: bool = False
    titles: int | str = 0
    reference: bool = False
    grid: tuple[str, ...] = ()
    curriculum: Literal["", "distance", "validation", "epoch"] = ""
    runs: int = 1

    @property
    def setting(self) -> str:
        """Name of the hyperparameter that is selected on validation and tested with every candidate, or ""."""
        return SETTINGS.get(self.grid, "")

    def modules(self, backbone: str) -> tuple[str, ...]:
        """The modules that tuning with a backbone loads by name, for its code digest."""
        return f"softrec.llm.backbones.{backbone}", f"softrec.tuning.strategies.{self.module}"


ALPHAS, EPSILONS = ("soft", "alphas"), ("label_smoothing", "epsilons")
SETTINGS: dict[tuple[str, ...], str] = {ALPHAS: "alpha", EPSILONS: "epsilon"}
SOFT = Tune(
    "soft", "soft", ("progression",), ("self_distilled", "initial_distance"),
    titles=1, grid=ALPHAS, curriculum="distance",
)  # fmt: skip

# Each changes one part of SOFT: name, how it is tuned, and what a difference of SOFT to it would mean.
CONTROLS = {
    "sft-matched": (
        "SFT (matched updates)",
        Tune("sft_matched", "soft", ("alphas",), ("runs",), runs=2),
        "Above 0: the gain of SOFT is more than that of as many further updates on the true titles.",
    ),
    "soft-half": (
        "SOFT (tau = 1/2)",
        Tune("soft_half", reads=("self_distilled",), titles=1),
        "Above 0: a tau that falls from 1 is better than both kinds of title at a weight of 1/2 in every epoch.",
    ),
    "distil-first": (
        "SOFT (distil first)",
        Tune("distil_first", reads=("self_distilled",)),
        "Above 0: the scheduler's tau is better than one epoch of self-distilled titles before true titles alone.",
    ),
    "random-title": (
        "SOFT (random titles)",
        SOFT._replace(module="random_title"),
        "Above 0: titles that the SFT model generates help more than random titles of the target's category.",
    ),
    "grounded-title": (
        "SOFT (grounded titles)",
        SOFT._replace(module="grounded_title", reads=(*SOFT.reads, "embeddings")),
        "Above 0: the generated texts as they are help more than the catalogue's titles nearest to them.",
    ),
    "label-smoothing": (
        "SFT (label smoothing)",
        Tune("label_smoothing", grid=EPSILONS),
        "Above 0: SOFT is better than SFT with targets softened evenly over the vocabulary.",
    ),
    "soft-by-epoch": (
        "SOFT (tau by epoch)",
        SOFT._replace(module="soft_by_epoch", options=(), reads=("self_distilled",), curriculum="epoch"),
        "Above 0: a tau from the measured distance is better than one that falls with the epochs alone.",
    ),
    "soft-by-validation": (
        "SOFT (tau by val. loss)",
        SOFT._replace(module="soft_by_validation", options=(), reads=("self_distilled",), curriculum="validation"),
        "Above 0: a tau from the measured distance is better than one from the loss on validation rows.",
    ),
}  # fmt: skip
