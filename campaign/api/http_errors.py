"""What programs are told of a request that no view takes."""

from flask import request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from campaign.web.security import MAX_BODY_BYTES


def get_refusal(prefix: str) -> HTTPException | None:
    """Return why the router refused an address below `prefix`, where it did."""
    problem = request.routing_exception
    is_refused = isinstance(problem, (NotFound, MethodNotAllowed))
    return problem if is_refused and request.path.startswith(prefix) else None


def describe(problem: HTTPException) -> str:
    if isinstance(problem, MethodNotAllowed):
        methods = ", ".join(sorted(problem.valid_methods or ()))
        return f"{request.method} cannot be used at this address. Use {methods}."
    if isinstance(problem, NotFound):
        return "There is nothing at this address. All addresses are on the page /api/docs."
    if isinstance(problem, RequestEntityTooLarge):
        return f"The body is too large. Send at most {MAX_BODY_BYTES // 1024} KiB."
    if isinstance(problem, BadRequest):
        return "The address or the body has bytes that are no UTF-8 text."
    if isinstance(problem, InternalServerError):
        return "Something went wrong on our side. Try again later."
    return problem.description or problem.name
