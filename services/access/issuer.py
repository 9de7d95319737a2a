"""The external issuer whose tokens are taken beside Kith's own, where one is set."""

from datetime import timedelta
from typing import Any

import jwt

from services.access.key_set import KeySet
from services.settings import Settings

LEEWAY = timedelta(seconds=30)
"""How far apart two clocks may be."""


class Issuer:
    """What the settings say of the issuer, and its keys."""

    def __init__(self, settings: Settings) -> None:
        self.name, self.client_claim = settings.issuer, settings.issuer_client_claim
        self._audience, self._keys = settings.issuer_audience, KeySet(settings.issuer_keys)

    def read(self, token: str) -> dict[str, Any]:
        """What a token of this issuer says; raises jwt.InvalidTokenError, or Unavailable where its keys are unknown."""
        found = self._keys.find(jwt.get_unverified_header(token).get("kid"))
        if found is None:
            raise jwt.InvalidTokenError
        return jwt.decode(
            token,
            found.key,
            found.algorithms,
            audience=self._audience,
            issuer=self.name,
            leeway=LEEWAY,
            options={"require": ["exp", self.client_claim]},
        )


def issuer_of(settings: Settings) -> Issuer | None:
    """The issuer that is set, if one is."""
    return Issuer(settings) if settings.issuer else None
