/* SPDX-License-Identifier: ISC */
#include "store/fulltext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "wire/normal.h"

enum { VALIDITY = 77 };

struct world {
    char dir[64];
    struct fulltext_place place;
    struct arena *arena;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/fulltext-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->place.dir));
    w->place.name = FULLTEXT_NAME;
    w->arena = arena_new("test", 256 << 20);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    (void)unlinkat(w->place.dir, FULLTEXT_NAME, 0);
    (void)unlinkat(w->place.dir, FULLTEXT_NAME "-index", 0);
    assert_int_equal(rmdir(w->dir), 0); /* and nothing else is left there */
    fd_close(w->place.dir);
    arena_free(w->arena);
    free(w);
    return 0;
}

static struct fulltext *writer(struct world *w)
{
    struct fulltext *f;
    ok(fulltext_open(&w->place, VALIDITY, &f));
    return f;
}

static void add(struct world *w, struct fulltext *f, uint32_t uid, str message)
{
    auto_mail_text struct mail_text t;
    mail_text_init(&t, FULLTEXT_PIECE_MAX);
    mail_text_read(&t, w->arena, message, MAIL_TEXT_HEAD | MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
    ok(fulltext_add(f, uid, &t));
}

static struct store_found find(struct world *w, enum store_find_where where, const char *field,
                               const char *text)
{
    int index, words;
    struct fulltext_view v;
    ok(fulltext_files(&w->place, &index, &words));
    ok(fulltext_view_open(index, words, VALIDITY, &v));
    fd_close(index);
    fd_close(words);
    struct store_find_key key = {where, str_from(field), normal_copy(w->arena, str_from(text))};
    struct store_found r;
    fulltext_find(&v, &key, w->arena, &r);
    fulltext_view_done(&v);
    return r;
}

static void finds(struct world *w, enum store_find_where where, const char *field, const char *text,
                  const char *want)
{
    char got[200] = "";
    struct store_found r = find(w, where, field, text);
    for (size_t i = 0; i < r.n_sure; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%u ", r.sure[i]);
    for (size_t i = 0; i < r.n_ask; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%u? ", r.ask[i]);
    assert_string_equal(got, want);
}

static void words_are_found_where_they_were_asked_for(void **state)
{
    struct world *w = *state;
    struct fulltext *f = writer(w);
    add(w, f, 3, S("Subject: Tokyo\nFrom: kyoto@example\n\nbody osaka\n"));
    add(w, f, 5, S("Subject: x\n\n東京都 tokyo\n"));
    ok(fulltext_add(f, 6, NULL));
    add(w, f, 9, S("Subject: tokyo\nX-Subject: nara\n\n\n"));
    ok(fulltext_commit(f));
    assert_int_equal(fulltext_upto(f), 9);
    fulltext_close(f);
    assert_int_equal(fulltext_known(&w->place, VALIDITY), 9);
    assert_int_equal(fulltext_known(&w->place, VALIDITY + 1), 0);
    finds(w, STORE_FIND_TEXT, "", "TOKYO", "3 5 9 6? ");
    finds(w, STORE_FIND_BODY, "", "tokyo", "5 6? ");
    finds(w, STORE_FIND_BODY, "", "京都", "5 6? ");
    finds(w, STORE_FIND_BODY, "", "京", "5 6? ");
    finds(w, STORE_FIND_BODY, "", "都京", "6? ");
    finds(w, STORE_FIND_FIELD, "SUBJECT", "tokyo", "3 9 6? ");
    finds(w, STORE_FIND_FIELD, "subject", "nara", "6? ");
    finds(w, STORE_FIND_FIELD, "from", "", "3 6? ");
    finds(w, STORE_FIND_TEXT, "", "subject: x", "5 6? ");
    finds(w, STORE_FIND_TEXT, "", "", "3 5 6 9 ");
    finds(w, STORE_FIND_TEXT, "", "absent", "6? ");
}

static void writing_goes_on_where_it_stopped(void **state)
{
    struct world *w = *state;
    for (uint32_t uid = 1; uid < 20; uid++) {
        struct fulltext *f = writer(w);
        assert_int_equal(fulltext_upto(f), uid - 1);
        add(w, f, uid, S("A: b\n\nword\n"));
        ok(fulltext_commit(f));
        add(w, f, uid + 1, S("A: b\n\nforgotten, since not committed\n"));
        fulltext_close(f);
    }
    assert_int_equal(find(w, STORE_FIND_TEXT, "", "word").n_sure, 19);
    assert_int_equal(find(w, STORE_FIND_TEXT, "", "forgotten").n_sure, 0);
}

static void only_one_writes(void **state)
{
    struct world *w = *state;
    struct fulltext *f = writer(w), *other;
    err e = fulltext_open(&w->place, VALIDITY, &other);
    assert_int_equal(e.kind, ERR_TEMP);
    fulltext_close(f);
}

static void damage_is_cut_off_and_another_uidvalidity_begins_anew(void **state)
{
    struct world *w = *state;
    struct fulltext *f = writer(w);
    for (uint32_t uid = 1; uid <= 10; uid++)
        add(w, f, uid, S("A: b\n\nword\n"));
    ok(fulltext_commit(f));
    fulltext_close(f);
    auto_fd int fd = -1;
    ok(file_open(w->place.dir, FULLTEXT_NAME "-index", O_RDWR, 0, &fd));
    ok(file_pwrite(fd, S("XX"), 64 + 7 * 32 + 10)); /* the eighth entry */
    assert_int_equal(find(w, STORE_FIND_TEXT, "", "word").n_sure, 7);
    f = writer(w);
    assert_int_equal(fulltext_upto(f), 7);
    fulltext_close(f);
    ok(file_truncate(fd, 64 + 7 * 32 + 31)); /* torn */
    f = writer(w);
    assert_int_equal(fulltext_upto(f), 7);
    fulltext_close(f);
    auto_fd int text = -1;
    ok(file_open(w->place.dir, FULLTEXT_NAME, O_RDWR, 0, &text));
    uint64_t size;
    ok(fd_size(text, &size));
    ok(file_truncate(text, size - 60)); /* the disk lost some of it */
    f = writer(w);
    assert_true(fulltext_upto(f) < 10 && fulltext_upto(f) > 0);
    fulltext_close(f);
    ok(fulltext_open(&w->place, VALIDITY + 1, &f));
    assert_int_equal(fulltext_upto(f), 0);
    fulltext_close(f);
}

static void what_is_expunged_goes_when_it_is_half(void **state)
{
    struct world *w = *state;
    struct store_message live[10];
    size_t n = 0;
    struct fulltext *f = writer(w);
    for (uint32_t uid = 1; uid <= 20; uid++) {
        add(w, f, uid, S("A: b\n\nword\n"));
        if (uid % 3 == 0)
            live[n++] = (struct store_message){.uid = uid};
    }
    uint64_t before = fulltext_bytes(f);
    ok(fulltext_compact(f, live, n));
    assert_true(fulltext_bytes(f) < before / 2);
    assert_int_equal(fulltext_upto(f), 18);
    add(w, f, 30, S("A: b\n\nlater word\n"));
    ok(fulltext_commit(f));
    ok(fulltext_compact(f, live, n)); /* nothing to gain: stays */
    fulltext_close(f);
    finds(w, STORE_FIND_TEXT, "", "word", "3 6 9 12 15 18 30 ");
    finds(w, STORE_FIND_TEXT, "", "later", "30 ");
}

/* ---- what is found with it is what is found without it ---- */

static uint64_t seed = 1;
static size_t pick(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

static const char *const scraps[] = {"a",  "b",  "ab", "日", "本",   "日本",
                                     "ｱ",  "Ａ", " ",  "é",  "か",   "\xe3\x82\x99",
                                     "\n", "=",  "ss", "ß",  "東京", "<b>"};

static str random_text(struct arena *a, size_t most)
{
    auto_buf struct buf b;
    buf_init(&b, 4096);
    for (size_t n = pick(most); n > 0; n--)
        buf_add(&b, str_from(scraps[pick(sizeof scraps / sizeof *scraps)]));
    return arena_copy(a, buf_str(&b));
}

static bool contains(const struct buf *b, str needle)
{
    return !needle.n || memmem(b->p, b->n, needle.p, needle.n);
}

static bool is_among(const uint32_t *uids, size_t n, uint32_t uid)
{
    for (size_t i = 0; i < n; i++)
        if (uids[i] == uid)
            return true;
    return false;
}

static void the_index_finds_what_reading_finds(void **state)
{
    enum { MESSAGES = 60 };
    struct world *w = *state;
    struct fulltext *f = writer(w);
    static struct mail_text texts[MESSAGES];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        str subject = random_text(w->arena, 6), body = random_text(w->arena, 30);
        bool html = pick(3) == 0;
        str m =
            arena_printf(w->arena, "Subject: %.*s\nContent-Type: text/%s; charset=utf-8\n\n%.*s",
                         STR_ARG(subject), html ? "html" : "plain", STR_ARG(body));
        mail_text_init(&texts[i], pick(8) ? FULLTEXT_PIECE_MAX : 20);
        mail_text_read(&texts[i], w->arena, m, MAIL_TEXT_HEAD | MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
        ok(fulltext_add(f, i + 1, &texts[i]));
    }
    ok(fulltext_commit(f));
    fulltext_close(f);
    for (int round = 0; round < 2000; round++) {
        str key = random_text(w->arena, 4);
        str needle = normal_copy(w->arena, key);
        struct store_found text = find(w, STORE_FIND_TEXT, "", key.p);
        struct store_found body = find(w, STORE_FIND_BODY, "", key.p);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            bool in_body = contains(&texts[i].body, needle);
            bool in_text = in_body || contains(&texts[i].head, needle);
            assert_int_equal(is_among(body.sure, body.n_sure, i + 1), in_body);
            assert_int_equal(is_among(text.sure, text.n_sure, i + 1), in_text);
            assert_int_equal(is_among(text.ask, text.n_ask, i + 1), texts[i].cut && !in_text);
        }
    }
    for (uint32_t i = 0; i < MESSAGES; i++)
        mail_text_done(&texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_are_found_where_they_were_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_goes_on_where_it_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(only_one_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_cut_off_and_another_uidvalidity_begins_anew,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_expunged_goes_when_it_is_half, setup, teardown),
        cmocka_unit_test_setup_teardown(the_index_finds_what_reading_finds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
