/* SPDX-License-Identifier: ISC */
#include "control/site.h"

#include "control/schema.h"
#include "control/testing.h"
#include "control/tcprules.h"

static struct arena *a;

static void collect(struct test_root *r, struct buf *b, struct site *s)
{
    buf_init(b, SITE_ARCHIVE_MAX);
    assert_fine(site_collect(r->fd, false, b));
    assert_fine(site_parse(buf_str(b), a, s));
}

static void an_empty_house_has_every_default(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("mail.example.test\n"));
    auto_buf struct buf b;
    struct site s;
    collect(&r, &b, &s);
    assert_str(s.me, S("mail.example.test"));
    assert_str(s.helohost, s.me);
    assert_str(s.smtpgreeting, s.me);
    assert_str(s.bouncefrom, S("MAILER-DAEMON"));
    assert_str(s.doublebounceto, S("postmaster"));
    assert_str(s.defaultdelivery, S("./Maildir/"));
    assert_int_equal(s.queuelifetime, 604800);
    assert_int_equal(s.concurrencylocal, 10);
    assert_int_equal(s.timeoutsmtpd, 1200);
    assert_true(site_is_local(&s, S("MAIL.example.test")));
    assert_false(s.locals.present || s.rcpthosts.present || s.allowplaintext || s.has_users_cdb);
    assert_int_equal(s.role, ROLE_LIVE);
    assert_str(s.listensmtp.at[0].key, S(":25"));
    assert_int_equal(s.listenmetrics.n, 0);
    test_root_close(&r);
}

static void values_are_read_as_qmail_reads_them(void **state)
{
    (void)state;
    struct site s;
    site_defaults(a, &s);
    assert_true(site_set(&s, a, S("concurrencylocal"), S("500 or so\n")));
    assert_int_equal(s.concurrencylocal, 120);
    assert_true(site_set(&s, a, S("concurrencyremote"), S("many\n")));
    assert_int_equal(s.concurrencyremote, 20);
    assert_true(site_set(&s, a, S("timeoutsmtpd"), S("0\n")));
    assert_int_equal(s.timeoutsmtpd, 1);
    assert_true(site_set(&s, a, S("databytes"), S("99999999999999999999999\n")));
    assert_int_equal(s.databytes, (uint64_t)1 << 40);
    assert_true(site_set(&s, a, S("helohost"), S("a.example \t\nb.example\n")));
    assert_str(s.helohost, S("a.example"));
    assert_true(site_set(&s, a, S("dsnformat"), S("RFC3464\n")));
    assert_int_equal(s.dsnformat, DSNFORMAT_RFC3464);
    assert_true(site_set(&s, a, S("allowplaintext"), S("")));
    assert_true(s.allowplaintext);
    assert_true(site_set(&s, a, S("allowplaintext"), S("no\n")));
    assert_false(s.allowplaintext);
    assert_false(site_set(&s, a, S("rcphosts"), S("x")));
}

static void an_empty_locals_means_nothing_is_local(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("mail.example.test\n"));
    test_root_write(&r, "var/qmail/control/locals", S(""));
    auto_buf struct buf b;
    struct site s;
    collect(&r, &b, &s);
    assert_true(s.locals.present);
    assert_false(site_is_local(&s, S("mail.example.test")));
    test_root_close(&r);
}

static void rcpthosts_takes_hosts_suffixes_and_the_compiled_rest(void **state)
{
    (void)state;
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    struct cdb_make m;
    cdb_make_start(&m, &cdb);
    cdb_make_add(&m, S("more.example"), S(""));
    cdb_make_add(&m, S(".deep.example"), S(""));
    assert_fine(cdb_make_finish(&m));
    struct site s;
    site_defaults(a, &s);
    bool allowed = false;
    assert_fine(site_rcpthost_allowed(&s, S("x@anywhere.example"), &allowed));
    assert_true(allowed); /* no rcpthosts: an open relay, as with qmail */
    (void)site_set(&s, a, S("rcpthosts"), S("Here.example\n.sub.example\n"));
    (void)site_set(&s, a, S("morercpthosts.cdb"), buf_str(&cdb));
    static const struct {
        str address;
        bool want;
    } table[] = {
        {S("x@here.example"), true},           {S("x@HERE.EXAMPLE"), true},
        {S("x@a.here.example"), false},        {S("x@a.sub.example"), true},
        {S("x@sub.example"), false},           {S("x"), true},
        {S("a@b@here.example"), true},         {S("a@here.example@b"), false},
        {S("x@MORE.example"), true},           {S("x@q.deep.example"), true},
        {S("x@deep.example"), false},          {S("x@"), false},
        {S("x%y.example@here.example"), true},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_fine(site_rcpthost_allowed(&s, table[i].address, &allowed));
        if (allowed != table[i].want)
            fail_msg("%.*s: got %d", STR_ARG(table[i].address), allowed);
    }
    (void)site_set(&s, a, S("morercpthosts.cdb"), S("damaged"));
    assert_int_equal(site_rcpthost_allowed(&s, S("x@other.example"), &allowed).kind, ERR_SYNTAX);
}

static void bad_senders_match_whole_or_by_domain(void **state)
{
    (void)state;
    struct site s;
    site_defaults(a, &s);
    (void)site_set(&s, a, S("badmailfrom"), S("spam@x.example\n@Bad.example\n"));
    assert_true(site_badmailfrom(&s, S("SPAM@x.example")));
    assert_true(site_badmailfrom(&s, S("any@bad.example")));
    assert_false(site_badmailfrom(&s, S("any@x.example")));
    assert_false(site_badmailfrom(&s, S("any@a.bad.example")));
    assert_false(site_badmailfrom(&s, S("")));
}

static void routes_are_found_by_host_suffix_and_empty_key(void **state)
{
    (void)state;
    struct site s;
    site_defaults(a, &s);
    (void)site_set(&s, a, S("smtproutes"),
                   S("a.example:relay.example:2525\n.b.example:\n:[192.0.2.1]\n"
                     "v6.example:[2001:db8::1]:26\nbad.example:relay:x\n"));
    (void)site_set(&s, a, S("relayauth"), S("relay.example:ann:pass:word\n"));
    struct smtproute r;
    assert_true(site_smtproute(&s, S("A.example"), &r));
    assert_str(r.host, S("relay.example"));
    assert_int_equal(r.port, 2525);
    assert_str(r.user, S("ann"));
    assert_str(r.password, S("pass:word"));
    assert_true(site_smtproute(&s, S("x.b.example"), &r) && r.by_mx);
    assert_true(site_smtproute(&s, S("other.org"), &r));
    assert_str(r.host, S("[192.0.2.1]"));
    assert_int_equal(r.port, 25);
    assert_int_equal(r.user.n, 0);
    assert_true(site_smtproute(&s, S("v6.example"), &r));
    assert_str(r.host, S("[2001:db8::1]"));
    assert_int_equal(r.port, 26);
    assert_true(site_smtproute(&s, S("bad.example"), &r) && r.port == 25);
    (void)site_set(&s, a, S("smtproutes"), S(""));
    assert_false(site_smtproute(&s, S("other.org"), &r));
    assert_true(r.by_mx);
}

static void secrets_stay_out_of_the_public_archive(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("m.example\n"));
    test_root_write(&r, "var/qmail/control/relayauth", S("relay.example:ann:hush-hush\n"));
    test_root_write(&r, "var/qmail/control/servercert.pem", S("hush-hush key\n"));
    auto_buf struct buf b, secret;
    struct site s;
    collect(&r, &b, &s);
    assert_true(str_find_str(buf_str(&b), S("hush-hush")) < 0);
    assert_int_equal(s.relayauth.n, 0);
    buf_init(&secret, SITE_ARCHIVE_MAX);
    assert_fine(site_collect(r.fd, true, &secret));
    assert_fine(site_parse_secrets(buf_str(&secret), a, &s));
    assert_int_equal(s.relayauth.n, 1);
    assert_str(s.me, S("m.example"));
    test_root_close(&r);
}

static void access_rules_are_compiled_at_the_reload_or_taken_compiled(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("m.example\n"));
    test_root_write(&r, "var/qmail/control/tcp.smtp", S("127.:allow,RELAYCLIENT=\"\"\n:allow\n"));
    test_root_write(&r, "etc/tcp.pop3.cdb", S("taken as it is"));
    auto_buf struct buf b;
    struct site s;
    collect(&r, &b, &s);
    assert_str(s.tcp_rules[RULES_POP3], S("taken as it is"));
    assert_int_equal(s.tcp_rules[RULES_IMAP].n, 0);
    struct tcprules_answer answer;
    str value;
    assert_fine(tcprules_find(s.tcp_rules[RULES_SMTP], &(struct tcp_peer){.ip = S("127.0.0.9")}, a,
                              &answer));
    assert_true(tcprules_variable(&answer, S("RELAYCLIENT"), &value));
    test_root_close(&r);
}

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    struct site s;
    assert_int_equal(site_parse(S("hello"), a, &s).kind, ERR_SYNTAX);
    assert_int_equal(site_parse(S("twinpost site 1\n\1\0\0\0\xff\xff\xff\xffx"), a, &s).kind,
                     ERR_SYNTAX);
}

static void one_setting_can_be_read_alone(void **state)
{
    (void)state;
    str archive = S("twinpost site 1\n\13\0\0\0\3\0\0\0timeoutimap7x\n"
                    "\16\0\0\0\0\0\0\0allowplaintext");
    assert_int_equal(site_number(archive, S("timeoutimap")), 60); /* the least there is */
    assert_int_equal(site_number(archive, S("timeoutlogin")), 120);
    assert_int_equal(site_number(S("damaged"), S("timeoutimap")), 1800);
    assert_true(site_flag(archive, S("allowplaintext")));
    assert_false(site_flag(S("twinpost site 1\n"), S("allowplaintext")));
}

static void every_row_of_the_schema_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *c = &control_schema[i];
        assert_true(c->help && strlen(c->help) > 10 && c->readers);
        assert_true(c->field < sizeof(struct site));
        assert_ptr_equal(control_find(str_from(c->name)), c);
        if (c->type == CONTROL_NUMBER)
            assert_true(c->max > c->min && c->fallback);
        for (size_t j = 0; j < i; j++)
            assert_true(control_schema[j].field != c->field);
    }
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    control_manual(&b);
    assert_true(str_find_str(buf_str(&b), S(".B queuelifetime\n")) >= 0);
}

int main(void)
{
    a = arena_new("test", 256 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_house_has_every_default),
        cmocka_unit_test(values_are_read_as_qmail_reads_them),
        cmocka_unit_test(an_empty_locals_means_nothing_is_local),
        cmocka_unit_test(rcpthosts_takes_hosts_suffixes_and_the_compiled_rest),
        cmocka_unit_test(bad_senders_match_whole_or_by_domain),
        cmocka_unit_test(routes_are_found_by_host_suffix_and_empty_key),
        cmocka_unit_test(secrets_stay_out_of_the_public_archive),
        cmocka_unit_test(access_rules_are_compiled_at_the_reload_or_taken_compiled),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(one_setting_can_be_read_alone),
        cmocka_unit_test(every_row_of_the_schema_is_complete),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
