/* SPDX-License-Identifier: ISC */
#include "sieve/run.h"
#include "wire/address.h"
#include "wire/addrlist.h"
#include "wire/words.h"

void values_add(struct run *r, struct values *v, str s)
{
    if (v->n >= SIEVE_VALUES_MAX || !run_work(r, s.n))
        return;
    vec_push(v, s);
}

str header_decoded(struct run *r, str raw)
{
    auto_buf struct buf b;
    buf_init(&b, SIEVE_HEADER_VALUE_MAX * 4);
    words_to_utf8(&b, str_slice(raw, 0, SIEVE_HEADER_VALUE_MAX));
    return arena_copy(r->scratch, str_trim(buf_str(&b)));
}

void header_fields(struct run *r, const struct node *n, str name, struct values *ret)
{
    const struct bound *index = node_get(n, SLOT_INDEX);
    struct header_field f;
    str rest = r->header;
    size_t from = ret->n;
    if (!run_work(r, r->header.n))
        return;
    while (!r->failed && header_find_next(&rest, name, &f))
        values_add(r, ret, f.value);
    if (!index)
        return;
    size_t have = ret->n - from, i = (size_t)index->number - 1; /* 0 wraps: none */
    bool there = index->number && index->number <= have;
    if (there && node_get(n, SLOT_LAST))
        i = have - (size_t)index->number;
    if (there)
        ret->at[from] = ret->at[from + i];
    ret->n = from + there;
}

void header_values(struct run *r, const struct node *n, struct values *ret)
{
    size_t n_names;
    str *names = run_list(r, node_get(n, SLOT_1), &n_names);
    for (size_t i = 0; i < n_names && !r->failed; i++) {
        size_t from = ret->n;
        header_fields(r, n, names[i], ret);
        for (size_t k = from; k < ret->n; k++)
            ret->at[k] = header_decoded(r, ret->at[k]);
    }
}

/* RFC 5233: USER+DETAIL; and our owner's own address as qmail has it, USER-DETAIL. */
static bool split_local(const struct run *r, str local, str *ret_user, str *ret_detail)
{
    str user = r->env->user;
    if (user.n && local.n > user.n && str_istarts(local, user) && local.p[user.n] == '-') {
        *ret_user = str_slice(local, 0, user.n);
        *ret_detail = str_from_at(local, user.n + 1);
        return true;
    }
    return str_cut(local, '+', ret_user, ret_detail);
}

static void add_part(struct run *r, enum part part, str local, str domain, struct values *ret)
{
    str user, detail;
    switch (part) {
    case PART_ALL:
        values_add(r, ret,
                   domain.p ? arena_printf(r->scratch, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain))
                            : local);
        break;
    case PART_LOCAL:
        values_add(r, ret, local);
        break;
    case PART_DOMAIN:
        if (domain.p)
            values_add(r, ret, domain);
        break;
    case PART_USER:
    case PART_DETAIL:
        if (split_local(r, local, &user, &detail))
            values_add(r, ret, part == PART_USER ? user : detail);
        else if (part == PART_USER)
            values_add(r, ret, local);
        break;
    }
}

static enum part part_of(const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_PART);
    return b ? (enum part)b->tag->value : PART_ALL;
}

/* What is no address has no parts; as a whole it can still be looked at (RFC 5228 2.7.4). */
static void add_addresses(struct run *r, enum part part, str field, struct values *ret)
{
    struct addrlist l = addrlist_parse(r->scratch, field, 0);
    size_t mailboxes = 0;
    for (size_t k = 0; k < l.n && !r->failed; k++) {
        const struct addr *one = &l.at[k];
        if (one->kind != ADDR_MAILBOX)
            continue;
        mailboxes++;
        if (one->host.n)
            add_part(r, part, one->mailbox, one->host, ret);
        else if (part == PART_ALL)
            values_add(r, ret, str_trim(one->source));
    }
    if (!mailboxes && part == PART_ALL)
        values_add(r, ret, str_trim(field));
}

void address_values(struct run *r, const struct node *n, struct values *ret)
{
    size_t n_names;
    str *names = run_list(r, node_get(n, SLOT_1), &n_names);
    struct values fields = {0};
    for (size_t i = 0; i < n_names && !r->failed; i++)
        header_fields(r, n, names[i], &fields);
    for (size_t i = 0; i < fields.n && !r->failed; i++) {
        str field = str_slice(fields.at[i], 0, SIEVE_HEADER_VALUE_MAX * 4);
        add_addresses(r, part_of(n), field, ret);
    }
    vec_done(&fields);
}

void envelope_values(struct run *r, const struct node *n, struct values *ret)
{
    size_t n_names;
    str *names = run_list(r, node_get(n, SLOT_1), &n_names);
    for (size_t i = 0; i < n_names && !r->failed; i++) {
        enum envelope_part p = envelope_part_find(names[i]);
        str address = p == ENVELOPE_FROM ? r->m->from : p == ENVELOPE_TO ? r->m->to : r->m->auth;
        if (p == ENVELOPE_UNKNOWN || (p == ENVELOPE_AUTH && !address.n))
            continue;
        if (!address.n) { /* RFC 5228 5.4: the null sender is the empty string, whatever the part */
            values_add(r, ret, S(""));
            continue;
        }
        struct address a = address_split(address);
        add_part(r, part_of(n), a.local, a.domain, ret);
    }
}
