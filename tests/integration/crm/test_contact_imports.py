"""Members with proof of their consent, and addresses to which we never write."""

import io
import json
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import DomainError
from campaign.crm import contact_imports
from campaign.crm.contact_imports import Findings
from campaign.mail import bad_addresses, suppression_list
from campaign.mail.messages import SUPPRESSED, MailState, OutboxMail, address_fingerprint
from campaign.models.crm import ContactImport
from campaign.models.network import MemberOrigin, MemberState, NetworkMember
from campaign.models.staff import Role
from campaign.network import memberships
from campaign.network.memberships import Preferences
from campaign.storage import storage
from tests.factories import add_confirmed, make_campaign, make_members, post, sign_in

PROOF = {
    "consented_on": "2026-05-03",
    "wording": "Email me about urgent actions.",
    "source": "Book fair, binder 3",
    "locale": "fr",
}


def upload(client: FlaskClient, kind: str, *lines: str, head: str = "E-mail,Note") -> str:
    file = (io.BytesIO("\n".join([head, *lines]).encode()), "people.csv")
    answer = post(
        client,
        "/desk/crm/files/new",
        {"kind": kind, "file": file},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def check(client: FlaskClient, page: str, **facts: str) -> str:
    answer = post(client, page, {"meaning-0": "email", **facts})
    assert answer.status_code == 303, answer.text
    return client.get(page).text


def count_of(page: str, words: str) -> int:
    return int(re.search(rf"{words}</dt>\s*<dd>(\d+)", page)[1])


def members_of(app: Flask) -> dict[str, NetworkMember]:
    with app.app_context(), db.reading() as session:
        return {member.email or "": member for member in session.scalars(select(NetworkMember))}


def test_members_come_with_their_proof_and_nobody_is_written_to(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    known, left, asked, bounces = make_members(session, 4)
    memberships.leave(session, left, now=db.utcnow())
    asked.state = MemberState.PENDING
    bad_addresses.mark(session, address_fingerprint("bounces@example.org"), "5.1.1")
    bounces.email_hmac = address_fingerprint("other@example.org")
    suppression_list.suppress(session, [address_fingerprint("never@example.org")])
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = upload(
        client,
        "members",
        "new@example.org,",
        f"{known.email},",
        "member-2@example.org,",
        f"{asked.email},",
        "bounces@example.org,",
        "never@example.org,",
        "New@Example.org,",
        "nobody,",
    )
    missing = check(client, page)
    assert count_of(missing, "Will be imported") == 0, "no proof, no member"
    shown = check(client, page, **PROOF)
    assert count_of(shown, "Will be imported") == 1
    assert count_of(shown, "Will be left out") == 7
    assert "Columns not read" not in shown, "nothing is in it"
    for words in ("suppression list", "left the network", "do not arrive", "Already a member"):
        assert words in shown
    wrong = client.get(f"{page}/wrong.csv").text.lstrip("\ufeff").splitlines()
    assert wrong[0] == "# Row,# Problem,E-mail,Note"
    assert wrong[-1] == "9,This is not a complete email address.,nobody,"
    assert len(wrong) == 8
    again = upload(client, "members", "x,", head="\n".join([*wrong, "5,,last@example.org,"]))
    assert count_of(check(client, again, **PROOF), "Will be imported") == 2, "no more twice"
    assert len(members_of(app)) == 4, "nothing is written by a preview"
    assert post(client, f"{page}/apply").status_code == 303
    assert "1 member was added" in client.get(page).text
    member = members_of(app)["new@example.org"]
    assert member.state is MemberState.ACTIVE
    assert member.origin is MemberOrigin.IMPORT
    assert (member.consent_wording, member.consent_source) == (PROOF["wording"], PROOF["source"])
    assert (member.joined_at, member.locale) == (datetime(2026, 5, 3, tzinfo=UTC), "fr")
    with app.app_context(), db.reading() as reading:
        assert reading.scalars(select(OutboxMail)).all() == []
        entries = reading.scalars(select(AuditEntry.action)).all()
    assert {"crm.import-upload", "crm.import-check", "crm.import-apply"} <= set(entries)


def test_the_preview_names_the_columns_that_are_not_read(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    page = upload(client, "suppressed", "new@example.org,by phone")
    assert "Columns not read" not in client.get(page).text, "there is no preview yet"
    assert "<p>Columns not read: <bdi>Note</bdi></p>" in check(client, page)


def test_the_preview_names_languages_in_which_nobody_is_written_to(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(client, app, Role.ADMIN)
    named = ["Español", "spa", "", "German", "German", "<b>", *"123456"]
    lines = [f"person-{at}@example.org,{name}" for at, name in enumerate(named)]
    page = upload(client, "members", *lines, "nobody,Dutch", head="E-mail,Langue")
    facts = {**PROOF, "meaning-1": "language"}
    shown = check(client, page, **facts)
    assert count_of(shown, "Will be imported") == len(named)
    assert "For 9 people, the file names a language that we do not write" in shown
    texts = ("German", "&lt;b&gt;", "1", "2", "3", "…")
    assert ", ".join(f"<bdi>{text}</bdi>" for text in texts) in shown
    assert post(client, f"{page}/apply").status_code == 303
    members = members_of(app)
    assert [members[f"person-{at}@example.org"].locale for at in range(4)] == [
        *("es", "es", "fr", "fr")
    ]
    again = upload(client, "members", "new@example.org,French", head="E-mail,Langue")
    assert "names a language" not in check(client, again, **facts)


@pytest.mark.both_engines
def test_the_preview_shows_what_was_understood_of_the_first_rows(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    lines = [
        "nobody,fr,4.12.2025",
        "a&b@example.org,español,4.12.2025",
        "b@example.org,,",
        *(f"{name}@example.org,en," for name in "cdef"),
    ]
    page = upload(client, "members", *lines, head="E-mail,Langue,Date de consentement")
    shown = check(client, page, **PROOF, **{"meaning-1": "language", "meaning-2": "consented_on"})
    table = shown.partition("The first rows that will be imported")[2].partition("</table>")[0]
    rows = re.findall(r"<tr><td[^>]*>(.*?)</tr>", table)
    assert [re.split(r"</td><td[^>]*>", row.removesuffix("</td>")) for row in rows] == [
        ["3", "<bdi>a&amp;b@example.org</bdi>", "Spanish", "4 December 2025"],
        ["4", "<bdi>b@example.org</bdi>", "French", "3 May 2026"],
        ["5", "<bdi>c@example.org</bdi>", "English", "3 May 2026"],
        ["6", "<bdi>d@example.org</bdi>", "English", "3 May 2026"],
        ["7", "<bdi>e@example.org</bdi>", "English", "3 May 2026"],
    ]
    stored = session.scalars(text("SELECT findings FROM contact_import")).all()
    assert stored[0]
    assert "example.org" not in str(stored), "encrypted"
    session.rollback()
    assert post(client, f"{page}/apply").status_code == 303
    assert "b@example.org" not in client.get(page).text
    assert session.scalars(select(ContactImport.findings)).all() == [None]


def test_while_no_file_can_be_kept_the_page_says_so(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    folder = app.extensions["settings"].files_folder
    page = upload(client, "suppressed", "new@example.org,")
    shutil.rmtree(folder)
    folder.write_bytes(b"no folder any more")
    file = (io.BytesIO(b"E-mail\nnew@example.org"), "people.csv")
    answer = post(client, "/desk/crm/files/new", {"kind": "suppressed", "file": file})
    assert answer.status_code == 422
    assert "We cannot store files at the moment." in answer.text
    assert re.search(r'checked[^>]+value="suppressed"', answer.text)
    assert client.get(page).status_code == 503, "this page needs the file"


def test_what_was_shown_is_what_is_taken_in(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    page = upload(client, "members", "new@example.org,", "other@example.org,")
    assert count_of(check(client, page, **PROOF), "Will be imported") == 2
    suppression_list.suppress(session, [address_fingerprint("new@example.org")])
    session.commit()
    answer = post(client, f"{page}/apply", follow_redirects=True)
    assert "Nothing was imported" in answer.text
    assert members_of(app) == {}


def test_an_address_on_the_list_gets_no_email_and_no_membership_whoever_asks(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    (member,) = make_members(session, 1)
    campaign = make_campaign(session)
    person = {"email": "never@example.org", "email_hmac": address_fingerprint("never@example.org")}
    signature = add_confirmed(session, campaign, 1, **person, consent_network_at=db.utcnow())[0]
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = upload(client, "suppressed", f"{member.email},", "Never+x@example.org,", "nobody,")
    shown = check(client, page)
    assert count_of(shown, "Will be imported") == 2
    assert post(client, f"{page}/apply").status_code == 303
    with app.app_context(), db.transaction() as writing:
        assert writing.get_one(NetworkMember, member.id).state is MemberState.LEFT
        memberships.join(
            writing,
            email="never@example.org",
            locale="en",
            preferences=Preferences(),
            wording="Yes.",
            now=db.utcnow(),
        )
        memberships.join_signer(writing, writing.merge(signature), now=db.utcnow())
        assert writing.scalars(select(OutboxMail)).all() == []
        assert len(writing.scalars(select(NetworkMember)).all()) == 1
        memberships.NetworkAlready(preferences_url="", leave_url="").send(
            writing, to="never@example.org", locale="en"
        )
    with app.app_context():
        jobs.run_now("mail.sweep")
        with db.reading() as reading:
            mail = reading.scalars(select(OutboxMail)).one()
    assert (mail.state, mail.failure) == (MailState.FAILED, SUPPRESSED)


@pytest.mark.both_engines
def test_a_file_is_compared_with_who_must_not_be_written_to(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    stays, left = make_members(session, 2)
    memberships.leave(session, left, now=db.utcnow())
    suppression_list.suppress(session, [address_fingerprint("never@example.org")])
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = upload(
        client, "suppressed", f"{stays.email},", "member-2@example.org,", "never@example.org,"
    )
    check(client, page)
    answer = post(client, f"{page}/compare")
    lines = answer.text.lstrip("\ufeff").split()
    assert lines == ["email,status", "member-2@example.org,left", "never@example.org,suppressed"]


@pytest.mark.both_engines
def test_an_address_is_put_on_the_list_and_taken_off_and_no_colleague(
    app: Flask, client: FlaskClient
) -> None:
    admin = sign_in(client, app, Role.ADMIN)
    url = "/desk/crm/suppression-list"
    assert post(client, url, {"email": "nobody"}).status_code == 422
    assert "colleague" in post(client, url, {"email": admin.email}).text
    assert post(client, url, {"email": "never@example.org"}).status_code == 303
    assert "1 address is on the list." in client.get("/desk/crm/").text
    post(client, url, {"email": "NEVER@example.org", "release": "1"})
    assert "The list is empty." in client.get("/desk/crm/").text
    post(client, url, {"email": "somebody@example.org", "release": "1"})
    with app.app_context(), db.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(3))
        assert actions.all() == ["crm.search", "crm.release", "crm.suppress"]
    page = upload(client, "suppressed", f"{admin.email},")
    assert "colleague" in check(client, page)
    log = client.get("/desk/audit").text
    assert '<a href="/desk/crm/">Suppression list</a>' in log
    assert "File of addresses 1" in log
    assert "contact-import" not in log
    assert "File of addresses 1" in client.get("/desk/audit?about=File+of+addresses+1").text


@pytest.mark.both_engines
def test_a_file_is_its_owners_and_goes_after_days(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    page = upload(client, "members", "new@example.org,")
    other = app.test_client()
    sign_in(other, app, Role.ADMIN)
    assert other.get(page).status_code == 404
    staff = app.test_client()
    sign_in(staff, app, Role.STAFF)
    assert staff.get("/desk/crm/").status_code == 404
    with app.app_context():
        with db.transaction() as session:
            contacts = session.scalars(select(ContactImport)).one()
            contacts.expires_at = db.utcnow() - timedelta(minutes=1)
            key = contacts.storage_key
        assert storage().read(key)
        contact_imports.forget_files()
        with pytest.raises(DomainError):
            storage().read(key)
        with db.reading() as session:
            assert session.scalars(select(ContactImport)).all() == []
    assert client.get(page).status_code == 404


@pytest.mark.both_engines
def test_what_is_no_list_is_refused(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    for data in (b"\x89PNG\r\n\x1a\nxxxx", b"", b"E-mail\n"):
        answer = post(
            client,
            "/desk/crm/files/new",
            {"kind": "members", "file": (io.BytesIO(data), "people.csv")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
    page = upload(client, "members", "new@example.org,")
    assert post(client, page, {"meaning-0": ""}).status_code == 422


def test_what_was_checked_before_languages_were_named_is_still_shown() -> None:
    earlier = ContactImport(findings=json.dumps([[3, "no-address"], [4, "no-day"]]))
    findings = contact_imports.read_findings(earlier)
    assert [fault.row for fault in findings.faults] == [3, 4]
    assert (findings.languages, findings.first) == ([], [])
    assert contact_imports.read_findings(ContactImport()) == Findings([], [], [])
