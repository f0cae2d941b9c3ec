"""Small pieces of HTML: escaped text, numbers a script rewrites in the reader's locale, tables, sections."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from arena_pipeline.report.answer import Amount, Sentence

Row = dict[str, Any]
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}


@dataclass(frozen=True)
class Writer:
    """Writes amounts in plain English for readers without scripts; the page's script puts them in the locale."""

    currency: str

    def amount(self, value: Any, kind: str) -> str:
        """One amount as an element; an empty cell where there is none."""
        if value is None:
            return '<span class="none">–</span>'
        if kind == "date":
            return f'<time datetime="{escape(str(value))}">{escape(str(value))}</time>'
        return f'<data class="{kind}" value="{self._plain(value)}">{escape(self.text(value, kind))}</data>'

    def text(self, value: float, kind: str) -> str:
        """The same as plain text."""
        symbol = SYMBOLS.get(self.currency, self.currency + " ")
        sign = "+" if value > 0 and kind.startswith("signed") else "−" if value < 0 else ""
        size = abs(value)
        if kind in {"money", "signed"}:
            return f"{sign}{symbol}{size:,.0f}"
        if kind in {"percent", "signed_percent"}:
            return f"{sign}{size:.1%}"
        if kind == "signed_points":
            return f"{sign}{100 * size:.1f} points"
        if kind == "ratio3":
            return f"{sign}{size:.3f}"
        return f"{sign}{size:,.1f}" if kind in {"ratio", "days"} else f"{sign}{size:,.0f}"

    def sentence(self, pieces: Sentence) -> str:
        """Pieces of a sentence in order."""
        return "".join(
            self.amount(piece.value, piece.kind) if isinstance(piece, Amount) else escape(piece) for piece in pieces
        )

    def plain(self, pieces: Sentence) -> str:
        """The same without mark-up."""
        return "".join(self._piece(one) for one in pieces)

    def _piece(self, one: Amount | str) -> str:
        if isinstance(one, str):
            return one
        return one.value if isinstance(one.value, str) else self.text(one.value, one.kind)

    @staticmethod
    def _plain(value: float) -> str:
        return f"{value:.6g}" if abs(value) < 100 else f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        head: shown; ``key``: of the row, or a function of it; ``kind``: of ``Writer.amount``, or ``text``/``name``.
    """

    head: str
    key: str | Callable[[Row], Any]
    kind: str = "text"


def table(
    writer: Writer, columns: Sequence[Column], rows: Iterable[Row], *, caption: str = "", mark: str = "", name: str = ""
) -> str:
    """A table in a scrolling box; the first column heads its rows.

    Args:
        writer: of amounts.
        columns: from left to right.
        rows: in order.
        caption: above it.
        mark: key of a row that names its class.
        name: id of the table.
    """
    heads = "".join(f'<th scope="col"{_align(column)}>{escape(column.head)}</th>' for column in columns)
    body = "".join(_row(writer, columns, row, str(row.get(mark) or "") if mark else "") for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    ident = f' id="{name}"' if name else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption or name or "table")}">'
        f"<table{ident}>{title}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(writer: Writer, columns: Sequence[Column], row: Row, mark: str) -> str:
    cells = []
    for position, column in enumerate(columns):
        value = column.key(row) if callable(column.key) else row.get(column.key)
        shown = escape(str(value or "")) if column.kind == "text" else writer.amount(value, column.kind)
        tag = 'th scope="row"' if position == 0 else "td"
        cells.append(f"<{tag}{_align(column)}>{shown}</{tag.split(maxsplit=1)[0]}>")
    shown = f' class="{escape(mark)}"' if mark else ""
    return f"<tr{shown}>{''.join(cells)}</tr>"


def _align(column: Column) -> str:
    return "" if column.kind in {"text", "date"} else ' class="n"'


def section(name: str, title: str, body: str, lead: str = "") -> str:
    """A section with its anchor."""
    intro = f'<p class="lead">{lead}</p>' if lead else ""
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{escape(title)}</h2>{intro}{body}</section>'
    )


def chart(name: str, label: str, caption: str = "", kind: str = "") -> str:
    """Place of a chart; the page's script draws it from the spec of the same name."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure class="chart {kind}"><div class="plot" id="chart-{name}" data-spec="{name}" role="img" '
        f'aria-label="{escape(label)}"></div>{below}</figure>'
    )


def paragraphs(writer: Writer, sentences: Iterable[Sentence]) -> str:
    """Each sentence its own paragraph."""
    return "".join(f"<p>{writer.sentence(pieces)}</p>" for pieces in sentences)
