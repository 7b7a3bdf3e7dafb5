# SPDX-License-Identifier: ISC
"""Words of one, two and three characters are found in mail of every charset and encoding: at once, while
nothing is gathered yet, and the same with the words gathered; nobody gives a command for it."""
import base64
import imaplib
import os
import quopri

import pytest

from conftest import _folder
from house import House


def mail(subject, body, *fields):
    lines = [b"From: taro@example.org", b"To: ann@example.test", b"Subject: " + subject, b"MIME-Version: 1.0", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")


def word(charset, text):
    return b"=?" + charset.encode() + b"?B?" + base64.b64encode(text.encode(charset.lower().replace("-", "_"))) + b"?="


def text(charset, encoding=b"7bit"):
    return b"Content-Type: text/plain; charset=" + charset, b"Content-Transfer-Encoding: " + encoding


NAMES = ["jis", "sjis", "euc", "utf8", "base64", "qp", "html", "name", "inner", "ascii"]
MESSAGES = [
    mail(word("ISO-2022-JP", "会議の件"), "来週の東京出張について。\n".encode("iso2022_jp"), *text(b"ISO-2022-JP")),
    mail(word("Shift_JIS", "見積書"), "京都の宿を予約しました。\n".encode("cp932"), *text(b"Shift_JIS", b"8bit")),
    mail("生の件名".encode("euc_jp"), "大阪行きの切符です。\n".encode("euc_jp"), *text(b"EUC-JP", b"8bit")),
    mail("UTF-8の件名".encode(), "札幌はもう雪です。Ｗｉｄｅ ﾊﾝｶｸ\n".encode(), *text(b"utf-8", b"8bit")),
    mail(b"encoded", base64.encodebytes("福岡の天気は晴れ。\n".encode()), *text(b"utf-8", b"base64")),
    mail(b"quoted", quopri.encodestring("仙台で牛たんを食べた。\n".encode()), *text(b"utf-8", b"quoted-printable")),
    mail(b"html", "<p>名<b>古</b>屋の<!-- x -->城 &amp; 門</p><style>横浜</style>".encode(),
         b"Content-Type: text/html; charset=utf-8"),
    mail(b"name", b"--b\nContent-Type: application/pdf; name*=utf-8''" + b"%E8%AB%8B%E6%B1%82%E6%9B%B8.pdf" +
         b"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n--b--\n", b"Content-Type: multipart/mixed; boundary=b"),
    mail(b"inner", b"--b\nContent-Type: message/rfc822\n\nSubject: " + word("UTF-8", "転送された件") +
         b"\nContent-Type: text/plain; charset=ISO-2022-JP\n\n" + "神戸の港\n".encode("iso2022_jp") + b"\n--b--\n",
         b"Content-Type: multipart/mixed; boundary=b"),
    mail(b"Plain ASCII", b"The quick brown fox.\n", *text(b"us-ascii")),
]

# key, string, who has it
SEARCHES = [
    ("BODY", "東京出張", "jis"), ("BODY", "東京", "jis"), ("BODY", "京", "jis sjis"), ("BODY", "京都", "sjis"),
    ("TEXT", "会議", "jis"), ("SUBJECT", "会議の件", "jis"), ("SUBJECT", "件", "jis euc utf8"), ("SUBJECT", "見積", "sjis"),
    ("TEXT", "件", "jis euc utf8 inner"), ("BODY", "切符", "euc"), ("SUBJECT", "生の", "euc"),
    ("BODY", "雪", "utf8"), ("BODY", "wide", "utf8"), ("BODY", "ハンカク", "utf8"), ("BODY", "ﾊﾝ", "utf8"),
    ("BODY", "福岡", "base64"), ("BODY", "晴れ", "base64"), ("BODY", "牛たん", "qp"),
    ("BODY", "名古屋の城", "html"), ("BODY", "城 & 門", "html"), ("BODY", "横浜", ""), ("BODY", "請求書", "name"),
    ("TEXT", "請求", "name"), ("BODY", "転送された", "inner"), ("BODY", "神戸", "inner"), ("BODY", "港", "inner"),
    ("BODY", "FOX", "ascii"), ("TEXT", "fo", "ascii"), ("BODY", "brown fox.", "ascii"), ("BODY", "fox brown", ""),
    ("FROM", "taro", " ".join(NAMES)), ("TEXT", "無い", ""), ("BODY", "encoded", ""),
]


def found(imap, key, string):
    imap.literal = string.encode()
    answer = imap.uid("SEARCH", "CHARSET", "UTF-8", key)
    assert answer[0] == "OK", answer
    return {NAMES[int(u) - 1] for u in answer[1][0].split()}


def check(imap):
    for key, string, who in SEARCHES:
        assert found(imap, key, string) == set(who.split()), (key, string)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    house = House(_folder(tmp_path_factory, "search")).start()
    imap = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    imap.login("ann", house.PASS1)
    imap.create("Mix")
    for message in MESSAGES:
        assert imap.append("Mix", None, None, message)[0] == "OK"
    imap.select("Mix")
    yield house, imap
    imap.logout()
    house.stop()


def words(house, folder="Maildir/.Mix"):
    """How many messages' words are gathered."""
    try:
        return (os.path.getsize(os.path.join(house.home("ann"), folder, "twinpost-text-index")) - 64) // 32
    except FileNotFoundError:
        return 0


def test_every_charset_is_searched_with_and_without_gathered_words(full):
    house, imap = full
    assert house.command("twinpost", "index", "--off", "ann").returncode == 0
    assert words(house) == 0
    check(imap)
    refused = house.command("twinpost", "index", "ann")
    assert refused.returncode == 1 and "--on" in refused.stderr
    assert house.command("twinpost", "index", "--on", "ann").returncode == 0
    assert words(house) == len(MESSAGES)
    check(imap)


def test_words_of_new_mail_are_gathered_and_found_without_any_command(full):
    house, imap = full
    imap.select("INBOX")
    house.wait_for(lambda: words(house, "Maildir") > 0, "the words of what was there")
    before = words(house, "Maildir")
    sent = house.command("qmail-inject", "ann@example.test",
                         stdin="Subject: fresh\nContent-Type: text/plain; charset=utf-8\n\n那覇の海\n")
    assert sent.returncode == 0, sent.stderr
    uid = house.wait_for(lambda: imap.noop() and imap.uid("SEARCH", "SUBJECT", "fresh")[1][0], "the mail")
    house.wait_for(lambda: words(house, "Maildir") > before, "the words")
    imap.literal = "那覇".encode()
    assert imap.uid("SEARCH", "CHARSET", "UTF-8", "BODY")[1][0] == uid
    imap.select("Mix")


def test_an_index_is_made_for_all_and_made_again(full):
    house, imap = full
    imap.create("Work")
    assert imap.append("Work", None, None, MESSAGES[0])[0] == "OK"
    done = house.command("twinpost", "index", "--all")
    assert done.returncode == 0, done.stderr
    assert "folders are indexed" in done.stdout and "ann Work: 1" in done.stderr
    assert words(house, "Maildir/.Work") == 1
    with open(os.path.join(house.home("ann"), "Maildir", ".Mix", "twinpost-text-index"), "r+b") as f:
        f.seek(100)
        f.write(b"damage")
    assert found(imap, "BODY", "東京") == {"jis"}
    assert house.command("twinpost", "index", "--rebuild", "ann").returncode == 0
    assert words(house) == len(MESSAGES)
    assert found(imap, "BODY", "東京") == {"jis"}


def test_a_user_who_is_not_there_is_named(full):
    house, _ = full
    gone = house.command("twinpost", "index", "nobody-here")
    assert gone.returncode == 1 and "no such user" in gone.stderr
