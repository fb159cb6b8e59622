"""An instance of the last release, as its database was, is brought up with all that is in it.

`tests/data/instance-0.2.0.jsonl` is the demo of that release with one bundle, as `campaign backup`
of then wrote it: the key first, then each row. Everybody in it is invented.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.bundles.volumes.load_letters import load_volume
from campaign.cli import campaign
from campaign.commands.backup_archive import _fill, tables_of
from campaign.core import db
from campaign.core.settings import load_settings
from campaign.models.bundle import Volume
from campaign.models.signature import Signature
from campaign.models.staff import StaffUser

DUMP = Path(__file__).parents[2] / "data/instance-0.2.0.jsonl"


@pytest.mark.both_engines
def test_an_instance_of_the_last_release_is_brought_up(database_url: str, tmp_path: Path) -> None:
    head, *rows = map(json.loads, DUMP.read_text("utf-8").splitlines())
    tables: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        tables.setdefault(row["table"], []).append(row["row"])
    instance = tmp_path / "instance"
    instance.mkdir(mode=0o700)
    (instance / "data.key").touch(mode=0o600)
    (instance / "data.key").write_text(head["data_key"])
    environment = {"CAMPAIGN_INSTANCE": str(instance), "CAMPAIGN_DATABASE_URL": database_url}

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(campaign, list(arguments), env=environment)
        assert result.exit_code == 0, result.output
        return result

    run("db", "downgrade", "--yes", head["revision"])
    _fill_tables(database_url, tables)
    run("db", "upgrade")
    run("db", "check")
    assert f"All {len(tables['audit_entry'])} entries" in run("audit", "verify").output
    app = create_app(load_settings(instance=instance, database_url=database_url))
    with app.app_context(), db.reading() as session:
        db.database().read_keys()
        _check_rows(session, tables)
        _check_letters(session)
    close_app(app)


def _fill_tables(database_url: str, tables: dict[str, list[dict[str, object]]]) -> None:
    engine = db.make_engine(database_url)
    with engine.begin() as connection:
        known = {table.name: table for table in tables_of(engine)}
        assert set(tables) <= set(known)
        for name, table in known.items():
            lines = [json.dumps(row).encode() + b"\n" for row in tables.get(name, ())]
            _fill(connection, table, lines)
    engine.dispose()


def _check_rows(session: Session, tables: dict[str, list[dict[str, object]]]) -> None:
    """Every row is there, and what is sealed in it opens."""
    counts = Counter(
        mapper.class_.__tablename__
        for mapper in db.Base.registry.mappers
        for _row in session.scalars(select(mapper.class_))
    )
    derived = {"figures_run", "figures_block", "waiting_letters", "campaign_tally"}
    fewer = {name for name in tables if counts[name] < len(tables[name])}
    assert fewer <= derived
    emails = {user.email for user in session.scalars(select(StaffUser))}
    assert emails == {"olivia@example.org", "samir@example.org", "ada@example.org"}
    assert all(user.gets_digest for user in session.scalars(select(StaffUser)))


def _check_letters(session: Session) -> None:
    """The volume of then is composed again, word for word."""
    signatures = session.scalars(select(Signature)).all()
    loaded = load_volume(session, session.scalars(select(Volume.id)).one())
    assert loaded.set_aside == []
    assert [letter.number for letter in loaded.letters] == [f"{n:05}" for n in range(1, 38)]
    names = {f"{signature.given_name} {signature.family_name}" for signature in signatures}
    assert {letter.signature_name for letter in loaded.letters} <= names
    assert loaded.letters[0].signature_name == "Matías Cañizares"
    assert loaded.letters[0].own_words[0].startswith("Tengo diecisiete años.")
