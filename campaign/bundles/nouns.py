"""What a bundle holds, by its noun: letters, cards, both, or people on signed sheets."""

import enum
from collections.abc import Iterable, Sequence

from flask_babel import gettext, ngettext

from campaign.core import i18n
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign, LetterFormat


class Noun(enum.StrEnum):
    LETTER = "letter"
    CARD = "card"
    BOTH = "both"  # letters of some, cards of others
    PERSON = "person"  # on signed sheets, where no letter comes along


def noun_of(bundle: Bundle) -> Noun:
    if not bundle.letter_count:
        return Noun.PERSON
    return noun_of_format(bundle.frozen.get("format", ""))


def noun_of_campaign(campaign: Campaign) -> Noun:
    return Noun.CARD if campaign.cards else Noun.LETTER


def noun_of_format(written_as: str) -> Noun:
    return Noun.CARD if written_as == LetterFormat.CARD else Noun.LETTER


def common_noun(nouns: Iterable[Noun]) -> Noun:
    kinds = set(nouns)
    return kinds.pop() if len(kinds) == 1 else Noun.BOTH if kinds else Noun.LETTER


def say_amount(count: int, noun: Noun | str, shown: str) -> str:
    """Say so many of them; `shown` is the number as it is written."""
    if noun == Noun.CARD:
        return ngettext("%(count)s card", "%(count)s cards", count, count=shown)
    if noun == Noun.BOTH:
        return ngettext(
            "%(count)s letter or card", "%(count)s letters and cards", count, count=shown
        )
    if noun == Noun.PERSON:
        return ngettext(
            "%(count)s person on signed sheets",
            "%(count)s people on signed sheets",
            count,
            count=shown,
        )
    return ngettext("%(count)s letter", "%(count)s letters", count, count=shown)


def say_rows(numbers: Sequence[int]) -> str:
    """Name rows of a signed sheet by their numbers."""
    listed = i18n.comma(i18n.locale()).join(str(number) for number in numbers)
    return ngettext("row %(rows)s", "rows %(rows)s", len(numbers), rows=listed)


def say_noun(noun: Noun) -> str:
    """Say what is counted, as the head of a column or the label of a number."""
    words = {
        Noun.LETTER: gettext("Letters"),
        Noun.CARD: gettext("Cards"),
        Noun.BOTH: gettext("Letters and cards"),
        Noun.PERSON: gettext("People on signed sheets"),
    }
    return str(words[noun])


def subject_of(count: int, noun: Noun, *, reference: str, person: str) -> str:
    """Say what is sent, in the line above a letter that goes with it."""
    facts = {"reference": reference, "person": person}
    if noun is Noun.CARD:
        return ngettext(
            "%(reference)s: card about the case of %(person)s",
            "%(reference)s: cards about the case of %(person)s",
            count,
            **facts,
        )
    return ngettext(
        "%(reference)s: letter about the case of %(person)s",
        "%(reference)s: letters about the case of %(person)s",
        count,
        **facts,
    )
