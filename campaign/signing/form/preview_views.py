"""What organizers see of a campaign before anybody else does: page, mails and letter.

As any supporter would see them, in every language, with an ordinary supporter or a hard case.
"""

from collections.abc import Collection

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from campaign.campaigns.content.current_letters import current_templates
from campaign.campaigns.content.risk_words import Finding, Words, texts_of_campaign
from campaign.campaigns.content.risks import watch_of
from campaign.campaigns.content.targets import words_of_official
from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.lifecycle import is_rehearsal
from campaign.campaigns.public_counts import count_of
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.core.settings import home_country
from campaign.models.campaign import Campaign, TargetKind
from campaign.models.staff import Role
from campaign.printing.problems import OF_ADDRESS, LetterRefused
from campaign.public.case_page import case_page
from campaign.signing import mail_samples
from campaign.signing.campaign_terms import plan_of
from campaign.signing.form.views import cannot_print, pdf_response
from campaign.signing.letter.draft import Letters, draft_letters, layout_of, pdf_of
from campaign.signing.letter.samples import PLAIN, SAMPLES, sample_writer
from campaign.signing.mail_samples import sample_mail
from campaign.staff.guards import guard

blueprint = Blueprint("signing_previews", __name__, url_prefix="/desk/campaigns/<slug>/preview")
guard(blueprint, Role.ORGANIZER)
_ON_PAGES = frozenset({"edition", "update", "picture", "targets"})
"""Parts of a campaign that its page shows."""


@blueprint.errorhandler(LetterRefused)
def name_refused(problem: LetterRefused) -> ResponseReturnValue:
    """A page that says why there is no PDF, and at which official to mend it."""
    campaign = load(str((request.view_args or {}).get("slug")))
    lines = {
        one.detail["key"]: one.detail.get("line", "")
        for one in problem.problems
        if one.slug in OF_ADDRESS and "key" in one.detail
    }
    places = [
        (one.official, lines[str(one.id)]) for one in campaign.targets if str(one.id) in lines
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
    """Everything that a supporter can come to see, by language; `sample` says which supporter."""
    campaign = load(slug)
    return render_template(
        "signing/previews.html",
        campaign=campaign,
        codes=i18n.languages(),
        letter_locales=list(plan_of(campaign).letters),
        written=frozenset(current_templates(campaign)),
        addressed=any(one.kind is TargetKind.TO for one in campaign.targets),
        kinds=list(mail_samples.KINDS),
        samples=SAMPLES,
        sample=_sample(),
    )


@blueprint.get("/<lang>")
def preview_case(slug: str, lang: str) -> ResponseReturnValue:
    """The case page as it would stand, with a line that says what it is."""
    session = db.session()
    campaign = load(slug)
    page = case_page(campaign, lang, count=count_of(session, campaign), now=db.utcnow())
    return render_template(
        "signing/preview.html",
        case=page,
        share=None,
        picture_url=lambda one: url_for("campaigns.show_picture", slug=slug, name=one.name),
        letter_locales=list(plan_of(campaign).letters),
        rehearse_url=_rehearse_url(campaign, lang),
        risks=_risks_in(campaign, page.content_lang or lang, _ON_PAGES),
    )


def _risks_in(campaign: Campaign, locale: str, parts: Collection[str]) -> list[Finding]:
    """What flags rule out in these parts of the campaign, in one language."""
    texts = [
        *(one for one in texts_of_campaign(campaign) if one.part != "targets"),
        *(words for one in campaign.targets for words in words_of_official(campaign, one.official)),
    ]
    shown = [one for one in texts if one.part in parts and one.locale == locale]
    return watch_of(campaign).findings(shown)


def _rehearse_url(campaign: Campaign, lang: str) -> str:
    """Where a letter can be tried; once it is open, everybody writes."""
    if not is_rehearsal(campaign.status) or not plan_of(campaign).letters:
        return ""
    return url_for("signing_rehearsal.write", slug=campaign.slug, lang=lang)


@blueprint.get("/<lang>/letter.pdf")
def preview_letter(slug: str, lang: str) -> ResponseReturnValue:
    """The letters of an invented supporter, marked as a specimen. `letter` names the language."""
    campaign = load(slug)
    letters, _locale = _letters(campaign, lang)
    return pdf_response(
        pdf_of(letters, layout_of(campaign, home_country())), f"{campaign.slug}-specimen.pdf"
    )


@blueprint.get("/<lang>/letter")
def preview_screen(slug: str, lang: str) -> ResponseReturnValue:
    """The same letters as the page Check shows them."""
    campaign = load(slug)
    letters, locale = _letters(campaign, lang)
    return render_template(
        "signing/preview_letter.html",
        campaign=campaign,
        letters=letters,
        layout=layout_of(campaign, home_country()),
        letter_locale=locale,
        letter_locales=list(plan_of(campaign).letters),
        samples=SAMPLES,
        sample=_sample(),
        risks=_risks_in(campaign, locale, {"letter", "targets"}),
    )


@blueprint.get("/<lang>/mails/<kind>")
def preview_mail(slug: str, lang: str, kind: str) -> ResponseReturnValue:
    """A mail about the campaign: its subject and its text."""
    campaign = load(slug)
    mail = sample_mail(kind, campaign, lang, db.utcnow())
    words = Words("mail", lang, "mail", f"{mail.subject}\n{mail.text}")
    risks = watch_of(campaign).findings([words])
    return render_template("signing/preview_mail.html", campaign=campaign, mail=mail, risks=risks)


@blueprint.get("/<lang>/mails/<kind>/html")
def preview_html(slug: str, lang: str, kind: str) -> ResponseReturnValue:
    """The same mail as mail programs show it; it may load nothing."""
    mail = sample_mail(kind, load(slug), lang, db.utcnow())
    response = Response(mail.html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = mail.policy
    return response


def _letters(campaign: Campaign, lang: str) -> tuple[Letters, str]:
    """The letters of the sample that the address names, and their language."""
    home, now = home_country(), db.utcnow()
    plan = plan_of(campaign, home=home)
    if not plan.letters:
        raise NotFound("letter-template")
    locale = plan.letter_locale(request.args.get("letter", ""), lang)
    writer = sample_writer(_sample(), campaign, plan, locale, clock.day_of(now, campaign.timezone))
    letters = draft_letters(
        campaign, writer, locale, now=now, home=home, specimen=gettext("Specimen")
    )
    return letters, locale


def _sample() -> str:
    wanted = request.args.get("sample", "")
    return wanted if wanted in SAMPLES else PLAIN
