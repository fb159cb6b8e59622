"""The form of a campaign's targets: who is written to, through which mission, and why that one."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field, FieldList, FormField, HiddenField, SelectField
from wtforms.validators import ValidationError

from campaign.campaigns.content import targets
from campaign.campaigns.content.targets import Aim
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.campaigns.desk.texts.letter_form import TARGET_KINDS, place_field
from campaign.core import i18n
from campaign.directory.missions import Reach, ranked, reach_of
from campaign.models.campaign import Campaign, TargetKind
from campaign.models.directory import Mission, Official
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import choices

SUGGESTED = "suggested"
_NONE = ("", _l("No mission: by post"))
_KINDS = [(kind.value, words) for kind, words in TARGET_KINDS.items()]
_REACHES = {
    Reach.HERE: _l("in the country where we are"),
    Reach.ACCREDITED: _l("responsible for the country where we are, based elsewhere"),
    Reach.CONSULATE: _l("a consulate in the country where we are"),
    Reach.ELSEWHERE: _l("in another country"),
}


class TargetRow(PlainForm):
    official = HiddenField()
    kind = SelectField(_l("Kind"), choices=choices(_KINDS))
    mission = SelectField(_l("Deliver through"))
    position = place_field()
    remove = BooleanField(_l("Remove"))


class TargetsForm(CampaignForm):
    """A campaign's targets, and one more, who was searched for."""

    based_on = HiddenField()
    risks_seen = BooleanField(_l("Save it anyway"))
    rows = FieldList(FormField(TargetRow), max_entries=40)
    official = HiddenField(_l("Official"))
    kind = SelectField(_l("Kind"), choices=choices(_KINDS))
    mission = SelectField(
        _l("Deliver through"),
        description=_l("We deliver letters to this mission. If you choose none, we post them."),
    )

    def __init__(
        self,
        session: Session,
        campaign: Campaign,
        host_country: str,
        also: Sequence[Mission] = (),
        **kwargs: Any,
    ) -> None:
        """`also`: missions that were searched for, to be offered besides the fitting ones."""
        super().__init__(data=_target_data(campaign), **kwargs)
        self._host = host_country
        named = {row.form.official.data or "" for row in self.rows} | {self.official.data or ""}
        self.officials = targets.find_officials(session, named)
        countries = {official.country for official in self.officials.values()}
        mission_slugs = {row.form.mission.data or "" for row in self.rows} | {
            self.mission.data or ""
        }
        fitting = targets.missions_sent_by(session, countries)
        others = [*targets.find_missions(session, mission_slugs).values(), *also]
        self._missions = {mission.slug: mission for mission in (*fitting, *others)}
        offered = (SUGGESTED, _l("The mission of the official’s country where we are"))
        more = [(mission.slug, mission_words(mission)) for mission in others]
        self.mission.choices = choices([offered, _NONE, *dict.fromkeys(more)])
        for row in self.rows:
            official = self.officials.get(row.form.official.data)
            theirs = self.fitting(official) if official else []
            labels = [(mission.slug, self.reach_words(mission)) for mission in theirs]
            offered_slugs = {slug for slug, _words in labels}
            rest = [pair for pair in dict.fromkeys(more) if pair[0] not in offered_slugs]
            row.form.mission.choices = choices([_NONE, *labels, *rest])

    def validate_official(self, field: Field) -> None:
        if field.data and field.data not in self.officials:
            raise ValidationError(_l("Choose an official from the directory."))

    def fitting(self, official: Official) -> list[Mission]:
        """The missions of the official's country, the best first."""
        sent = [
            mission
            for mission in self._missions.values()
            if mission.sending_country == official.country
        ]
        return ranked(sent, self._host)

    def suggestion(self, official: Official) -> tuple[Mission, Reach] | None:
        """The mission that we would choose, and why."""
        best = targets.suggested_mission(self.fitting(official), official, self._host)
        return (best, reach_of(best, self._host)) if best else None

    def reach_words(self, mission: Mission) -> str:
        reach = reach_of(mission, self._host)
        where = _REACHES[reach]
        if reach is Reach.ELSEWHERE:
            where = gettext("in %(country)s", country=i18n.country_name(mission.host_country))
        return f"{mission_words(mission)} – {where}"

    def aims(self) -> list[Aim]:
        kept = sorted(
            (row.form for row in self.rows if not row.form.remove.data),
            key=lambda row: row.position.data or 99,
        )
        aims = [
            Aim(
                self.officials[row.official.data],
                TargetKind(row.kind.data),
                self._missions.get(row.mission.data),
            )
            for row in kept
            if row.official.data in self.officials
        ]
        if self.official.data:
            aims.append(self._new_aim(self.officials[self.official.data]))
        return aims

    def _new_aim(self, official: Official) -> Aim:
        mission = self._missions.get(self.mission.data)
        if self.mission.data == SUGGESTED:
            suggestion = self.suggestion(official)
            mission = suggestion[0] if suggestion else None
        return Aim(official, TargetKind(self.kind.data), mission)


def mission_words(mission: Mission) -> str:
    name = i18n.words_in(mission.name, i18n.locale())
    return name if mission.locality in name else f"{name}, {mission.locality}"


def _target_data(campaign: Campaign) -> dict[str, Any]:
    return {
        "rows": [
            {
                "official": target.official.slug,
                "kind": target.kind.value,
                "mission": target.mission.slug if target.mission else "",
                "position": place,
            }
            for place, target in enumerate(campaign.targets, 1)
        ],
        "mission": SUGGESTED,
    }
