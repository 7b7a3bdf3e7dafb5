/* SPDX-License-Identifier: ISC */
#include "wire/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wire/charset.h"
#include "wire/crlf.h"
#include "wire/encoding.h"
#include "wire/envelope.h"
#include "wire/header.h"
#include "wire/words.h"

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static void dump_params(struct buf *b, const struct params *p)
{
    for (size_t i = 0; i < p->n; i++)
        buf_addf(b, " %.*s=%.*s", STR_ARG(p->at[i].name), STR_ARG(p->at[i].value));
}

/* One line a part: section, type, parameters, [header and body octets as CRLF / lines]. */
static void dump_part(struct buf *b, const struct mime_part *p)
{
    for (unsigned i = 0; i < p->depth; i++)
        buf_add(b, S("  "));
    buf_addf(b, "%u %.*s/%.*s", p->number, STR_ARG(p->type), STR_ARG(p->subtype));
    dump_params(b, &p->params);
    if (!str_eq(p->encoding, S("7bit")))
        buf_addf(b, " enc=%.*s", STR_ARG(p->encoding));
    if (p->disposition.p)
        buf_addf(b, " disp=%.*s", STR_ARG(p->disposition));
    dump_params(b, &p->disposition_params);
    buf_addf(b, " [%llu/%llu %llu/%llu]%s\n", (unsigned long long)p->header_octets,
             (unsigned long long)p->header_lines, (unsigned long long)p->body_octets,
             (unsigned long long)p->body_lines, p->cut ? " cut" : "");
    for (const struct mime_part *c = p->children; c; c = c->next)
        dump_part(b, c);
}

static str dump(struct arena *a, str message)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    dump_part(&b, mime_parse(a, message));
    return arena_copy(a, buf_str(&b));
}

static const struct example {
    const char *name;
    str in, want;
} examples[] = {
    {"nothing", S(""), S("0 text/plain charset=us-ascii [0/0 0/0]\n")},
    {"plain LF", S("Subject: x\n\na\nb\n"), S("0 text/plain charset=us-ascii [14/2 6/2]\n")},
    {"plain CRLF", S("Subject: x\r\n\r\na\r\nb\r\n"),
     S("0 text/plain charset=us-ascii [14/2 6/2]\n")},
    {"header only", S("Subject: x"), S("0 text/plain charset=us-ascii [10/0 0/0]\n")},
    {"no header", S("\nbody"), S("0 text/plain charset=us-ascii [2/1 4/0]\n")},
    {"no MIME-Version",
     S("Content-Type: Text/HTML; Charset=\"x\"\nContent-Transfer-Encoding: 8BIT (c)\n\nx"),
     S("0 Text/HTML Charset=x enc=8BIT [77/3 1/0]\n")},
    {"text alone", S("Content-Type: text\n\nx"), S("0 text/plain charset=us-ascii [22/2 1/0]\n")},
    {"unreadable type", S("Content-Type: ;x=y\n\nx"),
     S("0 text/plain charset=us-ascii [22/2 1/0]\n")},
    {"a type without subtype", S("Content-Type: foo\nContent-Language: ,\n\nx"),
     S("0 text/plain charset=us-ascii [42/3 1/0]\n")},
    {"blanks round the slash", S("Content-Type: image / png; a=b\n\nx"),
     S("0 image/png a=b [34/2 1/0]\n")},
    {"two parts",
     S("Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b  \nContent-Type: "
       "a/b\n\ntwo\n\n--b--\nepilogue\n"),
     S("0 multipart/mixed boundary=b [45/2 74/11]\n"
       "  1 text/plain charset=us-ascii [2/1 3/0]\n"
       "  2 a/b [21/2 5/1]\n")},
    {"the boundary takes the empty line",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n\n--b--"),
     S("0 multipart/mixed boundary=b [45/2 18/3]\n"
       "  1 text/plain charset=us-ascii [6/1 0/0]\n")},
    {"no closing boundary", S("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n"),
     S("0 multipart/mixed boundary=b [45/2 12/3]\n"
       "  1 text/plain charset=us-ascii [2/1 5/1]\n")},
    {"an outer boundary closes the inner",
     S("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; "
       "boundary=i\n\n--i\n\na\n--o\n\nb\n--o--\n"),
     S("0 multipart/mixed boundary=o [45/2 83/10]\n"
       "  1 multipart/alternative boundary=i [51/2 8/2]\n"
       "    1 text/plain charset=us-ascii [2/1 1/0]\n"
       "  2 text/plain charset=us-ascii [2/1 1/0]\n")},
    {"boundaries that are prefixes",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; "
       "boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n"),
     S("0 multipart/mixed boundary=b [45/2 77/8]\n"
       "  1 multipart/mixed boundary=bb [46/2 17/3]\n"
       "    1 text/plain charset=us-ascii [2/1 1/0]\n")},
    {"boundary lines after the close are text",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n"),
     S("0 multipart/mixed boundary=b [45/2 27/7]\n"
       "  1 text/plain charset=us-ascii [2/1 1/0]\n")},
    {"no boundary parameter", S("Content-Type: multipart/mixed\n\n--b\n\nx\n"),
     S("0 multipart/mixed [33/2 10/3]\n  1 text/plain charset=us-ascii [0/0 10/3]\n")},
    {"boundary never seen", S("Content-Type: multipart/mixed; boundary=zz\n\nx\n"),
     S("0 multipart/mixed boundary=zz [46/2 3/1]\n  1 text/plain charset=us-ascii [0/0 3/1]\n")},
    {"closed at once", S("Content-Type: multipart/mixed; boundary=b\n\n--b--\n"),
     S("0 multipart/mixed boundary=b [45/2 7/1]\n  1 text/plain charset=us-ascii [0/0 7/1]\n")},
    {"message in message",
     S("Content-Type: message/rfc822\n\nSubject: in\nContent-Type: multipart/mixed; "
       "boundary=b\n\n--b\n\nx\n--b--\n"),
     S("0 message/rfc822 [32/2 75/7]\n"
       "  1 multipart/mixed boundary=b [58/3 17/4]\n"
       "    1 text/plain charset=us-ascii [2/1 1/0]\n")},
    {"digest",
     S("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: a\n\nx\n--b\nContent-Type: "
       "text/plain\n\ny\n--b--"),
     S("0 multipart/digest boundary=b [46/2 65/9]\n"
       "  1 message/rfc822 [2/1 15/2]\n"
       "    1 text/plain charset=us-ascii [14/2 1/0]\n"
       "  2 text/plain charset=us-ascii [28/2 1/0]\n")},
    {"a message cut in its header",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: "
       "a\n--b--"),
     S("0 multipart/mixed boundary=b [45/2 54/4]\n"
       "  1 message/rfc822 [32/2 10/0]\n"
       "    1 text/plain charset=us-ascii [10/0 0/0]\n")},
    {"an empty message",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b--"),
     S("0 multipart/mixed boundary=b [45/2 40/2]\n"
       "  1 message/rfc822 [28/0 0/0]\n"
       "    1 text/plain charset=us-ascii [0/0 0/0]\n")},
    {"a header cut by the boundary",
     S("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\nX: y\n--b--\n"),
     S("0 multipart/mixed boundary=b [45/2 23/4]\n"
       "  1 text/plain charset=us-ascii [0/0 0/0]\n"
       "  2 text/plain charset=us-ascii [4/0 0/0]\n")},
    {"attachment with a Japanese name",
     S("Content-Type: application/pdf;\n name*0*=iso-2022-jp''%1B%24B;\n name*1*=F%7C%1B%28B.pdf\n"
       "Content-Disposition: attachment;\n\tfilename=\"=?ISO-2022-JP?B?GyRCRnwbKEI=?=.pdf\"\n\nx"),
     S("0 application/pdf name*=iso-2022-jp''%1B%24BF%7C%1B%28B.pdf disp=attachment "
       "filename==?ISO-2022-JP?B?GyRCRnwbKEI=?=.pdf [174/6 1/0]\n")},
};

static void structures_are_seen_through_all_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
        same(examples[i].name, dump(a, examples[i].in), examples[i].want);
    }
}

static void part_fields_are_kept(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    struct mime_part *p = mime_parse(
        a, S("Content-ID: <1@x>\nContent-Description: a\n =?UTF-8?Q?b?=\nContent-MD5: Q2hlY2s=\n"
             "Content-Location: http://x/\nContent-Language: ja, en ,, (c) de\nContent-ID: "
             "<2@x>\n\n"));
    same("id", p->id, S("<1@x>"));
    same("description", p->description, S("a =?UTF-8?Q?b?="));
    same("md5", p->md5, S("Q2hlY2s="));
    same("location", p->location, S("http://x/"));
    assert_int_equal(p->language_count, 3);
    same("language", p->languages[2], S("de"));
    assert_null(p->disposition.p);
}

static const str nested =
    S("Subject: top\nContent-Type: multipart/mixed; boundary=o\n\n"
      "--o\n\nfirst\n"
      "--o\nContent-Type: message/rfc822\n\nSubject: plain inside\n\ntext\n"
      "--o\nContent-Type: message/rfc822\n\nSubject: multi inside\n"
      "Content-Type: multipart/alternative; boundary=i\n\n"
      "--i\nX-A: 1\n\nalt 1\n--i\nContent-Type: multipart/mixed; boundary=d\n\n"
      "--d\n\ndeep\n--d--\n--i--\n--o--\n");

static void sections(struct arena *a, str message, str path, enum mime_section what, str want)
{
    const struct mime_part *root = mime_parse(a, message);
    uint32_t numbers[8];
    size_t n = 0;
    for (uint64_t v; str_take_u64(&path, &v); (void)str_skip(&path, S(".")))
        numbers[n++] = (uint32_t)v;
    struct mime_text got;
    err e = mime_text(root, numbers, n, what, &got);
    if (!want.p) {
        assert_int_equal(e.kind, ERR_NOTFOUND);
        return;
    }
    assert_false(failed(e));
    same("section", got.text, want);
    size_t lfs = 0;
    for (size_t i = 0; i < want.n; i++)
        lfs += want.p[i] == '\n';
    assert_int_equal(got.octets, want.n + lfs);
    assert_int_equal(got.lines, lfs);
}

static void section_paths_lead_to_parts(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    const str none = {0};
    static const struct {
        str path;
        enum mime_section what;
        str want;
    } table[] = {
        {S("1"), MIME_ALL, S("first")},
        {S("1"), MIME_MIME, S("\n")},
        {S("2"), MIME_ALL, S("Subject: plain inside\n\ntext")},
        {S("2"), MIME_HEADER, S("Subject: plain inside\n\n")},
        {S("2"), MIME_TEXT, S("text")},
        {S("2"), MIME_MIME, S("Content-Type: message/rfc822\n\n")},
        {S("2.1"), MIME_ALL, S("text")},
        {S("3.1"), MIME_ALL, S("alt 1")},
        {S("3.1"), MIME_MIME, S("X-A: 1\n\n")},
        {S("3.2.1"), MIME_ALL, S("deep")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        sections(a, nested, table[i].path, table[i].what, table[i].want);
    sections(a, nested, S(""), MIME_ALL, nested);
    sections(a, nested, S(""), MIME_HEADER,
             S("Subject: top\nContent-Type: multipart/mixed; boundary=o\n\n"));
    sections(a, nested, S(""), MIME_MIME, none);
    sections(a, nested, S("1"), MIME_HEADER, none);
    sections(a, nested, S("1"), MIME_TEXT, none);
    static const str missing[] = {S("0"),     S("4"),   S("1.1"),     S("2.2"),
                                  S("2.1.1"), S("3.3"), S("3.2.1.1"), S("3.0")};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        sections(a, nested, missing[i], MIME_ALL, none);
}

static void a_message_without_parts_has_part_one(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    const str m = S("A: b\n\nbody\n"), none = {0};
    sections(a, m, S("1"), MIME_ALL, S("body\n"));
    sections(a, m, S("1"), MIME_MIME, S("A: b\n\n"));
    sections(a, m, S("2"), MIME_ALL, none);
    sections(a, m, S("1.1"), MIME_ALL, none);
    sections(a, m, S(""), MIME_TEXT, S("body\n"));
    const str w = S("Content-Type: message/rfc822\n\nA: b\n\nbody\n");
    sections(a, w, S("1"), MIME_ALL, S("A: b\n\nbody\n"));
    sections(a, w, S("1"), MIME_HEADER, S("A: b\n\n"));
    sections(a, w, S("1.1"), MIME_ALL, S("body\n"));
    sections(a, w, S("1.2"), MIME_ALL, none);
}

static void deep_nests_end_in_an_opaque_leaf(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 500; i++)
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    const struct mime_part *p = mime_parse(a, buf_str(&b));
    while (p->children)
        p = p->children;
    assert_int_equal(p->depth, MIME_DEPTH_MAX);
    assert_true(p->cut && p->kind == MIME_LEAF);
    same("type", p->subtype, S("octet-stream"));
    buf_reset(&b);
    for (int i = 0; i < 500; i++)
        buf_add(&b, S("Content-Type: message/rfc822\n\n"));
    p = mime_parse(a, buf_str(&b));
    while (p->children)
        p = p->children;
    assert_int_equal(p->depth, MIME_DEPTH_MAX);
}

static void many_parts_stop_at_the_limit(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_buf struct buf b;
    buf_init(&b, 32 << 20);
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\n\n"));
    for (int i = 0; i < MIME_PARTS_MAX + 10; i++)
        buf_add(&b, S("--b\n\n"));
    struct mime_part *root = mime_parse(a, buf_str(&b));
    assert_int_equal(root->child_count, MIME_PARTS_MAX - 1);
    assert_true(root->cut);
    for (int i = 0; i < MIME_PARTS_MAX; i++) /* each has a stand-in child, too */
        buf_add(&b, S("--b\nContent-Type: multipart/x; boundary=c\n\n"));
    root = mime_parse(a, str_from_at(buf_str(&b), 0));
    assert_true(root->cut);
}

static void fat_headers_stay_within_the_arena(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_buf struct buf b;
    buf_init(&b, 64 << 20);
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\n\n"));
    for (int i = 0; i < 3000; i++) {
        buf_add(&b, S("--b\nContent-Description: a\n b"));
        for (int k = 0; k < 1000; k++)
            buf_add(&b, S("xxxxxxxx"));
        buf_add(&b, S("\nContent-Type: a/b"));
        for (int k = 0; k < 100; k++)
            buf_addf(&b, "; n%d*0=\"\\x\"; n%d*1*=%%41", k, k);
        buf_add(&b, S("\n\n"));
    }
    assert_false(b.over);
    assert_int_equal(mime_parse(a, buf_str(&b))->child_count, 3000);
}

static void a_nul_and_8_bit_message_is_only_octets(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    const struct mime_part *p = mime_parse(a, S("Subject: \xe6\x97\0\n\n\0\r\xff\n"));
    assert_int_equal(p->body_octets, 5);
    assert_int_equal(p->body_at, 14);
    assert_int_equal(p->header_at, 0);
}

/* A list mail as such sites have it: an mbox separator and raw 8-bit among the fields, JIS in
 * 7-bit, a file name in both spellings, a forwarded message with raw JIS, and no closing boundary.
 */
static const str ugly =
    S("From taro@example.test Tue Nov 24 15:10:56 2026\n"
      "Return-Path: <taro@example.test>\n"
      "Received: from unknown (HELO pc) (192.0.2.7)\n"
      "  by house.example with SMTP; 24 Nov 2026 15:10:56 -0000\n"
      "From: =?ISO-2022-JP?B?GyRCQkBPOhsoQg==?= <taro@example.test>\n"
      "To: \"\x1b$B3'MM\x1b(B\" <ml@example.test>, hanako@example.test (=?UTF-8?B?6Iqx5a2Q?=)\n"
      "Subject: [ml:12] =?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=\n"
      " =?ISO-2022-JP?B?GyRCJE43b0w+GyhC?=\n"
      "X-Note: caf\xe9 \xa4\xb3\n"
      "Date: Wed, 25 Nov 2026 00:10:56 +0900 (JST)\n"
      "Content-Type: Multipart/Mixed;\n boundary=\"--Next_Part(Tue_Nov_24)--\"\n"
      "\n"
      "This is a multi-part message.\n"
      "----Next_Part(Tue_Nov_24)--\n"
      "Content-Type: Text/Plain; charset=iso-2022-jp\n"
      "Content-Transfer-Encoding: 7bit\n"
      "\n"
      "\x1b$BF|K\\8l\x1b(B\n"
      "\n"
      "----Next_Part(Tue_Nov_24)--\n"
      "Content-Type: application/octet-stream;\n"
      "\tname=\"=?ISO-2022-JP?B?GyRCRnxLXBsoQi5wZGY=?=\"\n"
      "Content-Transfer-Encoding: BASE64\n"
      "Content-Disposition: attachment;\n"
      " filename*0*=iso-2022-jp''%1B$BF%7CK%5C%1B%28B;\n"
      " filename*1*=.pdf\n"
      "\n"
      "JVBERi0x\n"
      "LjQK\n"
      "----Next_Part(Tue_Nov_24)--\n"
      "Content-Type: message/rfc822\n"
      "\n"
      "Subject: \x1b$BE>Aw\x1b(B\r\n"
      "\r\n"
      "forwarded\r\n");

static void a_whole_ugly_japanese_message_is_seen(void **state)
{
    (void)state;
    if (charset_warm() == 0)
        skip();
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    struct mime_part *root = mime_parse(a, ugly);
    assert_int_equal(root->child_count, 3);
    assert_int_equal(root->header_octets + root->body_octets, crlf_measure(ugly).octets);
    struct envelope e = envelope_read(a, root->header);
    words_to_utf8(&b, e.subject);
    same("subject", buf_str(&b), S("[ml:12] 日本語の件名"));
    assert_int_equal(e.to.n, 2);
    same("raw JIS with a quote in it", e.to.at[0].mailbox, S("ml"));
    same("comment", e.to.at[1].name, S("=?UTF-8?B?6Iqx5a2Q?="));
    assert_int_equal(header_hops(root->header), 1);
    struct mime_part *text = root->children, *file = text->next, *inner = file->next->children;
    buf_reset(&b);
    err x = charset_to_utf8(&b, params_get(&text->params, S("charset")), text->body);
    assert_false(failed(x));
    same("text", buf_str(&b), S("日本語\n"));
    buf_reset(&b);
    assert_true(params_utf8(&b, &file->disposition_params, S("filename")));
    same("file name", buf_str(&b), S("日本.pdf"));
    buf_reset(&b);
    assert_true(params_utf8(&b, &file->params, S("name")));
    same("its other spelling", buf_str(&b), S("日本.pdf"));
    buf_reset(&b);
    struct base64_decoder d = {0};
    base64_decode_feed(&d, &b, file->body);
    base64_decode_end(&d, &b);
    same("content", buf_str(&b), S("%PDF-1.4\n"));
    same("forwarded", inner->body, S("forwarded\r\n"));
    assert_int_equal(inner->body_octets, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_seen_through_all_damage),
        cmocka_unit_test(part_fields_are_kept),
        cmocka_unit_test(section_paths_lead_to_parts),
        cmocka_unit_test(a_message_without_parts_has_part_one),
        cmocka_unit_test(deep_nests_end_in_an_opaque_leaf),
        cmocka_unit_test(many_parts_stop_at_the_limit),
        cmocka_unit_test(fat_headers_stay_within_the_arena),
        cmocka_unit_test(a_whole_ugly_japanese_message_is_seen),
        cmocka_unit_test(a_nul_and_8_bit_message_is_only_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
