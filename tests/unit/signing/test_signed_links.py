"""The secret in a link."""

from campaign.signing import tokens


def test_a_token_has_at_least_128_bits_and_fits_an_address() -> None:
    token = tokens.new_token()
    assert len(token) == 32
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token != tokens.new_token()


def test_a_token_matches_its_own_digest_only() -> None:
    token = tokens.new_token()
    assert tokens.matches(token, tokens.digest_of(token))
    assert not tokens.matches(token, tokens.digest_of(tokens.new_token()))
    assert not tokens.matches(token, None)
