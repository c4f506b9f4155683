"""The Jupyter server extension: settings -> services -> routes, wired here and nowhere else."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.platform.asyncio import BaseAsyncIOLoop
from traitlets import Bool, Float, Int, List, TraitError, Unicode, validate

from .companions import RULES
from .errors import BadRequest
from .handlers.document import document
from .handlers.routes import ROUTES, tornado_routes
from .handlers.schemas import JOB_EVENT, job_event
from .handlers.services import Services, request_threads
from .jobs.board import Board
from .jobs.directory import set_directory
from .jobs.kept import KeptUploads
from .jobs.ownership import Owner
from .jobs.recovery import LeftOver, go_on, recover
from .jobs.runner import Runner
from .jobs.store import Store, default_path
from .jobs.uploads import Uploads
from .models import Job, ServerInfo
from .s3.guard import Policy, enforce, policy
from .s3.hushed import hush
from .slicing.places import CONNECTION_VARIABLE, PLACE_VARIABLE, checked_place


class CloudDataCockpit(ExtensionApp):
    """Data Cockpit in a Jupyter server."""

    name = "cloud_data_cockpit"
    extension_url = "/lab"
    load_other_extensions = True

    open_panel = Bool(False, help="Open the Cockpit in the left sidebar when JupyterLab starts.").tag(config=True)
    default_connection = Unicode("", help="Name of the connection that the panel shows first.").tag(config=True)
    max_jobs = Int(2, min=1, help="Partitions, indexes and benchmarks that run at once; others wait.").tag(config=True)
    keep_jobs = Int(1000, min=1, help="Jobs that are kept in the list; older ones that have ended are forgotten.").tag(
        config=True
    )
    keep_jobs_days = Float(90.0, min=0.0, help="Days after which a job that has ended is forgotten.").tag(config=True)
    max_upload_parts = Int(4, min=1, help="Parts of 8 MiB held at once, over all uploads.").tag(config=True)
    upload_idle_seconds = Int(
        900, min=1, help="An upload of which nothing has come for so long is interrupted: its page was closed."
    ).tag(config=True)
    upload_keep_days = Float(
        7.0, min=0.0, help="Days after which an interrupted upload is given up, and what it left in S3 aborted."
    ).tag(config=True)

    index_place = Unicode(
        "",
        help="Where indexes are kept: s3://bucket/prefix/ of yours, which all who may read it share; else this machine."
        " Kernels started by this server use it too.",
    ).tag(config=True)
    index_connection = Unicode(
        "", help="Name of the connection that reaches index_place; else the one by which the data are read."
    ).tag(config=True)

    allow_user_endpoints = Bool(
        True, help="Whether users may add connections to S3 services of their own, besides AWS and what is configured."
    ).tag(config=True)
    allowed_hosts = List(
        Unicode(),
        help="Glob patterns of the only hosts that connections may lead to, such as *.amazonaws.com; else any.",
    ).tag(config=True)
    allowed_roles = List(
        Unicode(), help="Glob patterns of the only role ARNs that connections may assume; else any."
    ).tag(config=True)
    refuse_private_hosts = Bool(
        False, help="Refuse connections to private and loopback addresses, the demo service's too."
    ).tag(config=True)

    _services: Services | None = None
    _store: Store
    _owner: Owner

    def initialize_settings(self) -> None:
        """Open the store, call jobs of servers that died interrupted, make the services."""
        hush()
        # Through the environment, so that notebooks of this server find the same indexes.
        for variable, value in ((PLACE_VARIABLE, self.index_place), (CONNECTION_VARIABLE, self.index_connection)):
            if value:
                os.environ[variable] = value
        enforce(
            Policy(
                user_endpoints=self.allow_user_endpoints,
                allowed_hosts=tuple(self.allowed_hosts),
                allowed_roles=tuple(self.allowed_roles),
                refuse_private=self.refuse_private_hosts,
            )
        )
        set_directory(self._root)
        self._store = Store(default_path())
        self._owner = Owner(self._store.path.parent)
        left_over = recover(self._store, self._owner, self.keep_jobs, self.keep_jobs_days)
        loop = cast("BaseAsyncIOLoop", self._server.io_loop)
        board = Board(self._store, self._owner.name, self._emit, loop.asyncio_loop)
        threads = request_threads()
        release = version("cloud-data-cockpit")
        self._services = Services(
            info=ServerInfo(
                version=release,
                open_panel=self.open_panel,
                default_connection=self.default_connection or None,
                user_endpoints=policy().user_endpoints,
                companions=RULES,
            ),
            document=document(ROUTES, release),
            board=board,
            runner=Runner(board, self.max_jobs, threads=threads),
            threads=threads,
            uploads=Uploads(
                board,
                KeptUploads(self._store),
                self._owner,
                threads,
                max_parts=self.max_upload_parts,
                idle=self.upload_idle_seconds,
                keep_days=self.upload_keep_days,
            ),
        )
        if JOB_EVENT not in self._events.schemas:
            self._events.register_event_schema(job_event())
        loop.add_callback(self._go_on, left_over)

    def initialize_handlers(self) -> None:
        """One Tornado route a path of the table."""
        if self._services is not None:
            self.handlers.extend(tornado_routes(self._services))

    async def stop_extension(self) -> None:
        """Stop jobs and uploads, then close what is open."""
        services, self._services = self._services, None
        if services is None:
            return
        await services.uploads.close()
        await services.runner.close()
        services.board.close()
        for threads in (services.threads, services.desk, services.streams):
            threads.shutdown(wait=False, cancel_futures=True)
        self._store.close()
        self._owner.close()

    async def _go_on(self, left_over: list[LeftOver]) -> None:
        if self._services is not None:
            self._services.uploads.begin_watching()
            await go_on(self._store, self._services.runner, left_over)

    @validate("index_place")
    def _a_place(self, proposal: Any) -> str:
        try:
            return checked_place(proposal["value"])
        except BadRequest as error:
            raise TraitError(error.message) from None

    @property
    def _server(self) -> ServerApp:
        if self.serverapp is None:
            raise RuntimeError("Data Cockpit has not been linked to a Jupyter server")
        return self.serverapp

    @property
    def _root(self) -> Path | None:
        """Jupyter's own directory; None where its files are kept in no directory."""
        root = getattr(self._server.contents_manager, "root_dir", None) or self._server.root_dir
        return Path(root).expanduser() if root else None

    @property
    def _events(self) -> EventLogger:
        return cast("EventLogger", self._server.event_logger)

    def _emit(self, job: Job) -> None:
        self._events.emit(schema_id=JOB_EVENT, data=job.model_dump(mode="json"))
