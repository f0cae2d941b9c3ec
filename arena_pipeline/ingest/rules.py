"""Which rows do not fit, and why: the contract's rules as one SQL CASE.

The first rule that a row breaks is the one reported. What does not belong here: rules that need other tables
(`lookups`).
"""

from dataclasses import dataclass

from arena_pipeline.ingest.casts import raw_name, raw_text
from arena_pipeline.ingest.contract import Column, Kind
from arena_pipeline.ingest.readers import LogFile, column_of, text

UNKNOWN_ITEM = "unknown item"
UNKNOWN_ITEM_REMEDY = "Add the item to products, or map it in item_aliases; the row is taken in then by itself"
UNKNOWN_RATE = "currency must be the shop's, or have an exchange rate on that day"
UNKNOWN_RATE_REMEDY = (
    "Give shop.exchange_rates or shop.exchange_rate_file, convert the amounts in the export, or leave these rows out"
)
ANY_CURRENCY = "XXX"  # ISO 4217: no currency; set only while a folder is looked at
FIRST_DATE, END_DATE = "1990-01-01", "2101-01-01"

_REMEDIES = {
    Kind.INTEGER: "Write a whole number, without unit or thousands separator",
    Kind.MONEY: "Write an amount such as 2.55, without currency sign or thousands separator (commas: see sources)",
    Kind.NUMBER: "Write a finite number such as 2.5, or leave it empty",
    Kind.FLAG: "Write true or false",
    Kind.DAY: "Write an ISO date such as 2011-12-09",
    Kind.MOMENT: "Write ISO 8601, such as 2011-12-09T12:50:00 or 2011-12-09T12:50:00Z",
    Kind.TEXT: "Give every row a value",
    Kind.PERSON: "Give every row a value",
}
_REMEDIES[Kind.GROSS_MONEY] = _REMEDIES[Kind.MONEY]
_REMEDIES[Kind.CLOSING_MOMENT] = _REMEDIES[Kind.MOMENT]


@dataclass(frozen=True)
class Rule:
    """A rule that a row can break.

    Attributes:
        text: what must hold, as shown.
        broken: SQL condition of a row that breaks it.
        value: SQL of the value shown.
        remedy: what to do about it.
    """

    text: str
    broken: str
    value: str
    remedy: str


def rules_of(log: LogFile) -> list[Rule]:
    """All rules for the rows of one file, in the order in which they are tried."""
    present = [column for column in log.table.columns if column.found_in(log.names)]
    rules = [_whole_row(log, present)] if log.format == "ndjson" else []
    for column in present:
        rules += _rules_of_column(column)
    for rule in log.table.rules:
        column = column_of(log.table, rule.column)
        if column in present:
            rules.append(Rule(rule.rule, f"not ({rule.condition})", raw_text(column), rule.remedy))
    return rules


def first_broken(rules: list[Rule]) -> str:
    """SQL of the index of the first broken rule, NULL for a row that fits."""
    cases = " ".join(f"when {rule.broken} then {index}" for index, rule in enumerate(rules))
    return f"cast(case {cases} end as utinyint)"


def shown_value(rules: list[Rule], index: str) -> str:
    """SQL of the value that the broken rule shows."""
    cases = " ".join(f"when {number} then {rule.value}" for number, rule in enumerate(rules))
    return f"case when {index} is null then null else left(case {index} {cases} end, 200) end"


def as_values(rules: list[Rule]) -> str:
    """The rules as an SQL VALUES list: index, text, remedy."""
    rows = ", ".join(f"({index}, {text(rule.text)}, {text(rule.remedy)})" for index, rule in enumerate(rules))
    return f"(values {rows}) as rules (rule_index, rule, remedy)"


def _rules_of_column(column: Column) -> list[Rule]:
    raw, shown, name = raw_name(column), raw_text(column), column.header
    remedy = column.remedy or _REMEDIES[column.kind]
    rules = []
    if column.required:
        rules.append(Rule(f"{name} must be given", f"{raw} is null", "null", remedy))
    if column.kind is not Kind.TEXT and column.kind is not Kind.PERSON:
        wrong = f'{raw} is not null and "{column.name}" is null'
        rules.append(Rule(f"{name} must be a {column.kind.value}", wrong, shown, remedy))
    if column.pattern:
        wrong = f'not regexp_full_match("{column.name}", {text(column.pattern)})'
        rules.append(Rule(f"{name} must be a list", wrong, shown, remedy))
    if column.check:
        words = column.check.replace("<>", "not be").replace(">=", "be >=").replace("between", "be between")
        wrong = f'not ("{column.name}" {column.check})'
        rules.append(Rule(f"{name} must {words}", wrong, shown, remedy))
    if column.kind in (Kind.DAY, Kind.MOMENT, Kind.CLOSING_MOMENT):
        wrong = f"not (\"{column.name}\" >= '{FIRST_DATE}' and \"{column.name}\" < '{END_DATE}')"
        rules.append(Rule(f"{name} must lie between 1990 and 2100", wrong, shown, "Correct or remove the row"))
    return rules


def _whole_row(log: LogFile, present: list[Column]) -> Rule:
    empty = " and ".join(f"{raw_name(column)} is null" for column in present)
    return Rule("line must be a JSON object", empty, "null", f"Write one object per line with {', '.join(log.names)}")
