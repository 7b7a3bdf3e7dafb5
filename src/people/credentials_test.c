/* SPDX-License-Identifier: ISC */
#include "people/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"

struct place {
    char path[64];
    int dir;
    struct arena *a;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->path, sizeof p->path, "/tmp/twp-people-XXXXXX");
    if (mkdtemp(p->path) == NULL || failed(dir_open(AT_FDCWD, p->path, &p->dir)))
        return -1;
    p->a = arena_new("test", 64 << 20);
    *state = p;
    return 0;
}

static err remove_one(void *ctx, const struct dir_entry *e)
{
    struct place *p = ctx;
    return file_unlink(p->dir, arena_cstr(p->a, e->name));
}

static int teardown(void **state)
{
    struct place *p = *state;
    err e = dir_each(p->dir, ".", remove_one, p);
    (void)failed(e);
    fd_close(p->dir);
    rmdir(p->path);
    arena_free(p->a);
    free(p);
    return 0;
}

static const struct password_options both = {.with_shared_secret = true};
static const struct password_options keys_only = {.scheme = PASSWORD_BCRYPT};

static struct credentials *load(struct place *p)
{
    struct credentials *c;
    err e = credentials_load(p->dir, NULL, NULL, &c);
    assert_false(failed(e));
    return c;
}

static bool verifies(const struct credential *c, str password)
{
    auto_buf struct buf stored;
    bool match = false;
    buf_init(&stored, PASSWORD_STORED_MAX);
    assert_false(failed(credential_stored(c, &stored)));
    assert_false(failed(password_verify(buf_str(&stored), password, &match)));
    return match;
}

static void a_set_password_verifies_in_every_way(void **state)
{
    struct place *p = *state;
    assert_false(failed(credentials_set_password(p->dir, S("ann"), S("s3cret word"), &both)));
    assert_false(failed(credentials_set_password(p->dir, S("taro"), S("x"), &keys_only)));
    struct credentials *c = load(p);
    assert_int_equal(credentials_count(c), 2);
    const struct credential *ann = credentials_find(c, S("ann"));
    const struct credential *taro = credentials_find(c, S("taro"));
    assert_true(ann->has_scram_sha1 && ann->has_scram_sha256 && ann->has_cram_md5);
    assert_true(str_eq(ann->secret, S("s3cret word")));
    assert_true(verifies(ann, S("s3cret word")));
    assert_false(verifies(ann, S("s3cret wor")));
    assert_true(taro->has_scram_sha256 && !taro->has_cram_md5 && taro->secret.n == 0);
    assert_true(str_starts(taro->hash, S("$2b$")));
    struct scram_keys again;
    scram_derive(HASH_SHA256, S("s3cret word"), scram_salt(&ann->scram_sha256),
                 ann->scram_sha256.iterations, &again);
    assert_memory_equal(again.stored_key.at, ann->scram_sha256.stored_key.at, 32);
    assert_null(credentials_find(c, S("an")));
    credentials_free(c);
    struct stat st;
    assert_false(failed(file_stat(p->dir, "credentials", &st)));
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void other_lines_stay_byte_for_byte_even_damaged_ones(void **state)
{
    struct place *p = *state;
    str before = S("twinpost-credentials 1\n# a comment\nbob\thash=$6$x\r\n\nann\thash=*\n"
                   "damaged line\nann2\thash=*\n");
    assert_false(failed(file_replace(p->dir, "credentials", before, 0600)));
    assert_false(failed(credentials_set_stored(p->dir, S("ann"), S("$1$8IdRqtm0$x"))));
    str after;
    assert_false(failed(file_read(p->dir, "credentials", 4096, p->a, &after)));
    assert_true(str_eq(after, S("twinpost-credentials 1\n# a comment\nbob\thash=$6$x\r\n\n"
                                "ann\thash=$1$8IdRqtm0$x\ndamaged line\nann2\thash=*\n")));
    assert_false(failed(credentials_remove(p->dir, S("ann"))));
    assert_false(failed(file_read(p->dir, "credentials", 4096, p->a, &after)));
    assert_true(str_eq(after, S("twinpost-credentials 1\n# a comment\nbob\thash=$6$x\r\n\n"
                                "damaged line\nann2\thash=*\n")));
    assert_int_equal(credentials_remove(p->dir, S("ann")).kind, ERR_NOTFOUND);
}

static void note_line(void *ctx, unsigned line, err e)
{
    assert_true(failed(e));
    buf_addf(ctx, "%u ", line);
}

static void damaged_lines_are_named_and_the_rest_serves(void **state)
{
    struct place *p = *state;
    str text = S("twinpost-credentials 1\n"
                 "ok\thash=*\n"
                 "no fields here\n"
                 "bad\thash\n"
                 "bad\tcolour=red\n"
                 "bad\tscram-sha-256=1,2,3\n"
                 "bad\tsecret=!!!\n"
                 "bad\thash=*\thash=*\n"
                 "ok\thash=twice\n"
                 "\thash=*\n"
                 "last\tsecret=eA==");
    assert_false(failed(file_replace(p->dir, "credentials", text, 0600)));
    auto_buf struct buf lines;
    buf_init(&lines, 200);
    struct credentials *c;
    assert_false(failed(credentials_load(p->dir, note_line, &lines, &c)));
    assert_true(str_eq(buf_str(&lines), S("3 4 5 6 7 8 9 10 ")));
    assert_int_equal(credentials_count(c), 2);
    assert_true(str_eq(credentials_find(c, S("ok"))->hash, S("*")));
    assert_true(str_eq(credentials_find(c, S("last"))->secret, S("x")));
    credentials_free(c);
}

static void a_file_that_is_not_ours_is_neither_read_nor_overwritten(void **state)
{
    struct place *p = *state;
    struct credentials *c;
    static const str foreign[] = {S("ann:x:1:1\n"), S("twinpost-credentials 2\nann\thash=*\n")};
    for (size_t i = 0; i < 2; i++) {
        assert_false(failed(file_replace(p->dir, "credentials", foreign[i], 0600)));
        assert_int_equal(credentials_load(p->dir, NULL, NULL, &c).kind, ERR_SYNTAX);
        assert_int_equal(credentials_set_stored(p->dir, S("ann"), S("*")).kind, ERR_SYNTAX);
        str after;
        assert_false(failed(file_read(p->dir, "credentials", 4096, p->a, &after)));
        assert_true(str_eq(after, foreign[i]));
    }
}

static void a_change_is_noticed(void **state)
{
    struct place *p = *state;
    struct credentials *c = load(p);
    assert_int_equal(credentials_count(c), 0);
    assert_false(credentials_changed(c, p->dir));
    assert_false(failed(credentials_set_stored(p->dir, S("ann"), S("*"))));
    assert_true(credentials_changed(c, p->dir));
    credentials_free(c);
    c = load(p);
    assert_false(credentials_changed(c, p->dir));
    credentials_free(c);
}

static void bad_names_and_passwords_are_refused(void **state)
{
    struct place *p = *state;
    static const str names[] = {S(""), S("a b"), S("a\tb"), S("a\nb"), S("#a"), S("a:b")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(credentials_set_password(p->dir, names[i], S("x"), &both).kind,
                         ERR_SYNTAX);
    static const str passwords[] = {S(""), S("a\0b"), S("a\nb")};
    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++)
        assert_int_equal(credentials_set_password(p->dir, S("ann"), passwords[i], &both).kind,
                         ERR_SYNTAX);
    assert_int_equal(credentials_set_stored(p->dir, S("ann"), S("{ROT13}x")).kind, ERR_SYNTAX);
    assert_int_equal(credentials_set_stored(p->dir, S("ann"), S("$1$a$\nroot\thash=")).kind,
                     ERR_SYNTAX);
    struct stat st;
    assert_int_equal(file_stat(p->dir, "credentials", &st).kind, ERR_NOTFOUND);
}

static void stored_passwords_of_dovecot_are_taken_over(void **state)
{
    struct place *p = *state;
    assert_false(failed(credentials_set_stored(
        p->dir, S("a"),
        S("{CRAM-MD5}89f9bd7c98e27f78cfaf14642b7ae3b948c76fedc6a3f688e05650ca8e55c073"))));
    assert_false(failed(credentials_set_stored(
        p->dir, S("b"),
        S("{SCRAM-SHA-1}4096,pwepsSaBwTPgO6hjRAoSpw==,mP5YXBENkbIoSZfFWSYgq/o8cVs=,"
          "/Md9JSZZ52rE8M95dRT7n27qBdc="))));
    assert_false(failed(credentials_set_stored(p->dir, S("c"), S("{PLAIN}tanstaaf tanstaaf"))));
    struct credentials *c = load(p);
    const char *names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        assert_true(verifies(credentials_find(c, str_from(names[i])), S("tanstaaf tanstaaf")));
    assert_true(credentials_find(c, S("a"))->has_cram_md5);
    assert_true(credentials_find(c, S("b"))->has_scram_sha1);
    auto_buf struct buf text;
    buf_init(&text, 200);
    credential_summary(credentials_find(c, S("c")), &text);
    assert_true(str_eq(buf_str(&text), S("scram-sha-256 scram-sha-1 hash secret")));
    credentials_free(c);
}

static void unknown_names_have_a_lasting_salt_of_their_own(void **state)
{
    struct place *p = *state;
    uint8_t secret[PEOPLE_SECRET_BYTES], again[PEOPLE_SECRET_BYTES];
    assert_false(failed(people_secret(p->dir, secret)));
    assert_false(failed(people_secret(p->dir, again)));
    assert_memory_equal(secret, again, sizeof secret);
    struct credential a, b, other;
    credential_fake(secret, S("nobody"), &a);
    credential_fake(again, S("nobody"), &b);
    credential_fake(secret, S("nobodz"), &other);
    assert_memory_equal(&a.scram_sha256, &b.scram_sha256, sizeof a.scram_sha256);
    assert_memory_not_equal(a.scram_sha256.salt, other.scram_sha256.salt, SCRAM_SALT_BYTES);
    assert_memory_not_equal(a.scram_sha256.salt, a.scram_sha1.salt, SCRAM_SALT_BYTES);
    assert_int_equal(a.scram_sha256.iterations, SCRAM_ITERATIONS);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_set_password_verifies_in_every_way),
        IN_PLACE(other_lines_stay_byte_for_byte_even_damaged_ones),
        IN_PLACE(damaged_lines_are_named_and_the_rest_serves),
        IN_PLACE(a_file_that_is_not_ours_is_neither_read_nor_overwritten),
        IN_PLACE(a_change_is_noticed),
        IN_PLACE(bad_names_and_passwords_are_refused),
        IN_PLACE(stored_passwords_of_dovecot_are_taken_over),
        IN_PLACE(unknown_names_have_a_lasting_salt_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
