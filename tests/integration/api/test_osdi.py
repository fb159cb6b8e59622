"""OSDI for programs with a token: who gets what, page by page, and nobody whose consent is over."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, text, update
from sqlalchemy.orm import Session

from campaign.api import tokens
from campaign.api.osdi.sign_ups import SentPerson
from campaign.core import clock, db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import BadQuery
from campaign.core.rate_limits import RateLimit
from campaign.mail import suppression_list
from campaign.mail.messages import BadAddress, OutboxMail
from campaign.models.api_token import ApiScope, ApiToken
from campaign.models.campaign import CampaignStatus, TalkingPoint
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature, SignatureState
from campaign.network import memberships
from campaign.web import security
from tests.days import ZONE
from tests.factories import add_confirmed, make_campaign, make_members, make_token
from tests.integration.api.conftest import PERSON, Program, Site

Programs = Callable[..., Program]


def read_audit(app: Flask) -> list[tuple[str, str]]:
    with app.app_context(), db.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.subject) for entry in entries]


def descriptions(answer: Any) -> list[str]:
    assert answer["request_type"] == "atomic"
    (status,) = answer["resource_status"]
    assert status["response_code"] == answer["response_code"]
    return [error["description"] for error in status["error_descriptions"]]


def embedded(answer: Any, rel: str) -> list[Any]:
    resources: list[Any] = answer["_embedded"][rel]
    assert answer["_links"][rel] == [resource["_links"]["self"] for resource in resources]
    return resources


# --- Tokens --------------------------------------------------------------------------------------


def test_a_token_comes_in_a_header_and_for_what_it_was_made(
    app: Flask, client: FlaskClient, site: Site
) -> None:
    none = client.get("/api/osdi/people")
    assert none.status_code == 401
    assert none.headers["WWW-Authenticate"] == "Bearer"
    assert descriptions(none.json)[0].startswith("Send a token in the header OSDI-API-Token")
    secret = make_token(app, ApiScope.PEOPLE)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/osdi/people", headers=bearer).status_code == 200
    program = Program(client, secret)
    for path in ("petitions", f"petitions/{site.campaign.public_id}", "advocacy_campaigns", "tags"):
        assert descriptions(program.get(path, 403))[0].startswith("This needs the scope actions.")
    program.post("people", {"person": PERSON}, 403)
    readers = Program(client, make_token(app, ApiScope.ACTIONS))
    readers.get("petitions")
    for path in ("people", f"people/{site.member.public_id}"):
        readers.get(path, 403)
    readers.get(f"petitions/{site.campaign.public_id}/signatures", 403)
    Program(client, secret[:-1]).get("people", 401)


def test_a_token_that_expired_or_was_revoked_opens_nothing(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    program = Program(client, make_token(app))
    program.get("people")
    session.execute(update(ApiToken).values(expires_at=db.utcnow()))
    session.commit()
    assert descriptions(program.get("people", 401))[0].startswith("This token has expired.")
    session.execute(update(ApiToken).values(revoked_at=db.utcnow()))
    session.commit()
    assert descriptions(program.get("people", 401))[0].startswith("This token is not known, or")


@pytest.mark.parametrize("name", ["osdi-api-token", "OSDI-API-Token", "access_token"])
def test_a_token_in_an_address_is_refused_and_told_of(
    app: Flask, client: FlaskClient, site: Site, name: str
) -> None:
    secret = make_token(app)
    for path in ("people", "", f"people/{site.member.public_id}"):
        answer = client.get(f"/api/osdi/{path}", query_string={name: secret})
        assert answer.status_code == 400
        assert "is kept in logs" in descriptions(answer.json)[0]
    assert client.post("/api/osdi/people", query_string={name: secret}).status_code == 400
    client.get("/api/osdi/people", query_string={name: "guessed"})
    told = [action for action, _subject in read_audit(app) if action.startswith("api.")]
    assert told == ["api.token-add", "api.token-in-address"]


def test_a_token_has_its_requests_an_hour(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    program = Program(client, make_token(app))
    program.get("people")
    session.execute(update(RateLimit).values(count=tokens.REQUESTS_PER_HOUR))
    session.commit()
    refused = client.get("/api/osdi/people", headers={"OSDI-API-Token": program.secret})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


# --- Actions -------------------------------------------------------------------------------------


def test_public_actions_are_petitions_and_advocacy_campaigns(
    program: Programs, session: Session, site: Site
) -> None:
    make_campaign(session, slug="hidden", status=CampaignStatus.DRAFT)
    session.commit()
    reader = program(ApiScope.ACTIONS)
    entry = reader.get("")
    assert entry["osdi_version"] == "1.2"
    (petition,) = embedded(reader.get(entry["_links"]["osdi:petitions"]["href"]), "osdi:petitions")
    assert petition["identifiers"] == [f"campaign:{site.campaign.public_id}"]
    assert reader.get(petition["_links"]["self"]["href"]) == petition
    (action,) = embedded(
        reader.get(entry["_links"]["osdi:advocacy_campaigns"]["href"]), "osdi:advocacy_campaigns"
    )
    assert action["type"] == "in-person"
    assert action["target_list"][0]["family_name"] == "Quintero Vidal"
    assert reader.get(action["_links"]["self"]["href"]) == action
    with_none = reader.get("petitions", filter="modified_date lt '2020-01-01'")
    assert embedded(with_none, "osdi:petitions") == []
    hidden = session.scalars(select(NetworkMember)).one()
    reader.get(f"petitions/{hidden.public_id}", 404)


def test_a_draft_is_found_by_nobody(program: Programs, session: Session) -> None:
    draft = make_campaign(session, slug="hidden", status=CampaignStatus.DRAFT)
    session.commit()
    reader = program()
    for path in ("petitions", "advocacy_campaigns"):
        reader.get(f"{path}/{draft.public_id}", 404)
    reader.get(f"petitions/{draft.public_id}/signatures", 404)
    reader.post(f"petitions/{draft.public_id}/signatures", {"person": PERSON}, 404)


# --- Signatures ----------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_no_number_list_or_answer_tells_that_a_letter_is_held_in_silence(
    app: Flask, program: Programs, session: Session, site: Site
) -> None:
    held = {"state": SignatureState.HELD, "state_before": SignatureState.CONFIRMED}
    wants = {"consent_updates_at": db.utcnow(), "consent_network_at": db.utcnow()}
    (silent,) = add_confirmed(session, site.campaign, 1, **held, **wants)
    make_members(session, 1, email=silent.email, email_hmac=silent.email_hmac)
    session.commit()
    with app.app_context():
        jobs.run_now("campaigns.count")
    reader = program()
    petition = f"petitions/{site.campaign.public_id}"
    (action,) = embedded(reader.get("advocacy_campaigns"), "osdi:advocacy_campaigns")
    assert (reader.get(petition)["total_signatures"], action["total_outreaches"]) == (2, 2)
    page = reader.get(f"{petition}/signatures", per_page="1")
    after = reader.get(page["_links"]["next"]["href"])
    assert (page["total_records"], after["total_records"]) == (2, 2)
    listed = [*embedded(page, "osdi:signatures"), *embedded(after, "osdi:signatures")]
    own = reader.get(f"{petition}/signatures/{silent.public_id}")
    assert own in listed
    assert len(listed) == 2
    person = reader.get(own["_links"]["osdi:person"]["href"])
    assert (person["given_name"], person["family_name"]) == (silent.given_name, silent.family_name)


def test_signatures_are_those_that_count_and_say_nothing_of_the_letter(
    app: Flask, program: Programs, session: Session, site: Site
) -> None:
    states = [state for state in SignatureState if state is not SignatureState.CONFIRMED]
    for state in states:
        add_confirmed(session, site.campaign, 1, state=state, consent_network_at=db.utcnow())
    hidden = add_confirmed(session, site.campaign, 1, forgotten_at=db.utcnow())
    (silent,) = add_confirmed(session, site.campaign, 1)
    session.commit()
    reader = program(ApiScope.PEOPLE)
    path = f"petitions/{site.campaign.public_id}/signatures"
    listed = embedded(reader.get(path), "osdi:signatures")
    ids = {resource["identifiers"][0].rpartition(":")[2]: resource for resource in listed}
    assert ids.keys() == {site.signer.public_id, silent.public_id}
    assert "osdi:person" in ids[site.signer.public_id]["_links"]
    assert "osdi:person" not in ids[silent.public_id]["_links"]
    for word in (site.signer.own_words, site.signer.email, site.signer.family_name):
        assert word not in str(listed)
    assert reader.get(f"{path}/{silent.public_id}") == ids[silent.public_id]
    for signature in hidden:
        reader.get(f"{path}/{signature.public_id}", 404)
    told = [line for line in read_audit(app) if line[0] == "api.signatures"]
    assert told == [("api.signatures", f"campaign:{site.campaign.id}")]


# --- People --------------------------------------------------------------------------------------


def test_people_are_who_is_in_the_network_now(
    app: Flask, program: Programs, session: Session, site: Site
) -> None:
    make_members(session, 1, state=MemberState.PENDING)
    make_members(session, 1, state=MemberState.LEFT, email=None)
    add_confirmed(session, site.campaign, 1, consent_updates_at=db.utcnow())
    session.add(BadAddress(email_hmac=site.member.email_hmac, status="5.1.1"))
    session.commit()
    reader = program(ApiScope.PEOPLE)
    (person,) = embedded(reader.get("people"), "osdi:people")
    assert person["email_addresses"] == [
        {"primary": True, "address": site.signer.email, "status": "bouncing"}
    ]
    assert (person["given_name"], person["postal_addresses"][0]["locality"]) == ("Noor", "Ottawa")
    assert reader.get(person["_links"]["self"]["href"]) == person
    assert reader.get(f"people/{site.signer.public_id}") == person
    assert embedded(reader.get(person["_links"]["osdi:taggings"]["href"]), "osdi:taggings") == []
    told = [line for line in read_audit(app) if line[0] == "api.people"]
    assert told == [("api.people", "network"), ("api.people", f"network-member:{site.member.id}")]


def test_a_name_is_given_only_from_a_letter_with_that_consent(
    program: Programs, session: Session, site: Site
) -> None:
    other = make_campaign(session, slug="other")
    add_confirmed(session, other, 1, email_hmac=site.member.email_hmac, given_name="Unasked")
    session.execute(update(Signature).values(consent_network_at=None))
    session.commit()
    (person,) = embedded(program().get("people"), "osdi:people")
    assert (person["given_name"], person["postal_addresses"]) == ("", [])


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "over",
    [
        {"consent_updates_at": None},
        {"state": SignatureState.WITHDRAWN},
        {"state": SignatureState.HELD},
        {"state": SignatureState.INVALID, "state_before": SignatureState.CONFIRMED},
        {"state": SignatureState.ERASED},
        {"forgotten_at": clock.utcnow()},
    ],
    ids=["not-asked", "withdrawn", "held", "invalid", "erased", "forgotten"],
)
def test_who_asked_for_news_of_one_action_is_found_by_that_signature_while_it_stands(
    program: Programs, session: Session, site: Site, over: dict[str, Any]
) -> None:
    (signer,) = add_confirmed(session, site.campaign, 1, consent_updates_at=db.utcnow())
    session.commit()
    reader = program(ApiScope.PEOPLE)
    person = reader.get(f"people/{signer.public_id}")
    assert person["custom_fields"] == {"news_of": "this action"}
    assert person["email_addresses"][0]["address"] == signer.email
    session.execute(update(Signature).where(Signature.id == signer.id).values(**over))
    session.commit()
    reader.get(f"people/{signer.public_id}", 404)


def test_who_asked_never_to_be_written_to_is_given_to_nobody(
    program: Programs, session: Session, site: Site
) -> None:
    (signer,) = add_confirmed(session, site.campaign, 1, consent_updates_at=db.utcnow())
    suppression_list.suppress(session, [signer.email_hmac])
    session.commit()
    program().get(f"people/{signer.public_id}", 404)


def test_who_left_the_network_is_given_to_nobody(
    program: Programs, session: Session, site: Site
) -> None:
    reader = program(ApiScope.PEOPLE)
    ids = (site.member.public_id, site.signer.public_id)
    for public_id in ids:
        reader.get(f"people/{public_id}")
    memberships.leave(session, site.member, now=db.utcnow())
    session.commit()
    assert embedded(reader.get("people"), "osdi:people") == []
    for public_id in ids:
        reader.get(f"people/{public_id}", 404)


# --- Pages and filters ---------------------------------------------------------------------------


@pytest.mark.both_engines
def test_each_page_leads_to_the_next_and_nobody_is_missed_or_given_twice(
    program: Programs, session: Session
) -> None:
    # Many of one day, as after a flood: then the moment alone would not tell where a page ended.
    day = clock.keep_day(db.utcnow(), ZONE)
    make_members(session, 23, confirmed_at=day)
    make_members(session, 4, confirmed_at=day - timedelta(days=3))
    session.commit()
    reader = program(ApiScope.PEOPLE)
    answer, ids, pages = reader.get("people", per_page="5"), [], 0
    while True:
        pages += 1
        assert answer["page"] == pages
        ids += [person["identifiers"][0] for person in embedded(answer, "osdi:people")]
        if "next" not in answer["_links"]:
            break
        answer = reader.get(answer["_links"]["next"]["href"])
    assert pages == 6
    assert len(ids) == len(set(ids)) == 27
    by_number = reader.get("people", per_page="5", page="6")
    assert [person["identifiers"][0] for person in embedded(by_number, "osdi:people")] == ids[25:]
    past = reader.get("people", page="7")
    assert embedded(past, "osdi:people") == []
    assert past["_links"].keys() == {"curies", "self", "previous", "osdi:people"}
    assert reader.get("people", per_page="500")["per_page"] == 25
    recent = reader.get("people", filter=f"modified_date gt '{day + timedelta(hours=9):%FT%TZ}'")
    assert len(embedded(recent, "osdi:people")) == 23


@pytest.mark.both_engines
@pytest.mark.parametrize("zone", ["America/Toronto", "Asia/Tokyo"])
@pytest.mark.parametrize("hour", [1, 12, 20], ids="{}-oclock".format)
def test_who_asks_from_a_moment_on_misses_nobody_who_joined_since(
    app: Flask, program: Programs, session: Session, zone: str, hour: int
) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"timezone": zone})
    joined = datetime(2026, 11, 27, hour, tzinfo=UTC)
    earlier = clock.cut_to_day(joined, "UTC")  # as it was kept once, of UTC
    with app.app_context():
        make_members(session, 1, confirmed_at=memberships.blur(joined))
        make_members(session, 1, confirmed_at=earlier + timedelta(microseconds=7))
        make_members(session, 1, confirmed_at=earlier - timedelta(days=3))
    session.commit()
    reader = program(ApiScope.PEOPLE)

    def count(query: str) -> int:
        return len(embedded(reader.get("people", filter=f"modified_date {query}"), "osdi:people"))

    before, day = joined - timedelta(minutes=1), clock.day_of(joined, zone)
    assert count(f"gt '{before:%FT%TZ}'") == count(f"ge '{before:%FT%TZ}'") == 2
    assert count(f"ge '{day}'") == 2
    is_one_day = day == clock.day_of(joined, "UTC")
    assert count(f"eq '{day}'") == (2 if is_one_day else 1)
    assert count(f"le '{day}'") - count(f"lt '{day}'") == count(f"eq '{day}'")


def test_petitions_too_are_read_by_the_link_next(program: Programs, session: Session) -> None:
    for number in range(2):
        make_campaign(session, slug=f"ua-{number}", reference=f"UA {number}")
    session.commit()
    reader = program()
    first = reader.get("petitions", per_page="1")
    second = reader.get(first["_links"]["next"]["href"])
    listed = embedded(first, "osdi:petitions") + embedded(second, "osdi:petitions")
    assert [petition["name"] for petition in listed] == ["UA 0", "UA 1"]
    assert "next" not in second["_links"]


@pytest.mark.both_engines
def test_one_who_cannot_be_read_keeps_nobody_from_being_read(
    program: Programs, session: Session, site: Site
) -> None:
    damaged, _whole = make_members(session, 2)
    change = "UPDATE network_member SET seal_id = email_hmac WHERE id = :id"
    session.execute(text(change), {"id": damaged.id})
    change = "UPDATE signature SET seal_id = email_hmac WHERE id = :id"
    session.execute(text(change), {"id": site.signer.id})
    session.commit()
    listed = embedded(program(ApiScope.PEOPLE).get("people"), "osdi:people")
    assert len(listed) == 2
    assert all(person["family_name"] == "" for person in listed)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"page": "0"}, "page must be a number from 1."),
        ({"page": "two"}, "page must be a number from 1."),
        ({"page": "99999999999"}, "page must be a number from 1."),
        ({"page": "101"}, "page goes to 100. To read further, follow the link next of each page."),
        ({"per_page": ["5", "6"]}, "per_page can be given once."),
        ({"per_page": "-1"}, "per_page must be a number from 1."),
        ({"after": "x"}, "after is not from a link of ours. Begin with the first page."),
        ({"after": "AAAA"}, "after is not from a link of ours. Begin with the first page."),
        ({"order": "name"}, "order is not known here. Use page, per_page and filter."),
        ({"filter": "email_address = 'x'"}, "filter is not understood from character 1 on."),
        ({"filter": "given_name eq 'x'"}, "filter knows email_address and modified_date here."),
        ({"filter": "email_address gt 'x'"}, "email_address can be compared by eq alone."),
        ({"filter": "modified_date gt 'soon'"}, "modified_date must be compared with a date such"),
        ({"filter": "modified_date gt '0001-01-01T00:00:00+14:00'"}, "modified_date must be"),
        ({"filter": "modified_date gt '0001-01-01'"}, "modified_date must be"),
        ({"filter": "modified_date eq '9999-12-31'"}, "modified_date must be"),
    ],
)
def test_what_is_not_understood_is_named(
    program: Programs, query: dict[str, Any], says: str
) -> None:
    assert descriptions(program().get("people", 400, **query))[0].startswith(says)


@pytest.mark.both_engines
def test_a_person_is_found_by_an_address_however_it_is_spelled(
    program: Programs, site: Site
) -> None:
    reader = program(ApiScope.PEOPLE)
    typed = site.signer.email.replace("@", "+news@").upper()
    listed = reader.get("people", filter=f"email_address eq '{typed}'")
    assert len(embedded(listed, "osdi:people")) == 1
    listed = reader.get("people", filter="email_address eq 'o''nobody@example.org'")
    assert embedded(listed, "osdi:people") == []


_NAMES = st.sampled_from(
    [
        "address",
        "email_addresses",
        "given_name",
        "languages_spoken",
        "postal_addresses",
        "primary",
        "status",
    ]
)


# --- Forms elsewhere -----------------------------------------------------------------------------


def read_mails(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context(), db.reading() as session:
        mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [(mail.kind, mail.recipient or "", mail.locale) for mail in mails]


def test_a_signature_from_elsewhere_waits_for_its_confirmation_as_any_other(
    app: Flask, program: Programs, session: Session, site: Site
) -> None:
    sender = program(ApiScope.SIGN_UPS)
    path = f"petitions/{site.campaign.public_id}/record_signature_helper"
    body = {"person": PERSON, "comments": "I write because I care.", "add_tags": ["x"]}
    first = sender.post(path, body)
    signature = session.scalars(select(Signature).order_by(Signature.id.desc())).first()
    assert signature.state is SignatureState.PENDING
    assert (signature.own_words, signature.source) == (body["comments"], "api")
    assert (signature.locale, signature.disclosure.value) == ("fr", "name")
    assert signature.consent_network_at is not None
    assert len(signature.points) == 3
    assert read_mails(app) == [("confirm-letter", "maelle@example.org", "fr")]
    session.execute(
        update(Signature).values(state=SignatureState.CONFIRMED, confirmed_at=db.utcnow())
    )
    session.commit()
    assert sender.post(path, body) == first
    assert read_mails(app)[1:] == [("already-signed", "maelle@example.org", "fr")]
    told = [line for line in read_audit(app) if line[0] == "api.sign-ups"]
    assert told == [("api.sign-ups", f"campaign:{site.campaign.id}")]


def test_an_answer_to_a_form_elsewhere_takes_as_long_for_an_address_that_is_known(
    program: Programs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = program(ApiScope.SIGN_UPS)
    monkeypatch.setattr(security, "_EVEN_SECONDS", 3600)
    waits: list[float] = []
    monkeypatch.setattr(security, "sleep", waits.append)
    path = f"petitions/{site.campaign.public_id}/record_signature_helper"
    for _ in ("new", "known"):
        sender.post(path, {"person": PERSON, "comments": ""})
        sender.post("people", {"person": PERSON})
    assert len(waits) == 4
    assert all(3500 < seconds < 3600 for seconds in waits)


def test_a_card_without_points_is_signed_from_elsewhere_too(
    app: Flask, program: Programs, session: Session
) -> None:
    card = make_campaign(session, format="card")
    session.execute(delete(TalkingPoint))
    session.commit()
    sender = program(ApiScope.SIGN_UPS)
    sender.post(f"petitions/{card.public_id}/signatures", {"person": PERSON})
    signature = session.scalars(select(Signature)).one()
    assert (signature.points, signature.state) == ([], SignatureState.PENDING)
    assert read_mails(app) == [("confirm-letter", "maelle@example.org", "fr")]


def test_a_member_from_elsewhere_is_asked_by_email(
    app: Flask, program: Programs, session: Session
) -> None:
    sender = program(ApiScope.SIGN_UPS)
    first = sender.post("people", {"person": PERSON})
    member = session.scalars(select(NetworkMember)).one()
    assert member.state is MemberState.PENDING
    assert member.consent_wording.startswith("J’autorise")
    assert read_mails(app) == [("network-confirm", "maelle@example.org", "fr")]
    session.execute(update(NetworkMember).values(state=MemberState.ACTIVE))
    session.commit()
    assert sender.post("people", {"person": PERSON}) == first


@pytest.mark.parametrize("helper", ["people", "petitions/{}/signatures"])
def test_brackets_as_deep_as_python_goes_are_a_bad_request(
    program: Programs, site: Site, helper: str
) -> None:
    sender = program(ApiScope.SIGN_UPS)
    address = f"/api/osdi/{helper.format(site.campaign.public_id)}"
    headers = {"OSDI-API-Token": sender.secret}
    answer = sender.client.post(address, headers=headers, data='{"person":' + 200_000 * "[")
    assert answer.status_code == 400
    assert descriptions(answer.get_json()) == ["The body must be a JSON object."]


def test_without_a_token_nothing_is_done_and_nothing_told(
    app: Flask, client: FlaskClient, session: Session, site: Site
) -> None:
    blind = Program(client, "")
    paths = (
        f"petitions/{site.campaign.public_id}/signatures",
        "petitions/none/signatures",
        "people",
    )
    for path in paths:
        for body in ({"person": PERSON}, {}, ["x"], {"person": "x" * 10_000_000}):
            assert blind.post(path, body) == {}
    assert read_mails(app) == []
    assert len(session.scalars(select(Signature)).all()) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"email_addresses": [{"address": "nobody"}]},
            "person.email_addresses.address: Send a complete email address",
        ),
        ({"email_addresses": "x"}, "person.email_addresses.address: Send this, as a string"),
        ({"postal_addresses": [None]}, "person.postal_addresses.locality: Send this, as a string"),
        (
            {"postal_addresses": [{"locality": "Ottawa", "country": "Canada"}]},
            "person.postal_addresses.country: Send the code of a country in two letters",
        ),
        ({"given_name": ["x"]}, "person.given_name: Send this, as a string"),
        (
            {"given_name": "A\u0000na"},
            "person.given_name: Send this without characters that cannot",
        ),
        ({"given_name": "\ud800"}, "person.given_name: Send this as Unicode text."),
        (
            {"email_addresses": [{"address": "a@example.org", "status": "unsubscribed"}]},
            "The only status of an email address",
        ),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_field(
    app: Flask, program: Programs, site: Site, change: dict[str, Any], says: str
) -> None:
    path = f"petitions/{site.campaign.public_id}/signatures"
    body = {"person": PERSON | change, "comments": "Read www.example.org."}
    told = descriptions(program().post(path, body, 400))
    assert any(text.startswith(says) for text in told), told
    if len(told) > 1:  # what only the person can mend is said to them
        assert any(text.startswith("comments: Remove the link") for text in told), told
    assert read_mails(app) == []


@pytest.mark.parametrize(
    ("email", "says"), [("", "Send this, as a string"), ("nobody", "Send a complete email address")]
)
def test_who_cannot_join_is_named_by_the_field_of_the_address(
    app: Flask, program: Programs, email: str, says: str
) -> None:
    answer = program().post("people", {"person": {"email_addresses": [{"address": email}]}}, 400)
    (told,) = descriptions(answer)
    assert told.startswith(f"person.email_addresses.address: {says}")
    assert read_mails(app) == []


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(_NAMES, part, max_size=5),
)


def test_anything_that_is_sent_is_read_or_refused(app: Flask) -> None:
    @settings(max_examples=200)
    @given(_ANYTHING)
    def read(person: object) -> None:
        with app.app_context(), suppress(BadQuery):
            sent = SentPerson.of({"person": person})
            assert all(isinstance(value, str) for value in sent.fields.values())

    read()


def test_an_action_that_has_ended_takes_none(
    program: Programs, session: Session, site: Site
) -> None:
    site.campaign.status = CampaignStatus.CLOSED
    session.commit()
    path = f"petitions/{site.campaign.public_id}/signatures"
    answer = program().post(path, {"person": PERSON}, 409)
    assert descriptions(answer) == ["This action takes no letters any more."]


@pytest.mark.parametrize(
    ("spoken", "locale"),
    [(["fr-CA"], "fr"), (["de", "French", "es"], "fr"), ([7, "de"], "en"), ("fr", "en")],
)
def test_the_first_language_in_which_we_write_is_taken(
    app: Flask, program: Programs, site: Site, spoken: object, locale: str
) -> None:
    program().post("people", {"person": PERSON | {"languages_spoken": spoken}})
    assert read_mails(app) == [("network-confirm", "maelle@example.org", locale)]


def test_without_a_status_a_signer_is_no_member_and_a_member_is_asked(
    app: Flask, program: Programs, session: Session, site: Site
) -> None:
    sender = program()
    silent = {"person": PERSON | {"email_addresses": [{"address": "maelle@example.org"}]}}
    sender.post(f"petitions/{site.campaign.public_id}/signatures", silent)
    signature = session.scalars(select(Signature).order_by(Signature.id.desc())).first()
    assert signature.consent_network_at is None
    sender.post("people", silent)
    assert [kind for kind, _to, _locale in read_mails(app)] == ["confirm-letter", "network-confirm"]
    sender.post("people", {"person": PERSON | {"email_addresses": []}}, 400)


def test_bodies_that_are_none_or_far_too_long_are_refused(
    client: FlaskClient, program: Programs
) -> None:
    sender = program()
    for body in ("x" * 10_000_000, {"person": {"given_name": "x" * 600_000}}):
        (told,) = descriptions(sender.post("people", body, 413))
        assert told == "The body is too large. Send at most 512 KiB."
    answer = client.post("/api/osdi/people", data=b"{", headers={"OSDI-API-Token": sender.secret})
    assert answer.status_code == 400
    assert descriptions(answer.json) == ["The body must be a JSON object."]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("actions/ua-58-20", "application/problem+json"), ("osdi/petitions", "application/hal+json")],
)
def test_a_fault_of_ours_is_told_as_other_refusals_are(
    app: Flask, program: Programs, site: Site, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    sender = program()
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def fail(_state: object) -> None:
        raise ValueError("planted-secret")

    event.listen(Session, "do_orm_execute", fail)
    try:
        headers = {"OSDI-API-Token": sender.secret}
        answer = app.test_client().get(f"/api/{path}", headers=headers)
    finally:
        event.remove(Session, "do_orm_execute", fail)
    assert (answer.status_code, answer.mimetype) == (500, kind)
    assert "Something went wrong on our side." in answer.text
    assert "planted-secret" not in answer.text


def test_other_methods_and_other_sites_get_nothing(
    client: FlaskClient, program: Programs, site: Site
) -> None:
    reader = program()
    headers = {"OSDI-API-Token": reader.secret, "Origin": "https://elsewhere.example"}
    head = client.head("/api/osdi/people", headers=headers)
    assert (head.status_code, head.get_data()) == (200, b"")
    options = client.options("/api/osdi/people", headers=headers)
    for answer in (head, options, client.get("/api/osdi/people", headers=headers)):
        assert not [name for name, _value in answer.headers if name.startswith("Access-Control")]
    for method in ("PUT", "DELETE", "PATCH"):
        answer = client.open(f"/api/osdi/people/{site.member.public_id}", method=method)
        assert answer.status_code == 405
        assert set(answer.allow) == {"GET", "HEAD", "OPTIONS"}
        assert descriptions(answer.json)[0].startswith(f"{method} cannot be used at this address.")
        assert client.open("/api/osdi/nowhere", method=method).status_code == 404
    assert descriptions(reader.get("nowhere/at/all", 404))
