"""`/webhooks/bounces/…`: where a provider of email tells of bounces, if its secret is set.

What is not believed gets the page of an address that is not there, whatever is wrong with it.
"""

import json
from datetime import timedelta
from typing import cast

import structlog
from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from campaign.core import clock, db
from campaign.core.errors import TooMany
from campaign.core.outgoing_http import OutgoingFailed, open_http
from campaign.core.rate_limits import count_against_limit, is_first_use
from campaign.core.settings import current_settings
from campaign.mail import bad_addresses
from campaign.mail.bounce_webhooks import Call, NotBelieved, Report, read_report
from campaign.web.security import public, same_origin

log = structlog.get_logger()
blueprint = Blueprint("bounces", __name__, url_prefix="/webhooks/bounces")
blueprint.before_request(same_origin)

CERTIFICATES = "sns_certificates"
blueprint.record_once(lambda state: state.app.extensions.setdefault(CERTIFICATES, {}))
_MOST_CERTIFICATES = 8
_FETCHES_PER_HOUR = 20
_OLDEST, _AHEAD = timedelta(days=1), timedelta(minutes=5)
"""Providers try again for hours; a report from before is one that somebody kept."""


@blueprint.post("/<provider>")
@public
def receive(provider: str) -> ResponseReturnValue:
    try:
        report = read_report(provider, _read_call(), current_settings(), _fetch)
    except (NotBelieved, OutgoingFailed, TooMany) as problem:
        # A kind, and nothing that came: whoever asks chose it.
        log.warning("report of a bounce refused", problem=type(problem).__name__)
        abort(404)
    _take_in(report)
    return Response(status=204)


def _take_in(report: Report) -> None:
    session, now = db.session(), clock.utcnow()
    if not now - _OLDEST < report.at < now + _AHEAD:
        return
    until = now + _OLDEST + _AHEAD
    if not is_first_use(session, "bounce-report", report.event_id, until=until):
        return
    for bounce in report.bounces:
        if bounce.is_hard:
            bad_addresses.mark_reported(session, bounce.address, bounce.status)


def _read_call() -> Call:
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError, RequestEntityTooLarge) as problem:
        raise NotBelieved("unreadable") from problem
    if not isinstance(body, dict):
        raise NotBelieved("unreadable")
    given = request.authorization
    return Call(body, (given.password or given.token or "") if given else "")


def _fetch(address: str) -> bytes:
    """Return what Amazon has there, or had. Raises OutgoingFailed, TooMany."""
    certificates = cast(dict[str, bytes], current_app.extensions[CERTIFICATES])
    if address in certificates:
        return certificates[address]
    # Counted whatever comes of it; and meanwhile nobody waits to write.
    with db.transaction() as session:
        count_against_limit(session, "sns-fetch", "", _FETCHES_PER_HOUR)
    with open_http() as http:
        answer = http.send("GET", address, headers={})
    if answer.status != 200:
        raise NotBelieved("no answer")
    if address.endswith(".pem") and len(certificates) < _MOST_CERTIFICATES:
        certificates[address] = answer.body
    return answer.body
