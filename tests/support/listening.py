"""A host that is not the emulator's: it answers every connection alike, and keeps what it was sent."""

import socket
import threading
from contextlib import contextmanager


@contextmanager
def answering(answer=b""):
    """Listen on a free loopback port and give every connection the same answer, or none; yield port and what came."""
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
