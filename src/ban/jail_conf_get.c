/* SPDX-License-Identifier: ISC */
/* ban/jail_conf_get.c -- %(x)s: Python's BasicInterpolation, with fail2ban's %(section/x)s,
 * %(known/x)s and %(__name__)s. */
#include <string.h>

#include "ban/jail_conf.h"

struct lookup {
    struct conf *conf;
    str section;
    const struct conf_scope *scope;
    struct conf_section *own;
};

static bool find_plain(const struct lookup *l, str name, struct conf_text *ret)
{
    if (l->scope && l->scope->find(l->scope->ctx, name, ret))
        return true;
    const struct conf_option *o = conf_option(l->own, name);
    if (!o)
        o = conf_option(&l->conf->defaults, name);
    if (!o)
        return false;
    *ret = o->value;
    return true;
}

static bool find_in(const struct lookup *l, str section, str name, struct conf_text *ret)
{
    const struct conf_option *o = NULL;
    if (str_ieq(section, S("known"))) {
        str shadow = arena_printf(l->conf->arena, "KNOWN/%.*s", STR_ARG(l->section));
        o = conf_option(conf_section(l->conf, shadow), name);
    } else if (!str_ieq(section, S("default"))) {
        struct conf_section *s = conf_section(l->conf, section);
        if (!s)
            return false;
        o = conf_option(s, name);
    }
    if (!o)
        o = conf_option(&l->conf->defaults, name);
    if (!o)
        return false;
    *ret = o->value;
    return true;
}

/* `given` is as written; option names are lower case, section names are not. */
static bool find_any(const struct lookup *l, str given, struct conf_text *ret)
{
    str name = arena_lower(l->conf->arena, given), section, option;
    if (find_plain(l, name, ret))
        return true;
    if (str_eq(name, S("__name__"))) {
        *ret = conf_text_of(l->section, l->own ? l->own->place : (struct conf_place){0},
                            l->conf->arena);
        return true;
    }
    if (!str_cut(given, '/', &section, &option))
        return false;
    return find_in(l, section, arena_lower(l->conf->arena, option), ret);
}

static err interpolate(const struct lookup *l, const struct conf_text *in, struct conf_build *out,
                       unsigned depth);

static err reference(const struct lookup *l, const struct conf_text *in, size_t *at,
                     struct conf_build *out, unsigned depth)
{
    struct findings *f = l->conf->findings;
    struct conf_place place = conf_place_at(in, *at);
    str rest = str_from_at(in->s, *at + 2);
    ptrdiff_t close = str_find(rest, ')');
    if (close <= 0 || (size_t)close + 1 >= rest.n || rest.p[close + 1] != 's') {
        finding_add(f, FINDING_ERROR, place, "write %(name)s, or %% for a percent sign",
                    "a %%( that is no %%(name)s");
        return err_new(ERR_SYNTAX, "interpolation");
    }
    str name = str_slice(rest, 0, (size_t)close);
    struct conf_text value;
    if (depth >= CONF_DEPTH_MAX) {
        finding_add(f, FINDING_ERROR, place, "look for options that refer to each other",
                    "%%(%.*s)s leads too deep", STR_ARG(name));
        return err_new(ERR_SYNTAX, "interpolation");
    }
    if (!find_any(l, name, &value)) {
        finding_add(f, FINDING_ERROR, place, "set that option in this section or in [DEFAULT]",
                    "%%(%.*s)s: there is no option of this name", STR_ARG(name));
        return err_new(ERR_SYNTAX, "interpolation");
    }
    *at += 2 + (size_t)close + 2;
    /* What comes out of a filter has been interpolated there. */
    if (str_istarts(name, S("known/")) && !out->b.over && l->scope) {
        struct conf_text done;
        if (l->scope->find(l->scope->ctx, arena_lower(l->conf->arena, name), &done)) {
            conf_build_add(out, &done, 0, done.s.n);
            return OK_ERR;
        }
    }
    return interpolate(l, &value, out, depth + 1);
}

static err interpolate(const struct lookup *l, const struct conf_text *in, struct conf_build *out,
                       unsigned depth)
{
    size_t at = 0;
    while (at < in->s.n && !out->b.over) {
        ptrdiff_t next = str_find(str_from_at(in->s, at), '%');
        if (next < 0) {
            conf_build_add(out, in, at, in->s.n);
            break;
        }
        conf_build_add(out, in, at, at + (size_t)next);
        at += (size_t)next;
        char c = at + 1 < in->s.n ? in->s.p[at + 1] : 0;
        if (c == '(') {
            err e = reference(l, in, &at, out, depth);
            if (failed(e))
                return e;
        } else if (c == '%') {
            conf_build_add(out, in, at, at + 1);
            at += 2;
        } else {
            finding_add(l->conf->findings, FINDING_ERROR, conf_place_at(in, at),
                        "write %% for a percent sign", "a lone %% in a value");
            return err_new(ERR_SYNTAX, "interpolation");
        }
    }
    return OK_ERR;
}

static err expand(const struct lookup *l, const struct conf_text *raw, struct conf_text *ret)
{
    struct conf_build out;
    conf_build_init(&out);
    conf_build_raw(&out, S(""), conf_place_at(raw, 0));
    err e = interpolate(l, raw, &out, 1);
    if (!failed(e) && out.b.over) {
        finding_add(l->conf->findings, FINDING_ERROR, conf_place_at(raw, 0), "make it shorter",
                    "the value grows beyond %d bytes", CONF_VALUE_MAX);
        e = err_new(ERR_SYNTAX, "value too long");
    }
    if (!failed(e))
        *ret = conf_build_text(&out, l->conf->arena);
    conf_build_done(&out);
    return e;
}

err conf_get(struct conf *c, str section, str option, const struct conf_scope *scope,
             struct conf_text *ret)
{
    struct lookup l = {c, section, scope, conf_section(c, section)};
    if (!l.own && str_eq(section, S("DEFAULT")))
        l.own = &c->defaults;
    struct conf_text raw;
    if (!l.own || !find_plain(&l, arena_lower(c->arena, option), &raw))
        return err_new(ERR_NOTFOUND, "no such option");
    return expand(&l, &raw, ret);
}

err conf_get_path(struct conf *c, str section, str option, const struct conf_scope *scope,
                  struct conf_text *ret)
{
    str sec, opt;
    if (str_cut(option, '/', &sec, &opt)) {
        err e;
        if (str_ieq(sec, S("known"))) {
            str shadow = arena_printf(c->arena, "KNOWN/%.*s", STR_ARG(section));
            e = conf_get(c, shadow, opt, NULL, ret);
            if (e.kind == ERR_NOTFOUND)
                e = conf_get(c, section, opt, NULL, ret);
        } else {
            e = conf_get(c, str_ieq(sec, S("default")) ? S("DEFAULT") : sec, opt, NULL, ret);
        }
        if (e.kind != ERR_NOTFOUND)
            return e;
    }
    return conf_get(c, section, option, scope, ret);
}
