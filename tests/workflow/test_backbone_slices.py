"""What one backbone is asked for does not concern the other."""

import copy
from collections.abc import Callable
from typing import Any

from lib.slices import Slices


def asking(slices: Slices, backbone: str) -> list[str | dict[str, Any]]:
    """The slices of every job that asks a language model of this backbone."""
    run = ("ml100k", backbone, "3")
    return [
        slices.predict("ml100k", backbone),
        slices.initial_distance(*run),
        slices.tuning(*run),
        slices.tune("soft", *run, "0.1"),
        slices.tune("sdpo", *run),
    ]


def test_llara_says_more_and_bigrec_does_not_notice(checked: Callable[[str], dict[str, Any]]) -> None:
    """The demo's answers have 16 tokens of 256.

    LLaRA's 40 leave its prompts 240 as before, 280 in all; every job of LLaRA that asks is made again, none of BIGRec.
    """
    config = checked("demo")
    before, own = Slices(copy.deepcopy(config)), config["generation"]
    own["max_new_tokens_llara"] = 40
    after = Slices(config)
    assert asking(after, "bigrec") == asking(before, "bigrec")
    assert all(one != other for one, other in zip(asking(after, "llara"), asking(before, "llara"), strict=True))
    asked = after.recommender("ml100k", "llara")
    assert (asked["max_tokens"], asked["generation"]["max_new_tokens"]) == (280, 40)
    assert before.recommender("ml100k", "llara") == {**before.recommender("ml100k", "bigrec"), "backbone": "llara"}


def test_the_papers_llara_has_the_authors_128_tokens(checked: Callable[[str], dict[str, Any]]) -> None:
    """700 of prompt for both backbones, and 64 or 128 of title."""
    slices = Slices(checked("paper"))
    for backbone, new in (("bigrec", 64), ("llara", 128)):
        asked = slices.recommender("game", backbone)
        assert (asked["max_tokens"], asked["generation"]["max_new_tokens"]) == (700 + new, new)
