"""Exports of one small made-up shop as each system writes them, from the vendors' documented formats.

The shop is drawn from a keyed generator (synthetic: it says nothing about any retailer); its lines and views are kept,
so that a test can sum them itself. Wall clock is Berlin's, in winter: one hour ahead of UTC throughout.
"""

import csv
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

FIRST = date(2023, 11, 1)
AHEAD = timedelta(hours=1)
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/121.0"


@dataclass(frozen=True)
class Item:
    """What the shop sells; money in cents."""

    sku: str
    name: str
    category: str
    price: int
    cost: int


@dataclass(frozen=True)
class Line:
    """An order line at local wall clock."""

    order: int
    number: int
    moment: datetime
    item: Item
    quantity: int


@dataclass(frozen=True)
class View:
    """A look at a product page at local wall clock."""

    moment: datetime
    visitor: int
    item: Item


@dataclass(frozen=True)
class SmallShop:
    """Everything that happened, and the stock at the close of the last day."""

    items: tuple[Item, ...]
    lines: tuple[Line, ...]
    views: tuple[View, ...]
    stock: dict[str, int]
    last: date

    @property
    def units(self) -> int:
        """Units sold."""
        return sum(line.quantity for line in self.lines)

    @property
    def revenue(self) -> int:
        """Cents."""
        return sum(line.quantity * line.item.price for line in self.lines)

    @property
    def days(self) -> int:
        """Days on which something was sold."""
        return len({line.moment.date() for line in self.lines})

    def orders(self) -> list[list[Line]]:
        """Lines by order, in order of time."""
        found: dict[int, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.order, []).append(line)
        return list(found.values())


def small_shop(items: int = 8, days: int = 100, seed: int = 7) -> SmallShop:
    """A shop in which every item is seen daily and each ninth view or so ends in an order."""
    drawn = random.Random(seed)  # noqa: S311 - a made-up shop, no secret
    catalogue = tuple(
        Item(f"SKU-{n:03d}", f"Item {n}", ("Kitchen", "Garden", "Toys")[n % 3], 500 + 350 * n, 200 + 150 * n)
        for n in range(items)
    )
    views, lines, order = [], [], 1000
    for day in range(days):
        midnight = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day)
        moments = sorted(midnight + timedelta(seconds=drawn.randrange(86_400)) for _ in range(3 * items))
        for moment in moments:
            seen = drawn.sample(catalogue, drawn.choice((1, 1, 2)))
            visitor = drawn.randrange(10**6)
            views += [View(moment, visitor, item) for item in seen]
            if drawn.random() < 0.12:
                order += 1
                bought = ((item, drawn.choice((1, 1, 1, 2))) for item in seen)
                lines += [Line(order, n, moment, *each) for n, each in enumerate(bought, 1)]
    stock = {item.sku: drawn.randrange(4, 15) for item in catalogue}
    return SmallShop(catalogue, tuple(lines), tuple(views), stock, FIRST + timedelta(days=days - 1))


def major(cents: int, mark: str = ".") -> str:
    """12345 as 123.45."""
    return f"{cents // 100}{mark}{cents % 100:02d}"


def micros(moment: datetime) -> int:
    """Microseconds UTC of a local moment."""
    return int((moment - AHEAD).replace(tzinfo=UTC).timestamp()) * 1_000_000


def table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def shopify(shop: SmallShop, folder: Path) -> None:
    """Orders (an order's own cells on its first row only), products and one inventory export."""
    header = ("Name", "Email", "Financial Status", "Currency", "Subtotal", "Created at", "Lineitem quantity",
              "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at")  # fmt: skip
    rows = []
    for order in shop.orders():
        total = sum(line.quantity * line.item.price for line in order)
        own = ("paid", "EUR", major(total), f"{order[0].moment:%Y-%m-%d %H:%M:%S} +0100")
        for line in order:
            told = own if line is order[0] else ("", "", "", "")
            rows.append((f"#{line.order}", "a@example.org", *told, line.quantity, line.item.name,
                         major(line.item.price), line.item.sku, ""))  # fmt: skip
    table(folder / "orders_export_1.csv", header, rows)
    products = ("Handle", "Title", "Vendor", "Type", "Option1 Value", "Variant SKU", "Variant Price", "Cost per item")
    table(folder / "products_export_1.csv", products, (
        (item.sku.lower(), item.name, "Maker Ltd", item.category, "Default Title", item.sku, major(item.price),
         major(item.cost)) for item in shop.items
    ))  # fmt: skip
    stock = ("Handle", "Title", "Option1 Value", "SKU", "Location", "Available")
    table(folder / f"inventory_export_{shop.last}.csv", stock, (
        (item.sku.lower(), item.name, "Default Title", item.sku, "Warehouse", shop.stock[item.sku])
        for item in shop.items
    ))  # fmt: skip


def ga4(shop: SmallShop, folder: Path) -> None:
    """NDJSON, 64-bit integers as strings, day tables joined by month; no stock and no cost."""

    def event(name: str, moment: datetime, visitor: int, lines: Sequence[tuple[Item, int | None]], order: str) -> dict:
        parts = [
            {"item_id": item.sku, "item_name": item.name, "item_category": item.category,
             "price": item.price / 100, "quantity": None if quantity is None else str(quantity)}
            for item, quantity in lines
        ]  # fmt: skip
        currency = {"key": "currency", "value": {"string_value": "EUR", "int_value": None}}
        return {"event_date": f"{moment:%Y%m%d}", "event_timestamp": str(micros(moment)), "event_name": name,
                "event_params": [currency], "user_pseudo_id": f"{visitor}.1",
                "ecommerce": {"transaction_id": order}, "items": parts}  # fmt: skip

    events = [event("view_item", view.moment, view.visitor, [(view.item, None)], "(not set)") for view in shop.views]
    for order in shop.orders():
        lines = [(line.item, line.quantity) for line in order]
        events.append(event("purchase", order[0].moment, 1, lines, f"T-{order[0].order}"))
    by_month: dict[str, list[str]] = {}
    for each in sorted(events, key=lambda each: int(each["event_timestamp"])):
        by_month.setdefault(each["event_date"][:6], []).append(json.dumps(each))
    for month, told in by_month.items():
        (folder / f"events_{month}.json").write_text("\n".join(told) + "\n")


def woocommerce(shop: SmallShop, folder: Path) -> None:
    """WooCommerce's own product export and orders of Customer/Order/Coupon Export, one row per item."""
    products = ("ID", "Type", "SKU", "Name", "Published", "In stock?", "Stock", "Sale price", "Regular price",
                "Categories", "Parent")  # fmt: skip
    table(folder / f"wc-product-export-{shop.last}.csv", products, (
        (number, "simple", item.sku, item.name, 1, 1, shop.stock[item.sku], "", major(item.price), item.category, "")
        for number, item in enumerate(shop.items, 10)
    ))  # fmt: skip
    orders = ("order_id", "order_number", "date", "status", "order_currency", "billing_email", "item_product_id",
              "item_name", "item_sku", "item_quantity", "item_total")  # fmt: skip
    table(folder / "orders-export.csv", orders, (
        (line.order, line.order, f"{line.moment:%Y-%m-%d %H:%M:%S}", "completed", "EUR", "a@example.org", 10,
         line.item.name, line.item.sku, line.quantity, major(line.quantity * line.item.price))
        for line in shop.lines
    ))  # fmt: skip


def access_log(shop: SmallShop, folder: Path) -> None:
    """Combined log with a crawler and a page that is no product's; orders and catalogue in the contract's words."""
    lines = []
    for view in shop.views:
        host = f"10.{view.visitor // 65536}.{view.visitor // 256 % 256}.{view.visitor % 256}"
        stamp = f"{view.moment:%d/%b/%Y:%H:%M:%S} +0100"
        page = f'"GET /products/{view.item.sku}?ref=a HTTP/1.1" 200 5120 "-"'
        lines.append(f'{host} - - [{stamp}] {page} "{AGENT}"')
        if view.visitor % 10 == 0:
            lines.append(f'66.249.66.1 - - [{stamp}] {page} "Mozilla/5.0 (compatible; Googlebot/2.1)"')
            lines.append(f'{host} - - [{stamp}] "GET /about HTTP/1.1" 200 512 "-" "{AGENT}"')
    (folder / "access.log").write_text("\n".join(lines) + "\n")
    table(folder / "orders.csv", ("transaction_id", "event_timestamp", "item_id", "quantity", "price", "currency"), (
        (line.order, f"{line.moment:%Y-%m-%d %H:%M:%S}", line.item.sku, line.quantity, major(line.item.price), "EUR")
        for line in shop.lines
    ))  # fmt: skip
    table(folder / "products.csv", ("item_id", "item_name", "item_category", "price"), (
        (item.sku, item.name, item.category, major(item.price)) for item in shop.items
    ))  # fmt: skip


def retailrocket(shop: SmallShop, folder: Path) -> None:
    """``events.csv``: one unit a row, no prices, no stock."""
    events = [(micros(view.moment) // 1000, view.visitor, "view", view.item.sku[4:], "") for view in shop.views]
    events += [(micros(line.moment) // 1000, 1, "transaction", line.item.sku[4:], line.order) for line in shop.lines]
    table(folder / "events.csv", ("timestamp", "visitorid", "event", "itemid", "transactionid"), sorted(events))


def mapped(shop: SmallShop, folder: Path) -> None:
    """A till and a stock list with German headers, semicolons and decimal commas; no costs, stock of one day."""
    table(folder / "verkaeufe.csv", ("Belegnr", "Datum", "Artikelnr", "Menge", "Einzelpreis"), (
        (f"R-{line.order}", f"{line.moment:%d.%m.%Y %H:%M}", line.item.sku, line.quantity, major(line.item.price, ","))
        for line in shop.lines
    ), ";")  # fmt: skip
    table(folder / "artikel.csv", ("Artikelnr", "Bezeichnung", "Warengruppe", "VK"), (
        (item.sku, item.name, item.category, major(item.price, ",")) for item in shop.items
    ), ";")  # fmt: skip
    table(folder / "lagerbestand.csv", ("Artikelnr", "Stichtag", "Bestand"), (
        (item.sku, f"{shop.last:%d.%m.%Y}", shop.stock[item.sku]) for item in shop.items
    ), ";")  # fmt: skip
