"""The metadata file as published, JSON lines with all their fields, at its true size to the byte."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rehearse.graph import titled_items
from rehearse.ratings import item_names
from rehearse.shapes import Shape
from rehearse.titles import titles, vocabulary

AT_ONCE = 5_000
POOL = 2_000_000  # letters of text that descriptions are cut from
PARAGRAPH = 700  # letters
IN_IMAGES, IMAGE = 0.35, 330  # share of a row's spare bytes, and bytes of an image's four addresses
LAST = 50  # rows at the end that are long, so that the file can end at its byte
SITE = "https://m.media-amazon.com/images/I"


class Row(NamedTuple):
    """What one line says: the item's id, its title as JSON, its label, and where its text is cut from the pool."""

    asin: str
    title: str
    label: int
    cut: int


def lines(chance: np.random.Generator, shape: Shape) -> Iterator[bytes]:
    """The whole file in pieces: titled items, untitled ones, and items that nobody has rated, in random order.

    A line's length is drawn, with a heavy tail, as a share of the bytes that are left; the last line takes the rest.
    """
    number, title = catalogue(chance, shape)
    text, rows = pool(chance), len(number)
    weight = np.exp(chance.standard_normal(rows))
    weight[-LAST:] = 4 * weight.mean()
    order = chance.permutation(rows)
    left, ahead = shape.metadata_bytes, float(weight.sum())
    for begin in range(0, rows, AT_ONCE):
        chosen = order[begin : begin + AT_ONCE]
        asins = item_names(number[chosen]).tobytes().decode()
        label, cut = chance.integers(0, [[57], [POOL // 2]], (2, len(chosen))).tolist()
        found = []
        for place, own in enumerate(chosen.tolist()):
            share = left * weight[begin + place] / ahead if begin + place < rows - 1 else left
            row = Row(asins[10 * place : 10 * place + 10], title[own], label[place], cut[place])
            found.append(line(shape, row, text, int(share), exact=begin + place == rows - 1))
            left -= len(found[-1])
            ahead -= weight[begin + place]
        yield "".join(found).encode("ascii")


def catalogue(chance: np.random.Generator, shape: Shape) -> tuple[np.ndarray, list[str]]:
    """Numbers of the items that the file describes, and their titles as JSON.

    Of the untitled items of the ratings file half are there, without a title; the others have no line at all.
    """
    titled = titled_items(shape)
    null = (shape.all_items - titled) // 2
    unrated = shape.metadata_rows - titled - null
    number = np.concatenate([np.arange(titled + null), shape.all_items + np.arange(unrated)])
    named = [f'"{title}"' for title in titles(chance, shape, titled + unrated)]
    return number, [*named[:titled], *["null"] * null, *named[titled:]]


def pool(chance: np.random.Generator) -> str:
    """Plain text of words, which no cut can spoil."""
    words = [word for word in vocabulary(chance) if word.isalpha()]
    drawn = (len(words) * chance.random(POOL // 4) ** 2).astype(np.int64).tolist()
    return " ".join([words[i] for i in drawn])[:POOL]


def line(shape: Shape, row: Row, text: str, size: int, *, exact: bool) -> str:
    """One item with all its fields, about `size` bytes long, or exactly so."""
    bare = fields(shape, row, "", "", "")
    spare = size - len(bare)
    images = ", ".join([image(row.asin, place) for place in range(min(int(IN_IMAGES * spare / IMAGE), 20))])
    spare -= len(images)
    if exact:
        if spare < 2:
            raise ValueError(f"{shape.metadata_bytes} bytes are too few for {shape.metadata_rows} lines of metadata")
        return fields(shape, row, images, f'"{cut(text, row.cut, spare - 2)}"', "")
    said = paragraphs(text, row.cut, spare)
    third = len(said) // 3
    return fields(shape, row, images, ", ".join(said[third:]), ", ".join(said[:third]))


def fields(shape: Shape, row: Row, images: str, description: str, features: str) -> str:
    """A line of metadata."""
    store = row.asin[2:7].title()
    categories = f'"{shape.main_category}", "Section {row.label % 9}", "Label {row.label}"' if row.label else ""
    price = ("null", "12.99", '"from 4.49"', "59.0")[row.cut % 4]
    return (
        f'{{"main_category": "{"Prime Video" if row.title == "null" else shape.main_category}", "title": {row.title}, '
        f'"average_rating": {3 + row.cut % 20 / 10}, "rating_number": {row.cut % 5000}, "features": [{features}], '
        f'"description": [{description}], "price": {price}, "images": [{images}], "videos": [], "store": "{store}", '
        f'"categories": [{categories}], "details": {{"Publisher": "{store} Press", "Language": "English", '
        f'"Item Weight": "{row.cut % 90 / 10} ounces"}}, "parent_asin": "{row.asin}", "bought_together": null}}\n'
    )


def image(asin: str, place: int) -> str:
    """The addresses of one picture in three sizes."""
    name = f"{SITE}/{asin}{place:02d}L._AC_"
    variant = "MAIN" if not place else f"PT{place:02d}"
    return (
        f'{{"thumb": "{name}SX38_SY50_CR,0,0,38,50_.jpg", "large": "{name}SL500_.jpg", "variant": "{variant}", '
        f'"hi_res": "{name}SL1500_.jpg"}}'
    )


def paragraphs(text: str, start: int, size: int) -> list[str]:
    """Strings of JSON that take `size` bytes together with what separates them, or none."""
    found = []
    while size > 20:
        length = min(PARAGRAPH, size - 4)
        found.append(f'"{cut(text, start, length)}"')
        start, size = start + length, size - length - 4
    return found


def cut(text: str, start: int, length: int) -> str:
    """So many letters of the text, from `start` on, round and round."""
    start %= len(text)
    found = text[start : start + length]
    return found if len(found) == length else found + (text * (length // len(text) + 1))[: length - len(found)]
