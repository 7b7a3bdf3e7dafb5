/* SPDX-License-Identifier: ISC */
/* Lines of anything: the quick way of finding a date says what the slow way says. Input that
 * begins with 'p' has a datepattern as its first line. */
#include <stdlib.h>
#include <string.h>

#include "ban/filter.h"

static void compare(struct date_detector *quick, struct date_detector *slow, str line, int64_t now)
{
    struct date_found a = {0}, b = {0};
    bool plain = text_is_plain(line);
    bool x = date_find(quick, line, plain, now, &a), y = date_find(slow, line, plain, now, &b);
    if (x != y)
        abort();
    if (x && (a.from != b.from || a.to != b.to || a.has_time != b.has_time ||
              (a.has_time && (a.time < b.time || a.time > b.time))))
        abort();
    if (x && (a.from > a.to || a.to > line.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct date_cache *shared;
    if (size > 4000)
        return 0;
    bool own = size && data[0] == 'p';
    struct date_cache *c = own || !shared ? date_cache_new(1795536100, true) : shared;
    if (!own)
        shared = c;
    struct arena *a = arena_new("fuzz", (size_t)256 << 20);
    struct findings f;
    findings_init(&f, a);
    auto_buf struct buf text;
    buf_init(&text, 1 << 16);
    text_to_utf8(str_of(data, size), &text);
    str rest = buf_str(&text), line;
    struct conf_text pattern = {0};
    if (own) {
        (void)str_cut(str_from_at(rest, 1), '\n', &line, &rest); /* all of it is fine too */
        pattern = conf_text_of(line, (struct conf_place){0}, a);
    }
    struct date_detector *quick = date_detector_new(c, &f, own ? &pattern : NULL);
    struct date_detector *slow = date_detector_new(c, &f, own ? &pattern : NULL);
    if (quick && slow) {
        date_detector_slow_for_test(slow);
        for (int i = 0; rest.n && i < 50; i++) {
            (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
            compare(quick, slow, line, 1795536100 + i);
        }
    }
    date_detector_free(quick);
    date_detector_free(slow);
    if (own)
        date_cache_free(c);
    findings_done(&f);
    arena_free(a);
    return 0;
}
