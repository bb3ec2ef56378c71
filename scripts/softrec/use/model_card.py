"""The model card of an exported adapter, made from the manifests of its jobs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from softrec.llm.prompts import Words, render
from softrec.use.export_facts import Tested, Tuned
from softrec.use.exported import FACTS, Base

HISTORY = "{history}"


class Facts(NamedTuple):
    """What a card tells.

    Attributes:
        model: the model's folder in its run, such as `bigrec/sft/seed=1`.
        dataset: the data set's name.
        window: maximum number of items in a history.
        base: the base model.
        licence: a sentence about its licence.
        tuned: how the adapter was tuned.
        counts: users, items and interactions of the data set.
        tested: test results.
    """

    model: str
    dataset: str
    window: int
    base: Base
    licence: str
    tuned: Tuned
    counts: Mapping[str, int]
    tested: Tested


def card(facts: Facts) -> str:
    """Return the model card as Markdown."""
    llara = facts.tuned.recommender["backbone"] == "llara"
    parts = [
        front_matter(facts),
        f"# {facts.model} on {facts.dataset}\n",
        introduction(llara),
        f"## Base model\n\n{base(facts)}",
        f"## How to load and use it\n\n{use_of_llara() if llara else use_of_text(facts)}",
        f"## Prompt\n\n{prompt(facts, llara)}",
        f"## Data\n\n{data(facts)}",
        f"## Test results\n\n{results(facts)}",
        f"## Training\n\n{training(facts)}",
    ]
    return "\n".join(parts)


def front_matter(facts: Facts) -> str:
    """Return the YAML header that the hub reads. A folder of this machine is no base model of the hub."""
    lines = ["---", "library_name: peft", "tags: [recommendation, lora, softrec]"]
    if facts.base.revision is not None:
        lines.append(f"base_model: {facts.base.name}")
    return "\n".join([*lines, "---", ""])


def introduction(llara: bool) -> str:
    """Return what the model is."""
    more = " A projected SASRec embedding of each item follows its title in the prompt (LLaRA)." if llara else ""
    return (
        "A LoRA adapter that generates the title of the item that a user wants next, given the titles of the items "
        f"that the user had.{more} It was tuned by softrec, a reproduction of SOFT "
        "([arXiv 2505.20771](https://arxiv.org/abs/2505.20771)).\n"
    )


def base(facts: Facts) -> str:
    """Return name, revision, digest and licence of the base model."""
    revision = f", revision `{facts.base.revision}`" if facts.base.revision is not None else ""
    place = "" if revision else ", a folder of the machine on which the adapter was exported"
    return (
        f"`{facts.base.name}`{revision}{place}. The sha256 of its folder, as softrec computes it, is\n"
        f"`{facts.base.sha256}`.\n\nLicence of the base model: {facts.licence}\n"
    )


def use_of_llara() -> str:
    """Return how softrec loads the model, and why PEFT refuses."""
    return (
        "Only softrec loads it. PEFT would load the LoRA weights without the projector and the item embeddings, and\n"
        "the model would give wrong titles; therefore `PeftModel.from_pretrained` stops with an error. In softrec's\n"
        "folder, with `catalogue.parquet` and `titles.npy` of the data set:\n\n"
        "```bash\npython scripts/recommend.py --adapter THIS_FOLDER --llm BASE_MODEL_FOLDER \\\n"
        '    --catalogue catalogue.parquet --titles titles.npy --history "a title" "another title"\n```\n'
    )


def use_of_text(facts: Facts) -> str:
    """Return a program that generates a title; a test runs it."""
    own = facts.tuned.recommender["generation"]
    dtype = {"fp32": "float32", "bf16": "bfloat16"}[facts.tuned.recommender["precision"]]
    lines = "\n".join(f"    {line!r}" for line in render([HISTORY], words(facts)).splitlines(keepends=True))
    code = f'''import torch
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer, GenerationConfig

folder = "."  # of this card
history = ["a title", "another title"]  # at most {facts.window} titles, oldest first

template = (
{lines}
)
model = AutoPeftModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype}).eval()
base = model.peft_config["default"]
tokenizer = AutoTokenizer.from_pretrained(base.base_model_name_or_path, revision=base.revision or "main")
start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
prompt = template.replace("{HISTORY}", ", ".join(f'"{{title}}"' for title in history))
tokens = [start, *tokenizer(prompt, add_special_tokens=False, split_special_tokens=True)["input_ids"]]
own = model.generation_config.eos_token_id
ends = sorted({{tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])}} - {{None}})
# Replaced as a whole: a base model's own settings, such as a repetition penalty, would change the text.
model.generation_config = GenerationConfig(
    do_sample=False, num_beams={own["beams"]}, max_new_tokens={own["max_new_tokens"]},
    length_penalty={own["length_penalty"]}, eos_token_id=ends, pad_token_id=tokenizer.eos_token_id,
)
ids = torch.tensor([tokens])
output = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids))
text = tokenizer.decode(output[0, len(tokens):], skip_special_tokens=True)
print(text.strip().strip('"').strip())
'''
    return (
        f"```python\n{code}```\n\nTo find the items that a title stands for, as in the test results, use softrec's "
        f"`scripts/recommend.py`\nwith `--adapter`. It reads `{FACTS}` of this folder.\n"
    )


def words(facts: Facts) -> Words:
    """Return the words for the data set's items in prompts."""
    return Words(**facts.tuned.recommender["words"])


def prompt(facts: Facts, llara: bool) -> str:
    """Return the prompt template and its limits."""
    room = facts.tuned.recommender["max_tokens"] - facts.tuned.recommender["generation"]["max_new_tokens"]
    each = "title in double quotes, followed by the item's embedding" if llara else "title in double quotes"
    return (
        f"`{HISTORY}` stands for at most {facts.window} items, oldest first, each as its {each}, separated by a comma "
        f"and a blank.\nA prompt has at most {room} tokens, the first of which is BOS: old items are dropped until it "
        "fits. Some lines\nend with a blank.\n\n"
        f"```text\n{render([HISTORY], words(facts))}```\n"
    )


def data(facts: Facts) -> str:
    """Return the size of the data set and what it is."""
    counts = ", ".join(f"{facts.counts[name]:,} {name}" for name in ("users", "items", "interactions"))
    return (
        f"{facts.dataset}: {counts} after filtering. The adapter saw training rows alone; hyperparameters were chosen "
        "on\nvalidation rows. The terms of the data set apply to what is made from it.\n"
    )


def results(facts: Facts) -> str:
    """Return the metrics on all test rows, with intervals."""
    rows = [
        f"| {own.metric} | {own.value:.4f} | {own.interval.low:.4f} to {own.interval.high:.4f} |"
        for own in facts.tested.measured
    ]
    return "\n".join(
        [
            f"On {facts.tested.rows:,} test rows of {facts.tested.users:,} users. H is the hit ratio, NG is NDCG.\n"
            "The interval (95 %) covers the choice of users, who are resampled with all their rows. It does not cover\n"
            "other training runs.\n",
            "| metric | value | interval |",
            "| --- | ---: | ---: |",
            *rows,
            "",
        ]
    )


def training(facts: Facts) -> str:
    """Return the settings of the tuning job, its kept epoch, and the versions of its libraries."""
    rows = [
        f"| `{key}` | {value} |" for key, value in flat(facts.tuned.settings) if not key.startswith("recommender.words")
    ]
    used = ", ".join(f"{name} {version}" for name, version in facts.tuned.versions.items())
    kept = f"Epoch {facts.tuned.log['kept_epoch']} was kept. " if "kept_epoch" in facts.tuned.log else ""
    return "\n".join([f"{kept}Tuned with {used}.\n", "| setting | value |", "| --- | --- |", *rows, ""])


def flat(value: Mapping[str, Any], way: str = "") -> list[tuple[str, Any]]:
    """Return nested settings as (dotted key, value), sorted by key."""
    found: list[tuple[str, Any]] = []
    for key, own in sorted(value.items()):
        found += flat(own, f"{way}{key}.") if isinstance(own, Mapping) else [(f"{way}{key}", own)]
    return found
