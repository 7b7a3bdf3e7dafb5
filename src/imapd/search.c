/* SPDX-License-Identifier: ISC */
/* How it works: eval() answers yes, no or "not without the message" for one message. Each round
 * collects the yes and the undecided; bodies_each() walks the last of these, and eval() then
 * always decides. Lists of keys are sorted by what they cost when the tree is prepared, so that a
 * flag saves looking for a word. */
#include "imapd/search.h"

#include <string.h>

#include "imapd/bodies.h"
#include "imapd/condstore.h"
#include "imapd/dates.h"
#include "imapd/digests.h"
#include "imapd/saved.h"
#include "imapd/search_text.h"
#include "os/clock.h"
#include "wire/charset.h"
#include "wire/normal.h"

enum answer { NO, YES, UNKNOWN };
enum { DAY = 86400 };

struct search {
    struct session *s;
    struct imap_search_args *args;
    struct needle *needles;    /* by id */
    struct store_found *known; /* the same: what the index says; NULL before it was asked */
    struct mail_text text;     /* one message's */
    struct arena *arena;       /* one message's */
    int64_t now;
    uint32_t *open; /* indices not decided yet, ascending */
    size_t n_open, n_left, done;
    bool *yes;                 /* by place among those looked at */
    size_t *place;             /* of each open one */
    const uint32_t *savedates; /* by index; NULL: not asked for */
    struct buf digest;         /* of one message that the keeper has none of */
};

/* What is known of one message beyond the table. */
struct look {
    const struct mail_digest *digest; /* NULL: not yet, or there is none */
    struct haystack *hay;             /* NULL: not read yet */
};

/* ---- preparing ---- */

static err to_utf8(struct arena *a, str charset, str text, str *ret)
{
    auto_buf struct buf b;
    buf_init(&b, IMAP_COMMAND_MAX * 4);
    if (charset.n == 0) {
        utf8_repair(&b, text);
    } else {
        err e = charset_to_utf8(&b, charset, text);
        if (failed(e))
            return e;
    }
    *ret = normal_copy(a, buf_str(&b));
    return OK_ERR;
}

static unsigned keyword_flag(const struct store_box *box, str name)
{
    for (size_t i = 0; i < box->n_keywords; i++)
        if (box->keywords[i].n > 0 && str_ieq(box->keywords[i], name))
            return STORE_KEYWORD(i);
    return 0;
}

struct preparing {
    struct session *s;
    struct arena *arena;
    const struct imap_search_args *args;
    bool lasting;
};

static err prepare_set(const struct preparing *p, struct imap_search *node)
{
    const struct store_box *box = store_box(p->s->store);
    bool uid = node->key == IMAP_KEY_UID;
    if (!uid && box->n == 0)
        return err_new(ERR_SYNTAX, "no such message");
    for (size_t i = 0; i < node->set.n && p->lasting; i++) {
        struct imap_range *r = &node->set.at[i];
        if ((r->lo == IMAP_STAR) != (r->hi == IMAP_STAR))
            *r = (struct imap_range){r->lo + r->hi, UINT32_MAX}; /* a star is 0 */
    }
    uint32_t largest = !uid ? (uint32_t)box->n : box->n > 0 ? box->messages[box->n - 1].uid : 0;
    imap_set_resolve(&node->set, largest);
    if (!uid && imap_set_max(&node->set) > box->n && !p->lasting)
        return err_new(ERR_SYNTAX, "no such message");
    return OK_ERR;
}

static err prepare_node(const struct preparing *p, struct imap_search *node)
{
    switch (node->key) {
    case IMAP_KEY_SET:
    case IMAP_KEY_UID:
        return prepare_set(p, node);
    case IMAP_KEY_SAVED:
        node->set = saved_as_set(p->s, p->arena);
        return OK_ERR;
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return to_utf8(p->arena, p->args->charset, node->text, &node->text);
    default:
        return OK_ERR;
    }
}

/* What a key costs: nothing but the table, the header, the whole message. */
enum { COST_TABLE, COST_HEADER, COST_WHOLE, COSTS };

static unsigned cost_of(const struct imap_search *node)
{
    unsigned cost = COST_TABLE;
    switch (node->key) {
    case IMAP_KEY_AND:
    case IMAP_KEY_OR:
        for (const struct imap_search *c = node->children; c != NULL; c = c->next)
            if (c->cost > cost)
                cost = c->cost;
        return cost;
    case IMAP_KEY_HEADER:
    case IMAP_KEY_SENTBEFORE:
    case IMAP_KEY_SENTON:
    case IMAP_KEY_SENTSINCE:
    case IMAP_KEY_EMAILID:
    case IMAP_KEY_THREADID:
        return COST_HEADER;
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return COST_WHOLE;
    default:
        return COST_TABLE;
    }
}

/* The order of keys means nothing to their result. */
static void cheap_ones_first(struct imap_search **list)
{
    struct imap_search *first[COSTS] = {0}, **tail[COSTS];
    for (unsigned i = 0; i < COSTS; i++)
        tail[i] = &first[i];
    for (struct imap_search *node = *list; node != NULL; node = node->next) {
        *tail[node->cost] = node;
        tail[node->cost] = &node->next;
    }
    struct imap_search **end = list;
    for (unsigned i = 0; i < COSTS; i++) {
        *tail[i] = NULL;
        *end = first[i];
        end = first[i] != NULL ? tail[i] : end;
    }
}

/* Recursion ends at IMAP_DEPTH_MAX. */
static err prepare_tree(const struct preparing *p, struct imap_search *node)
{
    for (; node != NULL; node = node->next) {
        err e = prepare_node(p, node);
        if (!failed(e) && node->children != NULL)
            e = prepare_tree(p, node->children);
        if (failed(e))
            return e;
        node->cost = cost_of(node);
        cheap_ones_first(&node->children);
    }
    return OK_ERR;
}

static err prepare(const struct preparing *p)
{
    str nothing;
    if (p->args->charset.n > 0) { /* an unknown one is refused even when no string needs it */
        err e = to_utf8(p->arena, p->args->charset, S(""), &nothing);
        if (failed(e))
            return e;
    }
    return prepare_tree(p, p->args->root);
}

err search_prepare(struct session *s, struct imap_search_args *args)
{
    return prepare(&(struct preparing){.s = s, .arena = s->arena, .args = args});
}

err search_prepare_lasting(struct session *s, struct arena *a, struct imap_search_args *args)
{
    return prepare(&(struct preparing){.s = s, .arena = a, .args = args, .lasting = true});
}

/* Keywords come and go while a tree lasts. */
static void find_keywords(const struct store_box *box, struct imap_search *node)
{
    for (; node != NULL; node = node->next) {
        if (node->key == IMAP_KEY_KEYWORD)
            node->flag = keyword_flag(box, node->text);
        find_keywords(box, node->children);
    }
}

struct reply search_refused(struct session *s, const struct imap_search_args *args, err e)
{
    if (e.kind != ERR_NOTFOUND)
        return reply_bad(e);
    if (args->ret.options & IMAP_RETURN_SAVE) /* RFC 5182 2.1: NO empties "$", BAD does not */
        saved_forget(s);
    return reply_no("BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-2022-JP EUC-JP SHIFT_JIS)",
                    "That charset is not known here");
}

/* ---- one message ---- */

static enum answer say_yes_if(bool yes)
{
    return yes ? YES : NO;
}

static enum answer eval_sent(const struct imap_search *node, const struct look *l)
{
    int64_t day;
    if (l->digest != NULL) {
        if (!l->digest->has_sent)
            return NO;
        day = l->digest->sent_day;
    } else if (l->hay == NULL) {
        return UNKNOWN;
    } else if (!haystack_sent_day(l->hay, &day)) {
        return NO;
    }
    return say_yes_if(node->key == IMAP_KEY_SENTBEFORE ? day < node->number
                      : node->key == IMAP_KEY_SENTON   ? day == node->number
                                                       : day >= node->number);
}

/* RFC 8474 4: identifiers are compared octet by octet. */
static enum answer eval_id(const struct imap_search *node, const struct look *l)
{
    if (l->digest == NULL)
        return l->hay == NULL ? UNKNOWN : NO;
    auto_buf struct buf b;
    buf_init(&b, 4 * DIGEST_ID_BYTES);
    digest_id_write(&b, node->key == IMAP_KEY_EMAILID ? &l->digest->id : &l->digest->thread);
    return say_yes_if(str_eq(buf_str(&b), node->text));
}

static enum answer ask_index(const struct search *q, const struct imap_search *node, uint32_t uid)
{
    if (q->known == NULL)
        return UNKNOWN;
    enum index_answer a = index_says(&q->known[node->id], uid);
    return a == INDEX_UNKNOWN ? UNKNOWN : say_yes_if(a == INDEX_YES);
}

/* Numbers mostly come ascending, so the place of the last one is near: a search through a set of
 * any shape stays linear. */
static bool set_has(struct imap_search *node, uint32_t number)
{
    const struct imap_set *set = &node->set;
    size_t i = node->walked;
    if (i > 0 && set->at[i - 1].hi >= number)
        i = 0;
    while (i < set->n && set->at[i].hi < number)
        i++;
    node->walked = i;
    return i < set->n && set->at[i].lo <= number;
}

static enum answer eval(const struct search *q, struct imap_search *node, size_t index,
                        const struct look *l);

static enum answer eval_all(const struct search *q, struct imap_search *node, size_t index,
                            const struct look *l)
{
    enum answer all = YES;
    for (; node != NULL; node = node->next) {
        enum answer a = eval(q, node, index, l);
        if (a == NO)
            return NO;
        if (a == UNKNOWN)
            all = UNKNOWN;
    }
    return all;
}

static enum answer eval_any(const struct search *q, struct imap_search *node, size_t index,
                            const struct look *l)
{
    enum answer any = NO;
    for (; node != NULL; node = node->next) {
        enum answer a = eval(q, node, index, l);
        if (a == YES)
            return YES;
        if (a == UNKNOWN)
            any = UNKNOWN;
    }
    return any;
}

/* The day of an instant, compared with a day. Zones differ by less than two days from UTC, so only
 * near the day has the zone to be asked. */
static int day_order(int64_t when, int64_t day)
{
    if (when < day - 2 * DAY)
        return -1;
    if (when > day + 3 * DAY)
        return 1;
    int64_t its = dates_day(when);
    return its < day ? -1 : its > day;
}

/* What depends on when a message came here. */
static enum answer eval_date(const struct search *q, const struct imap_search *node, size_t index)
{
    int64_t date = store_box(q->s->store)->messages[index].date;
    int64_t saved = q->savedates != NULL ? q->savedates[index] : date;
    switch (node->key) {
    case IMAP_KEY_SAVEDBEFORE:
        return say_yes_if(day_order(saved, node->number) < 0);
    case IMAP_KEY_SAVEDON:
        return say_yes_if(day_order(saved, node->number) == 0);
    case IMAP_KEY_SAVEDSINCE:
        return say_yes_if(day_order(saved, node->number) >= 0);
    case IMAP_KEY_BEFORE:
        return say_yes_if(day_order(date, node->number) < 0);
    case IMAP_KEY_ON:
        return say_yes_if(day_order(date, node->number) == 0);
    case IMAP_KEY_SINCE:
        return say_yes_if(day_order(date, node->number) >= 0);
    case IMAP_KEY_OLDER: /* RFC 5032 3: both ends belong to it */
        return say_yes_if(q->now - date >= node->number);
    case IMAP_KEY_YOUNGER:
        return say_yes_if(q->now - date <= node->number);
    default:
        return NO;
    }
}

static enum answer eval_key(const struct search *q, struct imap_search *node, size_t index,
                            const struct look *l)
{
    const struct store_message *m = &store_box(q->s->store)->messages[index];
    switch (node->key) {
    case IMAP_KEY_AND:
        return eval_all(q, node->children, index, l);
    case IMAP_KEY_OR:
        return eval_any(q, node->children, index, l);
    case IMAP_KEY_ALL:
        return YES;
    case IMAP_KEY_SET:
        return say_yes_if(set_has(node, (uint32_t)index + 1));
    case IMAP_KEY_UID:
    case IMAP_KEY_SAVED:
        return say_yes_if(set_has(node, m->uid));
    case IMAP_KEY_UIDAFTER:
        return say_yes_if((int64_t)m->uid > node->number);
    case IMAP_KEY_UIDBEFORE:
        return say_yes_if((int64_t)m->uid < node->number);
    case IMAP_KEY_FLAG:
    case IMAP_KEY_KEYWORD:
        return say_yes_if((m->flags & node->flag) != 0);
    case IMAP_KEY_NEW:
        return say_yes_if((m->flags & (STORE_RECENT | STORE_SEEN)) == STORE_RECENT);
    case IMAP_KEY_BEFORE:
    case IMAP_KEY_ON:
    case IMAP_KEY_SINCE:
    case IMAP_KEY_OLDER:
    case IMAP_KEY_YOUNGER:
        return eval_date(q, node, index);
    case IMAP_KEY_LARGER:
        return say_yes_if((int64_t)m->size > node->number);
    case IMAP_KEY_SMALLER:
        return say_yes_if((int64_t)m->size < node->number);
    case IMAP_KEY_MODSEQ:
        return say_yes_if(condstore_modseq(q->s, index) >= (uint64_t)node->number);
    case IMAP_KEY_SENTBEFORE:
    case IMAP_KEY_SENTON:
    case IMAP_KEY_SENTSINCE:
        return eval_sent(node, l);
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return l->hay == NULL ? ask_index(q, node, m->uid)
                              : say_yes_if(haystack_has(l->hay, node->id));
    case IMAP_KEY_SAVEDBEFORE:
    case IMAP_KEY_SAVEDON:
    case IMAP_KEY_SAVEDSINCE:
        return eval_date(q, node, index);
    case IMAP_KEY_SAVEDATESUPPORTED: /* RFC 8514 4.2: in every mailbox here */
        return YES;
    case IMAP_KEY_EMAILID:
    case IMAP_KEY_THREADID:
        return eval_id(node, l);
    }
    return NO;
}

/* Recursion ends at IMAP_DEPTH_MAX. */
static enum answer eval(const struct search *q, struct imap_search *node, size_t index,
                        const struct look *l)
{
    enum answer a = eval_key(q, node, index, l);
    if (a == UNKNOWN || !node->no)
        return a;
    return a == YES ? NO : YES;
}

/* ---- the rounds ---- */

static void collect_needles(struct search *q, const struct imap_search *node)
{
    for (; node != NULL; node = node->next) {
        if (node->key == IMAP_KEY_HEADER || node->key == IMAP_KEY_BODY ||
            node->key == IMAP_KEY_TEXT)
            q->needles[node->id] = needle_of(node);
        collect_needles(q, node->children);
    }
}

static void first_round(struct search *q, const struct spans *among)
{
    struct look nothing = {0};
    size_t span = 0, next = 0, index, place = 0;
    while (spans_next(among, &span, &next, &index)) {
        enum answer a = eval(q, q->args->root, index, &nothing);
        q->yes[place] = a == YES;
        if (a == UNKNOWN) {
            q->place[q->n_open] = place;
            q->open[q->n_open++] = (uint32_t)index;
        }
        place++;
    }
}

/* Of the open messages number i is looked at anew; it stays open if that is not enough. */
static void look_again(struct search *q, size_t i, const struct look *l)
{
    enum answer answer = eval(q, q->args->root, q->open[i], l);
    q->yes[q->place[i]] = answer == YES;
    if (answer != UNKNOWN)
        return;
    q->place[q->n_left] = q->place[i]; /* n_left <= i */
    q->open[q->n_left++] = q->open[i];
}

/* The index is asked only now: most searches are decided without it. */
static void second_round(struct search *q)
{
    struct arena *a = q->s->arena;
    struct look nothing = {0};
    q->needles = NEW_N(a, struct needle, q->args->texts + 1);
    collect_needles(q, q->args->root);
    q->known = NEW_N(a, struct store_found, q->args->texts + 1);
    for (size_t i = 0; i < q->args->texts; i++)
        q->known[i] = needle_look_up(q->s->store, a, &q->needles[i]);
    q->n_left = 0;
    for (size_t i = 0; i < q->n_open; i++)
        look_again(q, i, &nothing);
    q->n_open = q->n_left;
}

static void each_digest(void *ctx, size_t i, const struct mail_digest *d)
{
    struct search *q = ctx;
    look_again(q, i, &(struct look){.digest = d});
}

/* digests_each() reads its list batch by batch, ahead of what look_again() writes into ours. */
static err third_round(struct search *q)
{
    uint32_t *asked = NEW_N(q->s->arena, uint32_t, q->n_open);
    memcpy(asked, q->open, q->n_open * sizeof *asked);
    q->n_left = 0;
    err e = digests_each(q->s, asked, q->n_open, each_digest, q);
    q->n_open = q->n_left;
    return e;
}

/* Identifiers need the whole message where the keeper knows nothing of it. */
static const struct mail_digest *digest_of(struct search *q, str text, struct mail_digest *ret)
{
    if (!q->args->needs_ids)
        return NULL;
    struct digest_id id = store_emailid(text);
    buf_reset(&q->digest);
    err e = digest_make(&q->digest, q->arena, text, &id);
    if (!failed(e))
        e = digest_open(buf_str(&q->digest), ret);
    return failed(e) ? NULL : ret;
}

static err each_body(void *ctx, const struct body *b)
{
    struct search *q = ctx;
    size_t at = q->done++;
    session_progress(q->s, at, q->n_open);
    if (b->missing)
        return OK_ERR;
    struct haystack h = {.message = b->text,
                         .needles = q->needles,
                         .n = q->args->texts,
                         .arena = q->arena,
                         .text = &q->text,
                         .found = NEW_N(q->arena, bool, q->args->texts + 1)};
    struct mail_digest digest;
    struct look l = {digest_of(q, b->text, &digest), &h};
    q->yes[q->place[at]] = eval(q, q->args->root, b->index, &l) == YES;
    arena_reset(q->arena);
    return q->s->phase == PHASE_END ? err_new(ERR_CLOSED, "the client is gone") : OK_ERR;
}

static err last_round(struct search *q)
{
    struct spans open = spans_of_indices(q->s->arena, q->open, q->n_open);
    q->arena = arena_new("message structure", SESSION_ARENA_MAX);
    mail_text_init(&q->text, MAIL_TEXT_MAX);
    buf_init(&q->digest, DIGEST_MAX);
    err e = bodies_each(q->s, &open, q->args->needs_body ? BODY_WHOLE : BODY_HEADER, each_body, q);
    mail_text_done(&q->text);
    buf_done(&q->digest);
    arena_free(q->arena);
    return e;
}

err search_among(struct session *s, struct imap_search_args *args, const struct spans *among,
                 struct search_found *ret)
{
    size_t n = spans_count(among);
    struct search q = {.s = s, .args = args, .now = clock_seconds()};
    find_keywords(store_box(s->store), args->root);
    q.yes = NEW_N(s->arena, bool, n + 1);
    q.open = NEW_N(s->arena, uint32_t, args->needs_message ? n + 1 : 1);
    q.place = NEW_N(s->arena, size_t, args->needs_message ? n + 1 : 1);
    err e = args->savedates ? store_savedates(s->store, &q.savedates) : OK_ERR;
    if (failed(e))
        return e;
    first_round(&q, among);
    if (q.n_open > 0)
        second_round(&q);
    if (q.n_open > 0 && args->needs_digest)
        e = third_round(&q);
    if (q.n_open > 0 && !failed(e))
        e = last_round(&q);
    if (failed(e))
        return e;
    struct search_found found = {.at = NEW_N(s->arena, uint32_t, n + 1)};
    size_t span = 0, next = 0, index, place = 0;
    while (spans_next(among, &span, &next, &index))
        if (q.yes[place++])
            found.at[found.n++] = (uint32_t)index;
    *ret = found;
    return OK_ERR;
}

err search_run(struct session *s, struct imap_search_args *args, struct search_found *ret)
{
    size_t n = store_box(s->store)->n;
    struct span all = {0, n};
    return search_among(s, args, &(struct spans){.at = &all, .n = n > 0}, ret);
}
