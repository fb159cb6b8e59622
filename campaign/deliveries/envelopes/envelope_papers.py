"""What address sheets and labels of envelopes say, in the language of the current locale."""

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles.documents.number_and_day_words import say_number
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, noun_of_format, subject_of
from campaign.bundles.volumes.load_letters import number_of
from campaign.printing.letter_content import LabelsContext
from campaign.printing.sheets.address_sheets import AddressSheet


def sheet(
    frozen: Frozen, number: int, total: int, first: int, last: int, letters: int
) -> AddressSheet:
    """The sheet on top of an envelope's letters."""
    organisation, case = frozen.organisation, frozen.case
    count = say_number(letters, frozen.locale)
    noun = noun_of_format(frozen.format)
    facts = {
        "count": count,
        "person": case.person_name,
        "first": number_of(first),
        "last": number_of(last),
    }
    if noun is Noun.CARD:
        inside = ngettext(
            "Inside: %(count)s card about the case of %(person)s, no. %(first)s.",
            "Inside: %(count)s cards about the case of %(person)s, no. %(first)s to %(last)s.",
            letters,
            **facts,
        )
    else:
        inside = ngettext(
            "Inside: %(count)s letter about the case of %(person)s, no. %(first)s.",
            "Inside: %(count)s letters about the case of %(person)s, no. %(first)s to %(last)s.",
            letters,
            **facts,
        )
    return AddressSheet(
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        addressee_lines=frozen.mission.lines,
        subject=subject_of(letters, noun, reference=case.reference, person=case.person_name),
        paragraphs=(inside,),
        foot=_(
            "%(reference)s · envelope %(number)s of %(total)s",
            reference=case.reference,
            number=say_number(number, frozen.locale),
            total=say_number(total, frozen.locale),
        ),
    )


def labels(frozen: Frozen, count: int) -> LabelsContext:
    """A whole sheet of the mission's address."""
    return LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(frozen.mission.lines,) * count,
    )
