"""The canonical contract: what a log file of each table must contain, declared once.

What belongs here: columns, types, rules, keys and which version of a row stays. What does not: SQL that reads files
(`readers`), turns text into values (`casts`) or applies the rules (`rules`).
"""

from collections.abc import Container
from dataclasses import dataclass, field
from enum import Enum

from arena_pipeline.settings import TableName


class Kind(Enum):
    """What a value is."""

    TEXT = "text"
    INTEGER = "whole number"
    MONEY = "amount of money"  # major units with decimals in the files, integer minor units in the tables
    GROSS_MONEY = "price"  # the same; value added tax is taken out where the shop's prices include it
    NUMBER = "number"
    FLAG = "true or false"
    DAY = "date"
    MOMENT = "timestamp"  # shop-local wall clock
    CLOSING_MOMENT = "date or timestamp"  # a date without time is the end of that day
    PERSON = "identity"  # salted hash; compare for equality only

    @property
    def is_time(self) -> bool:
        """Whether values are dates or moments."""
        return self in (Kind.DAY, Kind.MOMENT, Kind.CLOSING_MOMENT)

    @property
    def sql_type(self) -> str:
        """The DuckDB type of a stored column."""
        return _SQL_TYPES.get(self, "VARCHAR")


_SQL_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.MONEY: "BIGINT",
    Kind.GROSS_MONEY: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.DAY: "DATE",
    Kind.MOMENT: "TIMESTAMP",
    Kind.CLOSING_MOMENT: "TIMESTAMP",
    Kind.PERSON: "UBIGINT",
}


NUMERIC = (Kind.MONEY, Kind.GROSS_MONEY, Kind.NUMBER, Kind.INTEGER)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: as in the file's header and in the stored table.
        kind: what its values are.
        required: the header must have it and every row a value.
        check: what a value must satisfy, written after the column's name, such as ``>= 0``.
        stored: SQL of what is stored, over the table's values, where that differs from the value itself.
        source: name in the file when it differs from the stored one; the stored name is accepted as well.
        pattern: regular expression a text must match entirely; text is stored in lower case without blanks then.
        remedy: what to do when a value does not fit, where the general advice of the kind says too little.
    """

    name: str
    kind: Kind
    required: bool = False
    check: str = ""
    stored: str = ""
    source: str = ""
    pattern: str = ""
    remedy: str = ""

    @property
    def header(self) -> str:
        """Name in a file's header."""
        return self.source or self.name

    def found_in(self, header: Container[str]) -> str:
        """The name under which a header has this column; empty when it has not."""
        return next((name for name in (self.source, self.name) if name and name in header), "")


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns; holds when `condition` is true or null."""

    rule: str
    condition: str
    column: str
    remedy: str


@dataclass(frozen=True)
class Key:
    """When two rows say the same thing, and which of them stays.

    Attributes:
        columns: SQL expressions over stored columns; equal values (nulls included) make rows the same.
        prefer: SQL order of the rows of one key: the first stays, whichever file brought it.
        last_counts: rows that are equal in that order: the row of the file whose name comes last stays, and of one
            file the last row (`precedence`); False: the first.
        repeats_when: condition under which equal rows of one file are different things; they are numbered.
        repeats_within: further columns inside which they are numbered.
        keeps_number: the number is stored (`repeat_number`), because rows of one key may differ and stay in order.
        within_day: the key contains the day, so only stored rows of the same days are compared.
        told_by: SQL expressions, equal wherever keys are equal, that tell most keys apart at less cost.
    """

    columns: tuple[str, ...]
    prefer: tuple[str, ...] = ()
    last_counts: bool = True
    repeats_when: str = ""
    repeats_within: tuple[str, ...] = ()
    keeps_number: bool = False
    within_day: bool = False
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Attributes:
        name: in schema ``logs``.
        columns: as stored, in order.
        key: identity of a row.
        rules: rules over several columns.
        derived: further stored columns: name and (type, SQL over the stored columns).
        needed_for: what an empty table makes impossible; empty when the arena can do without.
        without: what the arena does when no source is configured for a needed table; empty when it cannot.
        knows_items: rows name an item that must be in ``products``.
    """

    name: str
    columns: tuple[Column, ...]
    key: Key
    rules: tuple[RowRule, ...] = ()
    derived: dict[str, tuple[str, str]] = field(default_factory=dict)
    needed_for: str = ""
    without: str = ""
    knows_items: bool = True

    @property
    def stored(self) -> dict[str, str]:
        """Stored columns and their DuckDB types, without file and row number."""
        types = {column.name: column.kind.sql_type for column in self.columns}
        return types | {name: sql_type for name, (sql_type, _) in self.derived.items()}

    @property
    def kept(self) -> dict[str, str]:
        """What is kept about a row beside its values."""
        number = {"repeat_number": "INTEGER"} if self.key.keeps_number else {}
        return {"file_id": "INTEGER", "row_number": "BIGINT"} | number

    @property
    def has_day(self) -> bool:
        """Whether rows belong to a day, so that late ones can be told."""
        return "day" in self.stored

    def missing(self, header: Container[str]) -> list[str]:
        """Required columns that a header lacks."""
        return [column.header for column in self.columns if column.required and not column.found_in(header)]


DAY_OF_EVENT = {"day": ("DATE", "cast(event_timestamp as date)")}
AT_LEAST_ONE = "Leave it empty for 1"
_PER_UNIT = "coalesce(units_per_purchase_unit, 1)"
# The supplier's unit (a case of 12) in units of sale; all quantities and costs of a row are stored in units of sale.
_PURCHASE_UNIT = Column(
    "units_per_purchase_unit",
    Kind.INTEGER,
    check="between 1 and 1000000",  # times the largest quantity stays inside 64 bits
    stored=_PER_UNIT,
    remedy=AT_LEAST_ONE,
)
_COST_PER_UNIT = f"cast(round_even(unit_cost / {_PER_UNIT}, 0) as bigint)"

_ITEM = Column("item_id", Kind.TEXT, required=True)

PAGE_VIEWS = Table(
    name="page_views",
    columns=(
        Column("event_timestamp", Kind.MOMENT, required=True),
        _ITEM,
        Column("visitor_id", Kind.PERSON),
        Column("session_id", Kind.TEXT),
        Column("event_id", Kind.TEXT),
        Column("price", Kind.GROSS_MONEY, check=">= 0"),
        Column("in_stock", Kind.FLAG),
        Column("source", Kind.TEXT),
    ),
    derived=DAY_OF_EVENT,
    key=Key(
        # With an event id the rest of the row does not matter; without one, every column does.
        columns=(
            "day",
            "event_id",
            *(
                f"case when event_id is null then {name} end"
                for name in ("event_timestamp", "item_id", "visitor_id", "session_id", "price", "in_stock", "source")
            ),
        ),
        # Never by the visitor's hash: the secret must not decide which row stays.
        prefer=(
            "event_timestamp",
            "item_id",
            *(f"{name} nulls last" for name in ("session_id", "source", "price", "in_stock")),
            "visitor_id is null",
        ),
        last_counts=False,
        # Nobody can tell two anonymous views of one second from one view logged twice inside a file.
        repeats_when="event_id is null and visitor_id is null and session_id is null",
        within_day=True,
        told_by=(
            "day",
            "event_id",
            "case when event_id is null then hash(event_timestamp, item_id, visitor_id, session_id) end",
        ),
    ),
)

PAGE_VIEWS_DAILY = Table(
    name="page_views_daily",
    columns=(
        Column("day", Kind.DAY, required=True, source="date"),
        _ITEM,
        Column("views", Kind.INTEGER, required=True, check=">= 0"),
        Column("in_stock", Kind.FLAG),
    ),
    key=Key(columns=("day", "item_id", "in_stock"), within_day=True),
)

CONVERSIONS = Table(
    name="conversions",
    columns=(
        Column("transaction_id", Kind.TEXT, required=True),
        Column("line_number", Kind.INTEGER),
        Column("event_timestamp", Kind.MOMENT, required=True),
        _ITEM,
        Column(
            "quantity",
            Kind.INTEGER,
            required=True,
            check="<> 0",
            remedy="Write the units of the line, negative for a return; leave lines without units out",
        ),
        Column(
            "price", Kind.GROSS_MONEY, check=">= 0", remedy="A return is a negative quantity, never a negative price"
        ),
        Column("currency", Kind.TEXT),
        # Of an order that was called off: kept, so that an older export cannot bring it back, and left out of demand.
        Column("cancelled", Kind.FLAG, stored="coalesce(cancelled, false)"),
    ),
    derived=DAY_OF_EVENT,
    key=Key(
        # A return may carry the number of the line it takes back; without line numbers two returns on different
        # moments are two returns, while a purchase that fires again on a reload is the same purchase.
        columns=(
            "transaction_id",
            "line_number",
            "quantity < 0",
            *(f"case when line_number is null then {name} end" for name in ("item_id", "quantity", "price")),
            "case when line_number is null and quantity < 0 then event_timestamp end",
        ),
        prefer=("cancelled desc", "event_timestamp", "item_id", "quantity", "price nulls last", "currency nulls last"),
        last_counts=False,
        repeats_when="line_number is null",
        repeats_within=("event_timestamp",),
    ),
    needed_for="demand: without order lines there is nothing to replay",
)

STOCK_SNAPSHOTS = Table(
    name="stock_snapshots",
    columns=(
        # Under the name snapshot_date, midnight means "no time given"; snapshot_timestamp is taken as it is.
        Column("snapshot_timestamp", Kind.CLOSING_MOMENT, required=True, source="snapshot_date"),
        _ITEM,
        # On hand means available to sell: an oversold item has none, not less than none.
        Column("quantity_on_hand", Kind.INTEGER, required=True, stored="greatest(quantity_on_hand, 0)"),
        Column("location_id", Kind.TEXT),
        Column("quantity_on_order", Kind.INTEGER, check=">= 0"),
    ),
    derived={"day": ("DATE", "cast(snapshot_timestamp as date)")},
    key=Key(columns=("item_id", "location_id", "snapshot_timestamp"), within_day=True),
    needed_for="opening stock and stock-outs: without stock records hidden demand cannot be told from no demand",
    without="stock-outs are inferred from gaps in sales where there are page views, elsewhere stock is unknown; "
    "run.max_unknown_stock_share says how much of that is allowed",
)

PRODUCTS = Table(
    name="products",
    columns=(
        _ITEM,
        Column("item_name", Kind.TEXT),
        Column("item_category", Kind.TEXT),
        Column("price", Kind.GROSS_MONEY, required=True, check=">= 0"),
        Column("unit_cost", Kind.MONEY, check=">= 0"),
        Column("shelf_life_days", Kind.INTEGER, check=">= 1", remedy="Leave it empty for goods that do not expire"),
        Column("salvage_value", Kind.MONEY, check=">= 0"),
        Column("available_from", Kind.DAY),
        Column("discontinued_on", Kind.DAY),
        Column("min_stock", Kind.INTEGER, check=">= 0"),
        Column("max_stock", Kind.INTEGER, check=">= 0"),
        Column("do_not_order", Kind.FLAG, stored="coalesce(do_not_order, false)"),
        Column("updated_at", Kind.MOMENT),  # when the row was true; the latest one counts
    ),
    key=Key(columns=("item_id",), prefer=("updated_at desc nulls last",)),
    rules=(
        RowRule(
            "discontinued_on must not be before available_from",
            "discontinued_on >= available_from",
            "discontinued_on",
            "Correct one of the two dates",
        ),
        RowRule(
            "max_stock must not be below min_stock", "max_stock >= min_stock", "max_stock", "Correct one of the two"
        ),
    ),
    needed_for="the catalogue: every other table names its items",
    knows_items=False,
)

SUPPLIERS = Table(
    name="suppliers",
    columns=(
        Column("supplier_id", Kind.TEXT, required=True),
        Column("lead_time_days", Kind.INTEGER, check=">= 0"),
        Column("min_order_value", Kind.MONEY, check=">= 0"),
        Column("order_cost", Kind.MONEY, check=">= 0"),
        Column(
            "order_weekdays",
            Kind.TEXT,
            pattern="(mon|tue|wed|thu|fri|sat|sun)(,(mon|tue|wed|thu|fri|sat|sun))*",
            remedy="Write them as mon,tue,wed",
        ),
        Column(
            "holidays",
            Kind.TEXT,
            pattern=r"\d{4}-\d\d-\d\d(,\d{4}-\d\d-\d\d)*",
            remedy="Write ISO dates with commas between them: 2011-12-26,2011-12-27",
        ),
        Column("payment_terms_days", Kind.INTEGER, check=">= 0"),
        Column("prepayment_share", Kind.NUMBER, check="between 0 and 1"),
    ),
    key=Key(columns=("supplier_id",)),
    knows_items=False,
)

SUPPLIER_OFFERS = Table(
    name="supplier_offers",
    columns=(
        Column("supplier_id", Kind.TEXT, required=True),
        _ITEM,
        Column(
            "unit_cost",
            Kind.MONEY,
            required=True,
            check=">= 0",
            stored=_COST_PER_UNIT,
            remedy="An offer needs the cost of one unit",
        ),
        Column(
            "min_quantity",
            Kind.INTEGER,
            check=">= 1",
            stored=f"coalesce(min_quantity * {_PER_UNIT}, 1)",
            remedy=AT_LEAST_ONE,
        ),
        Column(
            "min_order_quantity",
            Kind.INTEGER,
            check=">= 1",
            stored=f"coalesce(min_order_quantity, 1) * {_PER_UNIT}",
            remedy=AT_LEAST_ONE,
        ),
        Column(
            "order_multiple",
            Kind.INTEGER,
            check=">= 1",
            stored=f"coalesce(order_multiple, 1) * {_PER_UNIT}",
            remedy=AT_LEAST_ONE,
        ),
        Column("line_cost", Kind.MONEY, check=">= 0", stored="coalesce(line_cost, 0)"),
        Column("lead_time_days", Kind.NUMBER, check=">= 0"),
        Column("lead_time_std_days", Kind.NUMBER, check=">= 0"),
        Column("valid_from", Kind.DAY),
        Column("valid_to", Kind.DAY),
        _PURCHASE_UNIT,
    ),
    key=Key(columns=("supplier_id", "item_id", "min_quantity", "valid_from")),
    rules=(
        RowRule(
            "valid_to must not be before valid_from",
            "valid_to >= valid_from",
            "valid_to",
            "Correct one of the two dates, or leave valid_to empty",
        ),
    ),
)

PURCHASE_ORDERS = Table(
    name="purchase_orders",
    columns=(
        Column("order_number", Kind.TEXT, required=True),
        Column("line_number", Kind.INTEGER),
        Column("supplier_id", Kind.TEXT, required=True),
        _ITEM,
        Column("order_date", Kind.DAY, required=True),
        Column("order_quantity", Kind.INTEGER, required=True, check=">= 1", stored=f"order_quantity * {_PER_UNIT}"),
        Column("expected_date", Kind.DAY),
        Column("received_date", Kind.DAY),
        Column("received_quantity", Kind.INTEGER, check=">= 0", stored=f"received_quantity * {_PER_UNIT}"),
        Column("unit_cost", Kind.MONEY, check=">= 0", stored=_COST_PER_UNIT),
        _PURCHASE_UNIT,
    ),
    key=Key(
        columns=("order_number", "item_id", "line_number"),
        # An export from before the receipt does not take the receipt back.
        prefer=("received_date is null",),
        repeats_when="line_number is null",
        keeps_number=True,
    ),
    rules=(
        RowRule(
            "received_date must not be before order_date",
            "received_date >= order_date",
            "received_date",
            "Correct one of the two dates, or leave received_date empty",
        ),
        RowRule(
            "expected_date must not be before order_date",
            "expected_date >= order_date",
            "expected_date",
            "Correct one of the two dates, or leave expected_date empty",
        ),
    ),
)

PLANNED_PROMOTIONS = Table(
    name="planned_promotions",
    columns=(
        _ITEM,
        Column("date_from", Kind.DAY, required=True),
        Column("date_to", Kind.DAY, required=True),
        Column("price", Kind.GROSS_MONEY, check=">= 0"),
        Column("known_on", Kind.DAY, stored="coalesce(known_on, date_from)"),
    ),
    key=Key(columns=("item_id", "date_from", "date_to")),
    rules=(
        RowRule("date_to must not be before date_from", "date_to >= date_from", "date_to", "Correct one of the dates"),
    ),
)

ITEM_ALIASES = Table(
    name="item_aliases",
    columns=(
        Column("source", Kind.TEXT, required=True),
        Column("source_item_id", Kind.TEXT, required=True),
        _ITEM,
    ),
    key=Key(columns=("lower(source)", "source_item_id")),
)

BUNDLES = Table(
    name="bundles",
    columns=(
        Column("bundle_item_id", Kind.TEXT, required=True),
        _ITEM,
        Column("quantity", Kind.INTEGER, check=">= 1", stored="coalesce(quantity, 1)", remedy=AT_LEAST_ONE),
    ),
    key=Key(columns=("bundle_item_id", "item_id")),
    rules=(
        RowRule(
            "a bundle must not hold itself", "bundle_item_id <> item_id", "item_id", "Name the items that are in it"
        ),
    ),
)

LOCATIONS = Table(
    name="locations",
    columns=(
        Column("location_id", Kind.TEXT, required=True),
        Column("level", Kind.TEXT, stored="coalesce(level, location_id)"),
        Column("demand_share", Kind.NUMBER, check="between 0 and 1", stored="coalesce(demand_share, 0)"),
        Column("promised_days", Kind.INTEGER, check=">= 0", stored="coalesce(promised_days, 0)"),
        Column("value_factor", Kind.NUMBER, check="> 0", stored="coalesce(value_factor, 1)"),
    ),
    key=Key(columns=("location_id",)),
    knows_items=False,
)

TRANSFERS = Table(
    name="transfers",
    columns=(
        Column("from_location_id", Kind.TEXT),  # empty: a supplier outside the network
        Column("to_location_id", Kind.TEXT, required=True),
        Column("supplier_id", Kind.TEXT),
        Column("lead_time_days", Kind.INTEGER, required=True, check=">= 1"),
        Column("share", Kind.INTEGER, check=">= 1", stored="coalesce(share, 1)"),
    ),
    key=Key(columns=("from_location_id", "to_location_id", "supplier_id")),
    rules=(
        RowRule(
            "from_location_id must not be to_location_id",
            "from_location_id <> to_location_id",
            "from_location_id",
            "Name the location that supplies it, or leave it empty for a supplier",
        ),
    ),
    knows_items=False,
)

# What other tables name comes first: products, then aliases, then the logs.
CONTRACT: dict[TableName, tuple[Table, ...]] = {
    "products": (PRODUCTS,),
    "item_aliases": (ITEM_ALIASES,),
    "bundles": (BUNDLES,),
    "suppliers": (SUPPLIERS,),
    "supplier_offers": (SUPPLIER_OFFERS,),
    "planned_promotions": (PLANNED_PROMOTIONS,),
    "purchase_orders": (PURCHASE_ORDERS,),
    "stock_snapshots": (STOCK_SNAPSHOTS,),
    "conversions": (CONVERSIONS,),
    "page_views": (PAGE_VIEWS, PAGE_VIEWS_DAILY),
    "locations": (LOCATIONS,),
    "transfers": (TRANSFERS,),
}

ALIASED = (
    "page_views", "page_views_daily", "conversions", "stock_snapshots", "purchase_orders", "supplier_offers",
    "planned_promotions", "bundles",
)  # fmt: skip
"""Tables whose items may go by another system's names."""
