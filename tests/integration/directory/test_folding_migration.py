"""The migration that folds names in one way: what was stored before it is found after it."""

from importlib import import_module

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


def test_old_entries_are_found_and_people_get_their_fingerprints_anew(
    app: Flask, session: Session
) -> None:
    with app.app_context():
        add_confirmed(session, make_campaign(session), 1)
        session.execute(update(Mission).values(search="سفارة القاهرة"))
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


def test_fingerprints_stay_of_whom_no_name_is_left(app: Flask, session: Session) -> None:
    with app.app_context():
        add_confirmed(session, make_campaign(session), 1)
        add_confirmed(session, make_campaign(session), 1, forgotten_at=db.utcnow())
        session.execute(update(Signature).values(person_hmac=STALE))
        session.commit()
        session.close()
        engine = app.extensions["database"].engine
        migrations.downgrade(engine, BEFORE)
        migrations.upgrade(engine)
        kept = select(Signature.person_hmac).order_by(Signature.id)
        assert session.scalars(kept).all() == [None, STALE]


def test_offices_are_found_again_and_two_never_become_one(app: Flask, session: Session) -> None:
    with app.app_context():
        keys = ("وزيرة", "وزيره", "سفيرة")
        for number, key in enumerate(keys):
            label = {"ar": key}
            session.add(Post(country="EG", key=key, label=label, public_id=f"{number:022d}"))
        session.commit()
        session.close()
        engine = app.extensions["database"].engine
        migrations.downgrade(engine, BEFORE)
        migrations.upgrade(engine)
        found = session.scalars(select(Post.key).order_by(Post.public_id)).all()
        assert found == ["وزيرة", "وزيره", "سفيره"]
        post = get_or_create_post(session, country="EG", label={"ar": "سفيرة"})
        assert post.public_id == f"{2:022d}"


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
