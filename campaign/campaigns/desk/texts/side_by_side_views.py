"""The desk's pages on which a campaign is written in all its languages side by side."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, FieldList, Form, FormField, HiddenField
from wtforms.validators import ValidationError

from campaign.campaigns import check_readiness, proposals
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import parts, revisions
from campaign.campaigns.content.part_contents import (
    EDITION,
    LETTER,
    Content,
    letter_of,
    points_from,
)
from campaign.campaigns.content.risks import Finding, RiskNamed, Words, by_field, watch_of
from campaign.campaigns.content.templates import MAX_POINTS, Point, UnknownPlaceholders, with_keys
from campaign.campaigns.desk.blueprint import blueprint, languages_of, load
from campaign.campaigns.desk.draft_views import save_part
from campaign.campaigns.desk.forms import CampaignForm, FormType, list_sentences, make_form
from campaign.campaigns.desk.labels import name_language, say_rewritten_letters
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage
from campaign.campaigns.desk.texts.edition_views import EditionForm, find_own_outcome, say_saved
from campaign.campaigns.desk.texts.letter_views import SPARE_ROWS, PointForm, RowsForm, TemplateForm
from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.core.text.desk_texts import lines, read_number
from campaign.models.campaign import Campaign
from campaign.models.revision import Part, Proposal
from campaign.staff.desk_access import staff_user
from campaign.web.form_base import OTHERWISE, unknown_words
from campaign.web.meant_field import MeantField, ask
from campaign.web.page import ProblemsOn, show_page


class SideForm(CampaignForm):
    """Fields of every language, `title_fr`; what a language says is its part's content."""

    names: Sequence[str] = ()
    risks_seen = MeantField(_l("Save it anyway"))

    def content(self, code: str, _base: Content) -> Content:
        return {name: self[f"{name}_{code}"].data or "" for name in self.names}

    def show(self, code: str, content: Content, seen: int) -> None:
        """Fill the fields of a language that the form did not bring."""
        self[f"based_on_{code}"].data = str(seen)
        for name in self.names:
            self[f"{name}_{code}"].data = content.get(name, "")

    def seen(self, code: str) -> int:
        """The revision of that language that its writer saw; 0: none."""
        return read_number(str(self[f"based_on_{code}"].data)) or 0

    def field_name(self, code: str, name: str) -> str:
        """The field that a service calls `name` when it saves that language."""
        return f"{name}_{code}"

    def texts(self, codes: Sequence[str]) -> Iterator[tuple[str, Field]]:
        for code in codes:
            yield from ((code, self[f"{name}_{code}"]) for name in self.names)

    def missing(self, code: str) -> list[str]:
        # Most people have one name in all languages.
        fields = (self[f"{name}_{code}"] for name in self.names if name != "person_name")
        return [str(field.label.text) for field in fields if not field.data]

    def refuse_language(self, code: str, problem: Invalid) -> None:
        if isinstance(problem, RiskNamed):
            ask(problem.keys)
            self._refuse_risks_of(code, problem.findings)
            self.refuse_rewriting(say_rewritten_letters(problem))
            return
        unknown = problem.unknown_by_field if isinstance(problem, UnknownPlaceholders) else {}
        for name, sentence in list_sentences(problem, OTHERWISE):
            words = unknown_words(unknown[name]) if name in unknown else sentence
            field = self.find_field(self.field_name(code, name))
            if field is None:
                self.form_errors.append(f"{name_language(code)}{i18n.colon(i18n.locale())}{words}")
            else:
                field.errors = [*field.errors, words]

    def _refuse_risks_of(self, code: str, findings: Iterable[Finding]) -> None:
        named = [replace(risk, field=self.field_name(code, risk.field)) for risk in findings]
        # What a flag rules out is shown below each field.
        shown = [*self.risks_found, *(risk for risk in named if risk.kind is None)]
        self.refuse_risks(named)
        self.risks_found = shown

    def field_of(self, name: str) -> Field:
        if (field := self.find_field(name)) is None:
            raise KeyError(name)
        return field

    def find_field(self, name: str) -> Field | None:
        field: Field | None = self._fields.get(name)
        return field


class TextsForm(SideForm):
    names = EDITION

    def content(self, code: str, base: Content) -> Content:
        typed = super().content(code, base)
        return typed | {"asks": lines(typed["asks"])}

    def show(self, code: str, content: Content, seen: int) -> None:
        super().show(code, {**content, "asks": "\n".join(content.get("asks") or ())}, seen)


class LettersForm(SideForm):
    """The letter around its points, which stay as they are."""

    names = LETTER

    def content(self, code: str, base: Content) -> Content:
        return letter_of(**super().content(code, base), points=list(points_from(base)))


class PointsForm(SideForm, RowsForm):
    """Talking points: a row each, with its text in every language."""

    rows: FieldList

    def rows_of(self) -> FieldList:
        return self.rows

    def is_written(self, row: FormField) -> bool:
        return bool(_texts_of(row))

    def content(self, code: str, base: Content) -> Content:
        """With the letter around them as it is. Raises Invalid: too many, or a key twice."""
        subject, opening, closing = (base.get(name) or "" for name in LETTER)
        points = [
            (point.key, texts[code], point.required)
            for point, texts in self._points()
            if code in texts
        ]
        return letter_of(subject, opening, closing, points)

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
        rows = [(row.form, _texts_of(row)) for row in self.written_rows()]
        points = [
            Point(next(iter(texts.values())), bool(row.required.data), row.key.data or "")
            for row, texts in rows
        ]
        return list(zip(with_keys(points), (texts for _row, texts in rows), strict=True))


def texts_form(codes: Sequence[str], **kwargs: Any) -> TextsForm:
    fields = _fields_by_language(EditionForm, EDITION, codes)
    for code in codes:
        fields[f"validate_asks_{code}"] = EditionForm.validate_asks
        fields[f"validate_title_{code}"] = _needs_title(code)
    return _make(TextsForm, codes, fields, kwargs)


def letters_form(codes: Sequence[str], **kwargs: Any) -> LettersForm:
    return _make(LettersForm, codes, _fields_by_language(TemplateForm, LETTER, codes), kwargs)


def points_form(codes: Sequence[str], **kwargs: Any) -> PointsForm:
    texts = _fields_by_language(PointForm, ["text"], codes)
    row = type("PointRow", (PointForm,), {"text": None} | texts)
    rows = FieldList(FormField(row), max_entries=MAX_POINTS + SPARE_ROWS)
    return _make(PointsForm, codes, {"rows": rows}, kwargs)


def _fields_by_language(
    form: type[Form], names: Sequence[str], codes: Sequence[str]
) -> dict[str, object]:
    """The form's fields once in each language, where none of them is needed."""
    fields = [(name, getattr(form, name)) for name in names]
    return {
        f"{name}_{code}": field.field_class(*field.args, limit=field.kwargs["limit"])
        for code in codes
        for name, field in fields
    }


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
    base: type[FormType],
    codes: Sequence[str],
    fields: Mapping[str, object],
    kwargs: Mapping[str, Any],
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


PAGES: dict[str, tuple[Part, Callable[..., SideForm]]] = {
    "texts": (Part.EDITION, texts_form),
    "letters": (Part.LETTER, letters_form),
    "points": (Part.LETTER, points_form),
}


class SideBySide(DraftPage, template="campaigns/side_by_side.html"):
    campaign: Campaign
    form: SideForm
    which: str
    codes: Sequence[str]
    shown: str
    lacking: Mapping[str, Sequence[Gap]]
    empty: Mapping[str, Sequence[str]]
    findings: Mapping[str, Sequence[Finding]]
    single: Callable[[str], str]
    proposed: Mapping[str, Proposal]


@blueprint.route("/<slug>/languages/<page>", methods=["GET", "POST"])
def side_by_side(slug: str, page: str) -> ResponseReturnValue:
    if page not in PAGES:
        abort(404)
    campaign, (part, make) = load(slug), PAGES[page]
    desk, codes = Desk(campaign, page), languages_of(campaign)
    now = {code: _now(campaign, part, code) for code in codes}
    form = make(codes, **desk.typed(), **_rows(page, now, campaign.default_locale))
    asked, answer = set(request.form), None
    if kept := desk.kept(form):
        return kept
    if "move" in asked and isinstance(form, PointsForm):
        form.move(request.form["move"])
    elif "more" not in asked and form.validate_on_submit():
        answer = _save(form, desk, part, codes)
    if not form.is_submitted() and not desk.typed():
        for code in codes:
            form.show(code, *now[code])
    return answer or _show(form, desk, part, codes)


def _save(
    form: SideForm, desk: Desk, part: Part, codes: Sequence[str]
) -> ResponseReturnValue | None:
    """Save what was changed, language by language; where somebody else saved, go and merge."""
    campaign = desk.campaign
    before, late = find_own_outcome(campaign), ""
    for code in codes:
        url = _save_one(form, campaign, part, code)
        if url is None:
            return None
        late = late or url
    desk.drop()
    if late:
        flash(_("Someone else has saved the same part. Merge the two texts."))
        return redirect(late, 303)
    return desk.stay(say_saved(_("All languages saved."), campaign, before))


def _save_one(form: SideForm, campaign: Campaign, part: Part, code: str) -> str | None:
    """Empty where it is saved or was not changed; a page to merge on; None where refused."""
    seen = form.seen(code)
    base, newest = _now(campaign, part, code)
    if newest != seen:
        base = revisions.base_of(db.session(), campaign, part, code, seen)
    mine: Content | None = None
    with ProblemsOn(form):
        mine = form.content(code, base)
    if mine is None:
        return None
    if mine == base or not (base or any(mine.values())):
        return ""
    try:
        save_part(campaign, part, code, mine, seen)
    except Refused as problem:
        if problem.slug != revisions.CHANGED:
            raise
        single = Desk(campaign, part, code)
        return single.merge_url() if single.meet(form, mine, seen) else None
    except Invalid as problem:
        form.refuse_language(code, problem)
        return None
    return ""


def _show(form: SideForm, desk: Desk, part: Part, codes: Sequence[str]) -> ResponseReturnValue:
    campaign = desk.campaign
    if isinstance(form, PointsForm):
        form.add_spare_rows()
    texts = [
        Words("edition", code, field.id, str(field.data or "")) for code, field in form.texts(codes)
    ]
    name = "edition" if part is Part.EDITION else "letter"
    gaps = [gap for gap in check_readiness.text_gaps(campaign) if gap.part == name]
    single = "campaigns.edit_edition" if part is Part.EDITION else "campaigns.edit_template"
    page = SideBySide(
        campaign=campaign,
        form=form,
        which=str(desk.part),
        codes=codes,
        shown=request.form.get("show", campaign.default_locale),
        lacking={code: [gap for gap in gaps if gap.locale == code] for code in codes},
        empty={code: form.missing(code) for code in codes},
        findings=by_field(watch_of(campaign).findings(texts)),
        single=lambda code: url_for(single, slug=campaign.slug, locale=code),
        proposed=proposals.find_outcomes(db.session(), campaign, staff_user()),
        drafting=desk,
    )
    return show_page(page)


def _now(campaign: Campaign, part: Part, code: str) -> tuple[Content, int]:
    content = parts.content_now(db.session(), campaign, part, code)
    return content, revisions.newest_number(db.session(), campaign, part, code)


def _rows(name: str, now: dict[str, tuple[Content, int]], first: str) -> dict[str, Any]:
    if name != "points":
        return {}
    ordered = sorted(now, key=lambda code: code != first)
    contents = {code: now[code][0] for code in ordered}
    return {"data": {"rows": point_rows(contents)}}
