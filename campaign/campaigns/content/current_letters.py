"""The letters that a campaign proposes now: of each, the newest version. Pure."""

from campaign.models.campaign import Campaign, LetterTemplate


def current_templates(
    campaign: Campaign, target_id: int | None = None
) -> dict[str, LetterTemplate]:
    """The newest version per language of the template for that target, or for all (None)."""
    newest: dict[str, LetterTemplate] = {}
    for template in campaign.templates:
        if template.target_id != target_id:
            continue
        other = newest.get(template.locale)
        if other is None or template.version > other.version:
            newest[template.locale] = template
    return newest


def newest_templates(campaign: Campaign) -> dict[tuple[str, int | None], LetterTemplate]:
    """The newest version of every letter, by language and target; target None: for all."""
    targets: dict[int | None, None] = dict.fromkeys(
        template.target_id for template in campaign.templates
    )
    return {
        (locale, target): template
        for target in targets
        for locale, template in current_templates(campaign, target).items()
    }


def texts_of(template: LetterTemplate) -> list[str]:
    points = [point.text for point in template.points]
    return [template.subject, template.opening, template.closing, *points]
