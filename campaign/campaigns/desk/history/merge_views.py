"""The desk's page on which two texts that were written at once are brought together."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import drafts, parts, revisions, three_way_merge
from campaign.campaigns.content.diffs import words_between
from campaign.campaigns.content.drafts import Draft
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.content.risk_words import Finding
from campaign.campaigns.content.risks import RiskNamed
from campaign.campaigns.content.three_way_merge import Choice, Meeting
from campaign.campaigns.desk.blueprint import blueprint, load, page
from campaign.campaigns.desk.history.draft_views import part_url
from campaign.campaigns.desk.history.labels import choices_of, field_name, part_name
from campaign.campaigns.desk.history.value_labels import value_text
from campaign.campaigns.desk.history.views import known_part, name_of
from campaign.campaigns.desk.save_with_draft import Desk
from campaign.campaigns.desk.sentences import SENTENCES
from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.guards import actor, staff_user


@blueprint.route("/<slug>/merge/<part>/<place>", methods=["GET", "POST"])
def merge(slug: str, part: str, place: str) -> ResponseReturnValue:
    """Theirs, mine, what both come to; nothing is lost before its writer has chosen."""
    session, campaign = db.session(), load(slug)
    which, where = known_part(campaign, part, place)
    draft = drafts.get_conflict(session, campaign, staff_id=staff_user().id, part=part, place=where)
    newest = revisions.newest_number(session, campaign, which, where)
    theirs = parts.content_now(session, campaign, which, where)
    base = revisions.base_of(session, campaign, which, where, draft.based_on)
    meetings = three_way_merge.meet(base, theirs, draft.content)
    choices, risks = _choices(meetings), list[Finding]()
    if request.method == "POST" and request.form.get("seen") == str(newest):
        answer = _settle(campaign, draft, theirs, newest, meetings, choices, risks)
        if answer is not None:
            return answer
    shown = {"choices": choices, "risks": risks}
    return _show(campaign, draft, meetings, newest, theirs, **shown)


def _settle(
    campaign: Campaign,
    draft: Draft,
    theirs: Content,
    newest: int,
    meetings: Sequence[Meeting],
    choices: Mapping[str, Choice],
    risks: list[Finding],
) -> ResponseReturnValue | None:
    """Save what was chosen, or lead to the form with it; None where the page says why not."""
    which, where = Part(draft.part), draft.place
    if any(one.conflict and one.name not in choices for one in meetings):
        flash(_("Choose what stands, for each text that both changed."), "error")
        return None
    made = three_way_merge.settled(theirs, meetings, choices)
    own: dict[str, Any] = {"staff_id": staff_user().id, "part": draft.part, "place": where}
    session = db.session()
    if Choice.BOTH in choices.values() and (typed := parts.typed_content(which, made, newest)):
        if not drafts.keep(session, campaign, based_on=newest, content=typed, **own):
            flash(_("You have a draft of this part. Save it or throw it away first."), "error")
            return None
        said = _("Both texts are in the form, and nothing is saved yet. Read it, then save it.")
        target = part_url(campaign, draft.part, where, draft=1)
    else:
        try:
            if not _saved(campaign, which, where, made, newest):
                return None
        except RiskNamed as problem:
            risks.extend(problem.found)
            return None
        said = _("Both texts are brought together and saved.")
        target = part_url(campaign, draft.part, where)
    drafts.drop_conflict(session, campaign, **own)
    flash(said)
    return redirect(target, 303)


def _show(
    campaign: Campaign,
    draft: Draft,
    meetings: Sequence[Meeting],
    newest: int,
    theirs: Content,
    **shown: Any,
) -> ResponseReturnValue:
    which = Part(draft.part)
    names = {**draft.content, **theirs}
    last = (
        revisions.get_kept(db.session(), campaign, which, draft.place, newest) if newest else None
    )
    return page(
        "merge",
        status=422 if request.method == "POST" else 200,
        campaign=campaign,
        draft=draft,
        name=part_name(draft.part, draft.place),
        seen=newest,
        last=last,
        last_by=name_of(last.saved_by_id) if last else "",
        meetings=[_row(draft, one, names) for one in meetings],
        language=draft.place.partition(":")[0],
        **shown,
    )


def _row(draft: Draft, one: Meeting, names: Content) -> dict[str, object]:
    """Where two changed the same: what each made of it, and what can be chosen."""
    base, theirs, mine, merged = (
        value_text(draft.part, one.name, value, names)
        for value in (one.base, one.theirs, one.mine, one.merged)
    )
    return {
        "it": one,
        "field": _field(draft, one.name, names),
        "theirs": words_between(base, theirs),
        "mine": words_between(base, mine),
        "merged": words_between(theirs, merged),
        "choices": choices_of(one),
    }


def _field(draft: Draft, name: str, content: Content) -> str:
    """A field in words, with the language of the text it belongs to."""
    said, language = field_name(draft.part, name, content), draft.place.partition(":")[0]
    return i18n.in_language(said, language) if language else said


def _choices(meetings: Sequence[Meeting]) -> dict[str, Choice]:
    """What was chosen, by field; anything else than what is offered is not."""
    made = {}
    for number, one in enumerate(meetings):
        typed = request.form.get(f"choice-{number}", "")
        if typed and typed not in set(Choice):
            abort(400)
        if typed:
            made[one.name] = Choice(typed)
    return made


def _saved(campaign: Campaign, part: Part, place: str, content: Content, newest: int) -> bool:
    """Whether it was saved; what was not is said on the page."""
    try:
        parts.save_content(
            db.session(),
            campaign,
            part,
            place,
            content,
            actor=actor(),
            created_by_id=staff_user().id,
            based_on=newest,
            risks_seen="risks_seen" in request.form,
        )
    except RiskNamed:
        raise
    except Refused as problem:
        if problem.slug != revisions.CHANGED:
            raise
        return False
    except Invalid as problem:
        otherwise = _("This cannot be saved as it is. Choose otherwise.")
        for slug in dict.fromkeys(problem.fields.values()):
            flash(str(SENTENCES.get(slug, otherwise)), "error")
        return False
    return True


def conflict_links(campaign: Campaign) -> list[tuple[str, str]]:
    """What of this person's waits to be brought together: its part, and the page for it."""
    found = drafts.list_conflicts(db.session(), campaign, staff_id=staff_user().id)
    return [
        (part_name(one.part, one.place), Desk(campaign, one.part, one.place).merge_url())
        for one in found
    ]
