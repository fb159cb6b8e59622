"""The desk's page of the campaigns that aim at an official who has left the office."""

from collections.abc import Sequence

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.campaigns.content import target_successions
from campaign.campaigns.content.target_successions import Replaced
from campaign.campaigns.desk.blueprint import blueprint, done, is_undone_by_change, page
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db, i18n
from campaign.directory import offices, officials
from campaign.models.directory import Official
from campaign.staff.guards import actor, staff_user


@blueprint.route("/officials/<official>", methods=["GET", "POST"])
def aimed_at(official: str) -> ResponseReturnValue:
    """Campaigns that are not over and aim at the official; who takes over, by one button."""
    session, form = db.session(), CampaignForm()
    before = officials.get_official(session, slug=official)
    aimed = target_successions.list_aimed(session, official=before, by=staff_user())
    candidates = _candidates(before)
    if form.validate_on_submit():
        successor = officials.get_official(session, slug=request.form.get("successor", ""))
        chosen = set(request.form.getlist("campaign"))
        wanted = [one for one in aimed if one.campaign.slug in chosen]
        found = target_successions.replace_everywhere(
            session, targets=wanted, successor=successor, actor=actor()
        )
        _tell(found, successor)
        return done(_said(found), ".aimed_at", official=official, successor=successor.slug)
    return page(
        "succession",
        form,
        official=before,
        aimed=aimed,
        candidates=candidates,
        chosen=request.args.get("successor", ""),
        named=_named,
        undone_by_change=is_undone_by_change,
    )


def _candidates(before: Official) -> list[Official]:
    """Who holds the office now, and who the address names."""
    session = db.session()
    found = offices.successors(session, before)
    asked = officials.find_official(session, slug=request.values.get("successor", ""))
    if asked is not None and asked.id != before.id and asked not in found:
        found.insert(0, asked)
    return found


def _named(official: Official) -> str:
    return official.name or i18n.words_in(official.office, i18n.locale())


def _said(found: Replaced) -> str:
    count = len(found.done)
    if not count:
        return str(_("No campaign was changed."))
    return str(
        ngettext(
            "%(num)s campaign aims at the successor now.",
            "%(num)s campaigns aim at the successor now.",
            count,
        )
    )


def _tell(found: Replaced, successor: Official) -> None:
    """What was left as it is, and how to mend it."""
    if found.twice:
        flash(
            _(
                "%(campaigns)s: %(name)s is a target already. Take one of the two off its targets.",
                campaigns=_list(found.twice),
                name=_named(successor),
            ),
            "error",
        )
    if found.lacking:
        flash(
            _(
                "%(campaigns)s: %(name)s lacks a salutation, a close or an office in a language of "
                "its letters. Write them first.",
                campaigns=_list(found.lacking),
                name=_named(successor),
            ),
            "error",
        )
    if found.flagged:
        flash(
            _(
                "%(campaigns)s: its risk flags rule out words in the entry of %(name)s. Change the "
                "targets of the campaign by hand.",
                campaigns=_list(found.flagged),
                name=_named(successor),
            ),
            "error",
        )


def _list(references: Sequence[str]) -> str:
    return i18n.comma(i18n.locale()).join(references)
