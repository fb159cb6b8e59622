"""A name server on this machine that knows the records it is given, and no others."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.resolver import Resolver

Records = dict[tuple[str, str], list[str]]
"""By name and kind: `("example.org", "TXT")`."""


@contextmanager
def serve_dns(records: Records) -> Iterator[Resolver]:
    """Answer from `records`, which may change meanwhile; gives who asks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(server, records))
        thread.start()
        resolver = Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.getsockname()[1]
        resolver.lifetime = 2
        try:
            yield resolver
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", server.getsockname())
            thread.join()


def _serve(server: socket.socket, records: Records) -> None:
    while (packet := server.recvfrom(4096))[0] != b"end":
        query = dns.message.from_wire(packet[0])
        server.sendto(_answer(query, records).to_wire(), packet[1])


def _answer(query: dns.message.Message, records: Records) -> dns.message.Message:
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA | dns.flags.RA
    texts = records.get((name, dns.rdatatype.to_text(question.rdtype)))
    if texts:
        rrset = dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, texts)
        response.answer.append(rrset)
    elif not any(
        f".{known}".endswith(f".{name}") for (known, _), texts in records.items() if texts
    ):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response
