/* SPDX-License-Identifier: ISC */
#include "imapd/contexts.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"

enum { CONTEXT_ARENA_MAX = 16 << 20, NEWS_MAX = 64 * 1024 };

struct context {
    struct context *next;
    struct arena *arena; /* tag, text and keys; this struct too */
    str tag;
    bool uid;
    struct imap_search_args args;
    VEC(uint32_t) uids; /* that match; ascending */
};

static void context_free(struct context *c)
{
    vec_done(&c->uids);
    arena_free(c->arena);
}

static struct context **find(struct session *s, str tag)
{
    struct context **at = &s->contexts;
    while (*at != NULL && !str_eq((*at)->tag, tag))
        at = &(*at)->next;
    return at;
}

bool contexts_has(const struct session *s, str tag)
{
    for (const struct context *c = s->contexts; c != NULL; c = c->next)
        if (str_eq(c->tag, tag))
            return true;
    return false;
}

bool contexts_cancel(struct session *s, str tag)
{
    struct context **at = find(s, tag), *c = *at;
    if (c == NULL)
        return false;
    *at = c->next;
    context_free(c);
    return true;
}

void contexts_forget(struct session *s)
{
    while (s->contexts != NULL) {
        struct context *c = s->contexts;
        s->contexts = c->next;
        context_free(c);
    }
}

static size_t count(const struct session *s)
{
    size_t n = 0;
    for (const struct context *c = s->contexts; c != NULL; c = c->next)
        n++;
    return n;
}

/* The keys are read once more, into memory that stays. */
static struct context *context_new(struct session *s, struct imap_reader r)
{
    struct arena *a = arena_new("search context", CONTEXT_ARENA_MAX);
    struct context *c = NEW(a, struct context);
    c->arena = r.arena = a;
    c->tag = arena_copy(a, s->tag);
    r.rest = arena_copy(a, r.rest);
    err e = imap_search_args(&r, &c->args);
    if (!failed(e))
        e = search_prepare_lasting(s, a, &c->args);
    if (!failed(e))
        return c;
    arena_free(a);
    return NULL;
}

void contexts_refuse(struct session *s)
{
    say_bytes(s, S("* NO [NOUPDATE \""));
    say_bytes(s, s->tag);
    say_bytes(s, S("\"] This result is not kept up to date.\r\n"));
}

void contexts_begin(struct session *s, struct imap_reader args, bool uid,
                    const struct search_found *found)
{
    struct context *c = count(s) < CONTEXTS_MAX ? context_new(s, args) : NULL;
    if (c == NULL || c->args.numbers || c->args.ages) {
        if (c != NULL)
            context_free(c);
        contexts_refuse(s);
        return;
    }
    c->uid = uid;
    for (size_t i = 0; i < found->n; i++)
        vec_push(&c->uids, store_box(s->store)->messages[found->at[i]].uid);
    *find(s, s->tag) = c; /* at the end */
}

/* ---- news ---- */

/* Where the UID is among those that match, or would be. */
static size_t place_of(const struct context *c, uint32_t uid)
{
    size_t from = 0, to = c->uids.n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (c->uids.at[middle] < uid)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool has(const struct context *c, uint32_t uid)
{
    size_t at = place_of(c, uid);
    return at < c->uids.n && c->uids.at[at] == uid;
}

/* Position 0: the order of the mailbox (RFC 5267 4.3). */
static void say_news(struct session *s, const struct context *c, const char *word,
                     struct imap_set *set)
{
    if (set->n == 0)
        return;
    auto_buf struct buf b;
    buf_init(&b, set->n * 24 + NEWS_MAX);
    buf_add(&b, S("* ESEARCH (TAG \""));
    buf_add(&b, c->tag);
    buf_addf(&b, "\")%s %s (0 ", c->uid ? " UID" : "", word);
    imap_set_write(&b, set);
    buf_add(&b, S(")\r\n"));
    say_bytes(s, buf_str(&b));
}

/* Takes those out that `gone` names (ascending). */
static void drop(struct context *c, const uint32_t *gone, size_t n)
{
    size_t kept = 0, k = 0;
    for (size_t i = 0; i < c->uids.n; i++) {
        while (k < n && gone[k] < c->uids.at[i])
            k++;
        if (k == n || gone[k] != c->uids.at[i])
            c->uids.at[kept++] = c->uids.at[i];
    }
    c->uids.n = kept;
}

/* Puts those in that `come` names (ascending, none of them there). */
static void take(struct context *c, const uint32_t *come, size_t n)
{
    size_t have = c->uids.n;
    for (size_t i = 0; i < n; i++)
        vec_push(&c->uids, come[i]);
    for (size_t at = have + n; n > 0; at--) {
        bool old = have > 0 && c->uids.at[have - 1] > come[n - 1];
        c->uids.at[at - 1] = old ? c->uids.at[--have] : come[--n];
    }
}

static void say_gone(struct session *s, struct context *c, const struct store_changes *changes,
                     struct arena *a)
{
    struct imap_set set = {.at = NEW_N(a, struct imap_range, changes->n_gone)};
    uint32_t *gone = NEW_N(a, uint32_t, changes->n_gone);
    size_t n = 0;
    for (size_t i = changes->n_gone; i-- > 0;) { /* the lowest is the last */
        const struct store_gone *g = &changes->gone[i];
        if (!has(c, g->uid))
            continue;
        gone[n++] = g->uid;
        imap_set_add(&set, changes->n_gone, c->uid ? g->uid : g->seq);
    }
    drop(c, gone, n);
    say_news(s, c, "REMOVEFROM", &set);
}

void contexts_say_gone(struct session *s, const struct store_changes *changes)
{
    if (changes->n_gone == 0 || s->contexts == NULL)
        return;
    size_t each = sizeof(struct imap_range) + sizeof(uint32_t);
    struct arena *a = arena_new("news", changes->n_gone * each * CONTEXTS_MAX + 64 * 1024);
    for (struct context *c = s->contexts; c != NULL; c = c->next)
        say_gone(s, c, changes, a);
    arena_free(a);
}

static struct spans changed_ones(struct session *s, const struct store_changes *changes)
{
    size_t n = 0, first_new = store_box(s->store)->n - changes->n_new;
    uint32_t *at = NEW_N(s->arena, uint32_t, changes->n_flags + changes->n_new + 1);
    for (size_t i = 0; i < changes->n_flags && changes->flags[i].index < first_new; i++)
        at[n++] = changes->flags[i].index;
    for (size_t i = 0; i < changes->n_new; i++)
        at[n++] = (uint32_t)(first_new + i);
    return spans_of_indices(s->arena, at, n);
}

static void say_changed(struct session *s, struct context *c, const struct spans *among)
{
    const struct store_box *box = store_box(s->store);
    struct search_found found;
    err e = search_among(s, &c->args, among, &found);
    if (failed(e)) /* what the store cannot tell now, the next command will hear of */
        return;
    size_t cap = spans_count(among), n_come = 0, n_gone = 0, k = 0;
    struct imap_set come = {.at = NEW_N(s->arena, struct imap_range, cap + 1)};
    struct imap_set gone = {.at = NEW_N(s->arena, struct imap_range, cap + 1)};
    uint32_t *come_uids = NEW_N(s->arena, uint32_t, cap + 1);
    uint32_t *gone_uids = NEW_N(s->arena, uint32_t, cap + 1);
    size_t span = 0, next = 0, index;
    while (spans_next(among, &span, &next, &index)) {
        uint32_t uid = box->messages[index].uid, number = c->uid ? uid : (uint32_t)index + 1;
        while (k < found.n && found.at[k] < index)
            k++;
        bool matches = k < found.n && found.at[k] == index;
        if (matches == has(c, uid))
            continue;
        imap_set_add(matches ? &come : &gone, cap + 1, number);
        if (matches)
            come_uids[n_come++] = uid;
        else
            gone_uids[n_gone++] = uid;
    }
    drop(c, gone_uids, n_gone);
    take(c, come_uids, n_come);
    say_news(s, c, "REMOVEFROM", &gone);
    say_news(s, c, "ADDTO", &come);
}

void contexts_say_changed(struct session *s, const struct store_changes *changes)
{
    if (changes->n_flags + changes->n_new == 0 || s->contexts == NULL)
        return;
    /* IDLE may go on for days within one command: its arena must not grow with each change. */
    struct arena *command = s->arena;
    s->arena = arena_new("news", SESSION_ARENA_MAX);
    s->progress_at = deadline_in_ms(SESSION_PROGRESS_MS); /* IDLE is no long command */
    struct spans among = changed_ones(s, changes);
    for (struct context *c = s->contexts; c != NULL; c = c->next)
        say_changed(s, c, &among);
    arena_free(s->arena);
    s->arena = command;
}
