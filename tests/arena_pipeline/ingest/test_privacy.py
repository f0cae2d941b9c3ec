"""Visitors: salted hashes only, and a way out; nothing is fetched."""

import duckdb
import pytest

from arena_pipeline.ingest.privacy import forget
from tests.arena_pipeline.test_cli import arena
from tests.arena_pipeline.workspaces import bare_workspace

VIEWS = "event_timestamp,item_id,visitor_id\n"
ROWS = "".join(f"2011-01-05T10:00:0{n},A1,{who}\n" for n, who in enumerate(["jane", "john", " jane", "jane doe"]))


def test_a_visitor_is_forgotten_and_stays_out(shop):
    shop.write("page_views", VIEWS + ROWS, "a.csv")
    shop.ingest("page_views")
    assert forget(shop.warehouse, shop.settings.var, "jane") == 2
    assert len(shop.rows("page_views")) == 2
    shop.write("page_views", VIEWS + "2011-01-06T10:00:00,A2,jane\n2011-01-06T10:00:00,A2,ann\n", "b.csv")
    assert shop.ingest("page_views").of_table("page_views")["rows_new"] == 1
    shop.ingest("page_views", rebuild=True)
    assert len(shop.rows("page_views")) == 3
    assert forget(shop.warehouse, shop.settings.var, "jane") == 0
    assert shop.warehouse.read("select count(*) from privacy.forgotten").item() == 1


def test_somebody_may_be_forgotten_before_the_first_ingest(shop):
    assert forget(shop.warehouse, shop.settings.var, "jane") == 0
    shop.write("page_views", VIEWS + ROWS, "a.csv")
    shop.ingest("page_views")
    assert len(shop.rows("page_views")) == 2


def test_the_command_says_what_remains_to_do(tmp_path):
    workspace = bare_workspace(tmp_path / "shop")
    code, output = arena("forget", "jane", workspace=workspace)
    assert code == 0
    assert "0 page views deleted" in output
    assert "Remove them from your files too" in " ".join(output.split())
    assert "jane" not in output


def test_the_secret_is_in_no_message_and_no_report(shop):
    shop.write("page_views", VIEWS + ROWS + "never,A1,jane\n", "a.csv")
    said = []
    report = shop.ingest("page_views", progress=said.append)
    secret = (shop.workspace / "var/visitor_salt").read_text().strip()
    assert secret not in repr((said, report, shop.rows("quarantine"), shop.rows("conventions")))
    assert secret.encode() not in shop.settings.warehouse_path.read_bytes()


def test_the_database_fetches_no_extension(shop):
    with shop.warehouse.connect() as connection:
        for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert connection.execute(f"select current_setting('{name}')").fetchone() == (False,)
        with pytest.raises(duckdb.Error, match="httpfs"):
            connection.execute("select * from read_csv('https://example.org/a.csv')")
