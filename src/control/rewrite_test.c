/* SPDX-License-Identifier: ISC */
#include "control/rewrite.h"

#include "control/testing.h"

static struct arena *a;

static struct site make_site(void)
{
    struct site s;
    site_defaults(a, &s);
    (void)site_set(&s, a, S("envnoathost"), S("env.example\n"));
    (void)site_set(&s, a, S("locals"), S("here.example\nenv.example\nphack.example\n"));
    (void)site_set(&s, a, S("percenthack"), S("phack.example\nalso.example\n"));
    (void)site_set(&s, a, S("virtualdomains"),
                   S("ann@v.example:ann-v\nv.example:virt\n.wild.example:wild\n"
                     "not.wild.example:\nhere.example:never\nboss@out.example:boss\n"));
    return s;
}

static const struct {
    const char *name;
    str in;
    bool local;
    str address, prefix;
} table[] = {
    {"local as it is", S("Ann@here.example"), true, S("Ann@here.example"), S("")},
    {"domain in capitals", S("ann@HERE.Example"), true, S("ann@HERE.Example"), S("")},
    {"no host", S("ann"), true, S("ann@env.example"), S("")},
    {"empty", S(""), true, S("@env.example"), S("")},
    {"remote", S("x@far.example"), false, S("x@far.example"), S("")},
    {"last @ counts", S("a@b@here.example"), true, S("a@b@here.example"), S("")},
    {"percent hack", S("x%far.example@phack.example"), false, S("x@far.example"), S("")},
    {"percent hack, local", S("x%here.example@PHACK.example"), true, S("x@here.example"), S("")},
    {"percent hack twice", S("x%far.example%also.example@phack.example"), false, S("x@far.example"),
     S("")},
    {"percent hack ends", S("x%a%b@phack.example"), false, S("x%a@b"), S("")},
    {"no percent there", S("x@phack.example"), true, S("x@phack.example"), S("")},
    {"percent elsewhere", S("x%y@here.example"), true, S("x%y@here.example"), S("")},
    {"virtual user", S("ANN@v.example"), true, S("ann-v-ANN@v.example"), S("ann-v-")},
    {"virtual domain", S("taro@V.example"), true, S("virt-taro@V.example"), S("virt-")},
    {"wildcard", S("x@a.b.wild.example"), true, S("wild-x@a.b.wild.example"), S("wild-")},
    {"wildcard is below only", S("x@wild.example"), false, S("x@wild.example"), S("")},
    {"exception", S("x@not.wild.example"), false, S("x@not.wild.example"), S("")},
    {"below the exception", S("x@a.not.wild.example"), true, S("wild-x@a.not.wild.example"),
     S("wild-")},
    {"locals win", S("x@here.example"), true, S("x@here.example"), S("")},
    {"one virtual user", S("boss@out.example"), true, S("boss-boss@out.example"), S("boss-")},
    {"others of the domain", S("x@out.example"), false, S("x@out.example"), S("")},
    {"dot in the local part is no suffix", S("x.wild.example@far.example"), false,
     S("x.wild.example@far.example"), S("")},
};

static void addresses_are_rewritten_as_qmail_send_does(void **state)
{
    (void)state;
    struct site s = make_site();
    for (size_t i = 0; i < COUNT(table); i++) {
        struct rewritten r;
        rewrite_address(&s, table[i].in, a, &r);
        if (r.local != table[i].local || !str_eq(r.address, table[i].address) ||
            !str_eq(r.prefix, table[i].prefix))
            fail_msg("%s: got local=%d \"%.*s\" prefix \"%.*s\"", table[i].name, r.local,
                     STR_ARG(r.address), STR_ARG(r.prefix));
        assert_int_equal(r.user.n + 1 + r.host.n, r.address.n);
        assert_true(r.n_steps > 0);
    }
}

static void the_empty_key_takes_every_domain(void **state)
{
    (void)state;
    struct site s = make_site();
    (void)site_set(&s, a, S("virtualdomains"), S(":all\nout.example:\n"));
    struct rewritten r;
    rewrite_address(&s, S("x@far.example"), a, &r);
    assert_true(r.local);
    assert_str(r.address, S("all-x@far.example"));
    rewrite_address(&s, S("x@out.example"), a, &r);
    assert_false(r.local);
}

static void the_trace_says_what_was_asked(void **state)
{
    (void)state;
    struct site s = make_site();
    struct rewritten r;
    rewrite_address(&s, S("x@a.wild.example"), a, &r);
    auto_buf struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < r.n_steps; i++) {
        rewrite_step_text(&r.steps[i], &b);
        buf_addc(&b, '\n');
    }
    assert_str(buf_str(&b), S("locals has no a.wild.example\n"
                              "virtualdomains has no x@a.wild.example\n"
                              "virtualdomains has no a.wild.example\n"
                              "virtualdomains has .wild.example\n"));
}

static void a_long_address_is_decided_too(void **state)
{
    (void)state;
    struct site s = make_site();
    auto_buf struct buf b;
    buf_init(&b, 4096);
    buf_add(&b, S("x@"));
    for (int i = 0; i < 900; i++)
        buf_add(&b, S("a."));
    buf_add(&b, S("wild.example"));
    struct rewritten r;
    rewrite_address(&s, buf_str(&b), a, &r);
    assert_true(r.local);
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_rewritten_as_qmail_send_does),
        cmocka_unit_test(the_empty_key_takes_every_domain),
        cmocka_unit_test(the_trace_says_what_was_asked),
        cmocka_unit_test(a_long_address_is_decided_too),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
