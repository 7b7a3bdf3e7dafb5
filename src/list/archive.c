/* SPDX-License-Identifier: ISC */
#include "list/archive.h"

#include "list/cookie.h"
#include "list/subject.h"
#include "os/file.h"
#include "wire/header.h"

enum { INDEX_MAX = 16 << 20, HUNDRED = 100 };

err num_read(const struct mlist *l, const char *file, struct list_num *ret)
{
    str text;
    *ret = (struct list_num){0};
    err e = file_read(l->dir, file, 256, l->arena, &text);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    if (!str_take_u64(&text, &ret->number))
        return OK_ERR; /* an empty file counts as none, as ezmlm has it */
    if (str_skip(&text, S(":")))
        (void)str_take_u64(&text, &ret->units); /* 0.53 has none */
    return OK_ERR;
}

err num_write(const struct mlist *l, const struct list_num *n)
{
    str text = l->generation == LIST_053
                   ? arena_printf(l->arena, "%llu\n", (unsigned long long)n->number)
                   : arena_printf(l->arena, "%llu:%llu\n", (unsigned long long)n->number,
                                  (unsigned long long)n->units);
    return file_replace(l->dir, "num", text, 0644);
}

const char *archive_path(struct arena *a, uint64_t number)
{
    return arena_printf(a, "archive/%llu/%02llu", (unsigned long long)(number / HUNDRED),
                        (unsigned long long)(number % HUNDRED))
        .p;
}

static const char *index_path(struct arena *a, uint64_t hundred)
{
    return arena_printf(a, "archive/%llu/index", (unsigned long long)hundred).p;
}

err archive_write(const struct mlist *l, uint64_t number, str text)
{
    const char *path = archive_path(l->arena, number);
    const char *folder =
        arena_printf(l->arena, "archive/%llu", (unsigned long long)(number / HUNDRED)).p;
    auto_fd int fd = -1, dir = -1;
    err e = dir_make_all(l->dir, folder, 0755);
    if (!failed(e))
        e = file_open(l->dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd);
    /* What a failed post left here may bear the bit still. */
    if (!failed(e) && fchmod(fd, 0644) < 0)
        e = err_sys("chmod");
    if (!failed(e))
        e = file_write(fd, text);
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e) && fchmod(fd, 0744) < 0)
        e = err_sys("chmod");
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = dir_open(l->dir, folder, &dir);
    return failed(e) ? e : dir_sync(dir);
}

err archive_read(const struct mlist *l, uint64_t number, struct arena *a, str *ret)
{
    struct stat st;
    const char *path = archive_path(l->arena, number);
    err e = file_stat(l->dir, path, &st);
    if (!failed(e) && !(st.st_mode & S_IXUSR))
        e = err_new(ERR_NOTFOUND, "post is not complete");
    return failed(e) ? e : file_read(l->dir, path, LIST_POST_MAX, a, ret);
}

/* What stands behind the ';' of the top Received. */
static str received_date(struct arena *a, str header)
{
    str value = header_value(a, header, S("Received"));
    ptrdiff_t at = str_rfind(value, ';');
    return at < 0 ? header_value(a, header, S("Date"))
                  : str_trim(str_from_at(value, (size_t)at + 1));
}

void index_lines(struct buf *b, const struct mlist *l, uint64_t number, str message)
{
    str header = header_split(message, 0).header, prefix = {0};
    struct header_field f = {0}, from = {0};
    bool reply;
    (void)list_value(l, "prefix", &prefix); /* none is fine */
    (void)header_find(header, S("Subject"), &f);
    (void)header_find(header, S("From"), &from);
    str subject = subject_of(l->arena, f.value, prefix, &reply);
    struct cookie s = cookie_of_text(subject);
    struct cookie author = cookie_of_text(author_key(l->arena, from.value));
    buf_addf(b, "%llu: %s %s%.*s\n", (unsigned long long)number, s.at, reply ? "Re: " : "",
             STR_ARG(subject));
    buf_addf(b, "\t%.*s;%s %.*s\n", STR_ARG(received_date(l->arena, header)), author.at,
             STR_ARG(author_name(l->arena, from.value)));
}

str archive_index_read(const struct mlist *l, uint64_t hundred, struct arena *a)
{
    str text;
    return failed(file_read(l->dir, index_path(l->arena, hundred), INDEX_MAX, a, &text)) ? S("")
                                                                                         : text;
}

/* The index up to this number: what a failed or killed post left behind it goes. */
static str index_before(str text, uint64_t number)
{
    str rest = text;
    struct index_entry e;
    size_t end = 0;
    while (index_next(&rest, &e) && e.number < number)
        end = text.n - rest.n;
    return str_slice(text, 0, end);
}

err archive_index(const struct mlist *l, uint64_t number, str message)
{
    auto_buf struct buf b;
    buf_init(&b, INDEX_MAX);
    const char *path = index_path(l->arena, number / HUNDRED);
    str old = archive_index_read(l, number / HUNDRED, l->arena);
    buf_add(&b, index_before(old, number));
    index_lines(&b, l, number, message);
    err e = buf_check(&b, "index is too large");
    return failed(e) ? e : file_replace(l->dir, path, buf_str(&b), 0644);
}

err archive_reindex(const struct mlist *l, uint64_t hundred)
{
    auto_buf struct buf b;
    buf_init(&b, INDEX_MAX);
    struct arena *a = arena_new("post", (size_t)LIST_POST_MAX + (1 << 20));
    for (uint64_t n = hundred * HUNDRED; n < (hundred + 1) * HUNDRED; n++) {
        str text;
        arena_reset(a);
        if (n && !failed(archive_read(l, n, a, &text)))
            index_lines(&b, l, n, text);
    }
    arena_free(a);
    err e = buf_check(&b, "index is too large");
    return failed(e) || !b.n
               ? e
               : file_replace(l->dir, index_path(l->arena, hundred), buf_str(&b), 0644);
}

bool index_next(str *rest, struct index_entry *ret)
{
    str line, next, after;
    *ret = (struct index_entry){0};
    do {
        if (!str_line(rest, &line))
            return false;
    } while (!str_take_u64(&line, &ret->number));
    (void)str_skip(&line, S(":")); /* the old form has none */
    line = str_trim(line);
    (void)str_cut(line, ' ', &ret->hash, &ret->subject); /* no subject: empty */
    if (ret->hash.n != COOKIE_LETTERS)
        ret->hash = S("aaaaaaaaaaaaaaaaaaaa");
    ret->reply = str_skip(&ret->subject, S("Re: "));
    after = *rest;
    if (str_line(&after, &next) && str_skip(&next, S("\t"))) {
        *rest = after;
        ptrdiff_t at = str_find(next, ';');
        ret->date = str_slice(next, 0, at < 0 ? next.n : (size_t)at);
        (void)str_cut(at < 0 ? S("") : str_from_at(next, (size_t)at + 1), ' ', &ret->author_hash,
                      &ret->author);
    }
    return true;
}
