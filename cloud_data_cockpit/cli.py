"""The command line: demo, serve-s3, doctor, jobs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import BadRequest, CockpitError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cloud-data-cockpit", description="Find cloud data in JupyterLab, cut it exactly, load the slices."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser("demo", help="start the demo S3 service with sample data, and JupyterLab over it")
    demo.add_argument(
        "--dir", type=Path, help="where the demo service keeps its data (default: the user's data folder)"
    )
    demo.add_argument("--notebook-dir", type=Path, default=Path(), help="where JupyterLab starts (default: here)")
    demo.add_argument("--port", type=int, default=8888, help="port of JupyterLab (the next free one is taken)")
    demo.add_argument("--s3-port", type=int, default=0, help="port of the demo service (default: any free one)")
    demo.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")

    serve = commands.add_parser("serve-s3", help="run the demo S3 service alone")
    serve.add_argument("--dir", type=Path, required=True, help="where it keeps its data")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    serve.add_argument("--access-key", help="default: made once and kept in DIR")
    serve.add_argument("--secret-key", help="default: made once and kept in DIR")

    doctor = commands.add_parser("doctor", help="what is installed, enabled, reachable, and what is missing")
    doctor.add_argument("--json", action="store_true", help="as JSON")
    doctor.add_argument("--timeout", type=float, default=3.0, help="seconds to wait for an endpoint")

    jobs = commands.add_parser("jobs", help="list jobs; show one, its log; cancel, resume or retry it")
    jobs.add_argument("action", nargs="?", default="list", choices=("list", "show", "log", "cancel", "resume", "retry"))
    jobs.add_argument("job", nargs="?", help="its id, or the beginning of it")
    jobs.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command == "serve-s3":
        from .demo.service import serve

        serve(options.dir, options.port, access_key=options.access_key, secret_key=options.secret_key)
        return 0
    if options.command == "demo":
        from .demo.launch import launch

        return launch(
            directory=options.dir,
            notebook_dir=options.notebook_dir,
            port=options.port,
            s3_port=options.s3_port,
            browser=not options.no_browser,
        )
    if options.command == "jobs":
        return _jobs(options)
    from .doctor import as_json, as_text, examine

    report = examine(timeout=options.timeout)
    print(as_json(report) if options.json else as_text(report))
    return 0 if report.healthy else 1


def _jobs(options: argparse.Namespace) -> int:
    from . import job_list

    if options.action == "list":
        found = job_list.jobs()
        print(job_list.as_json(found) if options.json else job_list.as_table(found))
        return 0
    if not options.job:
        raise BadRequest(f"name the job to {options.action} by its id: `cloud-data-cockpit jobs` lists them")
    if options.action == "log":
        lines = job_list.log(options.job)
        print(lines.model_dump_json(indent=2) if options.json else job_list.log_as_text(lines))
        return 0
    one = job_list.job(options.job) if options.action == "show" else job_list.change(options.action, options.job)
    print(job_list.as_json([one]) if options.json else job_list.as_text(one))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 1 when not, 2 when the command line is wrong."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except CockpitError as error:
        print(f"cloud-data-cockpit: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
