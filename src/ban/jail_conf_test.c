/* SPDX-License-Identifier: ISC */
#include "ban/jail_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ban/conf_kit.h"

struct fixture {
    struct arena *arena;
    struct findings findings;
    struct conf_files files;
    struct conf conf;
};

static void begin(struct fixture *x, struct kit_file *files)
{
    x->arena = arena_new("test", 64 << 20);
    findings_init(&x->findings, x->arena);
    x->files = (struct conf_files){files, kit_read, kit_list};
    conf_init(&x->conf, x->arena, &x->files, &x->findings);
}

static void end(struct fixture *x)
{
    findings_done(&x->findings);
    arena_free(x->arena);
}

static void wants(struct fixture *x, const char *section, const char *option, const char *want)
{
    struct conf_text t;
    err e = conf_get(&x->conf, str_from(section), str_from(option), NULL, &t);
    if (!want) {
        assert_true(failed(e));
        return;
    }
    assert_false(failed(e));
    assert_true(str_eq(t.s, str_from(want)));
}

static void values_are_read_as_pythons_configparser_reads_them(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {{"/c/a.conf", "# comment\n[One]\nKey = value ; said aside\nb: c;d\n"
                                             "many = first\n   second\n   # skipped\n\n  third\n\n"
                                             "empty =\nper = 100%%\n; more\n[Two x]\nk=1\n"},
                               {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/a")));
    wants(&x, "One", "key", "value");
    wants(&x, "One", "B", "c;d");
    wants(&x, "One", "many", "first\nsecond\n\nthird");
    wants(&x, "One", "empty", "");
    wants(&x, "One", "per", "100%");
    wants(&x, "Two x", "k", "1");
    wants(&x, "Two x", "none", NULL);
    wants(&x, "two x", "k", NULL); /* sections have case */
    assert_int_equal(x.findings.list.n, 0);
    end(&x);
}

static void a_mistake_is_named_by_line_and_the_rest_is_read(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {
        {"/c/a.conf", "lost = 1\n[s]\nno option\na = 1\na = 2\n[s]\nb = 3\n"}, {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/a")));
    unsigned lines[] = {1, 3, 5, 6};
    assert_int_equal(x.findings.list.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(x.findings.list.at[i].place.line, lines[i]);
    wants(&x, "s", "a", "2");
    wants(&x, "s", "b", "3");
    assert_true(conf_section(&x.conf, S("s"))->broken);
    end(&x);
}

static void later_files_win_and_what_they_replace_stays_known(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {
        {"/c/jail.conf", "[DEFAULT]\na = conf\n[j]\nk = 1\nl = 1\n"},
        {"/c/jail.d/10.conf", "[j]\nk = %(known/k)s2\n"},
        {"/c/jail.d/20.conf", "[j]\nl = d\n"},
        {"/c/jail.local", "[DEFAULT]\na = local\n[j]\nl = %(known/l)s-local %(a)s %(__name__)s\n"},
        {"/c/jail.d/30.local", "[new]\nx = %(j/k)s %(default/a)s\n"},
        {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/jail")));
    wants(&x, "j", "k", "12");
    wants(&x, "j", "l", "d-local local j");
    wants(&x, "new", "a", "local");
    assert_int_equal(x.findings.list.n, 0);
    end(&x);
}

static void includes_come_before_and_after_each_with_its_own_local(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {
        {"/c/f.conf", "[INCLUDES]\nbefore = common.conf\n  missing.conf\nafter = last.conf\n"
                      "[Definition]\na = f\nb = f\nc = f\n"},
        {"/c/common.conf", "[INCLUDES]\nbefore = f.conf\n[Definition]\na = common\nd = common\n"},
        {"/c/common.local", "[Definition]\nd = common.local\n"},
        {"/c/last.conf", "[Definition]\nc = last\n"},
        {"/c/f.local", "[Definition]\nb = f.local\n"},
        {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/f")));
    wants(&x, "Definition", "a", "f");
    wants(&x, "Definition", "b", "f.local");
    wants(&x, "Definition", "c", "last");
    wants(&x, "Definition", "d", "common.local");
    assert_int_equal(x.findings.list.n, 0);
    end(&x);
}

static void a_conditional_section_gives_its_options_the_condition(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {{"/c/a.conf", "[Init]\ntype = 4\n[Init?family=inet6]\ntype = 6\n"},
                               {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/a")));
    wants(&x, "Init", "type", "4");
    wants(&x, "Init", "type?family=inet6", "6");
    end(&x);
}

static void loops_and_unknown_names_are_errors_with_their_place(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file files[] = {
        {"/c/a.conf", "[s]\na = %(b)s\nb = %(a)s\nc = %(none)s\nd = 5%\ne = %(x\n"}, {0}};
    begin(&x, files);
    assert_true(conf_load(&x.conf, S("/c/a")));
    const char *bad[] = {"a", "c", "d", "e"};
    for (size_t i = 0; i < 4; i++)
        wants(&x, "s", bad[i], NULL);
    assert_int_equal(x.findings.list.n, 4);
    assert_int_equal(x.findings.list.at[1].place.line, 4);
    assert_int_equal(x.findings.list.at[2].place.line, 5);
    end(&x);
}

static bool find_letter(void *ctx, str name, struct conf_text *ret)
{
    struct fixture *x = ctx;
    static const char *const pairs[][2] = {{"mode", "hard"},    {"re-hard", "x<sub>"},
                                           {"sub", "y"},        {"loop", "<loop2>"},
                                           {"loop2", "<loop>"}, {"self", "a<self>"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (str_eq(name, str_from(pairs[i][0]))) {
            *ret = conf_text_of(str_from(pairs[i][1]), (struct conf_place){S("t"), 9}, x->arena);
            return true;
        }
    return false;
}

static void tags_nest_and_unknown_ones_stay(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file none[] = {{0}};
    begin(&x, none);
    const struct {
        const char *in, *want;
    } examples[] = {
        {"<re-<mode>>", "xy"},
        {"^<HOST> <mode> < b> <>", "^<HOST> hard < b> <>"},
        {"<F-USER>a</F-USER>", "<F-USER>a</F-USER>"},
        {"<loop>", NULL},
        {"<self>", NULL},
    };
    struct conf_scope scope = {&x, find_letter};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct conf_text in = conf_text_of(str_from(examples[i].in), (struct conf_place){S("f"), 1},
                                           x.arena),
                         out;
        err e = conf_tags(&x.findings, x.arena, S("failregex"), &in, &scope, &out);
        assert_true(failed(e) == !examples[i].want);
        if (examples[i].want)
            assert_true(str_eq(out.s, str_from(examples[i].want)));
    }
    struct conf_text in = conf_text_of(S("ab<sub>cd"), (struct conf_place){S("f"), 1}, x.arena),
                     out;
    assert_false(failed(conf_tags(&x.findings, x.arena, S("r"), &in, &scope, &out)));
    assert_int_equal(conf_place_at(&out, 1).line, 1);
    assert_int_equal(conf_place_at(&out, 2).line, 9); /* what came out of <sub> */
    assert_int_equal(conf_place_at(&out, 3).line, 1);
    end(&x);
}

static void options_of_filters_and_actions_are_read(void **state)
{
    (void)state;
    struct fixture x;
    struct kit_file none[] = {{0}};
    begin(&x, none);
    struct conf_text in = conf_text_of(
        S("iptables[name=a, port=\"http,https\", x='b]'][blocktype?family=inet6=\"r\"]\n"
          "   mail[dest=\"a\nb\"] plain"),
        (struct conf_place){0}, x.arena);
    size_t at = 0, from, to;
    struct conf_call call;
    assert_true(conf_call_next(&in, &at, &from, &to));
    struct conf_text one = conf_text_slice(&in, from, to, x.arena);
    assert_false(failed(conf_call_parse(&x.findings, x.arena, &one, &call)));
    assert_true(str_eq(call.name, S("iptables")));
    assert_true(str_eq(conf_call_get(&call, S("port"))->s, S("http,https")));
    assert_true(str_eq(conf_call_get(&call, S("x"))->s, S("b]")));
    assert_true(str_eq(conf_call_get(&call, S("blocktype?family=inet6"))->s, S("r")));
    assert_null(conf_call_get(&call, S("y")));
    conf_call_done(&call);
    assert_true(conf_call_next(&in, &at, &from, &to));
    assert_true(str_starts(str_slice(in.s, from, to), S("mail[dest=\"a\nb\"]")));
    assert_true(conf_call_next(&in, &at, &from, &to));
    assert_true(str_eq(str_slice(in.s, from, to), S("plain")));
    assert_false(conf_call_next(&in, &at, &from, &to));
    struct conf_text bad = conf_text_of(S("f[a b]"), (struct conf_place){0}, x.arena);
    assert_true(failed(conf_call_parse(&x.findings, x.arena, &bad, &call)));
    conf_call_done(&call);
    end(&x);
}

static void times_may_have_units_and_sums(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t want;
    } good[] = {{"600", 600},
                {"10m", 600},
                {"1h 30m", 5400},
                {"1hour+30min", 5400},
                {"1year-6mo", 15778800},
                {"-1", -1},
                {"1d12h", 129600},
                {"2 weeks", 1209600},
                {"24*60*60", 86400},
                {" 5 s ", 5},
                {"1.5h", 5400}};
    int64_t s;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(conf_duration(str_from(good[i].text), &s));
        assert_int_equal(s, good[i].want);
    }
    assert_false(conf_duration(S("soon"), &s));
    assert_false(conf_duration(S(""), &s));
    assert_false(conf_duration(S("5 fortnights"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_as_pythons_configparser_reads_them),
        cmocka_unit_test(a_mistake_is_named_by_line_and_the_rest_is_read),
        cmocka_unit_test(later_files_win_and_what_they_replace_stays_known),
        cmocka_unit_test(includes_come_before_and_after_each_with_its_own_local),
        cmocka_unit_test(a_conditional_section_gives_its_options_the_condition),
        cmocka_unit_test(loops_and_unknown_names_are_errors_with_their_place),
        cmocka_unit_test(tags_nest_and_unknown_ones_stay),
        cmocka_unit_test(options_of_filters_and_actions_are_read),
        cmocka_unit_test(times_may_have_units_and_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
