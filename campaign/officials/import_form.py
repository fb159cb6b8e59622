"""The forms of an import: the file, and what its columns mean."""

from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from campaign import i18n
from campaign.form_words import SiteForm
from campaign.officials.files import ENCODINGS, MAX_BYTES
from campaign.officials.import_models import Directory
from campaign.officials.import_words import how_to_mend, language, meaning_label
from campaign.officials.meanings import NEEDED
from campaign.officials.meanings import choices as meanings
from campaign.officials.mission_form import KIND_LABELS
from campaign.officials.readings import Fault
from campaign.officials.sources import Choices, Source

_ENCODING_LABELS = {
    "utf-8": _l("UTF-8, as it should be"),
    "windows-1252": _l("Windows-1252 (Western Europe)"),
    "utf-16": _l("UTF-16"),
}
_WHOLE_LABELS = {
    "sending_country": _l("Whose missions these are"),
    "country": _l("Of which country these officials are"),
}
_FIXED_LABELS = {
    "sending_country": _l("Sending country of all rows"),
    "host_country": _l("Host country where a row names none"),
    "kind": _l("Kind where a row names none"),
    "country": _l("Country where a row names none"),
}


class UploadForm(SiteForm):
    """A file to be brought in."""

    file = FileField(_l("File"))

    def validate_file(self, field: Any) -> None:
        """There must be one."""
        if not field.data or not field.data.filename:
            raise ValidationError(_("Choose a file first."))

    def body(self) -> bytes:
        """The file's bytes, as many as are looked at."""
        return cast("bytes", self.file.data.read(MAX_BYTES + 1))

    def refuse(self, fault: Fault) -> None:
        """Say by the field why the file cannot be read, and how to mend it."""
        self.file.errors = [*self.file.errors, how_to_mend(fault.sentence, fault.values)]


class MappingForm(SiteForm):
    """What a file's columns mean; `mapping_form` adds a field a column."""

    replace = BooleanField(_l("Where the file says something else than we do, the file counts"))
    width: int = 0
    needed: tuple[str, ...] = ()

    def columns(self) -> list[Any]:
        """The fields of the columns, in order."""
        return [self[f"column_{at}"] for at in range(self.width)]

    def fixed(self) -> list[Any]:
        """The fields of what holds for all rows."""
        return [self[f"fixed_{name}"] for name in self.needed]

    def choices(self) -> Choices:
        """What was chosen."""
        fixed = {name: self[f"fixed_{name}"].data for name in self.needed}
        return Choices(
            encoding=self["encoding"].data if "encoding" in self else "",
            mapping=[field.data or "" for field in self.columns()],
            fixed={name: value for name, value in fixed.items() if value},
            language=self["language"].data if "language" in self else "en",
            replace=bool(self.replace.data),
        )

    def refuse(self, fields: dict[str, str]) -> None:
        """Say by each of these fields what it lacks."""
        words = {
            "needed": _("No column says this. Choose what holds for all rows."),
            "twice": _("Another column means this already. Choose one of them."),
        }
        for name, slug in fields.items():
            self[name].errors = [*self[name].errors, words[slug]]

    def refuse_file(self, fault: Fault) -> None:
        """Say why the file cannot be read as it was said."""
        name = "encoding" if "encoding" in self else "replace"
        self[name].errors = [how_to_mend(fault.sentence, fault.values)]


def mapping_form(source: Source, kept: Choices) -> MappingForm:
    """The form for that file, filled with what is kept."""
    fields: dict[str, Any] = {}
    data: dict[str, Any] = {"replace": kept.replace}
    width = len(source.table.columns) if source.table else 0
    options = [SelectChoice("", _("Not read"))]
    options += [SelectChoice(one, meaning_label(one)) for one in meanings(source.directory)]
    for at in range(width):
        assert source.table is not None
        name = source.table.columns[at] or _("Column %(number)s", number=at + 1)
        fields[f"column_{at}"] = SelectField(name, choices=options)
        data[f"column_{at}"] = kept.mapping[at] if at < len(kept.mapping) else ""
    needed = _needed(source)
    labels = _FIXED_LABELS if source.table is not None else _WHOLE_LABELS
    for one in needed:
        fields[f"fixed_{one}"] = SelectField(labels[one], choices=_fixed_choices(one))
        data[f"fixed_{one}"] = kept.fixed.get(one, "")
    if source.table is not None and source.table.delimiter:
        named = [SelectChoice(code, _ENCODING_LABELS[code]) for code in ENCODINGS]
        fields["encoding"] = SelectField(_l("Encoding"), choices=named)
        data["encoding"] = kept.encoding or source.opened.encoding
    if len(spoken := source.languages()) > 1:
        named = [SelectChoice(code, language(code)) for code in spoken]
        fields["language"] = SelectField(_l("Language of the names on envelopes"), choices=named)
        data["language"] = kept.language if kept.language in spoken else spoken[0]
    made = cast("MappingForm", type("FileMappingForm", (MappingForm,), fields)(data=data))
    made.width, made.needed = width, needed
    return made


def _needed(source: Source) -> tuple[str, ...]:
    if source.table is not None:
        return NEEDED[source.directory]
    return ("country",) if source.directory is Directory.OFFICIALS else ("sending_country",)


def _fixed_choices(name: str) -> list[SelectChoice]:
    if name == "kind":
        pairs = [(kind.value, str(label)) for kind, label in KIND_LABELS.items()]
    else:
        pairs = list(i18n.countries())
    return [SelectChoice("", ""), *(SelectChoice(code, label) for code, label in pairs)]
