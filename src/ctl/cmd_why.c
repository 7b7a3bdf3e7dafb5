/* SPDX-License-Identifier: ISC */
/* ctl/cmd_why.c -- the story of a message or an address, from the events.
 *
 * How it works: the log is read until the set of messages that belong to the question grows no
 * more (a bounce, a forward: each is a message of its own, linked by an event of the other's);
 * then once more, and each message's events become a tale, told oldest first. Whatever else
 * mentions what was asked (refusals, logins) stands at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/events.h"
#include "ctl/words.h"
#include "log/line.h"

enum {
    IDS_MAX = 10000,
    PASSES_MAX = 8, /* a chain of forwards longer than that is told in part */
    TALES = 20,     /* told unless -n says otherwise */
    TALE_LINES = 2000,
    READERS_MAX = 16, /* of one message: users whose next visit is told */
    BESIDES = 50,
    ARENA_MAX = 256 << 20,
};

struct tale {
    str id;
    VEC(str) lines;
    str readers[READERS_MAX];
    size_t n_readers;
};

struct link {   /* value of `ids` */
    str parent; /* empty: none known */
    bool is_bounce;
    struct tale *tale; /* NULL: not told */
};

struct why {
    struct ctl *ctl;
    struct arena *arena;
    str asked;
    bool as_events;  /* --events: as `twinpost log` shows them */
    struct map *ids; /* queue id -> struct link */
    struct tale *tales;
    size_t n_tales, left_out;
    str besides[BESIDES]; /* a ring */
    size_t n_besides;
};

static str field(str line, const char *key)
{
    struct log_pair p;
    return log_line_get(line, str_from(key), &p) ? p.raw : S("");
}

static bool is(str line, const char *event)
{
    return str_eq(field(line, "event"), str_from(event));
}

/* A delivery tells which new message it made: by &address, or by one of our programs. */
static str forwarded_as(str line)
{
    static const char *const marks[] = {"\\u000aqp ", "forward: qp ", "condredirect: qp "};
    str text = field(line, "text");
    if (!is(line, "delivery.done"))
        return S("");
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        str mark = str_from(marks[i]);
        ptrdiff_t at = str_find_str(text, mark);
        if (at < 0)
            continue;
        str id = str_from_at(text, (size_t)at + mark.n);
        size_t n = 0;
        while (n < id.n && char_is_digit(id.p[n]))
            n++;
        return str_slice(id, 0, n);
    }
    return S("");
}

static bool mentions(const struct why *w, str line)
{
    struct log_pair p;
    str rest = line;
    bool is_address = str_find(w->asked, '@') > 0;
    while (log_line_next(&rest, &p)) {
        if (str_eq(p.key, S("t")) || str_eq(p.key, S("text")))
            continue;
        if (str_ieq(p.raw, w->asked))
            return true;
        if (p.is_text && is_address && str_find_str(p.raw, w->asked) >= 0)
            return true; /* in a list of recipients, or as <…> */
    }
    return false;
}

static struct link *learn(struct why *w, str id)
{
    struct link *l = map_get(w->ids, id);
    if (l || !id.n || map_count(w->ids) >= IDS_MAX)
        return l;
    l = NEW(w->arena, struct link);
    map_put(w->ids, id, l);
    return l;
}

static void learn_child(struct why *w, str id, str child, bool is_bounce)
{
    if (!child.n || (!map_get(w->ids, id) && !map_get(w->ids, child)))
        return;
    struct link *l = learn(w, child);
    (void)learn(w, id);
    if (l && !l->parent.n) {
        l->parent = arena_copy(w->arena, id);
        l->is_bounce = is_bounce;
    }
}

static bool collect(void *ctx, str line)
{
    struct why *w = ctx;
    str id = field(line, "id");
    if (!id.n)
        return true;
    if (mentions(w, line))
        (void)learn(w, id);
    learn_child(w, id, field(line, "bounce"), true);
    learn_child(w, id, forwarded_as(line), false);
    return true;
}

/* ---- gathering ---- */

static struct tale *tale_of(struct why *w, str id)
{
    const struct link *l = map_get(w->ids, id);
    return l ? l->tale : NULL;
}

static void keep(struct why *w, struct tale *t, str line)
{
    if (t->lines.n < TALE_LINES)
        vec_push(&t->lines, arena_copy(w->arena, line));
}

static void expect_reader(struct why *w, struct tale *t, str rcpt)
{
    str user, host;
    (void)str_cut(rcpt, '@', &user, &host);
    if (t->n_readers < READERS_MAX)
        t->readers[t->n_readers++] = arena_lower(w->arena, user);
}

/* The first visit of someone who has a message of ours; which ones he read is not recorded. */
static void note_visit(struct why *w, str line)
{
    bool pop = is(line, "pop.retrieved");
    if (!pop && !(is(line, "auth.ok") && str_starts(field(line, "service"), S("imap"))))
        return;
    str user = field(line, "user");
    for (size_t i = 0; i < w->n_tales; i++)
        for (size_t r = 0; r < w->tales[i].n_readers; r++)
            if (str_eq(w->tales[i].readers[r], user)) {
                w->tales[i].readers[r] = S("");
                keep(w, &w->tales[i], line);
            }
}

static bool gather(void *ctx, str line)
{
    struct why *w = ctx;
    str id = field(line, "id");
    struct tale *t = id.n ? tale_of(w, id) : NULL;
    if (t) {
        keep(w, t, line);
        if (is(line, "delivery.done") && str_eq(field(line, "channel"), S("local")))
            expect_reader(w, t, field(line, "rcpt"));
        return true;
    }
    note_visit(w, line);
    if (!id.n && mentions(w, line))
        w->besides[w->n_besides++ % BESIDES] = arena_copy(w->arena, line);
    return true;
}

static int by_id(const void *a, const void *b) /* ids are times: oldest first */
{
    str x = ((const struct tale *)a)->id, y = ((const struct tale *)b)->id;
    return x.n != y.n ? (x.n < y.n ? -1 : 1) : str_cmp(x, y);
}

static int by_time(const void *a, const void *b)
{
    return str_cmp(field(*(const str *)a, "t"), field(*(const str *)b, "t"));
}

static void choose_tales(struct why *w, size_t most)
{
    size_t n = map_count(w->ids), at = 0, i = 0;
    struct tale *all = NEW_N(w->arena, struct tale, n + 1);
    void *value;
    while (map_next(w->ids, &at, &all[i].id, &value))
        i++;
    if (n)
        qsort(all, n, sizeof *all, by_id);
    w->left_out = n > most ? n - most : 0;
    w->tales = all + w->left_out;
    w->n_tales = n - w->left_out;
    for (i = 0; i < w->n_tales; i++)
        ((struct link *)map_get(w->ids, w->tales[i].id))->tale = &w->tales[i];
}

/* ---- telling ---- */

struct teller {
    struct why *why;
    struct buf *out;
    char day[16];
};

static void add_time(struct teller *t, str stamp)
{
    int v[6] = {0};
    char text[32], day[16];
    struct tm tm;
    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(stamp)); /* a longer one is no stamp */
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) != 6)
        return;
    struct civil c = {v[0], v[1], v[2], v[3], v[4], v[5], 0};
    time_t at = (time_t)civil_to_epoch(&c);
    if (!localtime_r(&at, &tm))
        return;
    if (!strftime(day, sizeof day, "%Y-%m-%d", &tm))
        return;
    if (strcmp(day, t->day) != 0)
        buf_addf(t->out, "  %s\n", day);
    memcpy(t->day, day, sizeof day);
    buf_addf(t->out, "  %02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static str plain(struct why *w, str raw)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    log_text(raw, &b);
    return arena_copy(w->arena, str_trim(buf_str(&b)));
}

/* An event of a message: its sentence, and the fields that %1, %2, %3 stand for. */
static const struct sentence {
    const char *event, *channel, *text;
    const char *fields[3];
} sentences[] = {
    {"smtp.accepted",
     NULL,
     "taken by %1 from %2, which calls itself %3",
     {"service", "peer", "helo"}},
    {"delivery.started", NULL, "%1: delivery begins", {"rcpt"}},
    {"delivery.done", "local", "%1: delivered here: %2", {"rcpt", "text"}},
    {"delivery.done", NULL, "%1: sent to another host: %2", {"rcpt", "text"}},
    {"delivery.deferred", NULL, "%1: not yet, it will be tried again: %2", {"rcpt", "text"}},
    {"delivery.failed", NULL, "%1: failed for good: %2", {"rcpt", "text"}},
    {"sieve.failed",
     NULL,
     "the mail filter of %1 failed, and the message is kept: %2",
     {"user", "text"}},
    {"queue.bounce", NULL, "the sender %2 is told: bounce %1", {"bounce", "rcpt"}},
    {"queue.triple_bounce",
     NULL,
     "%1: the bounce cannot be delivered either, and is dropped: %2",
     {"rcpt", "text"}},
    {"queue.changed", NULL, "the administrator: %1", {"what"}},
    {"queue.end", NULL, "done: nothing of it is in the queue any more", {0}},
    {"pop.retrieved", NULL, "%1 then fetched %2 message(s) by POP3", {"user", "messages"}},
    {"auth.ok", NULL, "%1 then looked in by IMAP", {"user"}},
};

static void tell_queued(struct teller *t, str line)
{
    bool by_program =
        !field(line, "sid").n && !str_eq(field(line, "qp"), S("0")) && field(line, "sender").n;
    str args[] = {field(line, "rcpts"), field(line, "uid"), field(line, "qp")};
    words_add(t->why->ctl, t->out,
              by_program ? "handed in by a program of this host (uid %2, pid %3); safe in the "
                           "queue, for %1 recipient(s)"
                         : "safe in the queue, for %1 recipient(s)",
              args, 3);
}

static void tell_sentence(struct teller *t, str line)
{
    add_time(t, field(line, "t"));
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const struct sentence *s = &sentences[i];
        if (!is(line, s->event) ||
            (s->channel && !str_eq(field(line, "channel"), str_from(s->channel))))
            continue;
        str args[3] = {0};
        for (size_t k = 0; k < 3 && s->fields[k]; k++)
            args[k] = plain(t->why, field(line, s->fields[k]));
        words_add(t->why->ctl, t->out, s->text, args, 3);
        buf_addc(t->out, '\n');
        return;
    }
    if (is(line, "queue.new"))
        tell_queued(t, line);
    else
        log_line_readable(line, t->out);
    buf_addc(t->out, '\n');
}

static void tell_event(struct teller *t, str line)
{
    tell_sentence(t, line);
    if (log_line_is(line, S("ended"), S("1"))) {
        add_time(t, field(line, "t"));
        words_add(t->why->ctl, t->out, "done: nothing of it is in the queue any more", NULL, 0);
        buf_addc(t->out, '\n');
    }
}

static str find_line(const struct tale *t, const char *event)
{
    for (size_t i = 0; i < t->lines.n; i++)
        if (is(t->lines.at[i], event))
            return t->lines.at[i];
    return S("");
}

/* Told by an event of its own, or with the last delivery's. */
static bool is_done(const struct tale *t)
{
    for (size_t i = 0; i < t->lines.n; i++)
        if (is(t->lines.at[i], "queue.end") || log_line_is(t->lines.at[i], S("ended"), S("1")))
            return true;
    return false;
}

static void tell_head(struct teller *t, const struct tale *tale)
{
    struct why *w = t->why;
    str first = find_line(tale, "queue.new"), accepted = find_line(tale, "smtp.accepted");
    str sender = plain(w, field(first, "sender"));
    str args[] = {tale->id, field(first, "size"),
                  sender.n ? sender : str_from(word(w->ctl, "nobody (a bounce)"))};
    words_add(w->ctl, t->out,
              first.n ? "Message %1: %2 bytes from %3"
                      : "Message %1 (its beginning is no longer in the log)",
              args, 3);
    buf_addc(t->out, '\n');
    str id = plain(w, field(accepted, "message_id"));
    const struct link *l = map_get(w->ids, tale->id);
    if (id.n) {
        buf_add(t->out, S("  "));
        words_add(w->ctl, t->out, "Message-ID %1", &id, 1);
        buf_addc(t->out, '\n');
    }
    if (l && l->parent.n) {
        buf_add(t->out, S("  "));
        words_add(w->ctl, t->out,
                  l->is_bounce ? "it is the bounce of message %1" : "it was sent on by message %1",
                  &l->parent, 1);
        buf_addc(t->out, '\n');
    }
}

static void tell_tale(struct teller *t, struct tale *tale)
{
    if (!tale->lines.n)
        return; /* its events have been rotated away */
    qsort(tale->lines.at, tale->lines.n, sizeof *tale->lines.at, by_time);
    t->day[0] = 0;
    if (t->why->as_events) {
        for (size_t i = 0; i < tale->lines.n; i++) {
            log_line_readable(tale->lines.at[i], t->out);
            buf_addc(t->out, '\n');
        }
        vec_done(&tale->lines);
        return;
    }
    tell_head(t, tale);
    for (size_t i = 0; i < tale->lines.n; i++)
        tell_event(t, tale->lines.at[i]);
    if (!is_done(tale)) {
        buf_add(t->out, S("  "));
        words_add(t->why->ctl, t->out, "it waits in the queue (twinpost queue show %1)", &tale->id,
                  1);
        buf_addc(t->out, '\n');
    }
    vec_done(&tale->lines);
}

static bool tell(struct why *w)
{
    auto_buf struct buf out;
    buf_init(&out, ARENA_MAX);
    struct teller t = {.why = w, .out = &out};
    if (w->left_out) {
        str n = arena_printf(w->arena, "%zu", w->left_out);
        words_add(w->ctl, &out, "(%1 earlier message(s) are left out; -n says how many to tell)",
                  &n, 1);
        buf_addc(&out, '\n');
    }
    for (size_t i = 0; i < w->n_tales; i++)
        tell_tale(&t, &w->tales[i]);
    if (w->n_besides)
        buf_addf(&out, "%s\n", word(w->ctl, "Besides:"));
    size_t from = w->n_besides > BESIDES ? w->n_besides - BESIDES : 0;
    for (size_t i = from; i < w->n_besides; i++) {
        buf_add(&out, S("  "));
        log_line_readable(w->besides[i % BESIDES], &out);
        buf_addc(&out, '\n');
    }
    return ctl_print(w->ctl, buf_str(&out));
}

static err read_events(struct why *w, size_t most)
{
    size_t before;
    err e;
    int pass = 0;
    do {
        before = map_count(w->ids);
        e = events_each(w->ctl, collect, w);
    } while (!failed(e) && map_count(w->ids) > before && ++pass < PASSES_MAX);
    if (failed(e))
        return e;
    choose_tales(w, most);
    return events_each(w->ctl, gather, w);
}

static bool take_options(struct why *w, uint64_t *most, int argc, char **argv)
{
    int i = 1;
    for (; i < argc - 1; i++) {
        if (strcmp(argv[i], "--events") == 0)
            w->as_events = true;
        else if (strcmp(argv[i], "-n") != 0 || !str_u64(str_from(argv[++i]), most) || !*most ||
                 *most > IDS_MAX)
            return false;
    }
    if (i != argc - 1)
        return false;
    w->asked = str_from(argv[i]);
    if (str_skip(&w->asked, S("<")) && str_ends(w->asked, S(">")))
        w->asked.n--;
    return w->asked.n > 0;
}

int cmd_why(struct ctl *c, int argc, char **argv)
{
    uint64_t most = TALES;
    struct why w = {.ctl = c};
    if (!take_options(&w, &most, argc, argv))
        return ctl_usage(c, command_find(admin_commands, "why")->usage);
    auto_arena struct arena *a = arena_new("events", ARENA_MAX);
    w.arena = a;
    w.ids = map_new();
    err e = read_events(&w, (size_t)most);
    int code = CTL_OK;
    if (failed(e))
        code = ctl_fail_err(c, "cannot read the events", e);
    else if (w.n_tales + w.n_besides == 0)
        code = ctl_fail(c, CTL_FOUND, "no event speaks of %s", argv[argc - 1]);
    else if (!tell(&w))
        code = CTL_TEMPORARY;
    map_free(w.ids);
    return code;
}
