"""The ground: the application starts, and the migrations match the models."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient

import campaign.models  # noqa: F401
from campaign import db, migrations


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


def test_every_response_carries_the_headers(client: FlaskClient) -> None:
    response = client.get("/brand.css")
    assert response.status_code == 200
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
