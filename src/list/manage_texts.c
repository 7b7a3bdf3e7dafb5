/* SPDX-License-Identifier: ISC */
#include "list/manage_texts.h"

#include "list/cookie.h"
#include "list/reply.h"
#include "os/file.h"
#include "wire/header.h"

enum { EDIT_LIFE = 100'000, LOG_MAX = 64 << 20 };

static struct verdict finish(struct reply *p)
{
    err e = reply_send(p);
    reply_done(p);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to answer").text}
                     : (struct verdict){0};
}

static bool matches(str line, str wanted)
{
    for (size_t at = 0; at + wanted.n <= line.n; at++) {
        size_t i = 0;
        while (i < wanted.n &&
               (wanted.p[i] == '_' || char_lower(wanted.p[i]) == char_lower(line.p[at + i])))
            i++;
        if (i == wanted.n)
            return true;
    }
    return false;
}

struct verdict manage_give_log(struct list_run *r, str wanted)
{
    struct mlist *l = r->list;
    struct reply p;
    str log, line;
    const char *path = l->sub.n ? arena_printf(l->arena, "%.*s/Log", STR_ARG(l->sub)).p : "Log";
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    if (failed(file_read(l->dir, path, LOG_MAX, l->arena, &log)))
        log = S("");
    wanted = str_slice(wanted, 0, 64); /* the search is linear in the log times this */
    while (str_line(&log, &line))
        if (matches(line, wanted))
            buf_addf(&p.body, "%.*s\n", STR_ARG(line));
    return finish(&p);
}

/* [a-z_] only, '_' standing for '-': a name can leave text/ in no way. */
static const char *text_path(struct mlist *l, str name)
{
    if (!name.n || name.n > 64)
        return NULL;
    str path = arena_printf(l->arena, "text/%.*s", STR_ARG(arena_lower(l->arena, name)));
    for (size_t i = 5; i < path.n; i++) {
        char c = path.p[i];
        if ((c < 'a' || c > 'z') && c != '_' && c != '-')
            return NULL;
        if (c == '_')
            ((char *)(uintptr_t)path.p)[i] = '-';
    }
    return path.p;
}

/* What the cookie of an edit is made of: the text as it stands, and its name. */
static struct cookie edit_cookie(struct mlist *l, str stamp, str text, const char *path)
{
    str all = arena_printf(l->arena, "%.*s%s", STR_ARG(text), path);
    for (size_t i = 0; i < text.n && i < all.n; i++)
        if (text.p[i] == 0)
            ((char *)(uintptr_t)all.p)[i] = '_';
    return cookie_make(l->key, stamp, all, '-');
}

static str current_text(struct mlist *l, const char *path)
{
    str text;
    if (list_file(l, path, LIST_TEXT_MAX, &text))
        return text;
    text = text_builtin(path + 5, l->japanese);
    auto_buf struct buf b;
    buf_init(&b, LIST_TEXT_MAX);
    text_in_charset(&b, l, text);
    return arena_copy(l->arena, buf_str(&b));
}

struct verdict manage_give_text(struct list_run *r, str name)
{
    struct mlist *l = r->list;
    struct reply p;
    const char *path = text_path(l, name);
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    if (!path) {
        reply_text(&p, "edit-list");
        return finish(&p);
    }
    str text = current_text(l, path);
    str stamp = arena_printf(l->arena, "%lld", (long long)r->now);
    struct cookie c = edit_cookie(l, stamp, text, path);
    p.reply_to = arena_printf(l->arena, "%.*s-ed.%.*s.%.*s.%s@%.*s", STR_ARG(l->outlocal),
                              STR_ARG(stamp), STR_ARG(name), c.at, STR_ARG(l->outhost));
    reply_text(&p, "edit-do");
    buf_addf(&p.body, "%%%%%% START OF TEXT FILE\n%.*s%%%%%% END OF TEXT FILE\n", STR_ARG(text));
    return finish(&p);
}

/* What stands between the two marks, without what a mail program puts before each line. */
static bool between_marks(str body, struct buf *out)
{
    str line, quote = {0};
    bool inside = false;
    while (str_line(&body, &line)) {
        ptrdiff_t at = str_find_str(line, S("%%%"));
        bool mark = at >= 0 && at <= 5;
        if (mark && inside)
            return !out->over;
        if (mark) {
            inside = true;
            quote = str_slice(line, 0, (size_t)at);
        } else if (inside) {
            (void)str_skip(&line, quote); /* a line that lost its quote mark is text all the same */
            buf_add(out, line);
            buf_addc(out, '\n');
        }
    }
    return false;
}

struct verdict manage_take_text(struct list_run *r, str rest)
{
    struct mlist *l = r->list;
    str stamp, name, cookie;
    uint64_t at;
    const char *path;
    if (!list_flag(l, FLAG_MODCANEDIT) || !str_cut(rest, '.', &stamp, &rest) ||
        !str_cut(rest, '.', &name, &cookie) || !(path = text_path(l, name)))
        return VERDICT(100, "illegal request format (#5.7.0)");
    struct cookie want = edit_cookie(l, stamp, current_text(l, path), path);
    if (!l->key.n || !str_u64(stamp, &at) || (int64_t)at > r->now ||
        r->now - (int64_t)at > EDIT_LIFE || !cookie_is(cookie, &want))
        return VERDICT(100, "edit request is too old, or the text has changed since (#5.7.0)");
    auto_buf struct buf text;
    buf_init(&text, EDIT_MAX);
    if (!between_marks(header_split(r->message, 0).body, &text))
        return VERDICT(100, "no text between the marks, or it is too long (#5.7.0)");
    err e = dir_make(l->dir, "text", 0755);
    if (!failed(e))
        e = file_replace(l->dir, path, buf_str(&text), 0644);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to write the text").text};
    struct reply p;
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    reply_text(&p, "edit-done");
    return finish(&p);
}
