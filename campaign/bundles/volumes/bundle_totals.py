"""How the letters of a bundle ended: of all that were frozen, each is printed or set aside."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.models.bundle import Bundle
from campaign.models.signature import Letter

NOTHING_PRINTED = "nothing-printed"
TOTALS_DIFFER = "totals-differ"


@dataclass(frozen=True, slots=True)
class Total:
    """Letters of a bundle once its volumes are printed."""

    printed: int
    set_aside: int
    """Those that wait again by now included."""
    neither: int
    """Neither, or both."""
    frozen: int
    on_paper: int
    """People on the signed sheets that travel with it; they may travel alone."""

    @property
    def problem(self) -> str:
        """Why the bundle cannot be made, as a slug; empty where nothing speaks against it."""
        if self.neither or self.printed + self.set_aside != self.frozen:
            return TOTALS_DIFFER
        sheets_alone = self.on_paper and not self.frozen
        return "" if self.printed or sheets_alone else NOTHING_PRINTED


def total_of(unit: Session, bundle: Bundle) -> Total:
    """How the bundle's letters ended."""
    printed, aside, both, every = unit.execute(
        select(
            func.count(Letter.first_page),
            func.count(Letter.set_aside),
            func.count(Letter.id).filter(
                Letter.first_page.is_not(None), Letter.set_aside.is_not(None)
            ),
            func.count(Letter.id),
        ).where(Letter.bundle_id == bundle.id)
    ).one()
    return Total(
        printed=printed,
        set_aside=aside + len(bundle.released),
        neither=every - printed - aside + 2 * both,
        frozen=bundle.letter_count,
        on_paper=count_carried(unit, bundle.id),
    )


def printed_per_target(unit: Session, bundle: Bundle) -> dict[int, int]:
    """Letters that were printed, by the id of the target."""
    rows = unit.execute(
        select(Letter.target_id, func.count(Letter.id).label("letters"))
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
        .group_by(Letter.target_id)
    )
    return {row.target_id: row.letters for row in rows}
