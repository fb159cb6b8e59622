"""Contact details as people type them and files carry them: one clean form of each. Pure."""

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from campaign.officials.drafts import CONTACT_TYPES, Contact
from campaign.officials.text import has_forbidden_characters

VALUE_LENGTH = 300
_POPOLO = {
    "phone": "voice", "telephone": "voice", "tel": "voice", "cell": "voice", "mobile": "voice",
    "website": "url", "x": "twitter",
}  # fmt: skip
_NUMBER = re.compile(r"[+*(]?[0-9][0-9 ()./*#+,x–-]{3,}(ext\.? ?[0-9]+)?", re.IGNORECASE)
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_FIGURES_AT_LEAST = 5


def contact_type(word: str) -> str | None:
    """Popolo's word for a kind of contact, from the words that files use; None if unknown."""
    folded = word.strip().casefold()
    folded = _POPOLO.get(folded, folded)
    return folded if folded in CONTACT_TYPES else None


def clean_value(kind: str, value: str) -> str | None:
    """The value in the one form in which it is kept, or None where it cannot be right.

    A mail address loses `mailto:`, a handle its `@` and the address before it, a web address
    gets `https://` where it has no scheme.
    """
    value = " ".join(value.split())
    if not value or len(value) > VALUE_LENGTH or has_forbidden_characters(value):
        return None
    if kind == "email":
        return _email(value)
    if kind in {"voice", "fax"}:
        value = re.sub(r"^tel:", "", value, flags=re.IGNORECASE)
        enough = sum(figure.isdigit() for figure in value) >= _FIGURES_AT_LEAST
        return value if enough and _NUMBER.fullmatch(value) else None
    if kind == "twitter":
        handle = value.rstrip("/").rpartition("/")[2].removeprefix("@")
        return handle if _HANDLE.fullmatch(handle) else None
    return _web_address(value)


def split_values(kind: str, field: str) -> list[Contact] | None:
    """Contacts of one kind from a field that may hold several; None where one cannot be right."""
    found = []
    separator = r"[|;\n]|,\s" if kind != "url" else r"[|;\n\s]"
    for part in re.split(separator, field):
        if not part.strip():
            continue
        value = clean_value(kind, part)
        if value is None:
            return None
        found.append(Contact(kind, value))
    return list(dict.fromkeys(found))


def _email(value: str) -> str | None:
    value = re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)
    try:
        found = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return str(found.normalized)


def _web_address(value: str) -> str | None:
    address = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    good = parts.scheme in {"http", "https"} and "." in host and " " not in address
    return address if good else None
