"""Letters that supporters also send themselves, by post or from their own email program."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.campaigns.content.address_and_salutation import addressing_of
from campaign.core import clock, db, i18n
from campaign.core.settings import home_country
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import ContactDetail, official_name
from campaign.models.signature import Letter, Signature
from campaign.printing.printed_content import LetterContext
from campaign.printing.sheets.envelopes import EnvelopeContext, with_envelopes
from campaign.signing.letter.compose import Writer, sender_lines, writer_of
from campaign.signing.letter.draft import Letters, pdf_of

_LONGEST_MAILTO = 1900
"""Characters of a mailto: address that mail programs take; a longer letter is copied instead."""


@dataclass(frozen=True, slots=True)
class Sending:
    name: str
    text: str
    email: str  # Where a mail gets to the official, or to the mission; empty: unknown
    through_mission: bool
    mailto: str  # Opens the supporter's mail program; empty: there is no address
    whole: bool  # Whether the letter's text is in `mailto`; one that is too long must be pasted
    country: str
    abroad: bool


def sendings_of(signature: Signature, letters: Letters) -> list[Sending]:
    return [
        _sending(signature, letter, context)
        for letter, context in zip(signature.letters, letters, strict=True)
    ]


def _sending(signature: Signature, letter: Letter, context: LetterContext) -> Sending:
    target = letter.target
    own = email_of(target.official.contacts)
    address = own or (email_of(target.mission.contacts) if target.mission else "")
    text = plain_text(context)
    link, whole = mailto_of(address, context.subject, text)
    country = _destination(target)
    return Sending(
        name=official_name(target.official, i18n.locale()),
        text=text,
        email=address,
        through_mission=bool(address and not own),
        mailto=link,
        whole=whole,
        country=i18n.country_name(country),
        abroad=country != signature.country,
    )


def email_of(contacts: list[ContactDetail]) -> str:
    today = i18n.today_at_home()
    valid = (
        contact.value
        for contact in contacts
        if contact.type == "email"
        and (contact.valid_from is None or contact.valid_from <= today)
        and (contact.valid_until is None or today <= contact.valid_until)
    )
    return next(valid, "")


def mailto_of(address: str, subject: str, text: str) -> tuple[str, bool]:
    if not address:
        return "", False
    start = f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}"
    body = quote(text.replace("\n", "\r\n"), safe="")
    whole = f"{start}&body={body}"
    return (whole, True) if len(whole) <= _LONGEST_MAILTO else (start, False)


def plain_text(context: LetterContext) -> str:
    points = "\n".join(f"– {point}" for point in context.points)
    name = "\n".join(filter(None, (context.signature_name, context.signature_locality)))
    parts = (
        context.salutation,
        *context.opening,
        points,
        *context.own_words,
        *context.closing,
        context.complimentary_close,
        name,
    )
    return "\n\n".join(part for part in parts if part)


def list_envelopes(signature: Signature, letters: Letters) -> dict[str, EnvelopeContext]:
    """Return the addressed envelope of each letter, by the letter's key."""
    writer = writer_of(signature)
    by_key = {letter.public_id: letter for letter in signature.letters}
    return {
        context.key: EnvelopeContext(
            locale=context.locale,
            sender_lines=_sender_lines(
                writer, context.locale, _destination(by_key[context.key].target)
            ),
            addressee_lines=_envelope_lines(signature, by_key[context.key]),
        )
        for context in letters
    }


def posted_pdf(envelopes: Mapping[str, EnvelopeContext], letters: Letters) -> bytes:
    """Print the letters, and an addressed envelope for each. Raises what `pdf_of` does."""
    own = [envelopes[context.key] for context in letters]
    return with_envelopes(pdf_of(letters), own, letters.layout)


def _sender_lines(writer: Writer, locale: str, destination: str) -> tuple[str, ...]:
    """Return the sender's block, with a country line that the post of the destination can read."""
    lines = sender_lines(writer, locale)
    country = i18n.country_name(writer.country, locale)
    if destination == writer.country or lines[-1] != country or i18n.is_latin(country):
        return lines
    return (*lines, i18n.country_for_post(writer.country, locale, destination))


def _envelope_lines(signature: Signature, letter: Letter) -> tuple[str, ...]:
    """Return the address; abroad with the country last, as the post reads it where it is posted."""
    country = _destination(letter.target)
    lines = addressing_of(
        letter.target, signature.letter_locale, host_country=country, posted_in=country
    ).lines
    if country == signature.country:
        return lines
    own = i18n.country_name(country, signature.locale).upper()
    read = i18n.country_for_post(country, signature.locale, signature.country)
    return (*lines, *dict.fromkeys((own, read)))


def _destination(target: Target) -> str:
    return (
        target.mission.host_country if target.mission else target.official.country or home_country()
    )


def note_sent(session: Session, signature: Signature, now: datetime) -> None:
    db.update_row(
        session,
        Signature,
        signature.id,
        Signature.state == signature.state,  # also of one that was silently set aside
        Signature.sent_by_self_at.is_(None),
        sent_by_self_at=clock.cut_to_day(now, signature.campaign.timezone),
    )


def count_sent(session: Session, campaign: Campaign) -> int:
    sent = select(Signature.id).where(
        Signature.campaign_id == campaign.id,
        public_counts.counted_publicly(),
        Signature.sent_by_self_at.is_not(None),
    )
    return db.count_rows(session, sent)
