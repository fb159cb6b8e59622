"""Contact details as people type them and files carry them: one clean form of each. Pure."""

import re
import unicodedata
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from campaign.core.text.slugs import has_forbidden_characters
from campaign.directory.entries import CONTACT_TYPES, Contact

VALUE_LENGTH = 300
_POPOLO = {
    "phone": "voice", "telephone": "voice", "tel": "voice", "cell": "voice", "mobile": "voice",
    "website": "url", "x": "twitter",
}  # fmt: skip
_NUMBER = re.compile(r"[+*( ]{0,3}[0-9][0-9 ()./*#+,x–-]{3,}(ext\.? ?[0-9]+)?", re.IGNORECASE)
_KIND_OF_NUMBER = {
    "fax": r"f|fax|tf|tfx|telefax|telecopie|t[ée]l[ée]copie|facsimile|فاكس",
    "voice": r"t|ph|p|tl|m|mob|mobile|cell|hp|tel|t[ée]l|telephone|t[ée]l[ée]phone|telefon|phone"
             r"|tel[ée]fono|trunk ?line|hotline|direct line|هاتف",
}  # fmt: skip
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


def split_values(kind: str, field: str) -> tuple[list[Contact], list[str]]:
    """Contacts from a field that may hold several of one kind, and what could not be read."""
    if kind in {"voice", "fax"}:
        found, left = _numbers(kind, field)
    else:
        found, left = [], []
        between = r"[|;\s<>]+" if kind == "url" else r"[|;,\s<>]+"
        for piece in re.split(between, re.sub(r"\s?[(\[]at[)\]]\s?", "@", field)):
            part = piece.strip(",")
            if not part.strip("/-–."):
                continue
            value = clean_value(kind, part.strip("()")) if kind != "email" or "@" in part else None
            if value:
                found.append(Contact(kind, value))
            else:
                left.append(part)
        left = [" ".join(left)] if left else []
    return list(dict.fromkeys(found)), left


def _numbers(kind: str, field: str) -> tuple[list[Contact], list[str]]:
    """Telephone and fax numbers, as lists of embassies write them."""
    found: list[Contact] = []
    left: list[str] = []
    parts = [part for piece in _BETWEEN_NUMBERS.split(field) for part in _parted(piece)]
    for part in filter(None, (_latin_figures(part).strip(" /.,") for part in parts)):
        if len(part) > VALUE_LENGTH:
            left.append(part)
            continue
        if "@" in part:
            address = clean_value("email", part)
            found += [Contact("email", address)] if address else []
            left += [] if address else [part]
            continue
        meant, number, extension = _taken_apart(kind, part)
        if not number and extension and found and "ext." not in found[-1].value:
            found[-1] = Contact(found[-1].type, f"{found[-1].value} ext. {extension}")
            continue
        value = clean_value(meant, f"{number} ext. {extension}" if extension else number)
        if value is None and (inside := _READ_WITHIN.search(number)):
            # "8834 2948 (Consular Section)": the number is read, what else it says is told.
            value = clean_value(meant, inside[0])
            rest = number.replace(inside[0], "").strip(" ()-:")
            left += [rest] if rest and value else []
        if value:
            found.append(Contact(meant, value))
        else:
            left.append(part)
    return found, left


def _parted(piece: str) -> list[str]:
    """A piece as several numbers, where each side of its strokes or commas is long enough."""
    sides = _WITHIN.split(piece)
    long = all(sum(one.isdigit() for one in side) >= _ENOUGH_TO_PART for side in sides)
    return sides if long or "@" in piece else [piece]


def _taken_apart(kind: str, part: str) -> tuple[str, str, str]:
    """The kind that a mark says, the number, and its extension."""
    extension = ""
    if found := _EXTENSION.match(part):
        part, extension = found[1].strip(), found[2]
    for meant, before, after in _MARKS:
        if found := before.match(part):
            return meant, part[found.end() :], extension
        if found := after.search(part):
            return meant, part[: found.start()], extension
    return kind, part, extension


def _latin_figures(text: str) -> str:
    """The text with the figures of other scripts as 0 to 9."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(one)) if unicodedata.category(one) == "Nd" else one for one in text
    )


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
