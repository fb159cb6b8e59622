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
from campaign.core import audit, audit_anchor, db, jobs
from campaign.core.audit import Anchor, AuditEntry
from campaign.core.settings import Settings

_DISARM = {
    "sqlite": ["DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete"],
    "postgresql": ["SET LOCAL session_replication_role = replica"],
}


@pytest.fixture
def chain(unit: Session) -> list[int]:
    """Ids of five entries."""
    for number in range(5):
        record(unit, number)
    unit.commit()
    return list(unit.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def record(unit: Session, number: int) -> None:
    audit.record(unit, actor="staff:1", action="test", subject=f"thing:{number}", count=number)


def disarm(unit: Session) -> None:
    """What somebody can do who owns the database."""
    for statement in _DISARM[unit.get_bind().dialect.name]:
        unit.execute(text(statement))
    unit.expire_all()


def faults(unit: Session, *anchors: Anchor) -> list[tuple[str, int]]:
    return [(one.kind, one.entry) for one in audit.check(unit, anchors=anchors)]


def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    env = {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
    }
    result = CliRunner().invoke(campaign, ["audit", "verify", *arguments], env=env)
    return result.exit_code, result.stdout, result.stderr


def test_the_database_refuses_to_change_or_remove_an_entry(unit: Session, chain: list[int]) -> None:
    for statement in (
        update(AuditEntry).values(actor="staff:2"),
        delete(AuditEntry).where(AuditEntry.id == chain[0]),
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            unit.execute(statement)
        unit.rollback()
    if unit.get_bind().dialect.name == "postgresql":
        with pytest.raises(DatabaseError, match="append-only"):
            unit.execute(text("TRUNCATE audit_entry"))
        unit.rollback()
    assert faults(unit, audit.head(unit)) == []


def test_an_edited_entry_is_found(unit: Session, chain: list[int]) -> None:
    disarm(unit)
    unit.execute(update(AuditEntry).where(AuditEntry.id == chain[2]).values(actor="staff:2"))
    assert faults(unit) == [("edited", chain[2])]
    assert [one.entry for one in audit.check(unit)] == [chain[2]]


def test_a_missing_entry_is_found(unit: Session, chain: list[int]) -> None:
    disarm(unit)
    unit.execute(delete(AuditEntry).where(AuditEntry.id == chain[2]))
    assert faults(unit) == [("missing", chain[3])]


def test_what_was_cut_off_the_end_or_made_anew_shows_against_an_anchor(
    unit: Session, chain: list[int]
) -> None:
    before = audit.head(unit)
    assert Anchor.parse(str(before)) == before
    record(unit, 5)
    assert faults(unit, before, audit.head(unit)) == []
    disarm(unit)
    unit.execute(delete(AuditEntry).where(AuditEntry.id >= chain[3]))
    assert faults(unit) == []
    assert faults(unit, before) == [("cut", chain[4])]
    unit.execute(delete(AuditEntry))
    for number in range(9):
        record(unit, number + 100)
    assert faults(unit) == []
    found = faults(unit, before)
    assert [one for one, _id in found] == ["rewritten"] or found == [("cut", chain[4])]


def test_entries_written_at_once_stay_one_chain(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context(), db.transaction() as unit:
            record(unit, number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    with app.app_context(), db.reading() as unit:
        assert len(unit.scalars(select(AuditEntry)).all()) == 24
        assert list(audit.check(unit)) == []


def test_the_instance_keeps_a_sealed_anchor_that_does_not_move_over_a_break(
    unit: Session, chain: list[int], settings: Settings
) -> None:
    jobs.run_now("audit.anchor")
    held = audit_anchor.read()
    assert held == audit.head(unit)
    file = settings.folder / "audit.anchor"
    assert str(held) not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    record(unit, 5)
    unit.commit()
    jobs.run_now("audit.anchor")
    assert audit_anchor.read() == audit.head(unit)
    disarm(unit)
    unit.execute(delete(AuditEntry).where(AuditEntry.id > chain[3]))
    unit.commit()
    with structlog.testing.capture_logs() as logged:
        jobs.run_now("audit.anchor")
    assert [one["event"] for one in logged] == ["the audit is broken"]
    assert audit_anchor.known() != [audit.head(unit)]
    file.write_text("AAAA")
    with pytest.raises(audit_anchor.DamagedAnchor):
        audit_anchor.read()


def test_the_command_names_the_broken_place_and_exits_with_1(
    app: Flask, unit: Session, chain: list[int], settings: Settings, tmp_path: Path
) -> None:
    jobs.run_now("audit.anchor")
    backup = tmp_path / "backup.zip"
    backup_archive.back_up(app.extensions["database"], storage.storage(), backup)
    head = str(audit.head(unit))
    unit.rollback()
    code, out, _err = run(settings, "--backup", str(backup), "--anchor", head)
    assert code == 0
    assert out == f"All 5 entries hold. Keep this for the next time: {head}\n"
    assert run(settings, "--anchor", "nonsense")[0] == 2
    disarm(unit)
    unit.execute(update(AuditEntry).where(AuditEntry.id == chain[1]).values(actor="staff:2"))
    unit.execute(delete(AuditEntry).where(AuditEntry.id == chain[4]))
    unit.commit()
    code, out, err = run(settings, "--json", "--backup", str(backup))
    facts = json.loads(out)
    assert code == 1
    assert not facts["ok"]
    assert facts["anchored"] == [5, 5]
    kinds = [(one["kind"], one["entry"]) for one in facts["problems"]]
    assert kinds == [("edited", chain[1]), ("cut", chain[4]), ("cut", chain[4])]
    assert f"Entry {chain[1]} (" in err
    assert f"The entries up to {chain[4]} were cut off the end." in err
    (settings.folder / "audit.anchor").write_text("AAAA")
    code, out, err = run(settings)
    assert (code, out) == (1, "")
    assert "audit.anchor" in err
