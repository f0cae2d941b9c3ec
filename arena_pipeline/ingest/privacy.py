"""The secret that visitor ids are hashed with, which never leaves the workspace's var folder; and being forgotten."""

import os
import re
import secrets
from pathlib import Path

import duckdb

from arena_pipeline.warehouse import Warehouse
from engine.errors import InputError

FILE_NAME = "visitor_salt"


def salt_of(var: Path) -> str:
    """The workspace's secret, made on first use; hexadecimal, 16 bytes: a visitor id and it fill one block of SHA-256.

    Raises:
        InputError: the file does not hold such a secret.
    """
    path = var / FILE_NAME
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        draft = var / f".{FILE_NAME}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(16))
        try:
            os.link(draft, path)  # fails when another process was faster: its secret counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    salt = path.read_text().strip()
    if not re.fullmatch(r"[0-9a-f]{32}", salt):
        remedy = "Restore the file, or remove it and ingest everything anew (`arena ingest --rebuild`)"
        raise InputError("must hold 32 hexadecimal digits", place=str(path), remedy=remedy)
    return salt


def hashed(identity: str, salt: str) -> str:
    """SQL of the stored hash of an identity; both are SQL expressions of texts."""
    return f"cast('0x' || sha256({salt} || {identity})[1:16] as ubigint)"


def forget(warehouse: Warehouse, var: Path, identity: str) -> int:
    """Delete all rows of a visitor, and keep those that files still hold from coming back.

    What is kept is the salted hash, so that the person stays out after `arena ingest --rebuild` too. The files
    themselves belong to the shop: remove the visitor there as well.

    Returns:
        Rows deleted.
    """
    with warehouse.transaction() as connection:
        create_forgotten(connection)
        found = connection.execute(f"select {hashed('?', '?')}", [salt_of(var), identity.strip()]).fetchone()
        person = found[0] if found else None
        connection.execute(
            "insert into privacy.forgotten select ? where ? not in (from privacy.forgotten)", [person] * 2
        )
        exists = connection.execute(
            "select 1 from information_schema.tables where table_schema = 'logs' and table_name = 'page_views'"
        ).fetchone()
        deleted = (
            connection.execute("delete from logs.page_views where visitor_id = ?", [person]).fetchone()
            if exists
            else None
        )
    with warehouse.connect() as connection:
        connection.execute("checkpoint")
    return int(deleted[0]) if deleted else 0


def create_forgotten(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of forgotten visitors, outside the schema that a rebuild removes."""
    connection.execute("create schema if not exists privacy")
    connection.execute("create table if not exists privacy.forgotten (visitor_id ubigint)")
