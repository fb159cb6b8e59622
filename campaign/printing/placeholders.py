"""The placeholders organizers write in their texts: `((person_name))`.

They are not a template language: a known name in double parentheses is replaced by a value,
everything else stays text. What looks like a placeholder and is none is reported, so that
saving can be refused with words.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType

KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "person_name": "person",
        "official_name": "official",
        "official_office": "official",
        "country": "campaign",
        "reference": "campaign",
        "supporter_name": "supporter",
        "deadline": "campaign",
    }
)
"""Every placeholder, in the order an editor offers them, with whom the value belongs to."""

_NEAR = 0.6  # how alike two names must be, from 0 to 1, for one to be meant by the other
_WELL_FORMED = re.compile(r"\(\(([a-z][a-z_]*)\)\)")
# An opening pair that isn't a placeholder runs to its closing pair, or to the end of its line.
# Not the pair before a name in three: that is a placeholder in parentheses of the sentence.
_ANY = re.compile(r"\(\((?!\([a-z_]+\)\))(?:([a-z][a-z_]*)\)\)|[^\n]*?(?:\)\)|(?=\n)|\Z))")

_JOINED = "|".join(name for name in KNOWN if "_" in name)
# A name in brackets of another kind; one that no sentence has (it has a low line) wherever it is.
_MEANT = re.compile(
    rf"[\[{{<(]*[ ]?\b(?:{_JOINED})\b[ ]?[\]}}>)]*"
    rf"|[\[{{<]{{1,2}}[ ]?(?:{'|'.join(KNOWN)})[ ]?[\]}}>]{{1,2}}",
    re.IGNORECASE,
)


class MissingPlaceholderValue(LookupError):
    """A text names placeholders that no value was given for."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names  # the names without a value, in the text's order


def placeholders_in(text: str) -> list[str]:
    """The well-formed placeholders' names in `text`, in order, each once; known or not."""
    return list(dict.fromkeys(_WELL_FORMED.findall(text)))


def unknown_placeholders(text: str, known: Collection[str] = KNOWN) -> list[str]:
    """What stands in `text` like a placeholder and is no `known` one.

    Given as written, in order, each once: `((persn_name))`, malformed ones such as `((person name`,
    and names in other brackets than double parentheses, `{{person_name}}`.
    """
    names = {
        match.start(): match[0]
        for match in _ANY.finditer(text)
        if match[1] is None or match[1] not in known
    }
    rest = _ANY.sub(lambda match: " " * len(match[0]), text)
    names |= {match.start(): match[0].strip() for match in _MEANT.finditer(rest)}
    return list(dict.fromkeys(names[start] for start in sorted(names)))


def nearest_placeholder(written: str) -> str:
    """The known placeholder that was most likely meant by what is none; empty if nothing is near.

    `written` is as `unknown_placeholders` gives it: "((Person name))" is near `person_name`.
    """
    plain = re.sub(r"[^a-z]+", "_", written.lower()).strip("_")
    near = get_close_matches(plain, KNOWN, n=1, cutoff=_NEAR)
    return near[0] if near else ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each known placeholder replaced by its value.

    Values are inserted as they are: a placeholder in a value is not replaced in turn.

    :raises MissingPlaceholderValue: a known placeholder has no value, or a name is unknown.
    """
    missing = tuple(name for name in placeholders_in(text) if name not in values)
    if missing:
        raise MissingPlaceholderValue(missing)
    return _WELL_FORMED.sub(lambda match: values[match[1]], text)
