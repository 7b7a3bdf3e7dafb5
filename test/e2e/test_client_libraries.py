# SPDX-License-Identifier: ISC
"""What programs are written with: Python's imaplib, Perl's Mail::IMAPClient, curl."""
import imaplib
import re
import select
import subprocess
import uuid

import pytest

from dialog import scram

NAME, WIRE = "手紙", "&Ykt9GQ-"  # RFC 3501 5.1.3


def message(mark, text="本文です。検索する言葉。"):
    return (f"From: a@example.test\r\nTo: b@example.test\r\nSubject: {mark}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n").encode()


def answer(i, command):
    """The untagged lines of a command that goes well."""
    tag = i._new_tag()
    i.send(tag + b" " + command + b"\r\n")
    lines = []
    while not (line := i.readline()).startswith(tag):
        assert line, command
        lines.append(line.rstrip())
    assert line.split()[1] == b"OK", (command, line)
    return lines


@pytest.fixture
def password(house):
    with open(house.path("passwords"), encoding="utf-8") as f:
        return dict(line.split() for line in f)["u3"]


def with_scram(house, mechanism, password):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    words = scram(mechanism, "u3", password)
    first = next(words)
    step = iter(range(9))
    i.authenticate(mechanism, lambda challenge: first if next(step) == 0 else words.send(challenge))
    return i


def test_imaplib_does_all_of_a_days_work(house, password):
    mark = uuid.uuid4().hex
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    assert i.login_cram_md5("u3", password)[0] == "OK"
    other = with_scram(house, "SCRAM-SHA-256", password)
    with_scram(house, "SCRAM-SHA-1", password).logout()
    for folder in (f"{WIRE}-{mark}", f"{WIRE}-{mark}.{WIRE}"):
        assert i.create(folder)[0] == "OK"
        assert i.subscribe(folder)[0] == "OK"
    named = [line for line in i.list()[1] if mark.encode() in line]
    assert len(named) == 2 and all(WIRE.encode() in line for line in named)
    folder = f"{WIRE}-{mark}"
    assert i.append(folder, r"(\Flagged $Label1)", '"24-Nov-2026 01:02:03 +0900"', message(mark))[0] == "OK"
    assert i.select(folder)[1] == [b"1"]
    i.literal = "検索する".encode()
    assert i.uid("SEARCH", "CHARSET", "UTF-8", "TEXT")[1] == [b"1"]
    assert i.fetch("1", "(FLAGS INTERNALDATE)")[1][0].count(b"24-Nov-2026 01:02:03 +0900") == 0  # its own zone
    assert i.fetch("1", "(BODY.PEEK[])")[1][0][1] == message(mark)
    assert i.store("1", "+FLAGS", r"(\Seen)")[0] == "OK"
    # The other one hears of all of it as it happens.
    assert other.select(folder)[1] == [b"1"]
    tag = other._new_tag()
    other.send(tag + b" IDLE\r\n")
    assert other.readline().startswith(b"+")
    assert i.append(folder, None, None, message("two"))[0] == "OK"
    assert wait(other, rb"\* 2 EXISTS")
    assert i.store("1", "-FLAGS", r"(\Flagged)")[0] == "OK"
    assert wait(other, rb"\* 1 FETCH .*\$Label1")
    assert i.uid("MOVE", "1", f"{folder}.{WIRE}")[0] == "OK"
    assert wait(other, rb"\* 1 EXPUNGE")
    other.send(b"DONE\r\n")
    assert wait(other, tag + rb" OK")
    assert other.select(f"{folder}.{WIRE}")[1] == [b"1"]
    assert set(imaplib.ParseFlags(other.fetch("1", "(FLAGS)")[1][0])) - {rb"\Recent"} == {rb"\Seen", b"$Label1"}
    assert other.unselect()[0] == "OK"
    assert i.delete(f"{folder}.{WIRE}")[0] == "OK"
    for x in (i, other):
        assert x.logout()[0] == "BYE"


def wait(i, pattern, seconds=10):
    while line := (i.readline() if select.select([i.sock], [], [], seconds)[0] or i.file.peek(1) else b""):
        if re.match(pattern, line):
            return line
    return None


def test_a_copy_into_the_open_mailbox_shows_with_the_command(house, password):
    """RFC 3501 5.2: a client is told at once of the size that its own command changed."""
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login("u3", password)
    folder = uuid.uuid4().hex
    i.create(folder)
    i.append(folder, None, None, message("one"))
    i.select(folder)
    assert b"* 2 EXISTS" in answer(i, b"COPY 1 " + folder.encode())
    i.delete(folder)
    i.logout()


PERL = r"""
use strict; use warnings; use utf8;
use Mail::IMAPClient;
my ($port, $password, $mark) = @ARGV;
my $folder = "&Ykt9GQ-perl-$mark";
sub client {
    my $c = Mail::IMAPClient->new(Server => "127.0.0.1", Port => $port, User => "u3", Password => $password,
        Authmechanism => $_[0], Uid => 1, Peek => 1, Timeout => 20) or die "login $_[0]: $@";
    return $c;
}
my $c = client("CRAM-MD5");
my $plain = client("PLAIN");
$c->create($folder) or die "create: " . $c->LastError;
$c->subscribe($folder) or die "subscribe: " . $c->LastError;
die "list" unless grep { $_ eq $folder } $c->folders;
my $uid = $c->append_string($folder, "Subject: $mark\r\n\r\nhello\r\n", '\Flagged') or die "append: " . $c->LastError;
$plain->select($folder) or die "select";
$c->select($folder) or die "select";
die "count" unless $c->message_count == 1;
my @found = $c->search("SUBJECT", $c->Quote($mark));
die "search @found" unless @found == 1 && $found[0] == $uid;
die "flags" unless grep { $_ eq '\Flagged' } $c->flags($uid);
die "subject" unless $c->subject($uid) eq $mark;
die "body" unless $c->message_string($uid) eq "Subject: $mark\r\n\r\nhello\r\n";
my $idle = $plain->idle or die "idle: " . $plain->LastError;
$c->set_flag("Seen", $uid) or die "flag";
my $news = $plain->idle_data(10) or die "idle_data: " . ($plain->LastError // "");
die "news @$news" unless grep { /FETCH.*\\Seen/ } @$news;
$plain->done($idle) or die "done: " . $plain->LastError;
$c->create("$folder.to") or die "create";
$c->move("$folder.to", $uid) or die "move: " . $c->LastError;
$c->expunge or die "expunge";
die "left" unless $c->message_count($folder) == 0 && $c->message_count("$folder.to") == 1;
my $structure = do { $c->select("$folder.to"); $c->fetch_hash("FLAGS", "RFC822.SIZE", "ENVELOPE") };
die "hash" unless (values %$structure)[0]{FLAGS} =~ /Seen/;
$c->close; $c->delete("$folder.to") or die "delete"; $c->delete($folder) or die "delete";
$c->logout or die "logout"; $plain->logout;
print "all went well\n";
"""


def test_perls_imapclient_does_all_of_a_days_work(house, password):
    got = subprocess.run(["perl", "-e", PERL, str(house.IMAP_PORT), password, uuid.uuid4().hex],
                         capture_output=True, text=True, timeout=60, check=False)
    assert got.stdout == "all went well\n", got.stdout + got.stderr


def curl(house, password, path, *words, tls=False):
    url = f"imaps://localhost:{house.IMAPS_PORT}" if tls else f"imap://{house.HOST}:{house.IMAP_PORT}"
    got = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", house.CA_FILE, "-u", f"u3:{password}", *words,
                          url + path], capture_output=True, text=True, timeout=60, check=False)
    assert got.returncode == 0, got.stderr
    return got.stdout


def test_curl_uploads_searches_flags_and_downloads(house, password, tmp_path):
    mark = uuid.uuid4().hex
    folder = f"&Ykt9GQ-curl{mark}"
    path = "/" + folder.replace("&", "%26")
    (tmp_path / "m").write_bytes(message(mark))
    cram = ("--login-options", "AUTH=CRAM-MD5")
    curl(house, password, "", *cram, "-X", f'CREATE "{folder}"')
    assert folder in curl(house, password, "", *cram, "-X", 'LIST "" *')
    curl(house, password, path, *cram, "-T", str(tmp_path / "m"))
    assert curl(house, password, path, "-X", f"UID SEARCH SUBJECT {mark}", tls=True).strip() == "* SEARCH 1"
    curl(house, password, path, *cram, "-X", r"UID STORE 1 +FLAGS (\Flagged)")
    assert r"\Flagged" in curl(house, password, path, "-X", "FETCH 1 (FLAGS)", tls=True)
    got = curl(house, password, path + ";UID=1", *cram)
    assert got.replace("\r\n", "\n") == message(mark).decode().replace("\r\n", "\n")
    assert mark in curl(house, password, path + ";UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)")
    curl(house, password, "", "-X", f'DELETE "{folder}"')
