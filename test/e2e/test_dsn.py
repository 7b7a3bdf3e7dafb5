# SPDX-License-Identifier: ISC
"""Notices that a sender asks for: RFC 3461 (NOTIFY, RET, ENVID, ORCPT) and the RFC 3464 reports."""
import email
import email.policy
import smtplib
import uuid

import pytest

from sink import Sink

DSN = ("PIPELINING", "8BITMIME", "SIZE 10000000", "DSN")
WITHOUT = ("PIPELINING", "8BITMIME", "SIZE 10000000")


@pytest.fixture
def out(house):
    """A domain of its own that is routed to a sink."""
    made = []

    def make(**options):
        s = Sink(**options)
        domain = f"n{uuid.uuid4().hex[:10]}.test"
        with open(house.path("var/qmail/control/smtproutes"), "a", encoding="utf-8") as f:
            f.write(f"{domain}:127.0.0.1:{s.port}\n")
        house.reload()
        made.append(s)
        return s, domain
    yield make
    for s in made:
        s.close()


def send(house, to, rcpt_options=(), mail_options=(), sender="ann@example.test"):
    """By submission, as ann: to elsewhere, too. Returns the subject, which is unique."""
    mark = uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SUBMISSION_PORT, timeout=20) as s:
        s.ehlo("client.test")
        s.login("ann", house.PASS1)
        s.sendmail(sender, to, f"Subject: {mark}\r\n\r\nhello\r\n", mail_options, rcpt_options)
    return mark


def report(house, mark, kind):
    """The notice about a message: its status fields by part."""
    def there():
        for raw in house.messages("ann").values():
            m = email.message_from_bytes(raw, policy=email.policy.default)
            if m["Subject"] == kind and mark.encode() in raw:
                return m
        return None
    m = house.wait_for(there, f"a {kind}")
    assert m.get_content_type() == "multipart/report" and m.get_param("report-type") == "delivery-status"
    parts = list(m.iter_parts())
    fields = [dict(p.items()) for p in parts[1].get_payload()]
    return m, fields, parts[2]


def notices(house, mark):
    return [m for m in house.messages("ann").values() if mark.encode() in m and b"notice" in m]


def test_a_local_delivery_is_told_when_asked(house):
    mark = send(house, ["taro@example.test"], ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Old+2BName@elsewhere.test"],
                ["ENVID=env+3D1", "RET=FULL"])
    m, fields, original = report(house, mark, "success notice")
    assert m["Return-Path"] == "<>" and m["Auto-Submitted"] == "auto-replied"
    assert fields[0]["Original-Envelope-Id"] == "env=1" and fields[0]["Reporting-MTA"].endswith(house.env["DOMAIN"])
    assert fields[1]["Action"] == "delivered" and fields[1]["Status"] == "2.0.0"
    assert fields[1]["Original-Recipient"] == "rfc822; Old+Name@elsewhere.test"
    assert fields[1]["Final-Recipient"] == "rfc822; taro@example.test"
    assert original.get_content_type() == "text/rfc822-headers"  # RFC 3461 6.2: RET is for failures


def test_nothing_is_told_when_nobody_asked(house):
    mark = send(house, ["taro@example.test"])
    house.wait_for_mail("taro", mark)
    mark2 = send(house, ["taro@example.test"], ["NOTIFY=NEVER"])
    house.wait_for_mail("taro", mark2)
    mark3 = send(house, ["taro@example.test"], ["NOTIFY=SUCCESS"])
    report(house, mark3, "success notice")
    assert notices(house, mark) == [] and notices(house, mark2) == []


def test_a_host_without_dsn_makes_it_a_relayed_notice(house, out):
    sink, domain = out(extensions=WITHOUT)
    mark = send(house, [f"bob@{domain}"], ["NOTIFY=SUCCESS"], ["ENVID=e1"])
    _, fields, _ = report(house, mark, "success notice")
    assert fields[1]["Action"] == "relayed" and fields[1]["Final-Recipient"] == f"rfc822; bob@{domain}"
    assert fields[1]["Diagnostic-Code"].startswith("smtp; 250 ")
    assert not any("NOTIFY" in c or "ENVID" in c for c in sink.commands)


def test_a_host_with_dsn_gets_the_parameters_and_tells_the_sender_itself(house, out):
    sink, domain = out(extensions=DSN)
    mark = send(house, [f"bob@{domain}"], ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bob+2B1@elsewhere.test"],
                ["ENVID=e+2B2", "RET=HDRS"])
    house.wait_for(lambda: sink.messages, "the message at the sink")
    mail = next(c for c in sink.commands if c.startswith("MAIL"))
    rcpt = next(c for c in sink.commands if c.startswith("RCPT"))
    assert " ENVID=e+2B2" in mail and " RET=HDRS" in mail
    assert " NOTIFY=SUCCESS,DELAY" in rcpt and " ORCPT=rfc822;bob+2B1@elsewhere.test" in rcpt
    house.wait_for(lambda: "done" in house.log("event=delivery.done", f"rcpt=bob@{domain}"), "the event")
    assert notices(house, mark) == []


def test_a_failure_carries_what_was_asked_for(house, out):
    _, domain = out(extensions=DSN, answers={"RCPT": "550 5.1.1 no such user"})
    house.control("dsnformat", "rfc3464\n")
    house.reload()
    try:
        mark = send(house, [f"bob@{domain}"], ["NOTIFY=FAILURE", "ORCPT=rfc822;x@y.test"], ["ENVID=e3", "RET=HDRS"])
        _, fields, original = report(house, mark, "failure notice")
    finally:
        house.control("dsnformat", "qsbmf\n")
        house.reload()
    assert fields[0]["Original-Envelope-Id"] == "e3" and fields[1]["Original-Recipient"] == "rfc822; x@y.test"
    assert fields[1]["Action"] == "failed" and fields[1]["Diagnostic-Code"].startswith("smtp; 550 5.1.1 no such user")
    assert original.get_content_type() == "text/rfc822-headers"


def test_a_failure_is_not_told_to_who_forbade_it(house, out):
    _, domain = out(answers={"RCPT": "550 5.1.1 no such user"})
    mark = send(house, [f"bob@{domain}"], ["NOTIFY=SUCCESS,DELAY"])
    house.wait_for(lambda: "failed" in house.log("event=delivery.failed", f"rcpt=bob@{domain}"), "the failure")
    mark2 = send(house, ["taro@example.test"], ["NOTIFY=SUCCESS"])
    report(house, mark2, "success notice")
    assert notices(house, mark) == []


@pytest.mark.parametrize("lines,action", [("&ann@example.test\n", "relayed"),
                                          ("&ann@example.test\n&taro@example.test\n", "expanded"),
                                          ("&ann@example.test\n./Maildir/\n", "delivered")])
def test_a_forward_is_told_by_what_it_is(house, lines, action):
    ext = uuid.uuid4().hex[:8]
    house.write(f"home/taro/.qmail-{ext}", lines, 0o644, "taro")
    mark = send(house, [f"taro-{ext}@example.test"], ["NOTIFY=SUCCESS"])
    _, fields, _ = report(house, mark, "success notice")
    assert fields[1]["Action"] == action


def test_a_delay_is_told_once_and_lives_over_a_restart(own_house):
    house = own_house
    house.control("delaynotice", "1\n")
    house.reload()
    for name in ("d", "e"):
        house.write(f"home/taro/.qmail-{name}", "|echo not now; exit 111\n", 0o644, "taro")
    mark = send(house, ["taro-d@example.test"], ["NOTIFY=DELAY,FAILURE"], ["ENVID=late1"])
    other = send(house, ["taro-e@example.test"])  # nobody asked

    def attempts():
        return house.log("event=delivery.deferred", "rcpt=taro-d@example.test").count("delivery.deferred")

    def told():
        before = attempts()
        house.command("twinpost", "queue", "retry", "all")
        house.wait_for(lambda: attempts() > before, "an attempt")
        return notices(house, mark)
    house.wait_for(told, "a delay notice")
    _, fields, _ = report(house, mark, "deferral notice")
    assert fields[0]["Original-Envelope-Id"] == "late1"
    assert fields[1]["Action"] == "delayed" and fields[1]["Status"].startswith("4.")
    assert "Will-Retry-Until" in fields[1]
    told()
    assert house.stop().returncode == 0
    house.start()
    told()
    told()
    assert len(notices(house, mark)) == 1 and notices(house, other) == []


def test_a_delay_is_told_to_all_when_control_says_so(own_house):
    house = own_house
    house.control("delaynotice", "1\n")
    house.control("delaynoticeto", "all\n")
    house.reload()
    house.write("home/taro/.qmail-d", "|exit 111\n", 0o644, "taro")
    mark = send(house, ["taro-d@example.test"])
    never = send(house, ["taro-d@example.test"], ["NOTIFY=FAILURE"])

    def told():
        house.command("twinpost", "queue", "retry", "all")
        return notices(house, mark)
    house.wait_for(told, "a delay notice")
    assert notices(house, never) == []
