"""Business settings the engine needs, each with its unit and its assumed default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineSettings(BaseModel):
    """Base of all settings models: unknown keys are errors, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CostRates(EngineSettings):
    """Cost rates of the shop; the defaults are assumptions and are reported as such.

    Money is in minor currency units, rates are per year.
    """

    holding_rate: float = Field(0.10, ge=0, le=5, description="storage, insurance, handling per year, without capital")
    capital_rate: float = Field(0.12, ge=0, le=5, description="cost of capital per year")
    order_cost: int = Field(500, ge=0, description="fixed cost per purchase order (supplier and day), minor units")
    line_cost: int = Field(50, ge=0, description="cost per order line, minor units, where the offer names none")
    salvage_share: float = Field(0.30, ge=0, le=1, description="share of cost that excess stock still fetches")
    write_down_cover_days: int = Field(180, ge=1, description="cover beyond which stock is written down at the end")
    excess_cover_days: int = Field(180, ge=1, description="cover beyond which stock counts as excess")

    @property
    def carrying_rate(self) -> float:
        """Holding plus capital rate per year: EOQ's h as a share of unit cost."""
        return self.holding_rate + self.capital_rate


class LimitSettings(EngineSettings):
    """What couples the orders of one day over all SKUs, for every strategy that decides by levels; minor units."""

    open_capital: int | None = Field(None, ge=0, description="nothing is ordered while stock and open orders exceed it")
    weekly_spend: int | None = Field(None, ge=0, description="value that may be ordered from Monday to Sunday")
    supplier_minimum: Literal["ignore", "wait", "top_up"] = Field(
        "ignore", description="orders below a supplier's minimum order value: placed all the same, wait, or are raised"
    )


class WindowSettings(EngineSettings):
    """Which days are scored: a warm-up, then walk-forward folds."""

    warm_up_days: int = Field(84, ge=0, description="days replayed but not scored")
    fold_days: int = Field(28, ge=1, description="length of one walk-forward fold")
    replan_days: int = Field(7, ge=1, description="days between two re-planning dates")


class DemandSettings(EngineSettings):
    """Assumptions of demand recovery (DEMAND 2), recorded with every run."""

    intent_ratio: float = Field(1.0, ge=0, le=1, description="conversion of visitors who find an empty shelf")
    substitution_share: float = Field(0.0, ge=0, lt=1, description="share of lost demand that buys another item")
    dedupe_minutes: int = Field(30, ge=0, description="views of one session and item within this window count once")
    bot_views_per_day: int = Field(1000, ge=1, description="a visitor with more views in a day is a bot")
    delisted_after_days: int = Field(60, ge=1, description="days out of stock without an open order: maybe delisted")
    scenarios: int = Field(1, ge=1, le=64, description="sampled demand scenarios")
    seed: int = Field(20101201, ge=0, description="seed of all keyed random numbers")
