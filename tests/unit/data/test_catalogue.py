"""Titles and categories: cleaned, numbered, and only of the items that are wanted."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from common.errors import SoftrecError
from softrec.data import catalogue


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("The &amp;quot;Best&amp;quot; Of", 'The "Best" Of'),
        ("R&amp;#38;#x26;AMP;amp&#380;D", "R&\u017cD"),  # ampersands of all spellings, and a number that begins as one
        ("&" + "amp;" * 200_000 + "lt;b>C", "C"),  # step by step that would take hours
        ("<b>Bold</b> move", "Bold move"),
        ("A &lt;i&gt;Tag&lt;/i&gt;", "A Tag"),
        ("I <3 You", "I <3 You"),
        ("2 < 3 > 1", "2 < 3 > 1"),
        ('<span id="productTitle"', None),
        (" one\n\ttwo\u00a0 three\u2028four\x00 ", "one two three four"),
        ("Pokémon 写真", "Pokémon 写真"),
        (" \n ", None),
        ("<br/>", None),
        ("\u200b\u00ad\ufeff", None),
        ("\u3164 \u2800", None),
        ("\u200bx", "\u200bx"),
        ("!", "!"),
        ("🎮", "🎮"),
        ("", None),
        (None, None),
    ],
)
def test_clean_text(text: str | None, clean: str | None) -> None:
    """Entities (once or twice escaped), tags, control characters and runs of blanks go; nothing left is no title."""
    assert catalogue.clean_text(text) == clean
    assert catalogue.clean_text(clean) == clean


def test_unescaping_ends() -> None:
    """An entity within another takes a pass of its own.

    30 of them, the entity they are in, and the pass that changes nothing make 32: `R&D` stays. One more and what could
    begin an entity or a tag goes, so that cleaning twice changes nothing either.
    """
    found = [catalogue.clean_text(f"{nested(levels)}gt; R&D") for levels in (30, 31)]
    assert found[0] == "> R&D"
    assert found[1] is not None
    assert "&" not in found[1]
    tags = "<b" * 40 + ">" * 40
    for text in (*found, catalogue.clean_text(tags)):
        assert catalogue.clean_text(text) == text


def nested(levels: int) -> str:
    """An ampersand, `levels` times written as an entity, the p of whose name is written as an entity again."""
    text = "&"
    for _ in range(levels):
        last = text.rindex("&")
        text = f"{text[:last]}&am&#112;;{text[last + 1 :]}"
    return text


@pytest.mark.parametrize(
    ("words", "long_titles", "title"),
    [(None, "cut", "a b c"), (3, "cut", "a b c"), (2, "cut", "a b"), (2, "drop", None), (3, "drop", "a b c")],
)
def test_limit_words(words: int | None, long_titles: catalogue.LongTitles, title: str | None) -> None:
    """Three words: a limit of three keeps them, of two cuts or drops them."""
    assert catalogue.limit_words("a b c", words, long_titles) == title


def write_meta(path: Path, *values: Any) -> Path:
    """Metadata as JSON lines."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def test_amazon_texts_of_wanted_items(tmp_path: Path) -> None:
    """Only wanted items; categories from broad to narrow without blanks; of two rows the first with a title."""
    path = write_meta(
        tmp_path / "meta",
        {"parent_asin": "b", "title": None, "categories": None},
        {"parent_asin": "other", "title": "Other", "categories": ["X"]},
        {"parent_asin": "b", "title": "B &amp; Co", "categories": ["Games", " ", None, "PC &amp; Mac"]},
        {"parent_asin": "b", "title": "later"},
        {"parent_asin": "a", "title": " ", "categories": []},
    )
    texts = catalogue.read_texts(path, "reviews", pl.Series(["b", "a", "b", "gone"]))
    assert texts.rows() == [("a", None, None), ("b", "B & Co", "Games > PC & Mac")]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ('{"title": "x"}', "has no parent_asin"),
        ('{"parent_asin": "a", "categories": "Games"}', "has the categories 'Games', not a list"),
        ("{", "is not JSON"),
        ('{"parent_asin": "a", "title": ["x", "y"]}', 'has the title ["x", "y"], not text'),
        ('{"parent_asin": "a", "title": {"text": "x"}}', 'has the title {"text": "x"}, not text'),
        ('{"parent_asin": "a", "title": 1.50}', "has the title 1.5, not text"),
        ('{"parent_asin": "a", "title": true}', "has the title true, not text"),
        ('{"parent_asin": "a", "title": "x", "categories": [["A", "B"]]}', "not a list of texts"),
        ('{"parent_asin": "a", "title": "x", "categories": ["A", {"B": 1}]}', "not a list of texts"),
        ('{"parent_asin": "a", "title": "x \\udc00"}', "lone surrogate"),
        ('{"parent_asin": "a", "title": "\xe9"}', "is not UTF-8"),
        ('{"parent_asin": "a", "title": NaN}', "is not JSON: it has no NaN"),
    ],
)
def test_faulty_metadata_names_its_line(tmp_path: Path, bad: str, words: str) -> None:
    """The second line is at fault, and said to be; a title that only looks like something else is a title."""
    path = tmp_path / "meta"
    path.write_bytes(('{"parent_asin": "a", "title": "[x] 1.5"}\n' + bad + "\n").encode("latin-1"))
    with pytest.raises(SoftrecError, match="line 2: the line ") as caught:
        catalogue.read_texts(path, "ratings", pl.Series(["a"]))
    assert words in caught.value.what


def test_movielens_texts(tmp_path: Path) -> None:
    """The year tells remakes apart; an item without one has its title alone; genres are the category."""
    path = tmp_path / "ml.item"
    rows = ["1\tToy Story\t1995\tAnimation Children's", "2\tunknown\t\t", "3\t\t1990\tDrama", "9\tOther\t1990\tDrama"]
    path.write_text("\n".join(["\t".join(catalogue.MOVIELENS), *rows, ""]))
    texts = catalogue.read_texts(path, "movielens", pl.Series(["1", "2", "3"]))
    assert texts.rows() == [
        ("1", "Toy Story (1995)", "Animation, Children's"),
        ("2", "unknown", None),
        ("3", None, "Drama"),
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1\tToy Story\t1995\tDrama\n", 1),
        ("HEADER\n1\tToy Story\n", 2),
        ("HEADER\n1\tA\t1995\tB\n2\tLa P\xeache\t1995\tDrama\n", 3),
    ],
)
def test_faulty_movielens_items(tmp_path: Path, text: str, number: int) -> None:
    """A missing header is line 1's fault; two fields instead of four are line 2's; Latin-1 is line 3's."""
    path = tmp_path / "ml.item"
    path.write_bytes(text.replace("HEADER", "\t".join(catalogue.MOVIELENS)).encode("latin-1"))
    with pytest.raises(SoftrecError) as caught:
        catalogue.read_texts(path, "movielens", pl.Series(["1"]))
    assert caught.value.where == f"{path}, line {number}"


def texts_of(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Texts without categories."""
    return pl.DataFrame([(*row, None) for row in rows], schema=catalogue.TEXTS, orient="row")


def test_title_ids_are_numbered_by_first_item() -> None:
    """Titles Y, X, Y, Z of items 1 to 4: Y is 0, X is 1, Z is 2."""
    built = catalogue.build_catalogue(
        ["a", "b", "c", "d"], texts_of(("d", "Z"), ("a", "Y"), ("b", "X"), ("c", "Y")), keep_untitled=False
    )
    assert built["item"] == [1, 2, 3, 4]
    assert built["title"] == ["Y", "X", "Y", "Z"]
    assert built["title_id"] == [0, 1, 0, 2]


def test_untitled_items_are_refused_or_named_by_their_id() -> None:
    """B has a row without a title, c has no row."""
    texts = texts_of(("a", "A"), ("b", None))
    built = catalogue.build_catalogue(["a", "b", "c"], texts, keep_untitled=True)
    assert built["title"] == ["A", "b", "c"]
    with pytest.raises(SoftrecError, match="2 items have no title, the first is b"):
        catalogue.build_catalogue(["a", "b", "c"], texts, keep_untitled=False)


def test_published_movies_have_null_titles() -> None:
    """Of the 150 items of the real Movies_and_TV sample, 74 have no title (all of them "Prime Video")."""
    folder = os.environ.get("SOFTREC_TEST_DATA")
    if not folder:
        pytest.skip("SOFTREC_TEST_DATA is not set: no real metadata here")
    path = Path(folder) / "amazon23_raw_sample" / "meta_Movies_and_TV.jsonl.gz"
    ids = pl.concat(
        [
            frame["parent_asin"]
            for frame in catalogue.json_lines.json_frames(
                path, {"parent_asin": pl.String}, catalogue.metadata_fault, ["parent_asin"]
            )
        ]
    )
    texts = catalogue.read_texts(path, "reviews", ids)
    assert len(texts) == 150
    assert texts["title"].null_count() == 74


def test_an_id_that_is_the_title_of_another_item_cannot_stand_for_an_untitled_one() -> None:
    """Both would have one title_id: an answer that says the title would be ranked as the untitled item too."""
    with pytest.raises(SoftrecError, match="the item 1984 has no title") as caught:
        catalogue.build_catalogue(["1984", "b"], texts_of(("b", "1984")), keep_untitled=True)
    assert "untitled: before" in str(caught.value.remedy)


@pytest.mark.parametrize("name", ["Z\0Z", "\x1b[31mQ", "Q\u202e", "Q" * 201])
def test_an_id_that_cannot_be_read_stands_for_no_title(name: str) -> None:
    """A model would have to say it."""
    with pytest.raises(SoftrecError, match="has no title, and its id cannot serve as one") as caught:
        catalogue.build_catalogue([name, "b"], texts_of(("b", "1984")), keep_untitled=True)
    assert "untitled: before" in str(caught.value.remedy)
