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
from campaign.core import db
from campaign.models.campaign import Campaign, StopKind
from tests.factories import make_campaign


def test_migrations_match_the_models(app: Flask) -> None:
    engine = app.extensions["database"].engine
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.Base.metadata)
    assert differences == []


def test_migrations_go_down_to_nothing_and_up_again(app: Flask) -> None:
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "base")
    assert migrations.current_revision(engine) is None
    migrations.upgrade(engine)
    assert migrations.current_revision(engine) == migrations.newest_revision()


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


@pytest.mark.one_engine
def test_every_response_carries_the_headers(client: FlaskClient) -> None:
    response = client.get("/brand.css")
    assert response.status_code == 200
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
