"""Libraries that write secrets into the log at DEBUG are kept above it, in a server that others may read the log of."""

from __future__ import annotations

import logging

LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "lithops")
"""botocore tells signatures, session tokens and the keys that an STS hands out; urllib3 the queries of all URLs."""


def hush() -> None:
    """From now on none of them logs below INFO, not even when the whole server is set to DEBUG."""
    known = list(logging.root.manager.loggerDict)
    below = [name for name in known if name.partition(".")[0] in LIBRARIES]
    for name in {*LIBRARIES, *below}:
        logger = logging.getLogger(name)
        if name in LIBRARIES or logger.level:
            logger.setLevel(max(logger.level, logging.INFO))
