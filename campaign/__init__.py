"""Urgent-action letters: from a case, through thousands of signed letters, to an embassy's gate."""

from typing import Any

from flask import Flask

from campaign import anchoring, db, failures, i18n, jobs, logs, models, pages, security, storage
from campaign.accounts import sign_in
from campaign.accounts.views import blueprint as accounts
from campaign.application import Application
from campaign.authoring.handover_views import blueprint as handover
from campaign.authoring.views import blueprint as campaigns
from campaign.bundles import assembling
from campaign.bundles.rehearsal_views import blueprint as rehearsal
from campaign.bundles.views import blueprint as bundles
from campaign.campaigns import lifecycle, picture_sweep, timekeeping
from campaign.deliveries.desk import blueprint as deliveries
from campaign.demo import rehearsing
from campaign.exports.views import blueprint as exports
from campaign.extensions import csrf
from campaign.following import notices, retention, telling
from campaign.following.news_views import one_click
from campaign.following.views import blueprint as following
from campaign.mail import bounces, sender
from campaign.mail.views import blueprint as outbox
from campaign.network.desk import blueprint as network_desk
from campaign.network.unsubscribing import blueprint as unsubscribing
from campaign.network.views import blueprint as network
from campaign.officials.views import blueprint as officials
from campaign.overview import mails as overview_mails
from campaign.overview.views import blueprint as overview
from campaign.overview.views import today
from campaign.paper import matching as paper_matching
from campaign.paper.desk import blueprint as paper
from campaign.reading.views import blueprint as reading
from campaign.replies.desk import blueprint as replies
from campaign.resources import folder
from campaign.screening.rehearsal_views import blueprint as rehearsal_screening
from campaign.screening.views import blueprint as screening
from campaign.screening.views import rules as screening_rules
from campaign.settings import Settings, load_settings
from campaign.signing import waiting
from campaign.signing.previews import blueprint as signing_previews
from campaign.signing.rehearsal_views import blueprint as rehearsal_signing
from campaign.signing.views import blueprint as signing

_AT_WORK = (
    anchoring, assembling, bounces, notices, overview_mails, paper_matching, picture_sweep,
    rehearsing, retention, sender, telling, timekeeping, waiting,
)  # fmt: skip
"""What no page imports and jobs need: every job is known once this module is."""
_TOKENLESS = (reading, signing, following, one_click, network, unsubscribing)
"""What the public posts to: kept by where a request comes from, limits and work."""
_BLUEPRINTS = (
    reading, signing, signing_previews, accounts, campaigns, officials, bundles, rehearsal,
    rehearsal_signing, following, one_click, network, unsubscribing, network_desk, screening,
    screening_rules, rehearsal_screening, deliveries, paper, replies, today, overview, handover,
    exports,
)  # fmt: skip


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The application for one instance; `overrides` are settings.

    Raises UnsafeSettings where the settings cannot stand.
    """
    chosen = settings or load_settings(**overrides)
    assert models
    assert all(_AT_WORK)  # every table and every job is known from here on
    app = Application(__name__, static_folder=folder("static"), template_folder=folder("templates"))
    app.secret_key = chosen.secret
    app.extensions["settings"] = chosen
    logs.init(chosen)
    db.init_app(app, chosen)
    security.init_app(app, chosen)
    i18n.init_app(app, chosen)
    pages.init_app(app)
    failures.init_app(app)
    csrf.init_app(app)
    for tokenless in _TOKENLESS:
        csrf.exempt(tokenless)
    sign_in.init_app(app, chosen)
    storage.init_app(app, chosen)
    jobs.init_app(app, chosen)
    sender.init_app(app, why_not_mailed=lifecycle.why_not_mailed)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    if chosen.mode == "development":
        app.register_blueprint(outbox)
    return app


def close_app(app: Flask) -> None:
    """Let go of what `create_app` connected to: the database and the queue."""
    app.extensions["queue"].close()
    app.extensions["database"].close()
