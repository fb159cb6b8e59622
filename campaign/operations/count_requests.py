"""Counts requests by route and status, where metrics are on."""

from time import perf_counter

from flask import Flask, Response, g, request

from campaign.core import metrics


def init_app(app: Flask) -> None:
    app.before_request(_start)
    app.after_request(_count)


def _start() -> None:
    g.request_started = perf_counter()


def _count(response: Response) -> Response:
    started = g.get("request_started")
    if started is not None:
        route = str(request.url_rule) if request.url_rule else "none"
        metrics.count_request(route, response.status_code, perf_counter() - started)
    return response
