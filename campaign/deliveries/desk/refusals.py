"""What the forms of deliveries say of what their services find invalid, by slug."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from campaign.campaigns.desk import sentences
from campaign.web.fields import DeskForm

SENTENCES: Mapping[str, Any] = {
    **sentences.SENTENCES,
    "day-to-come": _l("This day is still to come at the mission."),
    "time-to-come": _l("This time is still to come at the mission."),
    "day-before-bundle": _l("The bundle was frozen after this day. Check the day."),
    "posted-before-visit": _l(
        "The letters came back from the mission after this day. Check the day, or tick that it is "
        "right."
    ),
    "pictures-full": _l("This record has too many pictures. It can have 24."),
    "delivery-recorded": _l(
        "This delivery is recorded already. Open its record to add pictures or correct it."
    ),
    "delivery-not-stopped": _l("The campaign is not stopped. Say how it ended at the gate."),
    "taken-missing": _l("Give the number of letters that were taken."),
    "more-than-were-there": _l(
        "More letters would have gone out than were there. Check the day, the time and later "
        "records."
    ),
    "taken-not-a-part": _l("A part is at least one letter, and not all of them."),
    "tracking-of-several": _l(
        "A tracking number belongs to one envelope. Note the envelopes one by one, each with its "
        "own number; or leave this empty."
    ),
    "taken-before": _l("Some of these letters had gone out before. Leave them out."),
    "taken-too-few": _l(
        "These are fewer letters than were taken. Add the numbers that are missing; if fewer were "
        "taken, remove the record of that visit and record it again."
    ),
    "taken-too-many": _l(
        "These are more letters than were taken. Leave out those that came back; if more were "
        "taken, remove the record of that visit and record it again."
    ),
    "receipt-too-big": _l("The file is too big: 12 MB at most."),
    "receipt-lies": _l("The name of the file says another kind than it is. Choose it again."),
    "pdf-not-drawn": _l("This PDF cannot be shown. It may be locked or damaged; scan it again."),
    "pictures-too-many": _l("Eight pictures at most."),
    "mission-missing": _l("Choose a mission."),
    "mission-without-street": _l(
        "This mission has no street address. Add one in the directory, then choose it again."
    ),
    "mission-same": _l("The letters were at this mission. Choose another one."),
}


class DeliveryForm(DeskForm):
    """A form with these sentences."""

    sentences = SENTENCES
