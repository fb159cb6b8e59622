"""Mails to the staff."""

from campaign.mail.messages import Context, message


@message("staff-invitation", limited=False)
def send_invitation(*, link: str, days: int, inviter: str, is_new: bool) -> Context:
    """The one-time link by which somebody sets their password; `is_new` where it is the first."""
    return {"link": link, "days": days, "inviter": inviter, "is_new": is_new}
