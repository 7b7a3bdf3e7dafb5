# SPDX-License-Identifier: ISC
"""A place that clients connect to while the server behind it changes; it keeps what they said."""
import selectors
import socket
import threading
import zlib


def plain(said):
    before, begin, rest = said.partition(b"COMPRESS DEFLATE\r\n")
    return before + begin + (zlib.decompressobj(-15).decompress(rest) if rest else b"")


class Proxy:
    def __init__(self, port):
        self.port_behind = port
        self.sayings = []  # of each connection what the client said
        self.known = []  # and how much of it heard() has told
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.ended:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.port_behind), 10)
            except OSError:
                continue
            far.settimeout(None)
            self.pairs.append((near, far))
            self.known.append(0)
            self.sayings.append(bytearray())
            threading.Thread(target=self._carry, args=(near, far, self.sayings[-1]), daemon=True).start()

    @staticmethod
    def _carry(near, far, said):
        with selectors.DefaultSelector() as ready, near, far:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    try:
                        data = key.fileobj.recv(65536)
                        key.data.sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        return
                    if key.fileobj is near:
                        said += data

    def move(self, port):
        """Who connects from now on finds another server; open connections break."""
        self.port_behind = port
        for pair in self.pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs.clear()

    def heard(self):
        """What was said since this was last asked, compressed or not (RFC 4978)."""
        heard = b""
        for n, said in enumerate(self.sayings):
            text = plain(bytes(said))
            heard += text[self.known[n]:]
            self.known[n] = len(text)
        return heard

    def close(self):
        self.ended = True
        self.move(self.port_behind)
        self.listener.close()
