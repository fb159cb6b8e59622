"""By what letters are put in order. Pure."""

from dataclasses import dataclass
from typing import Any

from campaign.bundles.freeze.choices import Choice, Order, Split
from campaign.core.text.fold import fold_name
from campaign.models.signature import Disclosure

Key = tuple[Any, ...]
_LAST = "\U0010ffff"
"""Sorts after every text."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the order of one letter goes by; what does not open is empty."""

    letter_id: int
    at: Any
    """When it was confirmed, or signed, as the order asks."""
    given_name: str = ""
    family_name: str = ""
    region: str = ""
    country: str = ""
    """By name, in the language of the bundle's lists."""
    disclosure: Disclosure = Disclosure.NAME


def group_of(facts: Facts) -> tuple[str, str]:
    """Country and region as they sort; both at the end where officials are not to see them.

    An order is seen by who is handed the bundle: who shows only the name must not be found among
    the letters of a town.
    """
    if facts.disclosure is Disclosure.NAME:
        return _LAST, _LAST
    return fold_name(facts.country) or _LAST, fold_name(facts.region) or _LAST


def key_of(facts: Facts, choice: Choice) -> Key:
    """By what a letter is sorted; no two letters have the same."""
    name = (fold_name(facts.family_name) or _LAST, fold_name(facts.given_name))
    if choice.order is Order.NAME:
        own: Key = name
    elif choice.order is Order.REGION:
        own = (*group_of(facts), *name)
    else:
        own = (facts.at,)
    first = group_of(facts) if choice.split is Split.REGION else ()
    return (*first, *own, facts.letter_id)


def label_of(facts: Facts) -> str:
    """The region by which a volume is known at the desk; empty where it is not shown."""
    if facts.disclosure is Disclosure.NAME:
        return ""
    return ", ".join(filter(None, (facts.region.strip(), facts.country)))
