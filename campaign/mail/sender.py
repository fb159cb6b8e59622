"""The sender: takes mails from the outbox, renders them in their language, hands them over.

A mail is leased, so that two workers never send it twice; one whose worker died is found again
when its time is over. Its words are opened only after that: one that cannot be read or rendered is
an attempt that failed, and holds up no other. While the mail server takes nothing, one mail at a
time tries it again and again (`ServerRest`): each would hold up all other work for minutes. That
ends no mail before `_LONGEST_AWAY`.
"""

import re
import time
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from threading import Lock
from typing import Protocol, cast

import idna
import structlog
from flask import Flask, current_app, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import clock, db, i18n, jobs
from campaign.core.db.leases import Lease
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings, current_settings, site_url
from campaign.mail import bad_addresses, suppression_list
from campaign.mail.headers import POLICY
from campaign.mail.messages import SUPPRESSED, Mail, MailState, OutboxMail, kinds, read_mail
from campaign.mail.transports import WHOLE_SECONDS, MailNotTaken, Transport, transport_of

log = structlog.get_logger()

RETRY_MINUTES = (1, 5, 15, 60, 180, 720, 1440)
"""Minutes to wait after each failed attempt; after the last, the mail has failed."""
_MOST_OF_SERVER = 4
"""Attempts that count of those at which the server took no mail at all: then it is every hour."""
_LONGEST_AWAY = timedelta(days=7)
"""For which a mail waits for such a server."""
_MAILS = Lease(
    OutboxMail,
    held=MailState.SENDING,
    waiting=(MailState.WAITING,),
    span=timedelta(minutes=5),
    until="due_at",
    counter="attempts",
)
REMEMBERED = timedelta(days=30)
"""How long it is known that a mail went out: as long as its server may send it back."""
_OVER = (MailState.SENT, MailState.FAILED)
_SWEEP = 200
_SWEEP_SECONDS = 50.0
"""For which one sweep sends: the next one comes a minute later."""
_REST_SECONDS = 60.0
_CUT_AT_ONCE = 500
_BLANK_LINES = re.compile(r"\n{3,}")
_TYPED = "\ufdd0"
"""In place of a supporter's own words while ours around them are set; nobody can type it."""
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff]")
_LATIN = "A-Za-z\u00c0-\u024f"
_NAME = re.compile(
    r"(\w+://\S+|\S+@\S+)"
    rf"|\u2068?((?:\d+[ \u00a0])?[{_LATIN}](?:[{_LATIN}\d \u00a0.,’'/&-]*[{_LATIN}\d])?)\u2069?"
)


class WhyNotMailed(Protocol):
    """The rule of a campaign's status that holds its mails back: campaigns stand above mails."""

    def __call__(self, session: Session, campaign_id: int, *, tells_of_stop: bool) -> str:
        """Return why a mail does not go out; empty where it does."""
        ...


class ServerRest:
    """Whether this process asks the mail server now. For all its threads.

    Who got a turn before the rest began cannot end it: what it heard is from before.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: float | None = None
        self._trying: object | None = None
        """The turn of the one that asks while all others rest."""

    def take_turn(self) -> object | None:
        """Return a turn: to everybody while the server is well, else to one after each rest."""
        with self._lock:
            if self._until is None:
                return object()
            now = time.monotonic()
            if now < self._until:
                return None
            self._until = now + WHOLE_SECONDS + _REST_SECONDS  # or until what comes of this turn
            self._trying = object()
            return self._trying

    def begin(self, turn: object) -> None:
        """Have all rest: the server took nothing."""
        with self._lock:
            if turn is self._trying:
                self._trying = None
            if self._trying is None:  # what that one hears is newer
                self._until = time.monotonic() + _REST_SECONDS

    def end(self, turn: object) -> None:
        """Have all ask: the server is well."""
        with self._lock:
            if turn is self._trying:
                self._until = self._trying = None

    def pass_on(self, turn: object) -> None:
        """Give the turn to the next one, if nothing came of it."""
        with self._lock:
            if turn is self._trying:
                self._until, self._trying = 0.0, None


def init_app(app: Flask, *, why_not_mailed: WhyNotMailed) -> None:
    """Take the rule; without one, a mail about a campaign is not sent."""
    app.extensions["why_not_mailed"] = why_not_mailed
    app.extensions["mail_server_rest"] = ServerRest()


@jobs.job("mail.send")
def send_mail(mail_id: int) -> None:
    rest = cast(ServerRest, current_app.extensions["mail_server_rest"])
    turn = rest.take_turn()
    if turn is None:
        return
    try:
        if _claim(mail_id):
            is_well = _send(mail_id)
            if is_well:
                rest.end(turn)
            elif is_well is False:
                rest.begin(turn)
    finally:
        rest.pass_on(turn)


def _send(mail_id: int) -> bool | None:
    """Send a mail that was claimed. Return whether the server is well, if that is known."""
    settings = current_settings()
    transport: Transport = current_app.extensions.get("mail_transport") or transport_of(settings)
    try:
        with db.reading() as session:
            row = session.get_one(OutboxMail, mail_id)
            mail = read_mail(row).recheck(session)
            session.expunge(row)
        if mail is not None:
            transport.send(_compose(mail, row, settings))
    except MailNotTaken as problem:
        _put_back(mail_id, problem)
        return problem.is_server_well
    except Exception as problem:
        # Its message may quote an address: the kind must do.
        kind = type(problem).__name__
        log.error("mail cannot be made", mail=mail_id, problem=kind)
        _put_back(mail_id, MailNotTaken(kind, permanent=False))
        return None
    with db.transaction() as session:
        if mail is None:
            _finish(session, mail_id, state=MailState.FAILED, failure="no longer wanted")
            return None
        _finish(session, mail_id, state=MailState.SENT)
    return True


@jobs.job("mail.sweep", every_minutes=1)
def sweep() -> None:
    with db.reading() as session:
        due = session.scalars(
            select(OutboxMail.id).where(_MAILS.is_due()).order_by(OutboxMail.due_at).limit(_SWEEP)
        ).all()
    until = time.monotonic() + _SWEEP_SECONDS
    for mail_id in due:
        if time.monotonic() > until:
            break
        try:
            send_mail(mail_id)
        except Exception as problem:
            log.error("mail not sent", mail=mail_id, problem=type(problem).__name__)


@jobs.job("mail.forget", every_minutes=60)
def forget() -> None:
    """Forget mails after a month, and the hour of each after a day."""
    end: datetime | None = db.utcnow() - 2 * REMEMBERED
    while end is not None and (end := _next_end(end)) is not None:
        day = clock.cut_to_day(end, "UTC")
        while end != day and _cut_some(end, day) == _CUT_AT_ONCE:
            pass
    with db.transaction() as session:
        is_over = OutboxMail.sent_at < db.utcnow() - REMEMBERED
        db.delete_rows(session, OutboxMail, OutboxMail.state.in_(_OVER), is_over)


def _next_end(end: datetime) -> datetime | None:
    """Return when, after `end` and a day ago, the next hour ended in which mails were sent."""
    before = db.utcnow() - clock.LONGEST_DAY
    with db.reading() as session:
        return session.scalar(
            select(func.min(OutboxMail.due_at)).where(
                OutboxMail.state.in_(_OVER), OutboxMail.due_at > end, OutboxMail.due_at < before
            )
        )


def _cut_some(end: datetime, day: datetime) -> int:
    of_hour = (OutboxMail.state.in_(_OVER), OutboxMail.due_at == end)
    some = select(OutboxMail.id).where(*of_hour).limit(_CUT_AT_ONCE)
    values = {"created_at": day, "sent_at": day, "due_at": day}
    with db.transaction() as session:
        return db.update_rows(session, OutboxMail, OutboxMail.id.in_(some), **values)


def render(row: OutboxMail, settings: Settings) -> EmailMessage:
    return _compose(read_mail(row), row, settings)


def _compose(mail: Mail, row: OutboxMail, settings: Settings) -> EmailMessage:
    # A preview is rendered where a request is, and its links would be without our address.
    values = mail.values() | {"privacy_url": site_url(f"/{row.locale}/privacy")}
    with force_locale(row.locale):
        subject = " ".join(render_template(f"{mail.template}.subject.txt", **values).split())
        own_words = str(values.get(mail.as_typed) or "")
        held_out = {mail.as_typed: _TYPED} if own_words else {}
        text = render_template(f"{mail.template}.txt", **values | held_out, subject=subject)
        if isinstance(reference := values.get("reference"), str):
            values["reference"] = reference.replace(" ", "\xa0")  # it stays on one line
        html = render_template(f"{mail.template}.html", **values, subject=subject)
    if i18n.direction(row.locale) == "rtl":
        subject, text = isolate_names(subject), isolate_names(text)
    message = EmailMessage(policy=POLICY)
    message["From"] = formataddr((settings.organisation_name, settings.mail_from))
    message["To"] = _ascii_address(row.recipient or "")
    message["Subject"] = subject
    message["Date"] = format_datetime(db.utcnow())
    message["Message-ID"] = f"<{row.public_id}@{settings.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = row.locale
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_BLANK_LINES.sub("\n\n", text).replace(_TYPED, own_words))
    message.add_alternative(html, subtype="html")
    return message


def isolate_names(text: str) -> str:
    """Set names in Latin letters apart from the right-to-left words around them.

    Without it their brackets and full stops jump to the other end. Addresses stay as they are: a
    mark at their end would break the link.
    """
    return "\n".join(
        _NAME.sub(lambda match: match[1] or f"\u2068{match[2]}\u2069", line)
        if _RIGHT_TO_LEFT.search(line)
        else line
        for line in text.split("\n")
    )


def _ascii_address(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"


def _claim(mail_id: int) -> bool:
    """Take a mail that is due, to send it; one that is held back has failed instead."""
    with db.transaction() as session:
        if _MAILS.claim(session, mail_id) is None:
            return False
        if reason := _held_back(session, mail_id):
            _finish(session, mail_id, state=MailState.FAILED, failure=reason)
            return False
    return True


def _held_back(session: Session, mail_id: int) -> str:
    """Say why the mail is held back: by its reader, or its campaign; empty where it is not."""
    columns = (OutboxMail.campaign_id, OutboxMail.kind, OutboxMail.recipient_hmac)
    campaign_id, kind, reader = session.execute(
        select(*columns).where(OutboxMail.id == mail_id)
    ).one()
    if suppression_list.is_suppressed(session, reader):
        return SUPPRESSED
    if campaign_id is None:
        return ""
    why_not_mailed: WhyNotMailed = current_app.extensions["why_not_mailed"]
    tells_of_stop = kind in kinds and kinds[kind].tells_of_stop
    return why_not_mailed(session, campaign_id, tells_of_stop=tells_of_stop)


def _put_back(mail_id: int, problem: MailNotTaken) -> None:
    reason = str(problem)
    with db.transaction() as session:
        # Only these columns: the row may hold what cannot be opened.
        columns = select(OutboxMail.attempts, OutboxMail.created_at)
        attempts, created_at = session.execute(columns.where(OutboxMail.id == mail_id)).one()
        # A mail that the server may have taken is not sent for a week: each try may be a copy.
        if problem.is_server_well is False and not problem.may_be_taken:
            is_last = attempts > _MOST_OF_SERVER and created_at < db.utcnow() - _LONGEST_AWAY
            attempts = min(attempts, _MOST_OF_SERVER)
        else:
            is_last = problem.permanent or attempts > len(RETRY_MINUTES)
        if is_last:
            log.warning("mail failed", mail=mail_id, reason=reason)
            if problem.recipient_status:
                bad_addresses.mark_recipient(
                    session, OutboxMail.id == mail_id, problem.recipient_status
                )
            _finish(session, mail_id, state=MailState.FAILED, failure=reason)
            return
        wait = timedelta(minutes=RETRY_MINUTES[max(attempts, 1) - 1])
        later = {"state": MailState.WAITING, "due_at": db.utcnow() + wait, "attempts": attempts}
        db.update_row(session, OutboxMail, mail_id, **later, failure=reason)


def _finish(
    session: Session, mail_id: int, *, state: MailState, failure: str | None = None
) -> None:
    """Forget what the mail said, and of its times all but the hours: somebody signed then."""
    hour = clock.cut_to_hour(db.utcnow())
    created_at = session.scalar(select(OutboxMail.created_at).where(OutboxMail.id == mail_id))
    values = {
        "state": state,
        "sent_at": hour,
        "context": None,
        "recipient": None,
        "created_at": created_at and clock.cut_to_hour(created_at),
        # Its end: who waits for some hours after it waits for no fewer, and no midnight is one.
        "due_at": hour + timedelta(hours=1, microseconds=-1),
    }
    if failure is not None:
        values["failure"] = failure
    db.update_row(session, OutboxMail, mail_id, **values)
