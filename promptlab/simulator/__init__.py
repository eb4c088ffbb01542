"""An OpenAI-compatible server that simulates a provider: answers, latencies, limits and faults.

It is an annex: it imports nothing from the rest of promptlab and nothing beyond the standard library,
and the rest talks to it over HTTP alone. `python -m promptlab.simulator --help` lists what it can do.

    POST /v1/chat/completions      also streaming, with usage
    POST /v1/embeddings            hashed words and n-grams of characters
    GET  /v1/models
    POST, GET /v1/files, /v1/batches   the Batch API, in memory
    GET  /stats, /calls            what was counted; the last calls with their times
    POST /reset                    counts from zero, and begins the script of faults again
    GET  /healthz
"""

from promptlab.simulator._command import main
from promptlab.simulator._options import Options, parse_options
from promptlab.simulator._reply import Reply
from promptlab.simulator._server import Simulator

__all__ = ["Options", "Reply", "Simulator", "main", "parse_options"]
