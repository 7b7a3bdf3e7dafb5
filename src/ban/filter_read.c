/* SPDX-License-Identifier: ISC */
/* ban/filter_read.c -- filter.d/NAME.conf with its options: which value an option has, in
 * fail2ban's order: given in the jail's filter = name[…], then [Init], then [Definition]. */
#include <string.h>

#include "ban/filter.h"

/* %(x)s inside the filter: the jail's own options and those given to the filter come first. */
static bool find_given(void *ctx, str name, struct conf_text *ret)
{
    const struct filter_reader *r = ctx;
    const struct conf_text *given = conf_call_get(&r->call, name);
    if (given) {
        *ret = *given;
        return true;
    }
    if (str_eq(name, S("logtype")) && r->logtype.s.n) {
        *ret = r->logtype;
        return true;
    }
    return r->outer && r->outer->find(r->outer->ctx, name, ret);
}

/* <x> inside the filter. */
static bool find_tag(void *ctx, str name, struct conf_text *ret)
{
    struct filter_reader *r = ctx;
    const struct conf_text *given = conf_call_get(&r->call, name);
    if (given) {
        *ret = *given;
        return true;
    }
    if (str_eq(name, S("logtype")) && r->logtype.s.n) {
        *ret = r->logtype;
        return true;
    }
    const struct conf_section *init = conf_section(&r->conf, S("Init"));
    str plain = name;
    (void)str_skip(&plain, S("known/")); /* [Init]'s own value, whatever the jail gave */
    if (init && conf_option(init, plain))
        return !failed(conf_get(&r->conf, S("Init"), plain, NULL, ret));
    struct conf_scope scope = {r, find_given};
    return !failed(conf_get_path(&r->conf, S("Definition"), name, &scope, ret));
}

static bool start(struct filter_reader *r, struct arena *a, const struct conf_files *files,
                  struct findings *f, const struct conf_text *call, const struct conf_scope *outer)
{
    *r = (struct filter_reader){.outer = outer};
    conf_init(&r->conf, a, files, f);
    return !failed(conf_call_parse(f, a, call, &r->call));
}

static void guess_logtype(struct filter_reader *r, const struct conf_text *call, bool journal)
{
    const struct conf_section *def = conf_section(&r->conf, S("Definition"));
    const struct conf_text *given = conf_call_get(&r->call, S("logtype"));
    if ((given && given->s.n) || (def && conf_option(def, S("logtype"))))
        return;
    r->logtype =
        conf_text_of(journal ? S("journal") : S("file"), conf_place_at(call, 0), r->conf.arena);
}

static bool loaded(struct filter_reader *r, const struct conf_text *call, bool any, bool journal)
{
    if (!any) {
        finding_add(r->conf.findings, FINDING_ERROR, conf_place_at(call, 0),
                    "put the filter's file there, or name another filter",
                    "there is no filter.d/%.*s.conf (or .local)", STR_ARG(r->call.name));
        return false;
    }
    guess_logtype(r, call, journal);
    return true;
}

static bool safe_name(str name)
{
    return name.n && name.n < 200 && !memchr(name.p, 0, name.n) && str_find_str(name, S("..")) < 0;
}

bool filter_read(struct filter_reader *r, struct arena *a, const struct conf_files *files,
                 struct findings *f, str config, const struct conf_text *call, bool journal,
                 const struct conf_scope *outer)
{
    if (!start(r, a, files, f, call, outer))
        return false;
    if (!safe_name(r->call.name)) {
        finding_add(f, FINDING_ERROR, conf_place_at(call, 0), "name a file of filter.d",
                    "this is no name of a filter: %.*s", STR_ARG(str_slice(r->call.name, 0, 60)));
        return false;
    }
    str base = r->call.name.p[0] == '/'
                   ? r->call.name
                   : arena_printf(a, "%.*s/filter.d/%.*s", STR_ARG(config), STR_ARG(r->call.name));
    return loaded(r, call, conf_load(&r->conf, base), journal);
}

bool filter_read_file(struct filter_reader *r, struct arena *a, const struct conf_files *files,
                      struct findings *f, str path, const struct conf_text *call, bool journal)
{
    if (!start(r, a, files, f, call, NULL))
        return false;
    return loaded(r, call, conf_load_file(&r->conf, path), journal);
}

void filter_reader_done(struct filter_reader *r)
{
    conf_call_done(&r->call);
}

bool filter_option(struct filter_reader *r, str name, struct conf_text *ret)
{
    struct conf_text raw;
    struct conf_scope tags = {r, find_tag};
    return find_tag(r, name, &raw) &&
           !failed(conf_tags(r->conf.findings, r->conf.arena, name, &raw, &tags, ret));
}

bool filter_resolve(struct filter_reader *r, struct filter_def *ret)
{
    *ret = (struct filter_def){.name = r->call.name};
    const struct {
        const char *name;
        struct filter_text *to;
    } options[] = {
        {"failregex", &ret->failregex},
        {"ignoreregex", &ret->ignoreregex},
        {"prefregex", &ret->prefregex},
        {"datepattern", &ret->datepattern},
        {"usedns", &ret->usedns},
        {"maxlines", &ret->maxlines},
        {"journalmatch", &ret->journalmatch},
    };
    size_t before = r->conf.findings->errors;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        options[i].to->present = filter_option(r, str_from(options[i].name), &options[i].to->text);
    return r->conf.findings->errors == before;
}
