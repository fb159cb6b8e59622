"""`campaign run`, `web`, `worker`: the processes of an instance."""

import atexit
import gc
import os
import signal
import socket
import sys
from contextlib import ExitStack
from functools import partial

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from prometheus_client import start_http_server

from campaign import close_app, create_app
from campaign.commands.children import GRACE_SECONDS, Child, give_way, supervise
from campaign.commands.instance import ready_app
from campaign.commands.web_worker import LIMITS, ImpatientWorker
from campaign.core import jobs, unsafe_settings
from campaign.core import metrics as counters
from campaign.core.errors import UnsafeSettings
from campaign.core.logs import place_of
from campaign.core.settings import Settings, load_settings
from campaign.demo import load_demo
from campaign.operations.alarms import watch_from_outside
from campaign.operations.serve_metrics import make_registry
from campaign.storage import scratch

_SWITCH_SECONDS = 0.0005

_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
_port = click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535))


@click.command()
@_host
@_port
@click.option("--demo", is_flag=True, help="Load the demo first and print its accounts.")
def run(host: str, port: int, demo: bool) -> None:
    """Run the web server and the worker. Ctrl-C stops both."""
    settings = _serve_under(host, port)
    _refuse_taken(host, port)
    # Forked, not started anew: each would load the program once more, which takes longer than all
    # else that it does first. Nothing is connected here; each makes an application of its own.
    preparing = Child.fork()
    if preparing is None:
        return _prepare(demo=demo)
    if preparing.wait():
        sys.exit(1)  # it said why
    click.echo(f"Open {settings.base_url}/ — Ctrl-C stops it.")
    task = supervise({"web server": partial(_serve_web, settings, host, port), "worker": _work})
    return task() if task else None


def _prepare(*, demo: bool) -> None:
    """Set up what is missing; that all is well is known before anything is served."""
    app = ready_app(create=True)
    if demo:
        with app.app_context():
            load_demo.load_demo()
            click.echo(load_demo.sign_in_sheet())


@click.command()
@_host
@_port
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Number of processes [setting web_workers]"
)
def web(host: str, port: int, workers: int | None) -> None:
    """Run only the web server."""
    settings = _serve_under(host, port)
    close_app(ready_app())
    _serve_web(settings, host, port, workers)


def _serve_web(settings: Settings, host: str, port: int, workers: int | None = None) -> None:
    options = LIMITS | {
        "bind": f"{host}:{port}",
        "workers": workers or settings.web_workers,
        "worker_class": ImpatientWorker,
        "threads": settings.web_threads,
        "accesslog": None,
        "loglevel": "warning",
        "logger_class": PlaceLogger,
        "proc_name": "campaign web",
        # It ends its processes before `supervise` ends it: they would stay without anybody above.
        "graceful_timeout": GRACE_SECONDS - 2,
        "control_socket_disable": True,
        # What a proxy may say of a request is for `trusted_proxies` to decide, nobody else:
        # a SCRIPT_NAME that gunicorn believed would stand in every address of a page.
        "forwarder_headers": "",
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
    }
    _Server(options, settings).run()


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Number of jobs at the same time [setting worker_threads]",
)
def worker(threads: int | None) -> None:
    """Run only a worker: emails, printing, counting. You can run several."""
    _work(threads)


def _work(threads: int | None = None) -> None:
    give_way()
    app = ready_app()
    settings: Settings = app.extensions["settings"]
    if settings.metrics_port:
        counters.start(settings.metrics_folder)
    with app.app_context():
        queue = jobs.queue()
    # What was due while no worker ran is not left to the next full minute.
    for name in jobs.periodic_jobs():
        queue.send(name)
    consumer = queue.huey.create_consumer(
        workers=threads or settings.worker_threads,
        worker_type="thread",
        max_delay=1.0,
        check_worker_health=True,
    )
    consumer.run()


@click.command()
def watch() -> None:
    """Look once whether the background service runs and nothing waits; email admins if not.

    For a timer: without the background service, nothing else would tell them.
    """
    with ready_app().app_context():
        matters = watch_from_outside()
    if matters:
        raise click.ClickException(f"{', '.join(matters)}. Run: campaign doctor")


@click.command()
@_host
def metrics(host: str) -> None:
    """Answer Prometheus on the port of the setting metrics_port."""
    app = ready_app()
    settings: Settings = app.extensions["settings"]
    if not settings.metrics_port:
        raise click.ClickException("Set metrics_port first: nothing is counted without it.")
    _refuse_taken(host, settings.metrics_port)
    ends = {signal.SIGINT, signal.SIGTERM}
    # Blocked in every thread before there is a second one: else another may get the signal, and the
    # one that waits for it never ends.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server, _thread = start_http_server(settings.metrics_port, host, make_registry(app))
    click.echo(f"http://{host}:{settings.metrics_port}/metrics")
    signal.sigwait(ends)
    server.shutdown()


class PlaceLogger(Logger):
    """gunicorn's log, which says of a failure where it was, not what it quoted.

    An answer that is streamed can fail when no handler of ours sees it any more.
    """

    def exception(self, msg: str, *args: object, **kwargs: object) -> None:
        """Log the failure that is being handled, by its kind and place."""
        problem = sys.exception()
        if problem is not None:
            msg, args = f"{msg}: %s at %s", (*args, type(problem).__name__, place_of(problem))
        self.error_log.error(msg, *args, **kwargs)


class _Server(BaseApplication):
    """gunicorn, started from here instead of from its own command."""

    def __init__(self, options: dict[str, object], settings: Settings) -> None:
        self.options = options
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        stack = ExitStack()
        stack.enter_context(scratch.keep_temporary_files_in(self.settings.scratch_folder))
        atexit.register(stack.close)
        if self.settings.metrics_port:
            counters.start(self.settings.metrics_folder)
        app = create_app(self.settings)
        # What is there now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        # Who holds the database's lock goes on sooner; the others only prepare what they write.
        sys.setswitchinterval(_SWITCH_SECONDS)
        return app


def _refuse_taken(host: str, port: int) -> None:
    """Say so now if another program listens there, instead of starting what cannot serve."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise click.ClickException(
                f"Cannot listen on {host}:{port} ({problem.strerror}). Choose another port: "
                "campaign run --port 5001, or make run PORT=5001"
            ) from problem


def _serve_under(host: str, port: int) -> Settings:
    """Have the site's address follow --host and --port in development, on this machine."""
    settings = load_settings()
    if settings.mode == "development" and not unsafe_settings.is_loopback(host):
        raise UnsafeSettings(unsafe_settings.SHOWS_MAILS)
    default = Settings.model_fields["base_url"].default
    if settings.mode == "development" and settings.base_url == default:
        shown = "localhost" if host in {"localhost", "::1"} else host
        os.environ["CAMPAIGN_BASE_URL"] = f"http://{shown}:{port}"
    return load_settings()
