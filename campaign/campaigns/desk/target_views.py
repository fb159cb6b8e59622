"""The desk's pages of a campaign's targets, and of who takes over from an official."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field, FieldList, FormField, HiddenField, SelectField
from wtforms.validators import ValidationError

from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import targets
from campaign.campaigns.content.targets import Aim, Replaced
from campaign.campaigns.desk.blueprint import blueprint, done, is_undone_by_change, load, mend_url
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.gap_sentences import link, link_to_mend, say_gap
from campaign.campaigns.desk.labels import TARGET_KINDS
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, number_seen
from campaign.campaigns.desk.texts.letter_views import place_field
from campaign.core import db, i18n
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.directory import officials
from campaign.directory.missions import Reach, best_mission, ranked, reach_of, search_missions
from campaign.directory.officials import search_officials
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official, mission_name, official_name
from campaign.models.revision import Part
from campaign.staff.desk_access import actor, staff_user
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import choices
from campaign.web.meant_field import MeantField
from campaign.web.page import Page, show_page

SUGGESTED = "suggested"
_NONE = ("", _l("No mission: by post"))
_KINDS = [(kind.value, words) for kind, words in TARGET_KINDS.items()]
_REACHES = {
    Reach.HERE: _l("in the country where we are"),
    Reach.ACCREDITED: _l("responsible for the country where we are, based elsewhere"),
    Reach.CONSULATE: _l("a consulate in the country where we are"),
    Reach.ELSEWHERE: _l("in another country"),
}
_LEFT = {
    "twice": _l("%(campaigns)s: %(name)s is already a recipient. Remove one of the two."),
    "flagged": _l(
        "%(campaigns)s: a risk flag rules out words in the entry of %(name)s. Change "
        "the recipients of the campaign yourself."
    ),
}
"""Why campaigns stay as they are, and how to mend it, by the fields of Replaced."""


class TargetRowForm(PlainForm):
    official = HiddenField()
    kind = SelectField(_l("Kind"), choices=choices(_KINDS))
    mission = SelectField(_l("Deliver through"))
    position = place_field()
    remove = BooleanField(_l("Remove"))


class TargetsForm(CampaignForm):
    based_on = HiddenField()
    risks_seen = MeantField(_l("Save it anyway"))
    rows = FieldList(FormField(TargetRowForm), max_entries=40)
    official = HiddenField(_l("Official"))
    kind = SelectField(_l("Kind"), choices=choices(_KINDS))
    mission = SelectField(
        _l("Deliver through"),
        description=_l("We deliver letters to this mission. If you choose none, we post them."),
    )

    def __init__(
        self,
        session: Session,
        campaign: Campaign,
        host_country: str,
        also: Sequence[Mission] = (),
        **kwargs: Any,
    ) -> None:
        """`also`: missions that were searched for, to be offered besides the fitting ones."""
        super().__init__(
            data={
                "rows": [
                    {
                        "official": target.official.slug,
                        "kind": target.kind.value,
                        "mission": target.mission.slug if target.mission else "",
                        "position": place,
                    }
                    for place, target in enumerate(campaign.targets, 1)
                ],
                "mission": SUGGESTED,
            },
            **kwargs,
        )
        self._host = host_country
        forms = [self, *(row.form for row in self.rows)]
        named = {form.official.data or "" for form in forms}
        self.officials = targets.find_officials(session, named)
        countries = {official.country for official in self.officials.values()}
        fitting = targets.missions_sent_by(session, countries)
        slugs = {form.mission.data or "" for form in forms}
        others = [*targets.find_missions(session, slugs), *also]
        self._missions = {mission.slug: mission for mission in (*fitting, *others)}
        offered = (SUGGESTED, _l("The mission of the official’s country where we are"))
        more = [(mission.slug, mission_name(mission, i18n.locale())) for mission in others]
        self.mission.choices = choices([offered, _NONE, *dict.fromkeys(more)])
        for row in self.rows:
            official = self.officials.get(row.form.official.data)
            theirs = self.fitting(official) if official else []
            labels = [(mission.slug, self.reach_words(mission)) for mission in theirs]
            offered_slugs = {slug for slug, _words in labels}
            rest = [pair for pair in dict.fromkeys(more) if pair[0] not in offered_slugs]
            row.form.mission.choices = choices([_NONE, *labels, *rest])

    def validate_official(self, field: Field) -> None:
        if field.data and field.data not in self.officials:
            raise ValidationError(_l("Choose an official from the directory."))

    def fitting(self, official: Official) -> list[Mission]:
        known = self._missions.values()
        sent = [mission for mission in known if mission.sending_country == official.country]
        return ranked(sent, self._host)

    def suggestion(self, official: Official) -> tuple[Mission, Reach] | None:
        best = best_mission(self.fitting(official), self._host)
        return (best, reach_of(best, self._host)) if best else None

    def find_unreached(self) -> Official | None:
        """Find whom to write to by post because no mission fits, though one was to be taken."""
        official = self.officials.get(self.official.data or "")
        is_asked = self.mission.data == SUGGESTED and self.kind.data == TargetKind.TO
        return official if official and is_asked and not self.suggestion(official) else None

    def reach_words(self, mission: Mission) -> str:
        reach = reach_of(mission, self._host)
        where = str(_REACHES[reach])
        if reach is Reach.ELSEWHERE:
            where = gettext("in %(country)s", country=i18n.country_name(mission.host_country))
        return f"{mission_name(mission, i18n.locale())} – {where}"

    def aims(self) -> list[Aim]:
        kept = sorted(
            (row.form for row in self.rows if not row.form.remove.data),
            key=lambda row: row.position.data or 99,
        )
        aims = [
            Aim(
                self.officials[row.official.data],
                TargetKind(row.kind.data),
                self._missions.get(row.mission.data),
            )
            for row in kept
            if row.official.data in self.officials
        ]
        if self.official.data:
            official = self.officials[self.official.data]
            mission = self._missions.get(self.mission.data)
            if self.mission.data == SUGGESTED and (suggestion := self.suggestion(official)):
                mission, _reach = suggestion
            aims.append(Aim(official, TargetKind(self.kind.data), mission))
        return aims


class EditTargets(DraftPage, template="campaigns/edit_targets.html"):
    campaign: Campaign
    form: TargetsForm
    known: Mapping[str, Target]
    hits: Sequence[Official]
    written_to: Collection[str]
    words: str
    mission_words: str
    also: Sequence[Mission]


class FoundOfficials(Page, template="campaigns/_found_officials.html"):
    words: str
    hits: Sequence[Official]
    chosen: str


@blueprint.route("/<slug>/targets", methods=["GET", "POST"])
def edit_targets(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    also = search_missions(session, query=request.args.get("m", ""))
    # As they are before somebody is added: who is refused is offered again.
    known = {target.official.slug: target for target in campaign.targets}
    taken = [target.official_id for target in known.values()]
    desk = Desk(campaign, Part.TARGETS)
    form = TargetsForm(
        session, campaign, current_settings().organisation_country, also, **desk.typed()
    )
    form.based_on.data = form.based_on.data or str(desk.seen)
    if answer := _save(form, desk):
        return answer
    page = EditTargets(
        campaign=campaign,
        form=form,
        known=known,
        hits=_find_officials(taken, form),
        written_to={slug for slug, target in known.items() if targets.has_letters(session, target)},
        words=request.args.get("q", ""),
        mission_words=request.args.get("m", ""),
        also=also,
        drafting=desk,
    )
    return show_page(page)


@blueprint.get("/<slug>/targets/officials")
def find_officials(slug: str) -> str:
    campaign = load(slug)
    return FoundOfficials(
        words=request.args.get("q", ""),
        hits=_find_officials([target.official_id for target in campaign.targets], None),
        chosen="",
    ).html()


def _find_officials(taken: Sequence[int], form: TargetsForm | None) -> Sequence[Official]:
    """Who is found by the words of the address, and who was chosen just now."""
    officials = search_officials(db.session(), query=request.args.get("q", ""), without=taken)
    chosen = form.officials.get(form.official.data or "") if form else None
    if chosen is not None and chosen not in officials and chosen.id not in taken:
        return [chosen, *officials]
    return officials


def _say_saved(campaign: Campaign, form: TargetsForm) -> ResponseReturnValue:
    """What was saved; where somebody was found and not ticked, the search stays."""
    searched = "" if form.official.data else request.form.get("searched", "")[:200]
    if searched and campaign.targets:
        message = _("Recipients saved. No one was added. To add an official, tick the box first.")
    elif searched:
        message = _("Tick the official’s box first, then save.")
    else:
        message = _("Recipients saved.") if campaign.targets else _("No recipients chosen yet.")
    if official := form.find_unreached():
        warning = _(
            "The directory has no suitable mission for %(official)s, so letters go by post. To "
            "deliver them to a mission, add it to the directory and choose it here.",
            official=official_name(official, i18n.locale()),
        )
        flash(warning, "warning")
    return done(message, ".edit_targets", slug=campaign.slug, q=searched or None)


def _save(form: TargetsForm, desk: Desk) -> ResponseReturnValue | None:
    campaign = desk.campaign
    try:
        return desk.save(
            form,
            lambda: targets.content_of(form.aims()),
            lambda: targets.set_targets(
                db.session(), campaign, aims=form.aims(), based_on=number_seen(form), **form.by()
            ),
            lambda: _say_saved(campaign, form),
        )
    except Refused as problem:
        form.form_errors.append(_say_written_to(problem, form))
        return None


def _say_written_to(problem: Refused, form: TargetsForm) -> str:
    if problem.slug == "letters-to-copy":
        return _(
            "People have already written to %(official)s. You cannot change this recipient to "
            "“Receives a copy”. To accept no more letters, close the campaign.",
            official=official_name(form.officials[str(problem.data["official"])], i18n.locale()),
        )
    return _(
        "People have already written to this official. You cannot remove this recipient. To "
        "accept no more letters, close the campaign."
    )


class Succession(Page, template="campaigns/succession.html"):
    form: CampaignForm
    official: Official
    aimed: Sequence[Target]
    candidates: Sequence[Official]
    chosen: str
    undone_by_change: Callable[[Campaign], bool]


@blueprint.route("/officials/<official>", methods=["GET", "POST"])
def aimed_at(official: str) -> ResponseReturnValue:
    """Campaigns that are not over and aim at the official; who takes over, by one button."""
    session, form = db.session(), CampaignForm()
    before = officials.get_official(session, slug=official)
    aimed = targets.list_aimed(session, official=before, by=staff_user())
    if form.validate_on_submit():
        successor = officials.get_official(session, slug=request.form.get("successor", ""))
        slugs = set(request.form.getlist("campaign"))
        chosen = [target for target in aimed if target.campaign.slug in slugs]
        openings = _list_openings(target.campaign for target in chosen)
        replaced = targets.replace_everywhere(
            session, targets=chosen, successor=successor, actor=actor()
        )
        for problem in _list_left(replaced, successor, [target.campaign for target in aimed]):
            flash(problem, "error")
        for campaign, open_at in openings:
            if not is_undone_by_change(campaign):
                flash(_say_opening_cancelled(campaign, open_at), "alarm")
        message = _say_replaced(len(replaced.done))
        return done(message, ".aimed_at", official=official, successor=successor.slug)
    page = Succession(
        form=form,
        official=before,
        aimed=aimed,
        candidates=_candidates(before),
        chosen=request.args.get("successor", ""),
        undone_by_change=is_undone_by_change,
    )
    return show_page(page)


def _list_openings(campaigns: Iterable[Campaign]) -> list[tuple[Campaign, datetime]]:
    """List those that a change takes off their opening, with when it would be."""
    return [
        (campaign, campaign.open_at)
        for campaign in campaigns
        if campaign.open_at is not None and is_undone_by_change(campaign)
    ]


def _say_opening_cancelled(campaign: Campaign, open_at: datetime) -> Markup:
    message = _(
        "%(campaign)s: the opening on %(moment)s is cancelled. Someone else must approve the "
        "campaign again."
    )
    moment = i18n.say_moment_in_zone(open_at, campaign.timezone)
    name = link(url_for(".show", slug=campaign.slug), campaign.reference)
    return Markup(message) % {"campaign": name, "moment": moment}  # noqa: S704


def _list_left(
    replaced: Replaced, successor: Official, campaigns: Sequence[Campaign]
) -> Iterator[Markup]:
    """Say why campaigns stay as they are, with links to where that is mended."""
    comma, name = Markup(i18n.comma(i18n.locale())), official_name(successor, i18n.locale())  # noqa: S704
    by_reference = {campaign.reference: campaign for campaign in campaigns}
    for why, words in _LEFT.items():
        if references := getattr(replaced, why):
            links = [
                link(url_for(".edit_targets", slug=by_reference[reference].slug), reference)
                for reference in references
            ]
            left = {"campaigns": comma.join(links), "name": name}
            yield Markup(str(words)) % left  # noqa: S704
    lacking = {by_reference[reference]: gaps for reference, gaps in replaced.lacking.items()}
    for problem, pages in _group_by_sentence(lacking).items():
        first, gap = pages[0]
        # What is wrong with an entry of the directory is mended once for all of the campaigns.
        if is_entry := gap.part in {"official", "mission"}:
            urls = [url_for(".show", slug=campaign.slug) for campaign, _gap in pages]
        else:
            urls = [mend_url(campaign, own) for campaign, own in pages]
        links = [
            link(url, campaign.reference) for url, (campaign, _gap) in zip(urls, pages, strict=True)
        ]
        message = _("%(campaigns)s: %(problem)s Correct this first.")
        sentence = Markup(message) % {"campaigns": comma.join(links), "problem": problem}  # noqa: S704
        if is_entry:
            sentence += Markup(" ") + link_to_mend(first, gap)
        yield sentence


def _group_by_sentence(
    lacking: Mapping[Campaign, Sequence[Gap]],
) -> dict[Markup, list[tuple[Campaign, Gap]]]:
    """Return each gap as a sentence, with the campaigns that would have it."""
    grouped: dict[Markup, list[tuple[Campaign, Gap]]] = {}
    for campaign, gaps in lacking.items():
        for gap in gaps:
            grouped.setdefault(say_gap(campaign, gap), []).append((campaign, gap))
    return grouped


def _candidates(before: Official) -> list[Official]:
    session = db.session()
    successors = officials.successors(session, before)
    asked = officials.find_official(session, slug=request.values.get("successor", ""))
    if asked is not None and asked.id != before.id and asked not in successors:
        successors.insert(0, asked)
    return successors


def _say_replaced(count: int) -> str:
    if not count:
        return _("No campaign was changed.")
    return ngettext(
        "%(num)s campaign is now addressed to the successor.",
        "%(num)s campaigns are now addressed to the successor.",
        count,
    )
