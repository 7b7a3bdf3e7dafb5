/* SPDX-License-Identifier: ISC */
#include "sieve/run.h"
#include "wire/address.h"

enum { DUPLICATE_SECONDS = 7 * 86400, DUPLICATE_SECONDS_MAX = 90 * 86400 };

static uint64_t wire_size(str s) /* RFC 5228 5.9: as it travels, with CRLF */
{
    uint64_t n = s.n;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r');
    return n;
}

static bool test_size(struct run *r, const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_SIZE);
    uint64_t size = wire_size(r->m->text);
    if (!run_work(r, r->m->text.n / 8))
        return false;
    return b->tag->value == 0 ? size > b->number : size < b->number;
}

static bool test_exists(struct run *r, const struct node *n)
{
    size_t n_names;
    str *names = run_list(r, node_get(n, SLOT_1), &n_names);
    struct header_field f;
    for (size_t i = 0; i < n_names; i++)
        if (!run_work(r, r->header.n) || !header_find(r->header, names[i], &f))
            return false;
    return true;
}

static void string_values(struct run *r, const struct node *n, struct values *ret)
{
    const struct bound *m = node_get(n, SLOT_MATCH);
    bool count = m && m->tag->value == MATCH_COUNT;
    size_t k;
    str *list = run_list(r, node_get(n, SLOT_1), &k);
    for (size_t i = 0; i < k; i++)
        if (!count || list[i].n) /* RFC 5229 5: empty ones do not count */
            values_add(r, ret, list[i]);
}

static void environment_values(struct run *r, const struct node *n, struct values *ret)
{
    const struct sieve_env *e = r->env;
    str name = run_text(r, &node_get(n, SLOT_1)->list[0]);
    const struct {
        const char *name;
        str value;
    } items[] = {
        {"domain", e->domain},       {"host", e->host},       {"location", S("MDA")},
        {"name", S("twinpost")},     {"phase", S("during")},  {"remote-host", e->remote_host},
        {"remote-ip", e->remote_ip}, {"version", e->version},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (str_ieq(name, str_from(items[i].name)) && items[i].value.n)
            values_add(r, ret, items[i].value);
}

static void metadata_values(struct run *r, const struct node *n, struct values *ret)
{
    bool server = n->op == OP_SERVERMETADATA;
    str box = server ? S("") : run_text(r, &node_get(n, SLOT_1)->list[0]);
    str name = run_text(r, &node_get(n, server ? SLOT_1 : SLOT_2)->list[0]);
    str value;
    if (r->env->metadata && r->env->metadata(r->env->ctx, box, name, r->scratch, &value))
        values_add(r, ret, value);
}

static bool test_metadataexists(struct run *r, const struct node *n)
{
    bool server = n->op == OP_SERVERMETADATAEXISTS;
    str box = server ? S("") : run_text(r, &node_get(n, SLOT_1)->list[0]), value;
    size_t n_names;
    str *names = run_list(r, node_get(n, server ? SLOT_1 : SLOT_2), &n_names);
    for (size_t i = 0; i < n_names; i++)
        if (!r->env->metadata || !r->env->metadata(r->env->ctx, box, names[i], r->scratch, &value))
            return false;
    return true;
}

static bool test_mailboxexists(struct run *r, const struct node *n)
{
    size_t n_names;
    str *names = run_list(r, node_get(n, SLOT_1), &n_names);
    for (size_t i = 0; i < n_names; i++)
        if (!mailbox_is_valid(names[i]) ||
            (r->env->mailbox_exists && !r->env->mailbox_exists(r->env->ctx, names[i])))
            return false;
    return true;
}

static bool test_specialuse(struct run *r, const struct node *n)
{
    const struct bound *box = node_get(n, SLOT_1);
    str name = box ? run_text(r, &box->list[0]) : S("");
    size_t n_uses;
    str *uses = run_list(r, node_get(n, SLOT_2), &n_uses);
    for (size_t i = 0; i < n_uses; i++)
        if (!r->env->special_use || !r->env->special_use(r->env->ctx, name, uses[i]))
            return false;
    return true;
}

static bool test_ihave(const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_1);
    for (size_t i = 0; i < b->n; i++)
        if (extension_find(b->list[i].s) == EXT_NONE)
            return false;
    return true;
}

/* RFC 7352 3: the id is a header field's value, a text of the script, or the Message-ID. */
static str unique_id(struct run *r, const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_UNIQUE);
    struct header_field f;
    if (b && b->tag->value == 1)
        return run_text(r, &b->list[0]);
    str name = b ? run_text(r, &b->list[0]) : S("Message-ID");
    if (!run_work(r, r->header.n) || !header_find(r->header, name, &f))
        return S("");
    return arena_copy(r->a, header_decoded(r, f.value));
}

static bool test_duplicate(struct run *r, const struct node *n)
{
    const struct bound *h = node_get(n, SLOT_HANDLE), *s = node_get(n, SLOT_SECONDS);
    str id = unique_id(r, n), handle = h ? run_text(r, &h->list[0]) : S("");
    if (!id.n)
        return false; /* nothing to tell it by: never a duplicate */
    bool seen = r->env->seen && r->env->seen(r->env->ctx, handle, id);
    bool last = node_get(n, SLOT_LAST) != NULL;
    uint64_t seconds = s ? s->number : DUPLICATE_SECONDS;
    if ((!seen || last) && r->n_duplicates < SIEVE_DUPLICATES_MAX)
        r->duplicates[r->n_duplicates++] = (struct sieve_duplicate){
            .handle = handle,
            .id = id,
            .last = last,
            .seconds = seconds < DUPLICATE_SECONDS_MAX ? seconds : DUPLICATE_SECONDS_MAX};
    return seen;
}

static bool test_notify(struct run *r, const struct node *n)
{
    size_t n_uris;
    str *uris = run_list(r, node_get(n, SLOT_1), &n_uris), to, subject, body;
    for (size_t i = 0; i < n_uris; i++)
        if (!mailto_parse(r->a, uris[i], &to, &subject, &body))
            return false;
    return true;
}

/* RFC 5435 5: "online" of a mail address: maybe. */
static void capability_values(struct run *r, const struct node *n, struct values *ret)
{
    str uri = run_text(r, &node_get(n, SLOT_1)->list[0]), to, subject, body;
    str what = run_text(r, &node_get(n, SLOT_2)->list[0]);
    if (mailto_parse(r->a, uri, &to, &subject, &body) && str_ieq(what, S("online")))
        values_add(r, ret, S("maybe"));
}

static void collect(struct run *r, const struct node *n, struct values *v)
{
    switch (n->op) {
    case OP_HEADER:
        header_values(r, n, v);
        break;
    case OP_ADDRESS:
        address_values(r, n, v);
        break;
    case OP_ENVELOPE:
        envelope_values(r, n, v);
        break;
    case OP_BODY:
        body_values(r, n, v);
        break;
    case OP_DATE:
        date_values(r, n, v);
        break;
    case OP_CURRENTDATE:
        currentdate_values(r, n, v);
        break;
    case OP_STRING:
        string_values(r, n, v);
        break;
    case OP_HASFLAG:
        flags_values(r, n, v);
        break;
    case OP_ENVIRONMENT:
        environment_values(r, n, v);
        break;
    case OP_METADATA:
    case OP_SERVERMETADATA:
        metadata_values(r, n, v);
        break;
    case OP_NOTIFY_CAPABILITY:
        capability_values(r, n, v);
        break;
    default:
        break;
    }
}

/* hasflag's keys may hold several flags each (RFC 5232 4). */
static void split_keys(struct run *r, struct matcher *m)
{
    if (m->type == MATCH_COUNT)
        return;
    str *keys = NEW_N(r->a, str, SIEVE_FLAGS_MAX), one;
    size_t n = 0;
    for (size_t i = 0; i < m->n_keys; i++)
        for (str rest = m->keys[i]; rest.n && n < SIEVE_FLAGS_MAX;) {
            (void)str_cut(rest, ' ', &one, &rest);
            if (one.n)
                keys[n++] = one;
        }
    if (n > m->n_keys)
        m->patterns = NULL; /* they were made of the keys as they stood */
    m->keys = keys;
    m->n_keys = n;
}

static bool test_match(struct run *r, const struct node *n)
{
    struct values v = {0};
    struct matcher m = matcher_of(r, n, node_keys(n));
    if (n->op == OP_BODY)
        m.captures = false; /* RFC 5173 6 */
    if (n->op == OP_HASFLAG && m.type != MATCH_REGEX)
        split_keys(r, &m);
    collect(r, n, &v);
    bool yes = !r->failed && match_values(r, &m, &v);
    vec_done(&v);
    return yes;
}

static bool leaf(struct run *r, const struct node *n)
{
    switch (n->op) {
    case OP_TRUE:
        return true;
    case OP_FALSE:
        return false;
    case OP_SIZE:
        return test_size(r, n);
    case OP_EXISTS:
        return test_exists(r, n);
    case OP_MAILBOXEXISTS:
        return test_mailboxexists(r, n);
    case OP_METADATAEXISTS:
    case OP_SERVERMETADATAEXISTS:
        return test_metadataexists(r, n);
    case OP_SPECIALUSE_EXISTS:
        return test_specialuse(r, n);
    case OP_IHAVE:
        return test_ihave(n);
    case OP_DUPLICATE:
        return test_duplicate(r, n);
    case OP_VALID_NOTIFY:
        return test_notify(r, n);
    case OP_UNKNOWN:
        run_fail(r, n->at, SIEVE_RUN_UNKNOWN, n->name, S(""));
        return false;
    default:
        return test_match(r, n);
    }
}

static bool all_or_any(struct run *r, const struct node *n)
{
    bool all = n->op == OP_ALLOF;
    for (const struct node *t = n->tests; t && !r->failed; t = t->next)
        if (run_test(r, t) != all)
            return !all;
    return all;
}

bool run_test(struct run *r, const struct node *n)
{
    if (!run_work(r, 64))
        return false;
    if (n->op == OP_ALLOF || n->op == OP_ANYOF)
        return all_or_any(r, n);
    if (n->op == OP_NOT)
        return !run_test(r, n->tests) && !r->failed;
    arena_reset(r->scratch);
    bool yes = leaf(r, n) && !r->failed;
    run_trace(r, n->at, "%.*s: %s", STR_ARG(n->name), yes ? "true" : "false");
    return yes;
}
