# SPDX-License-Identifier: ISC
"""Control files are edited and reloaded while the house runs; mistakes are named."""
import smtplib
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
