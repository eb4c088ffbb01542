"""What the ini file and the command line name. Light: it is asked before anything is collected."""

from __future__ import annotations

from pathlib import Path

import pytest

ARGS_GIVEN = "args_given"
"""What the controller of pytest-xdist tells its workers: to them all paths look as if they had been given."""


def named_suites(config: pytest.Config) -> list[Path]:
    """Give the files that `promptlab_suites` names, as paths or globs from the root."""
    found: dict[Path, None] = {}
    for pattern in config.getini("promptlab_suites"):
        exact = config.rootpath / pattern
        if exact.is_file() or Path(pattern).is_absolute():
            paths = [exact] if exact.is_file() else []
        else:
            paths = sorted(path for path in config.rootpath.glob(pattern) if path.is_file())
        found.update(dict.fromkeys(paths))
        if not paths:
            config.issue_config_time_warning(
                pytest.PytestConfigWarning(f"promptlab_suites: there is no file {pattern!r}"), stacklevel=2
            )
    return list(found)


def beside_testpaths(config: pytest.Config) -> list[str]:
    """Give the suites that the ini file names and that its `testpaths` do not lead to."""
    walked = [(config.rootpath / arg).resolve() for arg in config.args]
    return [
        str(path)
        for path in named_suites(config)
        if not any(path.resolve().is_relative_to(folder) for folder in walked)
    ]


def args_given(config: pytest.Config) -> bool:
    """Tell whether paths were given on the command line."""
    told = getattr(config, "workerinput", {}).get("promptlab")
    return bool(told[ARGS_GIVEN]) if told else config.args_source is config.ArgsSource.ARGS
