# SPDX-License-Identifier: ISC
"""Ugly mail, each message for one reason. all_messages() gives (name, why, bytes); `why` says what the
message is for. The programs here write nothing to disk: tests put them where they need them."""
import base64

MESSAGES = []


def add(name, why, data):
    if isinstance(data, str):
        data = data.encode("utf-8")
    assert name not in [m[0] for m in MESSAGES], name
    MESSAGES.append((name, why, data))


def head(*lines):
    """A small proper header in front of lines."""
    return "From: a@example.org\nTo: b@example.org\nSubject: s\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n" + \
        "".join(x + "\n" for x in lines)


def mixed(boundary, *parts, pre="", post="", close=True, kind="mixed"):
    body = "".join(f"--{boundary}\n{p}\n" for p in parts)
    return head("MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="{boundary}"') + "\n" + pre + body + \
        (f"--{boundary}--\n" if close else "") + post


TEXT = "Content-Type: text/plain\n\ntext"

# ---- structure: what ends where ----
add("plain", "a message as it should be", head() + "\nHello\n")
add("empty", "no octet at all", "")
add("only-newline", "an empty header and no body", "\n")
add("header-no-body", "a header without an empty line", "Subject: x\n")
add("header-no-newline", "a header that ends in the middle of a line", "Subject: x")
add("body-no-final-newline", "the last line has no end", head() + "\nlast line")
add("body-only-blank-lines", "many empty lines are a body", head() + "\n\n\n\n")
add("no-header", "begins with an empty line", "\nbody at once\n")
add("junk-first-line", "the first line is no field", "this is no field\nSubject: x\n\nbody\n")
add("junk-middle-line", "a line without a colon among fields", "From: a@b\nno colon here\nSubject: x\n\nbody\n")
add("mbox-from-line", "an mbox separator left on top", "From a@b Tue Nov 24 10:00:00 2026\nSubject: x\n\nbody\n")
add("mbox-gt-from-line", "a quoted mbox separator on top", ">From a@b Tue Nov 24 10:00:00 2026\nSubject: x\n\nbody\n")
add("folded-first-line", "the header begins with a folded line", " folded\nSubject: x\n\nbody\n")
add("crlf-lines", "CRLF in the file itself", head().replace("\n", "\r\n") + "\r\nbody\r\n")
add("mixed-line-ends", "CRLF in the header, LF in the body", head().replace("\n", "\r\n") + "\r\nbody\nmore\r\n")
add("bare-cr", "bare CRs in header and body", "Subject: a\rb\nFrom: a@b\n\nline\rone\nline two\r\n")
add("nul-body", "NULs in the body", head() + "\na\0b\n\0\n")
add("nul-header", "NULs in header values", "Subject: a\0b\nFrom: x\0y@example.org\n\nbody\n")
add("long-line", "a line of 20,000 octets", head() + "\n" + "x" * 20000 + "\nend\n")
add("long-subject", "a subject of 5,000 octets on one line", "Subject: " + "word " * 1000 + "\n\nbody\n")
add("many-fields", "1,500 header fields", "".join(f"X-F{i}: v{i}\n" for i in range(1500)) + "Subject: x\n\nbody\n")
add("many-received", "60 Received fields", "".join(f"Received: from h{i} by h{i + 1}; Tue, 24 Nov 2026 10:00:00 +0000\n"
                                                   for i in range(60)) + head() + "\nbody\n")
add("tabs-after-colon", "tabs and blanks around values", "Subject:\t \t x \t\nFrom: \ta@b \n\nbody\n")
add("space-before-colon", "blanks before the colon", "Subject : x\nFrom\t: a@b\n\nbody\n")
add("empty-fields", "fields without a value", "Subject:\nFrom:\nTo:\nDate:\nMessage-ID:\n\nbody\n")
add("blank-folded", "a field folded with lines of blanks", "Subject: a\n \t\n b\nFrom: a@b\n\nbody\n")
add("value-on-next-line", "the value begins on the second line", "Subject:\n x\nFrom:\n a@b\n\nbody\n")
add("tab-fold", "folded with tabs", "Subject: a\n\tb\n\t\tc\nTo: a@b,\n\tc@d\n\nbody\n")

# ---- MIME fields ----
add("no-mime-version", "Content-Type counts without MIME-Version", head('Content-Type: text/html; charset="utf-8"') + "\n<p>x\n")
add("mime-version-comment", "MIME-Version with comments", head("MIME-Version: (p) 1 (q) . 0", "Content-Type: text/html") + "\nx\n")
add("type-case", "types in capitals", head("MIME-Version: 1.0", "CONTENT-TYPE: TEXT/Html; CHARSET=US-ascii") + "\nx\n")
add("type-no-subtype", "a type without a subtype", head("MIME-Version: 1.0", "Content-Type: text") + "\nx\n")
add("type-other-no-subtype", "an unknown type without a subtype", head("MIME-Version: 1.0", "Content-Type: garbage") + "\nx\n")
add("type-empty", "an empty Content-Type", head("MIME-Version: 1.0", "Content-Type:") + "\nx\n")
add("type-only-params", "parameters without a type", head("MIME-Version: 1.0", "Content-Type: ; charset=utf-8") + "\nx\n")
add("type-spaces", "blanks around the slash", head("MIME-Version: 1.0", "Content-Type: text / plain ; charset = utf-8") + "\nx\n")
add("type-comment", "comments in Content-Type", head("MIME-Version: 1.0", "Content-Type: text/plain (a comment); charset=(x)utf-8") + "\nx\n")
add("type-twice", "two Content-Type fields", head("MIME-Version: 1.0", "Content-Type: text/plain", "Content-Type: text/html") + "\nx\n")
add("type-unknown", "a type of one's own", head("MIME-Version: 1.0", "Content-Type: x-foo/x-bar; a=b") + "\nx\n")
add("type-folded", "Content-Type folded between parameters", head("MIME-Version: 1.0", "Content-Type: text/plain;\n charset=utf-8;\n\tformat=flowed") + "\nx \ny\n")
add("type-trailing-semicolon", "a semicolon at the end", head("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8;") + "\nx\n")
add("type-double-semicolon", "two semicolons", head("MIME-Version: 1.0", "Content-Type: text/plain;; charset=utf-8") + "\nx\n")
add("param-no-semicolon", "a missing semicolon", head("MIME-Version: 1.0", "Content-Type: text/plain charset=utf-8") + "\nx\n")
add("param-unquoted-space", "an unquoted value with a blank", head("MIME-Version: 1.0", "Content-Type: application/pdf; name=my file.pdf; x=y") + "\nx\n")
add("param-unclosed-quote", "a quote that is never closed", head("MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8') + "\nx\n")
add("param-escapes", "escapes in a quoted value", head("MIME-Version: 1.0", r'Content-Type: text/plain; name="a\"b\\c"') + "\nx\n")
add("param-empty", "an empty value", head("MIME-Version: 1.0", 'Content-Type: text/plain; charset=""; name=') + "\nx\n")
add("param-twice", "one parameter twice", head("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8; charset=latin1") + "\nx\n")
add("param-8bit", "raw UTF-8 in a parameter", head("MIME-Version: 1.0", 'Content-Type: text/plain; name="資料.txt"') + "\nx\n")
add("param-encoded-word", "an encoded word in a parameter", head("MIME-Version: 1.0", 'Content-Type: application/pdf; name="=?UTF-8?B?6LOH5paZ?=.pdf"') + "\nx\n")
add("rfc2231-charset", "RFC 2231 charset and language", head("MIME-Version: 1.0", "Content-Type: application/pdf; name*=utf-8'ja'%E8%B3%87.pdf") + "\nx\n")
add("rfc2231-continued", "RFC 2231 continuations", head("MIME-Version: 1.0", 'Content-Type: application/pdf; name*0="abc"; name*1="def"; name*2=ghi') + "\nx\n")
add("rfc2231-both", "continuations with charset", head("MIME-Version: 1.0", "Content-Disposition: attachment; filename*0*=utf-8''%E8%B3%87; filename*1*=%E6%96%99; filename*2=.pdf") + "\nx\n")
add("rfc2231-order", "continuations out of order", head("MIME-Version: 1.0", 'Content-Type: application/pdf; name*1="b"; name*0="a"') + "\nx\n")
add("rfc2231-gap", "a continuation is missing", head("MIME-Version: 1.0", 'Content-Type: application/pdf; name*0="a"; name*2="c"') + "\nx\n")
add("rfc2231-plain-too", "name and name*", head("MIME-Version: 1.0", "Content-Type: application/pdf; name=old.pdf; name*=utf-8''new.pdf") + "\nx\n")
add("cte-unknown", "an unknown transfer encoding", head("MIME-Version: 1.0", "Content-Transfer-Encoding: x-nobody") + "\nx\n")
add("cte-empty", "an empty transfer encoding", head("MIME-Version: 1.0", "Content-Transfer-Encoding:") + "\nx\n")
add("cte-comment", "a comment in the transfer encoding", head("MIME-Version: 1.0", "Content-Transfer-Encoding: (c) base64 (d)") + "\neA==\n")
add("cte-semicolon", "a semicolon after the encoding", head("MIME-Version: 1.0", "Content-Transfer-Encoding: 7bit;") + "\nx\n")
add("cte-case", "an encoding in capitals", head("MIME-Version: 1.0", "Content-Transfer-Encoding: BASE64") + "\neA==\n")
add("cte-8bit", "8bit text", head("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit") + "\n日本語\n")
add("cte-binary", "binary", head("MIME-Version: 1.0", "Content-Transfer-Encoding: binary") + "\n\1\2\xff\n")
add("cte-uuencode", "x-uuencode", head("MIME-Version: 1.0", "Content-Transfer-Encoding: x-uuencode") + "\nbegin 644 a\n#0V%T\n`\nend\n")
add("qp-broken", "broken quoted-printable", head("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable") + "\n=E6=97=A5 =ZZ =\nx=4 =\n\n= \n=")
add("base64-broken", "broken base64", head("MIME-Version: 1.0", "Content-Transfer-Encoding: base64") + "\n5pel5p!ys\n=\nabc\n")
add("disposition", "disposition with its parameters", head("MIME-Version: 1.0", 'Content-Disposition: attachment; filename="x.txt"; size=12') + "\nx\n")
add("disposition-empty", "an empty disposition", head("MIME-Version: 1.0", "Content-Disposition:") + "\nx\n")
add("disposition-only-params", "a disposition of parameters alone", head("MIME-Version: 1.0", "Content-Disposition: filename=x.txt") + "\nx\n")
add("languages", "several languages", head("MIME-Version: 1.0", "Content-Language: ja, en-GB (comment), de") + "\nx\n")
add("language-one", "one language", head("MIME-Version: 1.0", "Content-Language: ja") + "\nx\n")
add("id-description-md5-location", "every field of BODYSTRUCTURE", head("MIME-Version: 1.0", "Content-ID: <i@x>", "Content-Description: a description", "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==", "Content-Location: http://x/y") + "\nx\n")
add("description-encoded", "an encoded description", head("MIME-Version: 1.0", "Content-Description: =?UTF-8?B?5pel?=\n folded") + "\nx\n")
add("flowed-delsp", "format=flowed with DelSp", head("MIME-Version: 1.0", "Content-Type: text/plain; format=flowed; delsp=yes") + "\na \nb \n > c\n-- \nsig\n")

# ---- multiparts ----
add("two-parts", "a plain multipart", mixed("b", TEXT, "Content-Type: text/html\n\n<p>"))
add("preamble-epilogue", "text before and after the parts", mixed("b", TEXT, pre="pre\nlines\n", post="epilogue\nmore\n"))
add("no-close", "the last boundary is missing", mixed("b", TEXT, TEXT, close=False))
add("no-boundary-param", "a multipart that names no boundary", head("MIME-Version: 1.0", "Content-Type: multipart/mixed") + "\n--b\n\nx\n--b--\n")
add("empty-boundary", "an empty boundary", head("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary=""') + "\n--\n\nx\n----\n")
add("boundary-never", "the boundary never comes", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b") + "\nnothing\nhere\n")
add("boundary-only-close", "only the closing boundary", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b") + "\n--b--\nafter\n")
add("multipart-empty-body", "a multipart without a body", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b") + "\n")
add("multipart-no-body", "a multipart whose header never ends", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"))
add("boundary-prefix-inner", "the inner boundary begins with the outer one",
    mixed("b", 'Content-Type: multipart/alternative; boundary="bb"\n\n--bb\n\n1\n--bb\n\n2\n--bb--\n', TEXT))
add("boundary-prefix-outer", "the outer boundary begins with the inner one",
    mixed("bb", 'Content-Type: multipart/alternative; boundary="b"\n\n--b\n\n1\n--b\n\n2\n--b--\n', TEXT))
add("boundary-line-longer", "lines that only begin like the boundary", mixed("b", "\nx\n--bx\n--b x\n-- b\ny"))
add("boundary-trailing-space", "blanks behind boundaries", mixed("b", TEXT, TEXT).replace("--b\n", "--b  \t\n").replace("--b--", "--b-- "))
add("boundary-with-space", "a boundary with a blank in it", mixed("a b", TEXT, TEXT))
add("boundary-ends-space", "a boundary that ends with a blank", head("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b "') + "\n--b\n\nx\n--b--\n")
add("boundary-quoted-specials", "a boundary of specials", mixed("=_'()+,-./:?", TEXT, TEXT))
add("boundary-unquoted-specials", "an unquoted boundary of specials", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=----=_Part_1:2") + "\n------=_Part_1:2\n\nx\n------=_Part_1:2--\n")
add("boundary-70", "a boundary of 70 octets", mixed("x" * 70, TEXT))
add("boundary-200", "a boundary of 200 octets", mixed("x" * 200, TEXT))
add("boundary-dashes", "a boundary of dashes", mixed("----", TEXT, TEXT))
add("boundary-same-nested", "an inner multipart with the outer boundary",
    mixed("b", 'Content-Type: multipart/mixed; boundary="b"\n\npre\n--b\n\nx\n--b--\n', TEXT))
add("boundary-case", "boundaries differ by case", mixed("Ab", TEXT).replace("--Ab\n", "--aB\n", 1))
add("boundary-after-close", "parts after the closing boundary", mixed("b", TEXT, post="--b\n\nagain\n--b--\n"))
add("boundary-encoded-word", "boundary as RFC 2231", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary*=us-ascii'en'b") + "\n--b\n\nx\n--b--\n")
add("boundary-continued", "boundary in continuations", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b") + "\n--ab\n\nx\n--ab--\n")
add("part-no-header", "parts without a header", mixed("b", "\nfirst", "\nsecond"))
add("part-empty", "parts with nothing", mixed("b", "", ""))
add("part-header-only", "a part whose header meets the boundary", mixed("b", "Content-Type: text/html", TEXT))
add("part-no-empty-line", "a part's header runs into text", mixed("b", "no field here\nbut text", TEXT))
add("part-junk-header", "a junk line in a part's header", mixed("b", "Content-Type: text/html\njunk\nContent-ID: <x>\n\n<p>"))
add("boundaries-in-a-row", "boundaries one after the other", head("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b") + "\n--b\n--b\n--b\n\nx\n--b--\n")
add("nested-unclosed", "an inner multipart that is not closed", mixed("o", 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\n1\n--i\n\n2', TEXT))
add("outer-unclosed-inner-closed", "the outer one is not closed", mixed("o", 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\n1\n--i--\n', close=False))
add("inner-boundary-after-outer", "an inner boundary after the outer's part ended", mixed("o", 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\n1\n', "\ntext\n--i\nstill text"))
add("digest", "multipart/digest: parts are messages", mixed("b", "\nSubject: 1\nFrom: x@y\n\nbody 1\n", "\nSubject: 2\n\nbody 2\n", kind="digest"))
add("digest-typed", "a digest with a typed part", mixed("b", "Content-Type: text/plain\n\nintro", "\nSubject: 2\n\nbody 2\n", kind="digest"))
add("digest-empty-part", "a digest with an empty part", mixed("b", "", kind="digest"))
add("alternative-related", "alternative with related inside",
    mixed("a", TEXT, 'Content-Type: multipart/related; boundary="r"; type="text/html"\n\n--r\nContent-Type: text/html\n\n<img src=cid:1>\n--r\nContent-Type: image/png; name=x.png\nContent-ID: <1>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r--\n', kind="alternative"))
add("signed", "multipart/signed", mixed("b", TEXT, "Content-Type: application/pgp-signature; name=s.asc\n\n-----BEGIN\n", kind='signed; micalg=pgp-sha1; protocol="application/pgp-signature"').replace('; boundary', '; boundary'))
add("report", "a delivery report", mixed("b", "\nfailed\n", "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\nAction: failed\n", "Content-Type: text/rfc822-headers\n\nSubject: x\n", kind="report; report-type=delivery-status"))
add("tnef", "winmail.dat", mixed("b", TEXT, "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=winmail.dat\n\neJ8+\n"))
add("external-body", "message/external-body", mixed("b", "Content-Type: message/external-body; access-type=URL; URL=\"http://x\"\n\nContent-Type: image/png\n\n"))
add("partial", "message/partial", head("MIME-Version: 1.0", "Content-Type: message/partial; id=x; number=1; total=2") + "\nSubject: y\n\nz\n")
add("multipart-base64", "a multipart that calls itself base64", mixed("b", TEXT).replace("MIME-Version", "Content-Transfer-Encoding: base64\nMIME-Version"))
deep = "\nleaf\n"
for level in range(30):
    deep = f'Content-Type: multipart/mixed; boundary="d{level}"\n\n--d{level}\n{deep}\n--d{level}--\n'
add("deep-30", "30 multiparts in each other", head("MIME-Version: 1.0") + deep)
add("many-parts", "300 parts", mixed("b", *["\n%d" % i for i in range(300)]))
add("crlf-multipart", "a multipart with CRLF in the file", mixed("b", TEXT, TEXT, post="epi\n").replace("\n", "\r\n"))
add("blank-line-before-boundary", "empty lines before boundaries belong to parts", mixed("b", "\nx\n\n\n", "\n\n\ny\n"))
add("multipart-unknown", "an unknown multipart subtype", mixed("b", TEXT, kind="x-nobody"))
add("multipart-no-subtype", "multipart without a subtype", head("MIME-Version: 1.0", "Content-Type: multipart; boundary=b") + "\n--b\n\nx\n--b--\n")

# ---- messages in messages ----
INNER = "Subject: inner\nFrom: Inner <i@x>\nTo: j@x\nDate: Mon, 23 Nov 2026 09:00:00 +0900\nMessage-ID: <i@x>\n\ninner body\n"
add("rfc822", "a message in a message", mixed("b", TEXT, "Content-Type: message/rfc822\n\n" + INNER))
add("rfc822-root", "the whole is message/rfc822", head("MIME-Version: 1.0", "Content-Type: message/rfc822") + "\n" + INNER)
add("rfc822-multipart", "a multipart in a message in a multipart", mixed("b", "Content-Type: message/rfc822\nContent-Disposition: attachment; filename=m.eml\n\n" + mixed("c", TEXT, "Content-Type: text/html\n\n<b>"), TEXT))
add("rfc822-empty", "an empty message in a message", mixed("b", "Content-Type: message/rfc822\n", "Content-Type: message/rfc822\n\n"))
add("rfc822-no-body", "an inner message of a header only", mixed("b", "Content-Type: message/rfc822\n\nSubject: x"))
add("rfc822-base64", "an inner message in base64", mixed("b", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(INNER.encode()).decode() + "\n"))
add("rfc822-thrice", "three messages in each other", head("MIME-Version: 1.0", "Content-Type: message/rfc822") + "\nSubject: 1\nContent-Type: message/rfc822\n\nSubject: 2\nContent-Type: message/rfc822\n\nSubject: 3\n\nbody\n")
add("rfc822-unclosed", "an inner multipart cut by the outer boundary", mixed("b", "Content-Type: message/rfc822\n\n" + mixed("c", TEXT, close=False), TEXT))
add("rfc822-mbox-line", "an inner message with an mbox line", mixed("b", "Content-Type: message/rfc822\n\nFrom x@y Tue Nov 24 10:00:00 2026\nSubject: i\n\nx\n"))
add("global", "message/global", mixed("b", "Content-Type: message/global\n\nSubject: 日本\n\nx\n"))

# ---- addresses ----
def addresses(name, why, *lines):
    add("addr-" + name, why, "".join(x + "\n" for x in lines) + "Subject: s\n\nbody\n")


addresses("plain", "a bare address", "From: a@example.org")
addresses("name", "name and address", "From: Taro Yamada <taro@example.org>")
addresses("quoted", "a quoted name", 'From: "Yamada, Taro" <taro@example.org>')
addresses("quoted-escapes", "escapes in a quoted name", r'From: "a \"b\" \\ c" <x@example.org>')
addresses("comment-name", "the old form with the name in a comment", "From: taro@example.org (Taro Yamada)")
addresses("comments", "comments everywhere", "From: (a) Taro (b) Yamada (c) <(d) taro (e) @ (f) example.org (g)> (h)")
addresses("nested-comment", "nested comments", "From: x@y (a (b (c)) d)")
addresses("group", "a group", "To: friends: a@x, B <b@y>;, c@z")
addresses("group-empty", "an empty group", "To: undisclosed-recipients:;")
addresses("group-unclosed", "a group without its end", "To: friends: a@x, b@y")
addresses("group-quoted", "a group with a quoted name", 'To: "my friends": a@x;')
addresses("groups-nested", "a group in a group", "To: a: b: c@d;;")
addresses("route", "an obsolete route", "From: Taro <@relay1,@relay2:taro@example.org>")
addresses("empty-angle", "the null address", "From: Taro <>", "Return-Path: <>")
addresses("only-name", "a name alone", "From: Taro Yamada")
addresses("only-local", "no domain", "From: taro", "To: <hanako>")
addresses("no-local", "no local part", "From: @example.org", "To: <@example.org>")
addresses("two-ats", "two at signs", "From: a@b@c", "To: X <a@b@c>")
addresses("missing-comma", "a missing comma", "To: a@x b@y, C <c@z> D <d@w>")
addresses("extra-commas", "commas too many", "To: ,, a@x,, ,b@y,,")
addresses("semicolons", "semicolons instead of commas", "To: a@x; b@y; C <c@z>")
addresses("unclosed-angle", "an angle bracket that is never closed", "From: Taro <taro@example.org", "To: a@b")
addresses("unclosed-quote", "a quote that is never closed", 'From: "Taro <taro@example.org>', "To: a@b")
addresses("unclosed-comment", "a comment that is never closed", "From: taro@example.org (Taro", "To: a@b")
addresses("lone-brackets", "stray brackets", "From: > a@b <", "To: <<a@b>>")
addresses("dots", "dots in names and addresses", "From: J. R. Smith <j.r.smith@example.org>", "To: a..b@x, .a@x, a.@x")
addresses("spaces-in-spec", "blanks inside an address", "From: a . b @ example . org", "To: <a b@example.org>")
addresses("literal", "an address literal", "From: a@[192.0.2.1]", "To: X <y@[IPv6:::1]>")
addresses("quoted-local", "a quoted local part", 'From: "a b"@example.org', 'To: <"x@y"@z>')
addresses("encoded-name", "an encoded name", "From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <y@example.org>")
addresses("encoded-in-quotes", "an encoded word in quotes", 'From: "=?UTF-8?B?5bGx55Sw?=" <y@example.org>')
addresses("encoded-comma", "an encoded comma", "To: =?UTF-8?Q?a=2Cb?= <x@y>, c@d")
addresses("raw-utf8", "raw UTF-8 in a name", "From: 山田太郎 <y@example.org>")
addresses("repeated", "several To fields", "To: a@x", "To: b@y", "Cc: c@z", "Cc:", "Bcc: d@w")
addresses("sender-reply", "sender and reply-to of their own", "From: a@x", "Sender: b@y", "Reply-To: c@z")
addresses("sender-empty", "an empty Sender and Reply-To", "From: a@x", "Sender:", "Reply-To: ")
addresses("many", "500 addresses", "To: " + ",\n ".join(f"User {i} <u{i}@example.org>" for i in range(500)))
addresses("folded-inside", "folded inside an address", "From: Taro\n Yamada\n <taro\n @example.org>")
addresses("tabs", "tabs between words", "From: Taro\tYamada\t<t@x>")
addresses("at-in-name", "an at sign in an unquoted name", "From: taro@home <taro@example.org>")
addresses("colon-in-name", "a colon in an unquoted name", "From: Re: Taro <taro@example.org>")
addresses("backslash", "backslashes outside quotes", r"From: a\ b <x@y>")
addresses("utf8-local", "an address of UTF-8", "From: 山田@例え.jp")
addresses("nul", "a NUL in an address", "From: a\0b@x <c@d>")
addresses("eight-bit-host", "a host with an underscore and digits", "From: x@_a_1.example")

# ---- other envelope fields ----
add("env-repeated", "fields that may stand once stand twice", "Subject: 1\nSubject: 2\nDate: d1\nDate: d2\nMessage-ID: <1>\nMessage-ID: <2>\nIn-Reply-To: <3>\nIn-Reply-To: <4>\n\nx\n")
add("env-id-junk", "message ids with junk", "Message-ID: junk <a@b> more\nIn-Reply-To: Your message of \"Mon\" <c@d>\n <e@f>\n\nx\n")
add("env-date-odd", "dates of other forms", "Date: Tuesday, 24-Nov-26 10:00:00 JST (comment)\nSubject:   spaced   out  \n\nx\n")
add("env-subject-words", "encoded words in every way", "Subject: =?UTF-8?B?5pel?= =?UTF-8?B?5pys?=\n =?ISO-8859-1?Q?caf=E9?= plain =?x?y?z?=\n\nx\n")
add("env-subject-broken-word", "encoded words cut inside a character", "Subject: =?UTF-8?B?5pc=?=\n =?UTF-8?B?pQ==?=\n\nx\n")
add("env-subject-quotes", "quotes and backslashes in a subject", "Subject: \"a\\b\" 'c' {3}\n\nx\n")
for charset, label in (("utf-8", "UTF-8"), ("iso2022_jp", "ISO-2022-JP"), ("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP")):
    add(f"raw-{label.lower()}", f"raw {label} in headers and body",
        b"Subject: " + "日本語の件名".encode(charset) + b"\nFrom: " + "山田".encode(charset) + b" <y@example.org>\n"
        b"Content-Type: text/plain; charset=" + label.encode() + b"\n\n" + "本文です。\n".encode(charset))
add("raw-latin1", "raw Latin-1 in headers", "Subject: café\nFrom: André <a@x>\n\nnaïve\n".encode("latin-1"))
add("raw-sjis-backslash", "Shift_JIS whose second octet is a backslash or a quote", b"Subject: " + "表示ソ能".encode("cp932") + b"\nFrom: \"" + "表ソ".encode("cp932") + b"\" <x@y>\n\nx\n")
add("iso2022jp-multipart", "ISO-2022-JP parts", mixed("b", "Content-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n" + "日本語".encode("iso2022_jp").decode("ascii") + "\n"))
add("uuencode-inline", "uuencode inside a text", head() + "\nhere it is\nbegin 644 a.txt\n#0V%T\n`\nend\nbye\n")
add("from-in-body", "mbox quoting in a body", head() + "\n>From me\nFrom you\n")
add("dots", "lines of dots", head() + "\n.\n..\n...\n")
add("header-like-body", "a body that looks like a header", head() + "\nSubject: not me\nContent-Type: text/html\n\nx\n")
add("mime-after-junk", "MIME fields after a junk line", "Subject: x\njunk\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n")
add("content-in-epilogue", "boundaries in the epilogue of an inner multipart", mixed("o", 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\n1\n--i--\nepi\n--i\n\nno part\n', TEXT))


def all_messages():
    assert len(MESSAGES) >= 150
    return list(MESSAGES)


if __name__ == "__main__":
    for n, why_, d in MESSAGES:
        print(f"{n:32} {len(d):7}  {why_}")
