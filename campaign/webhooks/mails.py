"""The email to admins that a webhook was turned off."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import current_settings, site_url
from campaign.mail.messages import Mail
from campaign.models.staff import Role, StaffUser
from campaign.models.webhook import WebhookEndpoint
from campaign.webhooks.endpoints import host_of


class WebhookDisabled(Mail, kind="webhook-disabled"):
    host: str
    days: int
    gone: bool
    """It said itself that it is no more."""
    link: str


def tell_admins(session: Session, endpoint: WebhookEndpoint, *, gone: bool) -> None:
    admins = select(StaffUser).where(StaffUser.role == Role.ADMIN, StaffUser.active)
    for admin in session.scalars(admins):
        WebhookDisabled(
            host=host_of(endpoint),
            days=current_settings().webhook_failure_days,
            gone=gone,
            link=site_url(f"/desk/webhooks/{endpoint.public_id}"),
        ).send(session, to=admin.email, locale=admin.locale)
