/* SPDX-License-Identifier: ISC */
#include "wire/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static const struct example {
    const char *name;
    str in;
    unsigned flags;
    enum err_kind want_err;
    str local, domain;
} mailboxes[] = {
    {"plain", S("ann@house.example"), 0, ERR_NONE, S("ann"), S("house.example")},
    {"dots and extension", S("a.b-c+d=e@x.y"), 0, ERR_NONE, S("a.b-c+d=e"), S("x.y")},
    {"quoted with blank", S("\"a b\"@x"), 0, ERR_NONE, S("a b"), S("x")},
    {"quoted pair", S("\"a\\\"b\\\\\"@x"), 0, ERR_NONE, S("a\"b\\"), S("x")},
    {"quoted at sign", S("\"a@b\"@x"), 0, ERR_NONE, S("a@b"), S("x")},
    {"literal", S("a@[192.0.2.1]"), 0, ERR_NONE, S("a"), S("[192.0.2.1]")},
    {"literal 6", S("a@[IPv6:2001:db8::1]"), 0, ERR_NONE, S("a"), S("[IPv6:2001:db8::1]")},
    {"tagged literal", S("a@[x400:c=jp]"), 0, ERR_NONE, S("a"), S("[x400:c=jp]")},
    {"underscore in a host", S("a@my_host.x"), 0, ERR_NONE, S("a"), S("my_host.x")},
    {"utf-8 when asked for", S("太郎@例え.jp"), ADDRESS_UTF8, ERR_NONE, S("太郎"), S("例え.jp")},
    {"utf-8 quoted", S("\"太 郎\"@x"), ADDRESS_UTF8, ERR_NONE, S("太 郎"), S("x")},
    {"utf-8 unasked", S("太郎@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"bad utf-8", S("a\xff@x"), ADDRESS_UTF8, ERR_SYNTAX, S(""), S("")},
    {"bad utf-8 domain", S("a@\xff.x"), ADDRESS_UTF8, ERR_SYNTAX, S(""), S("")},
    {"no domain", S("postmaster"), 0, ERR_SYNTAX, S(""), S("")},
    {"postmaster alone", S("PostMaster"), ADDRESS_POSTMASTER_OK, ERR_NONE, S("PostMaster"), S("")},
    {"another alone", S("root"), ADDRESS_POSTMASTER_OK, ERR_SYNTAX, S(""), S("")},
    {"leading dot", S(".a@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"trailing dot", S("a.@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"two dots", S("a..b@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"empty", S(""), 0, ERR_SYNTAX, S(""), S("")},
    {"no local part", S("@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"two at signs", S("a@b@c"), 0, ERR_SYNTAX, S(""), S("")},
    {"unclosed quote", S("\"a@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"control in quotes", S("\"a\nb\"@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"8-bit quoted pair", S("\"\\\xe5\"@x"), ADDRESS_UTF8, ERR_SYNTAX, S(""), S("")},
    {"nul", S("a\0b@x"), 0, ERR_SYNTAX, S(""), S("")},
    {"hyphen first in label", S("a@-x.y"), 0, ERR_SYNTAX, S(""), S("")},
    {"empty label", S("a@x..y"), 0, ERR_SYNTAX, S(""), S("")},
    {"trailing dot in domain", S("a@x.y."), 0, ERR_SYNTAX, S(""), S("")},
    {"bad IPv4", S("a@[1.2.3]"), 0, ERR_SYNTAX, S(""), S("")},
    {"bad IPv6", S("a@[IPv6:1::2::3]"), 0, ERR_SYNTAX, S(""), S("")},
    {"unclosed literal", S("a@[1.2.3.4"), 0, ERR_SYNTAX, S(""), S("")},
    {"text after", S("a@x y"), 0, ERR_SYNTAX, S(""), S("")},
};

static void mailboxes_are_taken_as_rfc_5321_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mailboxes / sizeof *mailboxes; i++) {
        const struct example *x = &mailboxes[i];
        auto_arena struct arena *a = arena_new("test", 1 << 16);
        struct address got = {0};
        err e = address_parse_mailbox(a, x->in, x->flags, &got);
        if (e.kind != x->want_err)
            print_error("%s: %s\n", x->name, err_text(e));
        assert_int_equal(e.kind, x->want_err);
        same(x->name, got.local, x->local);
        same(x->name, got.domain, x->domain);
    }
}

static void paths_may_be_empty_or_routed_only_where_allowed(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    struct address got;
    str rest;
    assert_false(failed(address_parse_path(a, S("<> SIZE=3"), ADDRESS_NULL_OK, &got, &rest)));
    assert_true(got.local.n == 0 && !got.domain.p);
    same("rest", rest, S(" SIZE=3"));
    assert_true(failed(address_parse_path(a, S("<>"), 0, &got, &rest)));
    assert_false(failed(address_parse_path(a, S("<@a,@b.c:ann@x>"), 0, &got, &rest)));
    same("local", got.local, S("ann"));
    assert_true(failed(address_parse_path(a, S("<@a ann@x>"), 0, &got, &rest)));
    assert_true(failed(address_parse_path(a, S("<@a,b:ann@x>"), 0, &got, &rest)));
    assert_true(failed(address_parse_path(a, S("<@-:ann@x>"), 0, &got, &rest)));
    assert_true(failed(address_parse_path(a, S("<ann@x"), 0, &got, &rest)));
    assert_true(failed(address_parse_path(a, S("ann@x"), 0, &got, &rest)));
    assert_false(failed(address_parse_path(a, S("<\"a>b\"@x>"), ADDRESS_NULL_OK, &got, &rest)));
    same("a bracket in quotes", got.local, S("a>b"));
}

static void lengths_stop_at_their_limits(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct address got;
    auto_buf struct buf b;
    buf_init(&b, 20'000);
    for (int i = 0; i < 128; i++)
        buf_add(&b, S("a."));
    auto_buf struct buf whole;
    buf_init(&whole, 20'000);
    buf_add(&whole, S("u@"));
    buf_add(&whole, str_slice(buf_str(&b), 0, DOMAIN_MAX));
    assert_false(failed(address_parse_mailbox(a, buf_str(&whole), 0, &got)));
    buf_addc(&whole, 'b');
    buf_addc(&whole, 'c');
    assert_int_equal(address_parse_mailbox(a, buf_str(&whole), 0, &got).kind, ERR_LIMIT);
    assert_false(domain_is_valid(str_from_at(buf_str(&whole), 2), 0));
    buf_reset(&whole);
    for (int i = 0; i < QMAIL_SMTP_ADDRESS_MAX - 2; i++)
        buf_addc(&whole, 'v'); /* VERP senders pass RFC 5321's 64 octets */
    buf_add(&whole, S("@x"));
    assert_false(failed(address_parse_mailbox(a, buf_str(&whole), 0, &got)));
    buf_addc(&whole, 'y');
    assert_int_equal(address_parse_mailbox(a, buf_str(&whole), 0, &got).kind, ERR_LIMIT);
    buf_reset(&whole);
    for (int i = 0; i < 10'000; i++)
        buf_addc(&whole, 'v');
    assert_int_equal(address_parse_mailbox(a, buf_str(&whole), 0, &got).kind, ERR_LIMIT);
    str label = S("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg");
    assert_true(domain_is_valid(label, 0));
    assert_false(
        domain_is_valid(S("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"), 0));
}

static void qmail_takes_what_old_clients_send(void **state)
{
    (void)state;
    static const struct {
        str in, want, rest;
    } ok[] = {
        {S("FROM:<ann@x> SIZE=1"), S("ann@x"), S(" SIZE=1")},
        {S("FROM: ann@x BODY=8BITMIME"), S("ann@x"), S("BODY=8BITMIME")},
        {S("TO:<@a,@b:ann@x>"), S("ann@x"), S("")},
        {S("TO:<\"ann lee\"@x>"), S("ann lee@x"), S("")},
        {S("TO:<\"a>b\"@x>"), S("a>b@x"), S("")},
        {S("TO:<a\\>b@x>"), S("a>b@x"), S("")},
        {S("FROM:<>"), S(""), S("")},
        {S("TO:ann"), S("ann"), S("")},
        {S("TO:<ann@x"), S("ann@x"), S("")},
        {S("TO:<@nocolon"), S(""), S("")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    str got, rest;
    for (size_t i = 0; i < sizeof ok / sizeof *ok; i++) {
        assert_false(failed(address_parse_qmail(a, ok[i].in, &got, &rest)));
        same("address", got, ok[i].want);
        same("rest", rest, ok[i].rest);
    }
    assert_int_equal(address_parse_qmail(a, S("FROM"), &got, &rest).kind, ERR_SYNTAX);
    auto_buf struct buf b;
    buf_init(&b, 2000);
    buf_addc(&b, '<');
    for (int i = 0; i < QMAIL_SMTP_ADDRESS_MAX; i++)
        buf_addc(&b, 'a');
    assert_false(failed(address_parse_qmail(a, buf_str(&b), &got, &rest)));
    buf_addc(&b, 'a');
    assert_int_equal(address_parse_qmail(a, buf_str(&b), &got, &rest).kind, ERR_LIMIT);
}

static void writing_quotes_what_must_be_quoted(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("ann@x"), S("<ann@x>")},
        {S("ann lee@x"), S("<\"ann lee\"@x>")},
        {S("a@b@x"), S("<\"a@b\"@x>")},
        {S("a\"\\@x"), S("<\"a\\\"\\\\\"@x>")},
        {S("@x"), S("<\"\"@x>")},
        {S("a..b@x"), S("<\"a..b\"@x>")},
        {S("a\nb@x\ny"), S("<\"a_b\"@x_y>")},
        {S("太郎@x"), S("<太郎@x>")},
        {S("ann"), S("<ann>")},
        {S("#@[]"), S("<#@[]>")},
        {S(""), S("<>")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        address_write_path(&b, table[i].in);
        same("written", buf_str(&b), table[i].want);
    }
}

static void the_house_form_cuts_at_the_last_at_sign(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    struct address x = address_split(S("a@b@c"));
    same("local", x.local, S("a@b"));
    same("domain", x.domain, S("c"));
    same("joined", address_join(a, &x), S("a@b@c"));
    x = address_split(S("ann"));
    assert_null(x.domain.p);
    same("joined", address_join(a, &x), S("ann"));
    x = address_split(S("@"));
    same("joined", address_join(a, &x), S("@"));
}

static void literals_give_their_address(void **state)
{
    (void)state;
    unsigned char ip[16];
    assert_int_equal(domain_literal_ip(S("[192.0.2.9]"), ip), 4);
    assert_int_equal(ip[3], 9);
    assert_int_equal(domain_literal_ip(S("[ipv6:::1]"), ip), 16);
    assert_int_equal(ip[15], 1);
    assert_int_equal(domain_literal_ip(S("[x:y]"), ip), 0);
    assert_int_equal(domain_literal_ip(S("[1.2.3.4\0]"), ip), 0);
    assert_int_equal(domain_literal_ip(S("192.0.2.9"), ip), 0);
    assert_false(domain_is_literal(S("[]")));
    assert_false(domain_is_literal(S("[tag:a[b]")));
    assert_false(domain_is_literal(S("[tag:]")));
    assert_false(domain_is_literal(S("[-:a]")));
    assert_false(domain_is_literal(S("[tag:a@b]")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailboxes_are_taken_as_rfc_5321_says),
        cmocka_unit_test(paths_may_be_empty_or_routed_only_where_allowed),
        cmocka_unit_test(lengths_stop_at_their_limits),
        cmocka_unit_test(qmail_takes_what_old_clients_send),
        cmocka_unit_test(writing_quotes_what_must_be_quoted),
        cmocka_unit_test(the_house_form_cuts_at_the_last_at_sign),
        cmocka_unit_test(literals_give_their_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
