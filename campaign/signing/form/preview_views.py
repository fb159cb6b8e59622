"""Previews of a campaign for organizers: page, emails and letter, as supporters would see them."""

from collections.abc import Callable, Collection

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from campaign.campaigns.content.address_and_salutation import list_addressed
from campaign.campaigns.content.part_contents import current_templates
from campaign.campaigns.content.risks import Finding, Words, texts_of_campaign, watch_of
from campaign.campaigns.content.targets import words_of_official
from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.lifecycle import is_rehearsal
from campaign.campaigns.public_counts import count_of
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from campaign.printing.problems import OF_ADDRESS, LetterRefused
from campaign.public.case_page import CasePage, CasePicture, case_page
from campaign.public.share_links import Share
from campaign.signing.campaign_terms import plan_of
from campaign.signing.form import preview_samples
from campaign.signing.form.preview_samples import (
    PLAIN,
    SAMPLES,
    SampleMail,
    sample_mail,
    sample_writer,
)
from campaign.signing.form.views import cannot_print, pdf_response
from campaign.signing.letter.draft import Letters, draft_letters, pdf_of
from campaign.staff.desk_access import guard
from campaign.web.page import Page, show_page

blueprint = Blueprint("signing_previews", __name__, url_prefix="/desk/campaigns/<slug>/preview")
guard(blueprint, Role.ORGANIZER)
_ON_PAGES = frozenset({"facts", "edition", "update", "picture", "targets"})


class Previews(Page, template="signing/previews.html"):
    campaign: Campaign
    codes: list[str]
    letter_locales: list[str]
    written: frozenset[str]
    addressed: bool
    kinds: list[str]
    samples: tuple[str, ...]
    sample: str


class PreviewCase(Page, template="signing/preview.html"):
    case: CasePage
    share: Share | None
    picture_url: Callable[[CasePicture], str]
    letter_locales: list[str]
    rehearse_url: str
    risks: list[Finding]


class PreviewLetter(Page, template="signing/preview_letter.html"):
    campaign: Campaign
    letters: Letters
    letter_locale: str
    letter_locales: list[str]
    samples: tuple[str, ...]
    sample: str
    risks: list[Finding]


class PreviewMail(Page, template="signing/preview_mail.html"):
    campaign: Campaign
    mail: SampleMail
    risks: list[Finding]


@blueprint.errorhandler(LetterRefused)
def name_refused(problem: LetterRefused) -> ResponseReturnValue:
    campaign = load(str((request.view_args or {}).get("slug")))
    faults = {
        fault.detail["key"]: fault.detail
        for fault in problem.problems
        if fault.slug in OF_ADDRESS and "key" in fault.detail
    }
    places = [
        (target.official, faults[str(target.id)])
        for target in campaign.targets
        if str(target.id) in faults
    ]
    return cannot_print(problem, places)


@blueprint.before_request
def _speak_as_the_public_page() -> None:
    lang = (request.view_args or {}).get("lang")
    if lang is None:
        return
    if lang not in i18n.languages():
        raise NotFound("language")
    g.locale = lang  # the guard has set that of the staff user


@blueprint.get("")
def overview(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    return show_page(
        Previews(
            campaign=campaign,
            codes=i18n.languages(),
            letter_locales=list(plan_of(campaign).letters),
            written=frozenset(current_templates(campaign)),
            addressed=bool(list_addressed(campaign)),
            kinds=list(preview_samples.KINDS),
            samples=SAMPLES,
            sample=_sample(),
        )
    )


@blueprint.get("/<lang>")
def preview_case(slug: str, lang: str) -> ResponseReturnValue:
    campaign = load(slug)
    case = case_page(campaign, lang, count=count_of(db.session(), campaign), now=db.utcnow())
    return show_page(
        PreviewCase(
            case=case,
            share=None,
            picture_url=lambda picture: url_for(
                "campaigns.show_picture", slug=slug, name=picture.name
            ),
            letter_locales=list(plan_of(campaign).letters),
            rehearse_url=_rehearse_url(campaign, lang),
            risks=_risks_in(campaign, case.content_lang or lang, _ON_PAGES),
        )
    )


def _risks_in(campaign: Campaign, locale: str, parts: Collection[str]) -> list[Finding]:
    texts = [
        *(text for text in texts_of_campaign(campaign) if text.part != "targets"),
        *(
            text
            for target in campaign.targets
            for text in words_of_official(campaign, target.official)
        ),
    ]
    shown = [text for text in texts if text.part in parts and text.locale == locale]
    return watch_of(campaign).findings(shown)


def _rehearse_url(campaign: Campaign, lang: str) -> str:
    """Return where a letter can be tried; "" once the campaign is open."""
    if not is_rehearsal(campaign.status) or not plan_of(campaign).letters:
        return ""
    return url_for("signing_rehearsal.write", slug=campaign.slug, lang=lang)


@blueprint.get("/<lang>/letter.pdf")
def preview_letter(slug: str, lang: str) -> ResponseReturnValue:
    campaign = load(slug)
    letters, _locale = _sample_letters(campaign, lang)
    return pdf_response(pdf_of(letters), f"{campaign.slug}-specimen.pdf")


@blueprint.get("/<lang>/letter")
def preview_screen(slug: str, lang: str) -> ResponseReturnValue:
    campaign = load(slug)
    letters, locale = _sample_letters(campaign, lang)
    return show_page(
        PreviewLetter(
            campaign=campaign,
            letters=letters,
            letter_locale=locale,
            letter_locales=list(plan_of(campaign).letters),
            samples=SAMPLES,
            sample=_sample(),
            risks=_risks_in(campaign, locale, {"letter", "targets"}),
        )
    )


@blueprint.get("/<lang>/mails/<kind>")
def preview_mail(slug: str, lang: str, kind: str) -> ResponseReturnValue:
    campaign = load(slug)
    mail = sample_mail(kind, campaign, lang, db.utcnow())
    words = Words("mail", lang, "mail", f"{mail.subject}\n{mail.text}")
    risks = watch_of(campaign).findings([words])
    return show_page(PreviewMail(campaign=campaign, mail=mail, risks=risks))


@blueprint.get("/<lang>/mails/<kind>/html")
def preview_html(slug: str, lang: str, kind: str) -> ResponseReturnValue:
    """Show the mail as mail programs do; it may load nothing."""
    mail = sample_mail(kind, load(slug), lang, db.utcnow())
    response = Response(mail.html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = mail.policy
    return response


def _sample_letters(campaign: Campaign, lang: str) -> tuple[Letters, str]:
    now = db.utcnow()
    plan = plan_of(campaign)
    if not plan.letters:
        raise NotFound("letter-template")
    locale = plan.letter_locale(request.args.get("letter", ""), lang)
    writer = sample_writer(_sample(), plan, locale, clock.day_of(now, campaign.timezone))
    letters = draft_letters(campaign, writer, locale, now=now, specimen=gettext("Specimen"))
    return letters, locale


def _sample() -> str:
    sample = request.args.get("sample", "")
    return sample if sample in SAMPLES else PLAIN
