"""Mails of campaigns that did not arrive, and letters that waited in vain: counted apart."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.dashboard.refresh_statistics import lock_run
from campaign.mail.messages import BadAddress, MailState, OutboxMail
from campaign.models.signature import LinkEnd, Signature, SpentLink
from campaign.models.statistics import CampaignFigures, FiguresRun
from campaign.signing.states import LIVE

_SETTLED = timedelta(minutes=5)
"""By then every transaction that ended a letter's waiting is committed."""
_NOT_WANTED = "no longer wanted"
"""What the sender notes of a mail that it held back: nothing failed."""


@jobs.job("overview.count-mails", every_minutes=10)
def count_mails() -> None:
    """Count bounces, mails that failed or wait, and expired letters, for every campaign."""
    now = db.utcnow()
    with db.reading() as session:
        totals = {
            "bad_addresses": _bad_addresses(session),
            "mails_failed": _mails(
                session,
                and_(OutboxMail.state == MailState.FAILED, OutboxMail.failure != _NOT_WANTED),
            ),
            "mails_waiting": _mails(
                session, OutboxMail.state.in_([MailState.WAITING, MailState.SENDING])
            ),
        }
    with db.transaction() as session:
        run = lock_run(session)
        expired = _expired(session, run, now - _SETTLED)
        for row in session.scalars(select(CampaignFigures)):
            for name, counts in totals.items():
                if getattr(row, name) != counts.get(row.campaign_id, 0):
                    setattr(row, name, counts.get(row.campaign_id, 0))
            row.expired += expired.pop(row.campaign_id, 0)
        for campaign_id, n in expired.items():
            session.add(
                CampaignFigures(campaign_id=campaign_id, timezone="", counts="{}", expired=n)
            )
        run.expired_to, run.mails_at = now - _SETTLED, now


def _bad_addresses(session: Session) -> dict[int | None, int]:
    """Count signatures whose address mail does not get to."""
    return _counts(
        session,
        select(Signature.campaign_id, func.count())
        .join(BadAddress, BadAddress.email_hmac == Signature.email_hmac)
        .where(Signature.state.in_(LIVE))
        .group_by(Signature.campaign_id),
    )


def _mails(session: Session, condition: ColumnElement[bool]) -> dict[int | None, int]:
    return _counts(
        session,
        select(OutboxMail.campaign_id, func.count())
        .where(condition, OutboxMail.campaign_id.is_not(None))
        .group_by(OutboxMail.campaign_id),
    )


def _expired(session: Session, run: FiguresRun, until: datetime) -> dict[int | None, int]:
    """Count letters that expired since the last count; their traces are forgotten one day."""
    query = select(SpentLink.campaign_id, func.count()).where(
        SpentLink.end == LinkEnd.EXPIRED, SpentLink.ended_at <= until
    )
    if run.expired_to is not None:
        query = query.where(SpentLink.ended_at > run.expired_to)
    return _counts(session, query.group_by(SpentLink.campaign_id))


def _counts(
    session: Session, query: Select[int | None, int] | Select[int, int]
) -> dict[int | None, int]:
    return dict(session.execute(query).all())
