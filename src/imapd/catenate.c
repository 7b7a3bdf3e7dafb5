/* SPDX-License-Identifier: ISC */
#include "imapd/catenate.h"

#include "imapd/shared.h"

#include "os/fd.h"
#include "wire/header.h"
#include "wire/imap_url.h"
#include "wire/mutf7.h"

enum { STRUCTURE_MAX = 64 << 20, PICK_MAX = 1 << 20, PIECE = 32 * 1024 };

static err nowhere(void)
{
    return err_new(ERR_NOTFOUND, "the URL names nothing here");
}

/* RFC 4469 3: the octets as FETCH would send them. */
static void add_text(struct incoming *to, str text, const struct imap_url *u)
{
    struct crlf_cursor c;
    crlf_open(&c, text);
    crlf_seek(&c, u->from);
    uint64_t left = u->has_partial && u->count > 0 ? u->count : UINT64_MAX;
    auto_buf struct buf b;
    buf_init(&b, PIECE + 16);
    while (left > 0) {
        size_t got = crlf_read(&c, &b, left < PIECE ? (size_t)left : PIECE);
        if (got == 0)
            break;
        incoming_add(to, buf_str(&b));
        buf_reset(&b);
        left -= got;
    }
}

static err add_fields(struct incoming *to, str header, const struct imap_url *u)
{
    auto_buf struct buf picked;
    buf_init(&picked, PICK_MAX);
    header_pick(&picked, header, u->section.names, u->section.names_n,
                u->section.fields == IMAP_FIELDS_NOT ? HEADER_PICK_OTHERS : HEADER_PICK_NAMED);
    err e = buf_check(&picked, "header fields");
    if (!failed(e))
        add_text(to, buf_str(&picked), u);
    return e;
}

static err add_section(struct incoming *to, str message, const struct imap_url *u)
{
    if (!u->has_section) {
        add_text(to, message, u);
        return OK_ERR;
    }
    const struct imap_section *sec = &u->section;
    struct header_split split = header_split(message, 0);
    auto_arena struct arena *a = arena_new("message structure", STRUCTURE_MAX);
    struct mime_text t = {0};
    if (sec->path_n > 0) {
        err e = mime_text(mime_parse(a, message), sec->path, sec->path_n, sec->what, &t);
        if (failed(e))
            return nowhere();
    } else if (sec->what == MIME_MIME) {
        return nowhere();
    } else {
        t.text = sec->what == MIME_TEXT ? split.body
                                        : str_slice(message, 0, split.header.n + split.separator.n);
    }
    if (sec->fields != IMAP_FIELDS_ALL)
        return add_fields(to, header_split(t.text, 0).header, u);
    add_text(to, t.text, u);
    return OK_ERR;
}

err catenate_url(struct session *s, str url, struct incoming *to)
{
    struct imap_url u;
    err e = imap_url_read(s->arena, url, &u);
    if (failed(e))
        return nowhere();
    auto_buf struct buf name;
    buf_init(&name, IMAP_MAILBOX_MAX * 4);
    e = mutf7_encode(&name, u.mailbox); /* RFC 5092 3: UTF-8, whatever was enabled */
    auto_fd int fd = -1;
    if (failed(e))
        return nowhere();
    struct store *asked = s->asked; /* where the new message goes stays what is spoken of */
    struct place at;
    e = shared_place(s, buf_str(&name), &at);
    if (!failed(e))
        e = store_pick(at.store, at.name, u.uidvalidity, u.uid, &fd);
    s->asked = asked;
    if (e.kind == ERR_NOTFOUND || e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT)
        return nowhere();
    str message = {0};
    if (!failed(e))
        e = fd_map(fd, SIZE_MAX, &message);
    if (!failed(e))
        e = add_section(to, message, &u);
    if (message.n > 0)
        fd_unmap(message);
    return e;
}
