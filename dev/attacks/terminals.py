"""A console socket that takes the masters of terminals and keeps them open."""
import array, contextlib, socket, threading


@contextlib.contextmanager
def terminals(path):
    """Listens at `path`; every master that arrives stays open until the end."""
    server, masters = socket.socket(socket.AF_UNIX), []
    server.bind(str(path))
    server.listen(64)

    def serve():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                with contextlib.suppress(OSError):
                    masters.append(socket.recv_fds(peer, 4096, 1))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield path
    finally:
        server.close()
