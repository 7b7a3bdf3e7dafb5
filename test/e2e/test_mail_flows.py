# SPDX-License-Identifier: ISC
"""A message handed in by a real client lies in the mailbox that .qmail names, and is fetched."""
import email.message
import imaplib
import poplib
import smtplib
import ssl
import subprocess
import uuid

import pytest


def tls(house):
    context = ssl.create_default_context(cafile=house.CA_FILE)
    return context


def message(subject, sender="someone@elsewhere.test", to="taro@example.test", body="hello\n"):
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, to, subject
    m.set_content(body)
    return m


def send(house, m, to, sender="someone@elsewhere.test"):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.send_message(m, sender, [to] if isinstance(to, str) else to)


def test_a_message_by_smtp_is_in_the_maildir_with_its_trace_lines(house):
    mark = uuid.uuid4().hex
    send(house, message(mark), "taro@example.test")
    got = house.wait_for_mail("taro", mark).decode()
    lines = got.split("\n")
    assert lines[0] == "Return-Path: <someone@elsewhere.test>"
    assert lines[1] == "Delivered-To: taro@example.test"
    assert lines[2].startswith("Received: ")
    assert "hello" in got


def test_pop3_fetches_it_by_apop_and_under_tls(house):
    mark = uuid.uuid4().hex
    send(house, message(mark), "taro@example.test")
    house.wait_for_mail("taro", mark)
    p = poplib.POP3(house.HOST, house.POP3_PORT, timeout=20)
    p.apop("taro", house.PASS2)
    assert any(mark.encode() in b"\n".join(p.retr(i + 1)[1]) for i in range(p.stat()[0]))
    p.quit()
    p = poplib.POP3_SSL(house.HOST, house.POP3S_PORT, timeout=20, context=tls(house))
    p.user("taro")
    p.pass_(house.PASS2)
    assert p.stat()[0] >= 1
    p.quit()


def test_imap_fetches_it_by_cram_md5_and_under_starttls(house):
    mark = uuid.uuid4().hex
    send(house, message(mark), "taro@example.test")
    house.wait_for_mail("taro", mark)
    with imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20) as i:
        i.login_cram_md5("taro", house.PASS2)
        assert i.select("INBOX")[0] == "OK"
        found = i.search(None, "SUBJECT", mark)[1][0].split()
        assert len(found) == 1
        body = i.fetch(found[0].decode(), "(BODY.PEEK[])")[1][0][1]
        assert mark.encode() in body
    with imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20) as i:
        i.starttls(tls(house))
        i.login("taro", house.PASS2)
        assert i.select("INBOX", readonly=True)[0] == "OK"


def test_submission_needs_a_login_and_lets_it_through(house):
    mark = uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SUBMISSION_PORT, timeout=20) as s:
        with pytest.raises(smtplib.SMTPException):
            s.send_message(message(mark), "ann@example.test", ["taro@example.test"])
    with smtplib.SMTP(house.HOST, house.SUBMISSION_PORT, timeout=20) as s:
        s.starttls(context=tls(house))
        s.login("ann", house.PASS1)
        s.send_message(message(mark), "ann@example.test", ["taro@example.test"])
    house.wait_for_mail("taro", mark)
    mark = uuid.uuid4().hex
    with smtplib.SMTP_SSL(house.HOST, house.SUBMISSIONS_PORT, timeout=20, context=tls(house)) as s:
        s.login("ann", house.PASS1)
        s.send_message(message(mark), "ann@example.test", ["taro@example.test"])
    house.wait_for_mail("taro", mark)


def test_an_unknown_recipient_and_a_foreign_host_are_refused_at_rcpt(house):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.ehlo("client.test")
        assert s.mail("x@elsewhere.test")[0] == 250
        assert s.rcpt("nobody-here@example.test")[0] == 550
        assert s.rcpt("someone@foreign.test")[0] == 553
        assert s.rcpt("taro@example.test")[0] == 250


def test_swaks_and_curl_work_as_the_house_prints(house):
    mark = uuid.uuid4().hex
    run = subprocess.run(["swaks", "--server", f"{house.HOST}:{house.SMTP_PORT}", "--to", "ann@example.test",
                          "--from", "taro@example.test", "--header", f"Subject: {mark}", "--tls-optional"],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout
    house.wait_for_mail("ann", mark)
    for url, auth in ((f"pop3://{house.HOST}:{house.POP3_PORT}/", "AUTH=+APOP"),
                      (f"pop3://{house.HOST}:{house.POP3_PORT}/", "AUTH=CRAM-MD5"),
                      (f"imap://{house.HOST}:{house.IMAP_PORT}/INBOX?ALL", "AUTH=CRAM-MD5"),
                      (f"imap://{house.HOST}:{house.IMAP_PORT}/INBOX?ALL", "AUTH=SCRAM-SHA-256")):
        run = subprocess.run(["curl", "-sS", "--user", f"ann:{house.PASS1}", "--login-options", auth, url],
                             capture_output=True, text=True, timeout=60, check=False)
        if "SCRAM" in auth and run.returncode == 67 and "gsasl" not in subprocess.run(
                ["curl", "--version"], capture_output=True, text=True, check=True).stdout.lower():
            continue  # this curl cannot speak SCRAM
        assert run.returncode == 0, (url, auth, run.stderr)


def test_a_wrong_password_is_refused_and_leaves_an_event(house):
    with imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20) as i:
        with pytest.raises(imaplib.IMAP4.error):
            i.login_cram_md5("taro", "wrong")
    house.wait_for(lambda: "auth.failed" in house.log("event=auth.failed", "user=taro"), "an auth.failed event")
