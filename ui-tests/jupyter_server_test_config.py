"""A Jupyter server for the browser tests: the demo S3 service beside it, known as the connection "demo"."""

import atexit
import os
from pathlib import Path

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.s3.connections import write_demo
from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821
configure_jupyter_server(c)
c.ServerApp.port = int(os.environ["COCKPIT_UI_PORT"])
c.ServerApp.allow_root = True
c.ServerApp.jpserver_extensions = {"cloud_data_cockpit": True}
c.CloudDataCockpit.default_connection = "demo"

service = DemoProcess(Path(os.environ["COCKPIT_UI_DIR"]) / "s3", faults=True)
atexit.register(service.stop)
write_demo(service.endpoint_url, service.access_key, service.secret_key)
