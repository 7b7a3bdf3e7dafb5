# SPDX-License-Identifier: ISC
"""Logins beside passwords in the clear: channel bindings, client certificates, names in Unicode."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import urllib.parse

import pytest

from house import House

SERVICES = ("submissions", "imaps", "pop3s")
PORTS = {"submissions": "SUBMISSIONS_PORT", "imaps": "IMAPS_PORT", "pop3s": "POP3S_PORT"}


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


class Session:
    """SMTP, IMAP or POP3 up to the login, over any stream of bytes."""

    def __init__(self, service, stream):
        self.kind, self.stream = service[0], stream
        self.line()
        if self.kind == "s":
            self.say("EHLO client.test")
            self.offered = ""
            while True:
                line = self.line()
                self.offered += line + "\n"
                if line[3:4] == " ":
                    break
        elif self.kind == "i":
            self.say("c CAPABILITY")
            self.offered = self.line()
            self.line()
        else:
            self.say("CAPA")
            self.offered = ""
            while (line := self.line()) != ".":
                self.offered += line + "\n"

    def say(self, text):
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()

    def line(self):
        return self.stream.readline().decode().rstrip("\r\n")

    def start(self, mechanism, initial=None):
        verb = "a1 AUTHENTICATE" if self.kind == "i" else "AUTH"
        self.say(f"{verb} {mechanism}" + ("" if initial is None else " " + (b64(initial) or "=")))

    def answer(self):
        """(None, challenge) or (True or False, last line)."""
        line = self.line()
        m = re.match(r"(?:334|\+)(?: (.*))?$", line)
        if m:
            return None, base64.b64decode(m.group(1) or "")
        return bool(re.match(r"235|\+OK|a1 OK", line)), line

    def respond(self, data):
        self.say(b64(data))
        return self.answer()


def scram(session, mechanism, user, password, name, binding, digest="sha256"):
    header = f"p={name},,".encode()
    nonce = b64(os.urandom(12))
    bare = f"n={user},r={nonce}"
    session.start(mechanism, header + bare.encode())
    ok, challenge = session.answer()
    if ok is not None:
        return ok
    given = dict(p.split("=", 1) for p in challenge.decode().split(","))
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(given["s"]), int(given["i"]))
    client_key = hmac.new(salted, b"Client Key", digest).digest()
    without = "c=" + b64(header + binding) + ",r=" + given["r"]
    signed = f"{bare},{challenge.decode()},{without}".encode()
    proof = hmac.new(hashlib.new(digest, client_key).digest(), signed, digest).digest()
    ok, last = session.respond(f"{without},p={b64(bytes(a ^ b for a, b in zip(client_key, proof)))}")
    if ok is None:
        server_key = hmac.new(salted, b"Server Key", digest).digest()
        assert last == b"v=" + base64.b64encode(hmac.new(server_key, signed, digest).digest())
        ok, _ = session.respond("")
    return ok


def tls(house, service, certificate=None, maximum=None):
    context = ssl.create_default_context(cafile=house.CA_FILE)
    if maximum:
        context.maximum_version = maximum
    if certificate:
        context.load_cert_chain(*certificate)
    sock = socket.create_connection((house.HOST, getattr(house, PORTS[service])), 20)
    sock = context.wrap_socket(sock, server_hostname="mail." + house.DOMAIN)
    return sock, Session(service, sock.makefile("rwb"))


# ---- channel bindings ----

@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("mechanism,digest", [("SCRAM-SHA-256-PLUS", "sha256"), ("SCRAM-SHA-1-PLUS", "sha1")])
def test_scram_binds_to_the_servers_certificate(house, service, mechanism, digest):
    sock, s = tls(house, service)
    end_point = hashlib.sha256(sock.getpeercert(binary_form=True)).digest()
    assert mechanism in s.offered
    assert scram(s, mechanism, "ann", house.PASS1, "tls-server-end-point", end_point, digest)
    sock, s = tls(house, service)
    assert not scram(s, mechanism, "ann", house.PASS1, "tls-server-end-point", b"x" * 32, digest)


@pytest.mark.parametrize("service", SERVICES)
def test_scram_binds_to_tls_unique_on_tls_1_2_alone(house, service):
    sock, s = tls(house, service, maximum=ssl.TLSVersion.TLSv1_2)
    assert sock.version() == "TLSv1.2"
    unique = sock.get_channel_binding("tls-unique")
    assert scram(s, "SCRAM-SHA-256-PLUS", "ann", house.PASS1, "tls-unique", unique)
    sock, s = tls(house, service)
    assert sock.version() == "TLSv1.3"  # RFC 9266 4: there is no such thing there
    unique = sock.get_channel_binding("tls-unique") or b""
    assert not scram(s, "SCRAM-SHA-256-PLUS", "ann", house.PASS1, "tls-unique", unique)


class Pipe:
    """openssl's client: it tells the keying material that Python does not."""

    def __init__(self, house, service, *options):
        self.run = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"{house.HOST}:{getattr(house, PORTS[service])}", "-nocommands",
             "-servername", "mail." + house.DOMAIN, "-keymatexport", "EXPORTER-Channel-Binding",
             "-keymatexportlen", "32", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.key = None
        while line := self.run.stdout.readline():
            m = re.match(rb"\s*Keying material: ([0-9A-F]+)", line)
            if m:
                self.key = bytes.fromhex(m.group(1).decode())
            if self.key and line.startswith(b"---"):
                break
        assert self.key and len(self.key) == 32

    def readline(self):
        while True:
            line = self.run.stdout.readline()
            if re.match(rb"(\d\d\d[ -]|\* |\+|a1 |c |-ERR|\.|[A-Z]+[A-Z0-9-]*\b.*\r\n$)", line) or not line:
                return line

    def write(self, data):
        self.run.stdin.write(data)

    def flush(self):
        self.run.stdin.flush()

    def close(self):
        self.run.kill()
        self.run.communicate()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_scram_binds_to_the_exporter(house, service, version):
    for twist in (False, True):
        pipe = Pipe(house, service, version)
        try:
            s = Session(service, pipe)
            key = bytes(x ^ twist for x in pipe.key)
            assert scram(s, "SCRAM-SHA-256-PLUS", "ann", house.PASS1, "tls-exporter", key) != twist
        finally:
            pipe.close()


# ---- EXTERNAL ----

def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(house, tmp_path_factory):
    """An authority that the house knows, one that it does not, and certificates of both."""
    d = tmp_path_factory.mktemp("certificates")
    for ca in ("ours", "theirs"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10",
                "-keyout", f"{d}/{ca}.key", "-out", f"{d}/{ca}.pem", "-subj", f"/CN={ca}")

    def make(name, ca, subject, san, use="clientAuth"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{d}/{name}.key",
                "-out", f"{d}/{name}.csr", "-subj", subject)
        (d / "ext").write_text(f"subjectAltName={san}\nextendedKeyUsage={use}\n")
        openssl("x509", "-req", "-in", f"{d}/{name}.csr", "-CA", f"{d}/{ca}.pem", "-CAkey", f"{d}/{ca}.key",
                "-CAcreateserial", "-days", "10", "-extfile", f"{d}/ext", "-out", f"{d}/{name}.pem")
        return f"{d}/{name}.pem", f"{d}/{name}.key"
    made = {"ann": make("ann", "ours", "/CN=ann", "email:ann@example.test"),
            "two": make("two", "ours", "/CN=ann", "email:ann@example.test,email:taro@example.test"),
            "server": make("server", "ours", "/CN=ann", "email:ann@example.test", "serverAuth"),
            "nobody": make("nobody", "ours", "/CN=nobody", "email:nobody@example.test"),
            "forged": make("forged", "theirs", "/CN=ann", "email:ann@example.test")}
    house.write("var/qmail/control/tls/clientca.pem", (d / "ours.pem").read_text())
    house.control("clientcertificate", "email\n")
    house.reload()

    def offered():
        sock, s = tls(house, "submissions", made["ann"])
        sock.close()
        return "EXTERNAL" in s.offered
    house.wait_for(offered, "EXTERNAL")
    yield made
    house.control("clientcertificate", "none\n")
    house.reload()


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_certificate_logs_its_owner_in(house, certificates, service):
    for authzid in ("", "ann", "ann@example.test"):
        _, s = tls(house, service, certificates["ann"])
        assert re.search(r"\bEXTERNAL\b", s.offered)
        s.start("EXTERNAL", authzid)
        assert s.answer()[0], authzid
    _, s = tls(house, service, certificates["ann"])
    s.start("EXTERNAL")
    assert s.answer() == (None, b"")
    assert s.respond("")[0]
    _, s = tls(house, service, certificates["ann"])
    s.start("EXTERNAL", "taro")
    assert s.answer()[0] is False


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", [None, "two", "server", "forged"])
def test_other_certificates_are_as_good_as_none(house, certificates, service, name):
    _, s = tls(house, service, certificates[name] if name else None)
    assert "EXTERNAL" not in s.offered
    s.start("EXTERNAL", "ann")
    assert s.answer()[0] is False


def test_a_certificate_of_somebody_without_an_account_is_refused(house, certificates):
    _, s = tls(house, "imaps", certificates["nobody"])
    s.start("EXTERNAL", "")
    assert s.answer()[0] is False


def test_the_session_after_the_login_works_and_is_told_in_the_log(house, certificates):
    _, s = tls(house, "imaps", certificates["ann"])
    s.start("EXTERNAL", "")
    assert s.answer()[0]
    s.say("b SELECT INBOX")
    while not (line := s.line()).startswith("b "):
        pass
    assert line.startswith("b OK")
    house.wait_for(lambda: "EXTERNAL" in house.log("event=auth.ok", "mechanism=EXTERNAL"), "the event")


# ---- SASLprep, RFC 4013 ----

def test_names_and_passwords_are_compared_as_rfc_4013_prepares_them(own_house):
    house = own_house
    run = house.command("twinpost", "passwd", "--stdin", "ann", stdin="\u2168 \uff21\u00ad\u30ab\u3099\n")
    assert run.returncode == 0, run.stderr
    for word in ("IX A\u30ac", "\u2168 \uff21\u00ad\u30ab\u3099", "\u2168\u3000A\u30ac"):
        _, s = tls(house, "imaps")
        s.start("PLAIN", f"\0\uff41nn\0{word}")
        assert s.answer()[0], word
    sock, s = tls(house, "pop3s")
    end_point = hashlib.sha256(sock.getpeercert(binary_form=True)).digest()
    assert scram(s, "SCRAM-SHA-256-PLUS", "ann", "IX A\u30ac", "tls-server-end-point", end_point)
    assert house.command("twinpost", "passwd", "--stdin", "ann", stdin="bell\u2028\n").returncode != 0


# ---- OAUTHBEARER, XOAUTH2: RFC 7628, RFC 7662 ----

class TokenServer:
    """An introspection endpoint: knows some tokens, counts the questions."""

    def __init__(self):
        self.questions, self.hangs = [], False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                token = urllib.parse.parse_qs(body)["token"][0]
                outer.questions.append((token, self.headers["Authorization"], self.path))
                if token == "broken":
                    self.send_response(500)
                    self.end_headers()
                    return
                if token == "nonsense":
                    answer = b"<html>" + b"x" * 100000
                else:
                    known = {"anns": {"active": True, "username": "ann", "scope": "mail other"},
                             "full": {"active": True, "username": "ann@example.test", "scope": "mail"},
                             "narrow": {"active": True, "username": "ann", "scope": "calendar"},
                             "old": {"active": True, "username": "ann", "scope": "mail", "exp": 1000},
                             "stranger": {"active": True, "username": "nobody", "scope": "mail"}}
                    answer = json.dumps(known.get(token, {"active": False})).encode()
                self.send_response(200)
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokens")
    path = folder
    while str(path) not in ("/", "/tmp", "/var/tmp"):
        os.chmod(path, 0o755)
        path = path.parent
    server = TokenServer()
    h = House(folder)
    for name, text in (("tokenurl", f"http://127.0.0.1:{server.port}/introspect\n"), ("tokenscope", "mail\n"),
                       ("tokenclient", "mailhost:s3cret\n")):
        h.control(name, text)
    h.start()
    yield h, server
    h.stop()
    server.server.shutdown()


def bearer(token, user=None):
    return f"n,{'a=' + user if user else ''},\x01host=x\x01auth=Bearer {token}\x01\x01"


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_logs_its_owner_in(tokens, service):
    house, server = tokens
    for mechanism, first in (("OAUTHBEARER", bearer("anns")), ("OAUTHBEARER", bearer("anns", "ann@example.test")),
                             ("OAUTHBEARER", bearer("full", "ann")),
                             ("XOAUTH2", "user=ann\x01auth=Bearer anns\x01\x01")):
        _, s = tls(house, service)
        assert re.search(rf"\b{mechanism}\b", s.offered)
        s.start(mechanism, first)
        assert s.answer()[0], first
    token, authorization, path = server.questions[0]
    assert authorization == "Basic " + b64("mailhost:s3cret") and path == "/introspect"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("mechanism,first", [
    ("OAUTHBEARER", bearer("unknown")), ("OAUTHBEARER", bearer("anns", "taro")), ("OAUTHBEARER", bearer("narrow")),
    ("OAUTHBEARER", bearer("old")), ("XOAUTH2", "user=taro\x01auth=Bearer anns\x01\x01")])
def test_a_refused_token_is_answered_as_rfc_7628_3_2_3_has_it(tokens, service, mechanism, first):
    house, _ = tokens
    _, s = tls(house, service)
    s.start(mechanism, first)
    ok, error = s.answer()
    assert ok is None
    error = json.loads(error)
    assert error == {"status": "401" if mechanism == "XOAUTH2" else "invalid_token", "schemes": "bearer",
                     "scope": "mail"}
    assert s.respond("" if mechanism == "XOAUTH2" else "\x01")[0] is False
    s.start("PLAIN", f"\0ann\0{house.PASS1}")  # the session goes on
    assert s.answer()[0]


def test_a_token_of_somebody_without_an_account_is_refused(tokens):
    house, _ = tokens
    _, s = tls(house, "imaps")
    s.start("OAUTHBEARER", bearer("stranger"))
    assert s.answer()[0] is False


@pytest.mark.parametrize("token", ["broken", "nonsense"])
def test_a_server_that_does_not_answer_right_makes_it_a_temporary_failure(tokens, token):
    house, _ = tokens
    _, s = tls(house, "submissions")
    s.start("OAUTHBEARER", bearer(token))
    ok, line = s.answer()
    assert ok is False and line.startswith("454")
    house.wait_for(lambda: "mechanism=OAUTHBEARER" in house.log("event=program.failed"), "the event")


def test_a_token_is_asked_for_once_in_a_while(tokens):
    house, server = tokens
    _, s = tls(house, "imaps")
    s.start("OAUTHBEARER", bearer("anns", "ann"))
    assert s.answer()[0]
    before = len(server.questions)
    for _ in range(3):
        _, s = tls(house, "imaps")
        s.start("OAUTHBEARER", bearer("anns", "ann"))
        assert s.answer()[0]
    assert len(server.questions) == before


def test_what_is_no_token_message_is_a_syntax_error(tokens):
    house, _ = tokens
    for first in ("", "n,,", "n,,\x01auth=Basic x\x01\x01", "p=tls-exporter,,\x01auth=Bearer x\x01\x01"):
        _, s = tls(house, "submissions")
        s.start("OAUTHBEARER", first)
        ok, line = s.answer()
        assert ok is False and line.startswith("501"), first


def test_without_a_token_server_tokens_are_not_offered(house):
    _, s = tls(house, "imaps")
    assert "OAUTHBEARER" not in s.offered
    s.start("OAUTHBEARER", bearer("anns"))
    assert s.answer()[0] is False
