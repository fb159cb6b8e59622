"""`/outbox`: the mails that were written to files, to be read while developing."""

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from campaign.core import db
from campaign.core.i18n import localised
from campaign.core.settings import current_settings
from campaign.mail.headers import read_body
from campaign.mail.messages import MailState, OutboxMail
from campaign.web.page import Page, show_page
from campaign.web.security import public

blueprint = Blueprint("mail", __name__, url_prefix="/outbox")
_SHOWN = 200


@dataclass(frozen=True)
class FiledMail:
    name: str
    to: str
    subject: str
    at: datetime
    text: str
    html: str


class OutboxPage(Page, template="mail/outbox/index.html"):
    mails: list[FiledMail]
    sending: bool  # Whether one is on its way to the folder


class FiledMailPage(Page, template="mail/outbox/show.html"):
    mail: FiledMail


@blueprint.get("/")
@public
@localised
def index() -> ResponseReturnValue:
    with db.reading() as session:
        due = OutboxMail.state.in_((MailState.WAITING, MailState.SENDING))
        waiting = select(OutboxMail.id).where(due, OutboxMail.due_at <= db.utcnow())
        sending = db.has_row(session, waiting)
    return show_page(OutboxPage(mails=list_mails(current_settings().outbox), sending=sending))


@blueprint.get("/<name>")
@public
@localised
def show(name: str) -> ResponseReturnValue:
    mails = {mail.name: mail for mail in list_mails(current_settings().outbox)}
    if name not in mails:
        abort(404)
    return show_page(FiledMailPage(mail=mails[name]))


def list_mails(folder: Path) -> list[FiledMail]:
    """List the mails of `folder`, the newest first, 200 at most."""
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [_read(path) for path in paths[:_SHOWN]]


def _read(path: Path) -> FiledMail:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return FiledMail(
        name=path.stem,
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        at=parsedate_to_datetime(str(mail["Date"])),
        text=read_body(mail, "plain"),
        html=read_body(mail, "html"),
    )
