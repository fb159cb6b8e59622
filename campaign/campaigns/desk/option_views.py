"""The desk's pages of a campaign's options, of who may show its form, and of risk flags."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField

from campaign.campaigns import lifecycle
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import options, rewritten_letters, risks
from campaign.campaigns.content.options import LONGEST_WORD, MOST_WORDS
from campaign.campaigns.content.part_contents import Content, options_content
from campaign.campaigns.content.risks import Finding, texts_of_campaign
from campaign.campaigns.desk.blueprint import blueprint, load, mend_url
from campaign.campaigns.desk.draft_views import part_url
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, number_seen
from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import one_line
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import Part, RiskKind
from campaign.staff.desk_access import actor
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import MomentField, TextField
from campaign.web.page import show_page

_LONGEST = 40 * (risks.LONGEST + 1)
_NAMES = _l("One name per line: full names, and each part of a name they are known by.")


class RisksForm(EditConflictForm, CampaignForm):
    relative = TextField(
        _l("Relatives and others close to the person"), limit=_LONGEST, description=_NAMES
    )
    witness = TextField(_l("Witnesses"), limit=_LONGEST, description=_NAMES)
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
    named_risks: Sequence[tuple[Finding, str]]


@blueprint.route("/<slug>/risks", methods=["GET", "POST"])
def edit_risks(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "risks")
    form = RisksForm(data=_risk_data(desk.held()), **desk.typed())
    waits, newest = campaign.status is CampaignStatus.SCHEDULED, risks.newest_flag(campaign)

    def say() -> str:
        sentences = [_say_saved(campaign, waits=waits), *_say_of_letters(campaign, newest)]
        return " ".join(sentences)

    answer = desk.save_current(form, lambda: _save(form, campaign), say)
    if answer:
        return answer
    findings = risks.watch_of(campaign).findings(texts_of_campaign(campaign))
    places = [(finding, _url(campaign, finding)) for finding in findings]
    return show_page(EditRisks(campaign=campaign, form=form, named_risks=places, drafting=desk))


def _say_saved(campaign: Campaign, *, waits: bool) -> str:
    findings = risks.watch_of(campaign).findings(texts_of_campaign(campaign))
    if waits and campaign.status is CampaignStatus.DRAFT:
        return _(
            "Risk flags saved. A text names one of them, so the campaign will not open "
            "automatically."
        )
    if findings and campaign.status in lifecycle.PUBLIC:
        return _("Risk flags saved. A text that everyone can read names one of them.")
    return _("Risk flags saved.")


def _say_of_letters(campaign: Campaign, newest_before: int) -> Iterator[str]:
    """Say what happens with letters that were confirmed before these flags."""
    if risks.newest_flag(campaign) <= newest_before:
        return
    session = db.session()
    has_bundles = risks.has_bundles(session, campaign)
    if has_bundles or rewritten_letters.count_confirmed(session, campaign):
        yield _("We now check the confirmed letters that have not gone out.")
    if has_bundles:
        yield _("Staff review those that name a flag, and read on Today which not to deliver.")


def _save(form: RisksForm, campaign: Campaign) -> None:
    local, words = form.embargo_until.data, form.words()
    until = local.replace(tzinfo=ZoneInfo(campaign.timezone)) if local else None
    risks.set_flags(db.session(), campaign, actor=actor(), words=words, embargo_until=until)


def _risk_data(campaign: Campaign) -> dict[str, object]:
    lines: dict[str, list[str]] = {kind.value: [] for kind in RiskKind}
    for flag in campaign.risk_flags:
        lines[flag.kind.value].append(flag.words)
    until = campaign.embargo_until
    return {
        **{name: "\n".join(words) for name, words in lines.items()},
        "embargo_until": until.astimezone(ZoneInfo(campaign.timezone)) if until else None,
    }


def _url(campaign: Campaign, finding: Finding) -> str:
    if finding.part == Part.LETTER and finding.subject:
        return part_url(campaign, "letter", f"{finding.locale}:{finding.subject}")
    part = finding.field if finding.part == "targets" else finding.part
    return mend_url(campaign, Gap("", part, locale=finding.locale, subject=finding.subject))


class LetterOptionsForm(CampaignForm):
    based_on = HiddenField()
    forbidden_words = TextField(
        _l("Words not allowed in a letter"),
        limit=MOST_WORDS * (LONGEST_WORD + 1),
        description=_l(
            "One word or phrase per line. The form refuses a letter that contains one, and "
            "says which. Only whole words count; capitals and accents make no difference. "
            "Anyone can try out names in the form. Enter witnesses, relatives and places on "
            "the Risks page instead: a letter that names one is reviewed, and the form says "
            "nothing of it. The same goes for a line here that has a word in common with a "
            "risk flag."
        ),
    )
    full_text_edit = BooleanField(
        _l("Supporters may rewrite the whole letter"),
        description=_l(
            "From salutation to close. Required points must still be recognizable. This is "
            "not possible for cards, or if letters differ between officials, or if a text "
            "quotes the supporter’s name."
        ),
    )
    print_translation = BooleanField(
        _l("Print the letter with its translation"),
        description=_l(
            "If a letter is not in the officials’ language, a page in their language "
            "follows it. Own words are printed as they are. A rewritten letter has no "
            "translation."
        ),
    )

    def options(self) -> Content:
        words = filter(None, map(one_line, (self.forbidden_words.data or "").splitlines()))
        return {
            "forbidden_words": list(dict.fromkeys(words)),
            "full_text_edit": bool(self.full_text_edit.data),
            "print_translation": bool(self.print_translation.data),
        }


class LetterOptions(DraftPage, template="campaigns/letter_options.html"):
    campaign: Campaign
    form: LetterOptionsForm


@blueprint.route("/<slug>/letter-options", methods=["GET", "POST"])
def edit_options(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    desk = Desk(campaign, Part.OPTIONS)
    words = "\n".join(campaign.forbidden_words)
    form = LetterOptionsForm(
        data=options_content(campaign) | {"based_on": desk.seen, "forbidden_words": words},
        **desk.typed(),
    )
    answer = desk.save(
        form,
        form.options,
        lambda: options.set_letter_options(
            session, campaign, actor=actor(), based_on=number_seen(form), **form.options()
        ),
        lambda: desk.stay(_("Letter options saved.")),
    )
    return answer or show_page(LetterOptions(campaign=campaign, form=form, drafting=desk))


class ReachForm(EditConflictForm, CampaignForm):
    hosts = TextField(
        _l("Partners’ sites"),
        limit=3000,
        description=_l(
            "One per line, for example example.org. Only these sites can show the form. Add "
            "www.example.org too if the site uses it."
        ),
    )


class EmbedPage(DraftPage, template="campaigns/embedding.html"):
    campaign: Campaign
    form: ReachForm
    site: str
    site_languages: Sequence[str]


@blueprint.route("/<slug>/reach", methods=["GET", "POST"])
def edit_reach(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "reach")
    form = ReachForm(data={"hosts": "\n".join(desk.held().embed_hosts)}, **desk.typed())

    def save() -> None:
        hosts = (form.hosts.data or "").splitlines()
        options.set_embed_hosts(db.session(), campaign, actor=actor(), hosts=hosts)

    if answer := desk.save_current(form, save, lambda: _("Sites saved.")):
        return answer
    site, codes = current_settings().base_url.rstrip("/"), i18n.languages()
    page = EmbedPage(campaign=campaign, form=form, site=site, site_languages=codes, drafting=desk)
    return show_page(page)
