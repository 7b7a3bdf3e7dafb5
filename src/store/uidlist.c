/* SPDX-License-Identifier: ISC */
#include "store/uidlist.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "os/random.h"
#include "store/lock.h"

static bool take_u32(str *s, uint32_t *ret)
{
    uint64_t v;
    if (!str_take_u64(s, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static void header_v3(struct uidlist *l, str rest)
{
    uint32_t v;
    while (rest.n) {
        str word;
        (void)str_cut(rest, ' ', &word, &rest); /* the last word has no blank after it */
        char key = word.n ? word.p[0] : 0;
        str value = str_from_at(word, 1);
        if (key == 'V' && take_u32(&value, &v) && !value.n)
            l->uidvalidity = v;
        else if (key == 'N' && take_u32(&value, &v) && !value.n)
            l->nextuid = v;
        else if (key == 'G' && value.n == 32)
            memcpy(l->guid, value.p, 32);
    }
    l->version = l->uidvalidity ? 3 : 0;
}

struct uidlist uidlist_header(str *text)
{
    struct uidlist l = {.nextuid = 1};
    str line;
    if (!str_line(text, &line))
        return l;
    if (str_skip(&line, S("3 "))) {
        header_v3(&l, line);
    } else if (str_skip(&line, S("1 ")) && take_u32(&line, &l.uidvalidity) &&
               str_skip(&line, S(" ")) && take_u32(&line, &l.nextuid)) {
        l.version = l.uidvalidity ? 1 : 0;
    }
    if (l.nextuid == 0)
        l.nextuid = 1;
    return l;
}

static bool parse_record(const struct uidlist *l, str line, struct uidlist_record *r)
{
    if (!take_u32(&line, &r->uid) || r->uid == 0 || r->uid == UINT32_MAX ||
        !str_skip(&line, S(" ")))
        return false;
    while (l->version == 3 && line.n && line.p[0] != ':') {
        str word;
        if (!str_cut(line, ' ', &word, &line))
            return false;
        uint32_t v;
        if (str_skip(&word, S("W")) && take_u32(&word, &v) && !word.n)
            r->wire_size = v;
    }
    if (l->version == 3 && !str_skip(&line, S(":")))
        return false;
    ptrdiff_t colon = str_find(line, ':');
    r->base = colon < 0 ? line : str_slice(line, 0, (size_t)colon);
    return r->base.n > 0;
}

bool uidlist_next(struct uidlist *l, str *text, struct uidlist_record *ret)
{
    str line;
    for (;;) {
        const char *start = text->p;
        if (!str_cut(*text, '\n', &line, text))
            return false;
        if (str_ends(line, S("\r")))
            line.n--;
        struct uidlist_record r = {0};
        bool good = parse_record(l, line, &r);
        /* The greatest ever seen stays used up, whoever it belonged to. */
        if (r.uid && r.uid != UINT32_MAX && r.uid >= l->nextuid)
            l->nextuid = r.uid + 1;
        if (!good) {
            l->damaged++;
            continue;
        }
        if (l->version == 3)
            r.line = str_of(start, (size_t)(text->p - start));
        *ret = r;
        return true;
    }
}

void uidlist_header_write(struct buf *b, const struct uidlist *l)
{
    buf_addf(b, "3 V%u N%u G%s\n", l->uidvalidity, l->nextuid, l->guid);
}

void uidlist_record_write(struct buf *b, uint32_t uid, uint32_t wire_size, str base)
{
    if (wire_size)
        buf_addf(b, "%u W%u :%.*s\n", uid, wire_size, STR_ARG(base));
    else
        buf_addf(b, "%u :%.*s\n", uid, STR_ARG(base));
}

err uidlist_lock(int maildir, deadline by, int *ret_lock)
{
    return dotlock_take(maildir, UIDLIST_LOCK, UIDLIST_STALE_S, by, ret_lock);
}

void uidlist_unlock(int maildir, int *lock)
{
    dotlock_drop(maildir, UIDLIST_LOCK, lock);
}

err uidlist_replace(int maildir, str bytes)
{
    return file_replace(maildir, UIDLIST_FILE, bytes, 0600);
}

err uidlist_append(int maildir, str lines, enum uidlist_sync sync)
{
    auto_fd int fd = -1;
    err e = file_open(maildir, UIDLIST_FILE, O_RDWR | O_APPEND, 0, &fd);
    if (failed(e))
        return e;
    uint64_t before;
    e = fd_size(fd, &before);
    if (failed(e))
        return e;
    char last = '\n';
    if (before && pread(fd, &last, 1, (off_t)before - 1) < 0)
        return err_sys("read");
    if (last != '\n') { /* somebody's append broke off: its line must not swallow ours */
        e = file_write(fd, S("\n"));
        if (failed(e))
            return e;
    }
    e = sync == UIDLIST_SYNC ? file_append_durable(fd, lines) : file_write(fd, lines);
    if (failed(e) && ftruncate(fd, (off_t)before) < 0)
        return e; /* a half line is skipped by every reader */
    return e;
}

void uidlist_make_guid(char ret[33])
{
    (void)snprintf(ret, 33, "%016llx%016llx", (unsigned long long)random_u64(),
                   (unsigned long long)random_u64()); /* always 32 digits */
}
