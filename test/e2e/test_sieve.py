# SPDX-License-Identifier: ISC
"""Sieve scripts put in force by ManageSieve and carried out by deliver: each extension in a message
that a real SMTP client hands in, and what must never happen: a lost message, a doubled one, an answer
to a list, a loop."""
import imaplib
import os
import re
import shutil
import smtplib
import subprocess
import uuid

import pytest

from conftest import _folder
from house import House
from managesieve import ManageSieve, Refused

PASSWORD = "one for all"


@pytest.fixture(scope="module", name="home")
def sieve_house(tmp_path_factory):
    h = House(_folder(tmp_path_factory, "sieve"), "--password", PASSWORD, "--users", "9").start()
    yield h
    stopped = h.stop()
    assert stopped.returncode == 0, stopped.stderr


def session(h, user):
    m = ManageSieve(h.HOST, h.SIEVE_PORT)
    m.plain(user, PASSWORD)
    return m


def script(h, user, text, name="main"):
    m = session(h, user)
    answer = m.put(name, text)
    m.activate(name)
    m.close()
    return answer


def send(h, user, subject, *fields, sender="ann@example.test", to=None, body="hello\n", name=None):
    address = to or f"{user}@example.test"
    mark = uuid.uuid4().hex
    lines = [f"From: {sender or 'MAILER-DAEMON@x.test'}", f"To: {name or address}", f"Subject: {subject}",
             f"Message-ID: <{mark}@x.test>", "Date: Tue, 24 Nov 2026 10:11:12 +0900", f"X-Mark: {mark}", *fields]
    with smtplib.SMTP(h.HOST, h.SMTP_PORT, timeout=20) as s:
        s.sendmail(sender, [address], "\r\n".join(lines) + "\r\n\r\n" + body)
    return mark


def places(h, user, mark):
    """Folder/sub of each copy of the message, with the flags behind its name."""
    root = os.path.join(h.home(user), "Maildir")
    found = []
    for folder, _, names in os.walk(root):
        if os.path.basename(folder) not in ("new", "cur"):
            continue
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as f:
                    if mark.encode() in f.read():
                        found.append(os.path.relpath(folder, root) + re.sub(r"^[^:]*", "", name))
            except FileNotFoundError:
                pass
    return sorted(found)


def done(h, mark):
    """Waits until the queue is through with the message."""
    def look():
        log = h.command("twinpost", "log", "--json", "-n", "400").stdout
        ids = re.findall(r'"event":"smtp.accepted"[^\n]*', log)
        ids = [re.search(r'"id":"?(\d+)', line).group(1) for line in ids if mark in line]
        return ids and any(ids[0] in line and ('"ended":1' in line or '"queue.end"' in line)
                           for line in log.splitlines())
    h.wait_for(look, f"the end of {mark}")


def lies(h, user, mark, *expected):
    done(h, mark)
    assert places(h, user, mark) == sorted(expected)


def inbox(h, user):
    return {k: v.decode(errors="replace") for k, v in h.messages(user).items()}


# ---- what a script can do ----

DELIVERIES = """require ["fileinto", "envelope", "vacation", "imap4flags", "copy", "variables", "relational",
 "subaddress", "body", "date", "index", "editheader", "mailbox", "regex", "duplicate", "environment",
 "comparator-i;ascii-numeric", "comparator-i;unicode-casemap", "encoded-character", "special-use",
 "mboxmetadata", "ihave", "include"];
if header :is "subject" "create" { fileinto :create "New.Folder"; }
elsif header :is "subject" "slash" { fileinto :create "INBOX/日本"; }
elsif header :is "subject" "missing" { fileinto "No such folder"; }
elsif header :is "subject" "copy" { fileinto :copy :create "Copy"; }
elsif header :is "subject" "flags" { setflag "\\\\Flagged"; addflag ["\\\\Seen", "$Label1", "later"]; keep; }
elsif header :is "subject" "several" { fileinto :create "A"; fileinto :create "B"; keep; }
elsif header :matches "subject" "ticket [*] *" { fileinto :create "Tickets.${1}"; }
elsif header :regex "subject" "^build #([0-9]+) (ok|failed)$" { fileinto :create "Builds.${2}"; }
elsif header :value "ge" :comparator "i;ascii-numeric" "x-score" "5" { fileinto :create "Score"; }
elsif address :detail "to" "lists" { fileinto :create "Detail"; }
elsif envelope :detail "to" "qmail" { fileinto :create "Extension"; }
elsif envelope :domain "from" "far.test" { fileinto :create "Far"; }
elsif body :text :contains "世界" { fileinto :create "World"; }
elsif body :raw :contains "raw-needle" { fileinto :create "Raw"; }
elsif header :is "subject" "dated" { if date :originalzone "date" "hour" "10" { fileinto :create "Ten"; } }
elsif header :is "subject" "today" { if currentdate :value "ge" "year" "2026" { fileinto :create "Today"; } }
elsif header :index 2 :contains "x-step" "two" { fileinto :create "Second"; }
elsif header :is "subject" "edit" {
  addheader "X-Filed" "日本"; deleteheader "X-Secret"; deleteheader "Received"; fileinto :create "Edited"; }
elsif header :is "subject" "twice" { if duplicate { discard; } else { fileinto :create "Once"; } }
elsif header :is "subject" "junk" { fileinto :specialuse "\\\\Junk" :create "Elsewhere"; }
elsif header :is "subject" "exists" { if mailboxexists ["INBOX", "A"] { fileinto "A"; } }
elsif header :is "subject" "have" { if ihave "x-none" { discard; } else { fileinto :create "Ihave"; } }
elsif header :is "subject" "host" { if environment "host" "mail.example.test" { fileinto :create "Host"; } }
elsif header :contains :comparator "i;unicode-casemap" "subject" "ＳＴＲＡＮＤ" { fileinto :create "Case"; }
elsif header :is "subject" "${unicode:65E5}" { fileinto :create "Unicode"; }
elsif header :is "subject" "include" { include "other"; }
elsif header :is "subject" "gone" { discard; }
"""


@pytest.fixture(scope="module", name="filtered")
def user_with_a_script(home):
    m = session(home, "u1")
    m.put("other", 'require ["fileinto","mailbox"]; fileinto :create "Included";')
    m.close()
    script(home, "u1", DELIVERIES)
    return home


@pytest.mark.parametrize("subject, fields, expected", [
    ("create", [], [".New.Folder/new"]),
    ("slash", [], [".&ZeVnLA-/new"]),
    ("missing", [], ["new"]),
    ("copy", [], [".Copy/new", "new"]),
    ("flags", [], ["cur:2,FSab"]),
    ("several", [], [".A/new", ".B/new", "new"]),
    ("ticket [42] and more", [], [".Tickets.42/new"]),
    ("build #7 failed", [], [".Builds.failed/new"]),
    ("x", ["X-Score: 11"], [".Score/new"]),
    ("dated", [], [".Ten/new"]),
    ("today", [], [".Today/new"]),
    ("x", ["X-Step: one", "X-Step: two"], [".Second/new"]),
    ("have", [], [".Ihave/new"]),
    ("host", [], [".Host/new"]),
    ("=?utf-8?Q?am_Strand?=", [], [".Case/new"]),
    ("=?utf-8?B?5pel?=", [], [".Unicode/new"]),
    ("include", [], [".Included/new"]),
    ("gone", [], []),
    ("nothing that the script knows", [], ["new"]),
], ids=lambda v: v if isinstance(v, str) else "")
def test_a_message_goes_where_its_script_says(filtered, subject, fields, expected):
    mark = send(filtered, "u1", subject, *fields)
    lies(filtered, "u1", mark, *expected)


def test_addresses_senders_and_bodies_decide(filtered):
    mark = send(filtered, "u1", "x", name="u1+lists@example.test")
    lies(filtered, "u1", mark, ".Detail/new")
    mark = send(filtered, "u1", "x", sender="someone@far.test")
    lies(filtered, "u1", mark, ".Far/new")
    mark = send(filtered, "u1", "x", 'Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: base64",
                body="44GT44KT44Gr44Gh44Gv5LiW55WMCg==\r\n")
    lies(filtered, "u1", mark, ".World/new")
    mark = send(filtered, "u1", "x", body="a raw-needle here\r\n")
    lies(filtered, "u1", mark, ".Raw/new")


def test_an_extension_of_qmail_is_the_detail_of_the_envelope(filtered):
    filtered.write("home/u1/.qmail-qmail", "./Maildir/\n", user="u1")
    mark = send(filtered, "u1", "x", to="u1-qmail@example.test", name="elsewhere@x.test")
    lies(filtered, "u1", mark, ".Extension/new")


def test_an_edited_header_is_what_is_stored(filtered):
    mark = send(filtered, "u1", "edit", "X-Secret: 1")
    lies(filtered, "u1", mark, ".Edited/new")
    text = next(iter(filtered.messages("u1", "Maildir/.Edited").values())).decode()
    assert "\nX-Filed: =?" in text and "X-Secret" not in text
    assert "\nReceived:" in text  # RFC 5293 6: the trace stays
    assert text.startswith("Return-Path: <ann@example.test>\nDelivered-To: u1@example.test\n")


def test_a_second_message_with_the_same_id_is_a_duplicate(filtered):
    first = send(filtered, "u1", "twice")
    done(filtered, first)
    lines = f"From: a@x.test\r\nTo: u1@example.test\r\nSubject: twice\r\nMessage-ID: <{first}@x.test>\r\n\r\nagain\r\n"
    with smtplib.SMTP(filtered.HOST, filtered.SMTP_PORT, timeout=20) as s:
        s.sendmail("ann@example.test", ["u1@example.test"], lines)
    after = send(filtered, "u1", "gone")
    done(filtered, after)
    filtered.wait_for(lambda: places(filtered, "u1", first) == [".Once/new"], "one of two")


def test_a_folder_can_be_meant_by_what_it_is_for(filtered):
    mark = send(filtered, "u1", "junk")
    lies(filtered, "u1", mark, ".Elsewhere/new")  # no folder is for junk yet
    with imaplib.IMAP4(filtered.HOST, filtered.IMAP_PORT) as c:
        c.login("u1", PASSWORD)
        assert c.create("Junk")[0] == "OK"
    mark = send(filtered, "u1", "junk")
    lies(filtered, "u1", mark, ".Junk/new")


def test_flags_and_keywords_of_a_script_are_seen_by_imap(filtered):
    mark = send(filtered, "u1", "flags")
    done(filtered, mark)
    with imaplib.IMAP4(filtered.HOST, filtered.IMAP_PORT) as c:
        c.login("u1", PASSWORD)
        c.select("INBOX")
        number = c.search(None, "HEADER", "X-Mark", mark)[1][0].split()[-1].decode()
        flags = c.fetch(number, "(FLAGS)")[1][0].decode()
        for flag in ("\\Flagged", "\\Seen", "$Label1", "later"):
            assert flag in flags, flags
        # The keeper, which has the mailbox open, gives the next letter, not one of these.
        c.store(number, "+FLAGS", "(fresh)")
    mark = send(filtered, "u1", "flags")
    lies(filtered, "u1", mark, "cur:2,FSab")
    with open(os.path.join(filtered.home("u1"), "Maildir", "dovecot-keywords"), encoding="utf-8") as f:
        assert f.read() == "0 $Label1\n1 later\n2 fresh\n"


def test_an_mbox_inbox_gets_what_is_kept_with_its_flags(home):
    home.write("home/u2/.qmail", "./Mailbox\n", user="u2")
    script(home, "u2", 'require ["imap4flags","fileinto","mailbox"]; if header "subject" "file" '
                       '{ fileinto :create "Filed"; } else { keep :flags ["\\\\Seen", "\\\\Flagged", "word"]; }')
    mark = send(home, "u2", "kept")
    done(home, mark)
    with open(os.path.join(home.home("u2"), "Mailbox"), encoding="utf-8") as f:
        text = f.read()
    assert mark in text and "\nStatus: RO\nX-Status: F\nX-Keywords: word\n" in text
    with imaplib.IMAP4(home.HOST, home.IMAP_PORT) as c:
        c.login("u2", PASSWORD)
        c.select("INBOX")
        assert b"word" in c.fetch("1", "(FLAGS)")[1][0]
    mark = send(home, "u2", "file")
    lies(home, "u2", mark, ".Filed/new")


# ---- what a script sends ----

def test_a_redirect_goes_on_and_ones_own_address_is_here(home):
    script(home, "u3", 'require "copy"; if header "subject" "self" { redirect "u3@example.test"; } '
                       'else { redirect :copy "u4@example.test"; redirect "u5@example.test"; }')
    mark = send(home, "u3", "on")
    done(home, mark)
    for user in ("u4", "u5"):
        text = home.wait_for_mail(user, mark).decode()
        assert text.startswith("Return-Path: <ann@example.test>\n")
        assert "\nDelivered-To: u3@example.test\n" in text
    assert places(home, "u3", mark) == []
    mark = send(home, "u3", "self")
    lies(home, "u3", mark, "new")


def test_two_scripts_that_redirect_to_each_other_do_not_loop(home):
    script(home, "u6", 'redirect "u7@example.test";')
    script(home, "u7", 'redirect "u6@example.test";')
    mark = send(home, "u6", "round and round")
    bounce = home.wait_for_mail("ann", mark).decode()
    assert "This message is looping" in bounce


def test_a_rejected_message_comes_back_with_the_reason(home):
    script(home, "u4", 'require ["reject","ereject"]; if header "subject" "no" { reject text:\nI do not read this.\n'
                       '.\n; } elsif header "subject" "never" { ereject "never"; }')
    for subject, reason in (("no", "I do not read this."), ("never", "never")):
        mark = send(home, "u4", subject)
        bounce = home.wait_for_mail("ann", mark).decode()
        assert reason in bounce and "refused the message" in bounce
        assert places(home, "u4", mark) == []
    mark = send(home, "u4", "no", sender="")  # nobody to tell: no bounce of a bounce to the administrator
    lies(home, "u4", mark)
    assert not [t for t in inbox(home, "ann").values() if mark in t]


def answers(h, user, about):
    return [t for t in inbox(h, user).values() if "Auto-Submitted: auto-replied" in t and about in t]


def test_vacation_answers_people_once_and_programs_never(home):
    script(home, "u5", 'require "vacation"; vacation :days 3 :addresses ["other@example.test"] '
                       ':subject "留守です" "I am away.";')
    first = send(home, "u5", "hello", sender="u8@example.test")
    done(home, first)
    text = home.wait_for_mail("u8", "I am away.").decode()
    assert text.startswith("Return-Path: <>\n")
    assert f"In-Reply-To: <{first}@x.test>" in text and "\nFrom: u5@example.test\n" in text
    silent = [send(home, "u5", "again", sender="u8@example.test"),
              send(home, "u5", "list", "List-Id: <l.x.test>", sender="u9@example.test"),
              send(home, "u5", "bulk", "Precedence: bulk", sender="u9@example.test"),
              send(home, "u5", "robot", "Auto-Submitted: auto-generated", sender="u9@example.test"),
              send(home, "u5", "blind", sender="u9@example.test", name="undisclosed-recipients:;"),
              send(home, "u5", "owner", sender="owner-l@example.test"),
              send(home, "u5", "bounce", sender="")]
    for mark in silent:
        lies(home, "u5", mark, "new")
    other = send(home, "u5", "by another name", sender="u9@example.test", name="other@example.test")
    done(home, other)
    home.wait_for(lambda: len(answers(home, "u9", other)) == 1, "an answer for :addresses")
    assert len(answers(home, "u8", "I am away")) == 1 and len(answers(home, "u9", "I am away")) == 1


def test_a_notice_is_sent_by_mail_and_not_about_automatic_mail(home):
    script(home, "u9", 'require "enotify"; notify :message "mail came" "mailto:u8@example.test?subject=Look";')
    mark = send(home, "u9", "robot", "Auto-Submitted: auto-generated")
    lies(home, "u9", mark, "new")
    mark = send(home, "u9", "news")
    lies(home, "u9", mark, "new")
    text = home.wait_for_mail("u8", "mail came").decode()
    assert "\nSubject: Look\n" in text and "auto-notified" in text
    assert len([t for t in inbox(home, "u8").values() if "mail came" in t]) == 1


# ---- what goes wrong ----

def notices(h, user):
    return [t for t in inbox(h, user).values() if "Auto-Submitted: auto-generated" in t and "MAILER-DAEMON" in t]


def test_a_broken_script_keeps_the_mail_and_its_owner_is_told_once(home):
    home.write("home/u8/.dovecot.sieve", 'require "fileinto";\nfileint "x";\n', user="u8")
    marks = [send(home, "u8", "x"), send(home, "u8", "y")]
    for mark in marks:
        lies(home, "u8", mark, "new")
    home.wait_for(lambda: notices(home, "u8"), "a notice")
    assert "fileint" in notices(home, "u8")[0]
    log = home.command("twinpost", "log", "-n", "400").stdout
    assert re.search(r'sieve.failed .*user=u8 .*line 2, column 1: unknown command', log), log
    # A run-time error, the same day: kept, no second notice.
    home.write("home/u8/.dovecot.sieve", 'require "include"; include "nothing";\n', user="u8")
    mark = send(home, "u8", "z")
    lies(home, "u8", mark, "new")
    assert len(notices(home, "u8")) == 1
    os.unlink(os.path.join(home.home("u8"), ".dovecot.sieve"))


def test_qmail_decides_first(home):
    script(home, "u8", "discard;")
    home.write("home/u8/.qmail", "|cat >/dev/null\n./Elsewhere/\n", user="u8")
    home.write("home/u8/.qmail-plain", "./Other/\n", user="u8")
    subprocess.run(["mkdir", "-p", *[home.path("home/u8", d, s) for d in ("Other", "Elsewhere")
                                     for s in ("tmp", "new", "cur")]], check=True)
    subprocess.run(["chown", "-R", ":".join(map(str, home.ids("u8"))), home.path("home/u8/Other"),
                    home.path("home/u8/Elsewhere")], check=os.getuid() == 0)
    mark = send(home, "u8", "x", to="u8-plain@example.test")  # not the user's mailbox: no Sieve
    home.wait_for(lambda: any(mark.encode() in t for t in home.messages("u8", "Other").values()), "the file")
    mark = send(home, "u8", "x")  # the mailbox, after a program
    lies(home, "u8", mark)
    assert not home.messages("u8", "Elsewhere")
    os.unlink(os.path.join(home.home("u8"), ".qmail"))


def test_a_deferred_delivery_that_is_tried_again_doubles_nothing(home):
    """The first folder was written, the second could not be: then all is done again."""
    script(home, "u9", 'require ["fileinto","mailbox"]; fileinto :create "One"; fileinto :create "Two"; keep;')
    mark = send(home, "u9", "makes the folders")
    lies(home, "u9", mark, ".One/new", ".Two/new", "new")
    two = os.path.join(home.home("u9"), "Maildir", ".Two")
    os.rename(two + "/tmp", two + "/tmp-away")
    mark = send(home, "u9", "again")
    home.wait_for(lambda: f"{mark}" and re.search(r"delivery.deferred .*u9@example.test",
                                                  home.command("twinpost", "log", "-n", "100").stdout), "a deferral")
    os.rename(two + "/tmp-away", two + "/tmp")
    assert home.command("twinpost", "queue", "retry", "all").returncode == 0
    lies(home, "u9", mark, ".One/new", ".Two/new", "new")


# ---- Dovecot's files, real clients, the administrator's command ----

def test_a_sites_own_layout_works_as_it_stands(home):
    """Pigeonhole's: an absolute link, or a plain file that the first SETACTIVE puts aside."""
    base = home.home("u7")
    for name in (".dovecot.sieve", "sieve/main.sieve"):
        os.unlink(os.path.join(base, name))
    home.write("home/u7/sieve/roundcube.sieve", 'require ["fileinto","mailbox"]; fileinto :create "Old";', user="u7")
    os.symlink(os.path.join(base, "sieve/roundcube.sieve"), os.path.join(base, ".dovecot.sieve"))
    mark = send(home, "u7", "x")
    lies(home, "u7", mark, ".Old/new")
    m = session(home, "u7")
    assert m.list() == (["roundcube"], "roundcube")
    os.unlink(os.path.join(base, ".dovecot.sieve"))
    home.write("home/u7/.dovecot.sieve", "# by hand\nkeep;\n", user="u7")
    assert m.list() == (["roundcube"], None)
    m.activate("roundcube")
    assert m.list() == (["dovecot.orig", "roundcube"], "roundcube")
    assert m.get("dovecot.orig") == "# by hand\nkeep;\n"
    assert os.readlink(os.path.join(base, ".dovecot.sieve")) == "sieve/roundcube.sieve"


def test_every_login_that_imap_takes_is_taken(home):
    for how in ("plain", "cram_md5", "scram_sha_256"):
        m = ManageSieve(home.HOST, home.SIEVE_PORT)
        assert "PLAIN" in m.capabilities["SASL"] and "OWNER" not in m.capabilities
        m.starttls(home.CA_FILE, "mail.example.test")
        if how == "cram_md5":
            home.command("twinpost", "passwd", "--with-shared-secret", "--stdin", "u6", stdin=PASSWORD + "\n")
        getattr(m, how)("u6", PASSWORD)
        assert m.list()[1] == "main"
        m.close()


def test_quotas_on_number_and_size(home):
    home.control("maxsievescripts", "3\n")
    home.control("maxsievebytes", "2000\n")
    home.reload()
    m = session(home, "ann")
    for name in ("a", "b", "c"):
        m.put(name, "keep;")
    with pytest.raises(Refused, match="QUOTA/MAXSCRIPTS"):
        m.put("d", "keep;")
    m.put("c", "keep; # the same name again")
    with pytest.raises(Refused, match="QUOTA/MAXSIZE"):
        m.put("c", "#" * 1995)
    assert m.list()[0] == ["a", "b", "c"]
    for name in ("maxsievescripts", "maxsievebytes"):
        os.unlink(home.path("var/qmail/control", name))
    home.reload()


@pytest.mark.skipif(not shutil.which("sieve-connect"), reason="needs sieve-connect")
def test_sieve_connect_uploads_activates_lists_and_downloads(home, tmp_path):
    local = tmp_path / "laptop.sieve"
    local.write_text('require "fileinto";\nif header :contains "subject" "日本" { fileinto "Archive"; }\n', encoding="utf-8")
    base = ["sieve-connect", "-s", home.HOST, "-p", str(home.SIEVE_PORT), "-u", "taro", "--passwordfd", "0",
            "--tlscafile", home.CA_FILE, "--notlsverify"]

    def connect(*words):
        run = subprocess.run([*base, *words], input=PASSWORD + "\n", capture_output=True, text=True, timeout=60,
                             check=False, cwd=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    connect("--localsieve", str(local), "--remotesieve", "laptop", "--upload")
    connect("--remotesieve", "laptop", "--activate")
    assert re.search(r'"?laptop"? ACTIVE', connect("--list"))
    connect("--remotesieve", "laptop", "--localsieve", "back.sieve", "--download")
    assert (tmp_path / "back.sieve").read_text(encoding="utf-8").replace("\r", "") == local.read_text(encoding="utf-8")
    connect("--deactivate")
    connect("--remotesieve", "laptop", "--delete")


def test_the_administrators_command_checks_and_tries_a_script(home, tmp_path):
    good, bad, mail = tmp_path / "good.sieve", tmp_path / "bad.sieve", tmp_path / "mail.eml"
    good.write_text('require "fileinto";\nif header :contains "subject" "x" { fileinto "X"; }\n')
    bad.write_text("keep;\nfoo;\n")
    mail.write_text("Subject: an x\n\nhello\n")
    run = home.command("twinpost", "sieve", "check", str(good))
    assert run.returncode == 0 and "sound" in run.stdout
    run = home.command("twinpost", "sieve", "check", str(bad))
    assert run.returncode == 1 and "line 2, column 1: unknown command \"foo\"" in run.stdout
    run = home.command("twinpost", "sieve", "check", str(bad), env={"LANG": "ja_JP.UTF-8"})
    assert "2 行 1 桁: 「foo」という命令はありません" in run.stdout
    run = home.command("twinpost", "sieve", "test", "-f", "a@b.test", str(good), str(mail))
    assert run.returncode == 0 and run.stdout.endswith('fileinto "X"\n') and "header: true" in run.stdout


def test_explain_tells_of_the_script(home):
    script(home, "u6", "keep;")
    run = home.command("twinpost", "explain", "u6@example.test")
    assert "sieve/main.sieve" in run.stdout, run.stdout


def test_twenty_messages_at_once_are_all_filed(home):
    """A burst: the batch and its one sync serve filtered deliveries too."""
    script(home, "taro", 'require ["fileinto","mailbox"]; fileinto :create "Burst";')
    marks = [send(home, "taro", f"burst {i}") for i in range(20)]
    home.wait_for(lambda: len(home.messages("taro", "Maildir/.Burst")) == 20, "twenty")
    for mark in marks:
        assert places(home, "taro", mark) == [".Burst/new"]
