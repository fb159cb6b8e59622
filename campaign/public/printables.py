"""Printed things of a case, made once and named by what they hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import BoundedSemaphore

from flask_babel import gettext as _

from campaign.campaigns.content import pictures
from campaign.campaigns.content.address_and_salutation import addressing_of, host_of, list_addressed
from campaign.core import i18n
from campaign.core.clock import utcnow
from campaign.core.errors import NotFound, TooMany
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import MissionKind
from campaign.printing.geometry import PAPERS, Paper, paper_for
from campaign.printing.sheets import posters
from campaign.printing.sheets.handouts import (
    BlankLetter,
    ByHandContext,
    SheetContext,
    by_hand_pdf,
    plan_sheet,
    sheet_pdf,
)
from campaign.printing.sheets.posters import PosterContext
from campaign.public import share_links
from campaign.public.case_page import CasePage, case_page
from campaign.public.share_links import kicker_of, share_context, shown, whole_url
from campaign.storage import storage

_AT_ONCE = 2
_BUSY_SECONDS = 5
_presses = BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Handout:
    body: bytes
    etag: str


def share_picture(case: CasePage, lang: str) -> Handout:
    context = share_context(case, lang)
    mark = posters.fingerprint("share", context)
    size = (posters.SHARE_PICTURE, posters.SHARE_HEIGHT)
    return _get_or_make(
        f"share/{mark}.png", mark, lambda: posters.share_png(context, _cut(case, size))
    )


def _cut(case: CasePage, size: tuple[int, int]) -> bytes:
    if not case.whole_picture:
        return b""
    return pictures.cut(pictures.read(case.whole_picture), size, *case.focus).body


def poster(campaign: Campaign, case: CasePage, lang: str, paper: Paper) -> Handout:
    context = PosterContext(
        **_head_of(case, lang, share_links.POSTER),
        summary=case.summary,
        call=_("Write a card now") if case.cards else _("Write a letter now"),
        promise=_promise(campaign),
        deadline=_("Write by %(when)s", when=case.deadline.when.replace(" ", "\N{NO-BREAK SPACE}"))
        if case.deadline
        else "",
        site=current_settings().organisation_name,
        picture=case.whole_picture,
        picture_alt=case.picture.alt if case.picture else "",
        focus=case.focus,
    )

    def make() -> bytes:
        return posters.poster_pdf(context, paper, _cut(case, posters.POSTER_PICTURE))

    mark = posters.fingerprint("poster", context, paper.slug)
    return _get_or_make(f"posters/{mark}.pdf", mark, make)


def sheet_statement(organisation: str) -> str:
    """Return what people agree to who sign a sheet by hand, in the language of the page."""
    return str(
        _(
            "By signing, I ask %(organisation)s to keep these details and to deliver this sheet "
            "to the officials, or to their embassy or consulate. The strip with email addresses "
            "is cut off first. Officials see everything else on this sheet.",
            organisation=organisation,
        )
    )


def sheet_context(case: CasePage, lang: str) -> SheetContext:
    name, head = current_settings().organisation_name, _head_of(case, lang, share_links.SHEET)
    send = _("Post the sheet to: %(address)s.", address=_own_address())
    more = _(
        "Print as many sheets as you need: %(link)s",
        link=i18n.isolate(f"{head['shown_link']}/sheet.pdf"),
    )
    return SheetContext(
        **head,
        asks=case.asks,
        statement=sheet_statement(name),
        return_to=" ".join([send, *_arrive_by(case), more]),
        columns=(
            _("Name, in block letters"),
            _("Town"),
            _("Postal code"),
            _("Country"),
            _("Signature"),
        ),
        strip_columns=(_("Email address"), _("News about this case"), _("New urgent actions")),
        strip_note=_(
            "Only if you want emails from us: write your address and tick what you want. We keep "
            "this strip and never deliver it. Fold it back before you pass the sheet on, so that "
            "no one reads your address."
        ),
        cut_note=_("We cut here before we deliver the sheet."),
        call=_("To write your own card:") if case.cards else _("To write your own letter:"),
        site=name,
        title_label=f"{_('Signature sheet')} · {case.reference}",
    )


def sign_on_sheet(campaign: Campaign, case: CasePage, lang: str, paper: Paper) -> Handout:
    context = sheet_context(case, lang)
    mark = posters.fingerprint("sheet", context, paper.slug)
    return _get_or_make(f"sheets/{mark}.pdf", mark, lambda: sheet_pdf(context, paper))


def by_hand(campaign: Campaign, case: CasePage, lang: str, paper: Paper) -> Handout:
    if case.cards:
        send = _("Post your card to: %(to)s. We deliver it with the others.", to=_own_address())
    else:
        send = _("Post your letter to: %(to)s. We deliver it with the others.", to=_own_address())
    letter_locale = lang if lang in campaign.letter_locales else campaign.letter_locales[0]
    context = ByHandContext(
        **_head_of(case, lang, share_links.SHEET),
        reference=case.reference,
        asks_head=_("What you can ask for"),
        asks=case.asks,
        address_head=_("Write to"),
        letters=tuple(_blank_letter(target, letter_locale) for target in list_addressed(campaign)),
        letter_locale=letter_locale,
        advice_head=_("How to write"),
        advice=(
            _("Write in your own words. Be polite, and keep to the facts."),
            _(
                "Do not mention witnesses, relatives, homes or places where someone can be "
                "found. It could put people in danger."
            ),
            _("Sign with your full name and your town. Officials see everything you write."),
        ),
        return_to=" ".join([send, *_arrive_by(case)]),
        call=_("To write your card online:") if case.cards else _("To write your letter online:"),
        title_label=f"{_('To write by hand')} · {case.reference}",
    )
    mark = posters.fingerprint("by-hand", context, paper.slug)
    return _get_or_make(f"by-hand/{mark}.pdf", mark, lambda: by_hand_pdf(context, paper))


def _blank_letter(target: Target, locale: str) -> BlankLetter:
    addressing = addressing_of(target, locale, host_country=host_of(target))
    return BlankLetter(addressing.lines, addressing.salutation, addressing.close)


def small_sheets(campaign: Campaign, languages: Iterable[str]) -> dict[str, int]:
    """Return rows of the sign-on sheets whose words had to be set small, by language."""
    paper = paper_for(current_settings().organisation_country)
    planned = {}
    for lang in languages:
        with force_locale(lang):
            case = case_page(campaign, lang, count=0, now=utcnow())
            planned[lang] = plan_sheet(sheet_context(case, lang), paper)
    return {lang: page.rows for lang, page in planned.items() if not page.is_full}


def paper_named(name: str) -> Paper:
    """The paper of that name; the organisation's own where none is named. Raises NotFound."""
    if not name:
        return paper_for(current_settings().organisation_country)
    if name not in PAPERS:
        raise NotFound("paper")
    return PAPERS[name]


def _get_or_make(name: str, mark: str, make: Callable[[], bytes]) -> Handout:
    """From the storage, else made and kept; few at a time, so that signing has room."""
    if not storage().exists(name):
        if not _presses.acquire(timeout=_BUSY_SECONDS):
            raise TooMany("busy", seconds=_BUSY_SECONDS)
        try:
            if not storage().exists(name):  # another thread may have made it meanwhile
                storage().write(name, make())
        finally:
            _presses.release()
    return Handout(storage().read(name), mark)


def _head_of(case: CasePage, lang: str, source: str) -> dict[str, str]:
    page = whole_url("public.case", lang=lang, slug=case.slug)
    return {
        "locale": lang,
        "kicker": kicker_of(case),
        "title": case.title,
        "text_locale": case.content_lang or lang,
        "link": f"{page}?from={source}",
        "shown_link": shown(page),
    }


def _promise(campaign: Campaign) -> str:
    """How long it takes, and what becomes of it: an embassy is named where each is one."""
    missions = [target.mission for target in list_addressed(campaign)]
    if missions and all(mission and mission.kind is MissionKind.EMBASSY for mission in missions):
        if campaign.cards:
            return str(
                _("It takes three minutes. We print your card and deliver it to the embassy.")
            )
        return str(_("It takes three minutes. We print your letter and deliver it to the embassy."))
    if campaign.cards:
        return str(_("It takes three minutes. We print your card and deliver it."))
    return str(_("It takes three minutes. We print your letter and deliver it."))


def _arrive_by(case: CasePage) -> Iterator[str]:
    if case.deadline is not None:
        yield _("It counts if it reaches us by %(when)s.", when=case.deadline.when)
        if case.deadline.leaves_time_for_post:
            yield _("Post it at least a week before.")


def _own_address() -> str:
    settings = current_settings()
    return i18n.isolate(", ".join((settings.organisation_name, *settings.organisation_address)))
