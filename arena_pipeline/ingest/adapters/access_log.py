"""Web server logs in the combined format of Apache and nginx.

Format: ``host ident user [day/month/year:time zone] "method path protocol" status bytes "referrer" "agent"``, one
request per line.

Mapping: successful ``GET`` requests (200 and 304) whose path matches ``item_pattern`` are page views of the item in its
group. User agents that match ``bot_pattern`` (by default the usual names of crawlers, scripts and monitors) and
requests without an agent are left out. The visitor is host and agent together, stored as a salted hash. A line that is
not of this format is set aside.
"""

from pathlib import Path

import duckdb

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, make_look, moment
from arena_pipeline.ingest.readers import line_scan, text
from arena_pipeline.settings import Source
from engine.errors import SettingsError

BOTS = (
    "(?i)bot|crawl|spider|slurp|archiver|curl|wget|python|java/|go-http|okhttp|libwww|scrapy|headless|phantom|monitor|"
    "pingdom|uptime|preview|facebookexternalhit|lighthouse|scan"
)
LINE = (
    r"^(\S+) \S+ \S+ \[([^\]]+)\] "
    r'"([A-Z]+) (\S+)[^"]*" (\d{3}) \S+'
    r'(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?'
)
_PARTS = ("host", "moment", "method", "path", "status", "referrer", "agent")
MOMENT = "%d/%b/%Y:%H:%M:%S %z"


def look_at_lines(_connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Look:
    """Lines of text."""
    return make_look(path, "csv", {"line": "VARCHAR"}, line_scan(path, source.encoding or "utf-8"))


def page_views(look: Look, source: Source) -> str:
    """Requests of product pages."""
    if source.item_pattern is None:
        raise SettingsError(
            "item_pattern must be given for an access log",
            place="arena.toml, sources.page_views",
            remedy="Write the path of a product page with a group for the item: item_pattern = '/products/([^/?#]+)'",
        )
    parts = ", ".join(text(part) for part in _PARTS)
    pattern, bots = text(source.item_pattern), text(source.bot_pattern or BOTS)
    wanted = (
        f"method = 'GET' and status in ('200', '304') and regexp_matches(path, {pattern}) "
        f"and agent not in ('', '-') and not regexp_matches(agent, {bots})"
    )
    return (
        f"select {moment('seen', MOMENT)} as event_timestamp, item_id, visitor_id, 'access_log' as source, source_row "
        f"from (select source_row, nullif(moment, '') as seen, "
        f"nullif(url_decode(regexp_extract(path, {pattern}, 1)), '') as item_id, "
        f"nullif(host || ' ' || agent, ' ') as visitor_id, host "
        f"from (select source_row, unnest(regexp_extract(line, {text(LINE)}, [{parts}])) from {look.rows} "
        f"where line is not null) where host = '' or ({wanted}))"
    )


ACCESS_LOG = Adapter(
    name="access_log",
    title="web server log in the combined format",
    tables={
        "page_views": (
            Mapping((("line",),), page_views, ("event_timestamp", "item_id", "visitor_id", "source")),
        )
    },
    look=look_at_lines,
)  # fmt: skip
