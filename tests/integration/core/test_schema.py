"""The ground: the application starts, and the migrations match the models."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import campaign.models  # noqa: F401
from campaign import migrations
from campaign.core import audit, db
from campaign.models.campaign import Campaign, StopKind
from tests.factories import make_campaign, make_target_official


@pytest.mark.both_engines
def test_migrations_match_the_models(app: Flask) -> None:
    engine = app.extensions["database"].engine
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.Base.metadata)
    assert differences == []


@pytest.mark.both_engines
def test_no_id_is_given_again(app: Flask) -> None:
    """The audit knows what is deleted by its id; the columns of a new table must say so too."""
    engine = app.extensions["database"].engine
    numbered = {
        table.name
        for table in db.Base.metadata.tables.values()
        if [(column.name, str(column.type)) for column in table.primary_key] == [("id", "INTEGER")]
    }
    assert len(numbered) > 60
    counted = {
        "sqlite": "SELECT name FROM sqlite_master WHERE sql LIKE '%PRIMARY KEY%AUTOINCREMENT%'",
        "postgresql": "SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid "
        "WHERE relkind = 'S' AND deptype = 'a'",
    }[engine.dialect.name]
    with engine.connect() as connection:
        there = {name.removesuffix("_id_seq") for name in connection.scalars(text(counted))}
    assert numbered - there == set()


def test_what_the_audit_names_keeps_its_id_when_sqlite_begins_to_count(
    app: Flask, session: Session
) -> None:
    audit.record(session, "staff:1", "bundle.release", "bundle:41")
    audit.record(session, "staff:1", "delivery.delete", "delivery:7")
    audit.record(session, "staff:1", "mission.create", "mission:12345678901234567890ab")
    audit.record(session, "staff:1", "campaign.targets", "campaign:1", officials=[3, 5])
    audit.record(session, "staff:1", "campaign.successor", "campaign:1", before=5, after=6)
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0067")
    migrations.upgrade(engine)
    newest = text("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")
    with engine.connect() as connection:
        counts = {row.name: row.seq for row in connection.execute(newest)}
    named = {"audit_entry": 5, "bundle": 41, "campaign": 1, "delivery_attempt": 7, "official": 6}
    assert counts == counts | named
    assert "mission" not in counts
    official = make_target_official()
    db.add_row(session, official)
    assert official.id == 7


@pytest.mark.both_engines
def test_migrations_go_down_to_nothing_and_up_again(app: Flask) -> None:
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "base")
    assert migrations.current_revision(engine) is None
    migrations.upgrade(engine)
    assert migrations.current_revision(engine) == migrations.newest_revision()


@pytest.mark.both_engines
def test_reasons_and_words_that_are_ruled_out_go_down_and_up(app: Flask, session: Session) -> None:
    """A reason becomes one of the campaign and one per language again; words are opened, sealed."""
    reasons = {"fr": "Elle est libre.", "es": "Libre."}
    words = ["Nóra", "the blue house"]
    make_campaign(session, status_reasons=reasons, locales=["fr"], forbidden_words=words)
    make_campaign(session, status_reasons={"es": "Libre."}, stop_kind=StopKind.SAFE)
    make_campaign(session)
    session.commit()
    session.close()
    database = app.extensions["database"]

    def lying(column: str) -> list[str]:
        with database.engine.connect() as connection:
            kept = connection.scalars(text(f"SELECT {column} FROM campaign ORDER BY id"))
            return [str(cell) for cell in kept]

    migrations.downgrade(database.engine, "0018")
    assert lying("status_reason") == ["Elle est libre.", "Libre.", ""]
    migrations.downgrade(database.engine, "0011")
    assert "the blue house" in lying("forbidden_words")[0]
    assert lying("forbidden_words")[1:] == ["[]"] * 2
    migrations.upgrade(database.engine)
    assert lying("stop_kind") == ["harm"] * 3
    assert "blue" not in lying("forbidden_words")[0]
    assert lying("forbidden_words")[1:] == ["None"] * 2
    with database.sessions() as there:
        campaigns = there.query(Campaign).order_by(Campaign.id).all()
        assert campaigns[0].forbidden_words == words
        assert [upgraded.status_reasons for upgraded in campaigns] == [
            {"fr": "Elle est libre."},
            {"en": "Libre."},
            {},
        ]


def test_every_response_carries_the_headers(client: FlaskClient) -> None:
    response = client.get("/brand.css")
    assert response.status_code == 200
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
