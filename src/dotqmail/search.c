/* SPDX-License-Identifier: ISC */
#include "dotqmail/search.h"

/* Lower case, so that users cannot be told apart by it; dots as colons, so that no extension
 * names a path. A slash stays: qmail lets `-/` in users/assign mean a folder, and ".qmail-"
 * stands before it. */
static str safe_ext(str ext, struct arena *a)
{
    char *p = arena_alloc(a, ext.n + 1, 1);
    for (size_t i = 0; i < ext.n; i++)
        p[i] = ext.p[i] == '.' ? ':' : char_lower(ext.p[i]);
    return str_of(p, ext.n);
}

void search_begin(struct dotqmail_search *s, str dash, str ext, struct arena *a)
{
    *s = (struct dotqmail_search){.dash = dash, .ext = ext, .safe = safe_ext(ext, a)};
}

static str name_of(const struct dotqmail_search *s, size_t n, const char *tail, struct arena *a)
{
    return arena_printf(a, ".qmail%.*s%.*s%s", STR_ARG(s->dash), STR_ARG(str_slice(s->safe, 0, n)),
                        tail);
}

bool search_next(struct dotqmail_search *s, struct arena *a, struct dotqmail_name *ret)
{
    if (s->stage == 0) {
        s->stage = 1;
        s->at = s->safe.n + 1;
        bool named_default = str_ends(s->safe, S("default"));
        *ret = (struct dotqmail_name){.file = name_of(s, s->safe.n, "", a),
                                      .has_default = named_default};
        if (named_default)
            ret->rest = str_from_at(s->ext, s->safe.n - S("default").n);
        return true;
    }
    while (s->at > 0) {
        size_t n = --s->at;
        if (n > 0 && s->safe.p[n - 1] != '-')
            continue;
        *ret = (struct dotqmail_name){.file = name_of(s, n, "default", a),
                                      .has_default = true,
                                      .rest = str_from_at(s->ext, n)};
        return true;
    }
    return false;
}

static bool refuse(struct dotqmail_found *f, const char *text, str unable)
{
    f->outcome = DOTQMAIL_REFUSED;
    f->text = text;
    f->unable = unable;
    return true;
}

/* True when the search ends with this name. */
static bool look_at(const struct dotqmail_files *files, struct dotqmail_found *f)
{
    struct dotqmail_file file;
    err e = files->look(files->ctx, f->name.file.p, &file);
    if (e.kind == ERR_NOTFOUND || (!failed(e) && !file.regular))
        return false;
    if (failed(e))
        return refuse(f, "Unable to open .qmail file. (#4.3.0)", f->name.file);
    if (file.mode & DOTQMAIL_PATERNALISM)
        return refuse(f, "Uh-oh: .qmail file is writable. (#4.7.0)", S(""));
    f->outcome = file.size ? DOTQMAIL_FILE : DOTQMAIL_EMPTY;
    f->forward_only = file.size && (file.mode & 0100);
    return true;
}

void dotqmail_find(str dash, str ext, const struct dotqmail_files *files, struct arena *a,
                   struct dotqmail_found *ret)
{
    struct dotqmail_search s;
    *ret = (struct dotqmail_found){0};
    search_begin(&s, dash, ext, a);
    while (search_next(&s, a, &ret->name))
        if (look_at(files, ret))
            return;
    ret->name = (struct dotqmail_name){0};
    ret->outcome = dash.n ? DOTQMAIL_NO_MAILBOX : DOTQMAIL_DEFAULT;
    if (dash.n)
        ret->text = DOTQMAIL_NO_MAILBOX_TEXT;
}

const char *dotqmail_home_refused(uint32_t mode)
{
    if (mode & DOTQMAIL_PATERNALISM)
        return "Uh-oh: home directory is writable. (#4.7.0)";
    if (mode & 01000)
        return "Home directory is sticky: user is editing his .qmail file. (#4.2.1)";
    return NULL;
}

static err exists(const struct dotqmail_files *files, const char *name, bool *ret_exists)
{
    struct dotqmail_file file;
    err e = files->look(files->ctx, name, &file);
    *ret_exists = !failed(e);
    /* As qmail-local: what is not a passing trouble counts as not there. */
    return failed(e) && is_temporary(e) ? e : OK_ERR;
}

err dotqmail_owner_files(str dash, str ext, const struct dotqmail_files *files, struct arena *a,
                         bool *ret_owner, bool *ret_owner_default)
{
    str safe = safe_ext(ext, a);
    str name = arena_printf(a, ".qmail%.*s%.*s-owner", STR_ARG(dash), STR_ARG(safe));
    bool owner, owner_default = false;
    err e = exists(files, name.p, &owner);
    if (!failed(e) && owner) {
        name = arena_printf(a, "%.*s-default", STR_ARG(name));
        e = exists(files, name.p, &owner_default);
    }
    if (failed(e))
        return e;
    *ret_owner = owner;
    *ret_owner_default = owner_default;
    return OK_ERR;
}
