"""The last day to write as an entry for a calendar (RFC 5545). Pure."""

from datetime import date, datetime, timedelta

from icalendar import Calendar, Event


def deadline_ics(
    *, uid: str, day: date, title: str, text: str, url: str, changed_at: datetime, lang: str
) -> bytes:
    """Return a calendar of one entry that takes the whole day and leaves it free."""
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", title, {"LANGUAGE": lang})
    event.add("description", text, {"LANGUAGE": lang})
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Urgent action letters//Deadline//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
