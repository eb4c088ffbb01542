"""Runs, outcomes and remembered completions in one SQLite file. `sqlite3` lives here alone."""

from promptlab._store._history import Expected
from promptlab._store._keys import endpoint_name, request_key
from promptlab._store._ledger import Entry, Ledger
from promptlab._store._store import Store, StoreCache, open_store

__all__ = ["Entry", "Expected", "Ledger", "Store", "StoreCache", "endpoint_name", "open_store", "request_key"]
