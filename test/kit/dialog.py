#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs dialogs: readable conversations between a client and the real programs.

usage: dialog.py [--env-file house.env | --own-house] [-v] FILE_OR_FOLDER …

A dialog is a text file; each line is one of
  # a comment
  connect [SERVICE] [from 127.0.0.9]   smtp submission submissions imap imaps pop3 pop3s sieve
                                       (default: by the folder's name; the …s ones are TLS)
  -> text            sends the text and CRLF
  ->> text           sends the text as it is, nothing added; escapes \\r \\n \\0 \\t \\\\ \\xHH
  -> @REPEAT N text  sends N times (also ->>): "text" N times, then CRLF for ->
  <- pattern         one line from the server; * is anything, a line of "..." is below
  <- pattern...      lines like the pattern until one that is the last of its reply
                     (SMTP "250 ", not "250-")
  <-> pattern        lines are skipped until one is like the pattern
  <- EOF             the server closes; whatever it still says is an error
  starttls           a TLS handshake on the connection as it is
  auth MECHANISM USER PASSWORD [SERVICE]
                     a whole AUTH exchange (SMTP, POP3) or AUTHENTICATE (IMAP): PLAIN LOGIN
                     CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256, and the latter two with -PLUS (bound to
                     the server's certificate) or -HIDDEN (as a client does that could bind, but
                     was not offered to); the last answer is for the next <-
  pause SECONDS      waits (for limits that are about time)
  control NAME text  writes a control file of the house and reloads (\\n in text); the old
                     content comes back at the dialog's end
Several connections: "connect as NAME …", then "NAME: -> …" and "NAME: <- …".
Variables: $HOST $DOMAIN $USER1 $PASS1 … from the house; ${NAME} works too; $B64(text) is
base64, with variables and escapes inside. What a * caught first in a pattern is $1 … in later lines.
"""
import argparse
import base64
import hashlib
import hmac
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT = 20
PORTS = {"smtp": "SMTP_PORT", "submission": "SUBMISSION_PORT", "submissions": "SUBMISSIONS_PORT",
         "imap": "IMAP_PORT", "imaps": "IMAPS_PORT", "pop3": "POP3_PORT", "pop3s": "POP3S_PORT",
         "sieve": "SIEVE_PORT"}
TLS_SERVICES = ("submissions", "imaps", "pop3s")
FOLDERS = {"smtp": "smtp", "imap": "imap", "pop": "pop3", "sieve": "sieve"}


class Failed(Exception):
    pass


def read_env(path):
    env = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, _, value = line.strip().partition("=")
            if name:
                env[name] = "".join(shlex.split(value)) if value else ""
    return env


def unescape(text):
    """Text of a dialog as bytes: \\r \\n \\t \\0 \\\\ \\xHH."""
    out, raw = bytearray(), text.encode("utf-8", "surrogateescape")
    simple = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
    i = 0
    while i < len(raw):
        if raw[i:i + 1] != b"\\" or i + 1 >= len(raw):
            out += raw[i:i + 1]
            i += 1
        elif raw[i + 1:i + 2] in simple:
            out += simple[raw[i + 1:i + 2]]
            i += 2
        elif raw[i + 1:i + 2] == b"x":
            out += bytes([int(raw[i + 2:i + 4], 16)])
            i += 4
        else:
            raise Failed(f"unknown escape in {text!r}")
    return bytes(out)


class Connection:
    def __init__(self, env, service, source=None):
        self.env, self.service = env, service
        self.sock = socket.create_connection((env["HOST"], int(env[PORTS[service]])), TIMEOUT,
                                             source_address=(source, 0) if source else None)
        self.buffer = b""
        if service in TLS_SERVICES:
            self.start_tls()

    def start_tls(self):
        if self.buffer:
            raise Failed(f"plain text came after the answer to STARTTLS: {self.buffer!r}")
        context = ssl.create_default_context(cafile=self.env.get("CA_FILE") or None)
        name = self.env.get("TLS_NAME") or "mail." + self.env["DOMAIN"]
        self.sock = context.wrap_socket(self.sock, server_hostname=name)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server said before it closed is what the dialog asks for

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                more = b""
            except (TimeoutError, socket.timeout):
                raise Failed("no line came within %d s" % TIMEOUT) from None
            if not more:
                if self.buffer:
                    raise Failed(f"the connection ended within a line: {self.buffer!r}")
                return None
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Failed(f"a line ends in a bare LF: {line!r}")
        return line[:-1].decode("utf-8", "surrogateescape")

    def certificate(self):
        return self.sock.getpeercert(binary_form=True) if isinstance(self.sock, ssl.SSLSocket) else None

    def close(self):
        self.sock.close()


def is_last(line):
    return not re.match(r"\d\d\d-", line)


def like(pattern, line):
    """The match of a pattern with its stars, or None."""
    parts = [re.escape(p) for p in pattern.split("*")]
    return re.fullmatch("(.*?)".join(parts[:-1]) + ("(.*)" if len(parts) > 1 else "") + parts[-1], line,
                        re.DOTALL)


# ---- SASL ----

def scram(mechanism, user, password, certificate=None):
    """A generator: yields what the client says, is sent what the server said."""
    digest = "sha256" if mechanism.startswith("SCRAM-SHA-256") else "sha1"
    header, bound = b"n,,", b""
    if mechanism.endswith("-PLUS"):  # RFC 5929 4.1; the house's own certificates are signed with SHA-256
        header, bound = b"p=tls-server-end-point,,", hashlib.sha256(certificate).digest()
    elif mechanism.endswith("-HIDDEN"):
        header = b"y,,"
    nonce = base64.b64encode(os.urandom(12)).decode()
    bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
    first = (yield header + bare.encode()).decode()
    given = dict(p.split("=", 1) for p in first.split(","))
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(given["s"]), int(given["i"]))
    client_key = hmac.new(salted, b"Client Key", digest).digest()
    stored = hashlib.new(digest, client_key).digest()
    without = "c=" + base64.b64encode(header + bound).decode() + ",r=" + given["r"]
    signed = f"{bare},{first},{without}".encode()
    proof = bytes(a ^ b for a, b in zip(client_key, hmac.new(stored, signed, digest).digest()))
    last = yield (without + ",p=" + base64.b64encode(proof).decode()).encode()
    server_key = hmac.new(salted, b"Server Key", digest).digest()
    want = b"v=" + base64.b64encode(hmac.new(server_key, signed, digest).digest())
    if last and last != want:
        raise Failed("the server's SCRAM signature is wrong")
    yield b""


def words_of(mechanism, user, password, certificate):
    if mechanism == "PLAIN":
        yield f"\0{user}\0{password}".encode()
    elif mechanism == "LOGIN":
        yield None
        yield user.encode()
        yield password.encode()
    elif mechanism == "CRAM-MD5":
        challenge = yield None
        yield f"{user} {hmac.new(password.encode(), challenge, 'md5').hexdigest()}".encode()
    else:
        yield from scram(mechanism, user, password, certificate)


class Dialog:
    def __init__(self, path, env, verbose):
        self.path, self.env, self.verbose = path, env, verbose
        self.vars = dict(env)
        self.conns, self.current = {}, None
        self.saved = {}
        self.unread = []

    # ---- words ----
    def expand(self, text):
        text = re.sub(r"\$B64\(([^)]*)\)",
                      lambda m: base64.b64encode(unescape(self.expand(m.group(1)))).decode(), text)

        def value(m):
            name = m.group(1) or m.group(2)
            return self.vars.get(name, m.group(0))
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text)

    def conn(self):
        if self.current not in self.conns:
            raise Failed("no connection: say connect first")
        return self.conns[self.current]

    def next_line(self):
        line = self.unread.pop(0) if self.unread else self.conn().line()
        if self.verbose:
            print("    <-", line)
        return line

    # ---- lines of a dialog ----
    def do_connect(self, rest):
        words, name, source = rest.split(), "", None
        if words[:1] == ["as"]:
            name, words = words[1], words[2:]
        if "from" in words:
            at = words.index("from")
            source, words = words[at + 1], words[:at] + words[at + 2:]
        folder = os.path.basename(os.path.dirname(os.path.abspath(self.path)))
        service = words[0] if words else FOLDERS.get(folder)
        if service not in PORTS:
            raise Failed(f"connect to what? {rest!r}")
        if name in self.conns:
            self.conns.pop(name).close()
        self.current = name
        self.conns[name] = Connection(self.env, service, source)

    def do_send(self, rest, raw):
        m = re.match(r"@REPEAT (\d+) (.*)", rest, re.DOTALL)
        data = unescape(self.expand(m.group(2) if m else rest)) if raw or m else \
            self.expand(rest).encode("utf-8", "surrogateescape")
        if m:
            data *= int(self.expand(m.group(1)))
        if self.verbose:
            print("    ->", data[:200])
        self.conn().send(data if raw else data + b"\r\n")

    def catch(self, match):
        for i, text in enumerate(match.groups(), 1):
            self.vars[str(i)] = text

    def do_expect(self, rest):
        if rest == "EOF":
            line = self.next_line()
            if line is not None:
                raise Failed(f"the end was expected, came {line!r}")
            return
        many = rest.endswith("...")
        pattern = self.expand(rest[:-3] if many else rest)
        while True:
            line = self.next_line()
            if line is None:
                raise Failed(f"the connection ended, expected {pattern!r}")
            if many and is_last(line) and pattern[3:4] == "-":
                pattern = pattern[:3] + " " + pattern[4:]
            match = like(pattern, line)
            if not match:
                raise Failed(f"came {line!r}, expected {pattern!r}")
            if not many or is_last(line):
                self.catch(match)
                return

    def do_skip_to(self, rest):
        pattern, seen = self.expand(rest), []
        while True:
            line = self.next_line()
            if line is None:
                raise Failed(f"the connection ended, expected {pattern!r} after {seen!r}")
            match = like(pattern, line)
            if match:
                self.catch(match)
                return
            seen.append(line)

    def do_auth(self, rest):
        mechanism, user, password = [self.expand(w) for w in rest.split()[:3]]
        service, conn = self.conn().service, self.conn()
        verb = {"i": "a1 AUTHENTICATE"}.get(service[0], "AUTH")
        conn.send(f"{verb} {mechanism.removesuffix('-HIDDEN')}\r\n".encode())
        words = words_of(mechanism, user, password, conn.certificate())
        said = next(words)  # None: the server's words come first
        first = True
        while True:
            line = self.next_line()
            if line is None:
                raise Failed("the connection ended during AUTH")
            m = re.match(r"(?:334|\+) ?(.*)", line)
            if not m or line.startswith("+OK"):
                self.unread.insert(0, line)
                return
            challenge = base64.b64decode(m.group(1))
            if not (first and said is not None):
                try:
                    said = words.send(challenge)
                except StopIteration:
                    said = b""
            first = False
            conn.send(base64.b64encode(said or b"") + b"\r\n")

    def do_control(self, rest):
        name, _, text = rest.partition(" ")
        path = os.path.join(self.env["ROOT"], "var/qmail/control", name)
        if name not in self.saved:
            self.saved[name] = open(path, "rb").read() if os.path.exists(path) else None
        self.write_control(name, unescape(self.expand(text)) + b"\n")
        self.reload()

    def write_control(self, name, data):
        path = os.path.join(self.env["ROOT"], "var/qmail/control", name)
        if data is None:
            os.unlink(path)
        else:
            with open(path, "wb") as f:
                f.write(data)

    def reload(self):
        program = os.path.join(self.env["ROOT"], "usr/lib/twinpost/twinpost")
        done = subprocess.run([program, "--root", self.env["ROOT"], "reload"], capture_output=True, text=True,
                              check=False, timeout=30)
        if done.returncode:
            raise Failed(f"reload: {done.stdout}{done.stderr}")
        time.sleep(0.2)  # the programs take the new configuration over one by one

    def one(self, line):
        m = re.match(r"(\w+): (->|<-|starttls|auth)", line)
        if m and m.group(1) in self.conns:
            self.current = m.group(1)
            line = line[len(m.group(1)) + 2:]
        word, _, rest = line.partition(" ")
        if word == "connect":
            self.do_connect(rest)
        elif word in ("->", "->>"):
            self.do_send(rest, word == "->>")
        elif word == "<-":
            self.do_expect(rest)
        elif word == "<->":
            self.do_skip_to(rest)
        elif word == "starttls":
            self.conn().start_tls()
        elif word == "auth":
            self.do_auth(rest)
        elif word == "pause":
            time.sleep(float(rest))
        elif word == "control":
            self.do_control(rest)
        else:
            raise Failed(f"not a line of a dialog: {line!r}")

    def run(self):
        """None, or what went wrong, with the line."""
        number = 0
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as f:
                for number, line in enumerate(f, 1):
                    line = line.rstrip("\n")
                    if line.strip() and not line.startswith("#"):
                        self.one(line)
        except (Failed, OSError, ssl.SSLError, ValueError, KeyError) as e:
            return f"{self.path}:{number}: {e}"
        finally:
            for c in self.conns.values():
                c.close()
            for name, data in self.saved.items():
                self.write_control(name, data)
            if self.saved:
                self.reload()
        return None


def dialogs_in(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(".dlg"))
        else:
            yield path


def run_all(paths, env, verbose):
    bad = total = 0
    for path in dialogs_in(paths):
        total += 1
        why = Dialog(path, env, verbose).run()
        shown = os.path.relpath(path)
        print(f"{'not ok' if why else 'ok'} {total} {shown}", flush=True)
        if why:
            bad += 1
            print(f"#   {why}", flush=True)
    print(f"# dialogs: {total}, failed: {bad}")
    return bad == 0 and total > 0


def main():
    parser = argparse.ArgumentParser(description="runs dialogs against a house")
    parser.add_argument("--env-file", default=os.path.join(TOP, "build/house.env"))
    parser.add_argument("--own-house", action="store_true", help="starts a house for this run")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("paths", nargs="+")
    args = parser.parse_args()
    if not args.own_house:
        return 0 if run_all(args.paths, read_env(args.env_file), args.verbose) else 1
    sys.path.insert(0, os.path.join(TOP, "test/kit"))
    import tempfile
    import house as kit
    with tempfile.TemporaryDirectory(prefix="twinpost-dialog-") as folder:
        os.chmod(folder, 0o755)
        h = kit.House(folder, "--users", "1", "--password", "of-all-dialogs").start()
        try:  # the third is for what would be in the way of others: a quota
            env = dict(h.env, USER3="u1", PASS3=h.env["PASS1"])
            return 0 if run_all(args.paths, env, args.verbose) else 1
        finally:
            h.stop()


if __name__ == "__main__":
    sys.exit(main())
