"""What pages say of each way in which another program was not reached or is not called."""

from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _l

OUTGOING_SENTENCES: Mapping[str, object] = MappingProxyType(
    {
        "address-malformed": _l("Enter a full address that starts with https://."),
        "address-with-password": _l("Leave the name and password out of the address."),
        "address-not-https": _l("The address must start with https."),
        "address-private": _l(
            "This address is on this machine or in a private network. Ask the site operator to "
            "allow it: its host must be in the setting outgoing_hosts. Then it can also start "
            "with http."
        ),
        "host-unknown": _l("There is no such address."),
        "not-reached": _l("We could not reach the program."),
        "not-trusted": _l("The certificate of the address is not valid."),
        "too-slow": _l("The program did not answer in time."),
        "broken-off": _l("The answer broke off."),
        "answer-too-large": _l("The answer was too long."),
        "redirected": _l("The address redirects to another one. We do not follow redirects."),
    }
)
