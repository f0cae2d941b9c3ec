"""Parameters that every strategy has."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from engine.forecast.options import InformationOption
from engine.settings import EngineSettings

TargetKind = Literal["fill_rate", "cycle_service_level"]


class StrategyParameters(EngineSettings):
    """What can be set on any strategy; subclasses add their own and say which they use."""

    plans_for_service: ClassVar[bool] = False
    """Whether ``target`` decides the levels: such strategies can be calibrated."""

    target: float = Field(0.95, gt=0, lt=1, description="service to plan for")
    target_kind: TargetKind = Field("fill_rate", description="what the target means")
    review_period: int = Field(1, ge=1, le=364, description="days between reviews")
    safety_multiplier: float = Field(1.0, ge=0, le=10, description="scales the stock held beyond mean demand")
    max_cover_days: int = Field(365, ge=1, description="longest cover a minimum or multiple may force")
    level_cover_days: int | None = Field(None, ge=1, description="longest cover of mean demand a level may reach")
    information: InformationOption = Field("exposure", description="how demand is forecast")

    def target_of(self, cell: str) -> float | None:  # noqa: ARG002 - strategies with rules by cell use it
        """Service wanted of the items of an ABC-XYZ cell; None where no service is planned for."""
        return self.target if self.plans_for_service else None

    def options(self) -> frozenset[InformationOption]:
        """Every information option the strategy looks through."""
        return frozenset({self.information})
