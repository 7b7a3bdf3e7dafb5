/* SPDX-License-Identifier: ISC */
#include "ipc/admin.h"

#include "log/event.h"
#include "sched/sched.h"

enum { ANSWER_MAX = 64 << 20, LINE_PIECE = 60000, WORDS_MAX = 4 };

static void finish(struct client *c, uint32_t packet, uint32_t code, str text)
{
    struct admin_end end = {.exit_code = code, .text = text};
    err e = channel_send(c->channel, &admin_end_schema, packet, &end, NULL, 0);
    if (failed(e))
        client_end(c);
}

/* In pieces that end with a line. An administrator's terminal may be slow: it is waited for as
 * long as channel_send() allows for one piece, no longer. */
static void send_text(struct client *c, uint32_t packet, str text)
{
    while (text.n) {
        str piece = str_slice(text, 0, LINE_PIECE);
        ptrdiff_t end = text.n > LINE_PIECE ? str_rfind(piece, '\n') : (ptrdiff_t)piece.n - 1;
        size_t n = end > 0 ? (size_t)end + 1 : piece.n;
        struct admin_line line = {.text = str_slice(text, 0, text.p[n - 1] == '\n' ? n - 1 : n)};
        err e = channel_send(c->channel, &admin_line_schema, packet, &line, NULL, 0);
        if (failed(e)) {
            client_end(c);
            return;
        }
        text = str_from_at(text, n);
    }
    finish(c, packet, 0, S(""));
}

static size_t take_words(str text, str *words)
{
    size_t n = 0;
    while (text.n && n < WORDS_MAX) {
        ptrdiff_t end = str_find(text, 0);
        size_t length = end < 0 ? text.n : (size_t)end;
        words[n++] = str_slice(text, 0, length);
        text = str_from_at(text, length + 1);
    }
    return n;
}

static void changed(struct sched *s, struct queue_message *m, str what)
{
    log_event(NULL, EV_QUEUE_CHANGED, F_INT("id", m->id), F_STR("what", what));
    result_lazy(s);
}

static bool retry(struct sched *s, struct queue_message *m)
{
    if (!queue_mark(s->queue, m, MESSAGE_RETRY))
        return false;
    changed(s, m, S("retry"));
    attempt_message(s, m);
    return true;
}

static void forget_dead_hosts(struct sched *s)
{
    list_each (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        l->timeouts = 0;
        l->dead_until = 0;
    }
}

static void retry_waiting(struct sched *s, struct queue_message *m)
{
    if (m->state == MESSAGE_OPEN && m->n_open > m->flying)
        (void)retry(s, m); /* one that cannot be retried has ended */
}

void admin_retry_all(struct sched *s)
{
    forget_dead_hosts(s);
    sched_each(s, retry_waiting);
}

static bool hold(struct sched *s, struct queue_message *m)
{
    if (!queue_mark(s->queue, m, MESSAGE_HOLD))
        return false;
    due_take(s, m);
    changed(s, m, S("hold"));
    return true;
}

static bool release(struct sched *s, struct queue_message *m)
{
    if (!queue_mark(s->queue, m, MESSAGE_RELEASE))
        return false;
    changed(s, m, S("release"));
    attempt_message(s, m);
    return true;
}

static bool drop(struct sched *s, struct queue_message *m)
{
    if (message_move(m->state, MESSAGE_DROP).kind == MOVE_ILLEGAL)
        return false;
    due_take(s, m);
    changed(s, m, S("drop"));
    queue_end(s->queue, m, true);
    result_lazy(s);
    return true;
}

static const struct {
    str word;
    bool (*run)(struct sched *s, struct queue_message *m);
} changes[] = {
    {S("retry"), retry},
    {S("hold"), hold},
    {S("release"), release},
    {S("drop"), drop},
};

static const struct {
    str word;
    void (*write)(struct sched *s, struct buf *b);
} lists[] = {
    {S("list"), listing_list},
    {S("qread"), listing_qread},
    {S("qstat"), listing_qstat},
    {S("status"), listing_status},
};

static bool try_list(struct client *c, uint32_t packet, str word)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (!str_eq(word, lists[i].word))
            continue;
        auto_buf struct buf b;
        buf_init(&b, ANSWER_MAX);
        lists[i].write(c->sched, &b);
        send_text(c, packet, buf_str(&b));
        return true;
    }
    return false;
}

static void about_one(struct client *c, uint32_t packet, str word, str id)
{
    struct sched *s = c->sched;
    uint64_t number;
    (void)str_skip(&id, S("#"));
    struct queue_message *m = str_u64(id, &number) ? queue_find(s->queue, number) : NULL;
    if (!m || (m->state != MESSAGE_OPEN && m->state != MESSAGE_HELD)) {
        finish(c, packet, 100, S("no such message in the queue"));
        return;
    }
    if (str_eq(word, S("show"))) {
        auto_buf struct buf b;
        buf_init(&b, ANSWER_MAX);
        listing_show(s, m, &b);
        send_text(c, packet, buf_str(&b));
        return;
    }
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (!str_eq(word, changes[i].word))
            continue;
        if (changes[i].run(s, m))
            finish(c, packet, 0, S(""));
        else
            finish(c, packet, 111, S("the message is just leaving the queue"));
        return;
    }
    finish(c, packet, 100, S("no such queue command"));
}

void admin_packet(struct client *c, const struct packet *p)
{
    struct admin_ask ask;
    err e = ipc_decode(&admin_ask_schema, p->bytes, &ask);
    if (failed(e)) {
        client_end(c);
        return;
    }
    str words[WORDS_MAX] = {0};
    size_t n = take_words(ask.words, words);
    if (n < 2 || !str_eq(words[0], S("queue")))
        finish(c, p->id, 100, S("usage: queue list | show ID | retry ID|all | hold ID | ..."));
    else if (try_list(c, p->id, words[1]))
        return;
    else if (n == 2 && str_eq(words[1], S("tcpok"))) {
        forget_dead_hosts(c->sched);
        finish(c, p->id, 0, S(""));
    } else if (str_eq(words[1], S("retry")) && (n == 2 || str_eq(words[2], S("all")))) {
        admin_retry_all(c->sched);
        finish(c, p->id, 0, S(""));
    } else if (n < 3)
        finish(c, p->id, 100, S("which message?"));
    else
        about_one(c, p->id, words[1], words[2]);
}
