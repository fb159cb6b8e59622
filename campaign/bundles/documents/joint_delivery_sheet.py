"""One sheet to be signed at the gate for all bundles that travel together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status, find_bundles
from campaign.bundles.documents.contents_and_delivery_sheet import delivery_context, say_things
from campaign.bundles.documents.cover_letter import Covered
from campaign.bundles.documents.make_documents import delivery_url
from campaign.bundles.documents.number_and_day_words import say_number_there
from campaign.bundles.documents.packets import Packet, list_packets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState, Journey
from campaign.printing.geometry import LAYOUTS
from campaign.printing.printed_content import CountRow, DeliverySheetContext
from campaign.printing.sheets import bundle_sheets


@dataclass(frozen=True, slots=True)
class _Part:
    """One bundle on the sheet."""

    frozen: Frozen
    packets: list[Packet]
    on_paper: int
    folder: str

    @property
    def letters(self) -> int:
        return sum(packet.letters for packet in self.packets)


def has_joint_sheet(journey: Journey) -> bool:
    """Whether all its bundles are ready for one gate; by post there is none."""
    return journey.mission is not None and all(
        bundle.state is BundleState.READY and bundle.emptied_at is None
        for bundle in journey.bundles
    )


def make_joint_sheet(session: Session, journey: Journey) -> bytes:
    """Return the PDF. Raises Refused where a bundle is not ready, or a campaign is stopped."""
    if not has_joint_sheet(journey):
        raise Refused("bundle-not-ready")
    for bundle in journey.bundles:
        refuse_stopped(bundle.campaign)
        bundle_status.refuse_emptied(bundle)
    parts = [_load_part(session, bundle) for bundle in journey.bundles]
    code = delivery_url(current_settings(), journey.bundles[0].public_id)
    frozen = parts[0].frozen
    with force_locale(frozen.locale.replace("-", "_")), storage.storage().workshop() as folder:
        out = folder / "delivery-sheet.pdf"
        context = _joint_context(parts, code, ours=current_settings().locales[0])
        bundle_sheets.delivery_sheet(context, LAYOUTS[frozen.layout].paper, out)
        return out.read_bytes()


def _load_part(session: Session, bundle: Bundle) -> _Part:
    return _Part(
        Frozen.from_json(bundle.frozen),
        list_packets(session, bundle, bundle.volumes),
        count_carried(session, bundle.id),
        find_bundles.zip_name(bundle),
    )


def _joint_context(parts: Sequence[_Part], code: str, *, ours: str) -> DeliverySheetContext:
    """The sheet of the first bundle, with a line for each and what all of them are together."""
    frozen = parts[0].frozen
    packets = [packet for part in parts for packet in part.packets]
    covered = Covered({}, sum(part.on_paper for part in parts), code)
    one = delivery_context(frozen, packets, covered, folder="", ours=ours)
    rows = [
        CountRow(
            f"{part.frozen.case.reference} · {part.frozen.case.name_in(code)}",
            say_number_there(part.letters, frozen),
        )
        for part in parts
    ]
    total = say_number_there(sum(part.letters for part in parts), frozen)
    return replace(
        one,
        reference=" · ".join(part.frozen.case.reference for part in parts),
        case="",
        counts=(*rows, CountRow(_("Together"), total)),
        things=say_things(frozen, packets, covered, ours=ours, lists=len(parts)),
        bundle=" · ".join(part.folder for part in parts),
    )
