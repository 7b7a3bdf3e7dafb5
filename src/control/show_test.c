/* SPDX-License-Identifier: ISC */
#include "control/show.h"

#include <sys/stat.h>

#include "control/testing.h"

static const struct showctl_ids ids = {.uids = {7790, 7791, 7792, 0, 7793, 7794, 7795, 7796},
                                       .gids = {2108, 2107}};

#define HEAD                                                                                       \
    "qmail home directory: /var/qmail.\nuser-ext delimiter: -.\n"                                  \
    "paternalism (in decimal): 2.\nsilent concurrency limit: 120.\nsubdirectory split: 23.\n"      \
    "user ids: 7790, 7791, 7792, 0, 7793, 7794, 7795, 7796.\ngroup ids: 2108, 2107.\n"

/* What each item says when its file is absent and `me` is not there either. */
static const struct {
    const char *name, *text;
} defaults[] = {
    {"badmailfrom", "(Default.) Any MAIL FROM is allowed."},
    {"bouncefrom", "(Default.) Bounce user name is MAILER-DAEMON."},
    {"bouncehost", "(Default.) Bounce host name is bouncehost."},
    {"concurrencylocal", "(Default.) Local concurrency is 10."},
    {"concurrencyremote", "(Default.) Remote concurrency is 20."},
    {"databytes", "(Default.) SMTP DATA limit is 0 bytes."},
    {"defaultdomain", "(Default.) Default domain name is defaultdomain."},
    {"defaulthost", "(Default.) Default host name is defaulthost."},
    {"doublebouncehost", "(Default.) 2B recipient host: doublebouncehost."},
    {"doublebounceto", "(Default.) 2B recipient user: postmaster."},
    {"envnoathost", "(Default.) Presumed domain name is envnoathost."},
    {"helohost", "(Default.) SMTP client HELO host name is helohost."},
    {"idhost", "(Default.) Message-ID host name is idhost."},
    {"localiphost", "(Default.) Local IP address becomes localiphost."},
    {"locals", "(Default.) Messages for me are delivered locally."},
    {"me", "(Default.) My name is undefined! Uh-oh."},
    {"percenthack", "(Default.) The percent hack is not allowed."},
    {"plusdomain", "(Default.) Plus domain name is plusdomain."},
    {"qmqpservers", "(Default.) No QMQP servers."},
    {"queuelifetime", "(Default.) Message lifetime in the queue is 604800 seconds."},
    {"rcpthosts", "(Default.) SMTP clients may send messages to any recipient."},
    {"morercpthosts", "(Default.) No rcpthosts; morercpthosts is irrelevant."},
    {"morercpthosts.cdb", "(Default.) No effect."},
    {"smtpgreeting", "(Default.) SMTP greeting: 220 smtpgreeting."},
    {"smtproutes", "(Default.) No artificial SMTP routes."},
    {"timeoutconnect", "(Default.) SMTP client connection timeout is 60 seconds."},
    {"timeoutremote", "(Default.) SMTP client data timeout is 1200 seconds."},
    {"timeoutsmtpd", "(Default.) SMTP server data timeout is 1200 seconds."},
    {"virtualdomains", "(Default.) No virtual domains."},
};

struct set {
    struct {
        const char *name, *content; /* a control file; content NULL ends the list */
    } files[4];
    struct {
        const char *name, *text; /* what an item says instead of its default */
    } want[6];
    const char *after; /* unknown files */
};

static const struct set sets[] = {
    {.after = ""},
    {.files = {{"badmailfrom", "a@x\n#no\n\n@y.example \n"}},
     .want = {{"badmailfrom",
               "\na@x not accepted in MAIL FROM.\n@y.example not accepted in MAIL FROM."}}},
    {.files = {{"badmailfrom", ""}}, .want = {{"badmailfrom", ""}}},
    {.files = {{"concurrencylocal", "500\n"}, {"concurrencyremote", "0\n"}},
     .want = {{"concurrencylocal", "Local concurrency is 500."},
              {"concurrencyremote", "Remote concurrency is 0."}}},
    {.files = {{"concurrencylocal", "x5\n"}, {"databytes", "\n"}}},
    {.files = {{"databytes", "12k\n99\n"}},
     .want = {{"databytes", "SMTP DATA limit is 12 bytes."}}},
    {.files = {{"databytes", "2147483648\n"}, {"queuelifetime", "4294967297\n"}},
     .want = {{"databytes", "SMTP DATA limit is 0 bytes."},
              {"queuelifetime", "Message lifetime in the queue is 1 seconds."}}},
    {.files = {{"bouncefrom", "daemon\t \nmore\n"}, {"bouncehost", "\n"}},
     .want = {{"bouncefrom", "Bounce user name is daemon."},
              {"bouncehost", "Bounce host name is ."}}},
    {.files = {{"locals", "a.example\nb.example\n"}},
     .want = {{"locals", "\nMessages for a.example are delivered locally.\n"
                         "Messages for b.example are delivered locally."}}},
    {.files = {{"locals", ""}}, .want = {{"locals", ""}}},
    {.files = {{"percenthack", "p.example\n"}, {"qmqpservers", "192.0.2.1\n"}},
     .want = {{"percenthack", "\nThe percent hack is allowed for user%host@p.example."},
              {"qmqpservers", "\nQMQP server: 192.0.2.1."}}},
    {.files = {{"rcpthosts", "a.example\n.b.example\n"}},
     .want = {{"rcpthosts", "\nSMTP clients may send messages to recipients at a.example.\n"
                            "SMTP clients may send messages to recipients at .b.example."},
              {"morercpthosts", "(Default.) No effect."}}},
    {.files = {{"rcpthosts", ""}, {"morercpthosts", "m.example\n"}},
     .want = {{"rcpthosts", ""},
              {"morercpthosts", "\nSMTP clients may send messages to recipients at m.example."},
              {"morercpthosts.cdb", "Oops! morercpthosts exists but morercpthosts.cdb doesn't."}}},
    {.files = {{"morercpthosts", "m.example\n"}, {"morercpthosts.cdb", "x"}},
     .want = {{"morercpthosts", "\nNo rcpthosts; doesn't matter that morercpthosts has m.example."},
              {"morercpthosts.cdb", "Modified recently enough; hopefully up to date."}}},
    {.files = {{"morercpthosts.cdb", "x"}},
     .want = {{"morercpthosts.cdb", "Oops! morercpthosts.cdb exists but morercpthosts doesn't."}}},
    {.files = {{"smtproutes", ":relay.example:25\nx.example:\n"}},
     .want = {{"smtproutes", "\nSMTP route: :relay.example:25\nSMTP route: x.example:"}}},
    {.files = {{"virtualdomains", "v.example:alias-v\n"}, {"timeoutsmtpd", "0\n"}},
     .want = {{"virtualdomains", "\nVirtual domain: v.example:alias-v"},
              {"timeoutsmtpd", "SMTP server data timeout is 0 seconds."}}},
    {.files = {{"smtpgreeting", "\xe3\x81\x82 no\x01spam\n"}},
     .want = {{"smtpgreeting", "SMTP greeting: 220 ??? no?spam."}}},
    {.files = {{"locals_old", "x\n"}},
     .after = "\nlocals_old: I have no idea what this file does.\n"},
    {.files = {{"idhost", "id.example"}, {"helohost", "h.example"}, {"rcphosts", "x\n"}},
     .want = {{"idhost", "Message-ID host name is id.example."},
              {"helohost", "SMTP client HELO host name is h.example."}},
     .after = "\nrcphosts: I have no idea what this file does.\n"},
    {.files = {{"doublebounceto", "ann\n"},
               {"doublebouncehost", "live.example\n"},
               {"envnoathost", "e.example\n"},
               {"localiphost", "l.example\n"}},
     .want = {{"doublebounceto", "2B recipient user: ann."},
              {"doublebouncehost", "2B recipient host: live.example."},
              {"envnoathost", "Presumed domain name is e.example."},
              {"localiphost", "Local IP address becomes l.example."}}},
};

static const char *wanted(const struct set *s, size_t item)
{
    for (size_t i = 0; i < COUNT(s->want) && s->want[i].name; i++)
        if (strcmp(s->want[i].name, defaults[item].name) == 0)
            return s->want[i].text;
    return defaults[item].text;
}

static void showctl_speaks_as_qmail_does_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct test_root r;
        test_root_open(&r);
        assert_fine(dir_make_all(r.fd, "var/qmail/control", 0755));
        for (size_t f = 0; f < COUNT(sets[i].files) && sets[i].files[f].name; f++) {
            char path[128];
            (void)snprintf(path, sizeof path, "var/qmail/control/%s", sets[i].files[f].name);
            test_root_write(&r, path, str_from(sets[i].files[f].content));
        }
        auto_buf struct buf got, want;
        buf_init(&got, 1 << 20);
        buf_init(&want, 1 << 20);
        buf_add(&want, S(HEAD));
        for (size_t n = 0; n < COUNT(defaults); n++)
            buf_addf(&want, "\n%s: %s\n", defaults[n].name, wanted(&sets[i], n));
        buf_add(&want, str_from(sets[i].after));
        assert_int_equal(showctl(r.fd, &ids, &got), 0);
        assert_str(buf_str(&got), buf_str(&want));
        test_root_close(&r);
    }
}

static void showctl_takes_names_from_me(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("mail.example.test \nsecond line\n"));
    auto_buf struct buf got;
    buf_init(&got, 1 << 20);
    assert_int_equal(showctl(r.fd, &ids, &got), 0);
    str text = buf_str(&got);
    assert_true(str_find_str(text, S("\nme: My name is mail.example.test.\n")) > 0);
    assert_true(str_find_str(text, S("\nidhost: (Default.) Message-ID host name is "
                                     "mail.example.test.\n")) > 0);
    assert_true(str_find_str(text, S("SMTP greeting: 220 mail.example.test.\n")) > 0);
    assert_true(str_find_str(text, S("2B recipient user: postmaster.\n")) > 0);
    test_root_close(&r);
}

static void showctl_exits_111_without_its_directory(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    auto_buf struct buf got;
    buf_init(&got, 1 << 20);
    assert_int_equal(showctl(r.fd, &ids, &got), 111);
    assert_str(buf_str(&got), S(HEAD "Oops! Unable to chdir to /var/qmail.\n"));
    test_root_close(&r);
}

static void an_older_cdb_is_told(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/morercpthosts", S("m.example\n"));
    test_root_write(&r, "var/qmail/control/morercpthosts.cdb", S("x"));
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(r.fd, "var/qmail/control/morercpthosts.cdb", old, 0), 0);
    auto_buf struct buf got;
    buf_init(&got, 1 << 20);
    assert_int_equal(showctl(r.fd, &ids, &got), 0);
    assert_true(str_find_str(buf_str(&got),
                             S("Oops! morercpthosts.cdb is older than morercpthosts.\n")) > 0);
    test_root_close(&r);
}

static void show_names_every_setting_and_hides_secrets(void **state)
{
    (void)state;
    struct test_root r;
    test_root_open(&r);
    test_root_write(&r, "var/qmail/control/me", S("mail.example.test\n"));
    test_root_write(&r, "var/qmail/control/relayauth", S("relay.example:ann:hush-hush\n"));
    auto_buf struct buf got;
    buf_init(&got, 1 << 20);
    assert_fine(show_site(r.fd, S(""), &got));
    str text = buf_str(&got);
    assert_true(str_find_str(text, S("hush-hush")) < 0);
    assert_true(str_find_str(text, S("relay.example:(not shown)")) > 0);
    assert_true(str_find_str(text, S("queuelifetime: 604800\n")) > 0);
    buf_reset(&got);
    assert_fine(show_site(r.fd, S("helohost"), &got));
    assert_true(str_starts(buf_str(&got), S("helohost: mail.example.test\n")));
    assert_int_equal(show_site(r.fd, S("nonsense"), &got).kind, ERR_NOTFOUND);
    test_root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(showctl_speaks_as_qmail_does_byte_for_byte),
        cmocka_unit_test(showctl_takes_names_from_me),
        cmocka_unit_test(showctl_exits_111_without_its_directory),
        cmocka_unit_test(an_older_cdb_is_told),
        cmocka_unit_test(show_names_every_setting_and_hides_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
