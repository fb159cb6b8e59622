"""What programs are told of a request that no view takes, or that fails."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
    default_exceptions,
)

from campaign.web.error_pages import answer_gone, note_bug
from campaign.web.security import MAX_BODY_BYTES


def answer_errors(
    blueprint: Blueprint, refuse: Callable[[int, str, str], Response], *, but: str = "\0"
) -> None:
    """Have `refuse` make the answers, of all below the blueprint's address that is not below `but`.

    It takes the status, its name, and a sentence.
    """

    def answer(problem: HTTPException) -> ResponseReturnValue:
        code = problem.code or 500
        if code < 400:
            return problem
        response = refuse(code, problem.name, _describe(problem))
        if isinstance(problem, MethodNotAllowed):
            response.allow.update(problem.valid_methods or ())
        return response

    def answer_bug(problem: Exception) -> ResponseReturnValue:
        note_bug(problem)
        return answer(InternalServerError())

    def refuse_address() -> ResponseReturnValue | None:
        problem = request.routing_exception
        is_refused = isinstance(problem, (NotFound, MethodNotAllowed))
        is_here = request.path.startswith(f"{blueprint.url_prefix}/")
        is_here = is_here and not request.path.startswith(but)
        return answer(problem) if problem and is_refused and is_here else None

    blueprint.register_error_handler(HTTPException, answer)
    blueprint.register_error_handler(ObjectDeletedError, answer_gone)
    blueprint.register_error_handler(Exception, answer_bug)
    blueprint.before_app_request(refuse_address)


def describe_status(status: int) -> tuple[str, str]:
    """Return the name of a status, and a sentence for what has none of its own."""
    problem = default_exceptions[status]()
    return problem.name, _describe(problem)


def _describe(problem: HTTPException) -> str:
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
    if isinstance(problem, ServiceUnavailable):
        return "This site is unavailable for a short time. Try again in a few minutes."
    return problem.description or problem.name
