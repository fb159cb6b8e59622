"""The desk's pages of what was saved: who, when, what changed; and bringing it back."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import parts, revisions
from campaign.campaigns.content.compare_texts import Stretch, changes_between
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.content.revisions import Kept
from campaign.campaigns.content.risks import Finding, RiskNamed
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.forms import SENTENCES
from campaign.campaigns.desk.labels import field_name, part_name, texts_of_content
from campaign.core import db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.models.staff import StaffUser
from campaign.staff.desk_access import actor, staff_user
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
    kept: Sequence[tuple[Kept, str]]
    shown: Kept | None
    changes: Sequence[tuple[str, Sequence[Stretch]]]
    newest: int
    risks: Sequence[Finding]


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
    campaign: Campaign, part: str, place: str, number: str, risks: Sequence[Finding] = ()
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
        kept=[(state, name_of(state.saved_by_id)) for state in states],
        shown=shown,
        changes=_changes(campaign, part, states, shown) if shown else [],
        newest=states[0].number if states else 0,
        risks=risks,
    )
    return show_page(page, 422 if risks else 200)


@blueprint.post("/<slug>/history/<part>/<place>/<int(max=999999):number>")
def restore(slug: str, part: str, place: str, number: int) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    which, where = known_part(campaign, part, place)
    kept = revisions.get_kept(session, campaign, which, where, number)
    try:
        save_part(campaign, which, where, kept.content, _number_seen())
    except RiskNamed as problem:
        return _show(campaign, part, place, str(number), problem.found)
    except (Invalid, NotFound, Refused) as problem:
        session.rollback()
        return done(_refusal(problem), ".show_history", slug=slug, part=part, place=place)
    # Not where the state only says another outcome, which waits for a second person.
    if revisions.newest_number(session, campaign, which, where) != _number_seen():
        revisions.note_restored(session, campaign, which, where, number)
    said = _("Version %(number)s restored. It is saved as a new version.", number=number)
    return done(said, ".show_history", slug=campaign.slug, part=part, place=place)


def _number_seen() -> int:
    """The number of the state that was the newest when the page was opened; -1: none."""
    seen = request.form.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 9 else -1


def save_part(campaign: Campaign, part: Part, place: str, content: Content, based_on: int) -> None:
    """Save it as the reader asks for it. Raises as `parts.save_content` does."""
    seen = "risks_seen" in request.form
    by: dict[str, Any] = {"actor": actor(), "created_by_id": staff_user().id, "risks_seen": seen}
    parts.save_content(db.session(), campaign, part, place, content, based_on=based_on, **by)


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


def name_of(staff_id: int | None) -> str:
    """Who saved; empty where nobody at the desk did."""
    user = db.session().get(StaffUser, staff_id) if staff_id else None
    return (user.name or user.email) if user else ""


def _changes(
    campaign: Campaign, part: str, states: list[Kept], shown: Kept
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
        sentences = [str(SENTENCES[slug]) for slug in problem.fields.values() if slug in SENTENCES]
        if sentences:
            return " ".join(dict.fromkeys(sentences))
    if isinstance(problem, Refused) and problem.slug == revisions.CHANGED:
        return str(_("Someone has saved a newer version. Read it first."))
    return str(_("This version does not fit the campaign as it is now. It cannot be restored."))
