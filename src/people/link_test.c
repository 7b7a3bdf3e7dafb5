/* SPDX-License-Identifier: ISC */
#include "people/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[LINK_KEY_BYTES] = {1, 2, 3}, other_key[LINK_KEY_BYTES] = {9};
static const struct link decide = {
    .purpose = {"decide", 6}, .login = {"taro", 4}, .serial = 7, .expires = 1000};

static int setup(void **state)
{
    *state = arena_new("test", 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static str token(struct arena *a)
{
    auto_buf struct buf b;
    buf_init(&b, LINK_TOKEN_MAX);
    link_write(key, &decide, &b);
    return arena_copy(a, buf_str(&b));
}

static enum err_kind verdict(struct arena *a, const uint8_t *k, str t, str purpose, int64_t now)
{
    struct link l;
    err e = link_verify(k, t, purpose, now, a, &l);
    return e.kind;
}

static void a_link_tells_what_was_signed(void **state)
{
    struct link l;
    str t = token(*state);
    err e = link_verify(key, t, S("decide"), 999, *state, &l);
    assert_false(failed(e));
    assert_true(str_eq(l.login, S("taro")) && l.serial == 7 && l.expires == 1000);
    for (size_t i = 0; i < t.n; i++)
        assert_true(char_is_alpha(t.p[i]) || char_is_digit(t.p[i]) || strchr("-_.", t.p[i]));
}

static void a_link_is_for_one_purpose_one_time_and_one_key(void **state)
{
    str t = token(*state);
    assert_int_equal(verdict(*state, key, t, S("renew"), 999), ERR_DENIED);
    assert_int_equal(verdict(*state, key, t, S("decide"), 1000), ERR_TIMEOUT);
    assert_int_equal(verdict(*state, other_key, t, S("decide"), 999), ERR_DENIED);
}

static void no_changed_octet_passes(void **state)
{
    str t = token(*state);
    for (size_t i = 0; i < t.n; i++) {
        str bent = arena_copy(*state, t);
        char *p = arena_alloc(*state, t.n, 1);
        memcpy(p, bent.p, t.n);
        p[i] = p[i] == 'A' ? 'E' : 'A';
        assert_int_not_equal(verdict(*state, key, str_of(p, t.n), S("decide"), 999), ERR_NONE);
        assert_int_not_equal(verdict(*state, key, str_slice(t, 0, i), S("decide"), 999), ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_tells_what_was_signed),
        cmocka_unit_test(a_link_is_for_one_purpose_one_time_and_one_key),
        cmocka_unit_test(no_changed_octet_passes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
