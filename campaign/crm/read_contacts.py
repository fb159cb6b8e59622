"""A table of addresses: what its columns mean, and its rows found right or wrong.

The file itself (CSV or workbook, encoding, delimiter, heads) is read as those of the directory are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from campaign.core.errors import N_, UnreadableFile
from campaign.core.language_names import find_language
from campaign.core.text.fold import fold_name, read_word_table
from campaign.core.text.written_days import list_days
from campaign.directory.imports import people_list
from campaign.directory.imports.tables import Table
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.validate import EMAIL_LIMIT, check_email

LONGEST_WORDING, LONGEST_SOURCE = 600, 200
_COLUMN_NAMES = read_word_table("""
email: email|e mail|e mail address|email address|mail|courriel|adresse courriel|adresse e mail|
  correo|correo electronico|direccion de correo electronico|البريد الإلكتروني|
  عنوان البريد الإلكتروني
language: language|preferred language|language of our emails|locale|langue|langue de nos courriels|
  idioma|idioma de nuestros mensajes|اللغة|لغة رسائلنا الإلكترونية
consented_on: consented_on|consented on|consented at|consent given on|date|date of consent|
  consent date|date consented|day of consent|agreed on|opt in date|opted in on|opted in at|
  date du consentement|date de consentement|date consentement|date de l'accord|date d'accord|
  jour du consentement|consenti le|a consenti le|fecha|fecha de consentimiento|
  fecha del consentimiento|fecha consentimiento|fecha de aceptación|consintió el|aceptó el|
  التاريخ|تاريخ|تاريخ الموافقة|يوم الموافقة|تاريخ القبول|وافق في|وافقت في
wording: consent|consent wording|wording|sentence|what they agreed to|consentement|
  texte accepté|phrase|consentimiento|texto aceptado|frase|الموافقة|ما وافقوا عليه
source: proof|proof of consent|where the proof is|preuve|emplacement de la preuve|prueba|
  lugar de la prueba|الإثبات|مكان الإثبات
""")
MEANINGS = tuple(_COLUMN_NAMES)
_GUESS = {fold_name(word): name for name, words in _COLUMN_NAMES.items() for word in words}


class Contact(NamedTuple):
    row: int
    email: str
    locale: str = ""
    consented_on: date | None = None
    wording: str = ""
    source: str = ""
    other_language: str = ""  # as the row names it, where it is none in which we write


class Fault(NamedTuple):
    """Why a row is left out: its number as a person counts, and a slug."""

    row: int
    slug: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What holds for rows that do not say it themselves, and which languages we write in."""

    consented_on: date | None
    wording: str
    source: str
    locale: str
    locales: Sequence[str]
    today: date


def open_table(data: bytes) -> Table:
    """Raises UnreadableFile."""
    _opened, table = people_list.open_list(data)
    if not any("@" in cell for _row, cells in table.rows for cell in cells):
        raise UnreadableFile(
            N_(
                "We found no email address in the file. Its first line must have the names of the "
                "columns. Then comes one row for each person."
            )
        )
    return table


def guess_meanings(columns: Sequence[str]) -> dict[str, str]:
    meanings = people_list.guess_meanings(columns, _GUESS)
    return {str(at): meaning for at, meaning in meanings.items()}


def read_contacts(
    table: Table, meanings: Mapping[str, str], proof: Proof | None
) -> tuple[list[Contact], list[Fault]]:
    """Read each row; with `proof` those of members, else addresses alone. Pure."""
    contacts: list[Contact] = []
    faults = [Fault(problem.row, "unreadable") for problem in table.problems]
    met: set[str] = set()
    for row, cells in table.rows:
        values = {meaning: cells[int(at)].strip() for at, meaning in meanings.items() if meaning}
        email = check_line(values.get("email", ""), limit=EMAIL_LIMIT)
        if isinstance(email, Problem) or check_email(email):
            faults.append(Fault(row, "email-bad"))
            continue
        contact: Contact | str = Contact(row, email)
        if proof is not None:
            contact = _with_proof(row, email, values, proof)
        if isinstance(contact, str):
            faults.append(Fault(row, contact))
        elif email.casefold() in met:
            faults.append(Fault(row, "twice"))
        else:
            met.add(email.casefold())
            contacts.append(contact)
    return contacts, faults


def _with_proof(row: int, email: str, values: Mapping[str, str], proof: Proof) -> Contact | str:
    """Return the member of a row, or the slug of what is missing or wrong in it."""
    consented_on = proof.consented_on
    if typed := values.get("consented_on"):
        days = list_days(typed)
        if len(days) != 1:
            return "date-unclear" if days else "date-bad"
        consented_on = days.pop()
    if consented_on is None:
        return "date-missing"
    if consented_on > proof.today:
        return "date-to-come"
    wording, source = values.get("wording") or proof.wording, values.get("source") or proof.source
    if not wording:
        return "wording-missing"
    if not source:
        return "source-missing"
    if len(wording) > LONGEST_WORDING or len(source) > LONGEST_SOURCE:
        return "proof-long"
    language = values.get("language", "")
    locale = find_language(language, proof.locales)
    other = "" if locale else language
    return Contact(row, email, locale or proof.locale, consented_on, wording, source, other)
