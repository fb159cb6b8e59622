"""What the fields of a campaign and of its texts are called, in the audit and at the desk."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

CAMPAIGN_FIELDS: Mapping[str, object] = {
    "reference": _l("Reference"),
    "index_number": _l("Index number"),
    "country": _l("Country"),
    "format": _l("What people sign"),
    "person_name": _l("Person"),
    "person_died": _l("This person has died"),
    "person_pronouns": _l("Pronouns"),
    "themes": _l("Themes"),
    "issued_on": _l("Issued on"),
    "act_by": _l("Deadline"),
    "timezone": _l("Time zone"),
    "default_locale": _l("Main language"),
    "letter_locales": _l("Languages of the letters"),
    "follows_id": _l("Follow-up to"),
    "title": _l("Title"),
    "summary": _l("Summary"),
    "asks": _l("What the letter asks"),
    "background": _l("What happened"),
    "outcome": _l("How it ended"),
}

ABOUT_PAGES: Mapping[str, object] = {
    "privacy": _l("Privacy notice"),
    "about": _l("About us"),
    "accessibility": _l("Accessibility"),
}
"""What the pages are called to which the organization adds a text."""
