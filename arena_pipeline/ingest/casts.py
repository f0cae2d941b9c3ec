"""From what a file says to what is stored: one SQL expression per kind of value.

Every expression gives NULL where the value does not fit; `rules` then sets the row aside. Money is computed in
integers from the decimal text: no binary fraction is involved, halves go to the even unit.
"""

from dataclasses import dataclass, field

from arena_pipeline.ingest.contract import Column, Kind
from arena_pipeline.ingest.privacy import hashed
from arena_pipeline.ingest.readers import LogFile, name, text
from arena_pipeline.ingest.sniffing import CURRENCY_SIGN, GROUP_MARKS, GROUPED

_SCALE = 1_000_000  # prices are read to six decimals
_FAST_LIMIT = 1_000_000  # from there on 18 digits do not hold price x 10^6
_MONEY_LIMIT = 900_000_000  # major units; keeps price x 10^6 x 10^4 inside 64 bits
_HAS_ZONE = r":\d\d(\.\d+)?\s*([A-Za-z]|[+-]\d\d(:?\d\d)?$)"
_BLANK_BEFORE_OFFSET, _OFFSET = r"\s+([+-]\d)", r"\1"
_POINT_NUMBER = r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"
_COMMA_NUMBER = r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d*)?"
_NUMBER_TYPES = ("DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True)
class Convention:
    """How the shop writes money and time.

    Attributes:
        time_zone: IANA name; moments with an offset are converted to its wall clock.
        minor_units: decimals of the currency.
        vat_basis_points: tax contained in gross prices, in 1/10,000 of the net price; 0 when prices are net.
        currency: ISO code.
        salt: secret, hexadecimal; identities are stored hashed with it.
        rates: exchange rates (currency, first day, units of the shop's currency as decimal text), sorted.
    """

    time_zone: str
    minor_units: int
    vat_basis_points: int
    currency: str
    salt: str = field(repr=False)
    rates: tuple[tuple[str, str, str], ...] = ()


def raw_name(column: Column) -> str:
    """Name of the value as read, before any cast."""
    return f'"raw {column.name}"'


def raw_value(written: str, sql_type: str) -> str:
    """SQL of the value as read: texts without surrounding blanks, NULL when empty."""
    value = name(written)
    if sql_type != "VARCHAR":
        return value
    # To look for a blank first costs a tenth of trimming every value.
    return (
        f"case when {value} = '' then null when contains({value}, ' ') then nullif(trim({value}), '') else {value} end"
    )


def raw_text(column: Column) -> str:
    """SQL of the raw value as text."""
    return f"cast({raw_name(column)} as varchar)"


def typed(column: Column, log: LogFile, convention: Convention) -> str:
    """SQL of the stored value, NULL where it does not fit."""
    header = column.found_in(log.names)
    if not header:
        return f"cast(null as {column.kind.sql_type})"
    sql_type = log.types[header]
    if column.kind in (Kind.DAY, Kind.MOMENT, Kind.CLOSING_MOMENT):
        return _time(column, header, _moment(column, sql_type, convention))
    if column.kind in (Kind.INTEGER, Kind.NUMBER, Kind.MONEY, Kind.GROSS_MONEY):
        native = sql_type.removeprefix("U").startswith(_NUMBER_TYPES)
        return _number(column, raw_name(column) if native else _point_text(column, log), convention)
    if column.kind is Kind.FLAG:
        return f"try_cast({raw_text(column)} as boolean)"
    if column.kind is Kind.PERSON:
        return hashed(raw_text(column), text(convention.salt))
    return f"lower(replace({raw_text(column)}, ' ', ''))" if column.pattern else raw_text(column)


def _number(column: Column, value: str, convention: Convention) -> str:
    if column.kind is Kind.NUMBER:
        number = f"try_cast({value} as double)"
        return f"case when isfinite({number}) then {number} end"
    decimal = f"try_cast({value} as decimal(18, 6))"
    if column.kind is Kind.INTEGER:
        return f"case when {decimal} = trunc({decimal}) then cast({decimal} as bigint) end"
    tax = convention.vat_basis_points if column.kind is Kind.GROSS_MONEY else 0
    divisor = 10 ** (6 - convention.minor_units) * (10_000 + tax)
    fast, wide = (
        half_even(f"cast({amount} * {_SCALE} as bigint) * 10000", divisor)
        for amount in (decimal, f"cast({decimal} as decimal(38, 6))")
    )
    return f"case when abs({decimal}) < {_FAST_LIMIT} then {fast} when abs({decimal}) < {_MONEY_LIMIT} then {wide} end"


def half_even(numerator: str, denominator: int) -> str:
    """SQL of numerator / denominator in integers, halves to the even neighbour (numerator >= 0)."""
    quotient, rest = f"(({numerator}) // {denominator})", f"(({numerator}) % {denominator})"
    up = f"{rest} * 2 > {denominator} or ({rest} * 2 = {denominator} and {quotient} % 2 = 1)"
    return f"{quotient} + cast({up} as bigint)"


def _point_text(column: Column, log: LogFile) -> str:
    """Numeric text with a decimal point."""
    value = _bare(raw_text(column), log.decimal) if log.adorned else raw_text(column)
    if log.decimal == ".":
        return value
    plain = f"replace(replace({value}, '.', ''), ',', '.')"
    return f"case when regexp_full_match({value}, {text(_COMMA_NUMBER)}) then {plain} end"


def _bare(value: str, decimal: str) -> str:
    """Numeric text without currencies and separators of thousands."""
    plain = f"regexp_replace({value}, {text(CURRENCY_SIGN)}, '\\1', 'g')"
    joined = f"regexp_replace({plain}, {text(f'[{GROUP_MARKS}]')}, '', 'g')"
    apart = f"when regexp_full_match({plain}, {text(GROUPED)}) then {joined} "
    commas = f"when regexp_full_match({plain}, {text(_POINT_NUMBER)}) then replace({plain}, ',', '') "
    return f"case {apart}{commas if decimal == '.' else ''}else {plain} end"


def _moment(column: Column, sql_type: str, convention: Convention) -> str:
    """The shop's wall clock: moments with an offset are converted, others are taken as local."""
    zone, raw = text(convention.time_zone), raw_name(column)
    if sql_type.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"timezone({zone}, {raw})"
    if sql_type.startswith("TIMESTAMP") or sql_type == "DATE":
        return f"try_cast({raw} as timestamp)"
    value = raw_text(column)
    # DuckDB takes no blank before an offset.
    closed = f"regexp_replace({value}, {text(_BLANK_BEFORE_OFFSET)}, {text(_OFFSET)})"
    converted = f"timezone({zone}, try_cast({closed} as timestamptz))"
    # What ends in minutes and seconds has no offset; to see that costs a quarter of the regular expression.
    local = f"try_cast({value} as timestamp)"
    return (
        f"case when {value} like '%:__:__' then {local} "
        f"when regexp_matches({value}, {text(_HAS_ZONE)}) then {converted} else {local} end"
    )


def _time(column: Column, header: str, moment: str) -> str:
    if column.kind is Kind.DAY:
        return f"cast({moment} as date)"
    if column.kind is Kind.CLOSING_MOMENT and header == column.source:
        closing = f"{moment} + interval 1 day - interval 1 microsecond"
        return f"case when {moment} = date_trunc('day', {moment}) then {closing} else {moment} end"
    return moment
