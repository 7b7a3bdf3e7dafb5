/* SPDX-License-Identifier: ISC */
#include "control/check.h"

#include <string.h>

#include "control/check_private.h"
#include "control/schema.h"
#include "os/file.h"

bool one_edit_apart(str a, str b)
{
    if (a.n > b.n) {
        str t = a;
        a = b;
        b = t;
    }
    if (b.n - a.n > 1 || str_eq(a, b))
        return false;
    size_t i = 0;
    while (i < a.n && a.p[i] == b.p[i])
        i++;
    if (a.n < b.n)
        return str_eq(str_from_at(a, i), str_from_at(b, i + 1));
    if (str_eq(str_from_at(a, i + 1), str_from_at(b, i + 1)))
        return true;
    return i + 1 < a.n && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i] &&
           str_eq(str_from_at(a, i + 2), str_from_at(b, i + 2));
}

static bool is_backup(str name)
{
    static const char *const ends[] = {"_old", "~", ".bak", ".orig", ".old", ".org", ".tmp", ".sw"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_iends(name, str_from(ends[i])))
            return true;
    return str_starts(name, S("#")) || str_starts(name, S("."));
}

/* Names below control/ that have no row in the schema but a meaning. */
static bool is_other_known(str name)
{
    if (str_eq(name, S("tls")) || str_eq(name, S("dkim")))
        return true;
    if (!str_skip(&name, S("tcp.")))
        return false;
    for (enum site_rules r = 0; r < RULES_COUNT; r++)
        if (str_eq(name, str_from(site_rules_name(r))))
            return true;
    return false;
}

static const struct control_entry *near_name(str name)
{
    for (size_t i = 0; i < control_schema_n; i++)
        if (one_edit_apart(name, str_from(control_schema[i].name)))
            return &control_schema[i];
    return NULL;
}

static void check_unknown(struct checker *c, str name, str file)
{
    const struct control_entry *near = near_name(name);
    struct stat st;
    if (near) {
        str other = arena_printf(c->a, CONTROL_DIR "%s", near->name);
        bool absent = file_stat(c->root, other.p, &st).kind == ERR_NOTFOUND;
        str a1 = absent ? other : str_from(near->name);
        checker_add(c, absent ? MSG_MISSPELT_ABSENT : MSG_MISSPELT, file, 0, a1, file);
    } else if (is_backup(name)) {
        checker_add(c, MSG_BACKUP, file, 0, S(""), S(""));
    } else if (control_is_foreign(name)) {
        checker_add(c, MSG_FOREIGN, file, 0, S(""), S(""));
    } else {
        checker_add(c, MSG_UNKNOWN, file, 0, S(""), S(""));
    }
}

static void check_mode(struct checker *c, str file, bool secret)
{
    struct stat st;
    if (failed(file_stat(c->root, file.p, &st)) || S_ISLNK(st.st_mode))
        return;
    if (st.st_mode & S_IWOTH)
        checker_add(c, MSG_WRITABLE, file, 0, file, S(""));
    if (secret && (st.st_mode & S_IROTH))
        checker_add(c, MSG_SECRET_MODE, file, 0, file, S(""));
}

static err check_entry(void *ctx, const struct dir_entry *d)
{
    struct checker *c = ctx;
    str file = arena_printf(c->a, CONTROL_DIR "%.*s", STR_ARG(d->name));
    const struct control_entry *e = control_find(d->name);
    check_mode(c, file, e && e->secret);
    if (e)
        check_file(c, arena_copy(c->a, d->name));
    else if (!is_other_known(d->name))
        check_unknown(c, arena_copy(c->a, d->name), file);
    return OK_ERR;
}

void check_directory(struct checker *c)
{
    err e = dir_each(c->root, CONTROL_DIR, check_entry, c);
    if (failed(e))
        checker_add(c, MSG_UNREADABLE, S(CONTROL_DIR), 0, str_from(err_text(e)), S(""));
    check_mode(c, S("var/qmail/control"), false);
}

/* Errors first, each kind by file and line. The order of a directory means nothing. */
static int by_weight(const void *va, const void *vb)
{
    const struct finding *a = va, *b = vb;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    int n = str_cmp(a->file, b->file);
    if (n)
        return n;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return strcmp(a->code, b->code);
}

/* The site as programs would see it, from whatever can be read: one bad file must not hide
 * what the others say. */
static void read_site(struct checker *c)
{
    struct site *s = &c->site;
    str me = {0};
    site_defaults(c->a, s);
    if (!failed(file_read(c->root, CONTROL_DIR "me", CONTROL_FILE_MAX, c->a, &me)))
        me = line_first(me);
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *e = &control_schema[i];
        str path = arena_printf(c->a, CONTROL_DIR "%s", e->name), text;
        if (!failed(file_read(c->root, path.p, CONTROL_FILE_MAX, c->a, &text))) {
            (void)site_set(s, c->a, str_from(e->name), text);
        } else if (e->fallback && str_eq(str_from(e->fallback), S("=me"))) {
            (void)site_set(s, c->a, str_from(e->name), me);
            if (e->type == CONTROL_LIST)
                ((struct names *)(void *)((char *)s + e->field))->present = false;
        }
    }
}

err check_config(int root, struct arena *a, struct findings *ret)
{
    struct checker c = {.root = root, .a = a};
    struct stat st;
    err e = file_stat(root, "var/qmail/control", &st);
    if (failed(e))
        return e;
    check_directory(&c);
    read_site(&c);
    check_together(&c);
    check_users(&c);
    check_rules(&c);
    check_aliases(&c);
    *ret = (struct findings){.n = c.found.n};
    ret->at = NEW_N(a, struct finding, c.found.n + 1);
    if (c.found.n)
        memcpy(ret->at, c.found.at, c.found.n * sizeof *c.found.at);
    qsort(ret->at, ret->n, sizeof *ret->at, by_weight);
    for (size_t i = 0; i < ret->n; i++) {
        ret->errors += ret->at[i].severity == SEVERITY_ERROR;
        ret->warnings += ret->at[i].severity == SEVERITY_WARNING;
    }
    vec_done(&c.found);
    return OK_ERR;
}
