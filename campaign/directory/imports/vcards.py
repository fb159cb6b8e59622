"""vCards (3 and 4) as a table: a row a card. Pure."""

from collections.abc import Iterator
from typing import Any

import vobject
from vobject.base import ParseError, VObjectError

from campaign.directory.imports.read_rows import N_, Fault, RowProblem, UnreadableFile
from campaign.directory.imports.tables import MAX_ROWS, Table

COLUMNS = (
    "Full name", "Honorific prefix", "Given name", "Family name", "Organization", "Title",
    "E-mail", "Telephone", "Fax", "Website", "X handle", "Street", "City", "Region",
    "Postal code", "Country", "Language", "Source ID",
)  # fmt: skip
"""What a card says, by names of columns that `meanings` knows."""


def table_of_cards(text: str) -> Table:
    """The cards as rows. One that cannot be read is a problem; the others are read.

    Raises UnreadableFile where there are none, or too many.
    """
    table = Table(list(COLUMNS))
    for number, card in enumerate(_cards(text), 1):
        if number > MAX_ROWS:
            raise UnreadableFile(
                N_("The file has more than %(limit)d rows; split it into several."), limit=MAX_ROWS
            )
        if not card.rstrip().casefold().endswith("end:vcard"):
            cut = Fault(N_("ends before its last line: the file is cut off. Save it anew."))
            table.problems.append(RowProblem(number, "", cut))
            continue
        try:
            component = vobject.readOne(card)
            if component is None or component.name.upper() != "VCARD":
                raise ParseError("no card")
            said = _said(component)
        except (VObjectError, ValueError, AttributeError, TypeError, IndexError, KeyError):
            # The library gives up in many ways on what is no card.
            fault = Fault(N_("cannot be read as a vCard; save it anew from your address book."))
            table.problems.append(RowProblem(number, "", fault))
            continue
        table.rows.append((number, [said.get(name, "") for name in COLUMNS]))
    if not table.rows and not table.problems:
        raise UnreadableFile(N_("The file holds no vCard."))
    return table


def _cards(text: str) -> Iterator[str]:
    """Each card's own lines, so that a broken one does not take the rest along."""
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


def _said(card: Any) -> dict[str, str]:
    said: dict[str, str] = {"Full name": _text(card, "fn")}
    if "n" in card.contents:
        name = card.contents["n"][0].value
        said["Honorific prefix"] = _joined(getattr(name, "prefix", ""))
        said["Given name"] = _joined(getattr(name, "given", ""))
        said["Family name"] = _joined(getattr(name, "family", ""))
    said["Organization"] = _joined(_value(card, "org"), ", ")
    said["Title"] = _text(card, "title") or _text(card, "role")
    if _text(card, "kind").casefold() == "org":
        said["Organization"] = said["Organization"] or said["Full name"]
        said["Full name"] = ""
    said["E-mail"] = "|".join(_joined(one.value) for one in card.contents.get("email", []))
    said["Website"] = "|".join(_joined(one.value) for one in card.contents.get("url", []))
    for number in card.contents.get("tel", []):
        column = "Fax" if "fax" in _types(number) else "Telephone"
        said[column] = "|".join(filter(None, (said.get(column), _joined(number.value))))
    for profile in card.contents.get("x-socialprofile", []):
        if _types(profile) & {"twitter", "x"}:
            said["X handle"] = _joined(profile.value)
    if address := _value(card, "adr"):
        said |= _address(address)
    said["Language"] = _text(card, "lang")
    said["Source ID"] = _text(card, "uid").removeprefix("urn:uuid:")
    return said


def _address(address: Any) -> dict[str, str]:
    lines = (_joined(getattr(address, name, ""), "\n") for name in ("box", "extended", "street"))
    return {
        "Street": "\n".join(line for line in lines if line),
        "City": _joined(getattr(address, "city", "")),
        "Region": _joined(getattr(address, "region", "")),
        "Postal code": _joined(getattr(address, "code", "")),
        "Country": _joined(getattr(address, "country", "")),
    }


def _value(card: Any, name: str) -> Any:
    found = card.contents.get(name)
    return found[0].value if found else ""


def _text(card: Any, name: str) -> str:
    return _joined(_value(card, name))


def _joined(value: Any, between: str = " ") -> str:
    if isinstance(value, list | tuple):
        return between.join(text for one in value if (text := _joined(one)))
    return str(value).strip() if isinstance(value, str) else ""


def _types(line: Any) -> set[str]:
    return {str(one).casefold() for one in line.params.get("TYPE", [])} | {
        str(one).casefold() for one in line.singletonparams
    }
