"""The desk's page of the campaigns that aim at an official who has left the office."""

from collections.abc import Callable, Sequence

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from campaign.campaigns.content import target_successions
from campaign.campaigns.content.target_successions import Replaced
from campaign.campaigns.desk.blueprint import blueprint, done, is_undone_by_change
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db, i18n
from campaign.directory import offices, officials
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Official
from campaign.staff.guards import actor, staff_user
from campaign.web.page import Page, show_page


class Succession(Page, template="campaigns/succession.html"):
    form: CampaignForm
    official: Official
    aimed: Sequence[Target]
    candidates: Sequence[Official]
    chosen: str
    """The slug of who takes over."""
    named: Callable[[Official], str]
    undone_by_change: Callable[[Campaign], bool]


@blueprint.route("/officials/<official>", methods=["GET", "POST"])
def aimed_at(official: str) -> ResponseReturnValue:
    """Campaigns that are not over and aim at the official; who takes over, by one button."""
    session, form = db.session(), CampaignForm()
    before = officials.get_official(session, slug=official)
    aimed = target_successions.list_aimed(session, official=before, by=staff_user())
    if form.validate_on_submit():
        successor = officials.get_official(session, slug=request.form.get("successor", ""))
        slugs = set(request.form.getlist("campaign"))
        replaced = target_successions.replace_everywhere(
            session,
            targets=[target for target in aimed if target.campaign.slug in slugs],
            successor=successor,
            actor=actor(),
        )
        _say_left(replaced, successor)
        said = _say_replaced(len(replaced.done))
        return done(said, ".aimed_at", official=official, successor=successor.slug)
    page = Succession(
        form=form,
        official=before,
        aimed=aimed,
        candidates=_candidates(before),
        chosen=request.args.get("successor", ""),
        named=_name_of,
        undone_by_change=is_undone_by_change,
    )
    return show_page(page)


def _candidates(before: Official) -> list[Official]:
    """Return who holds the office now, and who the address names."""
    session = db.session()
    successors = offices.successors(session, before)
    asked = officials.find_official(session, slug=request.values.get("successor", ""))
    if asked is not None and asked.id != before.id and asked not in successors:
        successors.insert(0, asked)
    return successors


def _name_of(official: Official) -> str:
    return official.name or i18n.words_in(official.office, i18n.locale())


def _say_replaced(count: int) -> str:
    if not count:
        return str(_("No campaign was changed."))
    return str(
        ngettext(
            "%(num)s campaign is now addressed to the successor.",
            "%(num)s campaigns are now addressed to the successor.",
            count,
        )
    )


_LEFT = {
    "twice": _l("%(campaigns)s: %(name)s is already a recipient. Remove one of the two."),
    "lacking": _l(
        "%(campaigns)s: %(name)s has no salutation, close or office in one of the "
        "letter languages. Write them first."
    ),
    "flagged": _l(
        "%(campaigns)s: a risk flag rules out words in the entry of %(name)s. Change "
        "the recipients of the campaign yourself."
    ),
}
"""Why campaigns stay as they are, and how to mend it, by the fields of Replaced."""


def _say_left(replaced: Replaced, successor: Official) -> None:
    comma, name = i18n.comma(i18n.locale()), _name_of(successor)
    for why, words in _LEFT.items():
        if references := getattr(replaced, why):
            said = str(words) % {"campaigns": comma.join(references), "name": name}
            flash(said, "error")
