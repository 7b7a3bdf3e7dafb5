/* SPDX-License-Identifier: ISC */
#include "wire/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header.h"
#include "wire/imap_write.h"

static const struct digest_id some_id = {.at = "sixteen octets.."};

static const char *const letter =
    "From: =?UTF-8?B?5aSq6YOO?= <taro@example.jp>, Hana <hana@example.jp>\n"
    "To: undisclosed:;, Jiro <jiro@example.jp>\n"
    "Cc: saburo@example.jp\n"
    "Subject: Re: [list] =?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?= (fwd)\n"
    "Date: Tue, 24 Nov 2026 23:30:00 +0900\n"
    "Message-ID: <\"a b\"@example.jp>\n"
    "References: <one@x> junk <two@x>\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=cut\n"
    "\n"
    "--cut\n"
    "Content-Language: ja, en\n"
    "\n"
    "The first words.\n"
    "--cut\n"
    "Content-Type: message/rfc822\n"
    "Content-ID: <part@x>\n"
    "\n"
    "From: inner@example.jp\n"
    "Subject: inside\n"
    "\n"
    "text\n"
    "--cut\n"
    "Content-Type: application/pdf; name=plan.pdf\n"
    "Content-Disposition: attachment; filename*=UTF-8''%E8%A8%88.pdf\n"
    "Content-Transfer-Encoding: base64\n"
    "\n"
    "AAAA\n"
    "--cut--\n";

struct made {
    struct arena *a, *scratch;
    struct buf blob;
    struct mail_digest d;
};

static void make(struct made *m, str text)
{
    m->a = arena_new("test", 64 << 20);
    m->scratch = arena_new("test", 64 << 20);
    buf_init(&m->blob, DIGEST_MAX);
    assert_false(failed(digest_make(&m->blob, m->a, text, &some_id)));
    assert_false(failed(digest_open(buf_str(&m->blob), &m->d)));
}

static void drop(struct made *m)
{
    buf_done(&m->blob);
    arena_free(m->a);
    arena_free(m->scratch);
}

static void assert_str(str got, const char *want)
{
    if (!str_eq(got, str_from(want)))
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void the_keys_of_sort_and_thread_are_in_it(void **state)
{
    (void)state;
    struct made m;
    make(&m, str_from(letter));
    assert_memory_equal(&m.d.id, &some_id, sizeof some_id);
    assert_true(m.d.has_sent);
    assert_int_equal(m.d.sent, 1795530600);
    assert_int_equal(m.d.sent_day, 1795478400);
    assert_str(m.d.subject, "\xe3\x81\x93\xe3\x82\x93\xe3\x81\xab\xe3\x81\xa1\xe3\x81\xaf");
    assert_true(m.d.refwd);
    assert_str(m.d.message_id, "a b@example.jp");
    assert_true(str_eq(m.d.references, S("one@x\0two@x\0")));
    assert_str(m.d.from, "taro");
    assert_str(m.d.to, "undisclosed");
    assert_str(m.d.cc, "saburo");
    assert_str(m.d.display_from, "\xe5\xa4\xaa\xe9\x83\x8e");
    assert_str(m.d.preview, "The first words.");
    assert_true(m.d.attachment);
    assert_true(str_eq(m.d.names, S("\xe8\xa8\x88.pdf\0")));
    drop(&m);
}

/* The other encoding makes it decode the whole text, which then is the same. */
static void assert_same_preview_when_decoded(const char *beginning)
{
    static const char *const encodings[] = {"8bit", "quoted-printable"};
    struct made m[2];
    for (size_t i = 0; i < 2; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1 << 16);
        buf_addf(&b, "Content-Transfer-Encoding: %s\n\n%s", encodings[i], beginning);
        for (int line = 0; line < 40; line++)
            buf_addf(&b, "\nline %d of a text that goes on for a while\n", line);
        make(&m[i], buf_str(&b));
    }
    assert_true(m[0].d.preview.n > 0);
    assert_true(str_eq(m[0].d.preview, m[1].d.preview));
    drop(&m[0]);
    drop(&m[1]);
}

static void the_preview_of_a_long_plain_text_is_that_of_the_whole(void **state)
{
    (void)state;
    char filler[1001];
    memset(filler, '\n', sizeof filler - 1);
    filler[sizeof filler - 1] = 0;
    assert_same_preview_when_decoded("Hello");
    assert_same_preview_when_decoded("On Monday Taro wrote:\n> yes\n\nNo.\n-- \nJiro\n");
    assert_same_preview_when_decoded("\xe3\x81\x93\xe3\x82\x93");
    assert_same_preview_when_decoded(filler); /* the words come later */
    assert_same_preview_when_decoded("> quoted\n> only\n");
    memset(filler, 'x', sizeof filler - 1);
    assert_same_preview_when_decoded(filler);
    for (size_t n = 150; n < 210; n++) { /* an introduction about where the preview ends */
        char text[256];
        memset(text, 'y', n);
        (void)snprintf(text + n, sizeof text - n, "\nTaro wrote:\n> quoted\n"); /* fits */
        assert_same_preview_when_decoded(text);
    }
}

static void envelope_and_structure_render_as_from_the_message(void **state)
{
    (void)state;
    struct made m;
    make(&m, str_from(letter));
    auto_buf struct buf want, got;
    buf_init(&want, 1 << 20);
    buf_init(&got, 1 << 20);
    struct envelope e = envelope_read(m.a, header_split(str_from(letter), 0).header), e2;
    imap_write_envelope(&want, &e);
    imap_write_structure(&want, m.scratch, mime_parse(m.a, str_from(letter)), true);
    struct mime_part *root;
    assert_false(failed(digest_envelope(&m.d, m.a, &e2)));
    assert_false(failed(digest_structure(&m.d, m.a, &root)));
    imap_write_envelope(&got, &e2);
    imap_write_structure(&got, m.scratch, root, true);
    assert_true(str_eq(buf_str(&want), buf_str(&got)));
    drop(&m);
}

static void parts_find_their_text_in_the_message_again(void **state)
{
    (void)state;
    struct made m;
    make(&m, str_from(letter));
    struct mime_part *root;
    assert_false(failed(digest_structure(&m.d, m.a, &root)));
    assert_true(failed(digest_attach(root, S("another message"))));
    assert_false(failed(digest_attach(root, str_from(letter))));
    const struct mime_part *p = mime_find(root, (uint32_t[]){3}, 1);
    assert_non_null(p);
    assert_str(p->body, "AAAA");
    drop(&m);
}

static void a_reply_without_references_belongs_to_what_it_answers(void **state)
{
    (void)state;
    struct made first, reply, alone;
    make(&first, S("Message-ID: <one@x>\n\n"));
    make(&reply, S("Message-ID: <two@x>\nIn-Reply-To: Your <one@x> of today <zero@x>\n\n"));
    make(&alone, S("Subject: nothing\n\n"));
    assert_true(str_eq(reply.d.references, S("one@x\0")));
    assert_memory_equal(&first.d.thread, &reply.d.thread, sizeof first.d.thread);
    assert_memory_equal(&alone.d.thread, &(struct digest_id){0}, sizeof alone.d.thread);
    drop(&first);
    drop(&reply);
    drop(&alone);
}

static void of_too_many_references_the_first_and_the_last_stay(void **state)
{
    (void)state;
    auto_buf struct buf text;
    buf_init(&text, 1 << 20);
    buf_add(&text, S("References:"));
    for (int i = 0; i < 1000; i++)
        buf_addf(&text, "\n <%d@x>", i);
    buf_add(&text, S("\n\n"));
    struct made m;
    make(&m, buf_str(&text));
    assert_true(str_starts(m.d.references, S("0@x\0")));
    assert_true(str_ends(m.d.references, S("\000999@x\0")));
    size_t n = 0;
    for (size_t i = 0; i < m.d.references.n; i++)
        n += m.d.references.p[i] == 0;
    assert_int_equal(n, DIGEST_REFS_MAX);
    drop(&m);
}

static void no_cut_and_no_flipped_octet_leads_astray(void **state)
{
    (void)state;
    struct made m;
    make(&m, str_from(letter));
    for (size_t i = 0; i < m.blob.n; i++) {
        struct mail_digest d;
        struct mime_part *root;
        struct envelope e;
        assert_true(failed(digest_open(str_slice(buf_str(&m.blob), 0, i), &d)));
        for (unsigned bit = 1; bit < 256; bit *= 2) {
            m.blob.p[i] = (char)(m.blob.p[i] ^ (char)bit);
            arena_reset(m.scratch);
            if (!failed(digest_open(buf_str(&m.blob), &d))) {
                (void)digest_envelope(&d, m.scratch, &e); /* any verdict will do */
                if (!failed(digest_structure(&d, m.scratch, &root)))
                    (void)digest_attach(root, str_from(letter));
            }
            m.blob.p[i] = (char)(m.blob.p[i] ^ (char)bit);
        }
    }
    drop(&m);
}

static void a_digest_of_another_version_is_none(void **state)
{
    (void)state;
    struct made m;
    make(&m, S("\n"));
    struct mail_digest d;
    m.blob.p[1]++;
    assert_int_equal(digest_open(buf_str(&m.blob), &d).kind, ERR_SYNTAX);
    drop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_sort_and_thread_are_in_it),
        cmocka_unit_test(the_preview_of_a_long_plain_text_is_that_of_the_whole),
        cmocka_unit_test(envelope_and_structure_render_as_from_the_message),
        cmocka_unit_test(parts_find_their_text_in_the_message_again),
        cmocka_unit_test(a_reply_without_references_belongs_to_what_it_answers),
        cmocka_unit_test(of_too_many_references_the_first_and_the_last_stay),
        cmocka_unit_test(no_cut_and_no_flipped_octet_leads_astray),
        cmocka_unit_test(a_digest_of_another_version_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
