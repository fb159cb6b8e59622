"""Forms that write a campaign in all its languages at once: texts, letters, talking points."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FieldList, Form, FormField, HiddenField
from wtforms.validators import Optional, Regexp, ValidationError

from campaign.campaigns.content.part_contents import Content, letter_of, points_from
from campaign.campaigns.content.risks import RiskNamed
from campaign.campaigns.content.templates import MAX_POINTS, Point, UnknownPlaceholders, with_keys
from campaign.campaigns.desk.forms import ASK_LENGTH, ASKS
from campaign.campaigns.desk.sentences import SENTENCES, CampaignForm, FormType, make_form
from campaign.campaigns.desk.texts.letter_form import SPARE_ROWS, RowsForm, place_field
from campaign.core import i18n
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import lines
from campaign.web.desk_form import unknown_words
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import LineField, TextField, each_within


class SideForm(CampaignForm):
    """Fields of every language, `title_fr`; what a language says is its part's content."""

    names: Sequence[str] = ()
    risks_seen = BooleanField(_l("Save it anyway"))

    def content(self, code: str, _base: Content) -> Content:
        """What was typed in that language, as a part's content."""
        return {name: self[f"{name}_{code}"].data or "" for name in self.names}

    def show(self, code: str, content: Content, seen: int) -> None:
        """Fill the fields of a language that the form did not bring."""
        self[f"based_on_{code}"].data = str(seen)
        for name in self.names:
            self[f"{name}_{code}"].data = content.get(name, "")

    def seen(self, code: str) -> int:
        """The revision of that language that its writer saw; 0: none."""
        typed = str(self[f"based_on_{code}"].data or "")
        return int(typed) if typed.isdecimal() and len(typed) < 9 else 0

    def field_name(self, code: str, name: str) -> str:
        """The field that a service calls `name` when it saves that language."""
        return f"{name}_{code}"

    def texts(self, codes: Sequence[str]) -> Iterator[tuple[str, Field]]:
        for code in codes:
            yield from ((code, self[f"{name}_{code}"]) for name in self.names)

    def missing(self, code: str) -> list[str]:
        """What a language does not say, by the fields' names."""
        fields = (self[f"{name}_{code}"] for name in self.names)
        return [str(field.label.text) for field in fields if not field.data]

    def refuse_language(self, code: str, problem: Invalid) -> None:
        """Say by the fields of a language why it was not saved."""
        unknown = problem.found if isinstance(problem, UnknownPlaceholders) else {}
        self.names_a_risk = self.names_a_risk or isinstance(problem, RiskNamed)
        for name, slug in problem.fields.items():
            words = unknown_words(unknown[name]) if name in unknown else SENTENCES.get(slug, slug)
            field = self.find_field(self.field_name(code, name))
            if field is None:
                here = i18n.locale()
                said = f"{i18n.language_name(code, here)}{i18n.colon(here)}{words}"
                self.form_errors.append(said)
            else:
                field.errors = [*field.errors, words]

    def find_field(self, name: str) -> Field | None:
        field: Field | None = self._fields.get(name)
        return field


class TextsForm(SideForm):
    names = ("title", "summary", "asks", "background", "outcome")

    def content(self, code: str, base: Content) -> Content:
        typed = super().content(code, base)
        return typed | {"asks": lines(typed["asks"])}

    def show(self, code: str, content: Content, seen: int) -> None:
        super().show(code, {**content, "asks": "\n".join(content.get("asks") or ())}, seen)


class LettersForm(SideForm):
    """The letter around its points, which stay as they are."""

    names = ("subject", "opening", "closing")

    def content(self, code: str, base: Content) -> Content:
        """With the points that are there."""
        typed = super().content(code, base)
        points = list(points_from(base))
        return letter_of(typed["subject"], typed["opening"], typed["closing"], points)


class PointsForm(SideForm, RowsForm):
    """Talking points: a row each, with its text in every language."""

    rows: FieldList

    def rows_of(self) -> FieldList:
        return self.rows

    def is_written(self, row: FormField) -> bool:
        return bool(_first_text(row))

    def content(self, code: str, base: Content) -> Content:
        """With the letter around them as it is. Raises Invalid: too many, or a key twice."""
        texts_around = [base.get(name) or "" for name in ("subject", "opening", "closing")]
        points = [
            (point.key, texts[code], point.required)
            for point, texts in self._points()
            if code in texts
        ]
        return letter_of(texts_around[0], texts_around[1], texts_around[2], points)

    def show(self, code: str, content: Content, seen: int) -> None:
        """The texts are filled in row by row, by `point_rows`."""
        self[f"based_on_{code}"].data = str(seen)

    def field_name(self, code: str, name: str) -> str:
        """A point is the row that holds its key; points are counted among those with a text."""
        if not name.startswith("points-"):
            return "rows"
        written = [row for row in self.sorted_rows() if row.form[f"text_{code}"].data]
        place = int(name.removeprefix("points-"))
        return str(written[place].form[f"text_{code}"].id)

    def texts(self, codes: Sequence[str]) -> Iterator[tuple[str, Field]]:
        for code in codes:
            yield from ((code, row.form[f"text_{code}"]) for row in self.rows)

    def missing(self, code: str) -> list[str]:
        """The numbers of the points that have no text in a language."""
        rows = self.written_rows()
        return [str(at) for at, row in enumerate(rows, 1) if not row.form[f"text_{code}"].data]

    def find_field(self, name: str) -> Field | None:
        fields = (field for row in self.rows for field in row.form)
        return next((field for field in fields if field.id == name), super().find_field(name))

    def _points(self) -> list[tuple[Point, dict[str, str]]]:
        """The rows with a text in any language: their keys and needs, and their texts."""
        rows = self.written_rows()
        points = with_keys(
            [
                Point(_first_text(row), bool(row.form.required.data), row.form.key.data or "")
                for row in rows
            ]
        )
        return list(zip(points, map(_texts_of, rows), strict=True))


def texts_form(codes: Sequence[str], **kwargs: Any) -> TextsForm:
    fields: dict[str, object] = {}
    for code in codes:
        fields |= {
            f"title_{code}": LineField(_l("Title"), limit=200),
            f"summary_{code}": TextField(_l("Summary"), limit=1200),
            f"asks_{code}": TextField(_l("What the letter asks"), limit=ASKS * (ASK_LENGTH + 1)),
            f"background_{code}": TextField(_l("What happened"), limit=20_000),
            f"outcome_{code}": TextField(_l("How it ended"), limit=20_000),
            f"validate_asks_{code}": staticmethod(each_within(ASK_LENGTH, ASKS)),
            f"validate_title_{code}": _needs_title(code),
        }
    return _make(TextsForm, codes, fields, kwargs)


def letters_form(codes: Sequence[str], **kwargs: Any) -> LettersForm:
    fields: dict[str, object] = {}
    for code in codes:
        fields |= {
            f"subject_{code}": LineField(_l("Subject"), limit=200),
            f"opening_{code}": TextField(_l("Opening"), limit=3000),
            f"closing_{code}": TextField(_l("Closing"), limit=3000),
        }
    return _make(LettersForm, codes, fields, kwargs)


def points_form(codes: Sequence[str], **kwargs: Any) -> PointsForm:
    fields: dict[str, object] = {
        "key": HiddenField(validators=[Optional(), Regexp(r"^[a-z0-9][a-z0-9-]{0,59}\Z")]),
        "required": BooleanField(_l("Required: in every letter")),
        "position": place_field(),
    }
    fields |= {f"text_{code}": TextField(_l("Talking point"), limit=600) for code in codes}
    row = type("PointRow", (PlainForm,), fields)
    rows = FieldList(FormField(row), max_entries=MAX_POINTS + SPARE_ROWS)
    return _make(PointsForm, codes, {"rows": rows}, kwargs)


def point_rows(contents: Mapping[str, Content]) -> list[dict[str, object]]:
    """The rows of the points that any language has, in the order of the first that has them."""
    rows: dict[str, dict[str, object]] = {}
    for code, content in contents.items():
        for key, text, needed in points_from(content):
            row = rows.setdefault(key, {"key": key, "required": False})
            row[f"text_{code}"] = text
            row["required"] = row["required"] or needed
    return [row | {"position": place} for place, row in enumerate(rows.values(), 1)]


def _make(
    base: type[FormType], codes: Sequence[str], fields: Mapping[str, object], kwargs: dict[str, Any]
) -> FormType:
    numbers = {f"based_on_{code}": HiddenField() for code in codes}
    return make_form(base, {**fields, **numbers}, kwargs)


def _needs_title(code: str) -> Callable[[Form, Field], None]:
    def check(form: Form, field: Field) -> None:
        written = any(form[f"{name}_{code}"].data for name in TextsForm.names[1:])
        if written and not field.data:
            raise ValidationError(_l("Write a title: the person’s name and what is happening."))

    return check


def _texts_of(row: FormField) -> dict[str, str]:
    return {
        field.short_name.removeprefix("text_"): field.data
        for field in row.form
        if field.short_name.startswith("text_") and field.data
    }


def _first_text(row: FormField) -> str:
    """The first text of a row; empty where it has none."""
    return next(iter(_texts_of(row).values()), "")
