/* SPDX-License-Identifier: ISC */
#include "dns/dns.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "zone ." keeps every question in this process: the tests need no network. */
static const str zones = S("# what the tests know\n"
                           "zone .\n"
                           "zone example.test\n"
                           "data example.test. 60 IN MX 10 mx1.example.test.\n"
                           "data example.test. 60 IN MX 10 mx2.example.test.\n"
                           "data example.test. 60 IN MX 5 best.example.test.\n"
                           "data example.test. 60 IN TXT \"v=spf1 \" \"-all\"\n"
                           "data best.example.test. 60 IN A 192.0.2.1\n"
                           "data best.example.test. 60 IN A 192.0.2.2\n"
                           "data best.example.test. 60 IN AAAA 2001:db8::1\n"
                           "data four.example.test. 60 IN A 192.0.2.4\n"
                           "data only-text.example.test. 60 IN TXT \"x\"\n"
                           "data nomail.example.test. 60 IN MX 0 .\n"
                           "data xn--wgv71a119e.example.test. 60 IN A 192.0.2.7\n"
                           "zone 2.0.192.in-addr.arpa\n"
                           "data 1.2.0.192.in-addr.arpa. 60 IN PTR best.example.test.\n"
                           "zone 8.b.d.0.1.0.0.2.ip6.arpa\n"
                           "data 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
                           ".ip6.arpa. 60 IN PTR six.example.test.\n"
                           "refuse down.test\n");

struct fixture {
    struct dns *dns;
    struct arena *arena;
};

static int open_zones(void **state)
{
    static struct fixture f;
    size_t line = 0;
    if (failed(dns_open(&(struct dns_options){.local = zones}, &f.dns, &line)))
        return -1;
    f.arena = arena_new("test", 1 << 20);
    *state = &f;
    return 0;
}

static int close_zones(void **state)
{
    struct fixture *f = *state;
    dns_close(f->dns);
    arena_free(f->arena);
    return 0;
}

static void assert_str(str got, str want)
{
    if (!str_eq(got, want))
        fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

static str text_of(struct arena *a, const struct net_address *address)
{
    char text[64];
    return arena_copy(a, net_address_text(address, text, sizeof text));
}

static void the_best_exchanger_comes_first_and_equals_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct dns_mx_list list;
    bool first_was_mx1 = false, first_was_mx2 = false;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(dns_mx(f->dns, f->arena, S("Example.Test."), &list), DNS_OK);
        assert_int_equal(list.n, 3);
        assert_str(list.at[0].host, S("best.example.test"));
        assert_int_equal(list.at[0].preference, 5);
        assert_int_equal(list.at[1].preference, 10);
        first_was_mx1 = first_was_mx1 || str_eq(list.at[1].host, S("mx1.example.test"));
        first_was_mx2 = first_was_mx2 || str_eq(list.at[1].host, S("mx2.example.test"));
    }
    assert_true(first_was_mx1 && first_was_mx2);
    assert_false(list.secure);
}

static void the_null_mx_has_an_empty_host(void **state)
{
    struct fixture *f = *state;
    struct dns_mx_list list;
    assert_int_equal(dns_mx(f->dns, f->arena, S("nomail.example.test"), &list), DNS_OK);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.at[0].host.n, 0);
}

static void a_name_that_is_not_there_differs_from_one_without_such_data(void **state)
{
    struct fixture *f = *state;
    struct dns_mx_list list;
    struct dns_address_list addresses;
    assert_int_equal(dns_mx(f->dns, f->arena, S("nobody.example.test"), &list), DNS_NO_NAME);
    assert_int_equal(dns_mx(f->dns, f->arena, S("four.example.test"), &list), DNS_NO_DATA);
    assert_int_equal(dns_mx(f->dns, f->arena, S("elsewhere.org"), &list), DNS_NO_NAME);
    assert_int_equal(dns_addresses(f->dns, f->arena, S("nobody.example.test"), &addresses),
                     DNS_NO_NAME);
    assert_int_equal(dns_addresses(f->dns, f->arena, S("only-text.example.test"), &addresses),
                     DNS_NO_DATA);
}

static void lines_may_come_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct dns *d = NULL;
    struct dns_mx_list list;
    struct dns_options o = {.local = S("data implicit.test. IN A 127.0.0.1\nzone test\n"
                                       "refuse down.test\nzone .\n")};
    assert_false(failed(dns_open(&o, &d, NULL)));
    assert_int_equal(dns_mx(d, f->arena, S("implicit.test"), &list), DNS_NO_DATA);
    assert_int_equal(dns_mx(d, f->arena, S("down.test"), &list), DNS_TEMP);
    assert_int_equal(dns_mx(d, f->arena, S("nobody.test"), &list), DNS_NO_NAME);
    dns_close(d);
}

static void servers_that_fail_are_temporary(void **state)
{
    struct fixture *f = *state;
    struct dns_mx_list list;
    struct dns_address_list addresses;
    assert_int_equal(dns_mx(f->dns, f->arena, S("x.down.test"), &list), DNS_TEMP);
    assert_int_equal(dns_addresses(f->dns, f->arena, S("x.down.test"), &addresses), DNS_TEMP);
}

static void both_families_take_turns(void **state)
{
    struct fixture *f = *state;
    struct dns_address_list list;
    assert_int_equal(dns_addresses(f->dns, f->arena, S("best.example.test"), &list), DNS_OK);
    assert_int_equal(list.n, 3);
    assert_str(text_of(f->arena, &list.at[0]), S("2001:db8::1"));
    assert_int_equal(list.at[1].ss.ss_family, AF_INET);
    assert_int_equal(list.at[2].ss.ss_family, AF_INET);
}

static void literals_need_no_question(void **state)
{
    struct fixture *f = *state;
    static const struct {
        str in, want;
    } examples[] = {
        {S("[192.0.2.9]"), S("192.0.2.9")},
        {S("192.0.2.9"), S("192.0.2.9")},
        {S("[IPv6:2001:db8::9]"), S("2001:db8::9")},
        {S("[2001:db8::9]"), S("2001:db8::9")},
    };
    struct dns_address_list list;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        assert_int_equal(dns_addresses(f->dns, f->arena, examples[i].in, &list), DNS_OK);
        assert_int_equal(list.n, 1);
        assert_str(text_of(f->arena, &list.at[0]), examples[i].want);
    }
    assert_int_equal(dns_addresses(f->dns, f->arena, S("[192.0.2]"), &list), DNS_NO_NAME);
}

static void a_name_in_utf8_is_asked_by_its_a_label(void **state)
{
    struct fixture *f = *state;
    struct dns_address_list list;
    assert_int_equal(dns_addresses(f->dns, f->arena, S("日本語.example.test"), &list), DNS_OK);
    assert_str(text_of(f->arena, &list.at[0]), S("192.0.2.7"));
}

static void what_can_be_no_domain_name_does_not_exist(void **state)
{
    struct fixture *f = *state;
    static const str bad[] = {S(""),         S("."),          S("a..test"), S("a b.test"),
                              S("a\\046.b"), S("a\000.test"), S("\xff\xfe")};
    struct dns_address_list list;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_not_equal(dns_addresses(f->dns, f->arena, bad[i], &list), DNS_OK);
    char label[300];
    for (size_t i = 0; i < sizeof label; i++)
        label[i] = 'a';
    assert_int_equal(dns_addresses(f->dns, f->arena, str_of(label, 300), &list), DNS_NO_NAME);
}

static void txt_and_ptr_are_read(void **state)
{
    struct fixture *f = *state;
    struct dns_text_list list;
    struct net_address address;
    assert_int_equal(dns_txt(f->dns, f->arena, S("example.test"), &list), DNS_OK);
    assert_str(list.at[0], S("v=spf1 -all"));
    assert_false(failed(net_address_parse(S("192.0.2.1"), 0, &address)));
    assert_int_equal(dns_ptr(f->dns, f->arena, &address, &list), DNS_OK);
    assert_str(list.at[0], S("best.example.test"));
    assert_false(failed(net_address_parse(S("2001:db8::1"), 0, &address)));
    assert_int_equal(dns_ptr(f->dns, f->arena, &address, &list), DNS_OK);
    assert_str(list.at[0], S("six.example.test"));
}

static void a_wrong_line_of_the_resolver_file_is_named(void **state)
{
    (void)state;
    struct dns *d = NULL;
    size_t line = 0;
    struct dns_options o = {.local = S("# fine\nzone example.test\nservers 192.0.2.1\n")};
    assert_int_equal(dns_open(&o, &d, &line).kind, ERR_SYNTAX);
    assert_int_equal(line, 3);
    o.local = S("data this is not a record at all\n");
    assert_int_equal(dns_open(&o, &d, &line).kind, ERR_SYNTAX);
    assert_int_equal(line, 1);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_exchanger_comes_first_and_equals_in_any_order),
        cmocka_unit_test(the_null_mx_has_an_empty_host),
        cmocka_unit_test(a_name_that_is_not_there_differs_from_one_without_such_data),
        cmocka_unit_test(lines_may_come_in_any_order),
        cmocka_unit_test(servers_that_fail_are_temporary),
        cmocka_unit_test(both_families_take_turns),
        cmocka_unit_test(literals_need_no_question),
        cmocka_unit_test(a_name_in_utf8_is_asked_by_its_a_label),
        cmocka_unit_test(what_can_be_no_domain_name_does_not_exist),
        cmocka_unit_test(txt_and_ptr_are_read),
        cmocka_unit_test(a_wrong_line_of_the_resolver_file_is_named),
    };
    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
