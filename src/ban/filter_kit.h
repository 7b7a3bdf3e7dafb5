/* SPDX-License-Identifier: ISC */
/* ban/filter_kit.h -- for tests: a filter out of a text. */
#pragma once
#include "ban/conf_kit.h"
#include "ban/filter.h"

struct filter_kit {
    struct arena *arena;
    struct findings findings;
    struct kit_file file[3];
    struct conf_files files;
    struct filter_reader reader;
    struct filter_def def;
    struct date_cache *dates;
    struct filter *filter;
};

/* text: of filter.d/f.conf. */
static inline bool filter_kit_open(struct filter_kit *k, const char *text, int64_t now)
{
    *k = (struct filter_kit){.arena = arena_new("test", 256 << 20)};
    findings_init(&k->findings, k->arena);
    k->file[0] = (struct kit_file){"/c/filter.d/f.conf", text};
    k->files = (struct conf_files){k->file, kit_read, kit_list};
    k->dates = date_cache_new(now, true);
    struct conf_text call = conf_text_of(S("f"), (struct conf_place){0}, k->arena);
    struct filter_options options = {0};
    if (filter_read(&k->reader, k->arena, &k->files, &k->findings, S("/c"), &call, false, NULL) &&
        filter_resolve(&k->reader, &k->def))
        k->filter = filter_new(&k->findings, k->dates, &k->def, &options);
    return k->filter != NULL;
}

static inline void filter_kit_close(struct filter_kit *k)
{
    filter_free(k->filter);
    filter_reader_done(&k->reader);
    date_cache_free(k->dates);
    findings_done(&k->findings);
    arena_free(k->arena);
}
