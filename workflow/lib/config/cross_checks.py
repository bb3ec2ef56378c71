"""Rules between keys of the configuration, which a JSON Schema cannot say."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from common import model_types
from lib.config import source_checks
from lib.config.messages import suggestion, value_text
from lib.config.spellings import NAME
from lib.graph import crossed, sources
from lib.graph.methods import BY_KEY

Config = Mapping[str, Any]
RESERVED = ("benchmarks", "figures", "logs", "pages")  # folders of a run beside those of its data sets
# One line of a table, which is UTF-8 and reads from one side; Snakemake fills in braces.
BAD_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029{}<>\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FORMULA = ("=", "+", "-", "@")
MOST_LAYERS = 200  # of a decoder


def problems(config: Config) -> list[str]:
    """A line per broken rule, in the form of `configuration.check`, for a configuration with its defaults filled in.

    A rule about a part that does not have the shape that the schema asks for is passed over: the schema says so.
    """
    return [line for check in CHECKS for line in attempt(check, config)]


def attempt(check: Callable[[Config], Iterator[str]], config: Config) -> list[str]:
    """The lines of one check, or none where its keys are missing or of another type."""
    try:
        return list(check(config))
    except (ArithmeticError, LookupError, TypeError, AttributeError, ValueError):
        return []


def tuning_seed(config: Config) -> Iterator[str]:
    """Validation of the tuning seed is there only if it is trained with."""
    if config["tuning_seed"] not in config["seeds"]:
        yield f"tuning_seed is {config['tuning_seed']}; it must be one of seeds, {value_text(config['seeds'])}"


def methods(config: Config) -> Iterator[str]:
    """Table 2 has a row: bounds and controls stand beside the rows that they say something about."""
    if config["methods"] and all(BY_KEY[name].family != "paper" for name in config["methods"]):
        named = value_text(config["methods"])
        yield f"methods is {named}, which are bounds and controls; add a row of Table 2, such as sasrec"


def base_models(config: Config) -> Iterator[str]:
    """Every data set's language model is described."""
    for name, dataset in config["datasets"].items():
        if (llm := dataset["llm"]) not in config["llms"]:
            hint = suggestion(llm, config["llms"]) or f"known are {', '.join(config['llms'])}"
            yield f"datasets.{name}.llm is {llm!r}, but llms has no such key; {hint}"


def labels(config: Config) -> Iterator[str]:
    """Columns of the table are told apart by their labels."""
    first: dict[str, str] = {}
    for name, dataset in config["datasets"].items():
        label = dataset["label"]
        if (seen := first.setdefault(as_seen(label), name)) != name:
            yield f"datasets.{name}.label is {label!r}, which looks like the label of {seen}; choose another"


def as_seen(text: str) -> str:
    """A text as readers tell it from others: without what cannot be seen, in one case and width, with single blanks."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def sample_seeds(config: Config) -> Iterator[str]:
    """Data sets that are alike but for their samples have samples of their own."""
    for group in crossed.alike(config):
        first: dict[int, str] = {}
        for name in group if any("sample_seed" in config["datasets"][name] for name in group) else ():
            if (seen := first.setdefault(seed := crossed.seed(config, name), name)) != name:
                yield f"datasets.{name} has the sample_seed {seed}, as {seen} has; give each sample its own"


def names(config: Config) -> Iterator[str]:
    """A data set's folder is its own."""
    for name in config["datasets"]:
        if name in RESERVED:
            yield f"datasets has the key {name!r}, which is a folder of every run; choose another"


def texts(config: Config) -> Iterator[str]:
    """Labels and words are a line of text that says something."""
    for name, dataset in config["datasets"].items():
        shown = {"label": dataset["label"], **{f"words.{key}": word for key, word in dataset["words"].items()}}
        for key, text in shown.items():
            if BAD_TEXT.search(text) or not any(unicodedata.category(letter)[0] in "LNPS" for letter in text):
                yield f"datasets.{name}.{key} is {text!r}; it must be one line of text, not blank, without braces or <>"
            elif text.lstrip().startswith(FORMULA):
                yield f"datasets.{name}.{key} is {text!r}, which a spreadsheet would compute; begin it otherwise"


def filtering(config: Config) -> Iterator[str]:
    """Switches of the filter that need each other."""
    own = config["filter"]
    if own["title_words"] is not None and (own["long_titles"], own["untitled"]) == ("drop", "keep"):
        yield "filter.long_titles is 'drop'; it needs filter.untitled 'before' or 'after', which drop untitled items"
    for name, dataset in config["datasets"].items():
        found = sources.file_format(dataset["source"])
        if own["item_key"] == "asin" and found != "reviews":
            yield f"filter.item_key is 'asin', which files of datasets.{name}, {found}, do not have: set 'parent_asin'"


def targets(config: Config) -> Iterator[str]:
    """All linear layers, named ones, or those that an expression matches: all tested models name them alike."""
    named = config["lora"]["targets"]
    if isinstance(named, str):
        every = [f"model.layers.{i}.{name}" for i in range(MOST_LAYERS) for name in model_types.LINEAR]
        try:
            if not any(map(re.compile(named).fullmatch, (*every, "lm_head"))):
                yield f"lora.targets is {value_text(named)}, which matches no whole name of a layer, such as {every[0]}"
        except re.error as error:
            yield f"lora.targets is {value_text(named)}, which is no regular expression ({error}); correct it"
        return
    if "all-linear" in named and len(named) > 1:
        yield f"lora.targets is {value_text(named)}; all-linear stands alone, or is left out"
    layers = [f".model.layers.0.{name}" for name in model_types.LINEAR] + [".lm_head"]
    known = ["all-linear", *(name.rpartition(".")[2] for name in layers)]
    for target in named:
        numbered = re.sub(r"\blayers\.\d+\.", "layers.0.", f".{target}")
        if NAME.fullmatch(target) and target != "all-linear" and not any(name.endswith(numbered) for name in layers):
            hint = suggestion(target, known) or f"known are {', '.join(known)}"
            yield f"lora.targets has {target!r}, which is no linear layer; {hint}"


def window(config: Config) -> Iterator[str]:
    """A time window begins before it ends."""
    since, until = config["filter"]["since"], config["filter"]["until"]
    if since is not None and until is not None and since >= until:
        yield f"filter.since is {since}; it must be before filter.until, {until}"


def fractions(config: Config) -> Iterator[str]:
    """The splits are all of the sequences, exactly."""
    shares = config["split"]["fractions"]
    if sum(Fraction(str(share)) for share in shares) != 1:
        yield f"split.fractions is {value_text(shares)}; the shares must sum to 1"


def paper_sample(config: Config) -> Iterator[str]:
    """The paper's sample is part of the test rows."""
    paper, test = config["samples"]["paper_test"], config["samples"]["test"]
    if paper is not None and test != "all" and paper > test:
        yield f"samples.paper_test is {paper}; it must be at most samples.test, {test}"


def sequential_metric(config: Config) -> Iterator[str]:
    """The metric that chooses is one that is computed."""
    metric, cutoffs = config["sasrec"]["metric"], config["ranking"]["cutoffs"]
    if int(metric.partition("@")[2]) not in cutoffs:
        yield f"sasrec.metric is {metric!r}; its K must be one of ranking.cutoffs, {value_text(cutoffs)}"


def sequential_heads(config: Config) -> Iterator[str]:
    """Heads share the width evenly."""
    dim, heads = config["sasrec"]["dim"], config["sasrec"]["heads"]
    if dim % heads:
        yield f"sasrec.dim is {dim}; it must be a multiple of sasrec.heads, {heads}"


def tiny_heads(config: Config) -> Iterator[str]:
    """Each head has an even width, for its rotary positions."""
    for name, llm in config["llms"].items():
        if llm["kind"] == "tiny" and llm["hidden"] % (2 * llm["heads"]):
            yield f"llms.{name}.hidden is {llm['hidden']}; it must be a multiple of twice its heads, {2 * llm['heads']}"


def tokens(config: Config) -> Iterator[str]:
    """The generated title leaves room for a prompt."""
    most, new = config["tuning"]["max_tokens"], config["generation"]["max_new_tokens"]
    if most <= new:
        yield f"tuning.max_tokens is {most}; it must be more than generation.max_new_tokens, {new}"


def chains_of_thought(config: Config) -> Iterator[str]:
    """A chain of thought leaves room for its prompt, and its text encoder is described."""
    own = config["llm_cf"]
    most, new = own["max_tokens"], own["max_new_tokens"]
    if most <= new:
        yield f"llm_cf.max_tokens is {most}; it must be more than llm_cf.max_new_tokens, {new}"
    if (encoder := own["text_encoder"]) is not None and encoder not in config["llms"]:
        hint = suggestion(encoder, config["llms"]) or f"known are {', '.join(config['llms'])}"
        yield f"llm_cf.text_encoder is {encoder!r}, but llms has no such key; {hint}"


CHECKS = (
    *source_checks.CHECKS,
    tuning_seed,
    methods,
    base_models,
    labels,
    sample_seeds,
    names,
    texts,
    filtering,
    targets,
    window,
    fractions,
    paper_sample,
    sequential_metric,
    sequential_heads,
    tiny_heads,
    tokens,
    chains_of_thought,
)
