/* SPDX-License-Identifier: ISC */
#include "people/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/child.h"
#include "os/file.h"
#include "people/link.h"

enum { DAY = 86400, START = 1795000000 };

struct place {
    char path[64];
    int root;
    struct arena *a;
    struct gate_settings settings;
    struct registry *r;
    int64_t now;
};

static const struct registry_post post = {.host = {"example.test", 12},
                                          .admin = {"postmaster@example.test", 23}};

static void put_file(struct place *p, const char *path, const char *text)
{
    err e = file_replace(p->root, path, str_from(text), 0644);
    assert_false(failed(e));
}

static void reopen(struct place *p)
{
    registry_close(p->r);
    p->r = NULL;
    err e = registry_open(p->root, &p->settings, &post, &p->r);
    if (failed(e))
        fail_msg("open: %s", err_text(e));
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct gate_conf *conf;
    str name;
    snprintf(p->path, sizeof p->path, "/tmp/twp-registry-XXXXXX");
    if (mkdtemp(p->path) == NULL || failed(dir_open(AT_FDCWD, p->path, &p->root)))
        return -1;
    p->a = arena_new("test", 64 << 20);
    p->now = START;
    conf = NEW(p->a, struct gate_conf);
    conf->arena = p->a;
    unsigned line;
    if (failed(gate_conf_read(conf, S("$BASE_URL = 'https://x.example/gate';$VALID_DAYS = 365;"),
                              &line)) ||
        failed(gate_settings_of(conf, p->a, &p->settings, &name)) ||
        failed(dir_make_all(p->root, "etc", 0755)) ||
        failed(dir_make_all(p->root, "var/qmail/alias", 0755)))
        return -1;
    put_file(p, "etc/passwd", "root:x:0:0::/root:/bin/sh\nold:x:1004:1004::/home/old:/bin/sh\n");
    put_file(p, "var/qmail/alias/.qmail-postmaster", "");
    reopen(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    registry_close(p->r);
    fd_close(p->root);
    const char *argv[] = {"rm", "-rf", p->path, NULL};
    struct child_spec rm = {.path = "/bin/rm", .argv = argv};
    pid_t pid;
    int status;
    err e = child_start(&rm, &pid);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    (void)failed(e);
    arena_free(p->a);
    free(p);
    return 0;
}

static struct card person(const char *guarantor)
{
    struct card c = {0};
    c.at[CARD_CLASS] = S("personal");
    c.at[CARD_NAME_JA] = S("岩熊");
    c.at[CARD_NAME_EN] = S("TIWAKU Tarou");
    c.at[CARD_AFFILIATION] = S("EPA");
    c.at[CARD_EMAIL] = S("out@example.org");
    c.at[CARD_CATEGORY] = S("student");
    c.at[CARD_GUARANTOR] = str_from(guarantor);
    c.at[CARD_PWHASH] = S("$y$hash");
    return c;
}

static err act_with(struct place *p, enum reg_event event, const char *login, const char *actor,
                    const struct card *fields, struct card *ret)
{
    enum card_key key;
    struct reg_act act = {.event = event,
                          .login = str_from(login),
                          .actor = str_from(actor),
                          .fields = fields,
                          .reason = S("because"),
                          .now = p->now};
    return registry_act(p->r, &act, p->a, ret, &key);
}

static void must(struct place *p, enum reg_event event, const char *login, const char *actor,
                 const struct card *fields)
{
    struct card c;
    err e = act_with(p, event, login, actor, fields, &c);
    if (failed(e))
        fail_msg("%s %s: %s", reg_event_name(event), login, err_text(e));
}

static void must_not(struct place *p, enum reg_event event, const char *login, const char *actor,
                     const struct card *fields)
{
    struct card c;
    err e = act_with(p, event, login, actor, fields, &c);
    assert_true(failed(e));
}

static void found(struct place *p, const char *login, struct card *ret)
{
    err e = registry_find(p->r, false, str_from(login), p->a, ret);
    assert_false(failed(e));
}

static void assert_state(struct place *p, const char *login, const char *state)
{
    struct card c;
    found(p, login, &c);
    assert_true(card_is(&c, CARD_STATE, str_from(state)));
}

static bool exists(struct place *p, const char *path)
{
    struct stat st;
    return !failed(file_stat(p->root, path, &st));
}

static void make_guarantor(struct place *p)
{
    struct card c = person("gate");
    must(p, REG_APPLY, "hanako", "gate", &c);
    must(p, REG_ACCEPT, "hanako", "gate", NULL);
}

static void a_registration_lives_from_application_to_retirement(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), change = {0};
    make_guarantor(p);
    must(p, REG_APPLY, "taro", "taro", &c);
    assert_true(exists(p, "home/gate/userdb/pending/taro"));
    must(p, REG_HOLD, "taro", "hanako", NULL);
    must(p, REG_ACCEPT, "taro", "hanako", NULL);
    assert_true(exists(p, "home/gate/userdb/stable/taro"));
    assert_false(exists(p, "home/gate/userdb/pending/taro"));
    change.at[CARD_PHONE] = S("123");
    must(p, REG_CHANGE, "taro", "taro", &change);
    assert_state(p, "taro", "changed");
    err e = registry_settle(p->r, p->now, p->a);
    assert_false(failed(e));
    assert_state(p, "taro", "accepted");
    must(p, REG_RETIRE, "taro", "hanako", NULL);
    assert_true(exists(p, "home/gate/userdb/defunct/taro"));
    must_not(p, REG_APPLY, "taro", "taro", &c); /* never again */
}

static void numbers_are_given_at_acceptance_above_all_that_were_given(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), got;
    make_guarantor(p);
    found(p, "hanako", &got);
    assert_int_equal(card_uid(&got), 1005);
    must(p, REG_APPLY, "a", "a", &c);
    found(p, "a", &got);
    assert_int_equal(card_uid(&got), 0);
    must(p, REG_ACCEPT, "a", "hanako", NULL);
    must(p, REG_RETIRE, "a", "hanako", NULL);
    must(p, REG_APPLY, "b", "b", &c);
    must(p, REG_ACCEPT, "b", "hanako", NULL);
    found(p, "b", &got);
    assert_int_equal(card_uid(&got), 1007);
}

static void names_of_the_system_and_of_aliases_are_refused(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako");
    make_guarantor(p);
    must_not(p, REG_APPLY, "root", "root", &c);
    must_not(p, REG_APPLY, "old", "old", &c);
    must_not(p, REG_APPLY, "postmaster", "x", &c);
    must_not(p, REG_APPLY, "gate", "gate", &c);
    must_not(p, REG_APPLY, "../x", "x", &c);
}

static void a_rejected_name_is_free_and_links_for_it_stay_dead(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), got;
    make_guarantor(p);
    must(p, REG_APPLY, "taro", "taro", &c);
    found(p, "taro", &got);
    uint64_t serial = card_serial(&got);
    must(p, REG_REJECT, "taro", "hanako", NULL);
    assert_true(exists(p, "home/gate/userdb/rejected/taro"));
    must(p, REG_APPLY, "taro", "taro", &c);
    found(p, "taro", &got);
    assert_true(card_serial(&got) > serial);
    assert_false(exists(p, "home/gate/userdb/rejected/taro"));
}

static void only_the_guarantor_or_the_administrator_decides(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), bad = person("taro"), self = person("gate");
    make_guarantor(p);
    must(p, REG_APPLY, "taro", "taro", &c);
    must_not(p, REG_ACCEPT, "taro", "taro", NULL);
    must_not(p, REG_ACCEPT, "taro", "mallory", NULL);
    must(p, REG_ACCEPT, "taro", "hanako", NULL);
    must_not(p, REG_APPLY, "jiro", "jiro", &bad); /* taro is no guarantor */
    must_not(p, REG_APPLY, "jiro", "jiro", &self);
    must_not(p, REG_RETIRE, "taro", "mallory", NULL);
}

static void nobody_sets_fields_that_are_not_his(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), change = {0};
    make_guarantor(p);
    must(p, REG_APPLY, "taro", "taro", &c);
    must(p, REG_ACCEPT, "taro", "hanako", NULL);
    static const enum card_key keys[] = {CARD_UID, CARD_STATE, CARD_GUARANTOR, CARD_PWHASH,
                                         CARD_EXPIRES_AT};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        change = (struct card){0};
        change.at[keys[i]] = S("1001");
        must_not(p, REG_CHANGE, "taro", "taro", &change);
    }
    change = (struct card){0};
    change.at[CARD_NAME_EN] = S("x\n%all");
    must_not(p, REG_CHANGE, "taro", "taro", &change);
}

static err count_refusals(void *ctx, const struct audit_line *l)
{
    *(unsigned *)ctx += str_eq(l->outcome, S("refused"));
    return OK_ERR;
}

static void every_refusal_is_in_the_audit_log(void **state)
{
    struct place *p = *state;
    struct card c = person("nobody");
    unsigned n = 0;
    must_not(p, REG_APPLY, "taro", "taro", &c);
    must_not(p, REG_ACCEPT, "ghost", "x", NULL);
    err e = registry_audit(p->r, S(""), 100, count_refusals, &n);
    assert_false(failed(e));
    assert_int_equal(n, 2);
}

static err count_letters(void *ctx, str recipient, str message)
{
    unsigned *n = ctx;
    assert_true(str_find_str(message, S("From: <postmaster@example.test>")) >= 0);
    n[str_ends(recipient, S("@example.org")) ? 0 : 1]++;
    return OK_ERR;
}

static void assert_letters(struct place *p, unsigned applicant, unsigned guarantor)
{
    unsigned n[2] = {0};
    err e = registry_flush(p->r, count_letters, n);
    assert_false(failed(e));
    assert_int_equal(n[0], applicant);
    assert_int_equal(n[1], guarantor);
}

static void letters_go_to_applicant_and_guarantor(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako"), group = {0};
    make_guarantor(p);
    assert_letters(p, 2, 0); /* of hanako; gate is no person */
    must(p, REG_APPLY, "taro", "taro", &c);
    assert_letters(p, 1, 1);
    must(p, REG_ACCEPT, "taro", "hanako", NULL);
    assert_letters(p, 1, 1);
    group.at[CARD_CLASS] = S("group");
    group.at[CARD_GUARANTOR] = S("hanako");
    group.at[CARD_MEMBERS] = S("taro hanako");
    must(p, REG_APPLY, "epa", "taro", &group);
    assert_letters(p, 0, 1);
    group.at[CARD_MEMBERS] = S("taro ghost");
    must_not(p, REG_APPLY, "epb", "taro", &group);
    assert_letters(p, 0, 0);
}

static err no_post(void *ctx, str recipient, str message)
{
    (void)ctx, (void)recipient, (void)message;
    return err_new(ERR_TEMP, "no queue");
}

static void a_letter_that_cannot_leave_waits(void **state)
{
    struct place *p = *state;
    make_guarantor(p);
    err e = registry_flush(p->r, no_post, NULL);
    assert_true(failed(e));
    reopen(p);
    assert_letters(p, 2, 0);
}

static void what_is_held_too_long_is_reminded_of_once_a_week(void **state)
{
    struct place *p = *state;
    struct card c = person("hanako");
    make_guarantor(p);
    must(p, REG_APPLY, "taro", "taro", &c);
    assert_letters(p, 3, 1);
    for (unsigned day = 0; day < 15; day++, p->now += DAY) {
        err e = registry_daily(p->r, p->now, p->a);
        assert_false(failed(e));
    }
    assert_letters(p, 0, 2);
}

static void a_registration_is_warned_about_renewed_and_ends(void **state)
{
    struct place *p = *state;
    make_guarantor(p);
    assert_letters(p, 2, 0);
    p->now += 340 * DAY;
    for (int i = 0; i < 3; i++) {
        err e = registry_daily(p->r, p->now, p->a);
        assert_false(failed(e));
    }
    assert_state(p, "hanako", "expiring");
    assert_letters(p, 1, 0);
    must(p, REG_RENEW, "hanako", "gate", NULL);
    p->now += 365 * DAY;
    err e = registry_daily(p->r, p->now, p->a);
    assert_false(failed(e));
    assert_state(p, "hanako", "expiring");
    p->now += 30 * DAY;
    e = registry_daily(p->r, p->now, p->a);
    assert_false(failed(e));
    assert_state(p, "hanako", "retired");
}

static void an_account_that_is_there_already_is_adopted_once(void **state)
{
    struct place *p = *state;
    struct card c;
    err e = registry_adopt(p->r, S("old"), 1004, S("Old User"), p->now);
    assert_false(failed(e));
    found(p, "old", &c);
    assert_int_equal(card_uid(&c), 1004);
    e = registry_adopt(p->r, S("old"), 1004, S("Old User"), p->now);
    assert_true(failed(e));
    e = registry_adopt(p->r, S("two"), 1004, S(""), p->now); /* the number is taken */
    assert_true(failed(e));
    must(p, REG_RENEW, "old", "gate", NULL);
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(a_registration_lives_from_application_to_retirement),
        WITH_PLACE(numbers_are_given_at_acceptance_above_all_that_were_given),
        WITH_PLACE(names_of_the_system_and_of_aliases_are_refused),
        WITH_PLACE(a_rejected_name_is_free_and_links_for_it_stay_dead),
        WITH_PLACE(only_the_guarantor_or_the_administrator_decides),
        WITH_PLACE(nobody_sets_fields_that_are_not_his),
        WITH_PLACE(every_refusal_is_in_the_audit_log),
        WITH_PLACE(letters_go_to_applicant_and_guarantor),
        WITH_PLACE(a_letter_that_cannot_leave_waits),
        WITH_PLACE(what_is_held_too_long_is_reminded_of_once_a_week),
        WITH_PLACE(a_registration_is_warned_about_renewed_and_ends),
        WITH_PLACE(an_account_that_is_there_already_is_adopted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
