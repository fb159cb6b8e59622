"""Printed sheets of letters that went on: printed again in another bundle, or waiting for one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.bundle_status import handed_over
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.campaigns.stop_rule import is_stopped
from campaign.models.bundle import Bundle, BundleState
from campaign.models.delivery import Rerouting


@dataclass(frozen=True, slots=True)
class FirstPrint:
    """Sheets of a bundle that no one may hand over any more."""

    printed_again: tuple[Bundle, ...] = ()
    """The bundles in which; none where the letters wait for one."""
    to_destroy: bool = True
    """Whether nothing can bring the letters back to these sheets; until then they are locked up."""


def find_first_prints(session: Session, bundles: Iterable[Bundle]) -> dict[int, FirstPrint]:
    """Find the first prints among these bundles, by the bundle's id.

    Letters come back to the sheets where the other bundle is given up before it is delivered, and
    the campaign runs. Nothing is said of bundles whose files are erased: that is months later.
    """
    by_id = {bundle.id: bundle for bundle in bundles if _was_printed(bundle)}
    given_up = {BundleState.CANCELLED, BundleState.FAILED}
    prints = {key: FirstPrint() for key, bundle in by_id.items() if bundle.state in given_up}
    rows = session.execute(
        select(Rerouting.from_bundle_id, Bundle, handed_over().label("delivered"))
        .join(Bundle, Bundle.id == Rerouting.to_bundle_id)
        .where(Rerouting.from_bundle_id.in_(by_id), Rerouting.letters > 0)
        .options(*WITH_DESTINATION)
        .order_by(Rerouting.id)
    )
    again: dict[int, list[tuple[Bundle, bool]]] = defaultdict(list)
    for bundle_id, other, delivered in rows:
        again[bundle_id].append((other, delivered or other.state is BundleState.CANCELLED))
    for bundle_id, others in again.items():
        prints[bundle_id] = FirstPrint(
            tuple(other for other, _final in others if other.state is not BundleState.CANCELLED),
            is_stopped(by_id[bundle_id].campaign.status) or all(final for _other, final in others),
        )
    return prints


def _was_printed(bundle: Bundle) -> bool:
    was_ready = bundle.state is BundleState.READY or bundle.ready_at is not None
    return was_ready and bundle.emptied_at is None
