"""Imported by each Python that `amlclassic run` starts: http.client, and who sets trust_env to False, know no proxy.

So the names of the service's hosts are resolved to the emulator's proxy, which speaks TLS by itself; the certificate is
still checked for the name that the program asked for. Kept to what Python 2.7 reads too, for the sake of old programs.
"""

import os
import re
import socket
import sys

REAL = re.compile(r"\.(azureml\.net|blob\.core\.windows\.net)\.?$", re.IGNORECASE)
PROXY = re.match(r"http://([0-9.]+):([0-9]+)$", os.environ.get("AMLCLASSIC_RUN_PROXY", ""))
_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, *others, **named):
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if PROXY and name and REAL.search(name) and str(port) in ("443", "80", "https", "http"):
        host, port = PROXY.group(1), int(PROXY.group(2))
    return _getaddrinfo(host, port, *others, **named)


socket.getaddrinfo = getaddrinfo


def _load_own():
    """Run the sitecustomize that would have been found without this one."""
    try:
        from importlib.machinery import PathFinder
        from importlib.util import module_from_spec
    except ImportError:  # Python 2
        return
    here = os.path.dirname(os.path.abspath(__file__))
    found = PathFinder.find_spec("sitecustomize", [path for path in sys.path if os.path.abspath(path) != here])
    if found is not None and found.loader is not None:
        found.loader.exec_module(module_from_spec(found))


_load_own()
