/* SPDX-License-Identifier: ISC */
#include "wire/mail_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wire/charset.h"
#include "wire/html_text.h"
#include "wire/preview.h"

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static void html_reads_as_it_is_shown(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("<p>Hello <b>wor</b>ld</p>"), S("Hello world\n")},
        {S("日<b>本</b>語<br>改行"), S("日本語\n改行\n")},
        {S("a &lt;b&gt; &amp;c &copy; &#26085;&#x672c; &nosuch; &"),
         S("a <b> &c © 日本 &nosuch; &\n")},
        {S("<style>p{color:red}</style>x<script>if (a<b) y();</script>z<!-- c --> w"), S("xz w\n")},
        {S("<head><title>T</title></head><body>b</body>"), S("T\nb\n")},
        {S("1 < 2 and 3<4"), S("1 < 2 and 3<4\n")},
        {S("<td>a<td>b<tr><td>c"), S("a b\nc\n")},
        {S("open <a href='x"), S("open\n")},
        {S("open <!-- never"), S("open\n")},
        {S("<pre>a\n b</pre>c\nd"), S("a\nb\nc d\n")},
        {S("x<img src=a.png alt=\"a cat\">y"), S("xa caty\n")},
        {S("&#150;&#x110000;&#0;"), S("–\xef\xbf\xbd\xef\xbf\xbd\n")},
        {S("&eacute;&Eacute;&hearts;&apos"), S("éÉ♥'\n")},
        {S(""), S("")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        html_to_text(&b, table[i].in, NULL);
        same("html", buf_str(&b), table[i].want);
    }
}

static void links_of_html_are_kept_aside(void **state)
{
    (void)state;
    auto_buf struct buf b, links;
    buf_init(&b, 1000);
    buf_init(&links, 1000);
    html_to_text(&b, S("<a href=\"http://x/?a=1&amp;b=2\" title=T>here</a> <img src=cid:1>"),
                 &links);
    same("text", buf_str(&b), S("here\n"));
    same("links", buf_str(&links), S("http://x/?a=1&b=2\nT\n"));
}

static struct mail_text *read_all(struct arena *a, str message)
{
    struct mail_text *t = NEW(a, struct mail_text);
    mail_text_init(t, 1 << 20);
    mail_text_read(t, a, message, MAIL_TEXT_HEAD | MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
    assert_false(t->cut);
    return t;
}

static void has(struct mail_text *t, str head, str parts, str body)
{
    same("head", buf_str(&t->head), head);
    same("parts", buf_str(&t->parts), parts);
    same("body", buf_str(&t->body), body);
    mail_text_done(t);
}

static void a_plain_message_is_its_own_text(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    has(read_all(a, S("Subject: =?UTF-8?B?5pel5pys?=\n ＡＢ\nX: 1\n\nBody TEXT\n")),
        S("subject: 日本 ab\nx: 1\n"), S(""), S("body text\n"));
    has(read_all(a, S("")), S(""), S(""), S(""));
    has(read_all(a, S("no header at all")), S("no header at all\n"), S(""), S(""));
}

static void every_encoding_and_charset_is_undone(void **state)
{
    (void)state;
    if (charset_warm() == 0)
        skip();
    static const struct {
        str type, body, want;
    } table[] = {
        {S("text/plain; charset=ISO-2022-JP"), S("\x1b$BF|K\\8l\x1b(B"), S("日本語\n")},
        {S("text/plain; charset=Shift_JIS"), S("\x93\xfa\x96\x7b"), S("日本\n")},
        {S("text/plain; charset=cp932"), S("\x87\x40"), S("1\n")},
        {S("text/plain; charset=EUC-JP"), S("\xc6\xfc\xcb\xdc"), S("日本\n")},
        {S("text/plain; charset=gb2312"), S("\xd6\xd0\xb9\xfa"), S("中国\n")},
        {S("text/plain; charset=GB18030"), S("\xd6\xd0\x81\x30\x81\x30"), S("中\xc2\x80\n")},
        {S("text/plain; charset=big5"), S("\xa4\xa4\xb0\xea"), S("中國\n")},
        {S("text/plain; charset=koi8-r"), S("\xed\xc9\xd2"), S("мир\n")},
        {S("text/plain; charset=windows-1251"), S("\xcc\xe8\xf0"), S("мир\n")},
        {S("text/plain; charset=windows-1252"), S("\x93q\x94"), S("“q”\n")},
        {S("text/plain; charset=iso-8859-15"), S("\xa4"), S("€\n")},
        {S("text/plain"), S("\x1b$BF|K\\\x1b(B"), S("日本\n")},
        {S("text/plain"), S("\x93\xfa\x96\x7b\x82\xcc"), S("日本の\n")},
        {S("text/plain"), S("\xc6\xfc\xcb\xdc\xa4\xce"), S("日本の\n")},
        {S("text/plain"), S("na\xefve caf\xe9"), S("naïve café\n")},
        {S("text/plain"), S("日本\xb7 語"), S("日本\xef\xbf\xbd 語\n")},
        {S("text/plain; charset=utf-8"), S("\x93\xfa\x96\x7b\x82\xcc"), S("日本の\n")},
        {S("text/plain; charset=x-nobody"), S("日本"), S("日本\n")},
        {S("text/html; charset=shift_jis"), S("<b>\x93\xfa</b>\x96\x7b"), S("日本\n")},
        {S("text/plain; charset=Shift_JIS"), S("ok \xff."), S("ok \xef\xbf\xbd.\n")},
    };
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        str m = arena_printf(a, "Content-Type: %.*s\n\n%.*s", STR_ARG(table[i].type),
                             STR_ARG(table[i].body));
        struct mail_text *t = read_all(a, m);
        same("body", buf_str(&t->body), table[i].want);
        mail_text_done(t);
    }
}

static void parts_names_and_inner_messages_are_found(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    str m =
        S("Content-Type: multipart/mixed; boundary=b\n\n"
          "preamble\n"
          "--b\n"
          "Content-Transfer-Encoding: base64\n\n5pel5pys\n"
          "--b\n"
          "Content-Type: application/pdf; name=\"=?UTF-8?B?6KuL5rGC?=.pdf\"\n"
          "Content-Disposition: attachment; filename*=utf-8''%E8%AB%8B%E6%B1%82.pdf\n\nJVBERi0\n"
          "--b\n"
          "Content-Type: message/rfc822\n\n"
          "Subject: =?ISO-8859-1?Q?caf=E9?=\nContent-Type: text/plain\n\nInner\n"
          "--b--\nepilogue\n");
    has(read_all(a, m), S("content-type: multipart/mixed; boundary=b\n"),
        S("content-transfer-encoding: base64\n"
          "content-type: application/pdf; name=\"請求.pdf\"\n"
          "content-disposition: attachment; filename*=utf-8''%e8%ab%8b%e6%b1%82.pdf\n"
          "content-type: message/rfc822\n"),
        S("日本\n請求.pdf\nsubject: café\ncontent-type: text/plain\ninner\n"));
}

static void raw_japanese_in_headers_is_read(void **state)
{
    (void)state;
    if (charset_warm() == 0)
        skip();
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    has(read_all(a, S("Subject: \x1b$BF|K\\8l\x1b(B\nA: \x93\xfa\x96\x7b\x82\xcc\n"
                      "B: \xc6\xfc\xcb\xdc\xa4\xce\nC: 日本\nD: =?UTF-8?Q?a=0Ab?=\n\n")),
        S("subject: 日本語\na: 日本の\nb: 日本の\nc: 日本\nd: a b\n"), S(""), S(""));
}

static void what_is_past_the_limit_is_left_out_and_told(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_mail_text struct mail_text t;
    mail_text_init(&t, 10);
    mail_text_read(&t, a, S("A: b\n\n0123456789"), MAIL_TEXT_HEAD | MAIL_TEXT_BODY);
    assert_true(t.cut);
    same("body", buf_str(&t.body), S("0123456789"));
    mail_text_read(&t, a, S("A: b\n\n01234567"), MAIL_TEXT_HEAD | MAIL_TEXT_BODY);
    assert_false(t.cut);
}

static void the_preview_is_the_first_words(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("A: b\n\n  Hello,\n\n world \n"), S("Hello, world")},
        {S("A: b\n\n> quoted\n> more\n\nMy answer\n"), S("My answer")},
        {S("A: b\n\nOn Monday Taro wrote:\n> q\n\nAnswer\n-- \nsig\n"), S("Answer")},
        {S("A: b\n\n> only quoted\n"), S("> only quoted")},
        {S("Content-Type: text/html\n\n<style>x</style><p>Hi&nbsp;<b>you</b>\xe2\x80\x8c"),
         S("Hi you")},
        {S("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n"
           "<p>html\n--b\n\nplain\n--b--\n"),
         S("plain")},
        {S("Content-Type: image/png\n\nxxx"), S("")},
        {S("Content-Type: text/plain\nContent-Disposition: attachment\n\nxxx"), S("xxx")},
        {S("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\n"
           "xxx\n--b--\n"),
         S("")},
        {S("A: b\n\n"), S("")},
    };
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        preview_write(&b, mime_parse(a, table[i].in));
        same("preview", buf_str(&b), table[i].want);
    }
}

static void a_preview_has_two_hundred_characters_at_most(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", MIME_ARENA_MAX);
    auto_buf struct buf m, b;
    buf_init(&m, 10'000);
    buf_init(&b, 1000);
    buf_add(&m, S("A: b\n\n"));
    for (int i = 0; i < 500; i++)
        buf_add(&m, S("語"));
    preview_write(&b, mime_parse(a, buf_str(&m)));
    assert_int_equal(b.n, PREVIEW_CHARS * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_reads_as_it_is_shown),
        cmocka_unit_test(links_of_html_are_kept_aside),
        cmocka_unit_test(a_plain_message_is_its_own_text),
        cmocka_unit_test(every_encoding_and_charset_is_undone),
        cmocka_unit_test(parts_names_and_inner_messages_are_found),
        cmocka_unit_test(raw_japanese_in_headers_is_read),
        cmocka_unit_test(what_is_past_the_limit_is_left_out_and_told),
        cmocka_unit_test(the_preview_is_the_first_words),
        cmocka_unit_test(a_preview_has_two_hundred_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
