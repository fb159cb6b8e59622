"""Other programs are told of members: a state for each, nothing lost, nothing twice."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.commands import doctor
from campaign.commands.instance import list_programs
from campaign.core import db, i18n, jobs
from campaign.core.errors import Refused
from campaign.core.outgoing_http import Limits
from campaign.core.settings import Settings
from campaign.crm import connections
from campaign.crm import push as push_job
from campaign.mail import bad_addresses
from campaign.models.crm import (
    ConnectionState,
    CrmConnection,
    CrmKind,
    CrmPerson,
    CrmPersonState,
    CrmTask,
)
from campaign.models.network import MemberState, NetworkMember
from campaign.models.staff import Role, StaffUser
from campaign.network import memberships
from campaign.privacy.erase_supporter import erase_mailbox
from campaign.privacy.subject_access import gather_data
from campaign.tracking.letter_links import Mailbox
from tests.factories import (
    STAFF_PASSWORD,
    add_confirmed,
    give_session,
    let_decide,
    make_campaign,
    make_members,
    make_staff_user,
    post,
    sign_in,
)
from tests.http_target import Handler, serve
from tests.integration.crm.stand_ins import (
    GROUP,
    KEY,
    ActionNetworkStandIn,
    CiviStandIn,
    StandIn,
    broken,
    too_many,
)

ADD, REMOVE = CrmTask.ADD, CrmTask.REMOVE
WAITING, SENT, REFUSED = CrmPersonState.WAITING, CrmPersonState.SENT, CrmPersonState.REFUSED


@dataclass
class Scene:
    program: StandIn
    url: str
    session: Session

    def rows(self) -> list[tuple[CrmTask, CrmPersonState, str | None]]:
        self.session.rollback()
        self.session.expire_all()
        rows = self.session.scalars(select(CrmPerson).order_by(CrmPerson.id))
        return [(row.task, row.state, row.failure) for row in rows]

    def status_of(self, number: str) -> str:
        person = self.program.people[number]
        if isinstance(self.program, ActionNetworkStandIn):
            return str(person["status"])
        return {"Added": "subscribed", "Removed": "unsubscribed"}[person["group"]]


def push() -> None:
    jobs.run_now("crm.push")


Later = Callable[[timedelta], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Moves the clock on."""

    def move(by: timedelta) -> None:
        before = db.utcnow
        monkeypatch.setattr(db, "utcnow", lambda: before() + by)

    return move


@pytest.fixture(params=[CrmKind.ACTION_NETWORK, CrmKind.CIVICRM], ids=["action-network", "civicrm"])
def scene(
    request: pytest.FixtureRequest, app: Flask, settings: Settings, session: Session
) -> Iterator[Scene]:
    """A program that stands in, connected."""
    app.extensions["settings"] = settings.model_copy(
        update={"outgoing_hosts": ["127.0.0.1"], "crm_provider": "Example CRM, Canada"}
    )
    is_civi = request.param is CrmKind.CIVICRM
    program: StandIn = CiviStandIn() if is_civi else ActionNetworkStandIn()
    admin = make_staff_user(session, Role.ADMIN)
    session.commit()
    with serve(program.answer) as target, app.app_context():
        connections.add_connection(
            session,
            request.param,
            f"{target.url}/api",
            KEY,
            str(GROUP) if is_civi else "urgent-actions",
            by=admin,
        )
        session.commit()
        yield Scene(program, target.url, session)


def test_a_program_that_takes_its_time_holds_up_nothing_else(
    scene: Scene, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has its time: who is left is told of in the next ones."""
    monkeypatch.setattr(push_job, "_SECONDS", -1.0)
    make_members(session, 3)
    session.commit()
    for number in (1, 2, 3):
        push()
        assert len(scene.program.people) == number
    assert scene.rows() == [(ADD, SENT, None)] * 3


def test_of_two_that_take_their_time_each_run_begins_with_the_other(
    scene: Scene, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_job, "_SECONDS", -1.0)
    make_members(session, 2)
    is_civi = isinstance(scene.program, CiviStandIn)
    other: StandIn = ActionNetworkStandIn() if is_civi else CiviStandIn()
    kind, list_name = (
        (CrmKind.ACTION_NETWORK, "urgent-actions") if is_civi else (CrmKind.CIVICRM, str(GROUP))
    )
    admin = make_staff_user(session, Role.ADMIN)
    with serve(other.answer) as target:
        connections.add_connection(session, kind, f"{target.url}/api", KEY, list_name, by=admin)
        session.commit()
        for told in ((1, 0), (1, 1), (2, 1), (2, 2)):
            push()
            assert (len(scene.program.people), len(other.people)) == told


@pytest.mark.both_engines
def test_with_the_second_person_another_admin_lets_members_be_sent(
    scene: Scene, app: Flask, client: FlaskClient, session: Session
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"exports_need_second_person": True})
    make_members(session, 1)
    connection = session.scalars(select(CrmConnection)).one()
    maker = session.get_one(StaffUser, connection.added_by_id)
    session.commit()
    push()
    assert (scene.rows(), scene.program.people) == ([], {})
    with pytest.raises(Refused, match="approval-own"):
        connections.approve_connection(session, connection, by=maker, seen="")
    user = sign_in(client, app, Role.ADMIN, email="second@example.org")
    page = f"/desk/crm/connections/{connection.public_id}"
    shown = client.get(page).text
    assert "Approve this connection" in shown
    seen = {"seen": re.findall('name="seen" value="([0-9a-f]+)"', shown)[0]}
    assert "1 connection to a CRM needs your attention" in client.get("/desk/today").text
    assert post(client, f"{page}/approve", seen).status_code == 409, "without a second factor"
    push()
    assert scene.rows() == []
    let_decide(session.get_one(StaffUser, user.id))
    connection.key = "leads elsewhere"
    session.commit()
    answer = post(client, f"{page}/approve", seen, follow_redirects=True)
    assert "someone changed the key after you opened this page" in answer.text
    push()
    assert scene.rows() == []
    connection.key = KEY
    session.commit()
    assert post(client, f"{page}/approve", seen).status_code == 303
    push()
    assert scene.rows() == [(ADD, SENT, None)]


def test_members_are_added_once_and_unsubscribed_when_they_leave(
    scene: Scene, session: Session
) -> None:
    stays, leaves = make_members(session, 2)
    person = {"email": stays.email, "email_hmac": stays.email_hmac, "given_name": "Ada"}
    add_confirmed(session, make_campaign(session), 1, **person, consent_network_at=db.utcnow())
    (bounces,) = make_members(session, 1)
    bad_addresses.mark(session, bounces.email_hmac, "5.1.1")
    make_members(session, 1, state=MemberState.PENDING)
    session.commit()
    push()
    push()
    assert scene.rows() == [(ADD, SENT, None)] * 2
    assert len(scene.program.people) == 2
    assert "Ada" in json.dumps(scene.program.people)
    assert f"campaign:{stays.public_id}" in json.dumps(scene.program.people)
    assert [scene.status_of(number) for number in scene.program.people] == ["subscribed"] * 2
    memberships.leave(session, session.get_one(NetworkMember, leaves.id), now=db.utcnow())
    session.commit()
    calls = len(scene.program.calls)
    push()
    assert scene.rows() == [(ADD, SENT, None), (REMOVE, SENT, None)]
    assert len(scene.program.calls) == calls + 1, "who stays is not told of again"
    assert sorted(map(scene.status_of, scene.program.people)) == ["subscribed", "unsubscribed"]
    again = session.get_one(NetworkMember, leaves.id)
    again.state, again.email = MemberState.ACTIVE, "member-2@example.org"
    session.commit()
    push()
    assert scene.rows() == [(ADD, SENT, None)] * 2
    assert len(scene.program.people) == 2
    assert [scene.status_of(number) for number in scene.program.people] == ["subscribed"] * 2


def test_who_is_there_already_keeps_all_that_they_have(scene: Scene, session: Session) -> None:
    (member,) = make_members(session, 1)
    person = {"email": member.email, "email_hmac": member.email_hmac, "given_name": "Newer"}
    add_confirmed(session, make_campaign(session), 1, **person, consent_network_at=db.utcnow())
    session.commit()
    known = {"given_name": "Older", "first_name": "Older", "id": "9", "tags": []}
    known |= {"email": member.email, "email_primary.email": member.email}
    known |= {"status": "unsubscribed", "group": "Removed"}
    scene.program.people["9"] = dict(known)
    push()
    assert scene.rows() == [(ADD, SENT, None)]
    assert len(scene.program.people) == 1
    assert "Newer" not in json.dumps(scene.program.people)
    assert scene.status_of("9") == "unsubscribed", "they unsubscribed there"


@pytest.mark.both_engines
def test_who_is_erased_is_unsubscribed_and_told_until_staff_have_deleted_them(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    (member,) = make_members(session, 1)
    session.commit()
    push()
    mailbox = Mailbox(member.email or "", member.email_hmac, db.utcnow())
    programs = gather_data(session, mailbox, db.utcnow()).data["other_programs"]
    assert [(program["task"], program["state"]) for program in programs] == [(ADD, SENT)]
    erase_mailbox(session, mailbox, locale="en", now=db.utcnow())
    session.commit()
    push()
    assert scene.rows() == [(REMOVE, SENT, None)]
    assert [scene.status_of(number) for number in scene.program.people] == ["unsubscribed"]
    sign_in(client, app, Role.ADMIN)
    connection = session.scalars(select(CrmConnection)).one()
    page = f"/desk/crm/connections/{connection.public_id}"
    shown = client.get(page).text
    assert "Delete them there too" in shown
    asked = client.get(f"{page}/remove").text
    assert "1 person had everything deleted here and must still be deleted there." in asked
    assert f'action="{page}/remove"' in asked
    assert f'action="{page}/remove"' not in shown, "it is asked first"
    row = session.scalars(select(CrmPerson.id)).one()
    session.rollback()
    assert post(client, f"{page}/people/{row}/forget").status_code == 303
    assert scene.rows() == []


def test_a_program_that_is_asked_too_often_rests_and_nobody_is_lost(
    app: Flask, client: FlaskClient, scene: Scene, session: Session, later: Later
) -> None:
    make_members(session, 3)
    session.commit()
    scene.program.faults = [too_many]
    push()
    assert len(scene.program.calls) == 1, "one 429 is enough"
    rows = scene.rows()
    assert (rows.count((ADD, WAITING, "too-many")), rows.count((ADD, WAITING, None))) == (1, 2)
    push()
    later(timedelta(minutes=59))
    push()
    assert len(scene.program.calls) == 1, "Retry-After said an hour"
    sign_in(client, app, Role.ADMIN)
    assert "1 connection to a CRM needs your attention" in client.get("/desk/today").text
    assert "The program asked us to wait." in client.get("/desk/crm/").text
    later(timedelta(minutes=2))
    push()
    assert scene.rows() == [(ADD, SENT, None)] * 3
    assert len(scene.program.people) == 3
    assert "needs your attention" not in client.get("/desk/today").text


@pytest.mark.parametrize(
    "half",
    [
        b'{"identifiers": ["action',
        b"[" * 200_000,
        b'{"identifiers": ["action_network:\\ud800"], "values": [{"id": 1e999}]}',
        b'{"identifiers": ["action_network:%s"], "values": [{"id": %s}]}' % (b"x" * 999, b"9" * 99),
        b'{"identifiers": 5, "values": [5]}',
    ],
    ids=["cut", "deep", "no text and no number", "an id without end", "other types"],
)
def test_half_an_answer_makes_nobody_twice(
    scene: Scene, session: Session, later: Later, half: bytes
) -> None:
    make_members(session, 1)
    session.commit()
    scene.program.half = half
    push()
    assert scene.rows() == [(ADD, WAITING, "half-answer")]
    assert len(scene.program.people) == 1, "it had done what we asked"
    scene.program.half = None
    later(timedelta(minutes=2))
    push()
    assert scene.rows() == [(ADD, SENT, None)]
    assert len(scene.program.people) == 1


def test_a_program_with_a_fault_is_left_alone_and_asked_again(
    scene: Scene, session: Session, later: Later
) -> None:
    make_members(session, 6)
    session.commit()
    scene.program.faults = [broken] * 3
    push()
    assert len(scene.program.calls) == 3
    assert scene.rows().count((ADD, WAITING, "http-500")) == 3
    later(timedelta(minutes=6))
    push()
    assert scene.rows() == [(ADD, SENT, None)] * 6


def test_who_is_refused_is_named_with_the_reason_and_keeps_nobody_from_being_sent(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    refused, _other = make_members(session, 2)
    refused.email = "refused@example.org"
    session.commit()
    push()
    assert [row[:2] for row in scene.rows()] == [(ADD, REFUSED), (ADD, SENT)]
    sign_in(client, app, Role.ADMIN)
    connection = session.scalars(select(CrmConnection)).one()
    session.rollback()
    page = f"/desk/crm/connections/{connection.public_id}"
    shown = client.get(page).text
    assert f"campaign:{refused.public_id}" in shown
    assert "refused@example.org" not in shown
    words = {"action-network": "email address is not valid", "civicrm": "Not a valid address"}
    assert f">{words[connection.kind]}</q>" in shown, "tidied"
    stored = str(session.connection().exec_driver_sql("SELECT * FROM crm_person").all())
    assert words[connection.kind] not in stored
    session.rollback()
    assert "needs your attention" in client.get("/desk/today").text
    assert post(client, f"{page}/try-again").status_code == 303
    assert (ADD, WAITING) in [row[:2] for row in scene.rows()]


def test_of_who_leaves_or_is_erased_no_words_of_a_program_are_kept(
    app: Flask, scene: Scene, session: Session
) -> None:
    (sent,) = make_members(session, 1)
    session.commit()
    push()
    erased, leaves, leaves_meanwhile = make_members(session, 3)
    session.commit()
    quoting = json.dumps({"error": f"No emails to {erased.email}"}).encode()

    def refuse(handler: Handler) -> None:
        handler.say(400, quoting)

    def refuse_who_leaves(handler: Handler) -> None:
        with app.app_context(), db.transaction() as writing:
            member = writing.get_one(NetworkMember, leaves_meanwhile.id)
            memberships.leave(writing, member, now=db.utcnow())
        refuse(handler)

    def list_words() -> list[str | None]:
        session.rollback()
        return list(session.scalars(select(CrmPerson.failure_words).order_by(CrmPerson.id)))

    scene.program.faults = [refuse, refuse, refuse_who_leaves]
    push()
    words = f"No emails to {erased.email}"
    assert list_words() == [None, words, words, None], "who left while it answered"
    memberships.leave(session, session.get_one(NetworkMember, leaves.id), now=db.utcnow())
    session.commit()
    assert list_words() == [None, words, None, None]
    for member in (sent, erased):
        mailbox = Mailbox(member.email or "", member.email_hmac, db.utcnow())
        erase_mailbox(session, mailbox, locale="en", now=db.utcnow())
    session.commit()
    assert list_words() == [None] * 4
    scene.program.faults = [refuse] * 4
    push()
    assert scene.rows()[0] == (REMOVE, REFUSED, "http-400")
    assert list_words() == [None] * 4


def test_one_who_cannot_be_read_keeps_nobody_from_being_sent(
    scene: Scene, session: Session
) -> None:
    damaged, _other = make_members(session, 2)
    change = "UPDATE network_member SET seal_id = email_hmac WHERE id = :id"
    session.execute(text(change), {"id": damaged.id})
    session.commit()
    push()
    assert scene.rows() == [(ADD, REFUSED, "unreadable"), (ADD, SENT, None)]


@pytest.mark.both_engines
def test_words_that_do_not_open_keep_nobody_from_being_sent_and_no_download(
    scene: Scene, session: Session
) -> None:
    (member,) = make_members(session, 1)
    connection = session.scalars(select(CrmConnection)).one()
    facts = {"connection_id": connection.id, "member": member.public_id, "due_at": db.utcnow()}
    session.add(CrmPerson(**facts, failure="http-400", failure_words="Not a valid address"))
    session.flush()
    session.execute(text("UPDATE crm_person SET failure_words = seal_id"))
    session.commit()
    mailbox = Mailbox(member.email or "", member.email_hmac, db.utcnow())
    [program] = gather_data(session, mailbox, db.utcnow()).data["other_programs"]
    assert (program["program"], program["answer"]) == (connection.kind, None)
    push()
    assert scene.rows() == [(ADD, SENT, None)]


@pytest.mark.both_engines
def test_a_connection_that_cannot_be_read_holds_up_no_other_and_can_be_removed(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    make_members(session, 1)
    first = session.scalars(select(CrmConnection)).one()
    kind = next(kind for kind in CrmKind if kind is not first.kind)
    second = CrmConnection(kind=kind, address="https://crm.example.org", key=KEY)
    second.id = first.id - 1
    session.add(second)
    session.flush()
    change = "UPDATE crm_connection SET seal_id = key WHERE id = :id"
    session.execute(text(change), {"id": second.id})
    session.commit()
    push()
    assert len(scene.program.people) == 1
    sign_in(client, app, Role.ADMIN)
    assert "1 connection to a CRM needs your attention" in client.get("/desk/today").text
    assert "The stored text cannot be opened." in client.get("/desk/crm/").text
    page = f"/desk/crm/connections/{second.public_id}"
    session.rollback()
    assert "Remove the connection, then connect the program again." in client.get(page).text
    assert client.get(f"{page}/remove").status_code == 200
    assert post(client, f"{page}/remove").status_code == 303
    assert session.scalars(select(CrmConnection.id)).all() == [first.id]
    session.rollback()
    for form in ("approve", "try-again", "key", "remove", "people/1/forget"):
        late = post(client, f"{page}/{form}", {"key": "another", "seen": "x"})
        assert (late.status_code, late.location) == (303, "/desk/crm/"), form
        notice = "This connection was removed. Nothing was saved."
        assert notice in client.get(late.location).text
    assert client.get(page).status_code == 404


@pytest.mark.both_engines
def test_trying_again_starts_no_second_worker_and_takes_nothing_back_that_was_not_sent(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    (member,) = make_members(session, 1)
    connection = session.scalars(select(CrmConnection)).one()
    session.add(CrmPerson(connection_id=connection.id, member=member.public_id, due_at=db.utcnow()))
    connection.state = ConnectionState.SENDING
    connection.lease_until = db.utcnow() + timedelta(minutes=1)
    page = f"/desk/crm/connections/{connection.public_id}"
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert post(client, f"{page}/try-again").status_code == 303
    push()
    assert scene.program.calls == []
    connection.state, connection.lease_until = ConnectionState.READY, None
    memberships.leave(session, session.get_one(NetworkMember, member.id), now=db.utcnow())
    session.commit()
    push()
    assert scene.rows() == []
    assert scene.program.calls == []


def test_a_key_that_is_refused_stops_all_and_is_said(scene: Scene, session: Session) -> None:
    make_members(session, 2)
    session.scalars(select(CrmConnection)).one().key = "another"
    session.commit()
    push()
    assert len(scene.program.calls) == 1
    connection = session.scalars(select(CrmConnection)).one()
    session.refresh(connection)
    assert connection.failure == "key-refused"
    [problem] = doctor.CHECKS["programs"]()
    assert problem.startswith(f"The connection to {connection.kind.program} has failed since ")
    assert list_programs() == {"connections": [connection.kind.program]}


def test_a_key_that_is_refused_is_changed_and_waits_for_approval_again(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    make_members(session, 2)
    connection = session.scalars(select(CrmConnection)).one()
    connection.key, connection.approved_by_id = "another", make_staff_user(session, Role.ADMIN).id
    session.commit()
    push()
    page = f"/desk/crm/connections/{connection.public_id}"
    assert "change the key here" in client.get(page).text
    assert 'type="password"' in client.get(f"{page}/key").text
    answer = post(client, f"{page}/key", {"key": "wrong"})
    assert answer.status_code == 422
    assert "The program refused this key." in answer.text
    assert "wrong" not in answer.text, "which is no use any more"
    session.refresh(connection)
    assert (connection.key, connection.failure) == ("another", "key-refused")
    session.rollback()
    assert post(client, f"{page}/key", {"key": KEY}).status_code == 303
    push()
    assert scene.rows() == [(ADD, SENT, None)] * 2
    session.refresh(connection)
    assert (connection.failure, connection.approved_by_id) == (None, None)


@pytest.mark.both_engines
def test_the_page_says_how_many_wait_when_it_ran_and_that_nothing_is_to_do(
    app: Flask, client: FlaskClient, scene: Scene, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    make_members(session, 3)
    session.commit()
    connection = session.scalars(select(CrmConnection)).one()
    page = f"/desk/crm/connections/{connection.public_id}"
    session.rollback()
    assert "Nothing waits" not in client.get(page).text
    assert "3 people are still waiting and will not be sent." in client.get(f"{page}/remove").text
    push()
    session.refresh(connection)
    shown = client.get(page).text
    assert "Everyone who can be sent has been sent." in shown
    assert i18n.say_moment(connection.ran_at or db.utcnow(), in_language="en") in shown


def test_a_tag_that_is_not_there_is_refused(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    app.extensions["settings"] = settings.model_copy(
        update={"outgoing_hosts": ["127.0.0.1"], "crm_provider": "Example CRM, Canada"}
    )
    sign_in(client, app, Role.ADMIN)
    new = "/desk/crm/connections/new"
    form = {"kind": "action-network", "key": KEY, "list_name": "no such tag"}
    with serve(ActionNetworkStandIn().answer) as target:
        form["address"] = f"{target.url}/api"
        assert "There is no such tag in Action Network." in post(client, new, form).text
        form["list_name"] = "urgent-actions"  # on the second page
        assert "The program refused this key." in post(client, new, form | {"key": "x"}).text
        added = post(client, new, form)
    assert added.status_code == 303
    assert "Connected. Members are sent there within" in client.get(added.location).text


def test_a_program_that_answers_too_slowly_leaves_what_was_typed(
    app: Flask, client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["settings"] = settings.model_copy(
        update={"outgoing_hosts": ["127.0.0.1"], "crm_provider": "Example CRM, Canada"}
    )
    monkeypatch.setattr(connections, "_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_LIMITS", Limits(whole_seconds=60))
    sign_in(client, app, Role.ADMIN)
    hangs, asked = threading.Event(), []

    def answer(handler: Handler) -> None:
        asked.append(handler.path)
        if len(asked) > 1:
            hangs.wait(60)
        handler.say(200, b'{"_embedded": {"osdi:tags": [{"name": "another"}]}}')

    with serve(answer) as target:
        form = {"kind": "action-network", "key": KEY, "list_name": "of page 40"}
        form["address"] = f"{target.url}/api"
        began = time.monotonic()
        shown = post(client, "/desk/crm/connections/new", form)
        took = time.monotonic() - began
        hangs.set()
    assert "The program did not answer in time." in shown.text
    assert all(f'value="{typed}"' in shown.text for typed in form.values())
    assert took < 30, "less than a single call may take"


def test_while_a_program_is_tried_out_others_can_write(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    app.extensions["settings"] = settings.model_copy(
        update={"outgoing_hosts": ["127.0.0.1"], "crm_provider": "Example CRM, Canada"}
    )
    user = sign_in(client, app, Role.ADMIN, password=True)
    give_session(client, user.fs_uniquifier, proved_ago=3600)

    def answer(handler: Handler) -> None:
        with app.app_context(), db.transaction() as writing:
            make_members(writing, 1)
        handler.say(401)

    form = {"kind": "action-network", "key": KEY, "list_name": "x", "proof": STAFF_PASSWORD}
    with serve(answer) as target:
        form["address"] = f"{target.url}/api"
        shown = post(client, "/desk/crm/connections/new", form).text
    assert "The program refused this key." in shown, "it answered after it had written"


@pytest.mark.both_engines
def test_what_others_do_while_a_program_is_tried_out_is_said(
    app: Flask, client: FlaskClient, settings: Settings, session: Session
) -> None:
    app.extensions["settings"] = settings.model_copy(
        update={"outgoing_hosts": ["127.0.0.1"], "crm_provider": "Example CRM, Canada"}
    )
    sign_in(client, app, Role.ADMIN)

    def add_or_remove(handler: Handler) -> None:
        with app.app_context(), db.transaction() as writing:
            if not db.delete_rows(writing, CrmConnection):
                facts = {"address": target.url, "key": KEY, "list_name": "7"}
                writing.add(CrmConnection(kind=CrmKind.CIVICRM, **facts))
        handler.say(200, b'{"values": []}')

    form = {"kind": "civicrm", "key": KEY, "list_name": "7"}
    with serve(add_or_remove) as target:
        form["address"] = target.url
        added = post(client, "/desk/crm/connections/new", form)
        assert added.status_code == 422
        assert "There is a connection to this program already." in added.text
        public_id = session.scalars(select(CrmConnection.public_id)).one()
        session.rollback()
        page = f"/desk/crm/connections/{public_id}/key"
        late = post(client, page, {"key": KEY}, follow_redirects=True)
        assert "This connection was removed. Nothing was saved." in late.text


def test_an_admin_connects_and_ends_a_connection_and_no_key_is_shown(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(client, app, Role.ADMIN)
    settings: Settings = app.extensions["settings"]
    form = {"kind": "civicrm", "address": "https://127.0.0.1/", "key": KEY, "list_name": "7"}
    assert "crm_provider" in post(client, "/desk/crm/connections/new", form).text
    named = settings.model_copy(
        update={"outgoing_hosts": ["localhost"], "crm_provider": "Example CRM, Canada"}
    )
    app.extensions["settings"] = named
    assert "Example CRM" in client.get("/en/privacy").text
    assert "private network" in post(client, "/desk/crm/connections/new", form).text
    with serve(CiviStandIn().answer) as target:
        form["address"] = f"{target.url.replace('127.0.0.1', 'localhost')}/civicrm/ajax/api4"
        refused = post(client, "/desk/crm/connections/new", form | {"list_name": "x"})
        assert refused.status_code == 422
        refused = post(client, "/desk/crm/connections/new", form | {"key": "a key…"})
        assert "The program refused this key." in refused.text, "no header can have that sign"
        answer = post(client, "/desk/crm/connections/new", form)
    assert answer.status_code == 303
    assert "already" in post(client, "/desk/crm/connections/new", form).text
    shown = client.get(answer.location).text
    assert "civicrm/ajax/api4" in shown
    assert KEY not in shown
    link = f'<a href="{answer.location}">CiviCRM</a>'
    assert link in client.get("/desk/audit").text
    with app.app_context(), db.reading() as session:
        row = str(session.connection().exec_driver_sql("SELECT * FROM crm_connection").all())
    assert KEY not in row
    assert post(client, f"{answer.location}/remove").status_code == 303
    assert client.get(answer.location).status_code == 404
    audit = client.get("/desk/audit").text
    assert "CRM connection 1" in audit
    assert link not in audit
