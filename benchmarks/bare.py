"""The peers: the least that Flask, SQLAlchemy and gunicorn can do for the same request."""

import os
from pathlib import Path

from flask import Flask, redirect, request
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateTable
from werkzeug.wrappers import Response


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "row"

    id: Mapped[int] = mapped_column(primary_key=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    email: Mapped[str]
    locality: Mapped[str]
    region: Mapped[str]
    postal_code: Mapped[str]
    country: Mapped[str]
    own_words: Mapped[str]


def create_app() -> Flask:
    """A page of the size that BARE_PAGE names, and an insert into the database BARE_DATABASE."""
    app = Flask(__name__)
    page = Path(os.environ["BARE_PAGE"]).read_text(encoding="utf-8")
    engine = create_engine(os.environ["BARE_DATABASE"])

    @event.listens_for(engine, "connect")
    def _wal(connection, _record):  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=30000")

    with engine.begin() as connection:  # both workers start at once
        connection.execute(CreateTable(Row.__table__, if_not_exists=True))  # type: ignore[arg-type]

    @app.get("/page")
    def show() -> str:
        return page

    @app.post("/row")
    def add() -> Response:
        form = request.form
        with Session(engine) as session:
            session.add(Row(**{name: form[name] for name in Row.__table__.columns.keys()[1:]}))
            session.commit()
        return redirect("/page", 303)

    return app
