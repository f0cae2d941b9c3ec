"""The answer in words: which policy, what it frees or costs, where, how sure, and what to order this week.

Sentences carry numbers as ``Amount`` so that every medium writes them in its own way (locale, currency, plain text).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
RATE_WORDS = {"holding_rate": "holding rate", "capital_rate": "cost of capital", "order_cost": "cost per order"}
NAMED_GROUPS = 3
SUPPLIERS_SHOWN = 4


@dataclass(frozen=True)
class Amount:
    """A number and how to write it: ``money``, ``percent``, ``number``, ``signed`` (money) or ``date``."""

    value: float | str
    kind: str


Piece = str | Amount
Sentence = tuple[Piece, ...]


@dataclass(frozen=True)
class Answer:
    """One question with its answer."""

    question: str
    sentences: tuple[Sentence, ...]


def money(value: float) -> Amount:
    """Whole units of the shop's currency."""
    return Amount(value, "money")


def percent(value: float) -> Amount:
    """A share."""
    return Amount(value, "percent")


def number(value: float) -> Amount:
    """A count."""
    return Amount(value, "number")


def headline(facts: Row) -> Sentence:
    """One sentence an owner can repeat."""
    best, real = facts["choice"]["best"], facts["choice"]["actual"]
    if best is None:
        return ("No policy was scored yet.",)
    if real is None:
        return (f"{best['full_name']} earned most: ", money(best["economic_profit"]), " of economic profit.")
    gain = best["economic_profit"] - real["economic_profit"]
    if gain <= 0:
        return (f"None of the policies tried would have earned more than {_own(facts)}. Closest comes ",
                best["full_name"], ": ", money(-gain), " less.")  # fmt: skip
    change = best["working_capital"] - real["working_capital"]
    capital: Sentence = (
        (", freeing ", money(-change), " of capital") if change < 0 else (", with ", money(change), " more capital")
    )
    return (f"{best['name']} would have earned ", money(gain), f" more than {_own(facts)}", *capital, ".")


def _own(facts: Row) -> str:
    """What the policies are compared with: a rule of thumb where the shop's purchases are not in its logs."""
    return str(facts.get("data", {}).get("yardstick") or "your own orders")


def answers(facts: Row) -> list[Answer]:
    """The questions an owner or buyer asks, in that order."""
    if facts["choice"]["best"] is None:
        return []
    return [
        Answer("Which policy?", which_policy(facts)),
        Answer("How much capital, at what service?", capital_and_service(facts)),
        Answer("For which categories and suppliers?", where(facts)),
        Answer("How sure is this?", how_sure(facts)),
        Answer("What to order this week?", this_week(facts)),
    ]


def which_policy(facts: Row) -> tuple[Sentence, ...]:
    """Name, parameters, rank and what it is measured by."""
    best, real = facts["choice"]["best"], facts["choice"]["actual"]
    tried = sum(run["kind"] == "candidate" for run in facts["runs"])
    candidates = [run for run in facts["runs"] if run["kind"] == "candidate"]
    place = 1 + [(run["strategy"], run["parameters"]) for run in candidates].index(
        (best["strategy"], best["parameters"])
    )
    rank = "comes first" if place == 1 else f"comes {place}. over the whole window, but first on weeks held out,"
    window: Sentence = (
        f"{best['full_name']} {rank} of {tried} candidates, by economic profit (margin less holding, ordering, "
        "write-offs and the cost of capital) from ",
        Amount(facts["days"]["scored_from"], "date"), " to ", Amount(facts["days"]["last"], "date"), ".",
    )  # fmt: skip
    if real is None:
        return (window,)
    gain = best["economic_profit"] - real["economic_profit"]
    share = gain / abs(real["economic_profit"]) if real["economic_profit"] else 0.0
    return (window, ("That is ", Amount(gain, "signed"), " (", Amount(share, "signed_percent"), f") against {_own(facts)}, "
                     "replayed in the same world on the same demand."))  # fmt: skip


def capital_and_service(facts: Row) -> tuple[Sentence, ...]:
    """The best policy against actual; the lean policy where one frees capital."""
    best, real, lean = (facts["choice"][name] for name in ("best", "actual", "lean"))
    if real is None:
        return (("Your own orders could not be replayed, so there is nothing to compare with.",),)
    change = best["working_capital"] - real["working_capital"]
    verb = "frees" if change < 0 else "needs"
    first: Sentence = (
        f"It {verb} ", money(abs(change)), " " if change < 0 else " more capital (", money(best["working_capital"]),
        " instead of ", money(real["working_capital"]), "" if change < 0 else ")", "; serves ", percent(best["fill_rate"]),
        " of the units asked for instead of ", percent(real["fill_rate"]), " and has empty shelves on ",
        percent(best["stockout_rate"]), " of item-days instead of ", percent(real["stockout_rate"]), ".",
    )  # fmt: skip
    if lean is None:
        return (first, (f"No policy tried frees capital without more stock-outs or less margin than {_own(facts)}.",))
    if (lean["strategy"], lean["parameters"]) == (best["strategy"], best["parameters"]):
        return (first, ("It is also the one that frees most capital without losing service or margin.",))
    return (first, ("If cash comes first: ", lean["full_name"], " frees ",
                    money(real["working_capital"] - lean["working_capital"]), " with no more stock-outs (",
                    percent(lean["stockout_rate"]), ") and no less margin."))  # fmt: skip


def where(facts: Row) -> tuple[Sentence, ...]:
    """Categories and suppliers that gain most, and those that would lose."""
    return tuple(
        sentence
        for level, noun in (("category", "categories"), ("supplier", "suppliers"))
        for sentence in _groups_in_words(facts["groups"][level], noun)
    )


def changes(rows: Iterable[Row]) -> list[tuple[str, float, float]]:
    """Name, change in economic profit and change in capital, largest gain first."""
    found = [
        (row["name"], row["economic_profit"] - row["real_economic_profit"],
         (row["working_capital"] or 0) - (row["real_working_capital"] or 0))
        for row in rows
        if row["economic_profit"] is not None and row["real_economic_profit"] is not None
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row[1], row[0]))


def _groups_in_words(rows: list[Row], noun: str) -> list[Sentence]:
    found = changes(rows)
    gains = [row for row in found if row[1] > 0][:NAMED_GROUPS]
    losses = [row for row in reversed(found) if row[1] < 0]
    freed = [row for row in found if row[2] < 0]
    pieces: list[Piece] = [f"Among {noun}, "]
    if gains:
        pieces.append("most to gain: ")
        for position, (name, gain, _) in enumerate(gains):
            pieces += [", " if position else "", f"{name} ", Amount(gain, "signed")]
        pieces.append(". ")
    else:
        pieces.append("none gains. ")
    if losses:
        pieces += [f"{len(losses)} would do worse, first {losses[0][0]} ", Amount(losses[0][1], "signed"), ". "]
    if freed:
        pieces += [f"Capital falls in {len(freed)} of {len(found)}."]
    return [tuple(pieces)] if found else []


def how_sure(facts: Row) -> tuple[Sentence, ...]:
    """Held-out lead with its interval, sensitivity to rates, recovery of demand, agreement with the stock record."""
    sentences = [*_held_out(facts), *_rates(facts), *_demand(facts), *_record(facts)]
    return tuple(sentences)


def _held_out(facts: Row) -> list[Sentence]:
    best = facts["choice"]["best"]
    rows = facts["tables"].get("held_out", [])
    row = next((row for row in rows if row["strategy"] == best["strategy"]), None)
    if row is None:
        return [("The figures are those of the whole window, for parameters chosen on that same window: expect a little "
                 "less. No interval was computed in this run.",)]  # fmt: skip
    lead: list[Piece] = [f"On weeks that its parameters were not chosen on, it leads {_own(facts)} by ",
                         money(row["lead_over_actual"])]  # fmt: skip
    if row.get("lead_low") is not None:
        lead += [" (95 % interval ", money(row["lead_low"]), " to ", money(row["lead_high"]), ")"]
        if row["lead_low"] <= 0:
            lead.append("; the interval includes no lead at all")
    return [(*lead, ".")]


def _rates(facts: Row) -> list[Sentence]:
    rows = [row for row in facts["tables"].get("rate_sensitivity", []) if row["leads"]]
    if not rows:
        return []
    best = facts["choice"]["best"]["strategy"]
    others = [row for row in rows if row["strategy"] != best]
    if not others:
        return [
            ("It stays first when the holding rate, the cost of capital or the cost per order is halved or doubled.",)
        ]
    words = "; ".join(
        f"{row['strategy'].replace('_', ' ')} leads at {row['factor']:g} × the {RATE_WORDS[row['rate']]}"
        for row in others
    )
    return [(f"The order depends on the rates: {words}.",)]


def _demand(facts: Row) -> list[Sentence]:
    quality = facts["data"]["quality"]
    sentences: list[Sentence] = []
    found = sum(row["share"] for row in facts["data"]["methods"] if row["method"] != "sold")
    sentences.append(("Of the demand replayed, ", percent(found), " was hidden by stock-outs and is estimated."))
    if quality.get("recovered_bias") is not None:
        sentences.append((
            "Here the true demand is known: the estimate is off by ", Amount(quality["recovered_bias"], "signed_percent"),
            " in total, raw sales by ", Amount(quality["raw_sales_bias"], "signed_percent"), ".",
        ))  # fmt: skip
    return sentences


def _record(facts: Row) -> list[Sentence]:
    rows = {row["source"]: row for row in facts["tables"].get("stock_record", []) if row["level"] == "catalogue"}
    record, replay = rows.get("stock record"), rows.get("actual")
    if not record or not replay or record["stockout_rate"] is None:
        return []
    return [(
        "On the ", number(record["sku_days"]), " item-days with a known stock, your record shows ",
        percent(record["stockout_rate"]), " empty shelves and the replay of your orders ",
        percent(replay["stockout_rate"]), ".",
    )]  # fmt: skip


def this_week(facts: Row) -> tuple[Sentence, ...]:
    """Order proposals by supplier, where the plan was made."""
    rows = [row for row in facts["tables"].get("recommended_plan", []) if (row.get("order_quantity") or 0) > 0]
    if "recommended_plan" not in facts["tables"]:
        return (("No order proposals were made in this run.",),)
    if not rows:
        return (("Nothing: every item's stock and open orders are above its reorder point.",),)
    by_supplier: dict[str, float] = {}
    for row in rows:
        by_supplier[row["supplier"]] = by_supplier.get(row["supplier"], 0.0) + row["order_value"]
    largest = sorted(by_supplier.items(), key=lambda pair: (-pair[1], pair[0]))
    pieces: list[Piece] = [number(len(rows)), " items from ", number(len(largest)), " suppliers for ",
                           money(sum(by_supplier.values())), ": "]  # fmt: skip
    for position, (supplier, value) in enumerate(largest[:SUPPLIERS_SHOWN]):
        pieces += [", " if position else "", f"{supplier} ", money(value)]
    pieces.append(", and others." if len(largest) > SUPPLIERS_SHOWN else ".")
    return (tuple(pieces), ("Every line with its reason is under “What to order this week”.",))
