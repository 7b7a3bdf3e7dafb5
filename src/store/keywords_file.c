/* SPDX-License-Identifier: ISC */
#include "store/keywords_file.h"

#include "os/clock.h"
#include "os/file.h"
#include "store/lock.h"

#define KEYWORDS_LOCK KEYWORDS_FILE ".lock" /* Dovecot's name for it */
enum { FILE_MAX = 64 * 1024, LOCK_MS = 10 * 1000, STALE_S = 60 };

err keywords_lock(int maildir, int *ret_lock)
{
    return dotlock_take(maildir, KEYWORDS_LOCK, STALE_S, deadline_in_ms(LOCK_MS), ret_lock);
}

void keywords_unlock(int maildir, int *lock)
{
    dotlock_drop(maildir, KEYWORDS_LOCK, lock);
}

static err read_file(int maildir, struct keywords *k)
{
    auto_arena struct arena *a = arena_new("keywords", 1 << 20);
    str text;
    err e = file_read(maildir, KEYWORDS_FILE, FILE_MAX, a, &text);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (!failed(e))
        keywords_parse(k, text);
    return e;
}

static err write_file(int maildir, const struct keywords *k)
{
    auto_buf struct buf text;
    buf_init(&text, FILE_MAX);
    keywords_write(k, &text);
    return file_replace(maildir, KEYWORDS_FILE, buf_str(&text), 0600);
}

static bool all_known(const struct keywords *k, const str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keywords_find(k, names[i]) < 0)
            return false;
    return true;
}

/* Those for which there is a letter, new ones too. */
static err letters(struct keywords *k, const str *names, size_t n, bool may_add,
                   uint32_t *ret_letters, bool *ret_added)
{
    *ret_letters = 0;
    for (size_t i = 0; i < n; i++) {
        int letter = keywords_find(k, names[i]);
        if (letter < 0 && may_add) {
            err e = keywords_need(k, names[i], &letter, ret_added);
            if (e.kind == ERR_LIMIT || e.kind == ERR_SYNTAX)
                continue;
            if (failed(e))
                return e;
        }
        if (letter >= 0)
            *ret_letters |= UINT32_C(1) << letter;
    }
    return OK_ERR;
}

err keywords_file_need(int maildir, const str *names, size_t n, uint32_t *ret_letters)
{
    struct keywords k = {0};
    bool added = false;
    err e = read_file(maildir, &k);
    if (!failed(e) && all_known(&k, names, n)) {
        e = letters(&k, names, n, false, ret_letters, &added);
        keywords_done(&k);
        return e;
    }
    int lock = -1;
    if (!failed(e))
        e = keywords_lock(maildir, &lock);
    if (!failed(e))
        e = read_file(maildir, &k); /* again: now nobody else writes */
    if (!failed(e))
        e = letters(&k, names, n, true, ret_letters, &added);
    if (!failed(e) && added)
        e = write_file(maildir, &k);
    if (lock >= 0)
        keywords_unlock(maildir, &lock);
    keywords_done(&k);
    return e;
}
