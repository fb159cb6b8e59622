"""The usual words of a cover letter that goes by post, to the official who is written to.

Every function speaks the language of the current locale.
"""

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles.documents.cover_texts import CoverWords
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import noun_of_format, subject_of


def usual_words(frozen: Frozen, *, letters: int) -> CoverWords:
    """They agree with so many letters, or cards; with none they speak of signed sheets alone."""
    paragraphs = (
        *(
            (_of_cards(letters) if frozen.cards else _of_letters(letters))
            if letters
            else _of_sheets()
        ),
        _(
            "We would be grateful for your answer to the people who wrote. Please send it to "
            "%(email)s.",
            email="((email))",
        ),
    )
    subject = (
        subject_of(
            letters,
            noun_of_format(frozen.format),
            reference="((reference))",
            person="((person_name))",
        )
        if letters
        else _(
            "%(reference)s: signatures for %(person)s",
            reference="((reference))",
            person="((person_name))",
        )
    )
    return CoverWords(subject, _salutation(frozen), "\n\n".join(paragraphs), _("Yours sincerely,"))


def _salutation(frozen: Frozen) -> str:
    """As the letters greet the official; where there is none, by name or office."""
    targets = frozen.targets.values()
    salutations = (target.addressing[frozen.locale].salutation for target in targets)
    return next(filter(None, salutations), f"{frozen.mission.name}:")


def _of_letters(letters: int) -> tuple[str, ...]:
    sent = ngettext(
        "We send you ((letters)) about the case of ((person_name)). The letter was signed by a "
        "person who confirmed it to us.",
        "We send you ((letters)) about the case of ((person_name)). Each letter was signed by "
        "a person who confirmed it to us.",
        letters,
    )
    return (sent, "((sheets))", _list_of(letters))


def _of_cards(cards: int) -> tuple[str, ...]:
    sent = ngettext(
        "We send you ((letters)) about the case of ((person_name)). The card was signed by a "
        "person who confirmed it to us.",
        "We send you ((letters)) about the case of ((person_name)). Each card was signed by "
        "a person who confirmed it to us.",
        cards,
    )
    return (sent, "((sheets))", _list_of(cards))


def _list_of(letters: int) -> str:
    return str(
        ngettext(
            "A list with the name of the person who wrote comes with it. It shows what that "
            "person agreed to show.",
            "A list of the people who wrote comes with them. It shows of each person what "
            "that person agreed to show.",
            letters,
        )
    )


def _of_sheets() -> tuple[str, ...]:
    return (
        _("We send you what people have signed by hand about the case of ((person_name))."),
        "((sheets))",
        _(
            "A list of the people who signed comes with them. It shows of each person what that "
            "person agreed to show."
        ),
    )
