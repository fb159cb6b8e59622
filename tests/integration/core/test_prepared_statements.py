"""Statements that are compiled once: values are converted, sealed and filled up as ever."""

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.db.prepared_statements import fetch_first, insert_rows
from campaign.mail.messages import MailState, OutboxMail

_OUTBOX = db.table_of(OutboxMail)
_PUT = insert(_OUTBOX).returning(_OUTBOX.c.id)


def _mail(recipient: str) -> dict[str, object]:
    return {
        "kind": "confirm-letter",
        "locale": "en",
        "recipient": recipient,
        "recipient_hmac": b"x" * 32,
        "context": "{}",
        "state": MailState.WAITING,
        "attempts": 0,
        "due_at": db.utcnow(),
    }


@pytest.mark.both_engines
def test_a_row_is_put_in_as_the_model_would(session: Session) -> None:
    ids = [fetch_first(session, _PUT, _mail(f"{name}@example.org")) for name in "ab"]
    session.commit()
    rows = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    assert [(row.id,) for row in rows] == ids
    assert [row.recipient for row in rows] == ["a@example.org", "b@example.org"]
    assert rows[0].public_id != rows[1].public_id
    assert rows[0].state is MailState.WAITING
    assert rows[0].created_at.tzinfo is not None


@pytest.mark.both_engines
def test_what_was_put_in_goes_with_the_transaction(session: Session) -> None:
    insert_rows(session, insert(_OUTBOX).inline(), [_mail("a@example.org")] * 2)
    session.rollback()
    assert session.scalar(select(OutboxMail.id)) is None


@pytest.mark.both_engines
def test_no_row_is_nothing(session: Session) -> None:
    nobody = select(_OUTBOX.c.id).where(_OUTBOX.c.id == 0)
    assert fetch_first(session, nobody, {}) is None


@pytest.mark.both_engines
def test_a_list_of_values_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="list of values"):
        fetch_first(session, select(_OUTBOX.c.id).where(_OUTBOX.c.id.in_([1, 2])), {})


@pytest.mark.both_engines
def test_what_the_driver_refuses_is_raised_as_elsewhere_and_quotes_no_value(
    session: Session,
) -> None:
    mail = _mail("anna@example.org") | {"public_id": "the-same"}
    fetch_first(session, _PUT, mail)
    with pytest.raises(IntegrityError) as refused:
        fetch_first(session, _PUT, mail)
    assert "anna" not in str(refused.value)
    session.rollback()
    with pytest.raises(IntegrityError):
        insert_rows(session, insert(_OUTBOX).inline(), [mail, mail])


@pytest.mark.both_engines
def test_a_lost_connection_is_given_up(session: Session) -> None:
    session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
    with pytest.raises(DBAPIError) as lost:
        fetch_first(session, _PUT, _mail("a@example.org"))
    assert lost.value.connection_invalidated
    session.rollback()
    assert fetch_first(session, _PUT, _mail("a@example.org")) is not None


@pytest.mark.both_engines
def test_the_queue_takes_a_message(app: Flask) -> None:
    with app.app_context():
        before = jobs.queue().waiting()
        jobs.queue().send("mail.send", (1,))
        assert jobs.queue().waiting() == before + 1
