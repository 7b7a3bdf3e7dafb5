# SPDX-License-Identifier: ISC
"""An SMTP server for tests, told what to answer: it keeps what it got."""
import base64
import socket
import ssl
import threading


class Sink:
    def __init__(self, answers=None, certificate=None, extensions=("PIPELINING", "8BITMIME", "SIZE 10000000")):
        """answers: verb -> reply, or a function of the command line that gives one."""
        self.answers = answers or {}
        self.extensions = list(extensions) + (["STARTTLS"] if certificate else [])
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.messages = []     # {"from", "to", "data", "tls", "auth"}
        self.connections = 0
        self.commands = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which else keeps the socket
        except OSError:
            pass
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self._serve_quietly, args=(client,), daemon=True).start()

    def _serve_quietly(self, client):
        try:
            self._serve(client)
        except (OSError, ssl.SSLError):
            pass
        finally:
            client.close()

    def _reply(self, line, default):
        verb = line.split(" ")[0].split(":")[0].upper()
        answer = self.answers.get(verb, default)
        return answer(line) if callable(answer) else answer

    def _serve(self, client):
        tls, auth = False, None
        stream = client.makefile("rwb")

        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()
        say(self.answers.get("GREETING", "220 sink ESMTP"))
        sender, to = None, []
        while True:
            raw = stream.readline()
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            with self.lock:
                self.commands.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                lines = ["sink", *[x for x in self.extensions if not (tls and x == "STARTTLS")]]
                answer = self._reply(line, None)
                if answer:
                    say(answer)
                    continue
                for i, word in enumerate(lines):
                    say(f"250{' ' if i == len(lines) - 1 else '-'}{word}")
            elif verb == "STARTTLS":
                say("220 go")
                client = self.context.wrap_socket(client, server_side=True)
                stream = client.makefile("rwb")
                tls = True
            elif verb == "AUTH":
                auth = base64.b64decode(line.split(" ")[2]).split(b"\0")[1:] if len(line.split(" ")) > 2 else None
                say("235 welcome")
            elif verb == "MAIL":
                sender, to = line.split("<", 1)[1].split(">")[0], []
                say(self._reply(line, "250 ok"))
            elif verb == "RCPT":
                answer = self._reply(line, "250 ok")
                if answer.startswith("2"):
                    to.append(line.split("<", 1)[1].split(">")[0])
                say(answer)
            elif verb == "DATA":
                if not to:
                    say("503 no recipients")
                    continue
                answer = self._reply(line, "354 go")
                say(answer)
                if not answer.startswith("3"):
                    continue
                data = b""
                while not data.endswith(b"\r\n.\r\n") and data != b".\r\n":
                    part = stream.readline()
                    if not part:
                        return
                    data += part
                answer = self.answers.get("END", "250 queued")
                answer = answer(data) if callable(answer) else answer
                if answer is None:
                    return
                if answer.startswith("2"):
                    with self.lock:
                        self.messages.append({"from": sender, "to": list(to), "tls": tls, "auth": auth,
                                              "data": data[:-3].replace(b"\r\n..", b"\r\n.")})
                say(answer)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say(self._reply(line, "250 ok"))
