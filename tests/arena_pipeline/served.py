"""A Dagster web server on a workspace, and the queries that docs/graphql.md prints."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.arena_pipeline.workspaces import Workspace

PAGE = Path(__file__).parents[2] / "docs" / "graphql.md"
START_SECONDS = 60


def documented_queries() -> dict[str, str]:
    """Operation name to text of every fenced graphql block of the page."""
    blocks = re.findall(r"^```graphql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return {re.match(r"(?:query|mutation) (\w+)", block).group(1): block for block in blocks}


def documented_variables() -> dict[str, dict[str, Any]]:
    """Operation name to the example variables that follow its block, for those that have some."""
    pairs = re.findall(
        r"^```graphql\n(?:query|mutation) (\w+)[^`]*```\n\n```json\n(.*?)^```",
        PAGE.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return {name: json.loads(text) for name, text in pairs}


@dataclass(frozen=True)
class Server:
    """A running web server."""

    url: str
    workspace: Workspace

    def ask(self, name: str, **variables: Any) -> dict[str, Any]:
        """Answer to one of the documented queries."""
        return self.execute(documented_queries()[name], variables)

    def execute(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)  # noqa: S310 - our own loopback server
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the same
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@contextmanager
def serve(workspace: Workspace, *options: str) -> Iterator[Server]:
    """`dagster-webserver` on a free loopback port, stopped on leaving."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    log = workspace.folder / f"webserver-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "-m", "arena_pipeline.definitions", *options],
            cwd=workspace.folder,
            env=workspace.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _when_ready(Server(f"http://127.0.0.1:{port}", workspace), process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _when_ready(server: Server, process: subprocess.Popen, log: Path) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.ask("Locations")
        except OSError:
            time.sleep(0.2)
        else:
            return server
    raise AssertionError(f"the web server did not start:\n{log.read_text()}")
