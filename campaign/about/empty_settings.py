"""What the pages about us still lack before a site is in production."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from campaign.about.page_texts import list_newest
from campaign.core.settings import Settings
from campaign.models.about import AboutPage

_TO_FILL_IN = (
    "organisation_name", "organisation_email", "organisation_address", "privacy_officer",
    "supervisory_authority", "hosting_provider", "email_provider", "backup_days", "minimum_age",
)  # fmt: skip


def list_empty_settings(settings: Settings) -> list[str]:
    if settings.mode != "production":
        return []
    fields = Settings.model_fields
    return [
        name
        for name in _TO_FILL_IN
        if getattr(settings, name) == fields[name].get_default(call_default_factory=True)
    ]


def list_empty_languages(session: Session, settings: Settings) -> Iterator[str]:
    if settings.mode != "production":
        return
    newest = list_newest(session)
    for locale in settings.locales:
        version = newest.get((AboutPage.ABOUT, locale))
        if version is None or not version.text:
            yield locale
