# SPDX-License-Identifier: ISC
"""The same scripts on the same messages, by twinpost and by Dovecot's sieve-test: the same actions in the
same order, or a reason why not. A site's scripts work here as they stand."""
import os
import re
import shutil
import subprocess

import pytest

TEST = shutil.which("sieve-test")
pytestmark = pytest.mark.skipif(not TEST or os.getuid() != 0, reason="needs dovecot-sieve and root")

NOBODY = 65534
CONF = """
protocols =
ssl = no
log_path = /dev/stderr
mail_location = maildir:{0}/Maildir
mail_home = {0}
plugin {{
  sieve_extensions = +editheader +vacation-seconds
  sieve = {0}/none.sieve
  sieve_dir = {0}/sieve
}}
"""

MESSAGES = {
    "plain": """From: Hanako <hanako@lab.example>
To: taro@example.test
Subject: Meeting on Friday [lab 7]
Date: Tue, 24 Nov 2026 10:11:12 +0900
Message-ID: <plain@lab.example>
X-Spam-Score: 7.5
X-Priority: 1

Shall we meet?
""",
    "list": """Return-Path: <dev-return-1-taro=example.test@lists.example>
Received: from lists.example by mail.example.test; Tue, 24 Nov 2026 09:00:00 +0900
Received: from somewhere by lists.example; Mon, 23 Nov 2026 23:59:59 +0000
From: "Bob (dev)" <bob+work@x.example>
Sender: dev-bounces@lists.example
To: dev@lists.example, "Taro, the other" <taro+dev@example.test>
Cc: carol@y.example (Carol)
Subject: Re: [dev] =?UTF-8?B?44OR44OD44OB?= =?UTF-8?Q?_v2?=
List-Id: Developers <dev.lists.example>
Precedence: list
Date: Mon, 23 Nov 2026 23:59:58 +0000
Message-ID: <list@x.example>
X-Spam-Flag: YES

patch follows
""",
    "mime": """From: =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <sato@jp.example>
To: taro@example.test
Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=
Date: 24 Nov 2026 00:00:00 -0500
Message-ID: <mime@jp.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

a prologue
--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=iso-2022-jp

\x1b$B2q5D\x1b(B
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>=E4=BC=9A=E8=AD=B0 <b>HTML</b></p>
--inner--
--outer
Content-Type: application/octet-stream; name="secret.bin"
Content-Transfer-Encoding: base64

bmVlZGxlIGluIGEgaGF5c3RhY2s=
--outer--
""",
    "bare": """Subject: odd
From: nobody
To: undisclosed-recipients:;

""",
}

# name: (script, {message: reason} where the two differ and why)
SCRIPTS = {
    "keep": ("keep;", {}),
    "nothing": ("", {}),
    "discard": ("discard;", {}),
    "lists": ("""require ["fileinto", "variables", "mailbox"];
if header :matches "list-id" "*<*.lists.example>*" { fileinto :create "Lists.${2}"; stop; }
if exists "list-id" { fileinto "Lists"; }""", {}),
    "spam": ("""require ["fileinto", "relational", "comparator-i;ascii-numeric"];
if anyof (header :value "ge" :comparator "i;ascii-numeric" "x-spam-score" "5", header "x-spam-flag" "yes")
{ fileinto "Junk"; }""", {}),
    "addresses": ("""require ["fileinto", "subaddress", "copy"];
if address :is "from" "hanako@lab.example" { fileinto :copy "a"; }
if address :domain :is ["to", "cc"] "Y.EXAMPLE" { fileinto :copy "b"; }
if address :user "from" "bob" { fileinto :copy "c"; }
if address :detail "to" "dev" { fileinto :copy "d"; }
if address :localpart :matches "sender" "*-bounces" { fileinto :copy "e"; }
if address :all :contains "to" "undisclosed" { fileinto :copy "f"; }
if address :localpart "from" "nobody" { fileinto :copy "g"; }""", {}),
    "count": ("""require ["fileinto", "relational", "comparator-i;ascii-numeric", "copy"];
if address :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] "3" { fileinto :copy "many"; }
if header :count "eq" :comparator "i;ascii-numeric" "received" "2" { fileinto :copy "two"; }
if header :count "eq" :comparator "i;ascii-numeric" "received" "0" { fileinto :copy "none"; }
if header :value "lt" "subject" "N" { fileinto :copy "early"; }""", {}),
    "matches": ("""require ["fileinto", "variables", "copy"];
if header :matches "subject" "*[*]*" { fileinto :copy "1-${1}-${2}-${3}"; }
if header :matches "subject" "?e*" { fileinto :copy "2-${1}-${2}"; }
if header :matches :comparator "i;octet" "subject" "M*" { fileinto :copy "3-${1}"; }
if header :matches "subject" "*" { fileinto :copy "4-${0}"; }
if header :matches "x-none" "*" { fileinto :copy "5"; }""", {
        "mime": "? is one character here, one octet there: their ${1} is no text, and the script fails",
        "bare": "theirs finds \"?e*\" in \"odd\""}),
    "japanese": ("""require ["fileinto", "copy", "body"];
if header :contains "subject" "会議" { fileinto :copy "会議"; }
if header :contains "from" "佐藤" { fileinto :copy "佐藤"; }
if header :is "subject" "Re: [dev] パッチ v2" { fileinto :copy "パッチ"; }
if body :text :contains "会議" { fileinto :copy "本文"; }""", {}),
    "body": ("""require ["fileinto", "copy", "body"];
if body :raw :contains "prologue" { fileinto :copy "raw"; }
if body :contains "meet" { fileinto :copy "text"; }
if body :content "text/html" :contains "<b>HTML" { fileinto :copy "html"; }
if body :content "application" :contains "haystack" { fileinto :copy "binary"; }
if body :content "text" :contains "haystack" { fileinto :copy "no"; }
if not body :contains "" { fileinto :copy "empty"; }""", {}),
    "regex": ("""require ["fileinto", "regex", "variables", "copy"];
if header :regex "subject" "\\\\[([a-z]+) ?([0-9]*)\\\\]" { fileinto :copy "r-${1}-${2}"; }
if header :regex "message-id" "^<([^@]+)@([^>]+)>$" { fileinto :copy "id-${1}-${2}"; }
if header :regex :comparator "i;octet" "subject" "^meet" { fileinto :copy "case"; }
if address :regex :localpart "from" "^(bob|sato)" { fileinto :copy "who-${1}"; }""", {}),
    "dates": ("""require ["fileinto", "date", "relational", "copy", "index", "variables"];
if date :originalzone "date" "hour" "10" { fileinto :copy "ten"; }
if date :zone "+0900" "date" "date" "2026-11-24" { fileinto :copy "day"; }
if date :value "ge" :zone "+0000" "date" "julian" "61367" { fileinto :copy "julian"; }
if date :index 2 :originalzone "received" "time" "23:59:59" { fileinto :copy "second"; }
if date :originalzone :matches "date" "iso8601" "*T*" { fileinto :copy "iso-${1}"; }
if date :originalzone :matches "date" "std11" "*, *" { fileinto :copy "std-${2}"; }
if date :originalzone "date" "weekday" "2" { fileinto :copy "tuesday"; }
if date :originalzone "date" "zone" "-0500" { fileinto :copy "zone"; }
if currentdate :value "ge" "year" "2026" { fileinto :copy "now"; }""", {
        "list": "RFC 5260 6: :index says which Received the date test looks at; theirs finds no second one"}),
    "flags": ("""require ["fileinto", "imap4flags", "variables"];
setflag "\\\\Seen"; addflag ["work urgent", "\\\\Flagged"];
if hasflag "URGENT" { fileinto :flags "\\\\Answered" "own"; }
removeflag "urgent";
if header :contains "subject" "meeting" { addflag "list" "a b"; keep :flags "${list}"; } else { keep; }""", {}),
    "variables": ("""require ["fileinto", "variables", "copy"];
set "a" "Value"; set :upper "b" "${a}"; set :lower :upperfirst "c" "jOHN"; set :length "d" "日本語";
set :quotewildcard "e" "*?"; set "f" "${nothing}${a}x${}$";
fileinto :copy "${a}.${b}.${c}.${d}"; fileinto :copy "${f}";
if string :matches "${b}" "V*E" { fileinto :copy "${1}"; }
if string :is "${e}" "\\\\*\\\\?" { fileinto :copy "quoted"; }""", {}),
    "tests": ("""require ["fileinto", "copy"];
if allof (true, not false, anyof (false, true)) { fileinto :copy "yes"; }
if not exists ["from", "x-priority"] { fileinto :copy "absent"; }
if size :over 1K { fileinto :copy "large"; } elsif size :under 100 { fileinto :copy "small"; } else { fileinto :copy "middle"; }
if header :contains ["to", "cc", "subject"] ["carol", "odd"] { fileinto :copy "either"; }
if header :is "x-priority" "" { fileinto :copy "empty"; }""", {}),
    "envelope": ("""require ["fileinto", "envelope", "copy"];
if envelope :is "from" "sender@far.example" { fileinto :copy "from"; }
if envelope :localpart "to" "taro" { fileinto :copy "to"; }
if envelope :domain :matches "to" "*.test" { fileinto :copy "domain"; }""", {}),
    "redirect": ("""require ["copy", "fileinto"];
redirect :copy "a@b.example"; redirect "c@d.example"; redirect "a@b.example"; fileinto "x";""", {}),
    "reject": ("""require "reject"; if header :contains "subject" "meeting" { reject "no meetings"; }""", {}),
    "conflict": ("""require "reject"; keep; reject "no";""", {}),
    "vacation": ("""require ["vacation", "fileinto"];
vacation :days 3 :subject "away" :addresses ["taro@example.test"] "I am away"; fileinto "x";""", {}),
    "index": ("""require ["fileinto", "index", "copy"];
if header :index 1 :contains "received" "lists.example by" { fileinto :copy "first"; }
if header :index 1 :last :contains "received" "somewhere" { fileinto :copy "last"; }
if header :index 9 :contains "received" "" { fileinto :copy "no"; }""", {}),
    "doubles": ("""require ["fileinto", "imap4flags"];
fileinto "a"; fileinto :flags "x" "a"; keep; keep; fileinto "INBOX"; discard;""", {}),
    "encoded": ("""require ["fileinto", "encoded-character"];
fileinto "${hex: 41 42}${unicode:65E5 672C}${hex: 4z}${unicode:z}$";""", {}),
    "ihave": ("""require ["ihave", "fileinto"];
if ihave "no-such-thing" { no_such_command; } elsif ihave "vacation" { fileinto "have"; }""", {}),
    "edited": ("""require ["editheader", "fileinto", "copy", "variables"];
addheader "X-Added" "value"; deleteheader "X-Spam-Score"; deleteheader :contains "Subject" "odd";
if header "x-added" "value" { fileinto :copy "added"; }
if not exists "x-spam-score" { fileinto :copy "deleted"; }
if not exists "subject" { fileinto :copy "no subject"; }""", {}),
    "runtime": ("""require ["variables", "fileinto"];
set "to" "not an address"; redirect "${to}"; fileinto "never";""", {}),
    "text": ("""require ["fileinto", "variables"]; # a comment
/* and another */
set "x" text: # with a comment
line one
..dotted
.
;
if string :contains "${x}" ".dotted" { fileinto "text"; }""", {}),
}


@pytest.fixture(scope="module", name="bench")
def where_both_run(tmp_path_factory):
    from conftest import _folder
    folder = str(_folder(tmp_path_factory, "pigeonhole"))
    os.makedirs(folder + "/sieve")
    with open(folder + "/dovecot.conf", "w", encoding="utf-8") as f:
        f.write(CONF.format(folder))
    for name, text in MESSAGES.items():
        with open(f"{folder}/{name}.eml", "w", encoding="utf-8", newline="\n") as f:
            f.write(text)
    for name, (text, _) in SCRIPTS.items():
        with open(f"{folder}/{name}.sieve", "w", encoding="utf-8") as f:
            f.write(text + "\n")
    for path, _, names in os.walk(folder):
        for each in [path, *(os.path.join(path, n) for n in names)]:
            os.chown(each, NOBODY, NOBODY)
    return folder


def theirs(folder, script, message):
    run = subprocess.run([TEST, "-c", folder + "/dovecot.conf", "-f", "sender@far.example", "-a", "taro@example.test",
                          f"{folder}/{script}.sieve", f"{folder}/{message}.eml"], capture_output=True, text=True,
                         errors="replace", timeout=30, check=False, user=NOBODY, group=NOBODY, extra_groups=[])
    if "final result: failed; resolved with successful implicit keep" in run.stderr:
        return [["keep", set()]]
    assert "Performed actions" in run.stdout, run.stdout + run.stderr
    found = []
    for line in run.stdout.splitlines():
        store = re.match(r" \* store message in folder: (.*)", line)
        flags = re.match(r" +\+ add IMAP flags: ?(.*)", line)
        if store:
            found.append(["keep" if store.group(1) == "INBOX" else "fileinto " + store.group(1), set()])
        elif flags:
            found[-1][1] = {f.lower() for f in flags.group(1).split()}
        elif line.startswith(" * redirect message to:"):
            found.append(["redirect " + re.search("<(.*)>", line).group(1), set()])
        elif line.startswith(" * reject"):
            found.append(["reject", set()])
        elif line.startswith(" * send vacation"):
            found.append(["vacation", set()])
    return found


def ours(house, folder, script, message):
    run = house.command("twinpost", "sieve", "test", "-q", "-f", "sender@far.example", "-t", "taro@example.test",
                        f"{folder}/{script}.sieve", f"{folder}/{message}.eml")
    found = []
    for line in run.stdout.splitlines():
        m = re.match(r'(keep|fileinto|redirect|reject|vacation)(?: \(implicit\))?(?: "(.*?)"| (\S+@\S+))?'
                     r'(?: create)?(?: seconds=\d+)?(?: flags(.*?))?(?: edited)?$', line)
        if m:
            target = m.group(2) or m.group(3) or ""
            what = m.group(1) if m.group(1) in ("keep", "reject", "vacation") else f"{m.group(1)} {target}"
            found.append([what, {f.lower() for f in (m.group(4) or "").split()}])
    return found


@pytest.mark.parametrize("script", SCRIPTS)
def test_both_do_the_same(house, bench, script):
    for message in MESSAGES:
        theirs_, ours_ = theirs(bench, script, message), ours(house, bench, script, message)
        if message in SCRIPTS[script][1]:
            assert ours_ != theirs_, f"the two agree now: drop the reason for {message}"
            continue
        assert ours_ == theirs_, f"{message}: ours {ours_}, Dovecot's {theirs_}"
