"""How a case is passed on: addresses to share, what other sites show of it, what led here."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import url_for
from flask_babel import gettext as _

from campaign.campaigns.find_campaigns import public_neighbours
from campaign.core import i18n
from campaign.core.language_facts import facts_of
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.printing.sheets.posters import SHARE_HEIGHT, SHARE_WIDTH, ShareContext, fingerprint
from campaign.public.case_page import CasePage, case_page

_SOURCE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,58}[a-z0-9])?")
POSTER, SHEET = "poster", "sheet"


def clean_source(text: str) -> str:
    """A host or word of at most 60 characters; what is none is dropped, and keeps nobody out."""
    lowered = text.strip().lower()
    return lowered if _SOURCE.fullmatch(lowered) else ""


def with_source(page: bytes, link: str, source: str) -> bytes:
    """The finished page with `source` added to each link and form that leads to `link`."""
    if not source:
        return page
    for name in ("href", "action"):
        page = page.replace(f'{name}="{link}"'.encode(), f'{name}="{link}?from={source}"'.encode())
    return page


@dataclass(frozen=True, slots=True)
class ShareLink:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Share:
    address: str
    message: str
    """What is sent to others: why, until when, and the address. Its sender may change it."""
    links: tuple[ShareLink, ...]
    oembed: str
    picture: str
    width: int
    height: int
    og_locale: str
    linked_data: dict[str, Any]


def share_of(campaign: Campaign, case: CasePage, lang: str, *, wrote: bool = False) -> Share:
    address = whole_url("public.case", lang=lang, slug=case.slug)
    version = fingerprint("share", share_context(case, lang))[:8]
    picture = whole_url("public.share_picture", lang=lang, slug=case.slug, v=version)
    message = f"{_invitation(case, wrote=wrote)} {address}"
    opened = {
        "whatsapp": ("https://wa.me/?", {"text": message}),
        "email": ("mailto:?", {"subject": case.title, "body": message}),
        "x": ("https://x.com/intent/post?", {"text": case.title, "url": address}),
        "facebook": ("https://www.facebook.com/sharer/sharer.php?", {"u": address}),
    }
    return Share(
        address=address,
        message=message,
        links=tuple(
            ShareLink(name, start + urlencode(query, quote_via=quote))
            for name, (start, query) in opened.items()
        ),
        oembed=whole_url("api.oembed", url=address),
        picture=picture,
        width=SHARE_WIDTH,
        height=SHARE_HEIGHT,
        og_locale=facts_of(lang).open_graph or i18n.language_with_country(lang),
        linked_data=_linked_data(campaign, case, lang, address, picture),
    )


def share_after_writing(
    campaign: Campaign, case: CasePage, lang: str, now: datetime
) -> Share | None:
    """What a writer passes on while the action takes letters: its follow-up where that does too.

    The page of the case says then to write there instead.
    """
    if not case.takes_letters:
        return None
    for later in public_neighbours(campaign)[1]:
        instead = case_page(later, lang, count=0, now=now)
        if instead.takes_letters:
            return share_of(later, instead, lang, wrote=True)
    return share_of(campaign, case, lang, wrote=True)


def share_context(case: CasePage, lang: str) -> ShareContext:
    """Words of the picture. No number stands in it: where it is shown, it would soon be old."""
    if case.by_post and case.cards:
        ask = _("Write a card. We print it and post it.")
    elif case.by_post:
        ask = _("Write a letter. We print it and post it.")
    elif case.cards:
        ask = _("Write a card. We print it and deliver it.")
    else:
        ask = _("Write a letter. We print it and deliver it.")
    return ShareContext(
        locale=lang,
        kicker=kicker_of(case),
        title=case.title,
        title_locale=case.content_lang or lang,
        ask=ask if case.takes_letters else _("See what has happened since."),
        site=" · ".join((current_settings().organisation_name, shown(current_settings().base_url))),
        picture=case.whole_picture,
        focus=case.focus,
    )


def kicker_of(case: CasePage) -> str:
    return " · ".join((_("Urgent action"), case.country, case.reference))


def calendar_words(case: CasePage) -> tuple[str, str]:
    return _say_of_person(_("Last day to write for %(name)s"), case), case.summary


def _say_of_person(words: str, case: CasePage) -> str:
    return (i18n.about(words) if case.person_died else words) % {"name": case.person_name}


def whole_url(endpoint: str, **values: Any) -> str:
    """An address that holds outside our pages; built from the settings, not from the request."""
    return current_settings().base_url.rstrip("/") + url_for(endpoint, **values)


def shown(url: str) -> str:
    """An address as people read it, without what their browser adds."""
    return url.partition("://")[2].rstrip("/")


def _invitation(case: CasePage, *, wrote: bool) -> str:
    sentences = [case.title if case.title[-1:] in ".!?…؟" else f"{case.title}."]
    if not case.takes_letters:
        return sentences[0]
    if wrote:
        sentences = [_say_of_person(_("I have written for %(name)s."), case)]
        sentences.append(_("Will you write too? It takes about three minutes."))
    else:
        sentences.append(_("Write to the officials who can act. It takes three minutes."))
    if case.deadline and case.deadline.late:
        sentences.append(_("The action stays open for a few more hours."))
    elif case.deadline:
        sentences.append(_("Write by %(when)s.", when=case.deadline.when))
    return " ".join(sentences)


def _linked_data(
    campaign: Campaign, case: CasePage, lang: str, address: str, picture: str
) -> dict[str, Any]:
    organisation = {
        "@type": "Organization",
        "name": current_settings().organisation_name,
        "url": current_settings().organisation_website or current_settings().base_url,
    }
    size = {"width": SHARE_WIDTH, "height": SHARE_HEIGHT}
    image = {"@type": "ImageObject", "url": picture, **size}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "@id": address,
        "url": address,
        "headline": case.title,
        "description": case.summary,
        "inLanguage": case.content_lang or lang,
        "image": image,
        "dateModified": campaign.changed_at.isoformat(timespec="seconds"),
        "author": organisation,
        "publisher": organisation,
        "about": {"@type": "Person", "name": case.person_name},
        "contentLocation": {"@type": "Country", "name": i18n.country_name(campaign.country, lang)},
    }
    if campaign.issued_on:
        data["datePublished"] = campaign.issued_on.isoformat()
    if case.takes_letters:
        data["potentialAction"] = {
            "@type": "WriteAction",
            "name": _("Write a card") if case.cards else _("Write a letter"),
            "target": whole_url("signing.write", lang=lang, slug=case.slug),
        }
    return data
