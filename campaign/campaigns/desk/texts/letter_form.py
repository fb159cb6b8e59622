"""Forms with rows: the letter's talking points, and a campaign's targets."""

from collections.abc import Iterator
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    SubmitField,
)
from wtforms.validators import Optional, Regexp

from campaign.campaigns.content.part_contents import LETTER, Content, letter_of
from campaign.campaigns.content.risks import Words
from campaign.campaigns.content.templates import MAX_POINTS, Point, with_keys
from campaign.campaigns.desk.forms import CampaignForm
from campaign.models.campaign import LetterTemplate
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import LineField, NumberField, TextField

SPARE_ROWS = 2


def place_field() -> NumberField:
    words = _l("Enter a position from 1 to 99.")
    return NumberField(_l("Position"), least=1, most=99, words=words)


class PointForm(PlainForm):
    """A talking point; a row without text is none."""

    key = HiddenField(validators=[Optional(), Regexp(r"^[a-z0-9][a-z0-9-]{0,59}\Z")])
    text = TextField(_l("Talking point"), limit=600)
    required = BooleanField(_l("Required: in every letter"))
    position = place_field()


class RowsForm(CampaignForm):
    more = SubmitField(_l("Add rows"))

    def rows_of(self) -> FieldList:
        raise NotImplementedError

    def is_written(self, row: FormField) -> bool:
        raise NotImplementedError

    def sorted_rows(self) -> list[FormField]:
        return sorted(self.rows_of(), key=lambda row: row.form.position.data or 99)

    def written_rows(self) -> list[FormField]:
        return [row for row in self.sorted_rows() if self.is_written(row)]

    def add_spare_rows(self) -> None:
        rows = self.rows_of()
        empty = sum(not self.is_written(row) for row in rows)
        for _n in range(empty, SPARE_ROWS + (empty if self.more.data else 0)):
            if len(rows) < MAX_POINTS + SPARE_ROWS:
                rows.append_entry({"position": len(rows) + 1})

    def move(self, what: str) -> None:
        """Number the rows anew, one of them moved as its button says: "up:2", from 0."""
        way, _, place = what.partition(":")
        order = self.sorted_rows()
        at = int(place) if place.isdecimal() and len(place) < 3 else len(order)
        to = at - 1 if way == "up" else at + 1
        if 0 <= at < len(order) and 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
        for number, row in enumerate(order, 1):
            row.form.position.data = number
            row.form.position.raw_data = None


class TemplateForm(RowsForm):
    based_on = IntegerField(validators=[Optional()])
    subject = LineField(_l("Subject"), limit=200, needed=_l("Write the subject line."))
    opening = TextField(
        _l("Opening"),
        limit=3000,
        needed=_l("Write the opening: who is writing, and about whom."),
        description=_l("Leave an empty line between paragraphs. The salutation is printed above."),
    )
    points = FieldList(FormField(PointForm), max_entries=MAX_POINTS + SPARE_ROWS)
    closing = TextField(
        _l("Closing"), limit=3000, description=_l("Printed below the supporter’s own words.")
    )
    risks_seen = BooleanField(_l("Save it anyway"))

    def field_of(self, name: str) -> Field:
        """Talking points go by their place among the rows with text."""
        if not name.startswith("points-"):
            return self[name]
        return self.written_rows()[int(name.removeprefix("points-"))].form.text

    def letter(self) -> dict[str, Any]:
        rows = [row.form for row in self.written_rows()]
        points = [Point(row.text.data, row.required.data, row.key.data or "") for row in rows]
        # A form that came without it was cut off on its way: it is based on no version.
        based_on = -1 if self.based_on.data is None else self.based_on.data
        return {name: self[name].data for name in LETTER} | {"points": points, "based_on": based_on}

    def content(self) -> Content:
        """What was typed, as a part's content. Raises Invalid: too many points, or a key twice."""
        keyed = with_keys(self.letter()["points"])
        points = [(point.key, point.text, point.required) for point in keyed]
        return letter_of(self.subject.data, self.opening.data, self.closing.data, points)

    def words(self, locale: str) -> Iterator[Words]:
        """What was typed, for risk flags to be looked for; points go by their row."""
        for name in LETTER:
            yield Words("letter", locale, name, self[name].data or "")
        for row in self.points:
            yield Words("letter", locale, row.form.text.id, row.form.text.data or "")

    def rows_of(self) -> FieldList:
        return self.points

    def is_written(self, row: FormField) -> bool:
        return bool(row.form.text.data)


def template_form(
    newest: LetterTemplate | None, pattern: LetterTemplate | None, **kwargs: Any
) -> TemplateForm:
    if newest is None:
        rows = [(point, "") for point in pattern.points] if pattern else []
        texts: dict[str, Any] = {"based_on": 0}
    else:
        rows = [(point, point.text) for point in newest.points]
        texts = {name: getattr(newest, name) for name in LETTER} | {"based_on": newest.version}
    points = [
        {"key": point.key, "text": text, "required": point.required, "position": place}
        for place, (point, text) in enumerate(rows, 1)
    ]
    return TemplateForm(data={**texts, "points": points}, **kwargs)
