/* SPDX-License-Identifier: ISC */
/* What a script asks for becomes a list; nothing is done here. Doubles are one (RFC 5228 2.10.3),
 * what excludes each other is an error (RFC 5429 2, RFC 5230 4.7). */
#include "sieve/run.h"

enum { DAY = 86400, VACATION_DAYS = 7, VACATION_DAYS_MAX = 365 };

const char *sieve_action_name(enum sieve_action_kind k)
{
    static const char *const names[] = {"keep",    "fileinto", "redirect", "reject",
                                        "ereject", "vacation", "notify"};
    return names[k];
}

static bool is_reject(enum sieve_action_kind k)
{
    return k == SIEVE_REJECT || k == SIEVE_EREJECT;
}

static bool conflicts(struct run *r, const struct sieve_action *new)
{
    for (size_t i = 0; i < r->n_actions; i++) {
        enum sieve_action_kind old = r->actions[i].kind;
        bool same = old == new->kind && (is_reject(old) || old == SIEVE_VACATION);
        bool both = is_reject(old) != is_reject(new->kind) && old != SIEVE_NOTIFY &&
                    new->kind != SIEVE_NOTIFY;
        bool two = is_reject(old) && is_reject(new->kind);
        if (same || two)
            run_fail(r, new->at, SIEVE_RUN_TWICE, str_from(sieve_action_name(new->kind)), S(""));
        else if (both)
            run_fail(r, new->at, SIEVE_RUN_CONFLICT, str_from(sieve_action_name(new->kind)),
                     str_from(sieve_action_name(old)));
        if (same || two || both)
            return true;
    }
    return false;
}

static struct sieve_action *find_same(struct run *r, const struct sieve_action *new)
{
    for (size_t i = 0; i < r->n_actions; i++) {
        struct sieve_action *old = &r->actions[i];
        if (old->kind != new->kind)
            continue;
        if (old->kind == SIEVE_KEEP ||
            ((old->kind == SIEVE_FILEINTO || old->kind == SIEVE_REDIRECT) &&
             str_eq(old->target, new->target) && str_eq(old->special_use, new->special_use)))
            return old;
    }
    return NULL;
}

static void merge_flags(struct run *r, struct sieve_action *old, const struct sieve_action *new)
{
    str *all = NEW_N(r->a, str, old->n_flags + new->n_flags + 1);
    size_t n = 0;
    for (size_t i = 0; i < old->n_flags; i++)
        all[n++] = old->flags[i];
    for (size_t i = 0; i < new->n_flags; i++) {
        size_t k = 0;
        while (k < n && !str_ieq(all[k], new->flags[i]))
            k++;
        if (k == n && n < SIEVE_FLAGS_MAX)
            all[n++] = new->flags[i];
    }
    old->flags = all;
    old->n_flags = n;
}

static void add(struct run *r, struct sieve_action *new)
{
    if (r->failed || conflicts(r, new))
        return;
    if (r->edited &&
        (new->kind == SIEVE_KEEP || new->kind == SIEVE_FILEINTO || new->kind == SIEVE_REDIRECT))
        new->header = r->header;
    struct sieve_action *same = find_same(r, new);
    if (same) {
        merge_flags(r, same, new);
        same->create |= new->create;
        return;
    }
    if (r->n_actions == SIEVE_ACTIONS_MAX) {
        run_fail(r, new->at, SIEVE_RUN_ACTIONS, S(""), S(""));
        return;
    }
    r->actions[r->n_actions++] = *new;
}

static void store(struct run *r, const struct node *n, str mailbox)
{
    struct sieve_action new = {.kind = SIEVE_FILEINTO, .target = mailbox};
    const struct bound *use = n ? node_get(n, SLOT_SPECIALUSE) : NULL;
    if (n)
        new.at = n->at;
    new.create = n &&node_get(n, SLOT_CREATE);
    new.flags = action_flags(r, n, &new.n_flags);
    if (use)
        new.special_use = run_text(r, &use->list[0]);
    if (str_ieq(mailbox, S("INBOX")) && !use) {
        new.kind = SIEVE_KEEP;
        new.target = S("");
    }
    add(r, &new);
}

void action_implicit_keep(struct run *r)
{
    if (r->failed) { /* RFC 5228 2.10.6: nothing but the message itself */
        r->n_actions = 0;
        r->n_flags = 0;
        r->actions[r->n_actions++] = (struct sieve_action){.kind = SIEVE_KEEP};
    } else if (r->keep) {
        store(r, NULL, S("INBOX"));
    }
}

static void do_fileinto(struct run *r, const struct node *n)
{
    str mailbox = run_text(r, &node_get(n, SLOT_1)->list[0]);
    run_trace(r, n->at, "fileinto \"%.*s\"", STR_ARG(mailbox));
    if (!mailbox_is_valid(mailbox)) {
        run_fail(r, n->at, SIEVE_RUN_MAILBOX, mailbox, S(""));
        return;
    }
    store(r, n, mailbox);
    r->keep &= node_get(n, SLOT_COPY) != NULL;
}

static void do_redirect(struct run *r, const struct node *n)
{
    struct sieve_action new = {
        .kind = SIEVE_REDIRECT, .at = n->at, .target = run_text(r, &node_get(n, SLOT_1)->list[0])};
    run_trace(r, n->at, "redirect \"%.*s\"", STR_ARG(new.target));
    if (!address_is_valid(new.target)) {
        run_fail(r, n->at, SIEVE_RUN_ADDRESS, new.target, S(""));
        return;
    }
    bool again = find_same(r, &new) != NULL;
    if (!again && r->redirects++ >= r->env->redirects_max) {
        run_fail(r, n->at, SIEVE_RUN_REDIRECTS, arena_printf(r->a, "%u", r->env->redirects_max),
                 S(""));
        return;
    }
    add(r, &new);
    r->keep &= node_get(n, SLOT_COPY) != NULL;
}

static void do_reject(struct run *r, const struct node *n)
{
    struct sieve_action new = {.kind = n->op == OP_REJECT ? SIEVE_REJECT : SIEVE_EREJECT,
                               .at = n->at,
                               .text = run_text(r, &node_get(n, SLOT_1)->list[0])};
    run_trace(r, n->at, "%s", n->form->name);
    add(r, &new);
    r->keep = false;
}

/* RFC 5230 4.2: without a handle, what makes two responses the same. */
static str handle_of(struct run *r, const struct sieve_vacation *v)
{
    return arena_printf(r->a, "%.*s\n%.*s\n%d\n%.*s", STR_ARG(v->subject), STR_ARG(v->from),
                        v->mime, STR_ARG(v->reason));
}

struct sieve_vacation vacation_of(struct run *r, const struct node *n)
{
    const struct bound *b;
    struct sieve_vacation v = {.seconds = VACATION_DAYS * DAY, .mime = node_get(n, SLOT_MIME)};
    v.reason = run_text(r, &node_get(n, SLOT_1)->list[0]);
    if ((b = node_get(n, SLOT_SUBJECT)))
        v.subject = run_text(r, &b->list[0]);
    if ((b = node_get(n, SLOT_FROM)))
        v.from = run_text(r, &b->list[0]);
    if ((b = node_get(n, SLOT_PERIOD))) {
        uint64_t unit = b->tag->value == 1 ? 1 : DAY, most = VACATION_DAYS_MAX * (uint64_t)DAY;
        v.seconds = b->number > most / unit ? most : b->number * unit;
        if (unit == DAY && !b->number) /* RFC 5230 4.1: 0 days is 1 day */
            v.seconds = DAY;
    }
    v.addresses = run_list(r, node_get(n, SLOT_ADDRESSES), &v.n_addresses);
    b = node_get(n, SLOT_HANDLE);
    v.handle = b ? run_text(r, &b->list[0]) : handle_of(r, &v);
    return v;
}

static void do_vacation(struct run *r, const struct node *n)
{
    struct sieve_action new = {.kind = SIEVE_VACATION, .at = n->at, .vacation = vacation_of(r, n)};
    run_trace(r, n->at, "vacation");
    add(r, &new);
}

static void do_notify(struct run *r, const struct node *n)
{
    struct sieve_action new = {.kind = SIEVE_NOTIFY, .at = n->at, .importance = S("2")};
    const struct bound *b;
    str to, subject, body;
    new.target = run_text(r, &node_get(n, SLOT_1)->list[0]);
    run_trace(r, n->at, "notify \"%.*s\"", STR_ARG(new.target));
    if (!mailto_parse(r->a, new.target, &to, &subject, &body)) {
        run_fail(r, n->at, SIEVE_RUN_METHOD, new.target, S(""));
        return;
    }
    if ((b = node_get(n, SLOT_MESSAGE)))
        new.text = run_text(r, &b->list[0]);
    if ((b = node_get(n, SLOT_FROM)))
        new.from = run_text(r, &b->list[0]);
    if ((b = node_get(n, SLOT_IMPORTANCE)))
        new.importance = run_text(r, &b->list[0]);
    add(r, &new);
}

void run_action(struct run *r, const struct node *n)
{
    switch (n->op) {
    case OP_KEEP:
        run_trace(r, n->at, "keep");
        store(r, n, S("INBOX"));
        r->keep = false;
        break;
    case OP_DISCARD:
        run_trace(r, n->at, "discard");
        r->keep = false;
        break;
    case OP_FILEINTO:
        do_fileinto(r, n);
        break;
    case OP_REDIRECT:
        do_redirect(r, n);
        break;
    case OP_REJECT:
    case OP_EREJECT:
        do_reject(r, n);
        break;
    case OP_VACATION:
        do_vacation(r, n);
        break;
    case OP_NOTIFY:
        do_notify(r, n);
        break;
    case OP_ADDHEADER:
        run_addheader(r, n);
        break;
    case OP_DELETEHEADER:
        run_deleteheader(r, n);
        break;
    default:
        run_flags(r, n);
        break;
    }
}
