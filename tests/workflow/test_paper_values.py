"""config/paper.yaml says that values without a comment are the paper's own: the few that it prints, listed here."""

import re
from pathlib import Path

FILE = Path(__file__).parents[2] / "config/paper.yaml"
# Section 4.1 and Table 1 (3.2 for the exponential; Table 2 for the rows).
PRINTED = {
    "methods",
    *(
        f"datasets.{name}.{key}"
        for name in ("game", "movie", "kindle")
        for key in ("label", "llm", "global_batch_size")
    ),
    *(f"datasets.{name}.source.category" for name in ("game", "movie", "kindle")),
    "llms.llama.repository",
    "filter.k",
    "split.fractions",
    *(f"samples.{split}" for split in ("train", "valid", "test")),
    *(f"sasrec.{key}" for key in ("dim", "learning_rate", "batch_size", "l2")),
    *(f"{part}.{key}" for part in ("tuning", "sdpo") for key in ("learning_rate", "epochs", "patience")),
    "soft.alphas",
    "soft.distance_rows",
}


def uncommented(text: str) -> list[str]:
    """The paths of the keys whose line has a value and no comment."""
    found, place = [], []
    for line in text.splitlines():
        if match := re.match(r"^( *)(\w+): *(.*)$", line):
            place = [*place[: len(match[1]) // 2], match[2]]
            if match[3] and "#" not in match[3]:
                found.append(".".join(place))
        elif line.lstrip().startswith("- ") and "#" not in line:
            found.append(".".join(place))
    return list(dict.fromkeys(found))


def test_a_value_without_a_comment_is_printed_in_the_paper() -> None:
    """Whatever else is there says where it comes from."""
    assert set(uncommented(FILE.read_text())) <= PRINTED


SOURCES = (
    "ours",
    "the paper's",
    "what the paper",
    "how the paper",
    "Table 1",
    "as printed",
    "the publisher",
    "as published",
    "the 10-core of the publisher's",
    "authors' code",
    "authors' data",
    "as in the authors' code",
    "as in the authors' prompts",
    "the number of the authors' code",
    "scores are token means, as in the authors' code",
    "as Game's",
    "the same",
    "one block, one head, length 10: the lineage of Liao et al.",
    "at most, with the best on validation kept, as Liao et al. do",
    *(f"{name}'s" for name in ("DROS", "LLM-CF", "DLLM2Rec", "BIGRec", "S-DPO")),
)


def test_a_comment_behind_a_value_says_whose_it_is() -> None:
    """It begins with the source: no reader has to guess who chose a value."""
    behind = re.findall(r"^ *(?:- )?\w.*?: *\S.*?  # (.*)$", FILE.read_text(), re.MULTILINE)
    assert len(behind) > 80
    assert [comment for comment in behind if not comment.startswith(SOURCES)] == []


def test_lines_are_told_apart() -> None:
    """A value, one with a comment, a section, a list, a list whose section has a comment."""
    text = "a: 1\nb: 2  # ours\nc:\n  d: 3\n  e: [4]  # ours\nf:\n  - g\nh:  # ours\n  - i  # ours\n"
    assert uncommented(text) == ["a", "c.d", "f"]
