"""Write · You · Check · Sign: what was typed so far, carried from page to page in the form itself.

Nothing is kept on our side until the letter is signed: no cookie, no session, no draft.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.core import clock, db, i18n
from campaign.core.settings import Settings, current_settings
from campaign.models.campaign import Campaign
from campaign.printing.geometry import Layout
from campaign.public.case_page import CasePage, case_page
from campaign.signing import mailbox_spellings
from campaign.signing.address import Part, Sample, samples_of
from campaign.signing.campaign_terms import SigningPlan, get_plan, refuse_ended
from campaign.signing.checks.review_decision import list_reasons_told
from campaign.signing.clean_text import Problem
from campaign.signing.consents import Consents, consents_in_words
from campaign.signing.form.forms import WRITE_FIELDS, SigningForm
from campaign.signing.letter.compose import Writer
from campaign.signing.letter.draft import Letters, draft_letters, layout_of, templates_by_target
from campaign.signing.letter.proposed_letters import nobody
from campaign.signing.receipts import Signer, make_receipt
from campaign.signing.sign_in_rehearsal import page_mark
from campaign.signing.validate import Problems, SignedForm, check_form, check_words
from campaign.web.page import Page

Posted = MultiDict[str, str]


class YouPage(Page, template="signing/you.html"):
    case: CasePage
    form: SigningForm
    parts: tuple[Part, ...]
    samples: dict[str, Sample]
    lives_there: bool
    consents: Consents


class CheckPage(Page, template="signing/check.html"):
    case: CasePage
    form: SigningForm
    signed: SignedForm
    meant: str
    """The address that was probably meant; empty: the one given looks right."""
    letters: Letters
    layout: Layout
    consents: Consents
    settings: Settings
    at_risk: bool
    """Whether the signer lives where the officials are."""
    alike: int
    """How many letters say nearly the same; 0: few."""
    read_first: list[str]
    """Reasons for which somebody will read it before it is printed."""


@dataclass(frozen=True, slots=True)
class FormResult:
    """A form that was posted, judged."""

    form: SignedForm | None
    """None where something must be mended first."""
    problems: Problems

    @property
    def step(self) -> str:
        """The page on which the first problem can be mended: `write` or `you`."""
        return "write" if self.problems.keys() & set(WRITE_FIELDS) else "you"

    @property
    def status(self) -> int:
        """200 where nothing is wrong, 400 for what no keyboard types, 422 for all else."""
        slugs = {problem.slug for problem in self.problems.values()}
        if not slugs:
            return 200
        return 400 if slugs & {"nul", "not-text"} else 422


def open_plan(session: Session, slug: str, now: datetime) -> SigningPlan:
    """The plan of a campaign that takes letters now. Raises NotFound or Refused."""
    plan = get_plan(session, slug)
    refuse_ended(plan, now)
    return plan


def correct_address(posted: Posted) -> Posted:
    """The form with the address that was probably meant, where its button was pressed."""
    meant = mailbox_spellings.suggest_address(posted.get("email", ""))
    if "use_meant" not in posted or not meant:
        return posted
    mended = MultiDict(posted)
    mended["email"] = meant
    return mended


def judge_form(
    posted: Posted, plan: SigningPlan, now: datetime | None = None, *, limit: int | None = None
) -> FormResult:
    """The whole form; a letter that is found right fits its page.

    `limit` is how many characters of own words are taken, where it is not the usual number.
    """
    offer = plan.offer(posted.get("letter_locale", ""))
    values = _with_letter_locale(posted, plan)
    form, problems = check_form(
        values, posted.getlist("points"), offer, limit=limit or current_settings().own_words_limit
    )
    if form is not None:
        problems |= _page_problems(plan, form.letter_locale, form, now or db.utcnow())
    return FormResult(None if problems else form, problems)


def judge_words(posted: Posted, plan: SigningPlan, now: datetime) -> FormResult:
    """The part of the page Write."""
    offer = plan.offer(posted.get("letter_locale", ""))
    values = _with_letter_locale(posted, plan)
    words, problems = check_words(
        values, posted.getlist("points"), offer, limit=current_settings().own_words_limit
    )
    if not problems:
        writer = nobody(words.own_words, words.points, words.full_text)
        problems |= _page_problems(plan, words.letter_locale, writer, now)
    return FormResult(None, problems)


def _page_problems(plan: SigningPlan, locale: str, writer: Writer, now: datetime) -> Problems:
    """A letter that would need a second page, or a larger card, where its writer can mend that."""
    if locale not in plan.bounded:
        return {}
    room = plan.drafts[locale].room(writer, clock.day_of(now, plan.timezone))
    if room.fits:
        return {}
    field = "full_text" if writer.full_text else "own_words" if writer.own_words else "points"
    slug = "over-card" if plan.drafts[locale].cards else "second-page"
    return {field: Problem(slug, {"lines": room.lines_over})}


def you_page(campaign: Campaign, posted: Posted, problems: Problems, now: datetime) -> YouPage:
    form = SigningForm(posted)
    form.offer_countries(current_settings().organisation_country)
    parts = form.fit_address()
    form.show_problems(problems)
    return YouPage(
        case=_case(campaign, now),
        form=form,
        parts=parts,
        samples=samples_of(form),
        lives_there=form.country.data == campaign.country,
        consents=consents_in_words(cards=campaign.cards),
    )


def check_page(
    campaign: Campaign, posted: Posted, form: SignedForm, now: datetime, *, alike: int
) -> CheckPage:
    home = current_settings().organisation_country
    shown = SigningForm(posted)
    signer = Signer(campaign.id, form.email, form.given_name, form.family_name)
    shown.receipt.data = make_receipt(signer, now)
    return CheckPage(
        case=_case(campaign, now),
        form=shown,
        signed=form,
        meant=mailbox_spellings.suggest_address(form.email),
        letters=draft_letters(
            campaign, form, form.letter_locale, now=now, home=home, specimen=page_mark()
        ),
        layout=layout_of(campaign, home),
        consents=consents_in_words(cards=campaign.cards),
        settings=current_settings(),
        at_risk=form.country == campaign.country,
        alike=alike,
        read_first=list_reasons_told(
            campaign, form, templates_by_target(campaign, form.letter_locale).values()
        ),
    )


def _with_letter_locale(posted: Posted, plan: SigningPlan) -> dict[str, str]:
    """The fields; a script that names no language writes in that of the page."""
    values = posted.to_dict()
    if "letter_locale" not in values:
        values["letter_locale"] = plan.letter_locale("", i18n.locale())
    return values


def _case(campaign: Campaign, now: datetime) -> CasePage:
    return case_page(campaign, i18n.locale(), count=0, now=now)
