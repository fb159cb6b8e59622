"""From where a request counts."""

import pytest

from campaign.core.rate_limits import Networks, networks_of


@pytest.mark.parametrize(
    ("address", "nearest", "wider"),
    [
        ("192.0.2.7", "192.0.2.7", ""),
        ("::ffff:192.0.2.7", "192.0.2.7", ""),
        ("2001:db8:7:7:1:2:3:4", "2001:db8:7:7::/64", "2001:db8:7::/48"),
        ("2001:DB8:7:7::", "2001:db8:7:7::/64", "2001:db8:7::/48"),
        ("", "unknown", ""),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("10.0.0.1 ", "unknown", ""),
    ],
)
def test_ipv4_counts_by_address_and_ipv6_by_its_two_networks(
    address: str, nearest: str, wider: str
) -> None:
    assert networks_of(address) == Networks(nearest, wider)


def test_a_block_of_ipv4_counts_where_it_is_asked_for() -> None:
    assert networks_of("192.0.2.7", ipv4_prefix=24) == Networks("192.0.2.0/24")
    assert networks_of("::ffff:192.0.2.7", ipv4_prefix=24) == Networks("192.0.2.0/24")
    assert networks_of("2001:db8::1", ipv4_prefix=24).nearest == "2001:db8::/64"
