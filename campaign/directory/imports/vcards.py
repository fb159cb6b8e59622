"""vCards (3 and 4) as a table: a row a card. Pure.

`Any` is what vobject gives: it has no types.
"""

from collections.abc import Iterator
from typing import Any

import vobject
from vobject.base import ParseError, VObjectError

from campaign.core.unreadable_file import N_, Fault, UnreadableFile
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.imports.tables import Table, find_long_cell, refuse_too_many

COLUMNS = (
    "Full name", "Honorific prefix", "Given name", "Family name", "Organization", "Title",
    "E-mail", "Telephone", "Fax", "Website", "X handle", "Street", "City", "Region",
    "Postal code", "Country", "Language", "Source ID",
)  # fmt: skip
"""What a card says, by names of columns that `meanings` knows."""


def table_of_cards(text: str) -> Table:
    """Make the table of cards; of those that cannot be read it has problems.

    Raises UnreadableFile where there are none, or too many.
    """
    table = Table(list(COLUMNS))
    for number, card in enumerate(_split_cards(text), 1):
        refuse_too_many(number)
        if not card.rstrip().casefold().endswith("end:vcard"):
            cut = Fault(N_("This vCard has no end, so the file is incomplete. Save it again."))
            table.problems.append(RowProblem(number, "", cut))
            continue
        try:
            component = vobject.readOne(card)
            if component is None or component.name.upper() != "VCARD":
                raise ParseError("no card")
            texts = _read_card(component)
        except (VObjectError, ValueError, AttributeError, TypeError, IndexError, KeyError):
            # The library gives up in many ways on what is no card.
            fault = Fault(N_("We cannot read this vCard. Save it again from your address book."))
            table.problems.append(RowProblem(number, "", fault))
            continue
        if problem := find_long_cell(number, texts):
            table.problems.append(problem)
            continue
        table.rows.append((number, [texts.get(name, "") for name in COLUMNS]))
    if not table.rows and not table.problems:
        raise UnreadableFile(N_("The file has no vCards."))
    return table


def _split_cards(text: str) -> Iterator[str]:
    """Return each card's own lines, so that a broken one does not take the rest along."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip().casefold() == "begin:vcard" and lines:
            yield "\r\n".join(lines) + "\r\n"
            lines = []
        if line.strip() or lines:
            lines.append(line)
        if line.strip().casefold() == "end:vcard":
            yield "\r\n".join(lines) + "\r\n"
            lines = []
    if any(line.strip() for line in lines):
        yield "\r\n".join(lines) + "\r\n"


def _read_card(card: Any) -> dict[str, str]:
    texts: dict[str, str] = {"Full name": _get_text(card, "fn")}
    if "n" in card.contents:
        name = card.contents["n"][0].value
        texts["Honorific prefix"] = _join(getattr(name, "prefix", ""))
        texts["Given name"] = _join(getattr(name, "given", ""))
        texts["Family name"] = _join(getattr(name, "family", ""))
    texts["Organization"] = _join(_get_value(card, "org"), ", ")
    texts["Title"] = _get_text(card, "title") or _get_text(card, "role")
    if _get_text(card, "kind").casefold() == "org":
        texts["Organization"] = texts["Organization"] or texts["Full name"]
        texts["Full name"] = ""
    texts["E-mail"] = "|".join(_join(line.value) for line in card.contents.get("email", []))
    texts["Website"] = "|".join(_join(line.value) for line in card.contents.get("url", []))
    for number in card.contents.get("tel", []):
        column = "Fax" if "fax" in _get_types(number) else "Telephone"
        texts[column] = "|".join(filter(None, (texts.get(column), _join(number.value))))
    for profile in card.contents.get("x-socialprofile", []):
        if _get_types(profile) & {"twitter", "x"}:
            texts["X handle"] = _join(profile.value)
    if address := _get_value(card, "adr"):
        texts |= _read_address(address)
    texts["Language"] = _get_text(card, "lang")
    texts["Source ID"] = _get_text(card, "uid").removeprefix("urn:uuid:")
    return texts


def _read_address(address: Any) -> dict[str, str]:
    lines = (_join(getattr(address, name, ""), "\n") for name in ("box", "extended", "street"))
    return {
        "Street": "\n".join(line for line in lines if line),
        "City": _join(getattr(address, "city", "")),
        "Region": _join(getattr(address, "region", "")),
        "Postal code": _join(getattr(address, "code", "")),
        "Country": _join(getattr(address, "country", "")),
    }


def _get_value(card: Any, name: str) -> Any:
    lines = card.contents.get(name)
    return lines[0].value if lines else ""


def _get_text(card: Any, name: str) -> str:
    return _join(_get_value(card, name))


def _join(value: object, between: str = " ") -> str:
    if isinstance(value, list | tuple):
        return between.join(text for part in value if (text := _join(part)))
    return str(value).strip() if isinstance(value, str) else ""


def _get_types(line: Any) -> set[str]:
    words = (*line.params.get("TYPE", ()), *line.singletonparams)
    return {str(word).casefold() for word in words}
