"""The cover letter: the usual words of each language, or a mission's own, filled with the counts.

Every function speaks the language of the current locale.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles.documents import cover_texts_by_post
from campaign.bundles.documents.cover_texts import PLACEHOLDERS, CoverWords
from campaign.bundles.documents.number_and_day_words import mark_of, say_number_there
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, noun_of_format, subject_of
from campaign.models.directory import MissionKind
from campaign.printing.placeholders import fill
from campaign.printing.printed_content import CountRow, CoverContext
from campaign.signing.letter.compose import place_and_date

_COUNTS = "((counts))"
_SEVERAL = 10
"""Letters that a text speaks of which is written before they are counted."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What the papers of a bundle count, and where the delivery sheet's code leads."""

    per_target: Mapping[int, int]
    """Letters that are in, by the target's id."""
    on_paper: int
    """People on the sheets that travel along."""
    code: str = ""
    """Address of the page on which a delivery is recorded; none on a rehearsal."""


def usual_words(kind: str, *, cards: bool = False, letters: int = _SEVERAL) -> CoverWords:
    """The words that a cover letter has where staff wrote none; `kind` is the mission's.

    They agree with so many `letters`; with none they speak of signed sheets alone. A text that is
    to serve for any bundle speaks of several.
    """
    salutation = _("Dear Consul:") if kind == MissionKind.CONSULATE else _("Excellency:")
    if not letters:
        return _words_of_sheets(salutation)
    first, ask = _of_cards(letters) if cards else _of_letters(letters)
    paragraphs = (
        first,
        "((sheets))",
        ask,
        _COUNTS,
        *(_rest_of_cards(letters) if cards else _rest_of_letters(letters)),
    )
    noun = Noun.CARD if cards else Noun.LETTER
    subject = subject_of(letters, noun, reference="((reference))", person="((person_name))")
    return CoverWords(subject, salutation, "\n\n".join(paragraphs), _("Yours sincerely,"))


def _rest_of_letters(letters: int) -> tuple[str, str]:
    """The list that comes along, and the line that is hoped for."""
    return (
        ngettext(
            "A list with the name of the person who wrote comes with the letter. It shows what "
            "that person agreed to show.",
            "A list of the people who wrote comes with the letters. It shows of each person "
            "what that person agreed to show.",
            letters,
        ),
        ngettext(
            "We would be grateful for a line that confirms that you have received the "
            "letter, and for any answer from your authorities, to %(email)s.",
            "We would be grateful for a line that confirms that you have received the "
            "letters, and for any answer from your authorities, to %(email)s.",
            letters,
            email="((email))",
        ),
    )


def _rest_of_cards(cards: int) -> tuple[str, str]:
    """As `_rest_of_letters`."""
    return (
        ngettext(
            "A list with the name of the person who wrote comes with the card. It shows what "
            "that person agreed to show.",
            "A list of the people who wrote comes with the cards. It shows of each person "
            "what that person agreed to show.",
            cards,
        ),
        ngettext(
            "We would be grateful for a line that confirms that you have received the "
            "card, and for any answer from your authorities, to %(email)s.",
            "We would be grateful for a line that confirms that you have received the "
            "cards, and for any answer from your authorities, to %(email)s.",
            cards,
            email="((email))",
        ),
    )


def _words_of_sheets(salutation: str) -> CoverWords:
    """Where sheets that people signed by hand are all that is handed over."""
    paragraphs = (
        _(
            "With this letter we deliver what people have signed by hand about the case of "
            "((person_name))."
        ),
        "((sheets))",
        _("We ask you to pass the sheets and cards on to your authorities."),
        _(
            "A list of the people who signed comes with them. It shows of each person what that "
            "person agreed to show."
        ),
        _(
            "We would be grateful for a line that confirms that you have received them, and for "
            "any answer from your authorities, to %(email)s.",
            email="((email))",
        ),
    )
    subject = _(
        "%(reference)s: signatures for %(person)s",
        reference="((reference))",
        person="((person_name))",
    )
    return CoverWords(subject, salutation, "\n\n".join(paragraphs), _("Yours sincerely,"))


def _of_letters(letters: int) -> tuple[str, str]:
    """What is handed over, and what is asked."""
    return (
        ngettext(
            "With this letter we deliver ((letters)) about the case of ((person_name)). It was "
            "signed by a person who has confirmed it to us.",
            "With this letter we deliver ((letters)) about the case of ((person_name)). Each "
            "letter was signed by a person who has confirmed it to us.",
            letters,
        ),
        ngettext(
            "We ask you to pass the letter on to the official to whom it is addressed:",
            "We ask you to pass the letters on to the officials to whom they are addressed:",
            letters,
        ),
    )


def _of_cards(cards: int) -> tuple[str, str]:
    """As `_of_letters`, of a campaign whose letters are cards."""
    return (
        ngettext(
            "With this letter we deliver ((letters)) about the case of ((person_name)). The "
            "card was signed by a person who has confirmed it to us.",
            "With this letter we deliver ((letters)) about the case of ((person_name)). Each "
            "card was signed by a person who has confirmed it to us.",
            cards,
        ),
        ngettext(
            "We ask you to pass the card on to the official to whom it is addressed:",
            "We ask you to pass the cards on to the officials to whom they are addressed:",
            cards,
        ),
    )


def cover_context(frozen: Frozen, words: CoverWords | None, covered: Covered) -> CoverContext:
    """The organisation's letter on top of a bundle.

    `words` are the mission's own. They speak of letters: where there is none, the usual ones stand.
    """
    letters = sum(covered.per_target.values())
    if frozen.by_post:
        words = cover_texts_by_post.usual_words(frozen, letters=letters)
    elif words is None or not letters:
        words = usual_words(frozen.mission.kind, cards=frozen.cards, letters=letters)
    values = _values(frozen, covered)
    before, _line, after = words.body.partition(_COUNTS)
    organisation, case = frozen.organisation, frozen.case
    return CoverContext(
        locale=frozen.locale,
        reference=case.reference,
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        addressee_lines=frozen.mission.lines,
        place_and_date=place_and_date(organisation.place, frozen.frozen_on, frozen.locale),
        subject=fill(words.subject, values),
        salutation=fill(words.salutation, values),
        paragraphs=_paragraphs(before, values),
        counts=() if frozen.by_post else count_rows(frozen, covered.per_target),
        closing=_paragraphs(after, values),
        complimentary_close=fill(words.close, values),
        signature_lines=(organisation.name,),
        mark=mark_of(frozen),
    )


def count_rows(frozen: Frozen, per_target: Mapping[int, int]) -> tuple[CountRow, ...]:
    """Return letters per official, and together where there are several."""
    rows = [
        CountRow(target.names[frozen.locale], say_number_there(per_target[target_id], frozen))
        for target_id, target in frozen.targets.items()
        if per_target.get(target_id)
    ]
    if len(rows) > 1:
        total = say_number_there(sum(per_target.values()), frozen)
        rows.append(CountRow(_("Together"), total))
    return tuple(rows)


def _values(frozen: Frozen, covered: Covered) -> dict[str, str]:
    total = sum(covered.per_target.values())
    number = say_number_there(total, frozen)
    # Not as `nouns.say_amount` says it: here they are what is handed over, in the accusative.
    letters = ngettext("%(number)s letter", "%(number)s letters", total, number=number)
    if noun_of_format(frozen.format) is Noun.CARD:
        letters = ngettext("%(number)s card", "%(number)s cards", total, number=number)
    values = {
        "letters": letters,
        "counts": "",
        "sheets": _sheets(frozen, covered.on_paper),
        "person_name": frozen.person_name,
        "reference": frozen.case.reference,
        "mission": frozen.mission.name,
        "head_of_mission": frozen.mission.head_of_mission or frozen.mission.name,
        "organisation": frozen.organisation.name,
        "email": frozen.organisation.email,
    }
    assert values.keys() == PLACEHOLDERS.keys()
    return values


def _sheets(frozen: Frozen, people: int) -> str:
    """The sentence on the sheets that come along; empty where none do."""
    if not people:
        return ""
    return str(
        ngettext(
            "With this come the sheets and cards that %(number)s person signed by hand.",
            "With this come the sheets and cards that %(number)s people signed by hand.",
            people,
            number=say_number_there(people, frozen),
        )
    )


def _paragraphs(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The paragraphs, filled; what has nothing to say falls away."""
    filled = (fill(part, values).strip() for part in text.replace("\r", "").split("\n\n"))
    return tuple(part for part in filled if part)
