"""What `docs/models.md` and `docs/suites.md` show, works."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import promptlab
from promptlab import Lab, load_cases

CASES = [
    {"id": "a", "input": {"request": "hello"}, "expect": {"contains": "hello"}},
    {"id": "b", "input": {"request": "x"}},
]


def blocks(repository, name: str, language: str) -> list[str]:
    text = (repository / "docs" / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", ["models.md", "suites.md"])
def test_shown_code_compiles(repository, name):
    """Every example is Python."""
    for block in blocks(repository, name, "python"):
        compile(block, name, "exec")


def test_shown_expectations_are_read(repository, tmp_path):
    """Every expectation that is shown can stand in a suite."""
    for name in ("models.md", "suites.md"):
        for number, block in enumerate(blocks(repository, name, "yaml")):
            path = tmp_path / f"{name}{number}.yaml"
            path.write_text(
                "cases:\n- id: a\n" + "".join(f"  {line}\n" for line in block.splitlines()), encoding="utf-8"
            )
            assert load_cases(path)[0].expect


def test_shown_sdk_target_works(repository):
    """The worked example of another SDK runs against a client of that shape."""
    code = next(block for block in blocks(repository, "models.md", "python") if "client.generate" in block)
    reply = SimpleNamespace(text="hello", model="other", usage=SimpleNamespace(input=10, output=5))
    names = {"client": SimpleNamespace(generate=lambda _: reply), "cases": CASES}

    exec(code, names)

    assert names["frame"]["status"].tolist() == ["pass", "ungraded"]
    assert names["frame"]["cost_usd"][0] == pytest.approx(6e-6)


def test_shown_mlflow_observer_works(repository, tmp_path, monkeypatch):
    """The observer for MLflow logs a run's figures, and no text where it is not told to."""
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)  # where MLflow puts its files
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    names: dict = {}
    exec(
        next(block for block in blocks(repository, "models.md", "python") if "import mlflow" in block), names
    )

    told = []
    for observer in (names["ToMlflow"](), names["ToMlflow"](texts=True)):
        with Lab(display=[observer], store="off") as lab:
            promptlab.run_parallel(CASES, lambda case: case.input["request"], lab=lab)
        run = mlflow.last_active_run()
        assert (run.data.metrics["passed"], run.data.params["suite"]) == (1, "cases")
        files = [one.path for one in mlflow.MlflowClient().list_artifacts(run.info.run_id)]
        told.append(("hello" in str(run.to_dictionary()), files))

    assert told == [(False, []), (False, ["answers.json"])]


def test_shown_span_observer_works(repository):
    """The observer for OpenTelemetry makes a span for each row under one for the run, with texts on request alone."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider, names = InMemorySpanExporter(), TracerProvider(), {}
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exec(
        next(block for block in blocks(repository, "models.md", "python") if "opentelemetry" in block), names
    )

    with Lab(display=[names["ToSpans"](provider.get_tracer("test"))], store="off") as lab:
        promptlab.run_parallel(CASES, lambda case: case.input["request"], lab=lab)

    spans = exporter.get_finished_spans()
    assert sorted(span.name for span in spans) == ["a", "b", "run cases"]
    (run,) = [span for span in spans if span.name == "run cases"]
    assert all(span.parent.span_id == run.context.span_id for span in spans if span is not run)
    assert all(run.start_time <= span.start_time <= span.end_time for span in spans)
    assert "hello" not in "".join(span.to_json() for span in spans)

    exporter.clear()
    with Lab(display=[names["ToSpans"](provider.get_tracer("test"), texts=True)], store="off") as lab:
        promptlab.run_parallel(CASES, lambda case: case.input["request"], lab=lab)
    assert "hello" in "".join(span.to_json() for span in exporter.get_finished_spans())
