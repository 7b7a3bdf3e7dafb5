/* SPDX-License-Identifier: ISC */
#include "people/gate_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = arena_new("test", 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct gate_conf *read_all(struct arena *a, const char *text)
{
    struct gate_conf *conf = NEW(a, struct gate_conf);
    unsigned line = 0;
    conf->arena = a;
    err e = gate_conf_read(conf, str_from(text), &line);
    if (failed(e))
        fail_msg("line %u: %s", line, err_text(e));
    return conf;
}

static void assert_value(const struct gate_conf *conf, const char *name, const char *value)
{
    const struct gate_value *v = gate_conf_find(conf, '$', str_from(name));
    assert_non_null(v);
    assert_true(str_eq(v->items[0], str_from(value)));
}

static void assignments_mean_what_they_mean_in_perl(void **state)
{
    struct gate_conf *conf =
        read_all(*state, "# gate.conf\n"
                         "use strict;\n"
                         "our $HOME = '/home/gate'; # its home\n"
                         "$DB_BASE = \"$HOME/userdb\";\n"
                         "$TWO = \"${HOME}x\\n\\$5 a\\@b\" . '-it\\'s' . 30_000;\n"
                         "my $EMPTY = '';\n$NONE = undef;\n$NEG = -1;\n"
                         "=pod\n\n$NOT = 1;\n\n=cut\n"
                         "@DNS_SERVERS = ('a.example', \"b.example\",);\n"
                         "@WORDS = qw(one two\n three);\n"
                         "%DB_SHARE_HOSTS = (\n  ika => 1,\n 'tako' => 1 );\n"
                         "require '/etc/gate/gate-sys.conf';\n1;\n__END__\n{{{\n");
    assert_value(conf, "DB_BASE", "/home/gate/userdb");
    assert_value(conf, "TWO", "/home/gatex\n$5 a@b-it's30000");
    assert_value(conf, "EMPTY", "");
    assert_value(conf, "NONE", "");
    assert_value(conf, "NEG", "-1");
    assert_null(gate_conf_find(conf, '$', S("NOT")));
    assert_int_equal(gate_conf_find(conf, '@', S("DNS_SERVERS"))->n, 2);
    assert_int_equal(gate_conf_find(conf, '@', S("WORDS"))->n, 3);
    assert_int_equal(gate_conf_find(conf, '%', S("DB_SHARE_HOSTS"))->n, 4);
}

static void what_would_need_perl_is_refused_with_its_line(void **state)
{
    static const char *const texts[] = {
        "$A = `id`;",
        "$A = $ENV{HOME};",
        "if ($A) { $B = 1; }",
        "system('id');",
        "$A = \"@{[system('id')]}\";",
        "$A = 1 + 1;",
        "$A = 'x",
        "$A == 1;",
        "$A = $UNKNOWN;",
        "$A = \"\\x41\";",
        "$A = <<EOT;\n",
        "%A = (1,2,3);",
        "@A = (1 2);",
        "$A = 010;",
        "$A = '\xff';",
        "$A[0] = 1;",
        "sub x { 1 }",
        "$A = 1",
        "use lib `id`;",
        "do { 1 };",
        "$A = join(',', 1);",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct gate_conf *conf = NEW((struct arena *)*state, struct gate_conf);
        unsigned line = 0;
        conf->arena = *state;
        err e = gate_conf_read(conf, arena_printf(*state, "$X = 1;\n%s\n", texts[i]), &line);
        if (!failed(e))
            fail_msg("taken: %s", texts[i]);
        assert_true(line >= 2);
    }
}

static void settings_have_gates_defaults(void **state)
{
    struct gate_settings s;
    str name;
    err e = gate_settings_of(read_all(*state, ""), *state, &s, &name);
    assert_false(failed(e));
    assert_true(s.user_mode && !s.ip_mode && !s.use_daemon && !s.pubkey_auth);
    assert_int_equal(s.uid_min, 1000);
    assert_int_equal(s.uid_max, 29999);
    assert_true(str_eq(s.db_base, S("/home/gate/userdb")) && str_eq(s.stable, S("stable")));
    assert_int_equal(s.sudoers, GATE_SUDOERS_OWN_FILE);
}

static void a_value_that_cannot_be_is_named(void **state)
{
    static const struct {
        const char *text, *name;
    } bad[] = {
        {"$UID_MIN = 0;", "UID_MIN"},
        {"$UID_MIN = 999;", "UID_MIN"},
        {"$UID_MAX = 1000; $UID_MIN = 2000;", "UID_MAX"},
        {"$HOME_BASE = 'home';", "HOME_BASE"},
        {"$SHELL = '/bin/sh:x';", "SHELL"},
        {"$SHELL = \"/bin/sh\\n\";", "SHELL"},
        {"$RSA_AUTHKEY_FILE = '../x';", "RSA_AUTHKEY_FILE"},
        {"$DB_STABLE = '../x';", "DB_PENDING, DB_STABLE, DB_DEFUNCT"},
        {"$GATEPORT = 70000;", "GATEPORT"},
        {"$DB_BASE = '/a/../b';", "DB_BASE"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct gate_settings s;
        str name = S("");
        assert_true(failed(gate_settings_of(read_all(*state, bad[i].text), *state, &s, &name)));
        assert_true(str_eq(name, str_from(bad[i].name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignments_mean_what_they_mean_in_perl),
        cmocka_unit_test(what_would_need_perl_is_refused_with_its_line),
        cmocka_unit_test(settings_have_gates_defaults),
        cmocka_unit_test(a_value_that_cannot_be_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
