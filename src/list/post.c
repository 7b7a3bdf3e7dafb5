/* SPDX-License-Identifier: ISC */
/* How it works: under the list's lock the message is written twice, as it goes out and as the
 * archive keeps it; the archive's copy is made durable, then num, then the queue gets the post. */
#include "list/post.h"

#include <stdio.h>

#include "list/archive.h"
#include "list/lock.h"
#include "list/members.h"
#include "list/post_body.h"
#include "list/reply.h"
#include "list/subject.h"
#include "list/text.h"
#include "os/file.h"
#include "wire/addrlist.h"
#include "wire/charset.h"
#include "wire/header.h"
#include "wire/words.h"

enum {
    BATCH = 900,              /* recipients of one message in the queue */
    BATCH_BYTES = 48 << 10,   /* their addresses */
    HEADER_ADD_MAX = 1 << 20, /* what a list puts on top */
};

struct post {
    struct list_run *run;
    struct mlist *list;
    struct header_split in;
    struct list_num num;
    str prefix, trailer;
    bool replytolist, rewritefrom, listid, sublist, keep;
    struct list_lines names; /* headerremove, or headerkeep */
    struct buf out, kept;    /* as it goes out; as the archive has it */
    str subject;             /* raw, if it goes last */
    bool has_subject;
};

static bool named(const struct list_lines *l, str name)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_ieq(l->at[i], name))
            return true;
    return false;
}

static struct verdict check(struct list_run *r, bool sublist, str parent)
{
    struct header_field f;
    str header = header_split(r->message, 0).header;
    if (!r->has_sender)
        return (struct verdict){0};
    if (r->sender.n == 0 || str_eq(r->sender, S("#@[]")))
        return VERDICT(100, "I don't reply to bounce messages (#5.7.2)");
    bool has_list = header_find(header, S("Mailing-List"), &f);
    if (sublist) {
        ptrdiff_t at = str_rfind(parent, '@');
        str local = str_slice(parent, 0, at < 0 ? parent.n : (size_t)at), s = r->sender;
        if (!str_iskip(&s, local) || !str_istarts(s, S("-return-")) ||
            (at >= 0 && !str_iends(s, str_from_at(parent, (size_t)at))))
            return VERDICT(100, "this message is not from my parent list (#5.7.2)");
        if (!has_list)
            return VERDICT(100, "sublist messages must have Mailing-List (#5.7.2)");
    } else if (has_list) {
        return VERDICT(100, "message already has a Mailing-List header (maybe I should be a "
                            "sublist) (#5.7.2)");
    }
    str own = reply_delivered(r->list, "mailing list");
    while (header_next(&header, &f))
        if (str_ieq(f.name, S("Delivered-To")) && str_eq(str_trim(f.value), own))
            return VERDICT(100, "this message is looping: it already has my Delivered-To line "
                                "(#5.4.6)");
    return (struct verdict){0};
}

/* Lines that came from a file of the list, ended by LF each, tags filled in. */
static err add_own(struct post *p)
{
    struct mlist *l = p->list;
    struct text_tags tags = {.number = p->num.number};
    struct list_lines add = list_values(l, "headeradd");
    str id;
    buf_addf(&p->out, "Mailing-List: contact %.*s-help@%.*s; run by ezmlm\n", STR_ARG(l->outlocal),
             STR_ARG(l->outhost));
    if (list_value(l, "listid", &id)) {
        p->listid = true;
        buf_add(&p->out, S("List-ID: "));
        text_expand(&p->out, l, &tags, id);
        buf_addc(&p->out, '\n');
    }
    for (size_t i = 0; i < add.n; i++) {
        if (str_find_str(add.at[i], S("<#A#>")) >= 0 || str_find_str(add.at[i], S("<#t#>")) >= 0)
            return err_new(ERR_TEMP, "headeradd has a tag of one member");
        text_expand(&p->out, l, &tags, add.at[i]);
        buf_addc(&p->out, '\n');
    }
    buf_addf(&p->out, "Delivered-To: %.*s\n", STR_ARG(reply_delivered(l, "mailing list")));
    if (p->replytolist)
        buf_addf(&p->out, "Reply-To: %.*s\n", STR_ARG(list_address(l, "")));
    return OK_ERR;
}

/* "Name via list" <list@host>, so that the author's domain is not claimed. The author stays
 * reachable by Reply-To, if nobody asked for another. */
static void add_from(struct post *p, const struct header_field *f)
{
    struct mlist *l = p->list;
    struct header_field other;
    auto_buf struct buf name, utf8;
    buf_init(&name, 8192);
    buf_init(&utf8, 8192);
    words_to_utf8(&utf8, author_name(l->arena, f->value));
    str n = buf_str(&utf8);
    for (size_t i = 0; i < n.n; i++)
        if (n.p[i] != '"' && n.p[i] != '\\')
            buf_addc(&name, n.p[i]);
    buf_addf(&name, " via %.*s", STR_ARG(l->outlocal));
    buf_add(&p->out, S("From: "));
    if (ascii_is_all(buf_str(&name)))
        buf_addf(&p->out, "\"%.*s\"", STR_ARG(buf_str(&name)));
    else
        words_encode(&p->out, buf_str(&name), 6, S("\n"));
    buf_addf(&p->out, " <%.*s>\n", STR_ARG(list_address(l, "")));
    if (!p->replytolist && !header_find(p->in.header, S("Reply-To"), &other))
        buf_addf(&p->out, "Reply-To:%.*s\n", STR_ARG(f->value));
}

static void add_line(struct buf *b, str raw)
{
    buf_add(b, raw);
    if (!str_ends(raw, S("\n")))
        buf_addc(b, '\n');
}

static void take_field(struct post *p, const struct header_field *f, bool *received)
{
    bool own = str_ieq(f->name, S("Mailing-List")) || (p->listid && str_ieq(f->name, S("List-ID")));
    if (!own)
        add_line(&p->kept, f->raw);
    if (own)
        return;
    if (str_ieq(f->name, S("Received"))) {
        if (!*received || p->sublist)
            add_line(&p->out, f->raw);
        *received = true;
    } else if (p->keep ? !named(&p->names, f->name) : named(&p->names, f->name)) {
        return;
    } else if (p->prefix.n && str_ieq(f->name, S("Subject"))) {
        p->subject = f->value;
        p->has_subject = true;
    } else if (p->replytolist && str_ieq(f->name, S("Reply-To"))) {
        return;
    } else if (p->rewritefrom && str_ieq(f->name, S("From"))) {
        add_from(p, f);
    } else {
        add_line(&p->out, f->raw);
    }
}

/* Subject with the prefix, unless it is there (an old number stays). */
static void add_subject(struct post *p)
{
    auto_buf struct buf plain;
    buf_init(&plain, 64 << 10);
    words_to_utf8(&plain, p->subject);
    str rest = buf_str(&plain);
    bool there = false;
    for (size_t i = 0; i < rest.n && i < 200 && !there; i++)
        there = prefix_length(str_from_at(rest, i), p->prefix) > 0;
    buf_add(&p->out, S("Subject:"));
    if (!there) {
        buf_addc(&p->out, ' ');
        for (size_t i = 0; i < p->prefix.n; i++) {
            if (p->prefix.p[i] == '#')
                buf_addf(&p->out, "%llu", (unsigned long long)p->num.number);
            else
                buf_addc(&p->out, p->prefix.p[i]);
        }
    }
    if (!there && (!p->subject.n || !char_is_space(*p->subject.p)))
        buf_addc(&p->out, ' ');
    add_line(&p->out, p->subject);
}

static err write_post(struct post *p)
{
    struct header_field f;
    str header = p->in.header;
    bool received = false;
    buf_addf(&p->kept, "Return-Path: <%.*s>\n", STR_ARG(p->run->sender));
    err e = add_own(p);
    if (failed(e))
        return e;
    while (header_next(&header, &f))
        take_field(p, &f, &received);
    if (p->prefix.n)
        add_subject(p);
    buf_addc(&p->out, '\n');
    buf_addc(&p->kept, '\n');
    str body = p->in.body;
    if (!post_body_strip(p->list, p->in.header, &body))
        return err_new(ERR_DENIED, "nothing is left of the message (#5.7.0)");
    buf_add(&p->kept, body);
    post_body_write(&p->out, p->in.header, body, p->trailer);
    e = buf_check(&p->out, "post is too large");
    return failed(e) ? e : buf_check(&p->kept, "post is too large");
}

struct batch {
    struct post *post;
    str to[BATCH];
    size_t n;
    struct arena *arena;
    str sender;
    bool sent; /* some of it is in the queue */
};

static err batch_send(struct batch *b)
{
    if (!b->n)
        return OK_ERR;
    struct list_mail mail = {
        .sender = b->sender, .to = b->to, .n = b->n, .message = buf_str(&b->post->out)};
    err e = b->post->run->send(b->post->run->ctx, &mail);
    b->sent |= !failed(e);
    b->n = 0;
    arena_reset(b->arena);
    return e;
}

static err batch_add(void *ctx, str address)
{
    struct batch *b = ctx;
    err e = OK_ERR;
    if (b->n == BATCH || arena_used(b->arena) > BATCH_BYTES)
        e = batch_send(b);
    b->to[b->n++] = arena_copy(b->arena, address);
    return e;
}

static err send_all(struct post *p)
{
    struct mlist *l = p->list;
    struct members m;
    struct batch *b = NEW(l->arena, struct batch);
    b->post = p;
    b->arena = arena_new("recipients", 1 << 20);
    b->sender = arena_printf(l->arena, "%.*s-return-%llu-@%.*s-@[]", STR_ARG(l->outlocal),
                             (unsigned long long)p->num.number, STR_ARG(l->outhost));
    err e = members_open(l->dir, S(""), &m);
    if (!failed(e)) {
        e = members_each(&m, batch_add, b);
        if (!failed(e))
            e = batch_send(b);
        members_close(&m);
    }
    arena_free(b->arena);
    /* Some members have the post: taking its number back would give it to another post. */
    if (failed(e) && b->sent)
        p->num.units = UINT64_MAX;
    return e;
}

static void settings(struct post *p)
{
    static const char *const defaults[] = {"return-path", "return-receipt-to",    "content-length",
                                           "precedence",  "x-confirm-reading-to", "x-pmrqc"};
    struct mlist *l = p->list;
    str text;
    (void)list_value(l, "prefix", &p->prefix); /* none is fine */
    p->replytolist = list_flag(l, FLAG_REPLYTOLIST);
    p->rewritefrom = list_flag(l, FLAG_REWRITEFROM);
    p->keep = list_file(l, "headerkeep", LIST_VALUE_MAX, &text);
    p->names = list_values(l, p->keep ? "headerkeep" : "headerremove");
    if (!p->names.n && !p->keep) {
        p->names.n = sizeof defaults / sizeof defaults[0];
        p->names.at = NEW_N(l->arena, str, p->names.n);
        for (size_t i = 0; i < p->names.n; i++)
            p->names.at[i] = str_from(defaults[i]);
    }
    if (!list_flag(l, FLAG_ADDTRAILER) && !list_has(l, "text/trailer"))
        return;
    if (!list_flag(l, FLAG_ADDTRAILER) && l->generation >= LIST_LETTERS)
        return;
    struct text_tags tags = {.number = p->num.number};
    auto_buf struct buf b;
    buf_init(&b, LIST_TEXT_MAX);
    (void)text_write(&b, l, &tags, "trailer");
    p->trailer = arena_copy(l->arena, buf_str(&b));
}

static err commit(struct post *p)
{
    struct mlist *l = p->list;
    err e = OK_ERR;
    if (list_flag(l, FLAG_ARCHIVED)) {
        e = archive_write(l, p->num.number, buf_str(&p->kept));
        if (!failed(e) && list_flag(l, FLAG_INDEXED))
            e = archive_index(l, p->num.number, buf_str(&p->kept));
    }
    return failed(e) ? e : num_write(l, &p->num);
}

struct verdict list_post(struct list_run *r)
{
    struct mlist *l = r->list;
    str parent = {0};
    bool sublist = list_value(l, "sublist", &parent);
    struct verdict v = check(r, sublist, parent);
    if (v.code)
        return v;
    auto_fd int lock = -1;
    struct list_num before;
    struct post p = {.run = r, .list = l, .sublist = sublist, .in = header_split(r->message, 0)};
    err e = list_lock(l->dir, "lock", &lock);
    if (!failed(e))
        e = num_read(l, "num", &before);
    if (failed(e))
        return verdict_of(e, "unable to number the post");
    p.num = (struct list_num){before.number + 1, before.units + ((p.in.body.n + 128) >> 8)};
    settings(&p);
    buf_init(&p.out, (size_t)LIST_POST_MAX + HEADER_ADD_MAX);
    buf_init(&p.kept, (size_t)LIST_POST_MAX + HEADER_ADD_MAX);
    e = write_post(&p);
    if (!failed(e))
        e = commit(&p);
    if (failed(e)) {
        v = verdict_of(e, "unable to make the post");
    } else if (failed(e = send_all(&p))) {
        v = verdict_of(e, "unable to queue the post");
        v.code = 111;
        if (p.num.units != UINT64_MAX && failed(num_write(l, &before)))
            v = VERDICT(111, "unable to queue the post, nor to put its number back");
    }
    buf_done(&p.out);
    buf_done(&p.kept);
    return v;
}
