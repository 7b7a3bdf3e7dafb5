/* SPDX-License-Identifier: ISC */
#include "ban/jail_conf.h"

#include <string.h>

void conf_init(struct conf *c, struct arena *a, const struct conf_files *files,
               struct findings *findings)
{
    *c = (struct conf){.arena = a, .files = files, .findings = findings};
    c->end = &c->sections;
    c->defaults.name = S("DEFAULT");
    c->defaults.end = &c->defaults.options;
}

struct conf_section *conf_section(const struct conf *c, str name)
{
    for (struct conf_section *s = c->sections; s; s = s->next)
        if (str_eq(s->name, name))
            return s;
    return NULL;
}

const struct conf_option *conf_option(const struct conf_section *s, str name)
{
    return conf_option_edit(s, name);
}

struct conf_option *conf_option_edit(const struct conf_section *s, str name)
{
    for (struct conf_option *o = s ? s->options : NULL; o; o = o->next)
        if (str_eq(o->name, name))
            return o;
    return NULL;
}

static void set_option(struct conf *c, struct conf_section *s, str name, struct conf_text value)
{
    struct conf_option *o = conf_option_edit(s, name);
    if (!o) {
        o = NEW(c->arena, struct conf_option);
        o->name = name;
        *s->end = o;
        s->end = &o->next;
    }
    o->value = value;
}

static struct conf_section *section_for(struct conf *c, str name, struct conf_place place)
{
    struct conf_section *s = conf_section(c, name);
    if (s)
        return s;
    s = NEW(c->arena, struct conf_section);
    *s = (struct conf_section){.name = name, .place = place};
    s->end = &s->options;
    *c->end = s;
    c->end = &s->next;
    return s;
}

/* "Init?family=inet6" -> "Init" and "?family=inet6". */
static bool is_conditional(str name, str *ret_name, str *ret_cond)
{
    ptrdiff_t q = str_find(name, '?');
    if (q <= 0 || (size_t)q + 1 == name.n)
        return false;
    for (ptrdiff_t i = 0; i < q; i++)
        if (!char_is_alpha(name.p[i]) && !char_is_digit(name.p[i]) && name.p[i] != '_')
            return false;
    *ret_name = str_slice(name, 0, (size_t)q);
    *ret_cond = str_from_at(name, (size_t)q);
    return true;
}

static void merge_section(struct conf *c, const struct conf_section *from)
{
    str name = from->name, cond = S("");
    (void)is_conditional(from->name, &name, &cond); /* else both stay */
    bool there = conf_section(c, name) != NULL;
    struct conf_section *to = section_for(c, name, from->place);
    to->broken = to->broken || from->broken;
    struct conf_section *known = NULL;
    if (there) /* what this file replaces stays reachable as known/… */
        known = section_for(c, arena_printf(c->arena, "KNOWN/%.*s", STR_ARG(name)), from->place);
    for (const struct conf_option *o = from->options; o; o = o->next) {
        str key =
            cond.n ? arena_printf(c->arena, "%.*s%.*s", STR_ARG(o->name), STR_ARG(cond)) : o->name;
        const struct conf_option *old = known ? conf_option(to, key) : NULL;
        if (old)
            set_option(c, known, key, old->value);
        set_option(c, to, key, o->value);
    }
}

static void merge(struct conf *c, const struct conf *file)
{
    for (const struct conf_option *o = file->defaults.options; o; o = o->next)
        set_option(c, &c->defaults, o->name, o->value);
    c->defaults.broken = c->defaults.broken || file->defaults.broken;
    for (const struct conf_section *s = file->sections; s; s = s->next)
        merge_section(c, s);
}

struct chain {
    const struct chain *up;
    str path;
    unsigned depth;
};

static bool in_chain(const struct chain *up, str path)
{
    for (; up; up = up->up)
        if (str_eq(up->path, path))
            return true;
    return false;
}

static str directory(str path)
{
    ptrdiff_t slash = str_rfind(path, '/');
    return slash < 0 ? S(".") : str_slice(path, 0, (size_t)slash);
}

static str local_of(struct conf *c, str path)
{
    str dir = directory(path), base = path;
    ptrdiff_t dot = str_rfind(path, '.');
    if (dot > 0 && (size_t)dot > dir.n)
        base = str_slice(path, 0, (size_t)dot);
    return arena_printf(c->arena, "%.*s.local", STR_ARG(base));
}

static bool load_tree(struct conf *c, str path, const struct chain *up);

static void load_includes(struct conf *c, struct conf *file, str which, const struct chain *here)
{
    struct conf_text list;
    if (failed(conf_get(file, S("INCLUDES"), which, NULL, &list)))
        return; /* not there, or a finding says why */
    str rest = list.s, line;
    while (rest.n) {
        (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
        if (!line.n)
            continue;
        str path = line.p[0] == '/' ? arena_copy(c->arena, line)
                                    : arena_printf(c->arena, "%.*s/%.*s",
                                                   STR_ARG(directory(here->path)), STR_ARG(line));
        if (in_chain(here->up, path)) /* a loop */
            continue;
        (void)load_tree(c, path, here); /* one that is missing is no error for fail2ban */
        str local = local_of(c, path);
        if (!str_eq(local, path))
            (void)load_tree(c, local, here);
    }
}

static bool load_tree(struct conf *c, str path, const struct chain *up)
{
    struct chain here = {up, path, up ? up->depth + 1 : 0};
    str text;
    if (here.depth >= CONF_INCLUDES_MAX || c->n_files >= CONF_FILES_MAX) {
        finding_add(c->findings, FINDING_ERROR, (struct conf_place){path, 0},
                    "look for files that include each other", "too many included files");
        return false;
    }
    if (!c->files->read(c->files->ctx, path, c->arena, &text))
        return false;
    c->n_files++;
    struct conf file;
    conf_init(&file, c->arena, c->files, c->findings);
    conf_parse(&file, path, text);
    load_includes(c, &file, S("before"), &here);
    merge(c, &file);
    load_includes(c, &file, S("after"), &here);
    return true;
}

bool conf_load_file(struct conf *c, str path)
{
    str local = local_of(c, path);
    bool any = load_tree(c, path, NULL);
    if (!str_eq(local, path))
        any = load_tree(c, local, NULL) || any;
    return any;
}

static bool load_dir(struct conf *c, str base, str suffix)
{
    str *paths;
    str dir = arena_printf(c->arena, "%.*s.d", STR_ARG(base));
    size_t n = c->files->list(c->files->ctx, dir, suffix, c->arena, &paths);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any = load_tree(c, paths[i], NULL) || any;
        str local = local_of(c, paths[i]); /* comes again in its own turn if it lies in X.d */
        if (!str_eq(local, paths[i]) && !str_starts(local, dir))
            any = load_tree(c, local, NULL) || any;
    }
    return any;
}

bool conf_load(struct conf *c, str base)
{
    bool any = load_tree(c, arena_printf(c->arena, "%.*s.conf", STR_ARG(base)), NULL);
    any = load_dir(c, base, S(".conf")) || any;
    any = load_tree(c, arena_printf(c->arena, "%.*s.local", STR_ARG(base)), NULL) || any;
    return load_dir(c, base, S(".local")) || any;
}
