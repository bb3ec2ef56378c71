"""The publisher's own sample of reviews, in both of its formats."""

import os
from pathlib import Path

import pytest

from softrec.data.reviews import read_reviews


@pytest.mark.parametrize("category", ["Kindle_Store", "Movies_and_TV", "Video_Games"])
def test_published_sample_reads_alike_in_both_formats(category: str) -> None:
    """150 real reviews of 30 users: the JSON lines and the benchmark CSV hold the same triples."""
    folder = os.environ.get("SOFTREC_TEST_DATA")
    if not folder:
        pytest.skip("SOFTREC_TEST_DATA is not set: no real reviews here")
    sample = Path(folder) / "amazon23_raw_sample"
    raw = read_reviews(sample / f"{category}.jsonl.gz", "reviews")
    csv = read_reviews(sample / "benchmark/0core/rating_only" / f"{category}.csv", "ratings")
    assert len(raw) == 150
    assert raw["user_id"].n_unique() == 30
    assert sorted(raw.rows()) == sorted(csv.rows())
