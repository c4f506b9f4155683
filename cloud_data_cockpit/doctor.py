"""What is installed, enabled and reachable, and what would mend the rest."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from .errors import CockpitError
from .models import ConnectionInfo

PACKAGES = ("cloud-data-cockpit", "jupyterlab", "jupyter-server", "boto3", "pydantic", "numpy", "pandas", "pyarrow")
AWS_ENDPOINT = "https://s3.amazonaws.com"
EXTRAS = {
    "geospatial": ("laspy", "lazrs", "rasterio", "xarray"),
    "genomics": ("pysam",),
    "metabolomics": ("pyimzml",),
    "astronomy": ("python-casacore",),
    "dask": ("dask", "distributed"),
    "dataplug": ("cloud-dataplug",),
    "keyring": ("keyring",),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `cure` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


@dataclass(frozen=True)
class Report:
    """Findings by heading. `healthy` when everything the product cannot do without is there."""

    sections: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return all(finding.ok for name in ("Versions", "JupyterLab") for finding in self.sections[name])


def examine(timeout: float = 3.0) -> Report:
    """Look at this machine; each endpoint is given `timeout` seconds to answer."""
    return Report(
        {
            "Versions": _versions(),
            "JupyterLab": _jupyter(),
            "Connections": _connections(timeout),
            "Formats": _formats(),
            "Extras": _extras(),
        }
    )


def as_json(report: Report) -> str:
    """The report for a program."""
    return json.dumps({"healthy": report.healthy, **asdict(report)}, indent=2)


def as_text(report: Report) -> str:
    """The report for a person."""
    lines: list[str] = []
    for heading, findings in report.sections.items():
        lines += ["", heading] if lines else [heading]
        for finding in findings:
            lines.append(f"  {'ok  ' if finding.ok else 'miss'}  {finding.name:<22} {finding.detail}")
            if finding.cure:
                lines.append(f"        {'':<22} {finding.cure}")
    return "\n".join(lines)


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _versions() -> list[Finding]:
    found = [Finding("python", True, platform.python_version())]
    for package in PACKAGES:
        number = _installed(package)
        cure = "" if number else f"pip install {package}"
        found.append(Finding(package, number is not None, number or "not installed", cure))
    return found


def _first(places: list[str], *below: str) -> Path | None:
    return next((path for place in places if (path := Path(place, *below)).exists()), None)


def _jupyter() -> list[Finding]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    lab = _first(jupyter_path("labextensions"), "cloud-data-cockpit", "package.json")
    server = _first(jupyter_config_path(), "jupyter_server_config.d", "cloud_data_cockpit.json")
    again = "pip install --force-reinstall --no-deps cloud-data-cockpit, in the environment that JupyterLab runs in"
    enabled = server is not None and bool(
        json.loads(server.read_text())["ServerApp"]["jpserver_extensions"].get("cloud_data_cockpit")
    )
    return [
        Finding("front end", lab is not None, str(lab or "not found"), "" if lab else again),
        Finding("server extension", enabled, str(server or "not found"), "" if enabled else again),
    ]


def _connections(timeout: float) -> list[Finding]:
    from .s3.described import list_infos

    return [_reach(info, timeout) for info in list_infos()]


def _reach(info: ConnectionInfo, timeout: float) -> Finding:
    from .s3.connections import resolve
    from .s3.guard import open_socket

    ref = info.ref
    if info.problem is not None:
        return Finding(ref.name, False, info.source, info.problem)
    try:
        client = resolve(ref).client
    except CockpitError as error:
        return Finding(ref.name, False, info.source, error.message)
    endpoint = str(client.meta.endpoint_url or AWS_ENDPOINT)
    parts = urlsplit(endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        open_socket(parts.hostname or "", port, timeout).close()
    except CockpitError as error:
        return Finding(ref.name, False, info.source, error.message)
    except OSError as error:
        cure = "start it with: cloud-data-cockpit demo" if ref.kind == "demo" else "check the endpoint and the network"
        return Finding(ref.name, False, f"{info.source}; {endpoint} does not answer ({error})", cure)
    return Finding(ref.name, True, f"{info.source}; {endpoint} answers")


def _formats() -> list[Finding]:
    from .registry import format_names, get_format, missing_libraries

    found = []
    for name in format_names():
        try:
            format = get_format(name)
        except CockpitError as error:
            found.append(Finding(name, False, "cannot be loaded", error.message))
            continue
        missing = missing_libraries(format)
        detail = f"{format.title}, for which {', '.join(missing)} is missing" if missing else format.title
        cure = f"pip install 'cloud-data-cockpit[{format.extra}]'" if missing else ""
        found.append(Finding(name, not missing, detail, cure))
    return found


def _extras() -> list[Finding]:
    found = []
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if _installed(package) is None]
        detail = f"lacks {', '.join(missing)}" if missing else "installed"
        cure = f"pip install 'cloud-data-cockpit[{extra}]'" if missing else ""
        found.append(Finding(extra, not missing, detail, cure))
    return found
