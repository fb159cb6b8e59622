"""The forms of an import: the file, and what its columns mean."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, SelectChoice, SelectField
from wtforms.validators import ValidationError

from campaign.core import i18n
from campaign.core.errors import Fault
from campaign.core.i18n import say_number
from campaign.directory.desk.blueprint import list_kinds, say_how_to_mend, say_meaning
from campaign.directory.imports.guess_columns import NEEDED, WHICH
from campaign.directory.imports.guess_columns import choices as meanings
from campaign.directory.imports.read_list import ENCODINGS, MAX_BYTES, Opened
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.tables import Table
from campaign.directory.imports.uploads import ImportSource
from campaign.models.directory import Directory
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import CheckboxesField, choices

_ENCODING_LABELS = {
    "utf-8": _l("UTF-8 (recommended)"),
    "windows-1252": _l("Windows-1252 (Western Europe)"),
    "windows-1250": _l("Windows-1250 (Central Europe)"),
    "windows-1251": _l("Windows-1251 (Cyrillic)"),
    "windows-1254": _l("Windows-1254 (Turkish)"),
    "windows-1256": _l("Windows-1256 (Arabic)"),
    "gb18030": _l("GB 18030 (Chinese)"),
    "cp949": _l("CP949 (Korean)"),
    "shift_jis": _l("Shift JIS (Japanese)"),
    "utf-16": _l("UTF-16"),
}
_MOST_HEADS = 20
_WHOLE_LABELS = {
    "sending_country": _l("Sending or host country of these missions"),
    "country": _l("Country of these officials"),
}
_FIXED_LABELS = {
    "sending_country": _l("Sending country for all rows"),
    "host_country": _l("Host country for rows without one"),
    "kind": _l("Kind for rows without one"),
    "country": _l("Country for rows without one"),
}


class UploadForm(SiteForm):
    file = FileField(_l("File"))

    def validate_file(self, field: Field) -> None:
        if not field.data or not field.data.filename:
            raise ValidationError(_("Choose a file first."))

    def body(self) -> bytes:
        data: bytes = self.file.data.read(MAX_BYTES + 1)
        return data

    def refuse(self, fault: Fault) -> None:
        self.file.errors = [*self.file.errors, say_how_to_mend(fault.sentence, fault.values)]


class MappingForm(SiteForm):
    """What a file's columns mean; `mapping_form` adds a field a column."""

    replace = BooleanField(_l("Where the file and the directory differ, use the file"))
    width: int = 0
    needed: tuple[str, ...] = ()
    unknown: Mapping[str, int] = {}
    """Texts that are no country's name, with how many rows have each."""

    def columns(self) -> list[Field]:
        return [self[f"column_{at}"] for at in range(self.width)]

    def fixed(self) -> list[Field]:
        return [self[f"fixed_{name}"] for name in self.needed]

    def values(self) -> list[tuple[Field, int]]:
        return [(self[_name_value(text)], count) for text, count in self.unknown.items()]

    def views(self) -> list[Field]:
        return [self[name] for name in ("sheet", "head", "encoding") if name in self]

    def choices(self) -> ImportChoices:
        fixed = {name: self[f"fixed_{name}"].data for name in self.needed}
        countries = {text: self[_name_value(text)].data for text in self.unknown}
        return ImportChoices(
            encoding=self["encoding"].data if "encoding" in self else "",
            mapping=[field.data or "" for field in self.columns()],
            fixed={name: value for name, value in fixed.items() if value},
            language=self["language"].data if "language" in self else "en",
            replace=bool(self.replace.data),
            sheet=self["sheet"].data if "sheet" in self else "",
            head=int(self["head"].data) if "head" in self else 0,
            lists=self["lists"].data if "lists" in self else [],
            countries={text: code for text, code in countries.items() if code},
        )

    def refuse(self, fields: dict[str, str]) -> None:
        words = {
            "lists": _("Choose at least one list."),
            "needed": _("No column contains this. Choose one value for all rows."),
            "twice": _("Another column already has this meaning. Choose one of them."),
            "which": _("Choose whether this is the sending country or the host country."),
        }
        for name, slug in fields.items():
            self[name].errors = [*self[name].errors, words[slug]]

    def refuse_file(self, fault: Fault) -> None:
        name = "encoding" if "encoding" in self else "replace"
        self[name].errors = [say_how_to_mend(fault.sentence, fault.values)]


def _name_value(text: str) -> str:
    return f"value_{blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def mapping_form(
    source: ImportSource, kept: ImportChoices, samples: Mapping[str, str]
) -> MappingForm:
    """Return the form for that file; `samples` has how it reads in each encoding."""
    fields: dict[str, Field] = {}
    data: dict[str, object] = {"replace": kept.replace}
    width = len(source.table.columns) if source.table else 0
    options = [SelectChoice("", _("Do not import"))]
    options += [
        SelectChoice(meaning, say_meaning(meaning)) for meaning in meanings(source.directory)
    ]
    for at in range(width):
        assert source.table is not None
        name = source.table.columns[at] or _("Column %(number)s", number=at + 1)
        meaning = kept.mapping[at] if at < len(kept.mapping) else ""
        either = [SelectChoice(WHICH, _("Sending or host country?"))] if meaning == WHICH else []
        fields[f"column_{at}"] = SelectField(name, choices=[*either, *options])
        data[f"column_{at}"] = meaning
    unknown = source.unknown_countries(kept.mapping, kept.lists)
    countries = choices((("", _("Do not import these rows")), *i18n.senders()))
    for text in unknown:
        fields[_name_value(text)] = SelectField(text, choices=countries)
        data[_name_value(text)] = kept.countries.get(text, "")
    needed = NEEDED[source.directory]
    if source.table is None:
        needed = ("country",) if source.directory is Directory.OFFICIALS else ("sending_country",)
    labels = _FIXED_LABELS if source.table is not None else _WHOLE_LABELS
    for name in needed:
        fields[f"fixed_{name}"] = SelectField(labels[name], choices=_list_fixed_choices(name))
        data[f"fixed_{name}"] = kept.fixed.get(name, "")
    if (table := source.table) is not None:
        encoding = kept.encoding or source.opened.encoding
        for name, view in view_choices(source.opened, table, samples, encoding).items():
            fields[name] = SelectField(view.label, choices=view.choices)
            data[name] = view.current
        if len(table.lists) > 1:
            counts = table.lists.items()
            lists = choices((key, f"{key} ({say_number(count)})") for key, count in counts)
            fields["lists"] = CheckboxesField(_l("Lists to import"), choices=lists)
            data["lists"] = kept.lists or list(table.lists)
    spoken = [code for code in source.languages() if code in i18n.languages()]
    if len(spoken) > 1:
        languages = choices((code, i18n.language_name(code, i18n.locale())) for code in spoken)
        label = _l("Language of the names on envelopes")
        fields["language"] = SelectField(label, choices=languages)
        data["language"] = kept.language if kept.language in spoken else spoken[0]
    form: MappingForm = type("FileMappingForm", (MappingForm,), fields)(data=data)
    form.width, form.needed, form.unknown = width, needed, unknown
    return form


class ViewChoice(NamedTuple):
    """One way in which a file may be read otherwise: encoding, sheet, or where its heads are."""

    label: object
    choices: list[SelectChoice]
    current: str


def view_choices(
    opened: Opened, table: Table, samples: Mapping[str, str], encoding: str
) -> dict[str, ViewChoice]:
    """Return how a table could be read otherwise, by the names of the fields that say so."""
    views: dict[str, ViewChoice] = {}
    book = opened.book
    if book and len(book.sheets) > 1:
        sheets = choices((sheet, sheet) for sheet in book.sheets)
        views["sheet"] = ViewChoice(_l("Sheet"), sheets, book.sheet)
    if table.delimiter or book:
        numbers = sorted({*range(1, _MOST_HEADS + 1), table.head})
        heads = choices((str(number), str(number)) for number in numbers)
        label = _l("Row with the column names")
        views["head"] = ViewChoice(label, heads, str(table.head))
    if table.delimiter:
        codes = [code for code in ENCODINGS if not samples or code in samples or code == encoding]
        named = choices(
            (code, ": ".join(filter(None, (str(_ENCODING_LABELS[code]), samples.get(code)))))
            for code in codes
        )
        views["encoding"] = ViewChoice(_l("Encoding"), named, encoding)
    return views


def _list_fixed_choices(name: str) -> list[SelectChoice]:
    if name == "kind":
        pairs = list_kinds()
    else:
        pairs = list(i18n.senders() if name == "sending_country" else i18n.countries())
    return choices((("", ""), *pairs))
