"""Write · You · Check · Sign: the form itself carries what was typed; nothing else keeps it."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.campaigns.content.address_and_salutation import list_copies, name_and_office
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.core.settings import Settings, current_settings
from campaign.models.campaign import Campaign
from campaign.printing.geometry import Layout
from campaign.printing.page_fit import Room
from campaign.printing.printed_content import LetterContext
from campaign.public.case_page import CasePage, Recipient, case_page, recipients_of
from campaign.signing import validate
from campaign.signing.address import AddressPart, ShownAddress, make_address_samples
from campaign.signing.campaign_terms import SigningPlan, get_plan, refuse_ended
from campaign.signing.checks import wordlist
from campaign.signing.clean_text import Problem
from campaign.signing.consents import Consents, consents_in_words
from campaign.signing.form.forms import WRITE_FIELDS, SigningForm, list_problem_texts
from campaign.signing.letter.compose import Writer, arrange_points, move_point
from campaign.signing.letter.draft import Letters, draft_letters, point_texts, templates_by_target
from campaign.signing.letter.proposed_letters import UNNAMED
from campaign.signing.sign_in_rehearsal import page_mark
from campaign.signing.signed_links import Signer, make_receipt
from campaign.signing.validate import (
    LetterWords,
    Offer,
    Problems,
    SignedForm,
    check_form,
    check_words,
)
from campaign.web.page import Page

Posted = MultiDict[str, str]
_READABLE = {wordlist.FORBIDDEN, wordlist.INSULT, wordlist.PHONE, wordlist.LINK, "facts-missing"}
"""Problems of a text that can be measured all the same."""


class YouPage(Page, template="signing/you.html"):
    case: CasePage
    form: SigningForm
    parts: tuple[AddressPart, ...]
    samples: dict[str, ShownAddress]
    lives_there: bool
    consents: Consents


class CheckPage(Page, template="signing/check.html"):
    case: CasePage
    form: SigningForm
    signed: SignedForm
    meant: str
    letters: Letters
    consents: Consents
    copies: str  # Who receives a copy; "": nobody does
    settings: Settings
    at_risk: bool  # Whether the signer lives where the officials are
    alike: int  # How many letters say nearly the same; 0: few
    read_first: list[str]  # Reasons for which somebody will read it before it is printed
    changed: bool  # Whether we changed our text since the page was shown


@dataclass(frozen=True, slots=True)
class FormResult:
    form: SignedForm | None
    problems: Problems

    @property
    def step(self) -> str:
        return "write" if self.problems.keys() & set(WRITE_FIELDS) else "you"

    @property
    def status(self) -> int:
        """200 where nothing is wrong, 400 for what no keyboard types, 422 for all else."""
        slugs = {problem.slug for problem in self.problems.values()}
        if not slugs:
            return 200
        return 400 if slugs & {"nul", "not-text"} else 422


def open_plan(session: Session, slug: str, now: datetime) -> SigningPlan:
    plan = get_plan(session, slug)
    refuse_ended(plan, now)
    return plan


def correct_address(posted: Posted) -> Posted:
    meant = validate.suggest_address(posted.get("email", ""))
    if "use_meant" not in posted or not meant:
        return posted
    mended = MultiDict(posted)
    mended["email"] = meant
    return mended


def judge_form(
    posted: Posted, plan: SigningPlan, now: datetime | None = None, *, limit: int | None = None
) -> FormResult:
    limit = limit or current_settings().own_words_limit
    form, problems = check_form(*_read(posted, plan), limit=limit)
    if form is not None:
        problems |= _page_problems(plan, form.letter_locale, form, now or db.utcnow())
    return FormResult(None if problems else form, problems)


def judge_signing(posted: Posted, plan: SigningPlan, now: datetime) -> FormResult:
    """Judge the form, and whether our text still is what was shown before it was sent."""
    result, shown = judge_form(posted, plan, now), posted.get("text_shown", "")
    # Who asks for the email once more has signed: of the text that there was then.
    if "again" in posted or result.form is None or shown in {"", plan.text_version(result.form)}:
        return result
    return FormResult(result.form, {"text_shown": Problem("text-changed")})


def has_changed(posted: Posted, plan: SigningPlan, form: SignedForm) -> bool:
    """Whether our text is another than on the page Write, or Check, from which this was sent."""
    offered = plan.offered_version(form.letter_locale, rewritten=bool(form.full_text))
    return posted.get("text_shown", "") not in {"", plan.text_version(form), offered}


def judge_words(posted: Posted, plan: SigningPlan, now: datetime) -> FormResult:
    words, problems = _check_words(posted, plan)
    if not problems:
        problems |= _page_problems(plan, words.letter_locale, words.signed_by(UNNAMED), now)
    return FormResult(None, problems)


def _check_words(posted: Posted, plan: SigningPlan) -> tuple[LetterWords, Problems]:
    return check_words(*_read(posted, plan), limit=current_settings().own_words_limit)


def _read(posted: Posted, plan: SigningPlan) -> tuple[dict[str, str], list[str], Offer]:
    """What was typed, and what could be; who names no language writes in that of the page."""
    values = posted.to_dict()
    if "letter_locale" not in values:
        values["letter_locale"] = plan.letter_locale("", i18n.locale())
    return values, posted.getlist("points"), plan.offer(posted.get("letter_locale", ""))


def _page_problems(plan: SigningPlan, locale: str, writer: Writer, now: datetime) -> Problems:
    """A letter that would need a second page, or a larger card, where its writer can mend that."""
    room = _measure(plan, locale, writer, now)
    if room is None or room.fits:
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
        samples=make_address_samples(form),
        lives_there=form.country.data == campaign.country,
        consents=consents_in_words(cards=campaign.cards),
    )


def check_page(
    campaign: Campaign,
    plan: SigningPlan,
    posted: Posted,
    form: SignedForm,
    now: datetime,
    *,
    alike: int,
    read_first: list[str],
    changed: bool = False,
) -> CheckPage:
    shown = SigningForm(posted)
    signer = Signer(campaign.id, form.email, form.given_name, form.family_name)
    shown.receipt.data = make_receipt(signer, now)
    shown.text_shown.data = plan.text_version(form)
    return CheckPage(
        case=_case(campaign, now),
        form=shown,
        signed=form,
        meant=validate.suggest_address(form.email),
        letters=draft_letters(campaign, form, form.letter_locale, now=now, specimen=page_mark()),
        consents=consents_in_words(cards=campaign.cards),
        copies=_say_copies(campaign),
        settings=current_settings(),
        at_risk=form.country == campaign.country,
        alike=alike,
        read_first=read_first,
        changed=changed,
    )


def _say_copies(campaign: Campaign) -> str:
    """Say who receives a copy of the letter, on the page on which it is signed; cards have none."""
    copies = [] if campaign.cards else list_copies(campaign)
    names = [i18n.isolate(name_and_office(copy.official, i18n.locale())) for copy in copies]
    return i18n.semicolon(i18n.locale()).join(names)


def _case(campaign: Campaign, now: datetime) -> CasePage:
    return case_page(campaign, i18n.locale(), count=0, now=now)


@dataclass(frozen=True, slots=True)
class ReaderTranslation:
    locale: str
    opening: tuple[str, ...]
    points: dict[str, str]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointChoice:
    order: tuple[str, ...]
    taken: tuple[str, ...]


class WritePage(Page, template="signing/write.html"):
    case: CasePage
    form: SigningForm
    letter: LetterContext
    cards: bool
    letter_locales: list[str]
    points: list[tuple[str, bool, str]]
    taken: set[str]
    can_rewrite: bool
    facts: list[str]  # What a rewritten letter still has to say
    recipients: tuple[Recipient, ...]
    gloss: ReaderTranslation | None
    room: Room | None


class LivePreview(Page, template="signing/live_preview.html"):
    """The letter as it stands while it is typed, what is wrong with it, and the room left."""

    letter: LetterContext
    cards: bool
    layout: Layout
    room: Room | None
    sentences: list[str]


def write_page(
    campaign: Campaign,
    plan: SigningPlan,
    posted: Posted,
    problems: Problems,
    *,
    now: datetime,
    letter_locale: str = "",
) -> WritePage:
    locale = plan.letter_locale(posted.get("letter_locale", letter_locale), i18n.locale())
    choice = _choice(posted, plan, locale)
    letters = _drafts(campaign, choice.order, locale, now)
    templates = templates_by_target(campaign, locale).values()
    texts = point_texts(templates, letters, choice.order)
    required = dict(plan.points[locale])
    typed = _with_choice(posted, locale, choice)
    typed["full_text"] = _full_text(posted, plan, locale, choice, letters[0], texts)
    form = SigningForm(typed)
    form.text_shown.data = plan.offered_version(locale, rewritten=bool(typed["full_text"]))
    form.show_problems(problems)
    return WritePage(
        case=_case(campaign, now),
        form=form,
        letter=letters[0],
        cards=letters.cards,
        letter_locales=list(plan.letters),
        points=[(key, required[key], texts[key]) for key in choice.order],
        taken=set(choice.taken),
        can_rewrite=locale in plan.facts,
        facts=list(plan.facts.get(locale, {}).values()),
        recipients=recipients_of(campaign.targets, i18n.locale()),
        gloss=_reader_translation(campaign, choice, locale, now),
        room=_measure_words(plan, locale, *_check_words(typed, plan), now),
    )


def live_preview(
    campaign: Campaign, plan: SigningPlan, posted: Posted, now: datetime
) -> LivePreview:
    locale = plan.letter_locale(posted.get("letter_locale", ""), i18n.locale())
    choice = _choice(posted, plan, locale)
    words, problems = _check_words(_with_choice(posted, locale, choice), plan)
    writer = words.signed_by(Writer(gettext("(your name)")))
    letters = draft_letters(campaign, writer, locale, now=now, specimen=page_mark())
    return LivePreview(
        letter=replace(letters[0], translation=None),
        cards=letters.cards,
        layout=letters.layout,
        room=_measure_words(plan, locale, words, problems, now),
        sentences=[words for problem in problems.values() for words in list_problem_texts(problem)],
    )


def _choice(posted: Posted, plan: SigningPlan, locale: str) -> PointChoice:
    offered = plan.points[locale]
    chosen = posted.getlist("points")
    order = move_point(
        arrange_points(posted.getlist("order") or chosen, offered), posted.get("move", "")
    )
    first_visit = "letter_locale" not in posted
    taken = {key for key, needed in offered if needed or first_visit or key in chosen}
    return PointChoice(order, tuple(key for key in order if key in taken))


def _with_choice(posted: Posted, locale: str, choice: PointChoice) -> Posted:
    typed = MultiDict(posted)
    typed["letter_locale"] = locale
    typed.poplist("points")
    typed.update(("points", key) for key in choice.taken)
    return typed


def _full_text(
    posted: Posted,
    plan: SigningPlan,
    locale: str,
    choice: PointChoice,
    letter: LetterContext,
    texts: dict[str, str],
) -> str:
    rewrite = posted.get("rewrite", "")
    if locale not in plan.facts or rewrite == "no":
        return ""
    if rewrite != "yes":
        return posted.get("full_text", "")
    points = [texts[key] for key in choice.taken]
    own_words = posted.get("own_words", "").strip()
    return "\n\n".join(filter(None, [*letter.opening, *points, own_words, *letter.closing]))


def _drafts(campaign: Campaign, keys: tuple[str, ...], locale: str, now: datetime) -> Letters:
    writer = Writer(gettext("(your name)"), points=keys)
    return draft_letters(campaign, writer, locale, now=now)


def _reader_translation(
    campaign: Campaign, choice: PointChoice, locale: str, now: datetime
) -> ReaderTranslation | None:
    page = i18n.locale()
    if page == locale:
        return None
    try:
        letters = _drafts(campaign, choice.order, page, now)
    except NotFound:  # it is not translated
        return None
    return ReaderTranslation(
        page,
        letters[0].opening,
        point_texts(templates_by_target(campaign, page).values(), letters, choice.order),
        letters[0].closing,
    )


def _measure_words(
    plan: SigningPlan, locale: str, words: LetterWords, problems: Problems, now: datetime
) -> Room | None:
    if {problem.slug for problem in problems.values()} - _READABLE:
        return None
    return _measure(plan, locale, words.signed_by(UNNAMED), now)


def _measure(plan: SigningPlan, locale: str, writer: Writer, now: datetime) -> Room | None:
    """Measure what room is left; None where the campaign lets a letter run on."""
    if locale not in plan.bounded:
        return None
    return plan.drafts[locale].measure_room(writer, clock.day_of(now, plan.timezone))
