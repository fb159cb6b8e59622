"""Every address is guarded or on the public list, and the guards hold over HTTP."""

import io
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.models.staff import Role, StaffUser
from campaign.staff.desk_access import guard
from campaign.staff.require_audit import leaves_no_entry
from campaign.staff.sessions import safe_next_page
from tests.factories import csrf_token, make_campaign, make_staff_user, post, sign_in

PUBLIC_BLUEPRINTS = {
    "about",
    "public",
    "signing",
    "tracking",
    "privacy",
    "web",
    "sign_in",
    "mail",
    "network",
    "network_unsubscribe",
    "tracking_news_off",
    "operations",
    "api",
    "bounces",
    "osdi",
}
"""Where `@public` may stand. Nothing of the desk's data belongs there."""

NEEDS_A_QUERY = {
    "/desk/bundles/approvals/new",
    *(f"/desk/bundles/new{step}" for step in ("", "/letters", "/paper", "/proof")),
}
"""Pages about something that the query names: without it they are not found, by anybody."""


LEAVES_NO_ENTRY: dict[str, str] = {}
"""Deeds of the desk that the audit need not know, by endpoint, with the reason their view gives."""

INVENTED = {"bundles_rehearsal.download"}
"""Downloads of invented people, which need not ask again who it is."""

_PLAUSIBLE = {"locale": "en", "lang": "en", "part": "edition", "place": "en", "page": "editions"}


def _rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def _roles(app: Flask, endpoint: str) -> frozenset[Role] | None:
    """Roles that every guard above the endpoint lets in; None where there is no guard."""
    names = endpoint.split(".")[:-1]
    above = [".".join(names[: count + 1]) for count in range(len(names))]
    guards = [getattr(app.blueprints[name], "allowed_roles", None) for name in above]
    limits = [roles for roles in guards if roles is not None]
    return frozenset.intersection(*limits) if limits else None


def _plausible(rule: Rule) -> dict[str, str]:
    """Values for the rule's parts: of a thing that is not there, in a language that is."""
    values = {name: _PLAUSIBLE.get(name, "1") for name in rule.arguments}
    return values | dict(rule.defaults or {})


def _is_public(app: Flask, endpoint: str) -> bool:
    return getattr(app.view_functions[endpoint], "is_public", False)


def _plain_pages(app: Flask) -> Iterator[tuple[str, frozenset[Role]]]:
    for rule in _rules(app):
        roles = _roles(app, rule.endpoint)
        if roles is not None and "GET" in (rule.methods or ()) and not rule.arguments:
            yield rule.rule, roles


def test_every_endpoint_is_guarded_or_public_and_never_both(app: Flask) -> None:
    open_ones = {
        rule.endpoint
        for rule in _rules(app)
        if _roles(app, rule.endpoint) is None and not _is_public(app, rule.endpoint)
    }
    both = {
        rule.endpoint
        for rule in _rules(app)
        if _roles(app, rule.endpoint) is not None and _is_public(app, rule.endpoint)
    }
    assert open_ones == set()
    assert both == set()


def test_public_endpoints_stand_in_public_blueprints(app: Flask) -> None:
    public = {rule.endpoint for rule in _rules(app) if _is_public(app, rule.endpoint)}
    astray = {
        endpoint
        for endpoint in public
        if "." in endpoint and endpoint.partition(".")[0] not in PUBLIC_BLUEPRINTS
    }
    assert "sign_in.sign_in" in public
    assert astray == set()


def test_the_desk_is_below_its_address_and_nothing_else_is(app: Flask) -> None:
    for rule in _rules(app):
        guarded = _roles(app, rule.endpoint) is not None
        at_the_door = rule.endpoint.startswith("sign_in.")
        assert rule.rule.startswith("/desk/") == (guarded or at_the_door), rule.rule


def test_addresses_hold_no_numbers_of_rows(app: Flask) -> None:
    for rule in _rules(app):
        guilty = {name for name in rule.arguments if name == "id" or name.endswith("_pk")}
        assert guilty == set(), rule.rule


def test_somebody_unknown_is_sent_to_sign_in(client: FlaskClient, app: Flask) -> None:
    for address, _roles_of in _plain_pages(app):
        response = client.get(address)
        assert response.status_code == 302, address
        assert response.location.startswith("/desk/sign-in"), address
        assert safe_next_page(address) == address


@pytest.mark.both_engines
@pytest.mark.parametrize("role", list(Role))
def test_each_role_enters_its_pages_and_finds_no_others(
    client: FlaskClient, app: Flask, role: Role
) -> None:
    sign_in(client, app, role)
    pages = list(_plain_pages(app))
    assert pages
    for address, roles in pages:
        response = client.get(address)
        expected = {200, 302} if role in roles and address not in NEEDS_A_QUERY else {404}
        assert response.status_code in expected, (address, role)
        assert response.headers["Cache-Control"] == "no-store", address


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_refused_the_deeds_of_others_as_if_they_did_not_exist(
    client: FlaskClient, app: Flask, role: Role
) -> None:
    sign_in(client, app, role)
    nowhere = client.get("/desk/no-such-page")
    for rule in _rules(app):
        roles = _roles(app, rule.endpoint)
        if roles is None or role in roles or "POST" not in (rule.methods or ()):
            continue
        values = _plausible(rule)
        address = _build(app, rule.endpoint, values)
        response = post(client, address)
        assert response.status_code == 404, address
        assert response.data == nowhere.data, address


def test_no_deed_of_the_desk_is_done_without_a_token(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    tried = 0
    for rule in _rules(app):
        if _roles(app, rule.endpoint) is None or "POST" not in (rule.methods or ()):
            continue
        values = dict.fromkeys(rule.arguments, "1") | dict(rule.defaults or {})
        address = _build(app, rule.endpoint, values)
        assert client.post(address).status_code == 400, address
        tried += 1
    assert tried


_WITH_NUL = [
    ("multipart/form-data", lambda: {"file": (io.BytesIO(b"a"), "a\0.csv")}),
    *(
        (kind, data)
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data")
        for data in (lambda: {"name": "A\0"}, lambda: {"na\0me": "A"})
    ),
]
"""A form with it in a file's name, a value, the name of a field."""


@pytest.mark.both_engines
def test_no_form_of_the_desk_is_taken_with_nul_in_it(client: FlaskClient, app: Flask) -> None:
    """PostgreSQL can neither keep nor look for it: each such deed would fail there with a 500.

    All deeds are refused in one place: each is tried in one of the five ways, in turn.
    """
    sign_in(client, app, Role.ADMIN)
    token = csrf_token(client)
    deeds = [
        rule
        for rule in _rules(app)
        if _roles(app, rule.endpoint) is not None and "POST" in (rule.methods or ())
    ]
    assert len(deeds) > 50
    for rule, (kind, with_nul) in zip(deeds, cycle(_WITH_NUL), strict=False):
        address = _build(app, rule.endpoint, _plausible(rule))
        data: dict[str, Any] = {"csrf_token": token} | with_nul()
        assert client.post(address, data=data, content_type=kind).status_code == 400, address


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/desk/audit/entries.csv", "who"),
        ("/desk/bundles/new", "campaign"),
        ("/desk/campaigns/{slug}/targets", "official"),
        ("/desk/campaigns/{slug}/team/hand-over", "member"),
        ("/desk/screening/letters/x", "decision"),
    ],
)
def test_nul_in_forms_that_look_something_up_is_a_bad_request(
    client: FlaskClient, app: Flask, session: Session, address: str, name: str
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    answer = post(client, address.format(slug=campaign.slug), {name: "a\0b"})
    assert answer.status_code == 400


def test_a_session_signs_nobody_in_from_another_site(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    headers = {"Origin": "https://evil.example"}
    assert post(client, "/desk/sign-out", headers=headers).status_code == 403
    assert client.get("/desk/account").status_code == 200


def test_a_forged_host_does_not_decide_where_a_page_leads(client: FlaskClient) -> None:
    response = client.get("/desk/account", headers={"Host": "evil.example"})
    assert "evil.example" not in response.headers.get("Location", "")
    assert "evil.example" not in response.text


@pytest.mark.parametrize("address", ["/desk/sign-in", "/desk/account", "/desk/no-such-page"])
def test_every_answer_carries_the_headers(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def _build(app: Flask, endpoint: str, values: dict[str, str]) -> str:
    with app.test_request_context():
        return app.url_for(endpoint, **values)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_campaign_of_another_team_is_not_found_at_any_address(
    client: FlaskClient, app: Flask, session: Session, method: str
) -> None:
    """As one that does not exist: the same status and the same page, for every part of it."""
    owner = make_staff_user(session, Role.ORGANIZER)
    hidden = make_campaign(session, owner_id=owner.id)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    tried = 0
    for rule in _rules(app):
        if "slug" not in rule.arguments or not rule.rule.startswith("/desk/campaigns/"):
            continue
        if Role.ORGANIZER not in (_roles(app, rule.endpoint) or ()):
            continue
        if method not in (rule.methods or ()):
            continue
        values = _plausible(rule)
        answers = []
        for slug in (hidden.slug, "ua-0-00"):
            address = _build(app, rule.endpoint, values | {"slug": slug})
            answer = client.get(address) if method == "GET" else post(client, address)
            assert answer.status_code == 404, address
            # Of "Sign out"; it differs each time.
            same = re.sub('name="csrf_token" value="[^"]*"', "", answer.text)
            answers.append(same.replace(slug, "SLUG"))
        assert answers[0] == answers[1], rule.rule
        tried += 1
    assert tried > 10


def test_views_that_leave_no_entry_are_few_and_say_why(app: Flask) -> None:
    marked = {
        endpoint: view.leaves_no_entry
        for endpoint, view in app.view_functions.items()
        if hasattr(view, "leaves_no_entry")
    }
    assert marked == LEAVES_NO_ENTRY


@pytest.mark.both_engines
def test_a_deed_without_an_entry_fails_here_and_leaves_one_on_a_running_site(
    app: Flask, session: Session
) -> None:
    """Every test that posts at the desk goes through this: no gap in the audit stays unseen."""
    probe = Blueprint("probe", __name__, url_prefix="/desk/probe")
    guard(probe)

    def rename() -> str:
        db.session().execute(update(StaffUser).values(locale="fr"))
        return "done"

    @probe.post("/marked")
    @leaves_no_entry("for this test")
    def marked() -> str:
        return rename()

    probe.post("/silent", endpoint="silent")(rename)
    probe.post("/looks", endpoint="looks")(lambda: "nothing changed")
    app.register_blueprint(probe)
    client = app.test_client()
    sign_in(client, app, Role.STAFF)
    with pytest.raises(AssertionError, match=r"probe\.silent changed staff_user"):
        post(client, "/desk/probe/silent")
    assert post(client, "/desk/probe/marked").text == "done"
    assert post(client, "/desk/probe/looks").status_code == 200
    assert session.scalars(select(AuditEntry).where(AuditEntry.actor == "staff:1")).all() == []
    session.rollback()
    app.testing = False
    assert post(client, "/desk/probe/silent").text == "done"
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject) == ("desk.deed", "page:probe.silent")


def test_what_hands_out_personal_data_in_bulk_asks_again_who_it_is(app: Flask) -> None:
    fresh = {name for name, view in app.view_functions.items() if hasattr(view, "is_fresh")}
    downloads = {
        rule.endpoint
        for rule in _rules(app)
        if _roles(app, rule.endpoint) is not None
        and rule.endpoint.partition(".")[2].endswith(("download", "export", "_proof"))
    }
    offices = {"directory.export"}  # the directory of public offices names no supporter
    assert downloads - fresh <= INVENTED | offices
    assert {
        "bundles.download",
        "bundles.print_proof",
        "deliveries.reroute_proof",
        "staff.audit_log.download",
    } <= fresh


@pytest.mark.parametrize("page", ["missions", "officials", "today", "bundles", "deliveries"])
def test_a_list_opens_with_and_without_a_slash(client: FlaskClient, app: Flask, page: str) -> None:
    sign_in(client, app, Role.ADMIN)
    for address in (f"/desk/{page}", f"/desk/{page}/"):
        assert client.get(address, follow_redirects=True).status_code == 200
