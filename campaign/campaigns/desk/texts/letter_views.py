"""The desk's page of the letter in one language."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FieldList, FormField, HiddenField, SubmitField
from wtforms.validators import Optional, Regexp

from campaign.campaigns.check_readiness import Fit, fits_of
from campaign.campaigns.content import targets, templates
from campaign.campaigns.content.address_and_salutation import list_addressed
from campaign.campaigns.content.part_contents import LETTER, Content, letter_of, newest_templates
from campaign.campaigns.content.parts import LIMITS, POINT_LIMIT
from campaign.campaigns.content.revisions import letter_place
from campaign.campaigns.content.risks import Finding, Words, by_field, watch_of
from campaign.campaigns.content.templates import MAX_POINTS, Point, find_template, with_keys
from campaign.campaigns.desk.blueprint import blueprint, check_locale, languages_of, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage
from campaign.core import db
from campaign.models.campaign import Campaign, LetterTemplate, Target
from campaign.models.revision import Part
from campaign.printing.placeholders import KNOWN
from campaign.staff.desk_access import staff_user
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import IntegerField, LineField, NumberField, TextField
from campaign.web.meant_field import MeantField
from campaign.web.page import Page, show_page

SPARE_ROWS = 2


def place_field() -> NumberField:
    words = _l("Enter a position from 1 to 99.")
    return NumberField(_l("Position"), least=1, most=99, words=words)


class PointForm(PlainForm):
    """A talking point; a row without text is none."""

    key = HiddenField(validators=[Optional(), Regexp(r"^[a-z0-9][a-z0-9-]{0,59}\Z")])
    text = TextField(_l("Talking point"), limit=POINT_LIMIT)
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
    subject = LineField(
        _l("Subject"), limit=LIMITS["subject"], needed=_l("Write the subject line.")
    )
    opening = TextField(
        _l("Opening"),
        limit=LIMITS["opening"],
        needed=_l("Write the opening: who is writing, and about whom."),
        description=_l("Leave an empty line between paragraphs. The salutation is printed above."),
    )
    points = FieldList(FormField(PointForm), max_entries=MAX_POINTS + SPARE_ROWS)
    closing = TextField(
        _l("Closing"),
        limit=LIMITS["closing"],
        description=_l("Printed below the supporter’s own words."),
    )
    risks_seen = MeantField(_l("Save it anyway"))

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


class EditLetter(DraftPage, template="campaigns/edit_template.html"):
    campaign: Campaign
    form: TemplateForm
    language: str
    locales: Sequence[str]
    target: Target | None
    pattern: Mapping[str, str]
    """Points of the letter in another language, by their keys."""
    pattern_locale: str
    placeholders: Sequence[str]
    written: Collection[str]
    versions: Sequence[LetterTemplate]
    addressed: Sequence[Target]
    findings: Mapping[str, Sequence[Finding]]
    fits: Sequence[Fit]


class LetterVersion(Page, template="campaigns/show_version.html"):
    campaign: Campaign
    language: str
    target: Target | None
    version: LetterTemplate


@blueprint.route("/<slug>/letters/<locale>", methods=["GET", "POST"])
def edit_template(slug: str, locale: str) -> ResponseReturnValue:
    """The letter for all targets, or with `?for=` for one; what is saved is a new version."""
    session, campaign = db.session(), load(slug)
    check_locale(campaign, locale)
    target = _target(campaign)
    newest = find_template(session, campaign, locale, target)
    pattern = templates.points_to_translate(session, campaign, locale, target)
    desk = Desk(campaign, Part.LETTER, letter_place(locale, target))
    form = template_form(newest, pattern, **desk.typed())
    if kept := desk.kept(form, **_for(target)):
        return kept
    answer = None
    if "move" in request.form:
        form.move(request.form["move"])
    elif not form.more.data and form.validate_on_submit():
        answer = _save(form, desk, locale, target)
    return answer or _show(form, desk, locale, target, pattern)


def _show(
    form: TemplateForm,
    desk: Desk,
    locale: str,
    target: Target | None,
    pattern: LetterTemplate | None,
) -> ResponseReturnValue:
    session, campaign = db.session(), desk.campaign
    form.add_spare_rows()
    owner = target.id if target else None
    page = EditLetter(
        campaign=campaign,
        form=form,
        language=locale,
        locales=languages_of(campaign),
        target=target,
        pattern={point.key: point.text for point in pattern.points} if pattern else {},
        pattern_locale=pattern.locale if pattern else "",
        placeholders=list(KNOWN),
        written={template.locale for template in campaign.templates if template.target_id is None},
        versions=templates.list_versions(session, campaign, locale, target),
        addressed=list_addressed(campaign),
        findings=by_field(watch_of(campaign).findings(form.words(locale))),
        fits=[
            fit
            for fit in fits_of(campaign, newest_templates(campaign))
            if fit.locale == locale and fit.template.target_id == owner
        ],
        drafting=desk,
    )
    return show_page(page)


@blueprint.get("/<slug>/letters/<locale>/<int(max=999999):version>")
def show_version(slug: str, locale: str, version: int) -> ResponseReturnValue:
    campaign = load(slug)
    check_locale(campaign, locale)
    target = _target(campaign)
    letter = templates.get_version(db.session(), campaign, locale, target, version)
    page = LetterVersion(campaign=campaign, language=locale, target=target, version=letter)
    return show_page(page)


def _save(
    form: TemplateForm, desk: Desk, locale: str, target: Target | None
) -> ResponseReturnValue | None:
    if form.based_on.data is None:
        form.form_errors.append(_("The form arrived incomplete. Load the page again."))
        return None
    return desk.save(
        form,
        form.content,
        lambda: templates.save_template(
            db.session(),
            desk.campaign,
            locale=locale,
            target=target,
            created_by_id=staff_user().id,
            **form.by(),
            **form.letter(),
        ),
        lambda: desk.stay(_("Letter saved."), **_for(target)),
    )


def _target(campaign: Campaign) -> Target | None:
    official = request.args.get("for", "")
    return targets.get_target(campaign, official) if official else None


def _for(target: Target | None) -> dict[str, str]:
    return {"for": target.official.slug} if target else {}
