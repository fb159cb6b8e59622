"""Contact details as people type them and files carry them: one clean form of each. Pure."""

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from campaign.core.text.desk_texts import has_forbidden_characters
from campaign.core.text.fold import western_digits
from campaign.directory.entry_fields import CONTACT_TYPES, Contact

VALUE_LENGTH = 300
_POPOLO = {"website": "url", "x": "twitter"} | dict.fromkeys(
    ("phone", "telephone", "tel", "cell", "mobile"), "voice"
)
_NUMBER = re.compile(r"[+*( ]{0,3}[0-9][0-9 ()./*#+,x–-]{3,}(ext\.? ?[0-9]+)?", re.IGNORECASE)
_KIND_OF_NUMBER = {
    "fax": r"f|fax|tf|tfx|telefax|telecopie|t[ée]l[ée]copie|facsimile|فاكس",
    "voice": r"t|ph|p|tl|m|mob|mobile|cell|hp|tel|t[ée]l|telephone|t[ée]l[ée]phone|telefon|phone"
    r"|tel[ée]fono|trunk ?line|hotline|direct line|هاتف",
}
"""Marks before or after a number, of lists from many countries; `TF` and `TL` are Manila's."""
_MARKS = [
    (
        kind,
        re.compile(rf"(?:{words})(?: ?nos?\b)?[ .:)]*(?=[+*(0-9])", re.IGNORECASE),
        re.compile(rf"[ (]+(?:{words})[.)]*$", re.IGNORECASE),
    )
    for kind, words in _KIND_OF_NUMBER.items()
]
_EXTENSION = re.compile(
    r"^(.*?)[ ,(]*(?:ext|extension|local|loc|poste|anexo|int)[ .:]*([0-9]{1,6})\)?$", re.IGNORECASE
)
_BETWEEN_NUMBERS = re.compile(r"[|;\n]|,\s|\s(?:to|and|or|et|ou|y)\s|\s/|/\s|^/|/$", re.IGNORECASE)
_WITHIN = re.compile(r"[/,]")
_ENOUGH_TO_PART = 6
"""Figures on both sides of a stroke that parts two numbers; "030/1234567" is one."""
_READ_WITHIN = re.compile(r"[+(]{0,2}[0-9][0-9 ().-]{5,}[0-9]")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_FIGURES_AT_LEAST = 5


def contact_type(word: str) -> str | None:
    """Return Popolo's word for the kind of contact that a file names; None if unknown."""
    folded = word.strip().casefold()
    folded = _POPOLO.get(folded, folded)
    return folded if folded in CONTACT_TYPES else None


def clean_value(kind: str, value: str) -> str | None:
    """Return the value in the one form in which it is kept; None where it cannot be right."""
    value = " ".join(value.split())
    if not value or len(value) > VALUE_LENGTH or has_forbidden_characters(value):
        return None
    if kind == "email":
        return _clean_email(value)
    if kind in {"voice", "fax"}:
        value = re.sub(r"^tel:", "", value, flags=re.IGNORECASE)
        is_long = sum(map(str.isdigit, value)) >= _FIGURES_AT_LEAST
        return value if is_long and _NUMBER.fullmatch(value) else None
    if kind == "twitter":
        handle = value.rstrip("/").rpartition("/")[2].removeprefix("@")
        return handle if _HANDLE.fullmatch(handle) else None
    return _clean_web_address(value)


def split_values(kind: str, field: str) -> tuple[list[Contact], list[str]]:
    """Return the contacts of a field, of one kind, and what could not be read."""
    if kind in {"voice", "fax"}:
        contacts, unread = _split_numbers(kind, field)
    else:
        contacts, unread = [], []
        between = r"[|;\s<>]+" if kind == "url" else r"[|;,\s<>]+"
        for piece in re.split(between, re.sub(r"\s?[(\[]at[)\]]\s?", "@", field)):
            part = piece.strip(",")
            if not part.strip("/-–."):
                continue
            value = clean_value(kind, part.strip("()")) if kind != "email" or "@" in part else None
            if value:
                contacts.append(Contact(kind, value))
            else:
                unread.append(part)
        unread = [" ".join(unread)] if unread else []
    return list(dict.fromkeys(contacts)), unread


def _split_numbers(kind: str, field: str) -> tuple[list[Contact], list[str]]:
    """Return telephone and fax numbers, as lists of embassies write them."""
    contacts: list[Contact] = []
    unread: list[str] = []
    parts = [part for piece in _BETWEEN_NUMBERS.split(field) for part in _split_piece(piece)]
    for part in filter(None, (western_digits(part).strip(" /.,") for part in parts)):
        if len(part) > VALUE_LENGTH:
            unread.append(part)
            continue
        if "@" in part:
            address = clean_value("email", part)
            contacts += [Contact("email", address)] if address else []
            unread += [] if address else [part]
            continue
        marked_kind, number, extension = _take_apart(kind, part)
        if not number and extension and contacts and "ext." not in contacts[-1].value:
            last = contacts[-1]
            contacts[-1] = Contact(last.type, f"{last.value} ext. {extension}")
            continue
        value = clean_value(marked_kind, f"{number} ext. {extension}" if extension else number)
        if value is None and (inside := _READ_WITHIN.search(number)):
            # "8834 2948 (Consular Section)": the number is read, what else it says is told.
            value = clean_value(marked_kind, inside[0])
            rest = number.replace(inside[0], "").strip(" ()-:")
            unread += [rest] if rest and value else []
        if value:
            contacts.append(Contact(marked_kind, value))
        else:
            unread.append(part)
    return contacts, unread


def _split_piece(piece: str) -> list[str]:
    """Part a piece into numbers, where each side of its strokes or commas is long enough."""
    sides = _WITHIN.split(piece)
    are_long = all(sum(map(str.isdigit, side)) >= _ENOUGH_TO_PART for side in sides)
    return sides if are_long or "@" in piece else [piece]


def _take_apart(kind: str, part: str) -> tuple[str, str, str]:
    """Return the kind that a mark says, the number, and its extension."""
    extension = ""
    if match := _EXTENSION.match(part):
        part, extension = match[1].strip(), match[2]
    for marked_kind, before, after in _MARKS:
        if match := before.match(part):
            return marked_kind, part[match.end() :], extension
        if match := after.search(part):
            return marked_kind, part[: match.start()], extension
    return kind, part, extension


def _clean_email(value: str) -> str | None:
    value = re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def _clean_web_address(value: str) -> str | None:
    address = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    is_good = parts.scheme in {"http", "https"} and "." in host and " " not in address
    return address if is_good else None
