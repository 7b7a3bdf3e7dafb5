# SPDX-License-Identifier: ISC
"""Settings in control/ do what `twinpost show` says of them."""
import os
import smtplib
import socket
import ssl
import time

import pytest

from conftest import _folder
from house import House


def silent_until_closed(port):
    """Says nothing; what the server said until it hung up, and how long that took."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s, s.makefile("rb") as f:
        return f.read(), time.monotonic() - begin


def test_a_client_that_does_not_log_in_is_let_go_after_timeoutlogin(own_house):
    own_house.control("timeoutlogin", "5\n")
    own_house.reload()
    for port in (own_house.POP3_PORT, own_house.IMAP_PORT, own_house.SUBMISSION_PORT):
        said, seconds = silent_until_closed(port)
        assert 4 < seconds < 15, (port, said)


@pytest.fixture(scope="module")
def standby(tmp_path_factory):
    h = House(_folder(tmp_path_factory, "standby"))
    os.makedirs(h.path("var/qmail/control"))
    h.control("role", "standby\n")
    h.control("tlsminimum", "1.3\n")
    h.start()
    yield h
    h.stop()


def test_a_standby_serves_no_mailboxes(standby):
    ready = standby.command("twinpost", "status").stdout
    assert "smtp at " in ready and "submission at " in ready
    assert "imap" not in ready.replace("imapd", "") and "pop3" not in ready


def test_tlsminimum_refuses_an_older_tls(standby):
    context = ssl.create_default_context(cafile=standby.CA_FILE)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with smtplib.SMTP("127.0.0.1", standby.SUBMISSION_PORT, timeout=30) as client:
        with pytest.raises((ssl.SSLError, smtplib.SMTPServerDisconnected, ConnectionError)):
            client.starttls(context=context)
        client.sock and client.close()
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    with smtplib.SMTP("127.0.0.1", standby.SUBMISSION_PORT, timeout=30) as client:
        assert client.starttls(context=context)[0] == 220
        assert client.sock.version() == "TLSv1.3"
