"""The secret in a link."""

from campaign.signing import signed_links


def test_a_token_has_at_least_128_bits_and_fits_an_address() -> None:
    token = signed_links.new_token()
    assert len(token) == 32
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token != signed_links.new_token()


def test_a_token_matches_its_own_digest_only() -> None:
    token = signed_links.new_token()
    assert signed_links.matches(token, signed_links.digest_of(token))
    assert not signed_links.matches(token, signed_links.digest_of(signed_links.new_token()))
    assert not signed_links.matches(token, None)
