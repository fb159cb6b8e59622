"""Keys turn: all is sealed anew with the newest, bound to its row, while people sign."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, column, select, table, text, type_coerce, update
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.db import turn_keys
from campaign.core.db.personal_columns import look_up_columns, new_seal_id, place_of, sealed_columns
from campaign.core.keyfiles import read_key
from campaign.core.sealing import Keyring, KeyState, WrongKey, _Keys
from campaign.core.settings import Settings
from campaign.mail.messages import address_fingerprint
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature
from campaign.staff import staff_users
from campaign.staff.second_factor import create_recovery_codes, use_recovery_code
from tests.commands import Commands
from tests.factories import add_confirmed, make_campaign, make_staff_user

_RAW = {
    name: type_coerce(db.table_of(Signature).c[name], LargeBinary)
    for name in ("given_name", "own_words", "email")
}


@pytest.fixture
def database(app: Flask) -> Iterator[db.Database]:
    """The test's database, whose keys are as at the first start again afterwards."""
    database: db.Database = app.extensions["database"]
    yield database
    ring = database.keyring
    del ring._keys[1:]
    ring.state, database.keys_read_at = KeyState(), float("-inf")


@pytest.fixture
def add_key(database: db.Database, settings: Settings) -> Callable[[], None]:
    """Another key, as `campaign keys add` and a start of all processes would bring it."""

    def add() -> None:
        version = database.keyring.newest + 1
        key = read_key(settings.key_file(version))
        database.keyring._keys.append(_Keys.of(key, version))

    return add


@pytest.fixture
def people(session: Session, database: db.Database) -> Campaign:
    """Signatures of which some lie there as before keys had versions."""
    campaign = make_campaign(session, forbidden_words=["Nóra"])
    add_confirmed(session, campaign, 7)
    session.commit()
    seal_as_before(session, database.keyring)
    return campaign


def seal_as_before(session: Session, keyring: Keyring) -> None:
    for each in db.Base.metadata.sorted_tables:
        names = {sealed.name: place_of(sealed) for sealed in sealed_columns(each)}
        keys = [key.name for key in each.primary_key]
        raw = table(
            each.name,
            *(column(name, each.c[name].type) for name in keys),
            *(column(name, LargeBinary) for name in ("seal_id", *names)),
        )
        if not names:
            continue
        for row in session.execute(select(raw).order_by(*raw.c)).mappings().all()[::2]:
            values = {
                name: keyring.seal_unversioned(
                    keyring.open(bytes(row[name]), place, bytes(row["seal_id"])), place
                )
                for name, place in names.items()
                if row[name] is not None
            }
            at = [raw.c[name] == row[name] for name in keys]
            if values:
                session.execute(update(raw).where(*at).values(values))
    session.commit()


def rotate() -> None:
    turn_keys.begin()
    for _ in turn_keys.reseal():
        pass
    turn_keys.turn()


def heads(session: Session) -> set[bytes]:
    rows = session.execute(select(*_RAW.values()))
    return {bytes(value)[:2] for row in rows for value in row if bytes(value) != b"\x04"}


def names(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(Signature.given_name, Signature.email).order_by(Signature.id))
    return [(row.given_name, row.email) for row in rows]


@pytest.mark.both_engines
def test_a_turn_seals_all_anew_and_everybody_is_found(
    people: Campaign, session: Session, add_key: Callable[[], None], database: db.Database
) -> None:
    before, marks = names(session), session.scalars(select(Signature.email_hmac)).all()
    assert heads(session) > {b"\x04\x01"}
    for version in (1, 2, 3):
        if version > 1:
            add_key()
        assert turn_keys.has_earlier(session)
        session.rollback()
        rotate()
        session.expire_all()
        session.rollback()
        assert heads(session) == {b"\x04" + bytes([version])}
        assert names(session) == before
        assert not turn_keys.has_earlier(session)
        state = database.keyring.state
        assert (state.sealing, state.bound, state.look_ups) == (version, version, version)
        for _name, email in before:
            query = select(Signature.email).where(
                Signature.email_hmac == address_fingerprint(email)
            )
            assert session.scalars(query).all() == [email]
    assert set(marks).isdisjoint(session.scalars(select(Signature.email_hmac)).all())


@pytest.mark.both_engines
def test_all_fingerprints_turn(
    session: Session, database: db.Database, add_key: Callable[[], None]
) -> None:
    user = make_staff_user(session)
    codes = create_recovery_codes(session, user)
    session.commit()
    add_key()
    rotate()
    session.rollback()
    session.expire_all()
    looked_up = staff_users.find_by_email(session, user.email)
    assert looked_up is not None
    assert use_recovery_code(session, looked_up, codes[0])
    assert not use_recovery_code(session, looked_up, codes[0])


@pytest.mark.both_engines
def test_a_value_copied_to_another_row_does_not_open(session: Session, people: Campaign) -> None:
    rotate()
    changed, other = session.scalars(select(Signature.id).order_by(Signature.id).limit(2))
    session.execute(
        text(
            "UPDATE signature SET email = (SELECT email FROM signature WHERE id = :other)"
            " WHERE id = :one"
        ),
        {"one": changed, "other": other},
    )
    with pytest.raises(WrongKey):
        session.scalar(select(Signature.email).where(Signature.id == changed))
    assert session.scalar(select(Signature.email).where(Signature.id == other))


@pytest.mark.both_engines
def test_after_a_turn_an_earlier_value_in_its_own_row_is_refused(
    session: Session, people: Campaign, add_key: Callable[[], None]
) -> None:
    """As a thief of an earlier key could make it, or a stolen backup holds it."""
    raw = table("signature", column("id"), column("email", LargeBinary))
    kept = session.execute(select(raw).order_by(raw.c.id)).all()
    add_key()
    rotate()
    session.rollback()
    for signature_id, email in kept:
        session.execute(update(raw).where(raw.c.id == signature_id).values(email=email))
        with pytest.raises(WrongKey):
            session.scalar(select(Signature.email).where(Signature.id == signature_id))


@pytest.mark.both_engines
def test_a_statement_that_does_not_name_the_row_writes_nothing(
    session: Session, people: Campaign
) -> None:
    with pytest.raises(Exception, match="does not name the row"):
        session.execute(update(Signature).values(email="x@example.org"))
    session.rollback()
    some = session.scalar(select(Signature).limit(1))
    assert some is not None
    some.given_name = "Changed"
    session.commit()
    session.expire_all()
    assert some.given_name == "Changed"
    session.execute(update(Signature).values(own_words=""))  # nothing is of no row


@pytest.mark.both_engines
def test_what_was_looked_for_under_an_earlier_key_is_not_committed(
    app: Flask, session: Session, people: Campaign, add_key: Callable[[], None]
) -> None:
    """A person who signs at that moment would have two rows otherwise."""
    add_key()
    email = session.scalar(select(Signature.email).limit(1))
    assert email is not None
    session.rollback()
    with app.app_context():
        with db.reading():
            before = address_fingerprint(email)
        turn_elsewhere(app)
        with pytest.raises(db.KeysTurned), db.transaction() as late:
            late.execute(update(Signature).where(Signature.id == 1).values(email_hmac=before))
        with db.transaction():  # the next one goes by the new key
            assert address_fingerprint(email) != before
    assert before not in session.scalars(select(Signature.email_hmac)).all()


def turn_elsewhere(app: Flask) -> None:
    """As another process would: this one does not know yet."""
    ring = app.extensions["database"].keyring
    state = ring.state
    with app.app_context():
        rotate()
    ring.state = state


@pytest.mark.both_engines
def test_what_an_earlier_key_sealed_after_the_turn_is_not_committed(
    app: Flask, session: Session, people: Campaign, add_key: Callable[[], None]
) -> None:
    rotate()
    add_key()
    session.rollback()
    with app.app_context():
        with db.reading():
            pass
        turn_elsewhere(app)
        with pytest.raises(db.KeysTurned), db.transaction() as late:
            late.scalars(select(Signature).limit(1)).one().given_name = "Too late"
    session.expire_all()
    assert "Too late" not in dict(names(session))


_KILLED = """
import os, signal, sys
from campaign import create_app
from campaign.core.db import turn_keys
app = create_app()
with app.app_context():
    turn_keys.BATCH, left = 2, int(sys.argv[1])
    turn_keys.begin()
    for _ in turn_keys.reseal():
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    real = turn_keys._turn_fingerprints
    def turn(*arguments):
        real(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    turn_keys._turn_fingerprints = turn
    turn_keys.turn()
"""


@pytest.mark.both_engines
def test_a_rotation_says_first_that_all_processes_need_the_key(
    session: Session, add_key: Callable[[], None], settings: Settings, commands: Commands
) -> None:
    session.rollback()
    add_key()
    environment = os.environ | {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
    }
    first, again = (commands.run(["keys", "rotate"], environment) for _ in range(2))
    assert "must have been restarted since key 2 was added" in first.stderr
    assert "Encrypted" in first.stdout
    assert "restarted" not in again.stderr


@pytest.mark.both_engines
def test_a_rotation_that_is_killed_goes_on_where_it_was(
    people: Campaign,
    session: Session,
    database: db.Database,
    add_key: Callable[[], None],
    settings: Settings,
    commands: Commands,
) -> None:
    before = names(session)
    session.rollback()
    add_key()
    environment = os.environ | {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
    }
    for batches in (2, 99):  # in the middle of the rows, and of the fingerprints
        ended = commands.run_code(_KILLED, [str(batches)], environment)
        assert ended == -signal.SIGKILL
        database.keys_read_at = float("-inf")
        database.read_keys()
        state = database.keyring.state
        assert (state.sealing, state.bound, state.look_ups) == (2, 0, 1)
        assert names(session) == before
        for _name, email in before:
            query = select(Signature.email).where(
                Signature.email_hmac == address_fingerprint(email)
            )
            assert session.scalars(query).all() == [email]
        session.rollback()
    rotate()
    assert heads(session) == {b"\x04\x02"}
    assert names(session) == before


def test_every_table_with_sealed_columns_names_its_rows() -> None:
    for each in db.Base.metadata.sorted_tables:
        assert bool(sealed_columns(each)) == ("seal_id" in each.c), each.name


def test_every_keyed_fingerprint_turns() -> None:
    """Of other binary columns each is random, or a digest of what is random or public."""
    others = {
        f"{each.name}.{binary.name}"
        for each in db.Base.metadata.sorted_tables
        for binary in each.columns
        if isinstance(binary.type, LargeBinary) and binary.name != "seal_id"
    }
    assert others == {
        "api_token.digest",
        "audit_entry.previous",
        "audit_entry.digest",
        "consent_wording.digest",
        "letters_link.token_digest",
        "network_member.token_digest",
        "rate_limit.bucket",
        "signature.token_digest",
        "spent_link.token_digest",
        "spent_work.nonce",
        "bundle_print.tree",
        "letter.salt",
        "volume.letter_codes",
        "passkey.credential_id",
        "passkey.public_key",
        "used_challenge.digest",
        "webhook_event.deed",
    }
    assert sum(len(look_up_columns(each)) for each in db.Base.metadata.sorted_tables) > 10


@pytest.mark.both_engines
def test_rows_inserted_at_once_have_names_of_their_own(session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    drawn = session.scalars(select(Signature.seal_id)).all()
    assert len(set(drawn)) == 3
    assert {len(bytes(name)) for name in drawn} == {len(new_seal_id())}


@pytest.mark.both_engines
def test_what_somebody_writes_meanwhile_is_left_alone(
    session: Session, people: Campaign, database: db.Database
) -> None:
    batch = turn_keys._Batch(db.table_of(Signature), database.keyring)
    rows = batch.fetch(session.connection(), None)
    signature = session.get_one(Signature, rows[0]["id"])
    signature.given_name = "Newest"
    session.flush()
    batch.write(session.connection(), rows)
    session.expire_all()
    assert signature.given_name == "Newest"
