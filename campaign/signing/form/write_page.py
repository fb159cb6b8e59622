"""What the page Write shows: the letter, with fields where it can be changed, and its measure."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from campaign.core import clock, i18n
from campaign.core.errors import NotFound
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.printing.geometry import Layout
from campaign.printing.letter_content import LetterContext
from campaign.printing.page_fit import Room
from campaign.public.case_page import CasePage, Recipient, case_page, recipients_of
from campaign.signing.campaign_terms import SigningPlan
from campaign.signing.checks import wordlist
from campaign.signing.form.forms import SigningForm
from campaign.signing.form.problem_texts import list_problem_texts
from campaign.signing.letter.draft import (
    Letters,
    blank_writer,
    draft_letters,
    layout_of,
    point_texts,
    templates_by_target,
)
from campaign.signing.letter.points import arrange_points, move_point
from campaign.signing.letter.proposed_letters import nobody
from campaign.signing.sign_in_rehearsal import page_mark
from campaign.signing.validate import Problems, Words, check_words
from campaign.web.page import Page

Posted = MultiDict[str, str]

_READABLE = {wordlist.FORBIDDEN, wordlist.INSULT, wordlist.PHONE, wordlist.LINK, "facts-missing"}
"""Problems of a text that can be measured all the same."""


@dataclass(frozen=True, slots=True)
class ReaderTranslation:
    """The proposed letter in the language of the page, beside the one that prints."""

    locale: str
    opening: tuple[str, ...]
    points: dict[str, str]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """How the points stand on the page: in which order, and which of them are taken."""

    order: tuple[str, ...]
    taken: tuple[str, ...]


class WritePage(Page, template="signing/write.html"):
    case: CasePage
    form: SigningForm
    letter: LetterContext
    cards: bool
    letter_locales: list[str]
    points: list[tuple[str, bool, str]]
    """Key, whether it is required, text."""
    taken: set[str]
    can_rewrite: bool
    facts: list[str]
    """What a rewritten letter still has to say."""
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
    """Make the page Write; `letter_locale` is the letter's language where the address names one."""
    locale = plan.letter_locale(posted.get("letter_locale", letter_locale), i18n.locale())
    choice = _choice(posted, plan, locale)
    letters = _drafts(campaign, choice.order, locale, now)
    templates = templates_by_target(campaign, locale).values()
    texts = point_texts(templates, letters, choice.order)
    required = dict(plan.points[locale])
    form = _form(posted, locale, choice)
    form.full_text.data = _full_text(posted, plan, locale, choice, letters[0], texts)
    words, word_problems = _check_words(form, plan)
    form.show_problems(problems)
    return WritePage(
        case=case_page(campaign, i18n.locale(), count=0, now=now),
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
        room=_measure(plan, locale, words, word_problems, now),
    )


def live_preview(
    campaign: Campaign, plan: SigningPlan, posted: Posted, now: datetime
) -> LivePreview:
    locale = plan.letter_locale(posted.get("letter_locale", ""), i18n.locale())
    choice = _choice(posted, plan, locale)
    words, problems = _check_words(_form(posted, locale, choice), plan)
    writer = replace(
        blank_writer(gettext("(your name)"), words.own_words, words.points),
        full_text=words.full_text,
    )
    home = current_settings().organisation_country
    letters = draft_letters(campaign, writer, locale, now=now, home=home, specimen=page_mark())
    return LivePreview(
        letter=replace(letters[0], translation=None),
        cards=letters.cards,
        layout=layout_of(campaign, home),
        room=_measure(plan, locale, words, problems, now),
        sentences=[words for problem in problems.values() for words in list_problem_texts(problem)],
    )


def _choice(posted: Posted, plan: SigningPlan, locale: str) -> Choice:
    """Return the points as they were posted, and moved; on a first visit all are taken."""
    offered = plan.points[locale]
    chosen = posted.getlist("points")
    order = move_point(
        arrange_points(posted.getlist("order") or chosen, offered), posted.get("move", "")
    )
    first_visit = "letter_locale" not in posted
    taken = {key for key, needed in offered if needed or first_visit or key in chosen}
    return Choice(order, tuple(key for key in order if key in taken))


def _form(posted: Posted, locale: str, choice: Choice) -> SigningForm:
    typed = MultiDict(posted)
    typed.setlist("letter_locale", [locale])
    typed.setlist("points", list(choice.taken))
    return SigningForm(typed)


def _check_words(form: SigningForm, plan: SigningPlan) -> tuple[Words, Problems]:
    values = {
        name: form[name].data or ""
        for name in ("own_words", "full_text", "letter_locale", "country")
    }
    offer = plan.offer(values["letter_locale"])
    return check_words(
        values, form.points.data or (), offer, limit=current_settings().own_words_limit
    )


def _full_text(
    posted: Posted,
    plan: SigningPlan,
    locale: str,
    choice: Choice,
    letter: LetterContext,
    texts: dict[str, str],
) -> str:
    """Return the text of the field for the whole letter; "" where it is not being rewritten."""
    rewrite = posted.get("rewrite", "")
    if locale not in plan.facts or rewrite == "no":
        return ""
    if rewrite != "yes":
        return posted.get("full_text", "")
    points = [texts[key] for key in choice.taken]
    own_words = posted.get("own_words", "").strip()
    return "\n\n".join(filter(None, [*letter.opening, *points, own_words, *letter.closing]))


def _drafts(campaign: Campaign, keys: tuple[str, ...], locale: str, now: datetime) -> Letters:
    writer = blank_writer(gettext("(your name)"), points=keys)
    home = current_settings().organisation_country
    return draft_letters(campaign, writer, locale, now=now, home=home)


def _reader_translation(
    campaign: Campaign, choice: Choice, locale: str, now: datetime
) -> ReaderTranslation | None:
    """Return the letter in the language of the page, where it is written in another."""
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


def _measure(
    plan: SigningPlan, locale: str, words: Words, problems: Problems, now: datetime
) -> Room | None:
    """Measure the letter; None where that is not possible, or nobody could mend it."""
    if locale not in plan.bounded or {problem.slug for problem in problems.values()} - _READABLE:
        return None
    day = clock.day_of(now, plan.timezone)
    writer = nobody(words.own_words, words.points, words.full_text)
    return plan.drafts[locale].room(writer, day)
