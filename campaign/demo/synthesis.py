"""Invented supporters with confirmed letters: for the demo, for rehearsal, for load.

Addresses end in `example.org`, which belongs to nobody; no mail is ever sent to them, since their
letters are confirmed from the start.
"""

import tomllib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from random import Random

import structlog
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle, rehearsal
from campaign.campaigns.content.address_and_salutation import list_addressed
from campaign.campaigns.content.templates import current_template
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import clock, db, jobs
from campaign.core.db import Json
from campaign.core.db.batches import batched
from campaign.core.errors import DomainError, Refused
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.signature import Disclosure, ExactTimes, Letter, Signature, SignatureState
from campaign.signing.checks import review_decision
from campaign.signing.consents import wording_for

_BATCH = 2_000
_SPAN = timedelta(days=10)
"""Over which people sign, the last ones just now."""
log = structlog.get_logger()
_OWN_WORDS = 0.5
"""Of a rehearsal, half the letters have own words: these are what is looked at."""


def synthesise(
    slug: str,
    *,
    signatures: int,
    own_words: float = 0.3,
    locales: Sequence[str] = ("en", "fr", "es"),
    seed: int = 7,
    progress: Callable[[int], object] = lambda count: None,
) -> int:
    """Add `signatures` invented, confirmed signatures to a campaign; return how many.

    `own_words` is the share (0 to 1) of letters with own words. The same seed gives the same
    people; a second run goes on with new ones. Commits in batches. Before the campaign opens they
    are a rehearsal, wiped when it does. Raises Refused in production for one that has opened, and
    (`rehearsal-over`) for one that opens meanwhile.
    """
    settings = current_settings()
    with db.reading() as session:
        campaign = get_campaign(session, slug)
        start, rehearsed = _count(session, campaign.id), lifecycle.is_rehearsal(campaign.status)
    if settings.mode == "production" and not rehearsed:
        raise Refused("you cannot add invented signatures on a site in production")
    added = 0
    for numbers in batched(range(start, start + signatures), _BATCH):
        with db.transaction() as session:
            campaign = get_campaign(session, slug)
            if rehearsed:
                rehearsal.lock_rehearsal(session, campaign)
            writer = _Inventor(session, campaign, own_words, locales, seed)
            added += writer.add(numbers)
        progress(len(numbers))
    return added


@lru_cache(maxsize=1)
def people() -> Json:
    """Invented names, real towns, and own words, per language (`content/names.toml`)."""
    text = resources.files("campaign.demo").joinpath("content/names.toml").read_text("utf-8")
    return tomllib.loads(text)


def _people_of(code: str) -> Json:
    """Return the English ones where nobody was invented in a language yet."""
    people_of_language: Json = people().get(code) or people()["en"]
    return people_of_language


class _Inventor:
    def __init__(
        self,
        session: Session,
        campaign: Campaign,
        own_words: float,
        locales: Sequence[str],
        seed: int,
    ) -> None:
        self.session = session
        self.now = clock.utcnow()
        self.campaign = campaign
        self.own_words = own_words
        self.seed = seed
        self.locales = [code for code in locales if code in campaign.letter_locales]
        if not self.locales:
            raise Refused(
                f"{campaign.slug} accepts letters only in {', '.join(campaign.letter_locales)}"
            )
        self.targets = list_addressed(campaign)
        self.templates = {
            (target.id, code): current_template(session, campaign, code, target)
            for target in self.targets
            for code in self.locales
        }
        self.wordings = {
            code: wording_for(session, code, cards=campaign.cards).id for code in self.locales
        }
        self.earliest = {code: self._earliest(code) for code in self.locales}
        self.keyring = db.database().keyring

    def _earliest(self, code: str) -> datetime:
        """Return since when such a letter can be signed: since its words are written."""
        written = [self.templates[target.id, code] for target in self.targets]
        if into := self.campaign.translation_locale:
            written += [
                current_template(self.session, self.campaign, into, target)
                for target in self.targets
            ]
        return max(self.now - _SPAN, *(template.created_at for template in written))

    def add(self, numbers: Sequence[int]) -> int:
        rows = [self._row(number) for number in numbers]
        ids = self.session.scalars(
            insert(Signature).returning(Signature.id, sort_by_parameter_order=True), rows
        ).all()
        letters = [
            {
                "signature_id": signature_id,
                "target_id": target.id,
                "template_id": self.templates[target.id, row["letter_locale"]].id,
            }
            for signature_id, row in zip(ids, rows, strict=True)
            for target in self.targets
        ]
        self.session.execute(insert(Letter), letters)
        return len(ids)

    def _row(self, number: int) -> Json:
        chance = Random(f"{self.seed}:{self.campaign.slug}:{number}")  # noqa: S311 — the same again
        code = chance.choice(self.locales)
        asked = not lifecycle.is_rehearsal(self.campaign.status)
        given, family = self._name(chance, code)
        town = chance.choice(people()["localities"])
        email = f"person-{self.seed}-{number}@example.org"
        template = self.templates[self.targets[0].id, code]
        ago = timedelta(minutes=chance.randrange(5, _SPAN // timedelta(minutes=1)))
        signed = self.now - (self.now - self.earliest[code]) * (ago / _SPAN)
        confirmed = min(signed + timedelta(minutes=chance.randrange(1, 5)), self.now)
        times = ExactTimes(signed, confirmed).cut(self.campaign.timezone)
        day = times["signed_at"]
        words = _people_of(code)["own_words"]
        own = chance.choice(words) if chance.random() < self.own_words else ""
        return {
            "campaign_id": self.campaign.id,
            "state": SignatureState.CONFIRMED,
            "given_name": given,
            "family_name": family,
            "email": email,
            "email_hmac": self.keyring.fingerprint(email, "email"),
            "seat": 1,
            "locality": town["locality"],
            "region": town["region"],
            "postal_code": town["postal_code"],
            "country": town["country"],
            "locale": code,
            "letter_locale": code,
            "own_words": own,
            "points": [
                point.key for point in template.points if point.required or chance.random() < 0.7
            ],
            "disclosure": chance.choice(list(Disclosure)),
            "consent_wording_id": self.wordings[code],
            **times,
            "consent_updates_at": day if chance.random() < 0.5 and asked else None,
            "consent_network_at": day if chance.random() < 0.2 and asked else None,
        }

    def _name(self, chance: Random, code: str) -> tuple[str, str]:
        if chance.random() < 0.05:
            whole = chance.choice(people()["people"])
            return whole["given_name"], whole["family_name"]
        names = _people_of(code)
        return chance.choice(names["given"]), chance.choice(names["family"])


def _count(session: Session, campaign_id: int) -> int:
    return db.count_rows(session, select(Signature.id).filter_by(campaign_id=campaign_id))


@jobs.job("demo.rehearse")
def rehearse(campaign_id: int, number: int) -> None:
    """Have `number` invented people sign, or as many as the rehearsal has room for."""
    with db.reading() as session:
        campaign = session.get_one(Campaign, campaign_id)
        slug, locales = campaign.slug, list(campaign.letter_locales)
        room = rehearsal.MOST_SIGNATURES - _count(session, campaign_id)
        newest = session.scalar(select(func.max(Signature.id))) or 0
    count = min(number, room)
    if count <= 0:
        return
    try:
        synthesise(slug, signatures=count, own_words=_OWN_WORDS, locales=locales)
    except DomainError as problem:
        # It has opened meanwhile, or lacks a letter: there is nobody to tell but the log.
        log.warning("rehearsal not made", campaign=campaign_id, reason=problem.slug)
        return
    _screen(campaign_id, after=newest)


def _screen(campaign_id: int, *, after: int) -> None:
    """Hold what the campaign's rules hold, as if each letter had been confirmed by a mail.

    One behind the other: the first of a campaign, and what many have written, are known only by
    those that came before. Letters of an earlier run stay as they were decided about.
    """
    with db.transaction() as session:
        campaign = session.get_one(Campaign, campaign_id)
        try:
            rehearsal.lock_rehearsal(session, campaign)
        except DomainError:
            return
        confirmed = select(Signature).where(
            Signature.campaign_id == campaign_id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.id > after,
        )
        invented = session.scalars(confirmed.order_by(Signature.id)).all()
        for signature in invented:
            signature.state = SignatureState.PENDING
        session.flush()
        for signature in invented:
            signature.state = SignatureState.CONFIRMED
            review_decision.judge_changed(session, signature, db.utcnow())
