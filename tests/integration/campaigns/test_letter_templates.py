"""Letter templates: versions, placeholders, one for a target and one for all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from campaign.campaigns.content import templates
from campaign.campaigns.content.templates import Point, UnknownPlaceholders
from campaign.campaigns.create_and_edit import edit_campaign
from campaign.campaigns.status_changes import close_campaign
from campaign.core import db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.campaign import Campaign, CampaignStatus, LetterTemplate
from campaign.printing.placeholders import unknown_placeholders
from tests.factories import add_confirmed, make_campaign

BY = "staff:1"


def save(session: Session, campaign: Campaign, **overrides: Any) -> LetterTemplate:
    letter: dict[str, Any] = {
        "locale": "en",
        "subject": "Protection",
        "opening": "I write about ((person_name)).",
        "closing": "Thank you.",
        "points": [Point("Protect her.", required=True, key="protect"), Point("Say so in public.")],
    }
    return templates.save_template(session, campaign, actor=BY, **(letter | overrides))


def words(template: LetterTemplate) -> tuple[Any, ...]:
    points = [(point.key, point.position, point.required, point.text) for point in template.points]
    return template.subject, template.opening, template.closing, points


@pytest.mark.both_engines
def test_a_first_letter_is_version_one_with_keys_for_its_points(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, locales=[])
    template = save(session, campaign)
    assert template.version == 1
    assert words(template)[-1] == [
        ("protect", 0, True, "Protect her."),
        ("say-so-in-public", 1, False, "Say so in public."),
    ]


def test_a_changed_text_is_a_new_version_and_the_same_one_is_none(session: Session) -> None:
    campaign = make_campaign(session)
    second = save(session, campaign)
    assert second.version == 2
    before = campaign.changed_at
    again = save(
        session,
        campaign,
        points=[
            Point("Protect her.", required=True, key="protect"),
            Point("Say so in public.", key="say-so-in-public"),
        ],
    )
    assert again is second
    assert campaign.changed_at == before
    assert save(session, campaign, subject="Protection now").version == 3


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Other"},
        {"closing": ""},
        {"points": [Point("Protect her.", required=False, key="protect")]},
        {"points": []},
    ],
)
def test_a_signed_version_never_changes(session: Session, change: dict[str, Any]) -> None:
    campaign = make_campaign(session)
    (signature,) = add_confirmed(session, campaign, 1)
    signed = signature.letters[0].template
    locale = signed.locale
    before = words(signed)
    newest = save(session, campaign, locale=locale, **change)
    session.commit()
    session.expire_all()
    assert newest.version == 2
    assert words(signed) == before
    assert signature.letters[0].template_id == signed.id


@pytest.mark.both_engines
def test_a_targets_own_letter_goes_before_the_one_for_all(session: Session) -> None:
    campaign = make_campaign(session)
    target = campaign.targets[0]
    general = templates.current_template(session, campaign, "en")
    assert templates.current_template(session, campaign, "en", target) is general
    own = save(session, campaign, target=target)
    assert own.version == 1
    assert templates.current_template(session, campaign, "en", target) is own
    assert templates.current_template(session, campaign, "en") is general


@pytest.mark.both_engines
def test_a_language_without_a_letter_is_not_found(session: Session) -> None:
    campaign = make_campaign(session, locales=["en"])
    with pytest.raises(NotFound):
        templates.current_template(session, campaign, "fr")
    with pytest.raises(NotFound):
        templates.get_version(session, campaign, "en", None, 2)


def test_what_was_written_meanwhile_is_not_overwritten(session: Session) -> None:
    campaign = make_campaign(session)
    save(session, campaign, based_on=1)
    with pytest.raises(Refused) as refused:
        save(session, campaign, based_on=1, subject="Mine")
    assert refused.value.data == {"number": 2}


def test_an_open_campaigns_letter_may_not_name_a_day_that_is_not_there(session: Session) -> None:
    campaign = make_campaign(session, act_by=None)
    with pytest.raises(Invalid) as refused:
        save(session, campaign, closing="Before ((deadline)).")
    assert refused.value.fields == {"opening": "deadline-unset"}


def test_a_letter_may_not_name_the_town_that_a_supporter_may_hide(session: Session) -> None:
    with pytest.raises(UnknownPlaceholders) as refused:
        save(session, make_campaign(session), opening="From ((supporter_locality)).")
    assert refused.value.unknown_by_field == {"opening": ["((supporter_locality))"]}


def test_the_last_day_that_a_targets_own_letter_names_stays(session: Session) -> None:
    campaign = make_campaign(session)
    save(session, campaign, target=campaign.targets[0], closing="Before ((deadline)).")
    with pytest.raises(Invalid) as refused:
        edit_campaign(session, campaign, actor=BY, act_by=None)
    assert refused.value.fields == {"act_by": "deadline-missing"}


def test_versions_are_listed_newest_first(session: Session) -> None:
    campaign = make_campaign(session)
    save(session, campaign)
    listed = templates.list_versions(session, campaign, "en", None)
    assert [template.version for template in listed] == [2, 1]
    assert templates.get_version(session, campaign, "en", None, 1) is listed[1]


@hypothesis_settings(max_examples=40)
@given(text=st.text(alphabet="(){}_. abcdefnoprsw\n", max_size=40))
def test_only_known_placeholders_are_ever_saved(session: Session, text: str) -> None:
    campaign = session.query(Campaign).first() or make_campaign(session)
    unknown = unknown_placeholders(text)
    versions = len(templates.list_versions(session, campaign, "en", None, limit=1000))
    if unknown:
        with pytest.raises(UnknownPlaceholders) as refused:
            save(session, campaign, points=[Point("Fine."), Point(text)])
        assert refused.value.unknown_by_field == {"points-1": unknown}
        after = templates.list_versions(session, campaign, "en", None, limit=1000)
        assert len(after) == versions
    else:
        assert save(session, campaign, closing=text).closing == text


def test_a_closed_campaign_keeps_the_day_that_its_signed_letters_name(session: Session) -> None:
    campaign = make_campaign(session)
    save(session, campaign, closing="Before ((deadline)).")
    close_campaign(session, campaign, actor=BY, now=db.utcnow())
    with pytest.raises(Invalid) as refused:
        edit_campaign(session, campaign, actor=BY, act_by=None)
    assert refused.value.fields == {"act_by": "deadline-missing"}
