/* SPDX-License-Identifier: ISC */
#include "wire/imap_search_args.h"

#include "wire/date.h"

enum argument {
    NOTHING,
    STRING,
    FIELD_STRING,
    DAY,
    NUMBER,
    ATOM,
    SECONDS,
    OBJECT,
    MODSEQ,
    NUMBER_UID
};

static const struct key {
    str name;
    enum imap_key key;
    enum argument argument;
    bool no;
    unsigned flag;
    const char *field;
} keys[] = {
    {S("ALL"), IMAP_KEY_ALL, NOTHING, false, 0, NULL},
    {S("ANSWERED"), IMAP_KEY_FLAG, NOTHING, false, IMAP_ANSWERED, NULL},
    {S("BCC"), IMAP_KEY_HEADER, STRING, false, 0, "Bcc"},
    {S("BEFORE"), IMAP_KEY_BEFORE, DAY, false, 0, NULL},
    {S("BODY"), IMAP_KEY_BODY, STRING, false, 0, NULL},
    {S("CC"), IMAP_KEY_HEADER, STRING, false, 0, "Cc"},
    {S("DELETED"), IMAP_KEY_FLAG, NOTHING, false, IMAP_DELETED, NULL},
    {S("DRAFT"), IMAP_KEY_FLAG, NOTHING, false, IMAP_DRAFT, NULL},
    {S("EMAILID"), IMAP_KEY_EMAILID, OBJECT, false, 0, NULL},
    {S("FLAGGED"), IMAP_KEY_FLAG, NOTHING, false, IMAP_FLAGGED, NULL},
    {S("FROM"), IMAP_KEY_HEADER, STRING, false, 0, "From"},
    {S("HEADER"), IMAP_KEY_HEADER, FIELD_STRING, false, 0, NULL},
    {S("KEYWORD"), IMAP_KEY_KEYWORD, ATOM, false, 0, NULL},
    {S("LARGER"), IMAP_KEY_LARGER, NUMBER, false, 0, NULL},
    {S("MODSEQ"), IMAP_KEY_MODSEQ, MODSEQ, false, 0, NULL},
    {S("NEW"), IMAP_KEY_NEW, NOTHING, false, 0, NULL},
    {S("OLD"), IMAP_KEY_FLAG, NOTHING, true, IMAP_RECENT, NULL},
    {S("OLDER"), IMAP_KEY_OLDER, SECONDS, false, 0, NULL},
    {S("ON"), IMAP_KEY_ON, DAY, false, 0, NULL},
    {S("RECENT"), IMAP_KEY_FLAG, NOTHING, false, IMAP_RECENT, NULL},
    {S("SAVEDATESUPPORTED"), IMAP_KEY_SAVEDATESUPPORTED, NOTHING, false, 0, NULL},
    {S("SAVEDBEFORE"), IMAP_KEY_SAVEDBEFORE, DAY, false, 0, NULL},
    {S("SAVEDON"), IMAP_KEY_SAVEDON, DAY, false, 0, NULL},
    {S("SAVEDSINCE"), IMAP_KEY_SAVEDSINCE, DAY, false, 0, NULL},
    {S("SEEN"), IMAP_KEY_FLAG, NOTHING, false, IMAP_SEEN, NULL},
    {S("SENTBEFORE"), IMAP_KEY_SENTBEFORE, DAY, false, 0, NULL},
    {S("SENTON"), IMAP_KEY_SENTON, DAY, false, 0, NULL},
    {S("SENTSINCE"), IMAP_KEY_SENTSINCE, DAY, false, 0, NULL},
    {S("SINCE"), IMAP_KEY_SINCE, DAY, false, 0, NULL},
    {S("SMALLER"), IMAP_KEY_SMALLER, NUMBER, false, 0, NULL},
    {S("SUBJECT"), IMAP_KEY_HEADER, STRING, false, 0, "Subject"},
    {S("TEXT"), IMAP_KEY_TEXT, STRING, false, 0, NULL},
    {S("THREADID"), IMAP_KEY_THREADID, OBJECT, false, 0, NULL},
    {S("TO"), IMAP_KEY_HEADER, STRING, false, 0, "To"},
    {S("UIDAFTER"), IMAP_KEY_UIDAFTER, NUMBER_UID, false, 0, NULL},
    {S("UIDBEFORE"), IMAP_KEY_UIDBEFORE, NUMBER_UID, false, 0, NULL},
    {S("UNANSWERED"), IMAP_KEY_FLAG, NOTHING, true, IMAP_ANSWERED, NULL},
    {S("UNDELETED"), IMAP_KEY_FLAG, NOTHING, true, IMAP_DELETED, NULL},
    {S("UNDRAFT"), IMAP_KEY_FLAG, NOTHING, true, IMAP_DRAFT, NULL},
    {S("UNFLAGGED"), IMAP_KEY_FLAG, NOTHING, true, IMAP_FLAGGED, NULL},
    {S("UNKEYWORD"), IMAP_KEY_KEYWORD, ATOM, true, 0, NULL},
    {S("UNSEEN"), IMAP_KEY_FLAG, NOTHING, true, IMAP_SEEN, NULL},
    {S("YOUNGER"), IMAP_KEY_YOUNGER, SECONDS, false, 0, NULL},
};

struct parse {
    struct imap_reader *r;
    struct imap_search_args *args;
    unsigned nodes;
};

static err key_list(struct parse *p, unsigned depth, struct imap_search **ret_first);

static err node_new(struct parse *p, enum imap_key key, struct imap_search **ret)
{
    if (p->nodes == IMAP_SEARCH_KEYS_MAX)
        return err_new(ERR_LIMIT, "too many search keys");
    p->nodes++;
    *ret = NEW(p->r->arena, struct imap_search);
    (*ret)->key = key;
    return OK_ERR;
}

static err day(struct imap_reader *r, int64_t *ret)
{
    str text = {0};
    err e = imap_astring(r, &text);
    if (!failed(e))
        e = date_parse_imap_day(text, ret);
    return failed(e) ? err_new(ERR_SYNTAX, "bad date") : OK_ERR;
}

/* RFC 8474 4: an objectid is 1 to 255 letters, digits, "_" and "-". */
static err object_id(struct imap_reader *r, str *ret)
{
    str id = {0};
    err e = imap_astring(r, &id);
    if (failed(e))
        return e;
    for (size_t i = 0; i < id.n; i++)
        if (!char_is_alpha(id.p[i]) && !char_is_digit(id.p[i]) && id.p[i] != '_' && id.p[i] != '-')
            return err_new(ERR_SYNTAX, "bad object identifier");
    if (id.n == 0 || id.n > IMAP_OBJECT_ID_MAX)
        return err_new(ERR_SYNTAX, "bad object identifier");
    *ret = id;
    return OK_ERR;
}

/* RFC 7162 3.1.5: [entry-name SP entry-type SP] mod-sequence. One number stands for all of a
 * message's metadata here, so which entry it is makes no difference. */
static err modseq(struct imap_reader *r, int64_t *ret)
{
    static const str types[] = {S("all"), S("priv"), S("shared")};
    if (r->rest.n > 0 && r->rest.p[0] == '"') {
        str name = {0}, type = {0};
        err e = imap_string(r, &name);
        if (!failed(e))
            e = imap_space(r);
        if (!failed(e))
            e = imap_atom(r, &type);
        if (!failed(e))
            e = imap_space(r);
        if (failed(e))
            return e;
        bool known = false;
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            known |= str_ieq(type, types[i]);
        if (!known || !str_istarts(name, S("/flags/")))
            return err_new(ERR_SYNTAX, "bad metadata entry");
    }
    uint64_t n = 0;
    err e = imap_number64(r, &n);
    *ret = (int64_t)n;
    return e;
}

static err number(struct imap_reader *r, enum argument kind, int64_t *ret)
{
    uint64_t n = 0;
    uint32_t nz = 0;
    err e;
    switch (kind) {
    case SECONDS: /* RFC 5032 3: nz-number */
    case NUMBER_UID:
        e = imap_nz_number(r, &nz);
        *ret = nz;
        return e;
    default:
        e = imap_number64(r, &n);
        *ret = (int64_t)n;
        return e;
    }
}

static err argument(struct imap_reader *r, const struct key *k, struct imap_search *node)
{
    if (k->argument == NOTHING)
        return OK_ERR;
    err e = imap_space(r);
    if (failed(e))
        return e;
    switch (k->argument) {
    case OBJECT:
        return object_id(r, &node->text);
    case MODSEQ:
        return modseq(r, &node->number);
    case FIELD_STRING:
        e = imap_astring(r, &node->field);
        if (!failed(e))
            e = imap_space(r);
        return failed(e) ? e : imap_astring(r, &node->text);
    case STRING:
        node->field = str_from(k->field);
        return imap_astring(r, &node->text);
    case ATOM:
        e = imap_atom(r, &node->text);
        return e;
    case DAY:
        return day(r, &node->number);
    case NUMBER:
    case SECONDS:
    case NUMBER_UID:
        return number(r, k->argument, &node->number);
    case NOTHING:
        break;
    }
    return OK_ERR;
}

static void note_needs(struct imap_search_args *args, struct imap_search *node)
{
    switch (node->key) {
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        args->needs_body = true;
        [[fallthrough]];
    case IMAP_KEY_HEADER:
        node->id = args->texts++;
        [[fallthrough]];
    case IMAP_KEY_SENTBEFORE:
    case IMAP_KEY_SENTON:
    case IMAP_KEY_SENTSINCE:
        args->needs_message = true;
        args->needs_digest |= node->key != IMAP_KEY_HEADER && node->key != IMAP_KEY_BODY &&
                              node->key != IMAP_KEY_TEXT;
        break;
    case IMAP_KEY_EMAILID:
    case IMAP_KEY_THREADID: /* of what lies in the whole message */
        args->needs_digest = args->needs_ids = args->needs_body = args->needs_message = true;
        break;
    case IMAP_KEY_SAVEDBEFORE:
    case IMAP_KEY_SAVEDON:
    case IMAP_KEY_SAVEDSINCE:
        args->savedates = true;
        break;
    case IMAP_KEY_OLDER:
    case IMAP_KEY_YOUNGER:
        args->ages = true;
        break;
    case IMAP_KEY_MODSEQ:
        args->modseq = true;
        break;
    default:
        break;
    }
}

static err named_key(struct parse *p, struct imap_search **ret)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!imap_skip_word(p->r, keys[i].name))
            continue;
        err e = node_new(p, keys[i].key, ret);
        if (failed(e))
            return e;
        (*ret)->no = keys[i].no;
        (*ret)->flag = keys[i].flag;
        e = argument(p->r, &keys[i], *ret);
        if (!failed(e))
            note_needs(p->args, *ret);
        return e;
    }
    return err_new(ERR_SYNTAX, "no such search key");
}

static err one_key(struct parse *p, unsigned depth, struct imap_search **ret);

static err or_key(struct parse *p, unsigned depth, struct imap_search **ret)
{
    err e = node_new(p, IMAP_KEY_OR, ret);
    if (!failed(e))
        e = imap_space(p->r);
    if (!failed(e))
        e = one_key(p, depth + 1, &(*ret)->children);
    if (!failed(e))
        e = imap_space(p->r);
    if (!failed(e))
        e = one_key(p, depth + 1, &(*ret)->children->next);
    return e;
}

static err set_key(struct parse *p, enum imap_key key, struct imap_search **ret)
{
    err e = node_new(p, key, ret);
    if (!failed(e))
        e = imap_set_parse(p->r, &(*ret)->set);
    if (failed(e))
        return e;
    if ((*ret)->set.saved)
        (*ret)->key = IMAP_KEY_SAVED;
    else
        p->args->numbers |= key == IMAP_KEY_SET;
    return OK_ERR;
}

static err bracketed(struct parse *p, unsigned depth, struct imap_search **ret)
{
    err e = node_new(p, IMAP_KEY_AND, ret);
    if (!failed(e))
        e = key_list(p, depth + 1, &(*ret)->children);
    if (failed(e))
        return e;
    return imap_skip(p->r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a parenthesis is missing");
}

static bool is_set_start(char c)
{
    return char_is_digit(c) || c == '*' || c == '$';
}

static err one_key(struct parse *p, unsigned depth, struct imap_search **ret)
{
    struct imap_reader *r = p->r;
    if (depth > IMAP_DEPTH_MAX)
        return err_new(ERR_LIMIT, "the search is too deep");
    bool no = false;
    /* A row of NOTs is a loop here: it needs no depth. */
    while (imap_skip_word(r, S("NOT"))) {
        err e = imap_space(r);
        if (failed(e))
            return e;
        no = !no;
    }
    err e;
    if (imap_skip(r, '(')) {
        e = bracketed(p, depth, ret);
    } else if (imap_skip_word(r, S("OR"))) {
        e = or_key(p, depth, ret);
    } else if (imap_skip_word(r, S("UID"))) {
        e = imap_space(r);
        if (!failed(e))
            e = set_key(p, IMAP_KEY_UID, ret);
    } else if (r->rest.n > 0 && is_set_start(r->rest.p[0])) {
        e = set_key(p, IMAP_KEY_SET, ret);
    } else {
        e = named_key(p, ret);
    }
    if (!failed(e))
        (*ret)->no ^= no;
    return e;
}

static err key_list(struct parse *p, unsigned depth, struct imap_search **ret_first)
{
    struct imap_search **tail = ret_first;
    do {
        err e = one_key(p, depth, tail);
        if (failed(e))
            return e;
        tail = &(*tail)->next;
    } while (!imap_at_end(p->r) && imap_skip(p->r, ' '));
    return OK_ERR;
}

err imap_search_keys(struct imap_reader *r, struct imap_search_args *ret)
{
    struct imap_search_args args = *ret;
    struct parse p = {.r = r, .args = &args};
    err e = node_new(&p, IMAP_KEY_AND, &args.root);
    if (!failed(e))
        e = key_list(&p, 0, &args.root->children);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}

err imap_search_args(struct imap_reader *r, struct imap_search_args *ret)
{
    struct imap_search_args args = {0};
    err e = imap_return(r, &args.ret);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e) && imap_skip_word(r, S("CHARSET"))) {
        e = imap_space(r);
        if (!failed(e))
            e = imap_astring(r, &args.charset);
        if (!failed(e))
            e = imap_space(r);
    }
    if (!failed(e))
        e = imap_search_keys(r, &args);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}
