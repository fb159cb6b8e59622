"""The migration that folds names in one way: what was stored before it is found after it."""

from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core import db, jobs
from campaign.directory.missions import list_missions
from campaign.directory.officials import get_or_create_post
from campaign.models.directory import Mission, Post
from campaign.models.signature import Signature
from tests.factories import add_confirmed, make_campaign

BEFORE = import_module("campaign.migrations.versions.0041_folding").down_revision
STALE = b"a fingerprint of before".ljust(32)


@pytest.mark.both_engines
def test_old_entries_are_found_and_people_get_their_fingerprints_anew(
    app: Flask, session: Session
) -> None:
    """But of whom no name is left; and two offices never become one."""
    fingerprints = select(Signature.person_hmac).order_by(Signature.id)
    with app.app_context():
        campaign = make_campaign(session)
        add_confirmed(session, campaign, 1)
        add_confirmed(session, campaign, 1, forgotten_at=db.utcnow())
        session.execute(update(Mission).values(search="سفارة القاهرة"))
        for number, key in enumerate(("وزيرة", "وزيره", "سفيرة")):
            label = {"ar": key}
            session.add(Post(country="EG", key=key, label=label, public_id=f"{number:022d}"))
        session.execute(update(Signature).values(person_hmac=STALE))
        session.commit()
        session.close()
        engine = app.extensions["database"].engine
        migrations.downgrade(engine, BEFORE)
        assert session.scalars(fingerprints).all() == [None, STALE]
        session.execute(update(Signature).values(person_hmac=STALE))
        session.commit()
        session.close()
        migrations.upgrade(engine)
        assert list_missions(session, query="القاهرة").total == 1
        keys = session.scalars(
            select(Post.key).where(Post.country == "EG").order_by(Post.public_id)
        ).all()
        assert keys == ["وزيرة", "وزيره", "سفيره"]
        post = get_or_create_post(session, country="EG", label={"ar": "سفيرة"})
        assert post.public_id == f"{2:022d}"
        assert session.scalars(fingerprints).all() == [None, STALE]
        session.rollback()
        jobs.run_now("signing.fill-prints")
        anew, forgotten = session.scalars(fingerprints)
        assert anew not in (None, STALE)
        assert forgotten == STALE


@pytest.mark.both_engines
def test_a_damaged_signature_keeps_no_other_from_its_fingerprint(
    app: Flask, session: Session
) -> None:
    with app.app_context():
        add_confirmed(session, make_campaign(session), 3)
        session.execute(update(Signature).values(person_hmac=None))
        damaged = session.scalars(select(Signature.id).order_by(Signature.id)).first()
        session.execute(
            text("UPDATE signature SET given_name = own_words WHERE id = :id"), {"id": damaged}
        )
        session.commit()
        session.close()
        jobs.run_now("signing.fill-prints")
        missing = select(Signature.id).where(Signature.person_hmac.is_(None))
        assert session.scalars(missing).all() == [damaged]
