"""What supporters agree to: the sentences on the page, and the record of how they stood."""

import hashlib
import json
from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.about.page_texts import note_notice
from campaign.core import clock, db, i18n
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.models.signature import ConsentWording, Signature


@dataclass(frozen=True, slots=True)
class Consents:
    delivery: str
    updates: str
    network: str
    sender: str = ""
    """Who sends the emails, and that they can be stopped: a part of both consents to them."""

    @property
    def recorded(self) -> dict[str, str]:
        return {
            "delivery": self.delivery,
            "updates": f"{self.updates} {self.sender}".strip(),
            "network": f"{self.network} {self.sender}".strip(),
        }

    def digest(self, locale: str, notice_id: int | None) -> bytes:
        parts: list[object] = [locale, *self.recorded.values()]
        if notice_id is not None:
            parts.append(notice_id)
        return hashlib.sha256(json.dumps(parts).encode()).digest()


def consents_in_words(*, cards: bool = False) -> Consents:
    settings = current_settings()
    name = settings.organisation_name
    return Consents(
        delivery=gettext(
            "When you sign, you agree that %(organisation)s keeps your card and your details, "
            "prints the card, and delivers it to the officials it is addressed to, or to their "
            "embassy or consulate. Officials always see your name. They see where you live only "
            "if you chose to show it.",
            organisation=name,
        )
        if cards
        else gettext(
            "When you sign, you agree that %(organisation)s keeps your letter and your details, "
            "prints the letter, and delivers it to the officials it is addressed to, or to their "
            "embassy or consulate. Officials always see your name. They see where you live only "
            "if you chose to show it.",
            organisation=name,
        ),
        updates=gettext("Email me news about this case."),
        network=gettext("Email me when a new urgent action opens."),
        sender=gettext(
            "These emails come from: %(sender)s. You can stop them at any time.",
            sender=i18n.isolate(", ".join((name, *settings.organisation_address))),
        ),
    )


def wording_for(session: Session, locale: str, *, cards: bool = False) -> ConsentWording:
    with force_locale(locale):
        words = consents_in_words(cards=cards)
    return record_of(session, locale, words, notice_id=note_notice(session, locale).id)


def record_of(
    session: Session, locale: str, words: Consents, *, notice_id: int | None = None
) -> ConsentWording:
    """Return the record of these very words beside that notice, made where there is none."""
    digest = words.digest(locale, notice_id)
    session.execute(
        db.insert_into(session, ConsentWording)
        .values(
            digest=digest,
            locale=locale,
            privacy_notice_id=notice_id,
            first_used_at=clock.cut_to_day(db.utcnow(), "UTC"),
            **words.recorded,
        )
        .on_conflict_do_nothing(index_elements=[ConsentWording.digest])
    )
    return session.scalars(select(ConsentWording).where(ConsentWording.digest == digest)).one()


def news_words() -> str:
    """Say in the language of the page what somebody agrees to who gets the news of a case."""
    return consents_in_words().recorded["updates"]


def note_news_words(session: Session, signature: Signature, words: str, locale: str) -> None:
    """Record that the writer agrees to the news in these words; to all else as when they signed."""
    signed = session.get_one(ConsentWording, signature.consent_wording_id)
    consents = Consents(signed.delivery, words, signed.network)
    record = record_of(session, locale, consents, notice_id=signed.privacy_notice_id)
    signature.consent_wording_id = record.id


def wording_id(
    session: Session, locale: str, *, cards: bool = False, newest_notice: int | None = None
) -> int:
    """Return the id of `wording_for`; remembered until another notice, for it never changes."""
    wordings: dict[tuple[str, bool, int | None], int]
    wordings = current_app.extensions.setdefault("consent_wordings", {})
    key = (locale, cards, newest_notice)
    if key not in wordings:
        number = wording_for(session, locale, cards=cards).id
        db.after_commit(session, lambda: wordings.setdefault(key, number))
        return number
    return wordings[key]
