/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "introspect/introspect.h"

static const struct {
    str json, scope;
    enum token_outcome want;
    str user;
} examples[] = {
    {S("{\"active\":true,\"username\":\"ann\"}"), S(""), TOKEN_ACTIVE, S("ann")},
    {S("{\"active\":true,\"username\":\"ann\",\"exp\":2000,\"scope\":\"a mail b\"}"), S("mail"),
     TOKEN_ACTIVE, S("ann")},
    {S("{\"active\":true,\"username\":\"ann\",\"scope\":\"mailbox\"}"), S("mail"), TOKEN_REFUSED,
     S("")},
    {S("{\"active\":true,\"username\":\"ann\"}"), S("mail"), TOKEN_REFUSED, S("")},
    {S("{\"active\":false}"), S(""), TOKEN_REFUSED, S("")},
    {S("{\"active\":true,\"username\":\"ann\",\"exp\":1000}"), S(""), TOKEN_REFUSED, S("")},
    {S("{\"active\":true,\"username\":\"ann\",\"nbf\":1001}"), S(""), TOKEN_REFUSED, S("")},
    {S("{\"active\":\"true\",\"username\":\"ann\"}"), S(""), TOKEN_UNKNOWN, S("")},
    {S("{\"active\":true}"), S(""), TOKEN_UNKNOWN, S("")},
    {S("{\"active\":true,\"username\":7}"), S(""), TOKEN_UNKNOWN, S("")},
    {S("{\"active\":true,\"username\":\"\"}"), S(""), TOKEN_UNKNOWN, S("")},
    {S("{\"active\":false,\"active\":true,\"username\":\"ann\"}"), S(""), TOKEN_UNKNOWN, S("")},
    {S("[true]"), S(""), TOKEN_UNKNOWN, S("")},
    {S("<html>"), S(""), TOKEN_UNKNOWN, S("")},
    {S(""), S(""), TOKEN_UNKNOWN, S("")},
};

static void only_an_answer_that_says_it_all_is_believed(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct token_answer t =
            introspect_answer(a, examples[i].json, S("username"), examples[i].scope, 1000);
        assert_int_equal(t.outcome, examples[i].want);
        assert_true(str_eq(t.user, examples[i].user));
        assert_true(t.outcome == TOKEN_ACTIVE || t.reason.n > 0);
    }
}

static void a_token_crosses_the_network_under_tls_alone(void **state)
{
    (void)state;
    assert_true(introspect_url_is_safe(S("https://login.example.test/introspect")));
    assert_true(introspect_url_is_safe(S("http://127.0.0.1:8080/introspect")));
    assert_true(introspect_url_is_safe(S("http://localhost/x")));
    assert_true(introspect_url_is_safe(S("http://[::1]:80/x")));
    assert_false(introspect_url_is_safe(S("http://login.example.test/introspect")));
    assert_false(introspect_url_is_safe(S("http://127.0.0.1.example.test/")));
    assert_false(introspect_url_is_safe(S("http://127.0.0.1@example.test/")));
    assert_false(introspect_url_is_safe(S("file:///etc/passwd")));
    assert_false(introspect_url_is_safe(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_an_answer_that_says_it_all_is_believed),
        cmocka_unit_test(a_token_crosses_the_network_under_tls_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
