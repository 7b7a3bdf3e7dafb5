# SPDX-License-Identifier: ISC
"""A small ManageSieve client (RFC 5804) for tests, on the standard library alone."""
import base64
import hashlib
import hmac
import os
import re
import socket
import ssl


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(answer)
        self.answer = answer


class ManageSieve:
    def __init__(self, host, port, timeout=20):
        self.host = host
        self.sock = socket.create_connection((host, port), timeout)
        self.stream = self.sock.makefile("rb")
        self.capabilities = self._capabilities(self._answer())

    def close(self):
        self.stream.close()
        self.sock.close()

    @staticmethod
    def _capabilities(lines):
        found = {}
        for line in lines[:-1]:
            words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
            found[words[0]] = words[1] if len(words) > 1 else ""
        return found

    def _line(self):
        """A line with its literals in place, as quoted text."""
        raw = self.stream.readline()
        if not raw.endswith(b"\r\n"):
            raise EOFError("the server closed")
        text = raw[:-2].decode()
        m = re.search(r"\{(\d+)\}$", text)
        if not m:
            return text
        data = self.stream.read(int(m.group(1))).decode()
        return text[:m.start()] + '"' + data.replace("\\", "\\\\").replace('"', '\\"') + '"' + self._line()

    def _answer(self):
        lines = []
        while True:
            lines.append(self._line())
            if re.match(r"(OK|NO|BYE)( |$)", lines[-1]):
                if not lines[-1].startswith("OK"):
                    raise Refused(lines[-1])
                return lines

    @staticmethod
    def _string(text):
        data = text.encode()
        return b"{%d+}\r\n" % len(data) + data

    def command(self, verb, *strings):
        self.sock.sendall(b" ".join([verb.encode(), *map(self._string, strings)]) + b"\r\n")
        return self._answer()

    def starttls(self, cafile, name):
        self.command("STARTTLS")
        context = ssl.create_default_context(cafile=cafile)
        self.stream.close()
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.stream = self.sock.makefile("rb")
        self.capabilities = self._capabilities(self._answer())

    def plain(self, user, password):
        self.command("AUTHENTICATE", "PLAIN", base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def _challenge(self):
        return base64.b64decode(re.match(r'"(.*)"$', self._line()).group(1))

    def _say(self, data):
        self.sock.sendall(self._string(base64.b64encode(data).decode()) + b"\r\n")

    def cram_md5(self, user, password):
        self.sock.sendall(b'AUTHENTICATE "CRAM-MD5"\r\n')
        digest = hmac.new(password.encode(), self._challenge(), "md5").hexdigest()
        self._say(f"{user} {digest}".encode())
        return self._answer()

    def scram_sha_256(self, user, password):
        """RFC 5802; the server's signature, in the OK's (SASL "…"), is checked too."""
        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n={user},r={nonce}"
        start = base64.b64encode(f"n,,{first}".encode()).decode()
        self.sock.sendall(f'AUTHENTICATE "SCRAM-SHA-256" "{start}"\r\n'.encode())
        challenge = self._challenge().decode()
        parts = dict(p.split("=", 1) for p in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        final = f"c=biws,r={parts['r']}"
        signed = f"{first},{challenge},{final}".encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")))
        self._say(f"{final},p={base64.b64encode(proof).decode()}".encode())
        answer = self._answer()
        told = base64.b64decode(re.search(r'SASL "(.*?)"', answer[-1]).group(1)).decode()
        expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        assert told == "v=" + base64.b64encode(expected).decode(), told
        return answer

    def put(self, name, script):
        return self.command("PUTSCRIPT", name, script)[-1]

    def activate(self, name):
        return self.command("SETACTIVE", name)[-1]

    def get(self, name):
        text = re.match(r'"(.*)"$', self.command("GETSCRIPT", name)[0], re.S).group(1)
        return text.replace('\\"', '"').replace("\\\\", "\\")

    def list(self):
        """Names, and the one in force."""
        names, active = [], None
        for line in self.command("LISTSCRIPTS")[:-1]:
            name = re.match(r'"(.*?)"', line).group(1)
            names.append(name)
            active = name if line.endswith(" ACTIVE") else active
        return names, active
