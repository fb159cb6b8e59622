"""`campaign metrics`: answers Prometheus on a port of its own, for all processes of an instance."""

from collections.abc import Iterator

from flask import Flask
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from campaign.core import db, jobs, metrics
from campaign.core.settings import Settings
from campaign.operations.backlog import count_backlog


class BacklogCollector(Collector):
    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        with self._app.app_context():
            with db.reading() as session:
                amounts = count_backlog(session)
            amounts["jobs_waiting"] = jobs.queue().waiting()
        for name, amount in amounts.items():
            text = name.replace("_", " ").capitalize()
            yield GaugeMetricFamily(f"{metrics.PREFIX}{name}", text, value=amount)


def make_registry(app: Flask) -> CollectorRegistry:
    settings: Settings = app.extensions["settings"]
    folder = settings.metrics_folder
    folder.mkdir(mode=0o700, exist_ok=True)
    registry = CollectorRegistry()
    registry.register(BacklogCollector(app))
    MultiProcessCollector(registry, path=str(folder))
    return registry
