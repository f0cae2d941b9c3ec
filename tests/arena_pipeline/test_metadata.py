import re
from urllib.parse import unquote

import dagster as dg
import polars as pl
import pytest

from arena_pipeline.metadata import SPARK_HEIGHT, SPARK_POINTS, SPARK_WIDTH, frame_metadata, markdown_table, sparkline
from arena_pipeline.runs import workspace_instance


def points_of(markdown):
    svg = unquote(re.search(r"\(data:image/svg\+xml,(.*?)\)", markdown).group(1))
    points = re.search(r'points="([^"]*)"', svg).group(1).split()
    return [tuple(int(number) for number in point.split(",")) for point in points]


def test_sparkline_spans_the_picture_from_low_to_high():
    markdown = sparkline([0.0, 5.0, 10.0], "units").value
    assert points_of(markdown) == [(0, SPARK_HEIGHT - 2), (SPARK_WIDTH // 2, SPARK_HEIGHT // 2), (SPARK_WIDTH, 2)]
    assert markdown.startswith("![units](data:")
    assert markdown.endswith(" 0 … 10")


@pytest.mark.parametrize("days", [40, 41, 374, 1095])
def test_sparkline_is_thinned_and_short_enough_to_show_inline(days):
    markdown = sparkline([float(day % 13) * 1000 for day in range(days)], "inventory at cost").value
    assert len(points_of(markdown)) <= SPARK_POINTS
    assert len(markdown) < 1000


def test_flat_and_empty_curves_have_a_picture_too():
    assert len({y for _, y in points_of(sparkline([3.0, 3.0], "x").value)}) == 1
    assert sparkline([], "x").value.endswith(" 0 … 0")


def test_markdown_table_formats_cells():
    table = markdown_table([{"name": "a", "share": 0.12345, "money": 12345.6, "none": None, "count": 7}])
    assert isinstance(table, dg.MarkdownMetadataValue)
    assert table.value.splitlines() == [
        "| name | share | money | none | count |",
        "|---|---|---|---|---|",
        "| a | 0.123 | 12,346 |  | 7 |",
    ]
    assert markdown_table([]).value == "(no rows)"


def test_a_bar_in_a_name_does_not_break_the_table():
    (row,) = markdown_table([{"name": "a|b"}]).value.splitlines()[2:]
    assert len(re.findall(r"(?<!\\)\|", row)) == 2


def test_frame_metadata_uses_the_names_that_dagster_plots():
    metadata = frame_metadata(pl.DataFrame({"day": [1], "price": [0.5]}))
    assert metadata["dagster/row_count"].value == 1
    columns = metadata["dagster/column_schema"].value.columns
    assert [(column.name, column.type) for column in columns] == [("day", "Int64"), ("price", "Float64")]


def test_inline_markdown_of_the_pipeline_stays_short(ran):
    with workspace_instance(ran.settings) as instance:
        for key in instance.all_asset_keys():
            event = instance.get_latest_materialization_event(key)
            for label, value in event.asset_materialization.metadata.items():
                if isinstance(value, dg.MarkdownMetadataValue) and "data:image" in value.value:
                    assert len(value.value) < 1000, (key, label)
