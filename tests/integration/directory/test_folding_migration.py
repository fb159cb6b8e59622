"""The migration that folds names in one way: what was stored before it is found after it."""

from importlib import import_module

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core import jobs
from campaign.directory.missions import list_missions
from campaign.models.directory import Mission
from campaign.models.signature import Signature
from tests.factories import add_confirmed, make_campaign

BEFORE = import_module("campaign.migrations.versions.0041_folding").down_revision
STALE = b"a fingerprint of before".ljust(32)


def test_old_entries_are_found_and_people_get_their_fingerprints_anew(
    app: Flask, session: Session
) -> None:
    with app.app_context():
        add_confirmed(session, make_campaign(session), 1)
        session.execute(update(Mission).values(search="سفارة القاهرة"))
        session.execute(update(Signature).values(person_hmac=STALE))
        session.commit()
        session.close()
        engine = app.extensions["database"].engine
        migrations.downgrade(engine, BEFORE)
        session.execute(update(Signature).values(person_hmac=STALE))
        session.commit()
        session.close()
        migrations.upgrade(engine)
        assert list_missions(session, query="القاهرة").total == 1
        assert session.scalars(select(Signature.person_hmac)).all() == [None]
        session.rollback()
        jobs.run_now("signing.fill-prints")
        assert session.scalars(select(Signature.person_hmac)).one() not in (None, STALE)
