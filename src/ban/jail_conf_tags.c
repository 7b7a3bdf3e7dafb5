/* SPDX-License-Identifier: ISC */
/* ban/jail_conf_tags.c -- <tag> substitution: innermost first, so that <mdre-<mode>> works;
 * repeated until nothing changes; unknown tags stay for the regex stage. */
#include <string.h>

#include "ban/jail_conf.h"

enum { TAGS_IN_VALUE = 200 };

struct count {
    str name;
    unsigned n;
};

/* The next <name> without space, < or > inside, from `from` on. */
static bool next_tag(str s, size_t from, size_t *ret_at, str *ret_name)
{
    size_t open = SIZE_MAX;
    for (size_t i = from; i < s.n; i++) {
        char c = s.p[i];
        if (c == '<')
            open = i;
        else if (c == ' ')
            open = SIZE_MAX;
        else if (c == '>' && open != SIZE_MAX) {
            if (i > open + 1) {
                *ret_at = open;
                *ret_name = str_slice(s, open + 1, i);
                return true;
            }
            open = SIZE_MAX;
        }
    }
    return false;
}

static err replace_all(struct arena *a, struct conf_text *value, str tag,
                       const struct conf_text *by)
{
    struct conf_build out;
    conf_build_init(&out);
    size_t at = 0, len = tag.n + 2;
    for (;;) {
        size_t hit;
        str name;
        size_t from = at;
        bool found;
        while ((found = next_tag(value->s, from, &hit, &name)) && !str_eq(name, tag))
            from = hit + 1;
        if (!found)
            break;
        conf_build_add(&out, value, at, hit);
        conf_build_add(&out, by, 0, by->s.n);
        at = hit + len;
    }
    conf_build_add(&out, value, at, value->s.n);
    if (!out.marks.n)
        conf_build_raw(&out, S(""), conf_place_at(value, 0));
    bool over = out.b.over;
    *value = conf_build_text(&out, a);
    conf_build_done(&out);
    return over ? err_new(ERR_LIMIT, "value too long") : OK_ERR;
}

struct pass {
    struct findings *findings;
    struct arena *arena;
    str self;
    const struct conf_scope *scope;
    struct count counts[TAGS_IN_VALUE];
    size_t n_counts;
};

static bool may_replace(struct pass *p, str tag)
{
    if (str_eq(tag, p->self))
        return false;
    for (size_t i = 0; i < p->n_counts; i++)
        if (str_eq(p->counts[i].name, tag))
            return ++p->counts[i].n <= CONF_TAG_MAX;
    if (p->n_counts == TAGS_IN_VALUE)
        return false;
    p->counts[p->n_counts++] = (struct count){arena_copy(p->arena, tag), 1};
    return true;
}

static err one_pass(struct pass *p, struct conf_text *value, bool *changed)
{
    size_t from = 0, at;
    str tag;
    *changed = false;
    while (next_tag(value->s, from, &at, &tag)) {
        struct conf_text by;
        if (!p->scope->find(p->scope->ctx, tag, &by)) {
            from = at + tag.n + 2;
            continue;
        }
        struct conf_place place = conf_place_at(value, at);
        if (!may_replace(p, tag)) {
            finding_add(p->findings, FINDING_ERROR, place, "look for tags that refer to each other",
                        "<%.*s> leads back to itself", STR_ARG(tag));
            return err_new(ERR_SYNTAX, "tag loop");
        }
        err e = replace_all(p->arena, value, tag, &by);
        if (failed(e)) {
            finding_add(p->findings, FINDING_ERROR, place, "make it shorter",
                        "the value grows beyond %d bytes", CONF_VALUE_MAX);
            return err_new(ERR_SYNTAX, "value too long");
        }
        *changed = true;
        from = at;
    }
    return OK_ERR;
}

err conf_tags(struct findings *f, struct arena *a, str self, const struct conf_text *in,
              const struct conf_scope *scope, struct conf_text *ret)
{
    struct pass p = {.findings = f, .arena = a, .self = self, .scope = scope};
    struct conf_text value = *in;
    bool changed = true;
    while (changed) {
        err e = one_pass(&p, &value, &changed);
        if (failed(e))
            return e;
    }
    *ret = value;
    return OK_ERR;
}
