# SPDX-License-Identifier: Apache-2.0
"""Permits and identities as a node's file declares them."""

from typing import Annotated

from pydantic import Field, model_validator

from heraldlink.config.quantities import Name, Strict

Identity = Annotated[
    str, Field(min_length=1, description="maker, model, serial number, firmware; * and ? as in file names")
]


class PermitConfig(Strict):
    """What has to be so at an instrument for the node to prepare and to play.

    ``parameter`` is one that `heraldlink` reads of it; ``at_least`` and ``at_most`` are in its unit.
    A reading older than ``max_age_s`` grants nothing: it must be longer than a slot. Once lost, it is back
    when it has been granted for ``settle_s``.
    """

    instrument: Name
    parameter: str
    at_least: float | None = None
    at_most: float | None = None
    equals: bool | None = None
    max_age_s: float = Field(gt=0.1, le=3600)
    settle_s: float = Field(default=0.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _asks_for_something(self) -> "PermitConfig":
        if self.at_least is None and self.at_most is None and self.equals is None:
            raise ValueError("name at_least, at_most or equals: this permit asks for nothing")
        return self

    @property
    def place(self) -> str:
        """What is read where."""
        return f"{self.parameter} of {self.instrument}"

    @property
    def wanted(self) -> str:
        """What it has to be."""
        said = {"at least": self.at_least, "at most": self.at_most}
        bounds = [f"{word} {bound:g}" for word, bound in said.items() if bound is not None]
        return " and ".join([*bounds, *([] if self.equals is None else [str(self.equals)])])

    def grants(self, value: object) -> bool:
        """Whether a reading is as wanted; one that is no number, or not a finite one, is not."""
        if self.equals is not None and value is not self.equals:
            return False
        if self.at_least is None and self.at_most is None:
            return True
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)
