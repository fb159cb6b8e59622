"""Words for what details hold: the audit keeps slugs, codes and days."""

from collections.abc import Mapping
from datetime import date, time

from flask_babel import lazy_gettext as _l

from campaign.core import i18n
from campaign.models.crm import CrmKind
from campaign.staff.audit_log.labels import CAMPAIGN_FIELDS

FIELDS: Mapping[str, object] = {
    **CAMPAIGN_FIELDS,
    "follows": CAMPAIGN_FIELDS["follows_id"],
    # of an official or a mission
    "kind": _l("Kind"),
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "office": _l("Office"),
    "salutation": _l("Salutation"),
    "close": _l("Close"),
    "preferred_locale": _l("Preferred language"),
    "sending_country": _l("Sending country"),
    "host_country": _l("Host country"),
    "accredited_to": _l("Other countries"),
    "head_of_mission": _l("Head of mission"),
    "hours": _l("Hours"),
    "door_notes": _l("Access notes"),
    "address": _l("Full address"),
    "locality": _l("City or town"),
    "region": _l("Region, state or province"),
    "postal_code": _l("Postal code"),
    "last_checked_on": _l("Last checked on"),
    "contacts": _l("Contact details"),
    "left_on": _l("Left office on"),
    "source_id": _l("Id in the source, for example in Wikidata"),
    # of the record of a delivery
    "happened_on": _l("Day"),
    "happened_time": _l("Time of day"),
    "place": _l("Place of delivery"),
    "received_by": _l("Received by"),
    "delegates": _l("Who made the delivery"),
    "notes": _l("Notes for colleagues"),
    "tracking": _l("Tracking number"),
}
_WORDS: Mapping[str, object] = {
    "draft": _l("Draft"),
    "review": _l("Waiting for approval"),
    "scheduled": _l("Scheduled"),
    "open": _l("Open"),
    "closed": _l("Closed"),
    "stopped": _l("Stopped"),
    "letter": _l("Letter"),
    "email": _l("Email"),
    "phone": _l("Phone"),
    "meeting": _l("Meeting"),
    "post": _l("Post on social media"),
    "further-information": _l("Further information"),
    "good-news": _l("Good news"),
    "delivery": _l("Delivered"),
    "reply": _l("Reply"),
    "outcome": _l("Outcome"),
    "update": _l("Update"),
    "close": _l("Closing and its reason"),
    "reason": _l("Reason for a stop or closing"),
    "harm": _l("Another letter could do harm"),
    "safe": _l("There is good news, and no more letters are needed"),
    "other": _l("Another reason"),
    "network": _l("Urgent action network"),
    "signers": _l("Supporters who asked for news about the case"),
    "full": _l("For vetting"),
    "destroyed": _l("Destroyed"),
    "kept": _l("Locked away"),
    "officials": _l("For officials"),
    "members": _l("Members, with proof of their consent"),
    "suppressed": _l("Addresses for the suppression list"),
    **{kind.value: kind.program for kind in CrmKind},
    "consents": _l("Network members and their consents"),
    "official": _l("Official"),
    "mission": _l("Mission"),
    "sheet": _l("A sheet signed by several people"),
    "card": _l("Cards, one for each person"),
    "organizer": _l("Organizer"),
    "staff": _l("Staff"),
    "admin": _l("Admin"),
    "counting": _l("Counting"),
    "counted": _l("Counted, nothing excluded"),
    "running": _l("Excluding"),
    "cancelled": _l("Cancelled"),
    "done": _l("Excluded"),
    "undoing": _l("Including again"),
    "undone": _l("Undone"),
}
_FLAGS: Mapping[str, object] = {
    "relative": _l("Relatives and others close to the person"),
    "witness": _l("Witnesses"),
    "place": _l("Places"),
    "other": _l("Anything else"),
}
_HOLDS: Mapping[str, object] = {
    "insult": _l("An insult"),
    "link": _l("A link or an email address"),
    "phone-number": _l("A phone number"),
}
_OUTCOMES: Mapping[str, object] = {
    "accepted": _l("Accepted"),
    "part": _l("Accepted in part"),
    "refused": _l("Refused"),
    "unopened": _l("No one opened"),
    "left": _l("Left at the door"),
    "posted": _l("Posted"),
    "courier": _l("Sent by courier"),
    "stopped": _l("Not delivered: stopped"),
}
_VERDICTS: Mapping[str, object] = {
    "counted": _l("The row counts"),
    "double": _l("The row does not count"),
    "removed": _l("Removed"),
}
_SCOPES: Mapping[str, object] = {
    "actions": _l("Read actions and how many people wrote"),
    "people": _l("Read people who agreed to our emails, and signatures"),
    "sign-ups": _l("Send signatures and members from forms on other sites"),
}
_EVENTS: Mapping[str, object] = {
    "action.opened": _l("A campaign opens"),
    "action.closed": _l("A campaign is closed"),
    "action.stopped": _l("A campaign is stopped"),
    "action.outcome": _l("An outcome is posted"),
    "signature.confirmed": _l("A signature is confirmed"),
    "signature.withdrawn": _l("A letter is withdrawn"),
    "signature.erased": _l("A supporter has everything deleted"),
    "delivery.recorded": _l("A delivery is recorded"),
    "reply.published": _l("A reply is published"),
    "webhook.test": _l("Test"),
}
_COLUMNS: Mapping[str, object] = {
    "plain": _l("All columns, with our own names"),
    "action-network": "Action Network",
    "civicrm": "CiviCRM",
    "engaging-networks": "Engaging Networks",
    "mailchimp": "Mailchimp",
    "nationbuilder": "NationBuilder",
    "npsp": "Salesforce NPSP",
}
_ORIGINS: Mapping[str, object] = {"paper": _l("On paper"), "import": _l("From a file")}
_REASONS: Mapping[str, object] = {
    "nothing-printed": _l("Nothing could be printed"),
    "totals-differ": _l("The totals do not match"),
    "papers-refused": _l("The cover letter or a list could not be printed"),
    "out-of-memory": _l("Not enough memory"),
    "took-too-long": _l("It took too long"),
    "no-room": _l("The disk is full"),
    "storage-away": _l("The file storage did not respond"),
    "tries-used-up": _l("Several attempts failed"),
    "campaign-stopped": _l("The campaign was stopped"),
    "emptied": _l("The names were deleted"),
}
_ANCHORS: Mapping[str, object] = {
    "fits": _l("Confirmed"),
    "older": _l("The backup is older"),
    "unknown": _l("Not confirmed"),
}
_GAPS: Mapping[str, object] = {
    "address-does-not-fit": _l("An address that fits the envelope window"),
    "copy-without-address": _l("An address of who receives a copy"),
    "deadline-past": _l("A deadline that has not passed"),
    "deadline-unset": _l("A deadline, which a letter mentions"),
    "edition-incomplete": _l("Parts of the page text"),
    "edition-missing": _l("The page text in the main language"),
    "embargo": _l("The end of the embargo"),
    "embargo-after-deadline": _l("A deadline after the embargo"),
    "letter-incomplete": _l("Parts of a letter"),
    "letter-too-long": _l("A letter that fits on one page"),
    "mission-unchecked": _l("A checked address of a mission"),
    "no-address": _l("The address of a mission"),
    "no-letter-language": _l("A language for the letters"),
    "no-post-address": _l("The address of an official"),
    "no-salutation": _l("A salutation or a close"),
    "no-target": _l("An official to receive letters"),
    "page-missing": _l("The page text in a language of the letters"),
    "picture-undescribed": _l("The description of the picture"),
    "placeholder-unknown": _l("A letter without unknown placeholders"),
    "template-missing": _l("A letter"),
}
"""What kept a campaign from opening (`campaigns/check_readiness.py`), as what is missing."""
DECISIONS: Mapping[str, object] = {
    "approved": _l("Approved"),
    "returned": _l("Returned for a change"),
    "rejected": _l("Rejected"),
}
WORDS_OF: Mapping[str, Mapping[str, object]] = {
    "fields": FIELDS,
    "flags": _FLAGS,
    "held": _HOLDS,
    "outcome": _OUTCOMES,
    "verdict": _VERDICTS,
    "scopes": _SCOPES,
    "events": _EVENTS,
    "columns": _COLUMNS,
    "origin": _ORIGINS,
    "reason": _REASONS,
    "failure": _REASONS,
    "anchor": _ANCHORS,
    "gaps": _GAPS,
    "file": {"zip": "ZIP"},
    "taken": FIELDS,
    **dict.fromkeys(
        ("before", "after", "state", "channel", "kind", "told", "fate", "role"), _WORDS
    ),
}
"""Facts whose values are such words; others are numbers, names and slugs."""
_LANGUAGES = {"locale", "languages", "insult_languages"}
_DAYS = {"on", "before", "act_by", "act_by_before", "happened_on_before"}


def say_value(name: str, value: str) -> str:
    """Return a value of the fact `name`, in words where there are some."""
    if name in _LANGUAGES:
        return i18n.language_name(value, i18n.locale())
    if name in _DAYS and value[:1].isdigit():
        return i18n.say_date(date.fromisoformat(value))
    if name == "happened_time_before":
        return i18n.say_time(time.fromisoformat(value))
    return str(WORDS_OF.get(name, {}).get(value, value))
