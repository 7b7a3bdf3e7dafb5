/* SPDX-License-Identifier: ISC */
/* How it works: the posts are read one after the other, first for their subjects, then for their
 * texts. m and x are multipart (digest, mixed) with the headers people read; v keeps all headers;
 * n is v without the list of subjects; r is RFC 1153's plain text. */
#include "base/vec.h"
#include "list/archive.h"
#include "list/get.h"
#include "list/get_private.h"
#include "list/lock.h"
#include "list/members.h"
#include "list/reply.h"
#include "list/subject.h"
#include "os/file.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/words.h"

enum { DIGEST_MAX = 256 << 20, ARENA_MAX = 1 << 30 };

bool archive_has_any(const struct mlist *l, uint64_t from, uint64_t to)
{
    struct stat st;
    for (uint64_t n = from; n <= to; n++)
        if (!failed(file_stat(l->dir, archive_path(l->arena, n), &st)) && (st.st_mode & S_IXUSR))
            return true;
    return false;
}

/* The header of a post as a digest shows it. */
static void add_header(struct buf *b, const struct digest_mail *d, str header, char format)
{
    static const char *const usual[] = {"from",         "to",           "cc",
                                        "subject",      "date",         "message-id",
                                        "mime-version", "content-type", "content-transfer-encoding",
                                        "in-reply-to",  "references",   "keywords"};
    struct list_lines own = list_values(d->run->list, "digheaders");
    struct header_field f;
    bool all = format == 'v' || format == 'n';
    while (header_next(&header, &f)) {
        bool wanted = all;
        for (size_t i = 0; i < own.n && !wanted; i++)
            wanted = str_ieq(f.name, own.at[i]);
        for (size_t i = 0; !own.n && i < sizeof usual / sizeof usual[0] && !wanted; i++)
            wanted = str_ieq(f.name, str_from(usual[i]));
        if (!wanted)
            continue;
        buf_add(b, f.raw);
        if (!str_ends(f.raw, S("\n")))
            buf_addc(b, '\n');
    }
}

static void add_topic(struct buf *b, struct digest_mail *d, uint64_t number, str post)
{
    struct mlist *l = d->run->list;
    str header = header_split(post, 0).header;
    struct header_field subject = {0}, from = {0};
    auto_buf struct buf text;
    buf_init(&text, 64 << 10);
    (void)header_find(header, S("Subject"), &subject);
    (void)header_find(header, S("From"), &from);
    words_to_utf8(&text, subject.value);
    text_in_charset(b, l, arena_copy(l->arena, str_trim(buf_str(&text))));
    buf_addf(b, "\n\t%llu by: ", (unsigned long long)number);
    buf_reset(&text);
    words_to_utf8(&text, from.value);
    text_in_charset(b, l, arena_copy(l->arena, str_trim(buf_str(&text))));
    buf_addc(b, '\n');
}

struct writing {
    struct digest_mail *d;
    struct arena *arena; /* of one post */
    str boundary;
    char format;
    struct buf topics, posts;
};

static void add_post(struct writing *w, uint64_t number, str post)
{
    struct header_split m = header_split(post, 0);
    if (w->format == 'r') {
        add_header(&w->posts, w->d, m.header, 'r');
        buf_addf(&w->posts, "\n%.*s\n------------------------------\n\n", STR_ARG(m.body));
        return;
    }
    buf_addf(&w->posts,
             "\n--%.*s\nContent-Type: message/rfc822\nContent-Disposition: inline; "
             "filename=%.*s_%llu.ezm\n\n",
             STR_ARG(w->boundary), STR_ARG(w->d->run->list->outlocal), (unsigned long long)number);
    add_header(&w->posts, w->d, m.header, w->format);
    buf_addf(&w->posts, "\n%.*s\n", STR_ARG(m.body));
}

static void take_post(struct writing *w, uint64_t number)
{
    str post;
    arena_reset(w->arena);
    if (failed(archive_read(w->d->run->list, number, w->arena, &post)))
        return; /* a gap in the archive */
    if (w->format != 'n')
        add_topic(&w->topics, w->d, number, post);
    add_post(w, number, post);
}

static void add_head(struct buf *b, struct digest_mail *d, str to, uint64_t first)
{
    struct mlist *l = d->run->list;
    struct text_tags tags = {.number = first};
    auto_buf struct buf subject;
    buf_init(&subject, 4096);
    buf_addf(b, "Mailing-List: contact %.*s-help@%.*s; run by ezmlm\nPrecedence: bulk\nDate: ",
             STR_ARG(l->outlocal), STR_ARG(l->outhost));
    date_write_qmail(b, d->run->now);
    buf_addf(b, "\nMessage-ID: <%lld.%llu.%u.ezmlm@%.*s>\nFrom: %.*s\nTo: %.*s\n",
             (long long)d->run->now, (unsigned long long)d->run->pid, ++d->run->sent,
             STR_ARG(l->outhost),
             STR_ARG(d->issue ? list_address(l, "-digest-help") : list_address(l, "-help")),
             STR_ARG(to));
    if (d->issue)
        buf_addf(b, "Reply-To: %.*s\n", STR_ARG(list_address(l, "")));
    buf_addf(b, "Delivered-To: %.*s\n", STR_ARG(reply_delivered(l, "responder for")));
    date_write_qmail(&subject, d->run->now);
    str day = buf_str(&subject), topic = d->issue ? S("SUBJECT_DIGEST") : S("SUBJECT_RESPONSE");
    auto_buf struct buf text;
    buf_init(&text, 4096);
    text_message(&text, l, &tags, arena_cstr(l->arena, topic));
    if (d->issue)
        buf_addf(&text, " %.*s Issue %llu", STR_ARG(day), (unsigned long long)d->issue);
    buf_add(b, S("Subject: "));
    words_encode(b, buf_str(&text), 9, S("\n"));
    buf_add(b, S("\nMIME-Version: 1.0\n"));
}

static void add_front(struct buf *b, struct writing *w, uint64_t first)
{
    struct mlist *l = w->d->run->list;
    struct text_tags tags = {.number = first};
    auto_buf struct buf title;
    buf_init(&title, 4096);
    (void)text_write(b, l, &tags, "digest"); /* it may be empty */
    text_message(&title, l, &tags, "SUBJECT_TOPICS");
    text_in_charset(b, l, arena_copy(l->arena, buf_str(&title)));
    buf_add(b, S(":\n\n"));
    buf_add(b, buf_str(&w->topics));
}

static char format_of(const struct digest_mail *d)
{
    str text;
    if (d->format && str_find(S("mrvnx"), d->format) >= 0)
        return d->format;
    return list_value(d->run->list, "digformat", &text) && str_find(S("mrvnx"), *text.p) >= 0
               ? *text.p
               : 'm';
}

err digest_mail_send(struct digest_mail *d, const str *to, size_t n)
{
    struct mlist *l = d->run->list;
    struct writing w = {.d = d, .format = format_of(d), .arena = arena_new("posts", ARENA_MAX)};
    auto_buf struct buf b;
    uint64_t first = d->chosen ? d->posts[0] : d->from;
    buf_init(&b, DIGEST_MAX);
    buf_init(&w.topics, DIGEST_MAX);
    buf_init(&w.posts, DIGEST_MAX);
    w.boundary = arena_printf(l->arena, "=_%lld_%llu_digest", (long long)d->run->now,
                              (unsigned long long)d->run->pid);
    for (size_t i = 0; d->chosen && i < d->n; i++)
        take_post(&w, d->posts[i]);
    for (uint64_t i = d->from; !d->chosen && i <= d->to; i++)
        take_post(&w, i);
    add_head(&b, d, d->issue ? list_address(l, "-digest") : to[0], first);
    if (w.format == 'r') {
        buf_addf(&b, "Content-Type: text/plain; charset=%.*s\n\n", STR_ARG(l->charset));
        add_front(&b, &w, first);
        buf_add(&b, S("\n----------------------------------------------------------------------"
                      "\n\n"));
        buf_add(&b, buf_str(&w.posts));
    } else {
        buf_addf(&b,
                 "Content-Type: multipart/%s; boundary=\"%.*s\"\n\n--%.*s\nContent-Type: "
                 "text/plain; charset=%.*s\n\n",
                 w.format == 'x' ? "mixed" : "digest", STR_ARG(w.boundary), STR_ARG(w.boundary),
                 STR_ARG(l->charset));
        add_front(&b, &w, first);
        buf_add(&b, buf_str(&w.posts));
        buf_addf(&b, "\n--%.*s--\n", STR_ARG(w.boundary));
    }
    buf_done(&w.topics);
    buf_done(&w.posts);
    arena_free(w.arena);
    err e = buf_check(&b, "digest is too large");
    if (failed(e))
        return e;
    str sender =
        d->issue ? arena_printf(l->arena, "%.*s-digest-return-%llu-@%.*s-@[]", STR_ARG(l->outlocal),
                                (unsigned long long)first, STR_ARG(l->outhost))
                 : list_address(l, "-return-");
    enum { BATCH = 150 }; /* 400 octets an address fit a packet of the queue */
    for (size_t at = 0; at < n && !failed(e); at += BATCH) {
        struct list_mail mail = {.sender = sender,
                                 .to = to + at,
                                 .n = n - at < BATCH ? n - at : BATCH,
                                 .message = buf_str(&b)};
        e = d->run->send(d->run->ctx, &mail);
    }
    return e;
}

/* "N:K:unixtime", of the last digest. */
struct last_digest {
    uint64_t number, units, when;
};

static err read_last(const struct mlist *l, struct last_digest *ret)
{
    str text;
    *ret = (struct last_digest){0};
    err e = file_read(l->dir, "dignum", 256, l->arena, &text);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    (void)str_take_u64(&text, &ret->number); /* what is missing is 0 */
    if (str_skip(&text, S(":")))
        (void)str_take_u64(&text, &ret->units);
    if (str_skip(&text, S(":")))
        (void)str_take_u64(&text, &ret->when);
    return OK_ERR;
}

static uint64_t bound_of(const struct mlist *l, int64_t given, const char *file, uint64_t usual)
{
    str text;
    uint64_t value;
    if (given >= 0)
        return (uint64_t)given;
    return list_value(l, file, &text) && str_u64(text, &value) ? value : usual;
}

struct verdict list_digest_due(struct list_run *r, const struct digest_rules *rules)
{
    struct mlist *l = r->list;
    struct list_num num;
    struct last_digest last;
    err e = num_read(l, "num", &num);
    if (!failed(e))
        e = read_last(l, &last);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to read the numbers").text};
    if (num.number <= last.number)
        return (struct verdict){.code = 99};
    uint64_t posts = bound_of(l, rules->posts, "digcount", 30);
    uint64_t kilobytes = bound_of(l, rules->kilobytes, "digsize", 64);
    uint64_t hours = bound_of(l, rules->hours, "digtime", 48);
    bool due =
        (posts && num.number - last.number >= posts) ||
        (kilobytes && num.units > last.units && (num.units - last.units) >> 2 >= kilobytes) ||
        (hours && (uint64_t)r->now >= last.when && /* a list that never had one: at once */
         (uint64_t)r->now - last.when >= hours * 3600);
    return (struct verdict){.code = due ? 0 : 99};
}

struct readers {
    struct arena *arena;
    VEC(str) all;
};

static err note(void *ctx, str address)
{
    struct readers *r = ctx;
    vec_push(&r->all, arena_copy(r->arena, address));
    return OK_ERR;
}

static err send_to_readers(struct list_run *r, struct digest_mail *d)
{
    struct members m;
    struct readers to = {.arena = arena_new("readers", 1 << 30)};
    err e = members_open(r->list->dir, S("digest"), &m);
    if (!failed(e)) {
        e = members_each(&m, note, &to);
        members_close(&m);
    }
    if (e.kind == ERR_NOTFOUND)
        e = OK_ERR; /* nobody reads digests */
    if (!failed(e) && to.all.n)
        e = digest_mail_send(d, to.all.at, to.all.n);
    vec_done(&to.all);
    arena_free(to.arena);
    return e;
}

struct verdict list_digest(struct list_run *r)
{
    struct mlist *l = r->list;
    struct list_num num;
    struct last_digest last;
    uint64_t issue = 0;
    str text;
    auto_fd int lock = -1;
    err e = list_lock(l->dir, "lock", &lock);
    if (!failed(e))
        e = num_read(l, "num", &num);
    if (!failed(e))
        e = read_last(l, &last);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to make a digest").text};
    if (num.number <= last.number)
        return (struct verdict){0};
    if (!failed(file_read(l->dir, "digissue", 256, l->arena, &text)))
        (void)str_take_u64(&text, &issue); /* none yet: the first */
    struct digest_mail d = {
        .run = r, .from = last.number + 1, .to = num.number, .issue = issue + 1};
    if (d.to - d.from >= GET_POSTS_MAX) /* a first digest of an old list does not hold all of it */
        d.from = d.to - GET_POSTS_MAX + 1;
    e = send_to_readers(r, &d);
    if (!failed(e))
        e = file_replace(l->dir, "digissue",
                         arena_printf(l->arena, "%llu:0\n", (unsigned long long)(issue + 1)), 0644);
    if (!failed(e))
        e = file_replace(l->dir, "dignum",
                         arena_printf(l->arena, "%llu:%llu:%lld\n", (unsigned long long)num.number,
                                      (unsigned long long)num.units, (long long)r->now),
                         0644);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to make a digest").text}
                     : (struct verdict){0};
}
