"""What the columns of a table mean: our guess from their names, and rows read by it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaign.officials.import_models import Directory
from campaign.officials.readings import N_, UnreadableRow
from campaign.officials.tables import Table
from campaign.officials.text import fold

LANGUAGES = ("en", "fr", "es", "ar")
"""Languages for which words can be mapped; columns name others by their code ("office_de")."""
SEVERAL = frozenset({"email", "voice", "fax", "url", "twitter", "street", "accredited", "address"})
"""Meanings that more than one column may have."""
WORDS = frozenset({"name", "office", "salutation", "close", "organization"})
_SHARED = ("address", "street", "locality", "region", "postal_code", "email", "voice", "fax",
           "url", "twitter", "source_id")  # fmt: skip
MEANINGS: dict[Directory, tuple[str, ...]] = {
    Directory.MISSIONS: (
        "sending_country", "host_country", "kind", "accredited", "name", "head_of_mission",
        "hours", "last_checked_on", *_SHARED,
    ),
    Directory.OFFICIALS: (
        "full_name", "prefix", "given_name", "family_name", "office", "organization",
        "salutation", "close", "country", "language", "started_on", "ended_on", *_SHARED,
    ),
}  # fmt: skip
NEEDED: dict[Directory, tuple[str, ...]] = {
    Directory.MISSIONS: ("sending_country", "host_country", "kind"),
    Directory.OFFICIALS: ("country",),
}
"""What every row must say, in a column or by one value for all."""
_NAMES = {
    "sending_country": "operator|sending country|sending state|sender|pays accreditant|pays d envoi"
    "|pays representé|pais acreditante|pais que envia|origin|represented country",
    "host_country": "host country|receiving state|receiving country|located in|pays hote"
    "|pays accreditaire|pais anfitrion|pais receptor|host",
    "kind": "type|kind|type of|mission type|genre|tipo",
    "accredited": "jurisdictions|accredited to|accreditation|also accredited to|juridictions"
    "|jurisdicciones|accreditations|accredited",
    "head_of_mission": "head of mission|ambassador|head|chef de mission|ambassadeur"
    "|jefe de mision|embajador|embajadora",
    "hours": "hours|opening hours|office hours|horaires|horario|heures d ouverture",
    "last_checked_on": "last checked|last checked on|checked|verified|verifié le|verificado",
    "address": "address|full address|postal address|adresse|direccion|mailing address",
    "street": "street|street address|address line 1|address line 2|address line 3|address 1"
    "|address 2|line 1|line 2|rue|calle",
    "locality": "city|town|locality|ville|ciudad|localidad|commune",
    "region": "region|state|province|departement|estado|provincia",
    "postal_code": "postal code|postcode|zip|zip code|code postal|codigo postal|cp",
    "email": "email|e mail|mail|emails|email address|courriel|correo|correo electronico",
    "voice": "phone|telephone|tel|telefono|phones|phone number|mobile|cell",
    "fax": "fax|telecopie|telecopieur",
    "url": "website|url|web|homepage|web page|site|site web|sitio web|pagina web",
    "twitter": "twitter|x|x handle|twitter handle|compte x",
    "source_id": "qid|wikidata|wikidata id|id|source id|identifier|uuid|identifiant",
    "full_name": "full name|name|nom complet|nombre completo|official|person|nom|nombre",
    "prefix": "honorific prefix|prefix|courtesy title|civilité|tratamiento",
    "given_name": "given name|first name|firstname|prenom|nombre de pila|given",
    "family_name": "family name|last name|surname|lastname|nom de famille|apellido|apellidos",
    "office": "office|post|position|role|title|function|fonction|poste|cargo|titre",
    "organization": "organization|organisation|institution|organizacion|institucion|ministry",
    "salutation": "salutation|greeting|appel|saludo|form of address",
    "close": "close|closing|formule de politesse|despedida",
    "country": "country|pays|pais|nation",
    "language": "language|preferred language|langue|idioma|lang",
    "started_on": "start|start date|from|since|started on|in office since|debut|inicio",
    "ended_on": "end|end date|until|ended on|fin|left on",
    "name": "name|mission|name of mission|nom|nombre|official name",
}  # fmt: skip
"""Names of columns, folded, that mean each meaning; accents here are folded too."""
_OWN = {
    (Directory.MISSIONS, "country"): "host_country",
    (Directory.MISSIONS, "pays"): "host_country",
    (Directory.MISSIONS, "pais"): "host_country",
}


def guess(table: Table, directory: Directory) -> list[str]:
    """What each column may mean, by its name; empty: nothing that we keep.

    Of columns that would say the same, the first counts.
    """
    allowed, found = MEANINGS[directory], []
    for name in table.columns:
        meaning = _meaning_of(name, directory, allowed)
        if meaning in found and meaning not in SEVERAL:
            meaning = ""
        found.append(meaning)
    return found


def complaints(mapping: Sequence[str], directory: Directory) -> list[str]:
    """Meanings that several columns have although one alone can."""
    said = [one for one in mapping if one and one not in SEVERAL]
    return sorted({one for one in said if said.count(one) > 1})


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row, read by what its columns mean."""

    number: int
    columns: Sequence[str]
    cells: Sequence[str]
    mapping: Sequence[str]
    fixed: dict[str, str]
    """Values that hold for all rows where the row itself says nothing."""

    def column(self, meaning: str) -> str:
        """The file's name of the column, else the meaning's own."""
        for at, one in enumerate(self.mapping):
            if one == meaning:
                return self.columns[at] or f"column {at + 1}"
        return meaning

    def one(self, meaning: str) -> str:
        """What the row says, else what holds for all."""
        for at, mapped in enumerate(self.mapping):
            if mapped == meaning and self.cells[at].strip():
                return " ".join(self.cells[at].split())
        return self.fixed.get(meaning, "")

    def several(self, meaning: str) -> list[tuple[str, str]]:
        """Column and text of each column of that meaning that says something."""
        return [
            (self.columns[at] or f"column {at + 1}", self.cells[at].strip())
            for at, mapped in enumerate(self.mapping)
            if mapped == meaning and self.cells[at].strip()
        ]

    def words(self, meaning: str) -> dict[str, str]:
        """The texts per language; a column without a language is English."""
        found: dict[str, str] = {}
        for at, mapped in enumerate(self.mapping):
            base, _, code = mapped.partition(":")
            text = " ".join(self.cells[at].split())
            if base == meaning and text:
                found[code or "en"] = text
        return found

    def needed(self, meaning: str) -> str:
        """What the row must say. Raises UnreadableRow where it does not."""
        said = self.one(meaning)
        if not said:
            raise UnreadableRow(self.column(meaning), N_("is empty; write it."))
        return said


def rows_of(table: Table, mapping: Sequence[str], fixed: dict[str, str]) -> list[MappedRow]:
    """The table's rows, to be read by `mapping`."""
    return [MappedRow(row, table.columns, cells, mapping, fixed) for row, cells in table.rows]


def choices(directory: Directory) -> list[str]:
    """Every meaning that a column can have, words once a language."""
    found: list[str] = []
    for meaning in MEANINGS[directory]:
        if meaning in WORDS:
            found += [f"{meaning}:{code}" for code in LANGUAGES]
        else:
            found.append(meaning)
    return found


def _meaning_of(name: str, directory: Directory, allowed: Sequence[str]) -> str:
    words = fold(re.sub(r"([a-z])([A-Z][a-z])", r"\1 \2", name).replace("_", " "))
    if own := _OWN.get((directory, words)):
        return own
    base, code = words, ""
    if found := re.fullmatch(r"(.+) ([a-z]{2})", words):
        base, code = found[1], found[2]
    for meaning in allowed:
        if words in _FOLDED[meaning]:
            return f"{meaning}:en" if meaning in WORDS else meaning
        if code in LANGUAGES and meaning in WORDS and base in _FOLDED[meaning]:
            return f"{meaning}:{code}"
    return ""


_FOLDED = {
    meaning: frozenset(fold(one) for one in names.split("|")) for meaning, names in _NAMES.items()
}
