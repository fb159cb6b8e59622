"""From asking to the end of its time: who may, what is noted, what is left."""

import io
import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign import migrations, storage
from campaign.bundles import downloads
from campaign.bundles.file_approvals import SHORTEST_REASON
from campaign.bundles.volumes import print_queue
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Gone, NotFound, Refused
from campaign.core.settings import Settings
from campaign.exports import export_job, requests, staff_keys
from campaign.exports.export_rules import OF_CAMPAIGNS
from campaign.exports.people_in_file import name_people
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.export import DataExport, ExportKey, ExportKind, ExportState
from campaign.models.staff import Role, StaffUser
from campaign.storage import FilesAway, Storage
from tests.factories import csrf_token, post, sign_in
from tests.integration.exports.conftest import REASON, Ask, Scene
from tests.ticks import read_without_token

MakeFile = Callable[[int], bytes]
Browsers = Callable[..., FlaskClient]
KEY = "age1sujmuvwpctkq77064wsz5p0nqfulgp9506kdxx3cj3743c58gsfq98cgre"


def loaded(session: Session, export_id: int) -> DataExport:
    session.rollback()
    session.expire_all()
    return session.get_one(DataExport, export_id)


def actions(session: Session) -> list[str]:
    session.rollback()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [entry.action for entry in entries if entry.action.startswith("export.")]


def form(scene: Scene, **others: object) -> dict[str, object]:
    return {
        "campaign": scene.slug,
        "kind": "officials",
        "bundle": "",
        "format": "csv",
        "reason": REASON,
        **others,
    }


def second_person(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"exports_need_second_person": True})


def test_asked_for_made_fetched_and_gone(
    app: Flask, session: Session, scene: Scene, browsers: Browsers, make_file: MakeFile
) -> None:
    client = browsers(scene.asker_id)
    answer = post(client, "/desk/exports/new", form(scene))
    assert answer.status_code == 303
    export = loaded(session, 1)
    assert export.state is ExportState.MAKING
    assert "as soon as the background service is free" in client.get(answer.location).text
    make_file(1)
    url = f"/desk/exports/{export.public_id}"
    assert "Download the file" in client.get(url).text
    assert client.get(f"{url}/progress").headers["HX-Refresh"] == "true"
    got = post(client, f"{url}/download")
    assert got.status_code == 200
    assert int(got.headers["Content-Length"]) == len(got.data)
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Content-Disposition"].endswith('_officials.csv"')
    assert b"Planted0 Nameless" in got.data
    export = loaded(session, 1)
    assert export.downloads == 1
    assert actions(session) == ["export.ask", "export.ready", "export.download"]

    session.execute(update(DataExport).values(expires_at=db.utcnow() - timedelta(seconds=1)))
    session.commit()
    assert post(client, f"{url}/download").status_code == 410
    with app.app_context():
        jobs.run_now("exports.sweep")
        assert list(storage.storage().names("exports")) == []
    export = loaded(session, 1)
    assert (export.state, export.storage_key) == (ExportState.EXPIRED, "")
    assert post(client, f"{url}/download").status_code == 410
    assert "its file is deleted" in client.get(url).text
    assert actions(session)[-1] == "export.expire"


@pytest.mark.both_engines
def test_of_two_who_fetch_at_once_each_is_counted(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile
) -> None:
    make_file(ask())
    store: Storage = app.extensions["storage"]
    with app.app_context():
        mine, me = session.get_one(DataExport, 1), session.get_one(StaffUser, scene.asker_id)
        session.commit()
        with db.transaction() as other:
            asker = other.get_one(StaffUser, scene.asker_id)
            requests.open_download(other, other.get_one(DataExport, 1), store, by=asker)
        assert mine.downloads == 0, "as it was read before"
        requests.open_download(session, mine, store, by=me)
        session.commit()
    assert loaded(session, 1).downloads == 2


def test_nobody_else_gets_the_file_and_the_log_shows_everybody_who_did(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    make_file(ask())
    url = f"/desk/exports/{loaded(session, 1).public_id}"
    other = browsers(scene.other_id)
    page = other.get(url).text
    assert "Download the file" not in page
    answer = post(other, f"{url}/download")
    assert answer.status_code == 404
    of_none = post(other, "/desk/exports/none/download")
    assert read_without_token(of_none) == read_without_token(answer)
    assert post(other, f"{url}/withdraw").status_code == 404
    assert loaded(session, 1).downloads == 0
    log = other.get("/desk/exports/").text
    assert "Ada Asker" in log
    assert REASON in log


@pytest.mark.parametrize("page", ["exports/new", "exports/consents/new", "bundles/approvals/new"])
def test_how_long_a_purpose_is_at_least_is_said_before_it_is_typed(
    client: FlaskClient, app: Flask, scene: Scene, page: str
) -> None:
    second_person(app)
    sign_in(client, app, Role.ADMIN)
    shown = client.get(f"/desk/{page}?campaign={scene.slug}").text
    hint = re.search(r'id="reason-hint">([^<]*)<', shown)
    assert hint is not None
    assert hint[1].startswith(f"At least {SHORTEST_REASON} characters. ")


def test_organizers_find_no_exports(client: FlaskClient, app: Flask, scene: Scene) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert client.get("/desk/exports/").status_code == 404
    assert post(client, "/desk/exports/new", form(scene)).status_code == 404


@pytest.mark.parametrize("deed", ["ask", "approve", "download", "key"])
def test_who_signed_in_a_while_ago_is_asked_again_who_it_is(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    browsers: Browsers,
    deed: str,
) -> None:
    second_person(app)
    export_id = ask(second_person=deed == "approve")
    if deed == "download":
        make_file(export_id)
    url = f"/desk/exports/{loaded(session, export_id).public_id}"
    client = browsers(scene.other_id if deed == "approve" else scene.asker_id, fresh=False)
    before = actions(session)
    if deed == "ask":
        answer = post(client, "/desk/exports/new", form(scene))
    elif deed == "key":
        answer = post(client, "/desk/exports/keys", {"label": "mine", "recipient": KEY})
    else:
        answer = post(client, f"{url}/{deed}")
    assert answer.status_code in {303, 403}
    assert b"Planted" not in answer.data
    if answer.status_code == 303:
        assert answer.location.startswith("/desk/confirm")
    assert actions(session) == before


@pytest.mark.both_engines
def test_a_second_person_approves_and_never_oneself(
    app: Flask, session: Session, scene: Scene, browsers: Browsers, make_file: MakeFile
) -> None:
    second_person(app)
    asker, other = browsers(scene.asker_id), browsers(scene.other_id)
    answer = post(asker, "/desk/exports/new", form(scene))
    url = answer.location
    mails = session.scalars(select(OutboxMail)).all()
    assert [mail.kind for mail in mails] == ["export-asked"]
    with app.app_context(), db.reading() as reading:
        assert mails[0].recipient == reading.get_one(StaffUser, scene.other_id).email
    assert REASON not in (mails[0].context or "")
    session.rollback()
    assert "Approve" not in asker.get(url).text
    assert post(asker, f"{url}/approve").status_code == 409
    assert post(asker, f"{url}/refuse").status_code == 409
    assert loaded(session, 1).state is ExportState.ASKED
    assert post(asker, f"{url}/download").status_code == 409
    assert "Review the request" in other.get("/desk/exports/").text
    assert REASON in other.get(url).text
    assert post(other, f"{url}/approve").status_code == 303
    assert post(other, f"{url}/approve").status_code == 409, "it is decided"
    data = make_file(1)
    assert b"Approved by: Otto Other" in data
    session.rollback()
    kinds = {mail.kind for mail in session.scalars(select(OutboxMail))}
    assert kinds == {"export-asked", "export-decided", "export-ready"}
    assert actions(session) == ["export.ask", "export.approve", "export.ready"]


@pytest.mark.both_engines
def test_the_database_itself_refuses_that_somebody_approves_their_own(
    session: Session, scene: Scene, ask: Ask
) -> None:
    ask(second_person=True)
    with pytest.raises(IntegrityError):
        session.execute(update(DataExport).values(decided_by_id=scene.asker_id))


@pytest.mark.both_engines
def test_of_two_who_decide_at_once_one_does(
    app: Flask, session: Session, scene: Scene, ask: Ask
) -> None:
    export_id = ask(second_person=True)
    stale = session.get_one(DataExport, export_id)
    assert stale.state is ExportState.ASKED
    session.rollback()
    with app.app_context(), db.transaction() as first:
        requests.refuse(
            first,
            first.get_one(DataExport, export_id),
            by=first.get_one(StaffUser, scene.other_id),
            note="",
        )
    with app.app_context(), pytest.raises(Refused) as refused:
        requests.approve(session, stale, by=session.get_one(StaffUser, scene.other_id))
    assert refused.value.slug == "export-decided"


@pytest.mark.both_engines
def test_a_refusal_says_why_and_ends_it(
    app: Flask, session: Session, scene: Scene, ask: Ask, browsers: Browsers
) -> None:
    url = f"/desk/exports/{loaded(session, ask(second_person=True)).public_id}"
    assert post(browsers(scene.other_id), f"{url}/refuse", {"note": "Too wide."}).status_code == 303
    assert "Too wide." in browsers(scene.asker_id).get(url).text
    assert loaded(session, 1).state is ExportState.REFUSED
    assert actions(session)[-1] == "export.refuse"


@pytest.mark.both_engines
def test_what_nobody_decides_in_time_ends(
    app: Flask, session: Session, scene: Scene, ask: Ask, browsers: Browsers
) -> None:
    export_id = ask(second_person=True)
    session.execute(update(DataExport).values(expires_at=db.utcnow() - timedelta(seconds=1)))
    session.commit()
    url = f"/desk/exports/{loaded(session, export_id).public_id}"
    assert post(browsers(scene.other_id), f"{url}/approve").status_code == 409
    with app.app_context():
        jobs.run_now("exports.sweep")
    assert loaded(session, export_id).state is ExportState.EXPIRED
    assert "No one decided" in browsers(scene.asker_id).get(url).text


@pytest.mark.parametrize("lacks", [{"active": False}, {"totp_since": None}])
def test_where_there_is_no_second_person_it_is_said_and_nothing_is_asked(
    app: Flask, session: Session, scene: Scene, browsers: Browsers, lacks: dict[str, bool | None]
) -> None:
    second_person(app)
    session.execute(update(StaffUser).where(StaffUser.id == scene.other_id).values(lacks))
    session.commit()
    answer = post(browsers(scene.asker_id), "/desk/exports/new", form(scene))
    assert answer.status_code == 409
    assert "The second person needs two-step sign-in" in answer.text
    assert session.scalars(select(DataExport)).all() == []


@pytest.mark.both_engines
def test_who_asked_ends_it_and_the_file_goes_at_once(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    make_file(ask())
    url = f"/desk/exports/{loaded(session, 1).public_id}"
    client = browsers(scene.asker_id)
    assert post(client, f"{url}/withdraw").status_code == 303
    with app.app_context():
        assert list(storage.storage().names("exports")) == []
    assert post(client, f"{url}/withdraw").status_code == 409
    assert post(client, f"{url}/download").status_code == 409


@pytest.mark.both_engines
def test_a_stop_holds_back_lists_for_officials_wherever_they_are(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    make_file(ask(ExportKind.OFFICIALS))
    waiting = ask(ExportKind.OFFICIALS)
    session.execute(text("UPDATE campaign SET status = 'stopped'"))
    session.commit()
    client = browsers(scene.asker_id)
    url = f"/desk/exports/{loaded(session, 1).public_id}"
    assert post(client, f"{url}/download").status_code == 409
    page = client.get(url).text
    assert "This list is on hold" in page
    assert "The file is ready" not in page
    assert "Ready</span>" not in page
    assert 'is-alarm">On hold</span>' in client.get("/desk/exports/").text
    with app.app_context():
        jobs.run_now("exports.make", waiting)
    export = loaded(session, waiting)
    assert (export.state, export.failure) == (ExportState.FAILED, export_job.GONE)
    assert post(client, "/desk/exports/new", form(scene)).status_code == 409
    assert post(client, "/desk/exports/new", form(scene, kind="full")).status_code == 303


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", ""),
        ("reason", "because"),
        ("kind", "all"),
        ("format", "exe"),
        ("bundle", "none"),
        ("more_keys", "age1nothing"),
        ("more_keys", "AGE-SECRET-KEY-1QQ"),
    ],
)
def test_what_cannot_be_asked_is_said_by_its_field(
    session: Session, scene: Scene, browsers: Browsers, field: str, value: str
) -> None:
    answer = post(browsers(scene.asker_id), "/desk/exports/new", form(scene, **{field: value}))
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert "AGE-SECRET" not in answer.text
    assert session.scalars(select(DataExport)).all() == []


@pytest.mark.both_engines
def test_keys_are_kept_checked_and_removed(
    session: Session, scene: Scene, browsers: Browsers
) -> None:
    client = browsers(scene.asker_id)
    for typed, words in (
        ("AGE-SECRET-KEY-1" + "Q" * 58, "private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==", "private key"),
        ("ecdsa-sha2-nistp256 AAAA", "cannot encrypt"),
        ("nonsense", "cannot read this public key"),
    ):
        answer = post(client, "/desk/exports/keys", {"label": "x", "recipient": typed})
        assert answer.status_code == 422
        assert words in answer.text
        assert "SECRET" not in answer.text
        assert "b3BlbnNzaA" not in answer.text
    assert post(client, "/desk/exports/keys", {"label": "Laptop", "recipient": KEY}).location
    twice = post(client, "/desk/exports/keys", {"label": "Again", "recipient": f" {KEY}\n"})
    assert "already in your list" in twice.text
    [key] = session.scalars(select(ExportKey)).all()
    assert "Laptop" in client.get(f"/desk/exports/new?campaign={scene.slug}").text
    session.rollback()
    assert post(client, "/desk/exports/new", form(scene, keys=key.public_id)).status_code == 303
    assert loaded(session, 1).recipients == [KEY]
    others = browsers(scene.other_id)
    assert post(others, f"/desk/exports/keys/{key.public_id}/remove").status_code == 404
    assert post(client, f"/desk/exports/keys/{key.public_id}/remove").status_code == 303
    session.rollback()
    assert session.scalars(select(ExportKey)).all() == []


@pytest.mark.both_engines
def test_the_log_is_found_by_who_what_and_when(
    session: Session, scene: Scene, ask: Ask, browsers: Browsers
) -> None:
    ask(ExportKind.FULL)
    ask(ExportKind.OFFICIALS)
    client = browsers(scene.other_id)
    with_asker = session.get_one(StaffUser, scene.asker_id).public_id
    session.rollback()
    for query, listed in (
        ("", 2),
        ("kind=full", 1),
        ("state=ready", 0),
        ("about=UA+1/26", 2),
        ("about=UA+9/26", 0),
        (f"who={with_asker}", 2),
        ("who=x", 0),
        ("since=2020-01-01", 2),
        ("until=2020-01-01", 0),
        ("before=2", 1),
        ("kind=%27&state=%3C&since=x&before=x", 2),
    ):
        page = client.get(f"/desk/exports/?{query}").text
        assert page.count(f">{REASON}<") == listed, query


@pytest.mark.both_engines
def test_a_worker_that_dies_costs_time_only(
    app: Flask, session: Session, ask: Ask, make_file: MakeFile
) -> None:
    export_id = ask()
    with app.app_context():
        taken = export_job.claim(export_id)
        assert taken is not None
        assert export_job.claim(export_id) is None, "somebody is at it"
        with storage.storage().create(taken.storage_key) as left:
            left.write(b"half of it")
        with db.transaction() as writing:
            writing.execute(update(DataExport).values(lease_until=db.utcnow()))
        jobs.run_now("exports.sweep")
        jobs.run_now("exports.make", export_id)
        names = list(storage.storage().names("exports"))
        # What the first worker wakes up with is worth nothing.
        with pytest.raises(export_job.NoLongerOurs):
            export_job._finish(
                taken, export_job._Progress(taken, 0), export_job._MeasuredFile(io.BytesIO()), "x"
            )
    export = loaded(session, export_id)
    assert (export.state, export.attempt) == (ExportState.READY, 2)
    assert names == [export.storage_key, name_people(export.storage_key)]


@pytest.mark.both_engines
def test_a_store_that_is_away_is_tried_again_and_in_the_end_said(
    app: Flask, session: Session, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_id = ask()

    def away(*_: object) -> None:
        raise FilesAway("GenericError")

    with app.app_context():
        monkeypatch.setattr(app.extensions["storage"].place, "taking", away)
        for attempt in range(print_queue.MOST_TRIES):
            assert loaded(session, export_id).attempt == attempt
            with pytest.raises(FilesAway):
                jobs.run_now("exports.make", export_id)
            session.rollback()
            session.execute(update(DataExport).values(lease_until=None))
            session.commit()
    export = loaded(session, export_id)
    assert (export.state, export.failure) == (ExportState.FAILED, print_queue.AWAY)
    mail = session.scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.recipient) == ("export-failed", export.requested_by.email)
    session.rollback()
    with app.app_context():
        body = render(mail, app.extensions["settings"]).as_string()
    assert "could not reach the file storage" in " ".join(body.replace("=\n", "").split())
    assert REASON not in body
    assert "Planted" not in body


def test_a_file_that_was_tampered_with_is_not_handed_out(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile, browsers: Browsers
) -> None:
    make_file(ask())
    export = loaded(session, 1)
    path = app.extensions["settings"].files_folder / export.storage_key
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    answer = post(browsers(scene.asker_id), f"/desk/exports/{export.public_id}/download")
    assert answer.status_code == 500
    assert "damaged" in answer.text
    assert loaded(session, 1).downloads == 0


def test_no_name_reaches_logs_queue_or_audit(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    make_file(ask())
    with app.app_context():
        jobs.queue().send("exports.make", (1,))
        jobs.run_now("exports.sweep")
    output = capsys.readouterr()
    entries = json.dumps([entry.detail for entry in session.scalars(select(AuditEntry))])
    queue = (app.extensions["settings"].folder / "jobs.sqlite").read_bytes()
    for place in (output.out, output.err, caplog.text, entries, queue.decode("latin-1")):
        for planted in ("Planted", "Nameless", "Hintertux", "calc", REASON):
            assert planted not in place


def test_services_hold_the_same_rules_without_pages(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile
) -> None:
    make_file(ask())
    export = loaded(session, 1)
    other, asker = (
        session.get_one(StaffUser, staff_id) for staff_id in (scene.other_id, scene.asker_id)
    )
    store: Storage = app.extensions["storage"]
    with app.app_context():
        with pytest.raises(NotFound):
            requests.open_download(session, export, store, by=other)
        with pytest.raises(NotFound):
            requests.withdraw(session, export, by=other)
        export.expires_at = db.utcnow()
        with pytest.raises(Gone):
            requests.open_download(session, export, store, by=asker)


@pytest.mark.parametrize(
    ("role", "active"), [(Role.ORGANIZER, True), (Role.STAFF, False), (Role.ADMIN, False)]
)
def test_services_refuse_whose_role_has_no_exports_or_who_is_disabled(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    role: Role,
    active: bool,
) -> None:
    make_file(ask())
    ask(second_person=True)
    store: Storage = app.extensions["storage"]
    for user_id in (scene.asker_id, scene.other_id):
        user = session.get_one(StaffUser, user_id)
        user.role, user.active = role, active
    session.commit()
    asker, other = (
        session.get_one(StaffUser, staff_id) for staff_id in (scene.asker_id, scene.other_id)
    )
    with app.app_context():
        with pytest.raises(NotFound):
            requests.open_download(session, loaded(session, 1), store, by=asker)
        for decide in (requests.approve, partial(requests.refuse, note="")):
            with pytest.raises(NotFound):
                decide(session, loaded(session, 2), by=other)
    session.rollback()
    with pytest.raises(NotFound):
        ask()


@pytest.mark.parametrize("kind", OF_CAMPAIGNS)
def test_a_list_for_officials_under_way_breaks_off_at_a_stop(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    kind: ExportKind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = make_file(ask(kind))
    seconds = partial(downloads.while_wanted, clock=partial(next, count()))
    monkeypatch.setattr(downloads, "while_wanted", seconds)
    session.rollback()
    with app.app_context(), db.transaction() as reading:
        export, asker = reading.get_one(DataExport, 1), reading.get_one(StaffUser, scene.asker_id)
        sent = requests.open_download(reading, export, storage.storage(), by=asker)
    session.execute(text("UPDATE campaign SET status = 'stopped'"))
    session.commit()
    with app.app_context():
        assert b"".join(sent.chunks) == (b"" if kind is ExportKind.OFFICIALS else file)


def test_a_get_of_the_form_shows_the_bundle_that_was_meant(
    client: FlaskClient, app: Flask, scene: Scene
) -> None:
    sign_in(client, app, Role.STAFF)
    assert "Choose a campaign" in client.get("/desk/exports/new").text
    assert csrf_token(client)
    page = client.get(f"/desk/exports/new?campaign={scene.slug}&bundle=none")
    assert page.status_code == 200


@pytest.mark.both_engines
def test_the_tables_go_and_come_with_rows_in_them(
    app: Flask, session: Session, scene: Scene, ask: Ask
) -> None:
    ask(second_person=True)
    with app.app_context(), db.transaction() as writing:
        user = writing.get_one(StaffUser, scene.asker_id)
        staff_keys.add_key(writing, user=user, typed=KEY, label="Laptop")
    session.close()
    engine = app.extensions["database"].engine
    engine.dispose()
    ours = import_module("campaign.migrations.versions.0015_exports")
    migrations.downgrade(engine, ours.down_revision)
    migrations.upgrade(engine)
    with app.app_context(), db.reading() as reading:
        assert reading.scalars(select(DataExport)).all() == []
        assert reading.get_one(StaffUser, scene.asker_id).name == "Ada Asker"
