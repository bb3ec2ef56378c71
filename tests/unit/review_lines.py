"""Lines of raw files as the formats have them."""

import json
from typing import Any

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
CSV = "user_id,parent_asin,rating,timestamp\n"


def line(**changes: Any) -> str:
    """A review as a JSON line; a change to `...` leaves the field out."""
    value = {"user_id": "u", "parent_asin": "p", "asin": "a", "timestamp": 1500, "images": [{"x": 1}]} | changes
    return json.dumps({key: v for key, v in value.items() if v is not ...}) + "\n"
