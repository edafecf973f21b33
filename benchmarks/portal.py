"""Server time of every page with 1,000 endpoints and 1,000 jobs, beside the samples alone, in one run, as ratios.

    python benchmarks/portal.py [--endpoints 1000] [--jobs 1000] [--rounds 30]

A request goes through the whole WSGI application with no socket, so that what is measured is the server's own work. The
two emulators take turns, so a drift of the machine hits both. Ends with 1 when a page's median is over the limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from werkzeug.test import Client

from amlemulator import Emulator
from amlemulator.core.batch import Submission
from amlemulator.core.endpoints import Settings

LIMIT = 50.0  # milliseconds, of issue and README
HEADERS = {"Accept": "text/html", "Host": "127.0.0.1:8350"}


def fill(emulator: Emulator, endpoints: int, jobs: int) -> None:
    """Add endpoints to the scoring service, and jobs to the training service's default endpoint."""
    workspace = emulator.directory.workspaces()[0]
    training, scoring = emulator.directory.services(workspace.id)[:2]
    for number in range(endpoints):
        emulator.administration.put_endpoint(scoring.id, f"endpoint{number:05}", Settings())
    default = emulator.directory.endpoints(training.id)[0]
    for _ in range(jobs):
        emulator.batch.submit(default, Submission(), legacy=False)
    for number in range(1000):
        emulator.journal.note(
            str(number), 0.0, "POST", f"/x/services/{number}/execute?api-version=2.0", "rrs.execute", 200
        )


def pages(emulator: Emulator) -> dict[str, str]:
    """Return a name and an address of each page."""
    workspace = emulator.directory.workspaces()[0]
    training, scoring = emulator.directory.services(workspace.id)[:2]
    last = emulator.directory.endpoints(scoring.id)[-1]
    service = f"/portal/workspaces/{workspace.id}/webservices/{scoring.id}"
    help_page = f"/studio/apihelp/workspaces/{workspace.id}/webservices/{scoring.id}/endpoints/{last.id}"
    studio = f"/studio/workspaces/{workspace.id}"
    experiment = f"{studio}/experiments/{workspace.id}.f-id.{training.experiment[:32]}"
    found = {
        "sign in": "/portal/",
        "web services": "/portal/classic",
        "web service": service,
        "web service, last page": f"{service}?page=9999",
        "web service, searched": f"{service}?q=endpoint009",
        "new endpoint": f"{service}/newendpoint",
        "endpoint": f"{service}/endpoints/{last.id}",
        "models": f"{service}/models",
        "jobs": "/portal/jobs",
        "jobs, searched": "/portal/jobs?q=NotStarted",
        "retraining": "/portal/retraining",
        "requests": "/portal/requests",
        "help": help_page,
        "help, score": f"{help_page}/score",
        "help, jobs": f"{help_page}/jobs",
        "help, update": f"{help_page}/update",
        "studio": "/studio/",
        "experiments": studio,
        "experiment": experiment,
        "graph": f"{experiment}/graph.svg",
        "data sets": f"{studio}/datasets",
        "trained models": f"{studio}/models",
    }
    if jobs := emulator.jobs.list():
        found["job"] = f"/portal/jobs/{jobs[-1].id}"
    return found


def taken(client: Client, address: str) -> float:
    """Return the milliseconds of one request: the thread's own, so that busy neighbours do not count.

    Fails on any answer that is not 200.
    """
    begun = time.thread_time()
    answer = client.get(address, headers=HEADERS)
    milliseconds = (time.thread_time() - begun) * 1000
    assert answer.status_code == 200, (address, answer.status_code)
    return milliseconds


def main() -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    slow = []
    with Emulator() as full, Emulator() as few:
        fill(full, options.endpoints, options.jobs)
        addresses, beside = pages(full), pages(few)
        clients = Client(full.wsgi_app), Client(few.wsgi_app)
        print(
            f"{options.endpoints} endpoints, {options.jobs} jobs, 1000 requests in the journal; {options.rounds} rounds"
        )
        print(f"{'page':<24} {'first':>8} {'median':>8} {'95 %':>8} {'samples alone':>14}   ratio (smallest..largest)")
        for name, address in addresses.items():
            first = taken(clients[0], address)
            taken(clients[1], beside.get(name, "/portal/"))
            pairs = [
                (taken(clients[0], address), taken(clients[1], beside.get(name, "/portal/")))
                for _ in range(options.rounds)
            ]
            mine, alone = [one for one, _ in pairs], [one for _, one in pairs]
            middle = statistics.median(mine)
            ratios = [one / other for one, other in pairs]
            told = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})" if name in beside else ""
            ninety = statistics.quantiles(mine, n=20)[18]
            shown = f"{statistics.median(alone):>11.1f} ms" if name in beside else f"{'':>14}"
            print(f"{name:<24} {first:>5.1f} ms {middle:>5.1f} ms {ninety:>5.1f} ms {shown}   {told}")
            if middle > LIMIT:
                slow.append(name)
    print(f"over {LIMIT:g} ms: {', '.join(slow) or 'none'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
