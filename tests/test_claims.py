"""The tutorial's claims: each in a section, in the tutorial's order, with a verdict and something true."""

import pytest

from core.claims import CLAIMS, SECTIONS, VERDICTS


def test_claims_stand_in_the_order_of_the_sections() -> None:
    assert list(dict.fromkeys(claim.section for claim in CLAIMS.values())) == list(SECTIONS)
    assert {claim.verdict for claim in CLAIMS.values()} == set(VERDICTS)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_something_and_is_answered(name: str) -> None:
    claim = CLAIMS[name]
    assert "," not in name and name not in ("none", "")  # names stand in an address, with commas between
    assert claim.says.endswith((".", ".”")) and claim.truth.endswith(".") and claim.says != claim.truth
