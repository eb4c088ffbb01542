"""A server that gives the key back, in whatever encoding: it is nowhere in what a run leaves behind."""

import contextlib
import gc
import io
import json
import os
import pickle
import re
import sqlite3
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console
from rich.traceback import Traceback

import promptlab
from promptlab import Completion, Lab, Limits, charts, export_csv, export_jsonl
from promptlab._ci import Told, job_summary, junit_xml
from promptlab._redact import MASK
from promptlab.report import page
from tests.servers import Reply, ScriptedServer, chat
from tests.test_redact import ENCODERS

KEY = "sk-live-T3stKeyAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCd"
ENOUGH = 15
"""Characters of the key that would be a leak, in whatever encoding."""


def windows():
    """Give what would be a leak, by its length: also a level of JSON or HTML further down."""
    found = {}
    for encode in ENCODERS.values():
        for before in ("", "x", "xy", "xyz", "wxyz"):
            form = encode(before + KEY).lower()
            for one in (
                form,
                json.dumps(form),
                form.replace("&", "&amp;"),
                form.replace("\\", "<span>\\</span>"),
            ):
                size = max(26, ENOUGH * len(one) // len(KEY))
                start = 5 * len(one) // len(KEY) + 2
                found.setdefault(size, set()).update(
                    one[at : at + size] for at in range(start, len(one) - size - start)
                )
    return found


WINDOWS = windows()
PROBES = {piece[:9] for pieces in WINDOWS.values() for piece in pieces}


def leaks(text):
    """Give the pieces of the key that stand in a text, in any encoding."""
    low = text.lower()
    near = [at for at in range(len(low)) if low[at : at + 9] in PROBES]
    return {
        low[at : at + size]
        for size, pieces in WINDOWS.items()
        for at in near
        if low[at : at + size] in pieces
    }


def echo(call):
    """Answer with the key in the encoding that the prompt names, at the place that it names."""
    where, name = call.text.split("|")[:2]
    said = ENCODERS[name](f"your key is {KEY}, is it not")
    wrapped = json.dumps({"found": said, "confidence": 0.9})
    replies = {
        "answer": lambda: Reply(chat(said)),
        "json": lambda: Reply(chat(wrapped)),
        "refusal": lambda: Reply(chat(None, refusal=said)),
        "error": lambda: Reply({"error": {"message": said, "type": said, "code": said, "param": said}}, 400),
        "body": lambda: Reply(f"<html>{said}</html>".encode(), 422, {"content-type": "text/html"}),
        "ok-body": lambda: Reply(said.encode("utf-8", "replace")),
        "model": lambda: Reply(chat("ok") | {"model": said, "id": said, "system_fingerprint": said}),
        "finish": lambda: Reply(_finished(said)),
        "header": lambda: Reply(
            chat("ok"),
            200,
            {
                "x-request-id": said.replace("\n", " ")
                .encode("latin-1", "ignore")
                .decode("latin-1")
                .replace("\0", "")
            },
        ),
    }
    return replies[where]()


def _finished(said):
    made = chat("ok")
    made["choices"][0]["finish_reason"] = said
    return made


PLACES = ("answer", "json", "refusal", "error", "body", "ok-body", "model", "finish", "header")
CASES = [
    {"id": f"{where}-{name}", "input": {"w": f"{where}|{name}|"}, "expect": {"equals": "no"}, "tags": [where]}
    for where in PLACES
    for name in ENCODERS
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run in which every answer gives the key back; with what it showed and wrote."""
    folder = tmp_path_factory.mktemp("keys")
    out, err = io.StringIO(), io.StringIO()
    with ScriptedServer() as server, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        server.says(echo)
        os.environ["PROMPTLAB_PROGRESS"] = "text"
        try:
            lab = Lab(
                base_url=server.base_url, api_key=KEY, store=folder / "lab.sqlite3", display="text",
                limits=Limits(max_attempts=1, timeout=20),
            )  # fmt: skip
            frame = promptlab.run_parallel(CASES, "{{ w }}", workers=8, lab=lab)
        finally:
            del os.environ["PROMPTLAB_PROGRESS"]
    assert len(frame) == len(CASES)
    assert all(call.headers["authorization"] == f"Bearer {KEY}" for call in server.calls)
    yield {
        "lab": lab,
        "frame": frame,
        "out": out.getvalue(),
        "err": err.getvalue(),
        "folder": folder,
    }
    lab.close()


def test_leak_is_found_where_there_is_one():
    """What looks for leaks finds the key in each encoding; a test that sees nothing would prove nothing."""
    for name, encode in ENCODERS.items():
        assert leaks(f"x {encode(f'your key is {KEY}, is it not')} y"), name
    assert not leaks("your key is, is it not " * 100)
    assert not leaks(MASK * 10)


def test_lines_hold_no_key(ran):
    """Neither standard output nor standard error shows it."""
    assert len(ran["out"].splitlines()) > len(CASES)
    assert not leaks(ran["out"] + ran["err"])


def test_frame_holds_no_key(ran):
    """No cell, no name, no attribute of the frame holds it; nor does its pickle, its repr, its HTML."""
    frame = ran["frame"]

    assert (frame["status"] != "pass").all()
    assert not leaks(json.dumps(frame.attrs))
    assert not leaks("\n".join(str(cell) for name in frame for cell in [name, *frame[name]]))
    assert not leaks(json.dumps(list(frame["answer"]), default=str, ensure_ascii=False))
    assert not leaks(pickle.dumps(frame).decode("latin-1"))
    assert not leaks(repr(frame) + frame.to_html() + frame.to_string())


def test_records_hold_no_key(ran):
    """Neither the notebook's record, nor the written page, the JUnit file or the job's summary holds it."""
    result = ran["lab"].last
    told = Told(run=result.run, rows=result.outcomes, summary=result.summary)
    bundle = result.record.bundle()

    written = [
        *bundle.values(), page("title", [result.record.html()]), job_summary([told]), repr(result.record),
        junit_xml(result.run, result.outcomes, 1.0).decode(), repr(result), repr(result.outcomes),
    ]  # fmt: skip

    assert [len(leaks(text)) for text in written] == [0] * len(written)


def test_exports_hold_no_key(ran, tmp_path):
    """Neither CSV nor JSON Lines nor a chart holds it."""
    written = [
        export_csv(ran["frame"], tmp_path / "a.csv").read_text(encoding="utf-8"),
        export_jsonl(ran["frame"], tmp_path / "a.jsonl").read_text(encoding="utf-8"),
        charts.limit(ran["frame"])._repr_png_().decode("latin-1"),
    ]

    assert [len(leaks(text)) for text in written] == [0, 0, 0]


def test_store_holds_no_key(ran):
    """No byte of the store, and nothing that is read from it, holds it."""
    folder = ran["folder"]
    ran["lab"].store.runs()
    raw = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    with contextlib.closing(sqlite3.connect(folder / "lab.sqlite3")) as store:
        dump = "\n".join(store.iterdump())
    cells = "\n".join(bytes.fromhex(piece).decode("latin-1") for piece in _blobs(dump))
    outcomes = ran["lab"].store.outcomes(ran["lab"].last.run.id)

    assert len(raw) > 50_000
    assert not leaks(raw.decode("latin-1"))
    assert not leaks(dump)
    assert not leaks(cells)
    assert not leaks("\n".join(map(repr, outcomes)))


def _blobs(dump):
    return [found for found in re.findall(r"X'([0-9A-Fa-f]*)'", dump) if len(found) % 2 == 0]


def test_reprs_and_tracebacks_hold_no_key(ran):
    """A lab, its parts, and a traceback that shows every local value do not show it; pickling the lab is refused."""
    lab = ran["lab"]

    def broken(_case):
        raise RuntimeError(f"401 for {KEY} and {ENCODERS['base64'](KEY)}")

    shown = [repr(lab), repr(vars(lab)), repr(lab.last), str(lab)]
    with pytest.raises(TypeError):
        pickle.dumps(lab)
    frame = promptlab.run_parallel(CASES[:2], broken, lab=lab)
    shown += [*frame["reason"], lab.last.record.text()]
    shown += _tracebacks(lab)
    assert (frame["error"] == "target").all()

    assert [len(leaks(text)) for text in shown] == [0] * len(shown)


def _tracebacks(lab):
    """Give what two kinds of traceback show of a call that went wrong, local values and all."""
    try:
        promptlab.run_parallel(CASES[:3], "{{ w }}", workers=-3, lab=lab)
    except promptlab.UsageError as error:
        plain = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        rich = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
        out = io.StringIO()
        Console(file=out, width=300).print(rich)
        return [out.getvalue(), "".join(plain)]
    raise AssertionError("a wrong setting was taken")


def test_what_targets_give_holds_no_key(ran):
    """A completion that an application makes is masked in each of its texts."""
    said = f"it is {KEY}"
    given = Completion(text=said, model=said, finish_reason=said, notes=(said,), logprobs=((said, -0.1),))

    promptlab.run_parallel(CASES[:1], lambda _: given, lab=ran["lab"])

    assert not leaks(repr(ran["lab"].last))


def test_no_thread_shows_the_key(ran):
    """The local values of every thread that the library leaves running do not show it."""
    shown = []
    for innermost in sys._current_frames().values():
        frame = innermost
        while frame is not None:
            if "promptlab" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
                shown.append(repr(list(frame.f_locals.values())))
            frame = frame.f_back
    gc.collect()

    assert not leaks("\n".join(shown))


class Echo(BaseHTTPRequestHandler):
    """Answers with the key it was sent, as servers do that say which one is wrong."""

    def do_POST(self):
        """Give the key back in base64, in an error."""
        self.rfile.read(int(self.headers["content-length"]))
        said = ENCODERS["base64"](self.headers["authorization"])
        body = json.dumps({"error": {"message": f"bad key {self.headers['authorization']} {said}"}}).encode()
        self.send_response(400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


def test_command_leaves_no_key(tmp_path):
    """The command line writes it neither on its outputs nor into any of its files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    (tmp_path / "suite.json").write_text('[{"id": "a", "input": {"w": "x"}, "expect": {"equals": "no"}}]')
    (tmp_path / "prompt.md").write_text("{{ w }}")
    files = {"--json": "o.json", "--html": "o.html", "--junitxml": "o.xml", "--summary": "o.md"}
    names = [word for pair in files.items() for word in pair]
    command = [
        sys.executable,
        "-m",
        "promptlab",
        "run",
        "suite.json",
        "--prompt",
        "prompt.md",
        "--table",
        *names,
    ]
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}/v1"}
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert done.returncode == 3
    assert MASK in done.stdout
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= set(files.values())
    assert not leaks(done.stdout + done.stderr)
    assert [path.name for path in written if leaks(path.read_bytes().decode("latin-1"))] == []
