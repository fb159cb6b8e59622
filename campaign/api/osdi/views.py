"""The addresses of OSDI. Each wants a token but the entry point, which says where all others are.

What is read of people leaves a line in the audit for each hour and thing. No other site's page can
read an answer: there is no CORS here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session, selectinload

from campaign.api import tokens
from campaign.api.action_json import Json
from campaign.api.http_errors import answer_errors, describe_status
from campaign.api.osdi import people, resources, sign_ups
from campaign.api.osdi.filters import parse_filter
from campaign.api.osdi.listing import PageRequest, compare, compare_days, make_collection
from campaign.api.osdi.sign_ups import NotTaken
from campaign.campaigns.lifecycle import PUBLIC
from campaign.campaigns.public_counts import HELD_IN_SILENCE, counted_publicly, counts_of
from campaign.core import db
from campaign.core.errors import BadQuery, DomainError, NotFound, TooMany
from campaign.models.api_token import ApiScope
from campaign.models.campaign import Campaign, Edition, Target
from campaign.models.signature import Signature, SignatureState
from campaign.public.share_links import whole_url
from campaign.signing.checks.origin import trace_of
from campaign.web.security import even_time, private_page, public

blueprint = Blueprint("osdi", __name__, url_prefix="/api/osdi")
blueprint.after_request(private_page)
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
WithTexts: TypeAlias = Row[Campaign, Edition]
_DESCRIBE: Mapping[str, Callable[[Campaign, Edition, int], Json]] = {
    "petition": resources.describe_petition,
    "advocacy_campaign": resources.describe_advocacy_campaign,
}
_IS_PUBLIC = Campaign.status.in_(PUBLIC)
_HEADER = "OSDI-API-Token"
_IN_ADDRESS = ("osdi-api-token", "access_token")
_DAYS, _PEOPLE_FIELDS = ("modified_date",), ("email_address", "modified_date")
_SENT = (
    "This person gets an email with a link. Nothing counts before they confirm by it. This answer "
    "is the same whoever they are."
)


def needs(scope: ApiScope, *, blind: bool = False) -> Callable[[View], View]:
    """Let a view run for a token with the scope. `blind`: without one say {}, and do nothing."""

    def decorate(view: View) -> View:
        @wraps(view)
        def check(**values: Any) -> ResponseReturnValue:
            secret = _read_token()
            if not secret and blind:
                return _answer({})
            if not secret:
                raise tokens.TokenRefused("token-none")
            g.api_token = tokens.use_token(secret, scope)
            return view(**values)

        return public(check)  # type: ignore[return-value]

    return decorate


def _read_token() -> str:
    """Return what came in a header. Raises DomainError for one that stands in the address."""
    for name, value in request.args.items():
        if name.casefold() in _IN_ADDRESS:
            tokens.note_token_in_address(value)
            raise DomainError("token-in-address")
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    typed = request.headers.get(_HEADER) or (bearer if kind.casefold() == "bearer" else "")
    return typed.strip()


@blueprint.before_request
def _speak_english() -> None:
    g.locale = "en"


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    _read_token()
    return _answer(resources.describe_entry_point())


def list_actions(kind: str) -> ResponseReturnValue:
    """List actions as petitions, or as advocacy campaigns."""
    page = PageRequest.of(request.args)
    with db.reading() as session:
        where = [
            compare(clause, Campaign.changed_at) for clause in parse_filter(page.filter, _DAYS)
        ]
        key = (Campaign.created_at, Campaign.id)
        rows, more = page.load(session, _select_campaigns(*where), key)
        listed = _describe(session, rows, kind)
        total = db.count_rows(session, select(Campaign.id).where(_IS_PUBLIC, *where))
    last = (rows[-1][0].created_at, rows[-1][0].id) if more else None
    rel, endpoint = f"osdi:{kind}s", f"osdi.list_{kind}s"
    return _answer(make_collection(rel, listed, page, endpoint, next_key=last, total=total))


def show_action(kind: str, action_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        query = _select_campaigns(Campaign.public_id == action_id)
        listed = _describe(session, session.execute(query).all(), kind)
    if not listed:
        raise NotFound("petition")
    return _answer(listed[0])


for _kind in _DESCRIBE:
    for _name, _address, _view in (
        (f"list_{_kind}s", f"/{_kind}s", list_actions),
        (f"show_{_kind}", f"/{_kind}s/<action_id>", show_action),
    ):
        _given = needs(ApiScope.ACTIONS)(_view)
        blueprint.add_url_rule(_address, _name, _given, defaults={"kind": _kind})


@blueprint.get("/petitions/<petition_id>/signatures")
@needs(ApiScope.PEOPLE)
def list_signatures(petition_id: str) -> ResponseReturnValue:
    page = PageRequest.of(request.args)
    with db.reading() as session:
        campaign = _get_campaign(session, petition_id)
        where = [
            compare_days(clause, Signature.confirmed_at, campaign.timezone)
            for clause in parse_filter(page.filter, _DAYS)
        ]
        shown = _select_signatures(campaign, Signature.state == SignatureState.CONFIRMED, *where)
        held = _select_signatures(campaign, HELD_IN_SILENCE, *where)
        rows, more = page.load(session, shown, (Signature.confirmed_at, Signature.id), held)
        total = None if where else counts_of(session, [campaign])[campaign.id]
    tokens.note_use(g.api_token, "api.signatures", f"campaign:{campaign.id}")
    collection = make_collection(
        "osdi:signatures",
        [resources.describe_signature(row, petition_id) for row in rows],
        page,
        "osdi.list_signatures",
        next_key=(rows[-1].confirmed_at, rows[-1].id) if more else None,
        total=total,
        petition_id=petition_id,
    )
    return _answer(collection)


@blueprint.get("/petitions/<petition_id>/signatures/<signature_id>")
@needs(ApiScope.PEOPLE)
def show_signature(petition_id: str, signature_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        campaign = _get_campaign(session, petition_id)
        has_id = Signature.public_id == signature_id
        row = session.execute(_select_signatures(campaign, counted_publicly(), has_id)).first()
    if row is None:
        raise NotFound("signature")
    tokens.note_use(g.api_token, "api.signatures", f"campaign:{campaign.id}")
    return _answer(resources.describe_signature(row, petition_id))


@blueprint.post("/petitions/<petition_id>/signatures", endpoint="record_signature")
@blueprint.post("/petitions/<petition_id>/record_signature_helper")
@needs(ApiScope.SIGN_UPS, blind=True)
@even_time
def record_signature_helper(petition_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        campaign = _get_campaign(session, petition_id)
    tokens.note_use(g.api_token, "api.sign-ups", f"campaign:{campaign.id}")
    sign_ups.record_signature(campaign.slug, _read_body(), trace=trace_of(request), now=db.utcnow())
    return _answer_sent(
        {"osdi:petition": {"href": whole_url("osdi.show_petition", action_id=petition_id)}}
    )


@blueprint.get("/people")
@needs(ApiScope.PEOPLE)
def list_people() -> ResponseReturnValue:
    page = PageRequest.of(request.args)
    with db.reading() as session:
        clauses = parse_filter(page.filter, _PEOPLE_FIELDS)
        listed, last = people.list_people(session, page, clauses)
    tokens.note_use(g.api_token, "api.people", "network")
    collection = make_collection(
        "osdi:people",
        [resources.describe_person(person) for person in listed],
        page,
        "osdi.list_people",
        next_key=last,
    )
    return _answer(collection)


@blueprint.get("/people/<person_id>")
@needs(ApiScope.PEOPLE)
def show_person(person_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        person = people.get_person(session, person_id)
    if person is None:
        raise NotFound("person")
    tokens.note_use(g.api_token, "api.people", person.subject)
    return _answer(resources.describe_person(person))


@blueprint.post("/people")
@needs(ApiScope.SIGN_UPS, blind=True)
@even_time
def add_person() -> ResponseReturnValue:
    tokens.note_use(g.api_token, "api.sign-ups", "network")
    sign_ups.add_person(_read_body(), now=db.utcnow())
    return _answer_sent({})


@blueprint.get("/tags")
@needs(ApiScope.ACTIONS)
def list_tags() -> ResponseReturnValue:
    """There are none; clients of Action Network begin by asking for them."""
    page = PageRequest.of(request.args)
    return _answer(make_collection("osdi:tags", [], page, "osdi.list_tags", total=0))


@blueprint.get("/people/<person_id>/taggings")
@needs(ApiScope.PEOPLE)
def list_taggings(person_id: str) -> ResponseReturnValue:
    """There are none, of anybody."""
    page, endpoint = PageRequest.of(request.args), "osdi.list_taggings"
    return _answer(
        make_collection("osdi:taggings", [], page, endpoint, total=0, person_id=person_id)
    )


def _select_campaigns(*where: ColumnElement[bool]) -> Any:
    """Select actions with their text in their main language."""
    targets = selectinload(Campaign.targets)
    text = (Edition.campaign_id == Campaign.id) & (Edition.locale == Campaign.default_locale)
    return (
        select(Campaign, Edition)
        .join(Edition, text)
        .where(_IS_PUBLIC, *where)
        .options(targets.joinedload(Target.official), targets.joinedload(Target.mission))
    )


def _get_campaign(session: Session, public_id: str) -> Campaign:
    query = select(Campaign).where(_IS_PUBLIC, Campaign.public_id == public_id)
    return db.get_row(session, query, "petition")


def _select_signatures(campaign: Campaign, *where: ColumnElement[bool]) -> Any:
    """Select those of whom we still know who signed: of these, `where` says who counts."""
    return select(*resources.SIGNATURE_COLUMNS).where(
        Signature.campaign_id == campaign.id, Signature.forgotten_at.is_(None), *where
    )


def _describe(session: Session, actions: Sequence[WithTexts], kind: str) -> list[Json]:
    """Describe them with the number that the pages say of each: another would tell who is held."""
    counts = counts_of(session, [campaign for campaign, _text in actions])
    return [_DESCRIBE[kind](campaign, text, counts[campaign.id]) for campaign, text in actions]


def _read_body() -> dict[str, Any]:
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:  # brackets in brackets, as deep as Python goes
        body = None
    if not isinstance(body, dict):
        raise BadQuery("The body must be a JSON object.")
    return body


def _answer_sent(links: Json) -> Response:
    return _answer({"identifiers": [], "custom_fields": {}, "message": _SENT, "_links": links})


def _answer(body: Json, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/hal+json")


_SENTENCES: Mapping[str, str] = {
    "token-none": f"Send a token in the header {_HEADER}, or as Authorization: Bearer.",
    "token-unknown": "This token is not known, or it was revoked. Ask an admin for a new one.",
    "token-expired": "This token has expired. Ask an admin for a new one.",
    "token-in-address": "A token in an address is kept in logs, so it is refused there, and the "
    f"audit log notes it. Send it in the header {_HEADER}, and have this one replaced.",
    "not-approved": "Another admin has yet to approve that this token reads people.",
    "campaign-ended": "This action takes no letters any more.",
}


def _refuse(status: int, _name: str, *sentences: str) -> Response:
    resource = request.path.removeprefix("/api/osdi/").partition("/")[0] or "aep"
    descriptions = [{"error_code": str(status), "description": text} for text in sentences]
    response = _answer(
        {
            "request_type": "atomic",
            "response_code": status,
            "resource_status": [
                {
                    "resource": f"osdi:{resource}",
                    "response_code": status,
                    "error_descriptions": descriptions,
                }
            ],
        },
        status,
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@blueprint.errorhandler(DomainError)
def _expected(problem: DomainError) -> Response:
    otherwise = describe_status(problem.status)[1]
    if problem.status == NotFound.status:
        otherwise = "There is nothing at this address, or nothing more that may be read."
    sentences = [_SENTENCES.get(problem.slug, otherwise)]
    if isinstance(problem, NotTaken):
        sentences = problem.problems
    elif isinstance(problem, BadQuery):
        sentences = [str(problem)]
    elif problem.slug == "scope":
        needed = problem.data["scope"]
        sentences = [f"This needs the scope {needed}. Ask an admin for a token with it."]
    elif isinstance(problem, TooMany):
        sentences = [f"Too many requests. Try again in {problem.seconds} seconds."]
    response = _refuse(problem.status, "", *sentences)
    if isinstance(problem, TooMany):
        response.headers["Retry-After"] = str(problem.seconds)
    return response


answer_errors(blueprint, _refuse)
