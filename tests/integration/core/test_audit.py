"""The audit's chain: append-only in the database, and telling where somebody got round that."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from campaign import storage
from campaign.cli import campaign
from campaign.commands import backup_archive
from campaign.core import audit, db, jobs
from campaign.core.audit import Anchor, AuditEntry
from campaign.core.settings import Settings

_DISARM = {
    "sqlite": ["DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete"],
    "postgresql": ["SET LOCAL session_replication_role = replica"],
}


@pytest.fixture
def chain(session: Session) -> list[int]:
    """Ids of five entries."""
    for number in range(5):
        record(session, number)
    session.commit()
    return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def record(session: Session, number: int) -> None:
    audit.record(session, "staff:1", "test", f"thing:{number}", count=number)


def disarm(session: Session) -> None:
    """What somebody can do who owns the database."""
    for statement in _DISARM[session.get_bind().dialect.name]:
        session.execute(text(statement))
    session.expire_all()


def faults(session: Session, *anchors: Anchor) -> list[tuple[str, int]]:
    return [(fault.kind, fault.entry) for fault in audit.check(session, anchors=anchors)]


def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    env = {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
    }
    result = CliRunner().invoke(campaign, ["audit", "verify", *arguments], env=env)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.both_engines
def test_the_database_refuses_to_change_or_remove_an_entry(
    session: Session, chain: list[int]
) -> None:
    for statement in (
        update(AuditEntry).values(actor="staff:2"),
        delete(AuditEntry).where(AuditEntry.id == chain[0]),
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            session.execute(statement)
        session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        with pytest.raises(DatabaseError, match="append-only"):
            session.execute(text("TRUNCATE audit_entry"))
        session.rollback()
    assert faults(session, audit.head(session)) == []


@pytest.mark.both_engines
def test_an_edited_entry_is_found(session: Session, chain: list[int]) -> None:
    disarm(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == chain[2]).values(actor="staff:2"))
    assert faults(session) == [("edited", chain[2])]
    assert [fault.entry for fault in audit.check(session)] == [chain[2]]


@pytest.mark.both_engines
def test_a_missing_entry_is_found(session: Session, chain: list[int]) -> None:
    disarm(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id == chain[2]))
    assert faults(session) == [("missing", chain[3])]


@pytest.mark.both_engines
def test_what_was_cut_off_the_end_or_made_anew_shows_against_an_anchor(
    session: Session, chain: list[int]
) -> None:
    before = audit.head(session)
    assert Anchor.parse(str(before)) == before
    record(session, 5)
    assert faults(session, before, audit.head(session)) == []
    disarm(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id >= chain[3]))
    assert faults(session) == []
    assert faults(session, before) == [("cut", chain[4])]
    session.execute(delete(AuditEntry))
    for number in range(9):
        record(session, number + 100)
    assert faults(session) == []
    breaks = faults(session, before)
    assert [kind for kind, _id in breaks] == ["rewritten"] or breaks == [("cut", chain[4])]


@pytest.mark.both_engines
def test_entries_written_at_once_stay_one_chain(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context(), db.transaction() as session:
            record(session, number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    with app.app_context(), db.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 24
        assert list(audit.check(session)) == []


@pytest.mark.both_engines
def test_the_instance_keeps_a_sealed_anchor_that_does_not_move_over_a_break(
    session: Session, chain: list[int], settings: Settings
) -> None:
    jobs.run_now("audit.anchor")
    held = audit.read_anchor()
    assert held == audit.head(session)
    file = settings.folder / "audit.anchor"
    assert str(held) not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    record(session, 5)
    session.commit()
    jobs.run_now("audit.anchor")
    assert audit.read_anchor() == audit.head(session)
    disarm(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id > chain[3]))
    session.commit()
    with structlog.testing.capture_logs() as logged:
        jobs.run_now("audit.anchor")
    assert [event["event"] for event in logged] == ["the audit is broken"]
    assert audit.list_anchors() != [audit.head(session)]
    file.write_text("AAAA")
    with pytest.raises(audit.DamagedAnchor):
        audit.read_anchor()


@pytest.mark.both_engines
def test_the_command_names_the_broken_place_and_exits_with_1(
    app: Flask, session: Session, chain: list[int], settings: Settings, tmp_path: Path
) -> None:
    jobs.run_now("audit.anchor")
    backup = tmp_path / "backup.zip"
    backup_archive.back_up(app.extensions["database"], storage.storage(), backup)
    head = str(audit.head(session))
    session.rollback()
    code, out, _err = run(settings, "--backup", str(backup), "--anchor", head)
    assert code == 0
    assert out == f"All 5 entries are intact. Keep this anchor for the next check: {head}\n"
    assert run(settings, "--anchor", "nonsense")[0] == 2
    disarm(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == chain[1]).values(actor="staff:2"))
    session.execute(delete(AuditEntry).where(AuditEntry.id == chain[4]))
    session.commit()
    code, out, err = run(settings, "--json", "--backup", str(backup))
    facts = json.loads(out)
    assert code == 1
    assert not facts["ok"]
    assert facts["anchored"] == [5, 5]
    kinds = [(problem["kind"], problem["entry"]) for problem in facts["problems"]]
    assert kinds == [("edited", chain[1]), ("cut", chain[4]), ("cut", chain[4])]
    assert f"Entry {chain[1]} (" in err
    assert f"Entries up to {chain[4]} are missing at the end." in err
    (settings.folder / "audit.anchor").write_text("AAAA")
    code, out, err = run(settings)
    assert (code, out) == (1, "")
    assert "audit.anchor" in err
