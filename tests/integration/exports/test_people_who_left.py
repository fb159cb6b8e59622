"""A file that waits is not given out once somebody in it must not be in it any more."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.exports import requests
from campaign.exports.people_in_file import name_people
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.export import ConsentColumns, DataExport, ExportKind, ExportState
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Disclosure, Signature, SignatureState
from campaign.models.staff import StaffUser
from campaign.privacy.anonymise import anonymise_signatures
from campaign.privacy.erase_supporter import erase_mailbox
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.letter_links import Mailbox
from tests.factories import add_confirmed, make_campaign, make_members, post
from tests.integration.exports.conftest import REASON, Ask, Scene

MakeFile = Callable[[int], bytes]
Browsers = Callable[..., FlaskClient]
Leave = Callable[[Session, Signature], object]


def take_back(session: Session, signature: Signature) -> None:
    withdraw_letter(session, signature, db.utcnow())


def delete_everything(session: Session, signature: Signature) -> None:
    mailbox = Mailbox(signature.email, signature.email_hmac, db.utcnow())
    erase_mailbox(session, mailbox, locale="en", now=db.utcnow())


def put_in(state: SignatureState) -> Leave:
    return lambda _session, signature: setattr(signature, "state", state)


def forget(session: Session, signature: Signature) -> None:
    anonymise_signatures(session, [signature.id], db.utcnow())


def show_less(_session: Session, signature: Signature) -> None:
    signature.disclosure = Disclosure.NAME


BOTH, OFFICIALS = (ExportKind.FULL, ExportKind.OFFICIALS), (ExportKind.OFFICIALS,)
WAYS: list[tuple[str, tuple[ExportKind, ...], Leave]] = [
    ("withdraws", BOTH, take_back),
    ("deletes everything", BOTH, delete_everything),
    ("is forgotten", BOTH, forget),
    ("is rejected", OFFICIALS, put_in(SignatureState.REJECTED)),
    ("is excluded", OFFICIALS, put_in(SignatureState.INVALID)),
    ("is held", OFFICIALS, put_in(SignatureState.HELD)),
    ("shows less", OFFICIALS, show_less),
]


def reload_export(session: Session, export_id: int) -> DataExport:
    session.rollback()
    session.expire_all()
    return session.get_one(DataExport, export_id)


def list_files(app: Flask) -> list[str]:
    with app.app_context():
        return list(storage.storage().names("exports"))


def find_named(session: Session, given_name: str) -> Signature:
    everybody = session.scalars(select(Signature)).all()
    return next(person for person in everybody if person.given_name == given_name)


@pytest.mark.parametrize(
    ("kind", "leave"),
    [(kind, leave) for _way, kinds, leave in WAYS for kind in kinds],
    ids=[f"{way}-{kind.value}" for way, kinds, _leave in WAYS for kind in kinds],
)
def test_a_ready_file_is_deleted_instead_of_given_out_and_made_again_without_who_left(
    app: Flask,
    session: Session,
    settings: Settings,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    browsers: Browsers,
    kind: ExportKind,
    leave: Leave,
) -> None:
    before = make_file(number := ask(kind))
    assert b"Planted1" in before
    add_confirmed(session, find_named(session, "Planted1").campaign, 1, given_name="Later")
    session.commit()
    leave(session, find_named(session, "Planted1"))
    session.commit()

    client, url = browsers(scene.asker_id), "/desk/exports/"
    url += reload_export(session, number).public_id
    answer = post(client, f"{url}/download")
    assert answer.status_code == 303
    assert b"Planted" not in answer.data
    page = client.get(answer.location).text
    assert "someone in it has withdrawn" in page
    assert "Download the file" not in page
    export = reload_export(session, number)
    assert (export.state, export.downloads) == (ExportState.EXPIRED, 0)
    assert list_files(app) == []
    [mail] = session.scalars(select(OutboxMail).where(OutboxMail.kind == "export-failed"))
    assert "file deleted" in str(render(mail, settings)["Subject"])

    assert "Make the file again" in page
    assert post(client, f"{url}/remake").status_code == 303
    assert post(client, f"{url}/remake").status_code == 303, "a second click changes nothing"
    make_file(number)
    answer = post(client, f"{url}/download")
    assert answer.status_code == 200
    assert b"Later" in answer.data
    assert (b"Planted1" in answer.data) == (leave is show_less)
    assert b"Hintertux" in before
    if leave is show_less:
        line = next(line for line in answer.data.splitlines() if b"Planted1" in line)
        assert b"Hintertux" not in line


@pytest.mark.both_engines
def test_it_is_deleted_within_minutes_though_nobody_asks_for_it(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile
) -> None:
    leaves, stays = ask(), ask(bundle_id=None)
    make_file(leaves)
    add_confirmed(session, session.get_one(DataExport, leaves).campaign, 1)
    delete_everything(session, find_named(session, "Planted0"))
    session.commit()
    make_file(stays)
    with app.app_context():
        jobs.run_now("exports.sweep")
    assert reload_export(session, leaves).state is ExportState.EXPIRED
    export = reload_export(session, stays)
    assert export.state is ExportState.READY
    assert list_files(app) == [export.storage_key, name_people(export.storage_key)]


def test_who_was_deleted_is_not_taken_for_who_got_their_number_next(
    session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    last = add_confirmed(session, find_named(session, "Planted0").campaign, 1, given_name="Last")
    session.commit()
    number = ask()
    assert b"Last" in make_file(number)
    row_id, campaign = last[0].id, last[0].campaign
    delete_everything(session, last[0])
    session.flush()
    add_confirmed(session, campaign, 1, given_name="Next", id=row_id)
    session.commit()
    url = f"/desk/exports/{reload_export(session, number).public_id}"
    assert post(browsers(scene.asker_id), f"{url}/download").status_code == 303


@pytest.mark.both_engines
def test_a_list_of_members_is_not_given_out_with_who_left_or_was_deleted(
    app: Flask,
    session: Session,
    settings: Settings,
    scene: Scene,
    make_file: MakeFile,
    browsers: Browsers,
) -> None:
    def ask_for_members() -> int:
        chosen = settings.model_copy(update={"exports_need_second_person": False})
        with app.app_context(), db.transaction() as inner:
            by = inner.get_one(StaffUser, scene.asker_id)
            plain = ConsentColumns.PLAIN
            return requests.ask_consents(
                inner, columns=plain, reason=REASON, keys=[], by=by, settings=chosen
            ).id

    leaver, eraser, writer, _stays = make_members(session, 4)
    person = {"email": writer.email, "email_hmac": writer.email_hmac}
    consent = {"consent_network_at": db.utcnow()}
    [letter] = add_confirmed(
        session, make_campaign(session), 1, given_name="Ada", **person, **consent
    )
    session.commit()

    def leave() -> None:
        leaver.state, leaver.email = MemberState.LEFT, None

    def erase() -> None:
        session.delete(session.get_one(NetworkMember, eraser.id))

    def take_letter_back() -> None:
        letter.state = SignatureState.WITHDRAWN

    client = browsers(scene.asker_id)
    for change in (leave, erase, take_letter_back):
        make_file(number := ask_for_members())
        url = f"/desk/exports/{reload_export(session, number).public_id}"
        change()
        session.commit()
        assert post(client, f"{url}/download").status_code == 303, change.__name__
        post(client, f"{url}/remake")
        make_file(number)
        assert post(client, f"{url}/download").status_code == 200, change.__name__


def test_only_who_asked_makes_it_again_and_only_after_it_was_deleted_so(
    session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    make_file(number := ask())
    url = f"/desk/exports/{reload_export(session, number).public_id}"
    assert post(browsers(scene.other_id), f"{url}/remake").status_code == 404
    client = browsers(scene.asker_id)
    post(client, f"{url}/remake")
    assert reload_export(session, number).state is ExportState.READY
    post(client, f"{url}/withdraw")
    assert post(client, f"{url}/remake").status_code == 409
    assert reload_export(session, number).state is ExportState.WITHDRAWN
