/* SPDX-License-Identifier: ISC */
#include "ban/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

enum { NOW = 1795536100 }; /* 2026-11-24 16:01:40 UTC */

struct fixture {
    struct arena *arena;
    struct findings findings;
    struct date_cache *cache;
    struct date_detector *d;
};

static bool begin(struct fixture *x, const char *pattern)
{
    x->arena = arena_new("test", 64 << 20);
    findings_init(&x->findings, x->arena);
    x->cache = date_cache_new(NOW, true);
    struct conf_text t = conf_text_of(str_from(pattern), (struct conf_place){S("f"), 5}, x->arena);
    x->d = date_detector_new(x->cache, &x->findings, pattern ? &t : NULL);
    return x->d != NULL;
}

static void end(struct fixture *x)
{
    date_detector_free(x->d);
    date_cache_free(x->cache);
    findings_done(&x->findings);
    arena_free(x->arena);
}

static void the_usual_forms_are_found_and_cut_out(void **state)
{
    (void)state;
    static const struct {
        const char *line, *rest;
        double time;
    } examples[] = {
        {"Nov 24 16:00:41 host x", " host x", 1795536041},
        {"2026-11-24 16:00:41,123 x", " x", 1795536041},
        {"2026-11-24T16:00:41+09:00 x", " x", 1795503641},
        {"192.0.2.1 - - [24/Nov/2026:16:00:41 +0000] \"GET", "192.0.2.1 - - [] \"GET", 1795536041},
        {"[Tue Nov 24 16:00:41.500000 2026] [x]", "[] [x]", 1795536041},
        {"1795536041.500 x", " x", 1795536041.5},
        {"Dec 30 10:00:00 x", " x", 1767088800}, /* last year: it would be in the future */
        {"Nov 25 15:00:00 x", " x", 1795618800}, /* tomorrow may be another zone */
        {"16:00:41 x", " x", 1795536041},
        {"17:00:00 x", " x", 1795453200}, /* yesterday */
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct fixture x;
        struct date_found f;
        assert_true(begin(&x, NULL));
        str line = str_from(examples[i].line);
        assert_true(date_find(x.d, line, true, NOW, &f));
        assert_true(f.has_time);
        if (f.time < examples[i].time || f.time > examples[i].time)
            fail_msg("%s: %f", examples[i].line, f.time);
        char rest[200];
        (void)snprintf(rest, sizeof rest, "%.*s%.*s", (int)f.from, line.p,
                       STR_ARG(str_from_at(line, f.to)));
        assert_string_equal(rest, examples[i].rest);
        end(&x);
    }
}

static void what_no_calendar_has_is_a_date_without_a_time(void **state)
{
    (void)state;
    struct fixture x;
    struct date_found f;
    assert_true(begin(&x, NULL));
    assert_true(date_find(x.d, S("Nov 31 16:00:41 host"), true, NOW, &f));
    assert_false(f.has_time);
    assert_false(date_find(x.d, S("no date at all"), true, NOW, &f));
    end(&x);
}

static void own_patterns_and_zones_are_used(void **state)
{
    (void)state;
    struct fixture x;
    struct date_found f;
    assert_true(begin(&x, "^t=%Y-%m-%dT%H:%M:%S"));
    assert_true(date_detector_zone(x.d, S("UTC+0900")));
    assert_true(date_find(x.d, S("t=2026-11-24T16:00:41 x"), true, NOW, &f));
    assert_true(f.time > 1795503640 && f.time < 1795503642);
    assert_false(date_find(x.d, S("x t=2026-11-24T16:00:41 x"), true, NOW, &f));
    assert_false(date_detector_zone(x.d, S("Mars")));
    end(&x);
    assert_false(begin(&x, "ok %Y\nwrong %Q"));
    assert_int_equal(x.findings.errors, 1);
    end(&x);
}

/* Lines as logs have them, changed a little from one to the next. */
static void make_line(unsigned *seed, char *out, size_t max)
{
    static const char *const forms[] = {
        "Nov @ 16:@:@ host x",
        "Nov @ 16:@:@ 2026 x",
        "Nov @ 16:@:@.123 utc x",
        "2026-11-@ 16:@:@ +0900 y",
        "1.2.3.4 - - [@/Nov/2026:16:@:@ +0000] \"GET /",
        "200.100.3.4 - - [@/Nov/2026:16:@:@ +0000] \"GET /?t=20261124T101112",
        "x [@/Nov/2026:16:@:@ +0000] 10:11:12 and 2026-11-24 01:02:03",
        "[Tue Nov @ 16:@:@.12 2026] x",
        "no date @ @ @",
        "<@> @:@ z",
        "2001:db8:1:22:3::4 - [@/Nov/2026:16:@:@ +0000] x",
    };
    unsigned r = *seed = *seed * 1103515245u + 12345u;
    unsigned form = (r >> 16) % 40 < 30 ? (r >> 24) % 3 * 4 : (r >> 20) % 11;
    unsigned parts[] = {(r >> 8) % 34, (r >> 12) % 62, (r >> 4) % 63};
    size_t n = 0, k = 0;
    for (const char *c = forms[form % 11]; *c && n + 12 < max; c++)
        if (*c == '@')
            n += (size_t)snprintf(out + n, max - n, "%02u", parts[k++ % 3]);
        else
            out[n++] = *c;
    out[n] = 0;
}

static void the_quick_way_finds_what_the_slow_way_finds(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int run = 0; run < 20; run++) {
        struct fixture quick, slow;
        assert_true(begin(&quick, NULL) && begin(&slow, NULL));
        date_detector_slow_for_test(slow.d);
        for (int i = 0; i < 400; i++) {
            char line[200];
            make_line(&seed, line, sizeof line);
            struct date_found a = {0}, b = {0};
            bool x = date_find(quick.d, str_from(line), true, NOW + i / 7, &a);
            bool y = date_find(slow.d, str_from(line), true, NOW + i / 7, &b);
            if (x != y || a.from != b.from || a.to != b.to || a.has_time != b.has_time ||
                a.time < b.time || a.time > b.time)
                fail_msg("run %d line %d: %s", run, i, line);
        }
        end(&quick);
        end(&slow);
    }
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1); /* there is room for it */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_forms_are_found_and_cut_out),
        cmocka_unit_test(what_no_calendar_has_is_a_date_without_a_time),
        cmocka_unit_test(own_patterns_and_zones_are_used),
        cmocka_unit_test(the_quick_way_finds_what_the_slow_way_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
