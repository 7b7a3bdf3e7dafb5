/* SPDX-License-Identifier: ISC */
/* A configuration file of anything: read, every value resolved, tags replaced, calls parsed. */
#include "ban/conf_kit.h"

struct self {
    struct conf *conf;
};

static bool find(void *ctx, str name, struct conf_text *ret)
{
    struct self *s = ctx;
    return !failed(conf_get_path(s->conf, S("Definition"), name, NULL, ret));
}

static void use(struct conf *c, const struct conf_text *t)
{
    struct conf_scope scope = {&(struct self){c}, find};
    struct conf_text out;
    (void)!failed(conf_tags(c->findings, c->arena, S("self"), t, &scope, &out));
    size_t at = 0, from, to;
    while (conf_call_next(t, &at, &from, &to)) {
        struct conf_text one = conf_text_slice(t, from, to, c->arena);
        struct conf_call call;
        (void)!failed(conf_call_parse(c->findings, c->arena, &one, &call));
        conf_call_done(&call);
    }
    int64_t s;
    (void)conf_duration(t->s, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 20000)
        return 0;
    struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct findings f;
    findings_init(&f, a);
    char *text = arena_alloc(a, size + 1, 1);
    memcpy(text, data, size);
    for (size_t i = 0; i < size; i++)
        if (!text[i])
            text[i] = ' '; /* the kit's files are C strings */
    struct kit_file files[] = {{"/c/a.conf", text}, {"/c/a.local", text}, {0}};
    struct conf_files from = {files, kit_read, kit_list};
    struct conf c;
    conf_init(&c, a, &from, &f);
    (void)conf_load(&c, S("/c/a"));
    unsigned budget = 40; /* of values: each may grow to its limit */
    for (struct conf_section *s = c.sections; s && budget; s = s->next)
        for (struct conf_option *o = s->options; o && budget; o = o->next, budget--) {
            struct conf_text t;
            if (!failed(conf_get(&c, s->name, o->name, NULL, &t)))
                use(&c, &t);
        }
    findings_done(&f);
    arena_free(a);
    return 0;
}
