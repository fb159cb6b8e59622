"""Whose files of a bundle are given out, and when."""

from itertools import product
from typing import cast

import pytest
from sqlalchemy.orm import Session

from campaign.bundles import access, downloads
from campaign.bundles.desk import rehearsal_views, views
from campaign.core.errors import NotFound, Refused
from campaign.deliveries.desk import views as delivery_views
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role, StaffUser
from campaign.storage import Storage
from tests.days import days_ago


@pytest.mark.parametrize(
    ("blueprint", "roles"),
    [
        (views.blueprint, access.CARRIERS),
        (delivery_views.blueprint, access.CARRIERS),
        (rehearsal_views.blueprint, access.REHEARSERS),
    ],
    ids=lambda parameter: getattr(parameter, "name", ""),
)
def test_the_pages_let_in_who_may(blueprint: object, roles: tuple[object, ...]) -> None:
    assert blueprint.allowed_roles == frozenset(roles)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rehearsal", [False, True])
@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("role", list(Role))
def test_the_service_refuses_who_may_not_whatever_page_asks(
    role: Role, active: bool, rehearsal: bool
) -> None:
    bundle = Bundle(frozen={"rehearsal": rehearsal}, state=BundleState.READY)
    bundle.campaign = Campaign(slug="amara", status=CampaignStatus.STOPPED)
    may = active and (role in access.CARRIERS or (rehearsal and role in access.REHEARSERS))
    with pytest.raises(Refused if may else NotFound):
        downloads.open_download(
            Session(),
            bundle,
            cast("Storage", None),
            by=StaffUser(role=role, active=active),
            actor="staff:1",
        )


@pytest.mark.parametrize(
    ("status", "state", "emptied"),
    list(product((CampaignStatus.OPEN, CampaignStatus.STOPPED), BundleState, (False, True))),
)
def test_files_go_out_of_a_bundle_that_is_ready_and_not_held_back(
    status: CampaignStatus, state: BundleState, emptied: bool
) -> None:
    bundle = Bundle(campaign=Campaign(slug="amara", status=status), state=state)
    bundle.emptied_at = days_ago(1) if emptied else None
    why = "not-ready" if state is not BundleState.READY else ""
    why = "emptied" if emptied else why
    why = "stopped" if status is CampaignStatus.STOPPED else why
    if not why:
        access.refuse_files(bundle)
        return
    with pytest.raises(Refused) as refused:
        access.refuse_files(bundle)
    assert refused.value.slug == why


def test_organizers_get_the_rehearsals_of_the_campaign_alone() -> None:
    own, other = Campaign(id=1), Campaign(id=2)
    rehearsed = Bundle(campaign_id=1, frozen={"rehearsal": True})
    access.refuse_not_rehearsed(rehearsed, own)
    with pytest.raises(NotFound):
        access.refuse_not_rehearsed(rehearsed, other)
    with pytest.raises(NotFound):
        access.refuse_not_rehearsed(Bundle(campaign_id=1, frozen={}), own)
