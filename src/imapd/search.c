/* SPDX-License-Identifier: ISC */
/* How it works: eval() answers yes, no or "not without the message" for one message. The first
 * round collects the yes and the undecided; bodies_each() walks the latter and eval() then
 * always decides. */
#include "imapd/search.h"

#include <string.h>

#include "imapd/bodies.h"
#include "imapd/search_text.h"
#include "wire/charset.h"
#include "wire/normal.h"

enum answer { NO, YES, UNKNOWN };
enum { DAY = 86400 };

struct search {
    struct session *s;
    const struct imap_search_args *args;
    struct needle *needles;    /* by id */
    struct store_found *known; /* the same: what the index says */
    struct mail_text text;     /* one message's */
    struct arena *arena;       /* one message's */
    bool *yes;                 /* by index */
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

static err prepare_set(const struct store_box *box, struct imap_search *node)
{
    bool uid = node->key == IMAP_KEY_UID;
    if (!uid && box->n == 0)
        return err_new(ERR_SYNTAX, "no such message");
    uint32_t largest = !uid ? (uint32_t)box->n : box->n > 0 ? box->messages[box->n - 1].uid : 0;
    imap_set_resolve(&node->set, largest);
    if (!uid && imap_set_max(&node->set) > box->n)
        return err_new(ERR_SYNTAX, "no such message");
    return OK_ERR;
}

static err prepare_node(struct session *s, const struct imap_search_args *args,
                        struct imap_search *node)
{
    const struct store_box *box = store_box(s->store);
    switch (node->key) {
    case IMAP_KEY_SET:
    case IMAP_KEY_UID:
        return prepare_set(box, node);
    case IMAP_KEY_KEYWORD:
        node->flag = keyword_flag(box, node->text);
        return OK_ERR;
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return to_utf8(s->arena, args->charset, node->text, &node->text);
    default:
        return OK_ERR;
    }
}

static err prepare_tree(struct session *s, const struct imap_search_args *args,
                        struct imap_search *node)
{
    for (; node != NULL; node = node->next) {
        err e = prepare_node(s, args, node);
        if (!failed(e) && node->children != NULL)
            e = prepare_tree(s, args, node->children);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

err search_prepare(struct session *s, struct imap_search_args *args)
{
    str nothing;
    if (args->charset.n > 0) { /* an unknown one is refused even when no string needs it */
        err e = to_utf8(s->arena, args->charset, S(""), &nothing);
        if (failed(e))
            return e;
    }
    return prepare_tree(s, args, args->root);
}

/* ---- one message ---- */

static enum answer say_yes_if(bool yes)
{
    return yes ? YES : NO;
}

static enum answer eval_sent(const struct imap_search *node, struct haystack *h)
{
    int64_t day;
    if (h == NULL)
        return UNKNOWN;
    if (!haystack_sent_day(h, &day))
        return NO;
    return say_yes_if(node->key == IMAP_KEY_SENTBEFORE ? day < node->number
                      : node->key == IMAP_KEY_SENTON   ? day == node->number
                                                       : day >= node->number);
}

static enum answer ask_index(const struct store_found *known, uint32_t uid)
{
    enum index_answer a = index_says(known, uid);
    return a == INDEX_UNKNOWN ? UNKNOWN : say_yes_if(a == INDEX_YES);
}

static enum answer eval(const struct search *q, const struct imap_search *node, size_t index,
                        struct haystack *h);

static enum answer eval_all(const struct search *q, const struct imap_search *node, size_t index,
                            struct haystack *h)
{
    enum answer all = YES;
    for (; node != NULL; node = node->next) {
        enum answer a = eval(q, node, index, h);
        if (a == NO)
            return NO;
        if (a == UNKNOWN)
            all = UNKNOWN;
    }
    return all;
}

static enum answer eval_any(const struct search *q, const struct imap_search *node, size_t index,
                            struct haystack *h)
{
    enum answer any = NO;
    for (; node != NULL; node = node->next) {
        enum answer a = eval(q, node, index, h);
        if (a == YES)
            return YES;
        if (a == UNKNOWN)
            any = UNKNOWN;
    }
    return any;
}

static enum answer eval_key(const struct search *q, const struct imap_search *node, size_t index,
                            struct haystack *h)
{
    const struct store_message *m = &store_box(q->s->store)->messages[index];
    int64_t day = (int64_t)m->date - (int64_t)(m->date % DAY);
    switch (node->key) {
    case IMAP_KEY_AND:
        return eval_all(q, node->children, index, h);
    case IMAP_KEY_OR:
        return eval_any(q, node->children, index, h);
    case IMAP_KEY_ALL:
        return YES;
    case IMAP_KEY_SET:
        return say_yes_if(imap_set_has(&node->set, (uint32_t)index + 1));
    case IMAP_KEY_UID:
        return say_yes_if(imap_set_has(&node->set, m->uid));
    case IMAP_KEY_FLAG:
    case IMAP_KEY_KEYWORD:
        return say_yes_if((m->flags & node->flag) != 0);
    case IMAP_KEY_NEW:
        return say_yes_if((m->flags & (STORE_RECENT | STORE_SEEN)) == STORE_RECENT);
    case IMAP_KEY_BEFORE:
        return say_yes_if(day < node->number);
    case IMAP_KEY_ON:
        return say_yes_if(day == node->number);
    case IMAP_KEY_SINCE:
        return say_yes_if(day >= node->number);
    case IMAP_KEY_UIDAFTER:
        return say_yes_if((int64_t)m->uid > node->number);
    case IMAP_KEY_UIDBEFORE:
        return say_yes_if((int64_t)m->uid < node->number);
    case IMAP_KEY_OLDER:
    case IMAP_KEY_YOUNGER:
    case IMAP_KEY_SAVEDBEFORE:
    case IMAP_KEY_SAVEDON:
    case IMAP_KEY_SAVEDSINCE:
    case IMAP_KEY_SAVEDATESUPPORTED:
    case IMAP_KEY_EMAILID:
    case IMAP_KEY_THREADID:
    case IMAP_KEY_MODSEQ:
    case IMAP_KEY_SAVED:
        return NO;
    case IMAP_KEY_LARGER:
        return say_yes_if((int64_t)m->size > node->number);
    case IMAP_KEY_SMALLER:
        return say_yes_if((int64_t)m->size < node->number);
    case IMAP_KEY_SENTBEFORE:
    case IMAP_KEY_SENTON:
    case IMAP_KEY_SENTSINCE:
        return eval_sent(node, h);
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return h == NULL ? ask_index(&q->known[node->id], m->uid)
                         : say_yes_if(haystack_has(h, node->id));
    }
    return NO;
}

/* Recursion ends at IMAP_DEPTH_MAX. */
static enum answer eval(const struct search *q, const struct imap_search *node, size_t index,
                        struct haystack *h)
{
    enum answer a = eval_key(q, node, index, h);
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

static err each_body(void *ctx, const struct body *b)
{
    struct search *q = ctx;
    if (b->missing)
        return OK_ERR;
    struct haystack h = {.message = b->text,
                         .needles = q->needles,
                         .n = q->args->texts,
                         .arena = q->arena,
                         .text = &q->text,
                         .found = NEW_N(q->arena, bool, q->args->texts + 1)};
    q->yes[b->index] = eval(q, q->args->root, b->index, &h) == YES;
    arena_reset(q->arena);
    return OK_ERR;
}

static struct spans spans_of(struct arena *a, const bool *set, size_t n)
{
    size_t runs = 0;
    for (size_t i = 0; i < n; i++)
        runs += set[i] && (i == 0 || !set[i - 1]);
    struct spans spans = {.at = NEW_N(a, struct span, runs + 1)};
    for (size_t i = 0; i < n; i++)
        if (set[i])
            spans_add(&spans, i);
    return spans;
}

err search_run(struct session *s, const struct imap_search_args *args, struct spans *ret)
{
    size_t n = store_box(s->store)->n;
    struct search q = {.s = s, .args = args};
    q.yes = NEW_N(s->arena, bool, n + 1);
    q.needles = NEW_N(s->arena, struct needle, args->texts + 1);
    q.known = NEW_N(s->arena, struct store_found, args->texts + 1);
    collect_needles(&q, args->root);
    for (size_t i = 0; i < args->texts; i++)
        q.known[i] = needle_look_up(s->store, s->arena, &q.needles[i]);
    bool *open = NEW_N(s->arena, bool, n + 1);
    for (size_t i = 0; i < n; i++) {
        enum answer a = eval(&q, args->root, i, NULL);
        q.yes[i] = a == YES;
        open[i] = a == UNKNOWN;
    }
    struct spans opened = spans_of(s->arena, open, n);
    if (opened.n > 0) {
        q.arena = arena_new("message structure", SESSION_ARENA_MAX);
        mail_text_init(&q.text, MAIL_TEXT_MAX);
        err e = bodies_each(s, &opened, args->needs_body ? BODY_WHOLE : BODY_HEADER, each_body, &q);
        arena_free(q.arena);
        mail_text_done(&q.text);
        if (failed(e))
            return e;
    }
    *ret = spans_of(s->arena, q.yes, n);
    return OK_ERR;
}
