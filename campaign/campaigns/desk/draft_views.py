"""The desk's pages of drafts, of what was saved before, and of two who wrote at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from campaign.campaigns import proposals
from campaign.campaigns.content import compare_texts, drafts, parts, revisions
from campaign.campaigns.content.compare_texts import (
    ChangedField,
    Choice,
    Stretch,
    changes_between,
    words_between,
)
from campaign.campaigns.content.drafts import Draft
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.content.revisions import SavedState
from campaign.campaigns.content.risks import Finding, RiskNamed
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.forms import list_sentences
from campaign.campaigns.desk.labels import (
    choices_of,
    field_name,
    name_by_slug,
    part_name,
    say_rewritten_letters,
    texts_of_content,
    value_text,
)
from campaign.campaigns.desk.save_with_draft import Desk, dropped_answer, kept_answer
from campaign.core import db, i18n
from campaign.core.errors import DomainError, Invalid, NotFound, Refused
from campaign.core.text.desk_texts import read_number
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.desk_access import actor, name_staff, staff_user
from campaign.web.meant_field import ask, read_answers
from campaign.web.page import Page, show_page


class Histories(Page, template="campaigns/histories.html"):
    campaign: Campaign
    listed: Sequence[tuple[Part, str, str]]


class History(Page, template="campaigns/history.html"):
    campaign: Campaign
    part: str
    place: str
    name: str
    language: str
    kept: Sequence[tuple[SavedState, str]]
    shown: SavedState | None
    changes: Sequence[tuple[str, Sequence[Stretch]]]
    newest: int
    risks: Sequence[Finding]
    letters: Sequence[str]


@blueprint.get("/<slug>/history")
def show_histories(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    letters = dict.fromkeys(_letter_places(campaign))
    places = revisions.places_of(session, campaign)
    places += [(Part.LETTER, letter) for letter in letters]
    listed = [(part, place, part_name(part, place)) for part, place in places]
    return show_page(Histories(campaign=campaign, listed=listed))


@blueprint.get("/<slug>/history/<part>/<place>")
def show_history(slug: str, part: str, place: str) -> ResponseReturnValue:
    campaign = load(slug)
    return _show(campaign, part, place, request.args.get("at", ""))


def _show(
    campaign: Campaign, part: str, place: str, number: str, asked: RiskNamed | None = None
) -> ResponseReturnValue:
    which, where = known_part(campaign, part, place)
    states = revisions.list_kept(db.session(), campaign, which, where)
    of_number = (state for state in states if str(state.number) == number)
    shown = next(of_number, states[0] if states else None)
    page = History(
        campaign=campaign,
        part=part,
        place=place,
        name=part_name(part, where),
        language=where.partition(":")[0],
        kept=[(state, name_staff(state.saved_by_id)) for state in states],
        shown=shown,
        changes=_changes(campaign, part, states, shown) if shown else [],
        newest=states[0].number if states else 0,
        risks=asked.findings if asked else (),
        letters=say_rewritten_letters(asked) if asked else [],
    )
    return show_page(page, 422 if asked else 200)


@blueprint.post("/<slug>/history/<part>/<place>/<int(max=999999):number>")
def restore(slug: str, part: str, place: str, number: int) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    which, where = known_part(campaign, part, place)
    kept = revisions.get_kept(session, campaign, which, where, number)
    try:
        save_part(campaign, which, where, kept.content, _number_seen())
    except RiskNamed as problem:
        ask(problem.keys)
        return _show(campaign, part, place, str(number), problem)
    except (Invalid, NotFound, Refused) as problem:
        session.rollback()
        flash(_refusal(problem), "error")
        return redirect(url_for(".show_history", slug=slug, part=part, place=place), 303)
    newest = revisions.newest_number(session, campaign, which, where)
    message = _("Version %(number)s restored. It is saved as a new version.", number=number)
    # Not where the state only says another outcome, which waits for a second person.
    if newest != _number_seen():
        revisions.note_restored(session, campaign, which, where, number)
    elif _says_same(kept.content, revisions.base_of(session, campaign, which, where, newest)):
        message = _(
            "Version %(number)s says the same as the newest version. Nothing was changed.",
            number=number,
        )
    return done(message, ".show_history", slug=campaign.slug, part=part, place=place)


def _says_same(content: Content, newest: Content) -> bool:
    """Whether two states say the same: older ones lack what was added to a part since."""
    names = {*content, *newest}
    return all((content.get(name) or "") == (newest.get(name) or "") for name in names)


def _number_seen() -> int:
    """The number of the state that was the newest when the page was opened; -1: none."""
    seen = read_number(request.form.get("seen", ""))
    return -1 if seen is None else seen


def save_part(campaign: Campaign, part: Part, place: str, content: Content, based_on: int) -> None:
    """Save it as the reader asks for it. Raises as `parts.save_content` does."""
    parts.save_content(
        db.session(),
        campaign,
        part,
        place,
        content,
        actor=actor(),
        created_by_id=staff_user().id,
        based_on=based_on,
        risks_seen=read_answers(),
    )


def known_part(campaign: Campaign, part: str, place: str) -> tuple[Part, str]:
    """A part and a place that this campaign has; others do not exist."""
    where = "" if place == "-" else place
    locale, _sign, official = where.partition(":")
    slugs = {target.official.slug for target in campaign.targets}
    has_languages = part in {Part.EDITION, Part.LETTER}
    if part not in set(Part) or not (
        locale in languages_of(campaign) if has_languages else not where
    ):
        abort(404)
    if official and (part != Part.LETTER or official not in slugs):
        abort(404)
    return Part(part), where


def _changes(
    campaign: Campaign, part: str, states: list[SavedState], shown: SavedState
) -> list[tuple[str, Sequence[Stretch]]]:
    before = next((state.content for state in states if state.number < shown.number), {})
    names = {**before, **shown.content}
    if not before and shown.number == 0:
        return []
    old, new = (texts_of_content(part, state, campaign) for state in (before, shown.content))
    changed = changes_between(old, new)
    return [(field_name(part, change.name, names), change.stretches) for change in changed]


def _letter_places(campaign: Campaign) -> list[str]:
    slugs = {target.id: target.official.slug for target in campaign.targets}
    return [
        f"{letter.locale}:{slugs[letter.target_id]}" if letter.target_id in slugs else letter.locale
        for letter in campaign.templates
    ]


def _refusal(problem: Invalid | NotFound | Refused) -> str:
    if isinstance(problem, Invalid):
        if problem.fields.get("act_by") in _DEADLINE:
            return str(_KEEPS_DEADLINE)
        sentences = [escape(words) for _name, words in list_sentences(problem, "") if words]
        if sentences:
            return Markup(" ").join(dict.fromkeys(sentences))
    if isinstance(problem, Refused) and problem.slug == revisions.CHANGED:
        return _("Someone has saved a newer version. Read it first.")
    misfit = _("This version does not fit the campaign as it is now. It cannot be restored.")
    return f"{misfit} {_say_misfit(problem)}".strip()


def _say_misfit(problem: DomainError) -> str:
    """Say which recipient keeps it from being saved; nothing where none does."""
    if problem.slug == "target-has-letters":
        official = name_by_slug(str(problem.data["official"]))
        return _(
            "People have already written to %(official)s or a predecessor. This official must stay "
            "a recipient.",
            official=official,
        )
    if problem.slug == "letters-to-copy":
        return _(
            "People have already written to %(official)s or a predecessor. This official cannot "
            "only receive a copy.",
            official=name_by_slug(str(problem.data["official"])),
        )
    if problem.slug in {"official", "mission"}:
        return _("One of the officials or missions is no longer in the directory.")
    return ""


_DEADLINE = {"deadline-earlier", "deadline-missing"}
_KEEPS_DEADLINE = _l(
    "This version has an earlier deadline than the published one, or none. It cannot be restored. "
    "Copy what you need from it and enter it under Facts."
)
_MERGE_KEEPS_DEADLINE = _l(
    "A published deadline cannot be moved earlier or removed here. Choose the saved deadline. If "
    "the page offers no choice, copy what you need from your text, then delete it below."
)
_ENDPOINTS = {
    Part.OPTIONS.value: "campaigns.edit_options",
    Part.TARGETS.value: "campaigns.edit_targets",
    proposals.UPDATE: "campaigns.post_update",
    "risks": "campaigns.edit_risks",
    "picture": "campaigns.edit_picture",
    "reach": "campaigns.edit_reach",
    "screening": "screening_rules.edit_rules",
}
"""The pages of parts that a campaign has once; facts are the rest."""
_PAGES = {*(part.value for part in Part), "texts", "letters", "points", *_ENDPOINTS}


@blueprint.post("/<slug>/drafts/<part>/<place>")
def keep_draft(slug: str, part: str, place: str) -> ResponseReturnValue:
    """Keep what a form holds as it is, valid or not; the page's script sends it while one types."""
    return kept_answer(_load_desk(slug, part, place).keep())


@blueprint.post("/<slug>/drafts/<part>/<place>/drop")
def drop_draft(slug: str, part: str, place: str) -> ResponseReturnValue:
    desk = _load_desk(slug, part, place)
    if "conflict" in request.form:
        drafts.drop_conflict(db.session(), desk.conflict)
        return done(_("Draft deleted. The saved text has not changed."), ".show", slug=slug)
    return dropped_answer(desk.drop(), part_url(desk.campaign, part, desk.place))


def part_url(campaign: Campaign, part: str, place: str, **query: Any) -> str:
    slug = campaign.slug
    locale, _sign, official = place.partition(":")
    if part == Part.EDITION:
        return url_for("campaigns.edit_edition", slug=slug, locale=locale, **query)
    if part == Part.LETTER:
        own: dict[str, Any] = {"for": official} if official else {}
        return url_for("campaigns.edit_template", slug=slug, locale=locale, **own, **query)
    if part in {"texts", "letters", "points"}:
        return url_for("campaigns.side_by_side", slug=slug, page=part, **query)
    if part == proposals.UPDATE and place:
        return url_for("campaigns.post_update", slug=slug, proposal=place, **query)
    return url_for(_ENDPOINTS.get(part, "campaigns.edit_facts"), slug=slug, **query)


def _load_desk(slug: str, part: str, place: str) -> Desk:
    """A place that no page of this campaign has does not exist."""
    campaign, where = load(slug), "" if place == "-" else place
    if part in set(Part):
        known_part(campaign, part, place)
    elif part == proposals.UPDATE and where:
        proposals.get_proposal(db.session(), campaign, where)
    elif part not in _PAGES or where:
        abort(404)
    return Desk(campaign, part, where)


class ChangedFieldRow(NamedTuple):
    change: ChangedField
    label: str
    theirs: Sequence[Stretch]
    mine: Sequence[Stretch]
    merged: Sequence[Stretch]
    choices: Sequence[tuple[str, str]]


class MergeTexts(Page, template="campaigns/merge.html"):
    campaign: Campaign
    draft: Draft
    name: str
    seen: int
    last: SavedState | None
    last_by: str
    fields: Sequence[ChangedFieldRow]
    language: str
    choices: Mapping[str, Choice]
    risks: Sequence[Finding]
    letters: Sequence[str]


@blueprint.route("/<slug>/merge/<part>/<place>", methods=["GET", "POST"])
def merge(slug: str, part: str, place: str) -> ResponseReturnValue:
    """Theirs, mine, what both come to; nothing is lost before its writer has chosen."""
    session, campaign = db.session(), load(slug)
    which, where = known_part(campaign, part, place)
    draft = drafts.find_draft(session, Desk(campaign, part, where).conflict)
    if draft is None:
        raise NotFound("draft")
    newest = revisions.newest_number(session, campaign, which, where)
    theirs = parts.content_now(session, campaign, which, where)
    base = revisions.base_of(session, campaign, which, where, draft.based_on)
    fields = compare_texts.compare_fields(base, theirs, draft.content)
    choices, asked = _choices(fields), RiskNamed(())
    if request.method == "POST" and request.form.get("seen") == str(newest):
        try:
            if answer := _settle(campaign, draft, theirs, newest, fields, choices):
                return answer
        except RiskNamed as problem:
            ask(problem.keys)
            asked = problem
    last = revisions.get_kept(session, campaign, which, where, newest) if newest else None
    names = {**draft.content, **theirs}
    page = MergeTexts(
        campaign=campaign,
        draft=draft,
        name=part_name(part, where),
        seen=newest,
        last=last,
        last_by=name_staff(last.saved_by_id) if last else "",
        fields=[_row(draft, field, names) for field in fields],
        language=where.partition(":")[0],
        choices=choices,
        risks=asked.findings,
        letters=say_rewritten_letters(asked),
    )
    return show_page(page, 422 if request.method == "POST" else 200)


def _settle(
    campaign: Campaign,
    draft: Draft,
    theirs: Content,
    newest: int,
    fields: Sequence[ChangedField],
    choices: Mapping[str, Choice],
) -> ResponseReturnValue | None:
    """Save what was chosen, or lead to the form; None: the page says why not. Raises RiskNamed."""
    session, which, where = db.session(), Part(draft.part), draft.place
    if any(field.conflict and field.name not in choices for field in fields):
        flash(_("For each text that both of you changed, choose what to keep."), "error")
        return None
    content = compare_texts.resolve_conflicts(theirs, fields, choices)
    desk = Desk(campaign, draft.part, where)
    if Choice.BOTH in choices.values() and (typed := parts.typed_content(which, content, newest)):
        if not drafts.keep_draft(session, desk.at, dict(typed), based_on=newest):
            flash(_("You have a draft of this part. Save it or delete it first."), "error")
            return None
        message = _("Both texts are in the form. Nothing is saved yet. Read them, then save.")
        url = part_url(campaign, draft.part, where, draft=1)
    elif _is_saved(campaign, which, where, content, newest):
        message = _("Both texts are merged and saved.")
        url = part_url(campaign, draft.part, where)
    else:
        return None
    drafts.drop_conflict(session, desk.conflict)
    flash(message)
    return redirect(url, 303)


def _row(draft: Draft, field: ChangedField, names: Content) -> ChangedFieldRow:
    base, theirs, mine, merged = (
        value_text(draft.part, field.name, value, names)
        for value in (field.base, field.theirs, field.mine, field.merged)
    )
    seen = words_between(base, theirs), words_between(base, mine), words_between(theirs, merged)
    label, language = field_name(draft.part, field.name, names), draft.place.partition(":")[0]
    label = i18n.in_language(label, language) if language else label
    return ChangedFieldRow(field, label, *seen, choices_of(field))


def _choices(fields: Sequence[ChangedField]) -> dict[str, Choice]:
    choices = {}
    for number, field in enumerate(fields):
        typed = request.form.get(f"choice-{number}", "")
        if typed and typed not in set(Choice):
            abort(400)
        if typed:
            choices[field.name] = Choice(typed)
    return choices


def _is_saved(campaign: Campaign, part: Part, place: str, content: Content, newest: int) -> bool:
    try:
        save_part(campaign, part, place, content, newest)
    except RiskNamed:
        raise
    except (NotFound, Refused) as problem:
        reason = _say_misfit(problem)
        if problem.slug != revisions.CHANGED and not reason:
            raise
        if reason:
            flash(reason, "error")
        return False
    except Invalid as problem:
        if problem.fields.get("act_by") in _DEADLINE:
            flash(str(_MERGE_KEEPS_DEADLINE), "error")
            return False
        otherwise = _("This choice cannot be saved. Choose something else.")
        for _name, words in dict.fromkeys(list_sentences(problem, otherwise)):
            flash(escape(words), "error")
        return False
    return True


def conflict_links(campaign: Campaign) -> list[tuple[str, str]]:
    return [
        (part_name(draft.part, draft.place), Desk(campaign, draft.part, draft.place).merge_url())
        for draft in drafts.list_conflicts(db.session(), campaign, staff_id=staff_user().id)
    ]
