/* SPDX-License-Identifier: ISC */
#include "control/tcprules.h"

#include "control/testing.h"

static struct arena *a;

static const str rules = S("# our networks\n"
                           "1.2.3.4:deny\n"
                           "1.2.3.37-53:allow,RANGE=\"1\"\n"
                           "10.:allow,RELAYCLIENT=\"\"\n"
                           "10.2-3.:allow,A='x',B=/y z/\n"
                           "ann@1.2.3.4:allow,WHO=\"ann@ip\"\n"
                           "ann@=h.x.org:allow,WHO=\"ann@host\"\n"
                           "=h.x.org:allow,WHO=\"host\"\n"
                           "=.x.org:allow,WHO=\"suffix\"\n"
                           "=:allow,WHO=\"named\"\n"
                           "[2001:db8::1]:deny\n"
                           "[2001:db8::/32]:allow,V6=\"net\"\n"
                           ":allow,WHO=\"any\"  \n");

static const struct {
    struct tcp_peer peer;
    str want;
} peers[] = {
    {{.ip = S("1.2.3.4")}, S("rule 1.2.3.4:\ndeny connection\n")},
    {{.ip = S("1.2.3.4"), .info = S("ann"), .has_info = true},
     S("rule ann@1.2.3.4:\nset environment variable WHO=ann@ip\nallow connection\n")},
    {{.ip = S("9.9.9.9"),
      .info = S("ann"),
      .has_info = true,
      .host = S("h.x.org"),
      .has_host = true},
     S("rule ann@=h.x.org:\nset environment variable WHO=ann@host\nallow connection\n")},
    {{.ip = S("1.2.3.4"), .host = S("h.x.org"), .has_host = true},
     S("rule 1.2.3.4:\ndeny connection\n")},
    {{.ip = S("10.1.1.1"), .host = S("h.x.org"), .has_host = true},
     S("rule =h.x.org:\nset environment variable WHO=host\nallow connection\n")},
    {{.ip = S("10.1.1.1"), .host = S("q.x.org"), .has_host = true},
     S("rule 10.:\nset environment variable RELAYCLIENT=\nallow connection\n")},
    {{.ip = S("9.1.1.1"), .host = S("q.x.org"), .has_host = true},
     S("rule =.x.org:\nset environment variable WHO=suffix\nallow connection\n")},
    {{.ip = S("9.1.1.1"), .host = S(""), .has_host = true},
     S("rule =:\nset environment variable WHO=named\nallow connection\n")},
    {{.ip = S("9.1.1.1")}, S("rule :\nset environment variable WHO=any\nallow connection\n")},
    {{.ip = S("1.2.3.37")},
     S("rule 1.2.3.37:\nset environment variable RANGE=1\nallow connection\n")},
    {{.ip = S("1.2.3.54")}, S("rule :\nset environment variable WHO=any\nallow connection\n")},
    {{.ip = S("10.3.0.1")},
     S("rule 10.3.:\nset environment variable A=x\n"
       "set environment variable B=y z\nallow connection\n")},
    {{.ip = S("2001:db8::1")},
     S("rule [20010db8000000000000000000000001/128]:\ndeny connection\n")},
    {{.ip = S("2001:DB8:0:1::7")},
     S("rule [20010db8000000000000000000000000/32]:\n"
       "set environment variable V6=net\nallow connection\n")},
    {{.ip = S("::1")}, S("rule :\nset environment variable WHO=any\nallow connection\n")},
};

static void the_first_key_in_order_decides_alone(void **state)
{
    (void)state;
    auto_buf struct buf cdb, out;
    buf_init(&cdb, 1 << 20);
    buf_init(&out, 4096);
    struct tcprules_report report;
    assert_fine(tcprules_compile(rules, &cdb, &report));
    assert_int_equal(report.n, 0);
    for (size_t i = 0; i < COUNT(peers); i++) {
        struct tcprules_answer answer;
        assert_fine(tcprules_find(buf_str(&cdb), &peers[i].peer, a, &answer));
        buf_reset(&out);
        tcprules_print(&answer, &out);
        assert_str(buf_str(&out), peers[i].want);
    }
}

static void no_rule_allows(void **state)
{
    (void)state;
    auto_buf struct buf cdb, out;
    buf_init(&cdb, 1 << 20);
    buf_init(&out, 4096);
    struct tcprules_report report;
    struct tcprules_answer answer;
    assert_fine(tcprules_compile(S(""), &cdb, &report));
    assert_fine(tcprules_find(buf_str(&cdb), &(struct tcp_peer){.ip = S("1.1.1.1")}, a, &answer));
    tcprules_print(&answer, &out);
    assert_str(buf_str(&out), S("default:\nallow connection\n"));
    assert_int_equal(
        tcprules_find(S("damaged"), &(struct tcp_peer){.ip = S("1.1.1.1")}, a, &answer).kind,
        ERR_SYNTAX);
}

static void lines_that_tcprules_refuses_are_refused(void **state)
{
    (void)state;
    static const str bad[] = {S("1:foo"),           S("1:allow,X"),
                              S("1:allow,X="),      S("1:allow,X=\"a"),
                              S("1:allowx"),        S("1:deny,A=\"b\"c"),
                              S("1-2-3:allow"),     S("a-b:allow"),
                              S("1.2-3x:allow"),    S(":"),
                              S("q:deny,A=\"b\","), S("[::1/129]:allow"),
                              S("[nonsense]:allow")};
    for (size_t i = 0; i < COUNT(bad); i++) {
        auto_buf struct buf cdb;
        buf_init(&cdb, 1 << 20);
        struct tcprules_report report;
        str text = arena_printf(a, "# first\n%.*s\n", STR_ARG(bad[i]));
        assert_int_equal(tcprules_compile(text, &cdb, &report).kind, ERR_SYNTAX);
        assert_int_equal(report.bad_line, 2);
        assert_str(report.bad_text, bad[i]);
    }
}

static void lines_that_tcprules_ignores_are_pointed_out(void **state)
{
    (void)state;
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    struct tcprules_report report;
    assert_fine(tcprules_compile(S("deny everybody\n5-3.:allow\n x:deny\n1.:deny,A=\"b\"\n"), &cdb,
                                 &report));
    assert_int_equal(report.n, 4);
    assert_int_equal(report.at[0].line, 1);
    assert_int_equal(report.at[1].line, 2);
    assert_int_equal(report.at[2].line, 3);
    assert_int_equal(report.at[3].line, 4);
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_key_in_order_decides_alone),
        cmocka_unit_test(no_rule_allows),
        cmocka_unit_test(lines_that_tcprules_refuses_are_refused),
        cmocka_unit_test(lines_that_tcprules_ignores_are_pointed_out),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
