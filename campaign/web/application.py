"""Flask without what every request would pay for and none of ours needs."""

from collections.abc import Callable
from functools import cache, partial
from typing import IO, Any, TypeVar

import structlog
from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.routing import Rule

from campaign.core import logs
from campaign.storage.scratch import temporary_file

log = structlog.get_logger()
T = TypeVar("T")


class _Sessions(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class _Rule(Rule):
    """An address whose builder is made when a link to it is first wanted.

    Werkzeug compiles two functions for each of our some 280 addresses, which is most of what a
    process does before it begins: a worker, a printing process or a command wants few of them.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build


class _Request(Request):
    """A request whose files are encrypted where they are too long for memory."""

    def _get_file_stream(self, *_args: object, **_kwargs: object) -> IO[bytes]:
        return temporary_file()


class Application(Flask):
    """The application: every view is an ordinary function, so none is looked at for `async`."""

    url_rule_class = _Rule
    request_class = _Request
    session_interface = _Sessions()

    def log_exception(self, exc_info: Any) -> None:
        """Log the kind and place of what failed outside of a view, as when its work is committed.

        Flask would log the address, which may hold the secret of a link, and a traceback.
        """
        log.error("request failed", endpoint=request.endpoint, problem=logs.describe(exc_info[1]))

    def ensure_sync(self, func: Callable[..., T]) -> Callable[..., T]:
        return func
