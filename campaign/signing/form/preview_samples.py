"""Invented supporters, ordinary and extreme, and the emails of a campaign: for previews."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext

from campaign.campaigns.closing_reasons import reasons_of
from campaign.campaigns.content.address_and_salutation import goes_by_post, list_addressed
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings, site_url
from campaign.mail.headers import read_body
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, Update
from campaign.models.directory import mission_name, official_name
from campaign.models.signature import Disclosure
from campaign.public.case_page import destination_name, edition_for, told_in
from campaign.public.deadline import say_day
from campaign.signing.campaign_terms import SigningPlan
from campaign.signing.letter.compose import Writer
from campaign.signing.mails import case_facts, last_day_to_confirm

PLAIN, LONGEST, RTL, WORDS, SCRIPTS = "plain", "longest", "rtl", "words", "scripts"
SAMPLES = (PLAIN, LONGEST, RTL, WORDS, SCRIPTS)
_LONG_GIVEN = "Wilhelmina-Maximiliana Oluwaseun-Oluwadamilola Featherstonehaugh"
_LONG_FAMILY = "Venkatanarasimharajuvaripeta-Montgomery von Hohenzollern-Sigmaringen"
_LONG = 60  # Characters of each: together the longest name for which letters are checked
_LONG_TOWN = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch"
_FEWEST = 40  # Characters below which own words are not cut further to fit


def sample_writer(kind: str, plan: SigningPlan, locale: str, day: date) -> Writer:
    points = tuple(key for key, _ in plan.points[locale])
    text: str = gettext(
        "Your own words will be printed here. I am writing because what happened matters to me."
    )
    values = _PLAIN | {"own_words": text} | _CASES.get(kind, {})
    writer = Writer(**values, disclosure=Disclosure.FULL, points=points)
    if kind == WORDS:
        limit = plan.offer(locale).limit(current_settings().own_words_limit)
        once = writer.own_words
        words = " ".join([once] * (limit // len(once) + 1))[:limit].rpartition(" ")[0]
        filled = replace(writer, own_words=words)
        while (
            locale in plan.bounded
            and len(filled.own_words) > _FEWEST
            and not plan.drafts[locale].measure_room(filled, day).fits
        ):
            shorter = filled.own_words[: len(filled.own_words) - 40].rpartition(" ")[0]
            filled = replace(filled, own_words=shorter)
        return filled
    return writer


_PLAIN = {
    "given_name": "Robin",
    "family_name": "Beauchamp",
    "locality": "Ottawa",
    "region": "ON",
    "postal_code": "K1A 0A1",
    "country": "CA",
}
_CASES: dict[str, dict[str, str]] = {
    LONGEST: {
        "given_name": _LONG_GIVEN[:_LONG].strip(" -"),
        "family_name": _LONG_FAMILY[:_LONG].strip(" -"),
        "locality": _LONG_TOWN,
        "region": "Ynys Môn",
        "postal_code": "LL61 5UJ",
        "country": "GB",
    },
    RTL: {
        "given_name": "نور الهدى",
        "family_name": "عبد الرحمن الحدّاد",
        "locality": "بيروت",
        "region": "",
        "postal_code": "1107 2180",
        "country": "LB",
        "own_words": (
            "قرأتُ قصة هذا الإنسان ولم أستطع أن أنساها. نحن بعيدون، لكننا نتابع "
            "ما يجري، ونطلب أن تُحترم حقوقه وأن يُحمى هو ومن معه."
        ),
    },
    SCRIPTS: {
        "given_name": "Łucja Ștefania",
        "family_name": "Ωμέγα-Żółkiewska",
        "locality": "Київ",
        "region": "",
        "postal_code": "01001",
        "country": "UA",
        "own_words": (
            "Пишу вам здалеку: ми стежимо за цією справою. Σας γράφω από μακριά. "
            "Ďakujem, že čítate. Þakka þér fyrir. Xin cảm ơn."
        ),
    },
}


Context = dict[str, object]
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_NUMBER = "00123"
_WRITER = "Ana"


@dataclass(frozen=True, slots=True)
class SampleMail:
    kind: str
    subject: str
    text: str
    html: str

    @property
    def policy(self) -> str:
        """Return what the HTML may load: its own style, known by its hash, and nothing else."""
        hashes = [
            base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            for style in _STYLE.findall(self.html)
        ]
        styles = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
        return f"default-src 'none'; style-src {styles}; base-uri 'none'; frame-ancestors 'none'"


def sample_mail(kind: str, campaign: Campaign, locale: str, now: datetime) -> SampleMail:
    """Render one email about the campaign, in that language. Raises NotFound for another kind."""
    if kind not in KINDS:
        raise NotFound("mail")
    with force_locale(locale):
        context = KINDS[kind](campaign, locale, now)
    mail = OutboxMail(
        kind=kind,
        recipient="robin@example.org",
        locale=locale,
        context=json.dumps(context),
        public_id="sample",
    )
    message = render(mail, current_settings())
    text, html = read_body(message, "plain"), read_body(message, "html")
    return SampleMail(kind, str(message["Subject"]), text, html)


def _link(campaign: Campaign, locale: str, days: int) -> Context:
    link = _url("public.home", lang=locale) + "letter/…"
    now = db.utcnow()
    confirm_by = last_day_to_confirm(now + timedelta(days=days), now=now, locale=locale)
    own = {"writer": _WRITER, "link": link, "days": days, "confirm_by": confirm_by}
    own |= {"by_post": goes_by_post(campaign)}
    return case_facts(campaign, locale) | own


def _followed(campaign: Campaign, locale: str) -> Context:
    own = {
        "writer": _WRITER,
        "letters_url": _url("privacy.ask", lang=locale),
        "unsubscribe": _url("public.home", lang=locale) + "…",
    }
    return case_facts(campaign, locale) | own


def _already(campaign: Campaign, locale: str, now: datetime) -> Context:
    letters_url = _url("privacy.ask", lang=locale)
    own = {"writer": _WRITER, "letters_url": letters_url, "why": "already", "own_words": ""}
    more = {"network_url": _url("network.join", lang=locale), "news": False, "network": False}
    return case_facts(campaign, locale) | own | more


def _returned(campaign: Campaign, locale: str, now: datetime) -> Context:
    note = gettext("Remove the phone number. Everyone at the embassy could read it.")
    link = _link(campaign, locale, 7)["link"]
    return case_facts(campaign, locale) | {"writer": _WRITER, "note": note, "link": link}


def _handed_over(campaign: Campaign, locale: str, now: datetime) -> Context:
    written = list_addressed(campaign)
    reached = [target.mission for target in campaign.targets if target.mission]
    mission = mission_name(reached[0], locale) if reached else gettext("embassy or consulate")
    if written and not reached:
        mission = destination_name(written[0].official, locale)
    return _followed(campaign, locale) | {
        "numbers": [f"{int(_NUMBER) + at:05d}" for at in range(max(1, len(written)))],
        "mission": mission,
        "day": i18n.say_date(clock.day_of(now, campaign.timezone), locale),
        "place": reached[0].locality if reached else "",
        "also": [],
        "corrects": False,
        "withdrawn": False,
        "outcome": "by-post" if written and not reached else "accepted",
    }


def _still_here(campaign: Campaign, locale: str, _now: datetime) -> Context:
    written = list_addressed(campaign)
    recipient = official_name(written[0].official, locale) if written else ""
    own = {"letters": 1, "sheet": False, "was_delivered": True, "withdrawn": False}
    return _followed(campaign, locale) | own | {"recipient": recipient}


def _update(campaign: Campaign, locale: str, now: datetime) -> Context:
    title, text, code = _told(campaign.updates[-1] if campaign.updates else None, campaign, locale)
    own = {"what": "outcome", "title": title, "text": text, "lang": code}
    return _followed(campaign, locale) | own


def _stopped(campaign: Campaign, locale: str, now: datetime) -> Context:
    wording = reasons_of(campaign).said_in(locale)
    reason = wording.text or gettext("The family asked us to stop the action.")
    stop = {"stop_kind": campaign.stop_kind.value, "reason": reason, "lang": wording.lang or locale}
    return _followed(campaign, locale) | stop


def _continued(campaign: Campaign, locale: str, now: datetime) -> Context:
    news = _news(campaign, locale, now)
    kept = {name: news[name] for name in ("title", "text", "lang", "deadline")}
    more = {"earlier_id": campaign.id, "asks_cards": campaign.cards}
    return _followed(campaign, locale) | kept | more


KINDS: Mapping[str, Callable[[Campaign, str, datetime], Context]] = {
    "network-action": lambda campaign, locale, now: (
        _member(locale) | {"news": _news(campaign, locale, now)}
    ),
    "network-digest": lambda campaign, locale, now: (
        _member(locale) | {"items": [_news(campaign, locale, now)], "frequency": "weekly"}
    ),
    "confirm-letter": lambda campaign, locale, _: _link(campaign, locale, 7),
    "remind-letter": lambda campaign, locale, _: _link(campaign, locale, 4),
    "letters-waiting": lambda campaign, locale, _: {
        "email": "",
        "letters": [_link(campaign, locale, 7)],
        "days": 7,
    },
    "already-signed": _already,
    "letter-returned": _returned,
    "letter-handed-over": _handed_over,
    "letter-still-here": _still_here,
    "case-update": _update,
    "case-continued": _continued,
    "case-stopped": _stopped,
}


def _news(campaign: Campaign, locale: str, now: datetime) -> Context:
    edition = edition_for(campaign, locale)
    return {
        "kind": "new",
        "campaign": campaign.id,
        "country": i18n.country_name(campaign.country, locale),
        "reference": campaign.reference,
        "person_name": campaign.name_in(locale),
        "cards": campaign.cards,
        "title": edition.title if edition else campaign.name_in(locale),
        "text": edition.summary if edition else "",
        "lang": edition.locale if edition else locale,
        "deadline": say_day(campaign.act_by, locale, now) if campaign.act_by else "",
        "url": _url("public.case", lang=locale, slug=campaign.slug),
    }


def _told(update: Update | None, campaign: Campaign, locale: str) -> tuple[str, str, str]:
    text = told_in(update, locale, campaign.default_locale) if update else None
    if text is None:
        return (
            gettext("Title of an update"),
            gettext("The update says here what has happened."),
            locale,
        )
    return text.title, text.body, text.locale


def _member(locale: str) -> Context:
    page = _url("public.home", lang=locale) + "…"
    return {"preferences_url": page, "leave_url": page, "unsubscribe": page}


def _url(endpoint: str, **values: Any) -> str:
    return site_url(url_for(endpoint, **values))
