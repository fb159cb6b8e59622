"""What the names in somebody's download mean, where they do not say it themselves."""

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

_FINGERPRINT = _l(
    "A code made from the email address, by which we find it without reading it. No one can turn "
    "it back into the address without our keys."
)
WORDS: Mapping[str, object] = {
    "public_id": _l("The name of this entry in web addresses and in files."),
    "email_hmac": _FINGERPRINT,
    "recipient_hmac": _FINGERPRINT,
    "person_hmac": _l(
        "A code made from name, country and postal code, by which we count each person once."
    ),
    "token_digest": _l("A code made from the link that we emailed. It does not open anything."),
    "seat": _l(
        "Which of several letters from one email address this is. A paper signature has number 3."
    ),
    "origin": _l("How it came to us: on our pages, on paper or from a file."),
    "source": _l("What led to the page: another site, a poster, a sheet or an email."),
    "locale": _l("The language of the pages and emails."),
    "letter_locale": _l("The language of the letter."),
    "disclosure": _l("What officials see besides the name."),
    "trace": _l(
        "Network address and browser. We delete them after the time that the privacy notice gives."
    ),
    "entered_at": _l("When someone entered a paper signature in our records."),
    "set_aside": _l("Why this letter was not printed, or will not be delivered."),
    "number": _l("The number on the letter, or in the list of signatures."),
    "row": _l("The number of the row on the sheet."),
    "attempts": _l("How many times we tried to send the email."),
    "due_at": _l("When we try to send the email next, or when we last tried."),
    "status": _l("What the mail server answered."),
}


def explain(data: object) -> dict[str, object]:
    """Explain, in the reader's language, how times are told and what names in `data` mean."""
    used = set(_list_names(data))
    return {
        "times": gettext(
            "Where we keep only the day or the hour, only that is given: 2026-12-01 or "
            "2026-12-01T05+00:00. UTC is written +00:00."
        ),
        "names": {name: str(words) for name, words in WORDS.items() if name in used},
    }


def _list_names(data: object) -> list[str]:
    if isinstance(data, dict):
        return [*data, *(name for value in data.values() for name in _list_names(value))]
    if isinstance(data, list):
        return [name for item in data for name in _list_names(item)]
    return []
