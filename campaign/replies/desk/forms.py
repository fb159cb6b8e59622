"""Forms of replies: what came, what is blacked out, what is published."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, cast

from flask_babel import gettext, pgettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, HiddenField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from campaign.core import i18n
from campaign.core.i18n import force_locale
from campaign.deliveries.desk.forms import OUTCOMES
from campaign.models.bundle import DeliveryAttempt
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, mission_name, official_name
from campaign.models.paper_signature import Scan
from campaign.models.reply import Channel, Reply
from campaign.paper_signatures.desk.forms import PaperForm
from campaign.public.case_page import destination_name
from campaign.replies.mime import LONGEST
from campaign.replies.redaction import BAR_FIELDS
from campaign.replies.replies import ReplyFacts, list_languages, usual_language
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import DayField, LineField, TextField, choices
from campaign.web.meant_field import MeantField

CHANNELS = {
    Channel.LETTER: _l("Letter"),
    Channel.EMAIL: _l("Email"),
    Channel.PHONE: _l("Phone"),
    Channel.MEETING: _l("Meeting"),
    Channel.POST: _l("Social media post"),
}
_WORDS = {
    "marks-unpaired": _l("Close each [[ with a ]]. Do not put one pair inside another."),
    "reply-empty": _l("There is nothing to publish. Enter the text, or choose a page of the scan."),
    "fewer-marks": _l(
        "Black out the same words in each language, or confirm that nothing is missing."
    ),
    "reply-published-before": _l(
        "Nothing was published, because this reply may have been published already. Compare the "
        "two, then confirm that this is another one."
    ),
    "page-gone": _l("This page no longer exists. Choose another one."),
}


class _WordedForm(PaperForm):
    sentences = {**PaperForm.sentences, **_WORDS}  # noqa: RUF012 — nobody writes to it


class ReplyForm(EditConflictForm, _WordedForm):
    """An answer; `reply_form` adds a title and a translation per language."""

    who = SelectField(_l("Reply from"))
    received_on = DayField(_l("Day"), needed=_l("Enter the date we received it."))
    channel = SelectField(
        _l("How it came"), choices=choices((kind.value, words) for kind, words in CHANNELS.items())
    )
    language = SelectField(_l("Language"))
    delivery = SelectField(_l("Delivery it replies to"))
    sender = LineField(
        _l("Signed by"), limit=300, description=_l("As in the reply. We do not publish it.")
    )
    text = TextField(_l("Text of the reply"), limit=LONGEST)
    notes = TextField(
        _l("Notes for colleagues"),
        limit=4000,
        description=_l("Only colleagues see these notes. We do not publish them."),
    )
    shown_page = SelectField(_l("Scan page to publish"))
    scan = FileField(
        _l("Scan"), description=_l("JPEG, PNG, WebP or PDF, up to 12 MB. We keep it encrypted.")
    )
    locales: Sequence[str] = ()
    now: Mapping[str, object] = MappingProxyType({})

    def facts(self, campaign: Campaign, deliveries: Sequence[DeliveryAttempt]) -> ReplyFacts:
        kind, _colon, key = self.who.data.partition(":")
        missions = {mission.slug: mission for mission in _list_missions(campaign, deliveries)}
        targets = {target.official.slug: target for target in campaign.targets}
        answered = _find_delivery(deliveries, self.delivery.data)
        return ReplyFacts(
            received_on=cast("date", self.received_on.data),  # validated
            channel=Channel(self.channel.data),
            locale=self.language.data,
            target=targets.get(key) if kind == "target" else None,
            mission=missions.get(key) if kind == "mission" else None,
            delivery=answered,
            sender=self.sender.data,
            text=self.text.data,
            notes=self.notes.data,
            translations={code: self[f"text_{code}"].data for code in self.locales},
            titles={code: self[f"title_{code}"].data for code in self.locales},
        )


def reply_form(
    campaign: Campaign,
    deliveries: Sequence[DeliveryAttempt],
    scans: Sequence[Scan] = (),
    reply: Reply | None = None,
    answers: str = "",
    **kwargs: Any,
) -> ReplyForm:
    """Make the form, with the languages of the site and the campaign's.

    A new one answers the delivery of the public id `answers`.
    """
    titles = {}
    for code in dict.fromkeys([campaign.default_locale, *i18n.languages()]):
        with force_locale(code):
            titles[code] = gettext("We have received a reply")
    fields: dict[str, object] = {"locales": tuple(titles)}
    for code in titles:
        fields[f"title_{code}"] = LineField(_l("Title"), limit=200)
        fields[f"text_{code}"] = TextField(_l("Translation"), limit=LONGEST)
    form_class = cast("type[ReplyForm]", type("LocalisedReplyForm", (ReplyForm,), fields))
    now = (
        _usual_values(campaign, _find_delivery(deliveries, answers))
        if reply is None
        else _values_of(reply, deliveries)
    )
    kept = reply.titles if reply else {}
    for code, title in (kept or titles).items():
        now[f"title_{code}"] = title
    form = form_class(data=now, **kwargs)
    town = i18n.say_town_of_zone(campaign.timezone)
    words = gettext("This day has not come yet (%(town)s time). Check the date.", town=town)
    form.sentences = {**form.sentences, "day-to-come": words}
    form.who.choices = choices(_list_senders(campaign, deliveries))
    form.language.choices = choices(_list_languages(campaign, reply))
    named = [(delivery.public_id, _describe_delivery(delivery)) for delivery in deliveries]
    form.delivery.choices = choices([("", _l("Not known")), *named])
    form.shown_page.choices = choices(
        [
            ("", _l("None: text only")),
            *[
                (
                    f"{scan.public_id}/{number}",
                    _l("Scan %(scan)s, page %(page)s", scan=at, page=number),
                )
                for at, scan in enumerate(scans, start=1)
                for number in range(1, scan.pages + 1)
            ],
        ]
    )
    return form


class BarsForm(EditConflictForm):
    """The rectangles, as `list_bars` has them; `bars.html` has their numbers."""

    bars = TextAreaField(_l("What is blacked out in the scan"))
    scans: Sequence[Scan] = ()

    def anchor_of(self, _field: Field) -> str:
        return "page-0"

    def say_value(self, field: Field, value: object) -> str:
        numbers = {scan.public_id: at for at, scan in enumerate(self.scans, start=1)}
        return "\n".join(_say_bar(line, numbers) for line in cast("list[str]", value))


def list_bars(bars: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write each rectangle as a line that is the same in every language."""
    return [
        "/".join([bar["scan"], str(bar["page"]), *(f"{bar[name]:g}" for name in BAR_FIELDS)])
        for bar in bars
    ]


def _say_bar(line: str, numbers: Mapping[str, int]) -> str:
    scan, page, *sides = line.split("/")
    names = (gettext("From the left"), gettext("From the top"), gettext("Width"), gettext("Height"))
    comma = i18n.comma(i18n.locale())
    place = gettext("Scan %(scan)s, page %(page)s", scan=numbers.get(scan, ""), page=page)
    named_sides = comma.join(f"{name} {side}" for name, side in zip(names, sides, strict=True))
    return place + i18n.colon(i18n.locale()) + named_sides


PART_NAMES = {
    "text": _l("Text of the reply"),
    "translations": _l("Translations"),
    "titles": _l("Titles"),
    "bars": _l("What is blacked out in the scan"),
    "page": _l("Scan page to publish"),
    "facts": _l("Date and sender of the reply"),
}
"""What is looked at before it is published, by its name in `publish_reply`."""

MOVED: Mapping[str, object] = {
    "reply-published": _l(
        "Nothing was changed, because the reply was published after you opened the page."
    ),
    "reply-not-published": _l(
        "Nothing was changed, because the reply was unpublished after you opened the page."
    ),
}
"""What is said beside the reply as it is, by the slug of ReplyMoved."""


class PublishForm(_WordedForm):
    look = HiddenField()
    checked = BooleanField(
        _l("I have read the whole reply, and nothing in it can harm anyone."),
        [InputRequired(_l("Read the whole reply, then tick the box."))],
    )
    risks_seen = MeantField(_l("We want to publish these words."))
    fewer_seen = BooleanField(_l("Nothing is missing. Each version hides the same words."))
    is_another = BooleanField(_l("This is another reply. Publish it as well."))


def _find_delivery(deliveries: Sequence[DeliveryAttempt], public_id: str) -> DeliveryAttempt | None:
    return next((each for each in deliveries if each.public_id == public_id), None)


def _usual_values(campaign: Campaign, answered: DeliveryAttempt | None) -> dict[str, object]:
    who = None
    if answered is not None:
        kind = "mission" if isinstance(answered.destination, Mission) else "target"
        who = f"{kind}:{answered.destination.slug}"
    return {
        "delivery": answered.public_id if answered else "",
        "who": who,
        "shown_page": "",
        "channel": Channel.LETTER.value,
        "language": usual_language(campaign),
    }


def _values_of(reply: Reply, deliveries: Sequence[DeliveryAttempt]) -> dict[str, object]:
    who = f"target:{reply.target.official.slug}" if reply.target else ""
    if not who and reply.mission:
        who = f"mission:{reply.mission.slug}"
    ids = {choice.id: choice.public_id for choice in deliveries}
    return {
        "who": who,
        "received_on": reply.received_on,
        "channel": reply.channel.value,
        "language": reply.locale,
        "delivery": ids.get(reply.delivery_id or 0, ""),
        "sender": reply.sender,
        "text": reply.text,
        "notes": reply.notes,
        "shown_page": reply.shown_page,
        **{f"text_{translation.locale}": translation.text for translation in reply.translations},
    }


def _list_missions(campaign: Campaign, deliveries: Sequence[DeliveryAttempt]) -> list[Mission]:
    """List missions through which letters go, and those to which some were taken."""
    reached = [target.mission for target in campaign.targets]
    tried = (delivery.destination for delivery in deliveries)
    missions = [*reached, *(place for place in tried if isinstance(place, Mission))]
    return list(dict.fromkeys(mission for mission in missions if mission))


def _list_senders(
    campaign: Campaign, deliveries: Sequence[DeliveryAttempt]
) -> list[tuple[str, object]]:
    here = i18n.locale()
    names: dict[str, object] = {}
    for target in campaign.targets:
        names[f"target:{target.official.slug}"] = official_name(target.official, here)
    for mission in _list_missions(campaign, deliveries):
        names[f"mission:{mission.slug}"] = mission_name(mission, here)
    return [*names.items(), ("", _l("Someone else, or not known"))]


def _list_languages(campaign: Campaign, reply: Reply | None) -> list[tuple[str, str]]:
    codes = {*list_languages(campaign), *([reply.locale] if reply else [])}
    names = {code: i18n.language_name(code, i18n.locale()) for code in codes}
    return sorted(names.items(), key=lambda pair: pair[1].casefold())


def _describe_delivery(delivery: DeliveryAttempt) -> str:
    """Day, time, mission, how it ended, and the bundle: no two say the same."""
    bundle = delivery.bundle
    parts = (
        i18n.say_day_and_time(delivery.happened_on, delivery.happened_time),
        destination_name(delivery.destination, i18n.locale()),
        str(OUTCOMES.get(delivery.outcome, pgettext("letters", "Not delivered: stopped"))),
        bundle.number if bundle else delivery.place,
    )
    return " · ".join(filter(None, parts))
