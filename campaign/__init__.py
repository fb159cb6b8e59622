"""Urgent actions: from a case, through thousands of signed letters, to an embassy's gate.

`create_app` makes the application of one instance; CONTRIBUTING.md shows the packages and a
letter's way.
"""

from collections.abc import Sequence
from typing import Any

from flask import Flask

from campaign import models, storage
from campaign.about import page_texts
from campaign.about.desk import blueprint as about_desk
from campaign.about.pages import blueprint as about
from campaign.api.desk import blueprint as api_tokens
from campaign.api.osdi.views import blueprint as osdi
from campaign.api.views import blueprint as api
from campaign.bundles import destinations
from campaign.bundles.changes.cancel_bundle import remove_rehearsed
from campaign.bundles.desk.rehearsal_views import blueprint as rehearsal_desk
from campaign.bundles.desk.views import blueprint as bundles
from campaign.bundles.documents import cover_texts
from campaign.bundles.file_approvals import refuse_unapproved
from campaign.bundles.volumes import assemble
from campaign.campaigns import rehearsal, status_changes
from campaign.campaigns.content import letters_before_opening, pictures, risks, targets
from campaign.campaigns.desk.gap_sentences import say_gap
from campaign.campaigns.desk.team_views import handover
from campaign.campaigns.desk.views import blueprint as campaigns
from campaign.campaigns.mails import why_not_mailed
from campaign.core import announcements, audit, db, i18n, jobs, logs, metrics
from campaign.core.asset_paths import folder
from campaign.core.settings import Settings, load_settings
from campaign.crm import push
from campaign.crm.desk.views import blueprint as crm
from campaign.dashboard import digest
from campaign.dashboard.count_figures import forget_rehearsed
from campaign.dashboard.views import blueprint as dashboard
from campaign.dashboard.views import today
from campaign.deliveries.desk.views import blueprint as deliveries
from campaign.deliveries.remaining_letters import is_gone
from campaign.demo import load_demo, synthesis
from campaign.directory import duplicate_entries, risk_flags
from campaign.directory.desk.entry_views import blueprint as directory
from campaign.exports.desk.views import blueprint as exports
from campaign.mail import bad_addresses, sender
from campaign.mail.bounce_views import blueprint as bounces
from campaign.mail.views import blueprint as outbox
from campaign.models.bundle import Bundle, CoverText
from campaign.models.campaign import Target
from campaign.network import mailings
from campaign.network.desk import blueprint as network_desk
from campaign.network.pages import blueprint as network
from campaign.network.pages import one_click as unsubscribing
from campaign.operations import alarms
from campaign.operations.health import blueprint as operations
from campaign.paper_signatures.desk.views import blueprint as paper_signatures
from campaign.privacy import retention
from campaign.privacy.pages import blueprint as privacy
from campaign.public import case_lists
from campaign.public.pages import blueprint as public
from campaign.replies.desk.views import blueprint as replies
from campaign.screening import gone_letters, held_letter
from campaign.screening.desk.fraud_views import blueprint as screening
from campaign.screening.desk.queue_views import rehearsal as rehearsal_screening
from campaign.screening.desk.rules_views import blueprint as screening_rules
from campaign.signing import reminders
from campaign.signing.form.preview_views import blueprint as signing_previews
from campaign.signing.form.rehearsal_signing_views import blueprint as rehearsal_signing
from campaign.signing.form.views import blueprint as signing
from campaign.signing.sign_in_rehearsal import remove_signatures
from campaign.staff.pages import security_setup
from campaign.staff.pages.account_views import blueprint as staff
from campaign.tracking import notices
from campaign.tracking.pages.change_letter_views import one_click
from campaign.tracking.pages.letter_views import blueprint as tracking
from campaign.web import error_pages, security, template_globals
from campaign.web.application import Application
from campaign.web.security import csrf
from campaign.webhooks import send as webhooks_sender
from campaign.webhooks.desk import blueprint as webhooks
from campaign.webhooks.events import announce

_AT_WORK = (
    alarms,
    audit,
    page_texts,
    assemble,
    bad_addresses,
    digest,
    notices,
    pictures,
    push,
    synthesis,
    retention,
    sender,
    mailings,
    status_changes,
    reminders,
    webhooks_sender,
)
"""What no page imports and jobs need: every job is known once this module is."""
_TOKENLESS = (public, signing, tracking, privacy, one_click, network, unsubscribing, osdi, bounces)
"""What the public posts to: kept by where a request comes from, limits and work."""
_BLUEPRINTS = (
    public,
    about,
    about_desk,
    crm,
    signing,
    signing_previews,
    staff,
    campaigns,
    directory,
    bundles,
    rehearsal_desk,
    rehearsal_signing,
    tracking,
    privacy,
    one_click,
    network,
    unsubscribing,
    network_desk,
    screening,
    screening_rules,
    rehearsal_screening,
    deliveries,
    paper_signatures,
    replies,
    today,
    dashboard,
    handover,
    exports,
    operations,
    api,
    osdi,
    bounces,
    api_tokens,
    webhooks,
)


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """Make the application of one instance; `overrides` are settings.

    Raises UnsafeSettings where the settings cannot stand.
    """
    settings = settings or load_settings(**overrides)
    assert models
    assert all(_AT_WORK)  # every table and every job is known from here on
    app = Application(__name__, static_folder=folder("static"), template_folder=folder("templates"))
    app.secret_key = settings.secret
    app.extensions["settings"] = settings
    logs.init(settings)
    if settings.metrics_port:
        metrics.init_app(app)
    db.init_app(app, settings)
    security.init_app(app, settings)
    i18n.init_app(app, settings)
    template_globals.init_app(app)
    error_pages.init_app(app)
    csrf.init_app(app)
    for tokenless in _TOKENLESS:
        csrf.exempt(tokenless)
    security_setup.init_app(app, settings)
    storage.init_app(app, settings)
    jobs.init_app(app, settings)
    in_development = settings.mode == "development"
    _hand_in_rules(app, demo_cases=load_demo.CASES if in_development else ())
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    if in_development:
        app.register_blueprint(outbox)
    return app


def _hand_in_rules(app: Flask, *, demo_cases: Sequence[str]) -> None:
    """Give packages below what those above decide."""
    case_lists.init_app(app, demo_cases=demo_cases)
    sender.init_app(app, why_not_mailed=why_not_mailed)
    announcements.init_app(app, announce=announce)
    held_letter.init_app(app, refuse_unapproved=refuse_unapproved)
    gone_letters.init_app(app, is_gone=is_gone)
    rehearsal.init_app(app, removers=(forget_rehearsed, remove_rehearsed, remove_signatures))
    risk_flags.init_app(
        app,
        find_naming=risks.find_naming,
        find_watched=letters_before_opening.find_watched,
        watch_letters=letters_before_opening.watch_letters,
        say_gap=say_gap,
    )
    duplicate_entries.init_app(
        app,
        movers={
            Target.official_id: targets.move_targets,
            Bundle.mission_id: destinations.move_bundles,
            Bundle.official_id: destinations.move_posted,
            CoverText.mission_id: cover_texts.move_texts,
        },
    )


def close_app(app: Flask) -> None:
    """Let go of what `create_app` connected to: the database and the queue."""
    app.extensions["queue"].close()
    app.extensions["database"].close()
