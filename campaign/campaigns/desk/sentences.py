"""What the forms of campaigns say of what their services find invalid, by slug."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from campaign.web.desk_form import RISK_NAMED, DeskForm

SENTENCES: Mapping[str, Any] = {
    "reference-taken": _l("Another campaign has this reference. Give it one of its own."),
    "reference-empty": _l("The reference needs letters or figures, as in UA 58/20."),
    "deadline-past": _l("This day is over. To end an open campaign, close it."),
    "deadline-unset": _l("The letter uses ((deadline)): keep a last day, or change the letter."),
    "edition-missing": _l("The campaign is open: its main language needs a text first."),
    "edition-incomplete": _l("The campaign is open: keep a title, a summary and what to ask."),
    "no-letter-language": _l("The campaign is open: keep at least one language for letters."),
    "template-missing": _l("The campaign is open: write the letter in that language first."),
    "no-target": _l("The campaign is open: keep at least one official to whom letters go."),
    "no-post-address": _l(
        "The campaign is open: complete the official’s address, or choose the mission."
    ),
    "no-address": _l("The campaign is open: the mission needs an address."),
    "address-does-not-fit": _l("The address does not fit the window of the envelope. Shorten it."),
    "no-salutation": _l("The official has no salutation and close in a language of the letters."),
    "target-twice": _l("This official is a target already."),
    "points-too-many": _l("A letter takes twelve talking points at most. Join or drop some."),
    "points-doubled": _l("Two talking points have the same key. Load the page again."),
    "note-missing": _l("Say what should be changed: the writer reads it at the desk."),
    "open-at-missing": _l("Give the day and the time at which it opens."),
    "moment-past": _l("This moment is over. Give one that is to come, or open the campaign now."),
    "moment-skipped": _l("The clocks skip this hour that night. Give another."),
    "deadline-not-later": _l("Give a later day than the one it has now."),
    "follows-circle": _l("That campaign is itself further information on this one."),
    "reason-missing": _l(
        "Say why, in one language at least: everybody who comes to the page reads it."
    ),
    "opens-under-embargo": _l("The embargo is not over then. Choose its end, or a later moment."),
    "stop-kind-missing": _l("Choose why it is stopped: what supporters read goes by it."),
    "not-for-the-network": _l(
        "The network is told of further information while letters are taken, and of good news "
        "also after the close; of nothing after a stop."
    ),
    "not-for-signers": _l(
        "They are mailed news while the campaign is open or closed; after a stop the outcome only."
    ),
    "not-a-host": _l("Write each site as its name alone, such as example.org, one to a line."),
    "hosts-too-many": _l("Twenty sites can embed the form at most."),
    "picture-alt-missing": _l("Say what the picture shows, for those who cannot see it."),
    "picture-too-big": _l("The picture is too big: 12 MB and 60 million points at most."),
    "picture-too-small": _l(
        "The picture is too small: 400 points wide at least. Choose a larger copy of it."
    ),
    "not-a-picture": _l("This is no JPEG, PNG or WebP picture, whatever its name says."),
    "words-too-many": _l("Keep to 200 lines at most, and each line to 80 characters."),
    "not-a-word": _l("Each line needs a letter or a figure."),
    "text-too-long": _l("This is longer than its field takes. Shorten one of the two texts."),
    "risk-named": RISK_NAMED,
    "picture-lies": _l(
        "The name of the file says another kind than it is. Give it its right ending, .jpg, .png "
        "or .webp, and choose it again."
    ),
    "picture-missing": _l("Choose a picture."),
    "not-a-percentage": _l("Give a number from 0 to 100."),
    "embargo-runs": _l("The embargo is not over: nothing is published before it is."),
    "update-title-missing": _l("Write a title in the campaign's main language."),
}


FormType = TypeVar("FormType", bound="CampaignForm")


class CampaignForm(DeskForm):
    sentences = SENTENCES


def make_form(
    base: type[FormType], fields: Mapping[str, object], kwargs: Mapping[str, Any]
) -> FormType:
    """Return a form with more fields than its class has: those of each language."""
    form: FormType = type(base.__name__, (base,), dict(fields))(**kwargs)
    return form
