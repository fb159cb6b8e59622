"""The desk's pages on which a campaign is written in all its languages side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import proposals
from campaign.campaigns.content import parts, revisions
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.content.risk_words import Finding, Words, by_field
from campaign.campaigns.content.risks import watch_of
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept
from campaign.campaigns.desk.texts import side_by_side_forms
from campaign.campaigns.desk.texts.side_by_side_forms import PointsForm, SideForm
from campaign.campaigns.readiness import check_readiness
from campaign.campaigns.readiness.letter_gaps import Gap
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign
from campaign.models.proposal import Proposal
from campaign.models.revision import Part
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import accepted
from campaign.web.page import show_page

PAGES: dict[str, tuple[Part, Callable[..., SideForm]]] = {
    "texts": (Part.EDITION, side_by_side_forms.texts_form),
    "letters": (Part.LETTER, side_by_side_forms.letters_form),
    "points": (Part.LETTER, side_by_side_forms.points_form),
}


class SideBySide(DraftPage, template="campaigns/side_by_side.html"):
    campaign: Campaign
    form: SideForm
    which: str
    """`texts`, `letters` or `points`."""
    codes: Sequence[str]
    shown: str
    """The language that a narrow screen shows."""
    lacking: Mapping[str, Sequence[Gap]]
    empty: Mapping[str, Sequence[str]]
    """The labels of what is not written, by language."""
    findings: Mapping[str, Sequence[Finding]]
    single: Callable[[str], str]
    """The address of one language alone."""
    proposed: Mapping[str, Proposal]
    """Outcomes that wait for a second person, by language."""


@blueprint.route("/<slug>/languages/<page>", methods=["GET", "POST"])
def side_by_side(slug: str, page: str) -> ResponseReturnValue:
    """All languages of one part, with what is missing in each."""
    if page not in PAGES:
        abort(404)
    campaign, (part, make) = load(slug), PAGES[page]
    desk, codes = Desk(campaign, page), languages_of(campaign)
    now = {code: _now(campaign, part, code) for code in codes}
    form = make(codes, **desk.typed(), **_rows(page, now, campaign.default_locale))
    asked = set(request.form)
    if "keep" in asked and desk.keep(form):
        return done(draft_kept(), ".side_by_side", slug=slug, page=page)
    if "move" in asked and isinstance(form, PointsForm):
        form.move(request.form["move"])
    elif (
        "more" not in asked
        and form.validate_on_submit()
        and (answer := _save(form, desk, part, codes))
    ):
        return answer
    if not form.is_submitted() and not desk.typed():
        for code in codes:
            form.show(code, *now[code])
    return _show(form, desk, part, codes)


def _save(
    form: SideForm, desk: Desk, part: Part, codes: Sequence[str]
) -> ResponseReturnValue | None:
    """Save what was changed, language by language; where somebody else saved, go and merge."""
    campaign = desk.campaign
    late: list[str] = []
    for code in codes:
        url = _save_one(form, campaign, part, code)
        if url is None:
            return None
        if url:
            late.append(url)
    desk.drop()
    if late:
        flash(_("Someone else has saved the same part. Merge the two texts."))
        return redirect(late[0], 303)
    return done(_("All languages saved."), ".side_by_side", slug=campaign.slug, page=desk.part)


def _save_one(form: SideForm, campaign: Campaign, part: Part, code: str) -> str | None:
    """Empty where it is saved or was not changed; a page to merge on; None where refused."""
    session, seen = db.session(), form.seen(code)
    base, newest = _now(campaign, part, code)
    if newest != seen:
        base = revisions.base_of(session, campaign, part, code, seen)
    contents: list[Content] = []
    if not accepted(form, lambda: contents.append(form.content(code, base))):
        return None
    mine = contents[0]
    if mine == base or not (base or any(mine.values())):
        return ""
    try:
        parts.save_content(
            session,
            campaign,
            part,
            code,
            mine,
            actor=actor(),
            created_by_id=staff_user().id,
            based_on=seen,
            risks_seen=bool(form.risks_seen.data),
        )
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
    gaps = check_readiness.text_gaps(campaign)
    page = SideBySide(
        campaign=campaign,
        form=form,
        which=str(desk.part),
        codes=codes,
        shown=request.form.get("show", campaign.default_locale),
        lacking={code: _gaps_of(gaps, part, code) for code in codes},
        empty={code: form.missing(code) for code in codes},
        findings=by_field(watch_of(campaign).findings(texts)),
        single=lambda code: url_for(
            "campaigns.edit_edition" if part is Part.EDITION else "campaigns.edit_template",
            slug=campaign.slug,
            locale=code,
        ),
        proposed=proposals.find_outcomes(db.session(), campaign, staff_user()),
        **desk.words(),
    )
    return show_page(page)


def _gaps_of(gaps: Sequence[Gap], part: Part, code: str) -> list[Gap]:
    name = "edition" if part is Part.EDITION else "letter"
    return [gap for gap in gaps if gap.part == name and gap.locale == code]


def _now(campaign: Campaign, part: Part, code: str) -> tuple[Content, int]:
    """What a language says now, and the revision that says it."""
    session = db.session()
    return (
        parts.content_now(session, campaign, part, code),
        revisions.newest_number(session, campaign, part, code),
    )


def _rows(name: str, now: dict[str, tuple[Content, int]], first: str) -> dict[str, Any]:
    """The rows of the page of talking points, those of the main language first."""
    if name != "points":
        return {}
    ordered = sorted(now, key=lambda code: code != first)
    contents = {code: now[code][0] for code in ordered}
    return {"data": {"rows": side_by_side_forms.point_rows(contents)}}
