/* SPDX-License-Identifier: ISC */
/* How it works: a change and its line in the table `export` are one commit; then the card's file
 * is written (replaced by rename) where it belongs, taken away elsewhere, and the line goes. */
#include "os/file.h"
#include "people/registry_db.h"

enum { FOLDERS = 4 };

static void folder_paths(struct registry *r, bool host, struct arena *a, const char *ret[FOLDERS])
{
    const struct gate_settings *s = r->settings;
    str base = host ? s->db_ip_base : s->db_base;
    while (str_skip(&base, S("/")))
        continue; /* below the root */
    str names[FOLDERS] = {s->pending, s->stable, s->defunct, S("rejected")};
    for (size_t i = 0; i < FOLDERS; i++)
        ret[i] = arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(names[i])).p;
}

static size_t folder_of(const struct card *c)
{
    static const char *const names[FOLDERS] = {"pending", "stable", "defunct", "rejected"};
    enum reg_state state;
    const char *folder = reg_state_find(c->at[CARD_STATE], &state) ? reg_state_folder(state) : NULL;
    for (size_t i = 0; folder && i < FOLDERS; i++)
        if (str_eq(str_from(folder), str_from(names[i])))
            return i;
    return FOLDERS;
}

/* Cards hold hashes of first passwords: group `gate` may be let in, nobody else. */
static err make_folder(struct registry *r, const char *path, struct arena *a)
{
    str whole = str_from(path);
    ptrdiff_t last = str_rfind(whole, '/');
    str base = str_slice(whole, 0, last > 0 ? (size_t)last : 0);
    ptrdiff_t above = str_rfind(base, '/');
    err e = OK_ERR;
    if (above > 0)
        e = dir_make_all(r->root_dir, arena_cstr(a, str_slice(base, 0, (size_t)above)), 0755);
    return failed(e) ? e : dir_make_all(r->root_dir, path, 0750);
}

static err export_one(struct registry *r, bool host, str login, struct arena *a)
{
    const char *folders[FOLDERS];
    struct card c;
    err e = registry_find(r, host, login, a, &c);
    if (failed(e))
        return e;
    folder_paths(r, host, a, folders);
    size_t here = folder_of(&c);
    auto_buf struct buf text;
    buf_init(&text, 2 * CARD_TEXT_MAX);
    card_write(&c, &text);
    for (size_t i = 0; i < FOLDERS && !failed(e); i++) {
        e = make_folder(r, folders[i], a);
        const char *path = arena_printf(a, "%s/%.*s", folders[i], STR_ARG(login)).p;
        if (!failed(e) && i == here)
            e = file_replace(r->root_dir, path, buf_str(&text), 0640);
    }
    for (size_t i = 0; i < FOLDERS && !failed(e); i++) {
        const char *path = arena_printf(a, "%s/%.*s", folders[i], STR_ARG(login)).p;
        if (i != here)
            e = file_unlink(r->root_dir, path);
        if (e.kind == ERR_NOTFOUND)
            e = OK_ERR;
    }
    return e;
}

static err next_one(struct registry *r, struct arena *a, bool *ret_row, bool *ret_host,
                    str *ret_login)
{
    auto_stmt sqlite3_stmt *s = NULL;
    err e = db_prepare(r, &s, "SELECT host, login FROM export LIMIT 1", "");
    if (!failed(e))
        e = db_step(r, s, ret_row);
    if (!failed(e) && *ret_row) {
        *ret_host = sqlite3_column_int(s, 0);
        *ret_login = arena_copy(a, db_text(s, 1));
    }
    return e;
}

err registry_export(struct registry *r)
{
    auto_arena struct arena *a = arena_new("card", 4 << 20);
    for (;;) {
        bool row = false, host = false;
        str login = S("");
        arena_reset(a);
        err e = next_one(r, a, &row, &host, &login);
        if (failed(e) || !row)
            return e;
        e = export_one(r, host, login, a);
        if (!failed(e))
            e = db_run(r, "DELETE FROM export WHERE host = ? AND login = ?", "is", (int64_t)host,
                       login);
        if (failed(e))
            return e;
    }
}
