# SPDX-License-Identifier: ISC
"""Control files are edited and reloaded while the house runs; mistakes are named."""
import smtplib
import socket
import uuid


def rcpt(house, address):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.ehlo("client.test")
        s.mail("x@elsewhere.test")
        return s.rcpt(address)[0]


def test_a_new_domain_is_served_after_reload(own_house):
    house = own_house
    assert rcpt(house, "taro@new.test") == 553
    house.control("rcpthosts", "example.test\nmail.example.test\nlocalhost\nnew.test\n")
    house.control("virtualdomains", "new.test:taro-new\n")
    house.write("home/taro/.qmail-new-default", "./Maildir/\n", 0o644, "taro")
    house.reload()
    assert rcpt(house, "anybody@new.test") == 250
    mark = uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail("x@elsewhere.test", ["Any.Body@new.test"], f"Subject: {mark}\r\n\r\n.\r\n")
    got = house.wait_for_mail("taro", mark).decode()
    assert "Delivered-To: taro-new-Any.Body@new.test" in got
    out = house.command("twinpost", "explain", "Any.Body@new.test").stdout
    assert "virtualdomains" in out and ".qmail-new-default: found" in out and "maildir ./Maildir/" in out


def test_mistakes_are_named_with_file_line_and_remedy(own_house):
    house = own_house
    assert house.command("twinpost", "check-config").returncode == 0
    house.control("rcphosts", "example.test\n")
    house.write("var/qmail/alias/.qmail-staff", "&itpadmin_at_example.test\n|prog 'x\u2019\n")
    run = house.command("twinpost", "check-config")
    assert run.returncode == 1
    assert "rcphosts" in run.stdout and "rcpthosts" in run.stdout
    assert ".qmail-staff:1" in run.stdout and "_at_" in run.stdout
    assert ".qmail-staff:2" in run.stdout
    japanese = house.command("twinpost", "check-config", env={"LANG": "ja_JP.UTF-8"}).stdout
    assert any("\u3040" <= c <= "\u30ff" for c in japanese)


def test_a_bad_value_stops_the_reload_and_the_old_one_stays(own_house):
    house = own_house
    house.control("role", "sleeping\n")
    run = house.command("twinpost", "reload")
    assert run.returncode != 0 and "role" in run.stdout + run.stderr
    assert rcpt(house, "taro@example.test") == 250


def test_relayclient_opens_the_way_for_one_address(own_house):
    house = own_house
    assert rcpt(house, "someone@foreign.test") == 553
    house.control("tcp.smtp", '127.:allow,RELAYCLIENT=""\n:allow\n')
    house.reload()
    assert rcpt(house, "someone@foreign.test") == 250


def test_users_assign_decides_before_the_accounts(own_house):
    house = own_house
    uid, gid = house.ids("taro")
    house.write("var/qmail/users/assign", f"=boss:taro:{uid}:{gid}:{house.home('taro')}:::\n"
                                          f"+sales-:taro:{uid}:{gid}:{house.home('taro')}:-:sales-:\n.\n")
    assert house.command("qmail-newu").returncode == 0
    house.reload()
    mark = uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail("x@elsewhere.test", ["boss@example.test"], f"Subject: {mark}\r\n\r\n.\r\n")
    house.wait_for_mail("taro", mark)
    assert rcpt(house, "sales-nobody@example.test") == 550


# ---- bans at the door ----

def greeting_from(house, ip):
    with socket.create_connection((house.HOST, house.SMTP_PORT), timeout=20, source_address=(ip, 0)) as s:
        return s.recv(4096)


def test_a_ban_is_added_listed_and_lifted(house):
    assert greeting_from(house, "127.0.0.81").startswith(b"220")
    run = house.command("twinpost", "ban", "add", "127.0.0.81", "15m", "knocked", "too", "often")
    assert run.returncode == 0, run.stderr
    assert greeting_from(house, "127.0.0.81").startswith(b"421")
    listed = [line for line in house.command("twinpost", "ban", "list").stdout.splitlines() if "127.0.0.81" in line]
    assert len(listed) == 1 and listed[0].endswith("\tknocked too often") and "seconds more" in listed[0]
    assert house.command("twinpost", "ban", "lift", "127.0.0.81").returncode == 0
    assert greeting_from(house, "127.0.0.81").startswith(b"220")
    assert house.command("twinpost", "ban", "lift", "127.0.0.81").returncode == 100
    assert "knocked too often" in house.log("event=ban.started")


def test_a_banned_network_loses_its_sessions_and_the_host_itself_is_let_in(house):
    with socket.create_connection((house.HOST, house.SMTP_PORT), timeout=20, source_address=("127.0.3.7", 0)) as s:
        s.settimeout(20)
        assert s.recv(4096).startswith(b"220")
        run = house.command("twinpost", "ban", "add", "127.0.0.0/14")
        assert run.returncode == 0 and run.stdout == "1 session(s) ended.\n", run.stdout + run.stderr
        assert s.recv(4096) == b""
    assert greeting_from(house, "127.0.0.1").startswith(b"220")
    assert "until it is lifted" in house.command("twinpost", "ban", "list").stdout
    assert house.command("twinpost", "ban", "lift", "127.0.0.0/14").returncode == 0


def test_what_cannot_be_banned_is_refused(house):
    for words in (["add", "example.test"], ["add", "192.0.2.1", "soon"], ["add", "127.0.0.1"], ["lift", "192.0.2.9"],
                  ["add"], ["frobnicate"]):
        run = house.command("twinpost", "ban", *words)
        assert run.returncode == 100 and run.stderr, words


def test_the_rules_of_bans_and_the_rate_are_settings(own_house):
    house = own_house
    house.control("banpoints", "3\n")
    house.control("connectionburst", "4\n")
    house.control("connectionrate", "1\n")
    house.reload()
    house.wait_for(lambda: not [1 for _ in range(6) if not greeting_from(house, "127.0.0.1")], "a greeting")
    answers = [greeting_from(house, "127.0.0.91")[:3] for _ in range(6)]
    assert answers == [b"220"] * 4 + [b"421"] * 2, answers
    with socket.create_connection((house.HOST, house.SMTP_PORT), timeout=20, source_address=("127.0.0.92", 0)) as s:
        s.settimeout(20)
        s.recv(4096)
        s.sendall(b"NOOP\n")  # abuse: three points
        while s.recv(4096):
            pass
    house.wait_for(lambda: greeting_from(house, "127.0.0.92").startswith(b"421"), "the ban")
