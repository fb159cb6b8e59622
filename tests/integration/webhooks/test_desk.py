"""The pages of webhooks: an admin adds one, sees its secret with fresh proof, tries and ends it."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from campaign.about.privacy_pack import write_papers
from campaign.commands import doctor
from campaign.commands.instance import list_programs
from campaign.core import db, i18n
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.core.settings import current_settings
from campaign.models.staff import Role
from campaign.models.webhook import EndpointState, PostState, WebhookEndpoint, WebhookEvent
from campaign.webhooks import endpoints
from campaign.webhooks.endpoints import Message
from tests.factories import STAFF_PASSWORD, give_session, make_staff_user, post, sign_in
from tests.http_target import Target, serve
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.webhooks.conftest import AddEndpoint, list_posts, send

FORM = {"address": "https://crm.example.org/hook", "events": ["action.opened"]}


def actions(session: Session) -> list[str]:
    session.rollback()
    entries = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in entries if action.startswith("webhook.")]


@pytest.mark.both_engines
def test_an_admin_adds_one_and_sees_its_secret_with_fresh_proof(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    user = sign_in(client, app, Role.ADMIN, password=True)
    assert "There are no webhooks yet." in client.get("/desk/webhooks/").text
    give_session(client, user.fs_uniquifier, proved_ago=3600)
    assert post(client, "/desk/webhooks/new", FORM).status_code == 403
    assert actions(session) == []
    added = post(client, "/desk/webhooks/new", FORM | {"proof": STAFF_PASSWORD})
    assert added.status_code == 303
    page = client.get(added.location).text
    assert "https://crm.example.org/hook" in page
    assert "whsec_" not in page
    row = str(session.connection().exec_driver_sql("SELECT * FROM webhook_endpoint").all())
    assert "crm.example.org" not in row
    assert "whsec_" not in row
    give_session(client, user.fs_uniquifier, proved_ago=3600)
    assert "whsec_" not in post(client, f"{added.location}/secret", {}).text
    shown = post(client, f"{added.location}/secret", {"proof": STAFF_PASSWORD})
    assert shown.headers["Cache-Control"] == "no-store"
    assert Webhook(re.search(r"whsec_[\w+/=]+", shown.text)[0])
    assert actions(session) == ["webhook.add", "webhook.secret"]
    assert "Webhook 1" in client.get("/desk/audit").text


@pytest.mark.both_engines
def test_a_test_is_sent_and_any_message_again_with_its_id(
    client: FlaskClient, app: Flask, session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    endpoint = add_endpoint(target.url)
    url = f"/desk/webhooks/{endpoint.public_id}"
    assert post(client, f"{url}/test", {}).status_code == 303
    send()
    page = client.get(url).text
    assert "Received" in page
    assert "webhook.test" in page
    [sent] = list_posts(session)
    assert sent.event.public_id in page
    assert f'datetime="{Message(sent.event.body).happened_at.isoformat()}"' in page
    post(client, f"{url}/again", {"post": sent.public_id})
    send()
    first, again = target.received
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    [sent] = list_posts(session)
    sent.state = PostState.FAILED
    session.commit()
    assert "Send 1 failed message again" in client.get(url).text
    post(client, f"{url}/again", {})
    send()
    assert len(target.received) == 3
    assert actions(session)[1:] == ["webhook.test", "webhook.replay", "webhook.replay"]


@pytest.mark.both_engines
def test_a_message_that_cannot_be_opened_is_listed_all_the_same(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/webhooks/{add_endpoint('https://crm.example.org/').public_id}"
    post(client, f"{url}/test", {})
    session.execute(text("UPDATE webhook_event SET seal_id = deed"))
    session.commit()
    [event_id] = session.scalars(select(WebhookEvent.public_id))
    assert event_id in client.get(url).text


def test_one_that_cannot_be_opened_is_listed_and_can_be_deleted(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/webhooks/{add_endpoint('https://crm.example.org/').public_id}"
    session.execute(text("UPDATE webhook_endpoint SET seal_id = secret"))
    session.commit()
    with app.app_context():
        [problem] = doctor.CHECKS["programs"]()
    assert problem.startswith("Webhook 1 cannot be decrypted.")
    assert "Cannot be decrypted" in client.get("/desk/webhooks/").text
    assert "Delete this webhook, then add it again." in client.get(url).text
    assert client.get(f"{url}/delete").status_code == 200
    assert post(client, f"{url}/delete", {}).status_code == 303
    assert session.scalars(select(WebhookEndpoint.id)).all() == []


@pytest.mark.both_engines
def test_while_it_takes_nothing_the_page_says_when_the_next_try_is_and_that_the_others_wait(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    with serve(lambda handler: handler.say(500)) as broken:
        url = f"/desk/webhooks/{add_endpoint(broken.url).public_id}"
        for _ in range(2):
            post(client, f"{url}/test", {})
            send()
        page, today = client.get(url).text, client.get("/desk/today").text
        assert len(broken.received) == 1, "the other waits"
    assert "1 webhook does not work" in today
    assert f'<a href="{url}">Webhook 1</a>' in today
    with app.app_context():
        [problem] = doctor.CHECKS["programs"]()
        papers = write_papers(current_settings(), **list_programs())
        [processors] = [paper.text for paper in papers if paper.name == "3-processors.md"]
    assert problem.startswith(f"Webhook 1 to {broken.url.rpartition('/')[2]} has failed since ")
    assert f"| webhook | {broken.url.rpartition('/')[2]} |" in processors
    assert "Try again now" in page
    session.rollback()
    rests = session.scalars(select(WebhookEndpoint.lease_until)).one()
    then = i18n.say_moment(rests or db.utcnow(), in_language="en")
    assert f"Next attempt on {then}, with one message. The others wait." in page
    assert page.count("Next attempt on") == 1
    assert page.count(">Waiting</td>") == 2


@pytest.mark.both_engines
def test_once_a_program_works_again_nobody_has_to_wait(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    answers = [500]
    with serve(lambda handler: handler.say(answers[0])) as target:
        url = f"/desk/webhooks/{add_endpoint(target.url).public_id}"
        for _ in range(2):
            post(client, f"{url}/test", {})
        send()
        answers[0] = 204
        send()
        assert "Received" not in client.get(url).text, "it rests"
        post(client, f"{url}/try-again", {})
        send()
        page = client.get(url).text
    assert page.count("Received</td>") == 2
    assert "Try again now" not in page
    assert actions(session)[-1] == "webhook.try-again"


@pytest.mark.both_engines
def test_one_is_turned_off_changed_turned_on_and_deleted(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/webhooks/{add_endpoint('https://crm.example.org/').public_id}"
    post(client, f"{url}/off", {})
    assert "An admin turned it off." in client.get(url).text
    assert post(client, f"{url}/test", {}).status_code == 409
    post(
        client,
        f"{url}/edit",
        {"address": "https://new.example.org/", "events": ["reply.published"]},
    )
    session.rollback()
    endpoint = session.scalars(select(WebhookEndpoint)).one()
    assert (endpoint.address, endpoint.events) == ("https://new.example.org/", ["reply.published"])
    post(client, f"{url}/on", {})
    post(client, f"{url}/test", {})
    asked = client.get(f"{url}/delete").text
    assert "1 message is still waiting and will never be sent." in asked
    assert f'action="{url}/delete"' in asked
    assert f'action="{url}/delete"' not in client.get(url).text, "it is asked first"
    post(client, f"{url}/delete", {})
    assert client.get(url).status_code == 404
    names = ["add", "turn-off", "change", "turn-on", "test", "delete"]
    assert actions(session) == [f"webhook.{name}" for name in names]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"address": ""}, "Enter the address where your program receives webhooks."),
        ({"address": "crm.example.org"}, "Enter a full address that starts"),
        ({"address": "http://crm.example.org/"}, "The address must start with https."),
        ({"address": "http://10.0.0.7/"}, "Ask the site operator to allow it"),
        ({"address": "https://localhost:8443/"}, "This address is on this machine or in a"),
        ({"address": "https://u:p@example.org/"}, "Leave the name and password out"),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["webhook.test"]}, "Choose one of the answers offered."),
    ],
)
def test_what_cannot_be_called_is_said_and_kept(
    client: FlaskClient,
    app: Flask,
    session: Session,
    add_endpoint: AddEndpoint,
    typed: dict[str, object],
    says: str,
) -> None:
    sign_in(client, app, Role.ADMIN)
    stands = "https://stands.example.org/"
    for url in ("new", f"{add_endpoint(stands).public_id}/edit"):
        answer = post(client, f"/desk/webhooks/{url}", FORM | typed)
        assert answer.status_code == 422
        assert says in answer.text
        assert str((FORM | typed)["address"]) in answer.text
    session.rollback()
    assert session.scalars(select(WebhookEndpoint)).one().address == stands


def test_none_is_moved_to_an_address_that_was_not_checked(
    session: Session, add_endpoint: AddEndpoint
) -> None:
    webhook = add_endpoint("https://crm.example.org/")
    with pytest.raises(Invalid):
        endpoints.CheckedAddress("https://localhost:8443/")
    with pytest.raises(AttributeError):
        endpoints.change_endpoint(
            session,
            webhook,
            address="https://localhost:8443/",  # type: ignore[arg-type]
            kinds=(),
            by=make_staff_user(session, Role.ADMIN),
        )


def test_who_changes_one_that_was_deleted_is_told_and_keeps_the_address(
    client: FlaskClient, app: Flask, add_endpoint: AddEndpoint
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/webhooks/{add_endpoint('https://crm.example.org/').public_id}"
    typed = read_form(client.get(f"{url}/edit").text)
    assert post(client, f"{url}/delete", {}).status_code == 303
    late = post(client, f"{url}/edit", typed | {"address": "https://other.example.org/"})
    assert late.status_code == 404
    assert ">https://other.example.org/</textarea>" in late.text
    assert 'href="/desk/webhooks/"' in late.text


@pytest.mark.parametrize("form", ["edit", "secret", "test", "again", "on", "off", "delete"])
def test_who_presses_a_button_of_one_that_was_deleted_is_told_and_led_to_the_others(
    client: FlaskClient, app: Flask, session: Session, add_endpoint: AddEndpoint, form: str
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/webhooks/{add_endpoint('https://crm.example.org/').public_id}"
    assert post(client, f"{url}/delete", {}).status_code == 303
    late = post(client, f"{url}/{form}", {})
    assert (late.status_code, late.location) == (303, "/desk/webhooks/")
    sentence = "This webhook was deleted. Nothing was saved."
    assert sentence in client.get(late.location).text
    assert actions(session) == ["webhook.add", "webhook.delete"]
    gone = client.get(url)
    assert (gone.status_code, sentence in gone.text) == (404, False)


def test_today_tells_admins_of_one_that_was_turned_off(
    client: FlaskClient, app: Flask, add_endpoint: AddEndpoint
) -> None:
    since = db.utcnow()
    add_endpoint("https://crm.example.org/", state=EndpointState.BROKEN, failing_since=since)
    sign_in(client, app, Role.ORGANIZER)
    assert "1 webhook does not work" not in client.get("/desk/today").text
    sign_in(client, app, Role.ADMIN)
    assert "1 webhook does not work" in client.get("/desk/today").text


@pytest.mark.parametrize("role", [Role.STAFF, Role.ORGANIZER])
def test_nobody_but_admins_comes_here(client: FlaskClient, app: Flask, role: Role) -> None:
    sign_in(client, app, role)
    assert client.get("/desk/webhooks/").status_code == 404
