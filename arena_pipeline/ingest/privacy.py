"""The secret that visitor ids are hashed with; it never leaves the workspace's var folder."""

import os
import re
import secrets
from pathlib import Path

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
