"""The mail with which a letter is sent back. Its words are a colleague's, not the supporter's."""

from campaign.mail.messages import Context, message


@message("letter-returned", limited=False)
def send_letter_returned(
    *, person_name: str, reference: str, note: str, link: str, case_url: str
) -> Context:
    """What is to be changed, and the link under which it is."""
    return {
        "person_name": person_name,
        "reference": reference,
        "note": note,
        "link": link,
        "case_url": case_url,
    }
