"""What the last look before publishing saw, so that nothing is published that nobody looked at."""

import json
from collections.abc import Mapping
from typing import Any

from campaign.models.reply import Reply
from campaign.web.edit_conflict import mark_of


def look_of(reply: Reply) -> str:
    """A mark of all that would be published: one for each part, in a fixed order."""
    return " ".join(map(mark_of, _parts(reply).values()))


def changed_since(reply: Reply, look: str) -> list[str]:
    """The parts that stand otherwise than in `look`; all of them where it is no look at all."""
    marks, parts = look.split(" "), _parts(reply)
    if len(marks) != len(parts):
        return list(parts)
    return [
        name
        for (name, data), mark in zip(parts.items(), marks, strict=True)
        if mark_of(data) != mark
    ]


def _parts(reply: Reply) -> dict[str, Mapping[str, Any]]:
    """By name of the part, what is published of it."""
    bars = [json.dumps(bar, sort_keys=True) for bar in reply.bars]
    return {
        "text": {"text": reply.text, "locale": reply.locale},
        "translations": {one.locale: one.text for one in reply.translations},
        "titles": reply.titles,
        "bars": {"bars": bars},
        "page": {"page": reply.shown_page},
        "facts": {"day": reply.received_on, "target": reply.target_id},
    }
