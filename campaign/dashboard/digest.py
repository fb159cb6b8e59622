"""The morning email to each of the staff: what Today has for them, in numbers."""

from datetime import date, datetime, time, timedelta
from typing import TypedDict

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.settings import current_settings, site_url
from campaign.dashboard.to_deliver import list_all_todos
from campaign.mail.messages import Mail
from campaign.models.staff import StaffUser

_MORNING = timedelta(hours=5)
"""How long from its hour on it may still go out: what is started in the evening sends none."""


class DigestLine(TypedDict):
    """What `dashboard/_sentence.html` needs of a kind of thing to do."""

    slug: str
    total: int
    letters: int
    noun: str


class StaffDigest(Mail, kind="staff-digest"):
    todos: list[DigestLine]
    link: str
    account_link: str


@jobs.job("dashboard.digest", every_minutes=15)
def send_digests() -> None:
    send_due_digests(clock.utcnow())


def send_due_digests(now: datetime) -> None:
    """Mail each of the staff once a day, in the hours from that of the setting on."""
    settings = current_settings()
    today = clock.day_of(now, settings.timezone)
    begins_at = clock.moment_of(today, time(settings.digest_hour), settings.timezone)
    if not begins_at <= now < begins_at + _MORNING:
        return
    with db.reading() as session:
        users = session.scalars(
            select(StaffUser)
            .where(StaffUser.active, StaffUser.gets_digest, StaffUser.created_at < begins_at)
            .where(or_(StaffUser.digest_on.is_(None), StaffUser.digest_on < today))
        ).all()
        lines = {user: list_lines(session, by=user, now=now) for user in users}
        session.expunge_all()
    for user, todos in lines.items():
        with db.transaction() as session:
            send_digest(session, user, todos, today)


def list_lines(session: Session, *, by: StaffUser, now: datetime) -> list[DigestLine]:
    return [
        DigestLine(slug=todo.slug, total=todo.total, letters=todo.letters, noun=todo.noun)
        for todo in list_all_todos(session, by=by, now=now)
    ]


def send_digest(session: Session, user: StaffUser, todos: list[DigestLine], today: date) -> None:
    """Send where there is something to do, and note the day; of two jobs at once, one does."""
    not_yet = or_(StaffUser.digest_on.is_(None), StaffUser.digest_on < today)
    if not db.update_row(session, StaffUser, user.id, not_yet, digest_on=today) or not todos:
        return
    mail = StaffDigest(
        todos=todos, link=site_url("/desk/today"), account_link=site_url("/desk/account")
    )
    mail.send(session, to=user.email, locale=user.locale)
