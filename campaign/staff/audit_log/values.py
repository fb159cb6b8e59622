"""What the facts of an entry say, in words: states, kinds, and the fields that were changed."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from campaign.staff.audit_log.field_labels import CAMPAIGN_FIELDS

_FIELDS: Mapping[str, Any] = {
    **CAMPAIGN_FIELDS,
    "follows": CAMPAIGN_FIELDS["follows_id"],
    # of an official or a mission
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "office": _l("Office"),
    "salutation": _l("Salutation"),
    "close": _l("Close"),
    "sending_country": _l("Sending country"),
    "host_country": _l("Host country"),
    "head_of_mission": _l("Head of mission"),
    "hours": _l("Hours"),
    # of the record of a delivery
    "happened_on": _l("Day"),
    "happened_time": _l("Time of day"),
    "place": _l("Place"),
    "received_by": _l("Received by"),
    "delegates": _l("Who went"),
    "notes": _l("Notes for colleagues"),
    "tracking": _l("Tracking number"),
}
_WORDS: Mapping[str, Any] = {
    "draft": _l("Draft"),
    "review": _l("In review"),
    "scheduled": _l("Scheduled"),
    "open": _l("Open"),
    "closed": _l("Closed"),
    "stopped": _l("Stopped"),
    "letter": _l("Letter"),
    "email": _l("E-mail"),
    "phone": _l("Telephone"),
    "meeting": _l("Meeting"),
    "post": _l("Post on a network"),
    "further-information": _l("Further information"),
    "good-news": _l("Good news"),
    "delivery": _l("Handed over"),
    "reply": _l("Reply"),
    "outcome": _l("Outcome"),
    "update": _l("Update"),
    "close": _l("Closing, with its reason"),
    "reason": _l("Reason of a stop or a closing"),
    "harm": _l("Another letter could do harm"),
    "safe": _l("The person is free or safe: letters are no longer needed"),
    "other": _l("Another reason"),
    "network": _l("Urgent-action network"),
    "signers": _l("Supporters who asked for news of the case"),
    "full": _l("For vetting"),
    "destroyed": _l("Destroyed"),
    "kept": _l("Kept under lock"),
    "officials": _l("For officials"),
}
_SAID_IN = {"before", "after", "state", "channel", "kind", "told", "fate"}
"""Facts whose values are such words; others are numbers, names and slugs."""


def say_value(name: str, value: str) -> str:
    """A value of the fact `name`, in words where there are some."""
    known = _FIELDS if name == "fields" else _WORDS if name in _SAID_IN else {}
    return str(known.get(value, value))
