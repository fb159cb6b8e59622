"""The cover letter: the usual words of each language, or a mission's own, filled with the counts.

Every function speaks the language of the current locale.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign import storage
from campaign.bundles.destinations import frozen_destination
from campaign.bundles.documents.cover_texts import PLACEHOLDERS, CoverWords
from campaign.bundles.freeze.bundle_facts import frozen_organisation
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, subject_of
from campaign.core import clock, i18n
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings
from campaign.core.text.desk_texts import group_code
from campaign.models.directory import Mission, MissionKind
from campaign.printing.geometry import layout_for
from campaign.printing.placeholders import fill
from campaign.printing.printed_content import CoverContext, FactRow
from campaign.printing.sheets import bundle_sheets
from campaign.signing.letter.compose import Case, place_and_date
from campaign.signing.letter.letter_facts import FrozenTarget

_COUNTS, _SHEETS, _EMAIL = "((counts))", "((sheets))", "((email))"
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
    check_code: str = ""
    """Of the letters and their number; none of a bundle from before there were check codes."""


def usual_words(kind: str, *, cards: bool = False, letters: int = _SEVERAL) -> CoverWords:
    """The words that a cover letter has where staff wrote none; `kind` is the mission's.

    They agree with so many `letters`; with none they speak of signed sheets alone. A text that is
    to serve for any bundle speaks of several.
    """
    salutation = _("Dear Consul:") if kind == MissionKind.CONSULATE else _("Excellency:")
    if not letters:
        paragraphs = _paragraphs_of_sheets()
    else:
        paragraphs = _paragraphs_of_cards(letters) if cards else _paragraphs_of_letters(letters)
    return _make_words(salutation, paragraphs, letters, cards=cards)


def _make_words(
    salutation: str, paragraphs: tuple[str, ...], letters: int, *, cards: bool
) -> CoverWords:
    facts = {"reference": "((reference))", "person": "((person_name))"}
    if letters:
        subject = subject_of(letters, Noun.CARD if cards else Noun.LETTER, **facts)
    else:
        subject = _("%(reference)s: signatures about the case of %(person)s", **facts)
    return CoverWords(subject, salutation, "\n\n".join(paragraphs), _("Yours sincerely,"))


def _paragraphs_of_letters(letters: int) -> tuple[str, ...]:
    """What is handed over, what is asked, the list that comes along, the line that is hoped for."""
    return (
        ngettext(
            "With this letter we deliver ((letters)) about the case of ((person_name)). It was "
            "signed by a person who has confirmed it to us.",
            "With this letter we deliver ((letters)) about the case of ((person_name)). Each "
            "letter was signed by a person who has confirmed it to us.",
            letters,
        ),
        _SHEETS,
        ngettext(
            "We ask you to pass the letter on to the official to whom it is addressed:",
            "We ask you to pass the letters on to the officials to whom they are addressed:",
            letters,
        ),
        _COUNTS,
        ngettext(
            "A list with the name of the person who wrote comes with the letter. It shows what "
            "that person agreed to show.",
            "A list of the people who wrote comes with the letters. It shows only what "
            "each person agreed to show.",
            letters,
        ),
        ngettext(
            "We would be grateful if you could confirm that you have received the letter, and "
            "send any answer from your authorities to %(email)s.",
            "We would be grateful if you could confirm that you have received the letters, and "
            "send any answer from your authorities to %(email)s.",
            letters,
            email=_EMAIL,
        ),
    )


def _paragraphs_of_cards(cards: int) -> tuple[str, ...]:
    return (
        ngettext(
            "With this letter we deliver ((letters)) about the case of ((person_name)). The "
            "card was signed by a person who has confirmed it to us.",
            "With this letter we deliver ((letters)) about the case of ((person_name)). Each "
            "card was signed by a person who has confirmed it to us.",
            cards,
        ),
        _SHEETS,
        ngettext(
            "We ask you to pass the card on to the official to whom it is addressed:",
            "We ask you to pass the cards on to the officials to whom they are addressed:",
            cards,
        ),
        _COUNTS,
        ngettext(
            "A list with the name of the person who wrote comes with the card. It shows what "
            "that person agreed to show.",
            "A list of the people who wrote comes with the cards. It shows only what "
            "each person agreed to show.",
            cards,
        ),
        ngettext(
            "We would be grateful if you could confirm that you have received the card, and "
            "send any answer from your authorities to %(email)s.",
            "We would be grateful if you could confirm that you have received the cards, and "
            "send any answer from your authorities to %(email)s.",
            cards,
            email=_EMAIL,
        ),
    )


def _paragraphs_of_sheets() -> tuple[str, ...]:
    return (
        _(
            "With this letter we deliver what people have signed by hand about the case of "
            "((person_name))."
        ),
        _SHEETS,
        _("We ask you to pass the sheets and cards on to your authorities."),
        _(
            "A list of the people who signed comes with them. It shows only what each "
            "person agreed to show."
        ),
        _(
            "We would be grateful if you could confirm that you have received them, and send "
            "any answer from your authorities to %(email)s.",
            email=_EMAIL,
        ),
    )


def _usual_words_by_post(frozen: Frozen, letters: int) -> CoverWords:
    """As `usual_words`, to the official who is written to."""
    if letters:
        sent = (
            ngettext(
                "We send you ((letters)) about the case of ((person_name)). The card was signed by "
                "a person who confirmed it to us.",
                "We send you ((letters)) about the case of ((person_name)). Each card was signed "
                "by a person who confirmed it to us.",
                letters,
            )
            if frozen.cards
            else ngettext(
                "We send you ((letters)) about the case of ((person_name)). The letter was signed "
                "by a person who confirmed it to us.",
                "We send you ((letters)) about the case of ((person_name)). Each letter was signed "
                "by a person who confirmed it to us.",
                letters,
            )
        )
        list_of = ngettext(
            "A list with the name of the person who wrote comes with it. It shows what that "
            "person agreed to show.",
            "A list of the people who wrote comes with them. It shows only what each "
            "person agreed to show.",
            letters,
        )
    else:
        sent = _("We send you what people have signed by hand about the case of ((person_name)).")
        list_of = _(
            "A list of the people who signed comes with them. It shows only what each "
            "person agreed to show."
        )
    answer = _(
        "We would be grateful for your answer to the people who wrote. Please send it to "
        "%(email)s.",
        email=_EMAIL,
    )
    # As the letters greet the official; where there is none, by name or office.
    targets = frozen.targets.values()
    salutations = (target.addressing[frozen.locale].salutation for target in targets)
    salutation = next(filter(None, salutations), f"{frozen.mission.name}:")
    paragraphs = (str(sent), _SHEETS, str(list_of), answer)
    return _make_words(salutation, paragraphs, letters, cards=frozen.cards)


def cover_context(frozen: Frozen, words: CoverWords | None, covered: Covered) -> CoverContext:
    """The organisation's letter on top; `words` are the mission's own, which speak of letters."""
    letters = sum(covered.per_target.values())
    if frozen.by_post:
        words = _usual_words_by_post(frozen, letters)
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
        mark=frozen.mark,
        check_note=_say_check_code(frozen, letters) if covered.check_code else "",
        check_code=group_code(covered.check_code),
    )


def _say_check_code(frozen: Frozen, count: int) -> str:
    number = frozen.say_number(count)
    if frozen.cards:
        return ngettext(
            "Check code of this %(number)s card. With it, the person who wrote can check that the "
            "card is here.",
            "Check code of these %(number)s cards. With it, everyone who wrote can check that "
            "their card is among them.",
            count,
            number=number,
        )
    return ngettext(
        "Check code of this %(number)s letter. With it, the person who wrote can check that "
        "the letter is here.",
        "Check code of these %(number)s letters. With it, everyone who wrote can check that "
        "their letter is among them.",
        count,
        number=number,
    )


def count_rows(frozen: Frozen, per_target: Mapping[int, int]) -> tuple[FactRow, ...]:
    """Return letters per official, and together where there are several."""
    rows = [
        FactRow(target.names[frozen.locale], frozen.say_number(per_target[target_id]))
        for target_id, target in frozen.targets.items()
        if per_target.get(target_id)
    ]
    if len(rows) > 1:
        rows.append(FactRow(_("Together"), frozen.say_number(sum(per_target.values()))))
    return tuple(rows)


def _values(frozen: Frozen, covered: Covered) -> dict[str, str]:
    total = sum(covered.per_target.values())
    number = frozen.say_number(total)
    # Not as `nouns.say_amount` says it: here they are what is handed over, in the accusative.
    letters = ngettext("%(number)s letter", "%(number)s letters", total, number=number)
    if frozen.cards:
        letters = ngettext("%(number)s card", "%(number)s cards", total, number=number)
    values = {
        "letters": letters,
        "counts": "",
        "sheets": _say_sheets(frozen, covered.on_paper),
        "person_name": frozen.person_name,
        "reference": frozen.case.reference,
        "mission": frozen.mission.name,
        "head_of_mission": frozen.mission.head_of_mission or frozen.mission.name,
        "organisation": frozen.organisation.name,
        "email": frozen.organisation.email,
    }
    assert values.keys() == PLACEHOLDERS.keys()
    return values


def _say_sheets(frozen: Frozen, people: int) -> str:
    if not people:
        return ""
    return ngettext(
        "With this come the sheets and cards that %(number)s person signed by hand.",
        "With this come the sheets and cards that %(number)s people signed by hand.",
        people,
        number=frozen.say_number(people),
    )


def _paragraphs(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The paragraphs, filled; what has nothing to say falls away."""
    filled = (fill(part, values).strip() for part in text.replace("\r", "").split("\n\n"))
    return tuple(part for part in filled if part)


def sample_pdf(mission: Mission, locale: str, words: CoverWords, settings: Settings) -> bytes:
    """The letter as it would print, with invented counts. Raises LetterRefused."""
    with force_locale(locale), storage.storage().workshop() as folder:
        country = i18n.country_name(mission.sending_country, locale)
        names = (_("First official"), _("Second official"))
        frozen = Frozen(
            locale=locale,
            frozen_on=clock.today(settings.timezone),
            timezone=settings.timezone,
            layout=layout_for(mission.host_country).slug,
            format="letter",
            campaign="sample",
            case=Case("UA 00/00", _("(the person’s name)"), mission.sending_country, act_by=None),
            mission=frozen_destination(mission, locale, settings.organisation_country),
            organisation=frozen_organisation(settings),
            targets={
                number: FrozenTarget("sample", {locale: f"{name}, {country}"}, {})
                for number, name in enumerate(names, 1)
            },
        )
        out = folder / "cover-letter.pdf"
        context = cover_context(frozen, words, Covered({1: 481, 2: 250}, on_paper=41))
        bundle_sheets.cover_letter(context, frozen.sheet, out)
        return out.read_bytes()
