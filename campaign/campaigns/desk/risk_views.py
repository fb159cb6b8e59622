"""The desk's page of risk flags: what must stand in no text, and the embargo."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.campaigns import lifecycle
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import risks
from campaign.campaigns.content.risks import Finding, texts_of_campaign
from campaign.campaigns.desk.blueprint import blueprint, done, load, mend_url
from campaign.campaigns.desk.draft_views import part_url
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import Part, RiskKind
from campaign.staff.desk_access import actor
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import MomentField, TextField
from campaign.web.page import accepted, show_page

_LONGEST = 40 * (risks.LONGEST + 1)


class RisksForm(EditConflictForm, CampaignForm):
    relative = TextField(
        _l("Relatives and others close to the person"),
        limit=_LONGEST,
        description=_l("One name per line: full names, and each part of a name they are known by."),
    )
    witness = TextField(_l("Witnesses"), limit=_LONGEST, description=_l("One name per line."))
    place = TextField(
        _l("Places"),
        limit=_LONGEST,
        description=_l(
            "Places where someone lives, hides, works or can be found. One place per line."
        ),
    )
    other = TextField(
        _l("Anything else"), limit=_LONGEST, description=_l("One word or phrase per line.")
    )
    embargo_until = MomentField(_l("Embargo until"))

    def words(self) -> list[tuple[RiskKind, str]]:
        texts = [(kind, self[kind.value].data or "") for kind in RiskKind]
        return [(kind, line) for kind, text in texts for line in text.splitlines()]


class EditRisks(DraftPage, template="campaigns/risks.html"):
    campaign: Campaign
    form: RisksForm
    found: Sequence[tuple[Finding, str]]


@blueprint.route("/<slug>/risks", methods=["GET", "POST"])
def edit_risks(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "risks")
    now = _data(desk.held())
    form = RisksForm(data=now, **desk.typed())
    form.mark_seen(now)
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_risks", slug=slug)
    waits = campaign.status is CampaignStatus.SCHEDULED
    if form.validate_on_submit() and form.is_current(now) and _save(form, campaign):
        desk.drop()
        return done(_say_saved(campaign, waits=waits), ".edit_risks", slug=slug)
    findings = risks.watch_of(campaign).findings(texts_of_campaign(campaign))
    found = [(finding, _url(campaign, finding)) for finding in findings]
    return show_page(EditRisks(campaign=campaign, form=form, found=found, **desk.words()))


def _say_saved(campaign: Campaign, *, waits: bool) -> str:
    findings = risks.watch_of(campaign).findings(texts_of_campaign(campaign))
    if waits and campaign.status is CampaignStatus.DRAFT:
        words = _(
            "Risk flags saved. A text names one of them, so the campaign will not open "
            "automatically."
        )
        return str(words)
    if findings and campaign.status in lifecycle.PUBLIC:
        return str(_("Risk flags saved. A text that everyone can read names one of them."))
    return str(_("Risk flags saved."))


def _save(form: RisksForm, campaign: Campaign) -> bool:
    local = form.embargo_until.data
    until = local.replace(tzinfo=ZoneInfo(campaign.timezone)) if local else None

    def set_flags() -> None:
        session, words = db.session(), form.words()
        risks.set_flags(session, campaign, actor=actor(), words=words, embargo_until=until)

    try:
        return accepted(form, set_flags)
    except Refused:
        said = _("The case is already public, so an embargo is no longer possible.")
        form.embargo_until.errors = [*form.embargo_until.errors, said]
        return False


def _data(campaign: Campaign) -> dict[str, object]:
    lines: dict[str, list[str]] = {kind.value: [] for kind in RiskKind}
    for flag in campaign.risk_flags:
        lines[flag.kind.value].append(flag.words)
    until = campaign.embargo_until
    return {
        **{name: "\n".join(words) for name, words in lines.items()},
        "embargo_until": until.astimezone(ZoneInfo(campaign.timezone)) if until else None,
    }


def _url(campaign: Campaign, finding: Finding) -> str:
    """Where the text is mended."""
    if finding.part == Part.LETTER and finding.subject:
        return part_url(campaign, "letter", f"{finding.locale}:{finding.subject}")
    part = finding.field if finding.part == "targets" else finding.part
    return mend_url(campaign, Gap("", part, locale=finding.locale, subject=finding.subject))
