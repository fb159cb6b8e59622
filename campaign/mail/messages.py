"""The outbox, and kinds of mail, each a class with what its templates are given.

    class ConfirmLetter(Mail, kind="confirm-letter", budget="confirm"):
        person_name: str
        link: str

    ConfirmLetter(person_name=…, link=…).send(session, to=address, locale="fr")

puts a row in the outbox; the sender job renders `templates/mail/confirm-letter.subject.txt`,
`.txt` and `.html` in that language and sends it.
"""

import enum
import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar, Self

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core import clock, db, jobs
from campaign.core.db import Base, Created, Locale, LookUp, PublicRow, Sealed, SealedRow
from campaign.core.db.open_transactions import note_change
from campaign.core.db.personal_columns import new_seal_id
from campaign.core.db.prepared_statements import fetch_first
from campaign.core.settings import current_settings
from campaign.core.template_context import TemplateContext
from campaign.core.text.email_addresses import canonical_email

SUPPRESSED = "never to be written to"
"""That of one to an address on the suppression list."""
CANCELLED = ("no longer wanted", "campaign not open", "campaign stopped", SUPPRESSED)
"""Failures of mails that were held back: nobody got them."""
LEFT = "left the network"
"""That of one whose member left before it went out."""
_DAY = timedelta(days=1)
# Of two mails to one person at once, one waits until the other is there to be counted. SQLite has
# one writer at a time anyway.
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))
kinds: dict[str, type["Mail"]] = {}
MOST_A_DAY = {"ask": 3, "join": 2}  # budgets smaller than the setting


class MailState(enum.StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class OutboxMail(SealedRow, PublicRow):
    """One mail to one person. Once sent, what it said is forgotten."""

    __table_args__ = (
        sa.Index("ix_outbox_mail_state_due_at", "state", "due_at"),
        sa.Index("ix_outbox_mail_recipient_hmac_created_at", "recipient_hmac", "created_at"),
    )

    kind: Mapped[str] = mapped_column(sa.String(60))
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaign.id"))
    """The campaign that it is about: once that is stopped, the mail is not sent."""
    recipient: Mapped[str | None] = mapped_column(Sealed("outbox_mail.recipient"))
    recipient_hmac: Mapped[bytes] = mapped_column(LookUp(32))
    locale: Mapped[Locale]
    context: Mapped[str | None] = mapped_column(Sealed("outbox_mail.context"))
    state: Mapped[MailState] = mapped_column(default=MailState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    """When it may be tried (again); while it is being sent, when its sender counts as dead."""
    failure: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[Created]
    sent_at: Mapped[datetime | None]


class BadAddress(Base):
    """An address to which mail does not get: it gets no more reminders and news."""

    email_hmac: Mapped[bytes] = mapped_column(LookUp(32), primary_key=True)
    status: Mapped[str] = mapped_column(sa.String(12))
    """The enhanced status code of RFC 3463 that the server gave, such as "5.1.1"."""
    marked_at: Mapped[Created]


class SuppressedAddress(Base):
    """An address to which no email of ours goes (`mail.suppression_list`)."""

    email_hmac: Mapped[bytes] = mapped_column(LookUp(32), primary_key=True)
    added_at: Mapped[datetime]
    """The day."""


_OUTBOX = db.table_of(OutboxMail)
_PUT = sa.insert(_OUTBOX).returning(_OUTBOX.c.id)


class Mail(TemplateContext):
    """The base of all kinds; the fields of a kind survive JSON.

    :param kind: the name of its templates and of its rows in the outbox.
    :param budget: one address gets only so many mails of it in a day, and more are not taken; kinds
        share it by its name. Nobody who asks for mails of one can keep those of another from
        coming. Without one there is no limit.
    :param tells_of_stop: it goes out although its campaign is stopped, because it says so.
    :param as_typed: the field with a supporter's own words, which the text has as they were typed.
    :param recheck_only: fields that `recheck` needs and no template names.
    """

    kind: ClassVar[str] = ""
    budget: ClassVar[str] = ""
    tells_of_stop: ClassVar[bool] = False
    as_typed: ClassVar[str] = ""
    recheck_only: ClassVar[frozenset[str]] = frozenset()

    unsubscribe: str = ""
    """Address of a page whose button ends such mails: mail programs press it too (RFC 8058)."""

    def __init_subclass__(
        cls,
        *,
        kind: str = "",
        budget: str = "",
        tells_of_stop: bool = False,
        as_typed: str = "",
        recheck_only: tuple[str, ...] = (),
    ) -> None:
        super().__init_subclass__(template=f"mail/{kind}" if kind else "")
        cls.kind, cls.budget, cls.tells_of_stop = kind, budget, tells_of_stop
        cls.as_typed = as_typed
        cls.recheck_only = frozenset(recheck_only)
        if kind:
            kinds[kind] = cls

    def send(
        self,
        session: Session,
        *,
        to: str,
        locale: str,
        campaign_id: int | None = None,
        due_at: datetime | None = None,
    ) -> bool:
        """Put the mail in the outbox; False where its reader has had those of a day.

        :param campaign_id: the campaign that it is about: while that may not mail, it is held back.
        :param due_at: when it goes out, if not at once.
        """
        now, fingerprint = db.utcnow(), address_fingerprint(to)
        due = due_at or now
        row: dict[str, object] = {
            "public_id": db.new_public_id(),
            "seal_id": new_seal_id(),
            "kind": self.kind,
            "campaign_id": campaign_id,
            "recipient": to,
            "recipient_hmac": fingerprint,
            "locale": locale,
            "context": json.dumps(self.values()),
            "state": MailState.WAITING,
            "attempts": 0,
            "due_at": due,
            "created_at": now,
        }
        if self.budget:
            lock_address(session, fingerprint)
            mail_id = self._put_within_limit(session, row, since=clock.cut_to_hour(now - _DAY))
        else:
            mail_id = session.scalar(_PUT, row)
        if mail_id is None:
            return False
        if due <= now:
            jobs.enqueue(session, "mail.send", mail_id)
        return True

    def recheck(self, session: Session) -> Self | None:
        return self

    @classmethod
    def most_a_day(cls) -> int:
        most = current_settings().mails_per_address_per_day
        return min(most, MOST_A_DAY.get(cls.budget, most))

    def _put_within_limit(
        self, session: Session, row: dict[str, object], *, since: datetime
    ) -> int | None:
        counted = tuple(sorted(kind for kind, mail in kinds.items() if mail.budget == self.budget))
        statement = _put_unless_full(tuple(row), counted)
        limits = {"since": since, "most": self.most_a_day()}
        put = fetch_first(session, statement, row | limits)
        return put[0] if put else None


def read_mail(row: OutboxMail) -> Mail:
    """Return what a mail of the outbox tells; names that its kind no longer has are left out."""
    kind = kinds[row.kind]
    context = json.loads(row.context or "{}")
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in context.items() if name in names})


def address_fingerprint(address: str) -> bytes:
    """Return how mails to one person are counted: the HMAC of the canonical address."""
    return db.database().keyring.fingerprint(canonical_email(address), "email")


def lock_address(session: Session, recipient_hmac: bytes) -> None:
    """Have whoever mails the same person at once wait until this is committed."""
    connection = db.connection_of(session)
    note_change(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"key": int.from_bytes(recipient_hmac[:8]) >> 1})


@lru_cache(maxsize=16)
def _put_unless_full(names: tuple[str, ...], counted: tuple[str, ...]) -> sa.Insert:
    """Count and insert in one step. Built once: a mail goes with every signature."""
    given = {name: sa.bindparam(name, type_=_OUTBOX.c[name].type) for name in names}
    had = (
        sa.select(sa.func.count())
        .select_from(_OUTBOX)
        .where(
            _OUTBOX.c.recipient_hmac == given["recipient_hmac"],
            _OUTBOX.c.created_at >= sa.bindparam("since", type_=_OUTBOX.c.created_at.type),
            # News that somebody has subscribed to must not use up what confirms a letter.
            _OUTBOX.c.kind.in_(_literals(counted)),
            # Nobody got what was held back: a mail that replaces it may still go.
            sa.func.coalesce(_OUTBOX.c.failure, "").not_in(_literals(CANCELLED)),
        )
        .scalar_subquery()
    )
    values = sa.select(*given.values()).where(had < sa.bindparam("most", type_=sa.Integer))
    return (
        sa.insert(_OUTBOX)
        .from_select(names, values, include_defaults=False)
        .returning(_OUTBOX.c.id)
    )


def _literals(words: Iterable[str]) -> list[sa.ColumnElement[str]]:
    """Words written into a statement: a list of parameters would be put in anew each time."""
    return [sa.literal_column(f"'{word}'") for word in words]
