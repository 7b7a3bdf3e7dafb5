/* SPDX-License-Identifier: ISC */
#include "sieve/check.h"
#include "sieve/regex.h"
#include "sieve/values.h"
#include "wire/charset.h"
#include "wire/encoding.h"
#include "wire/header.h"

/* ---- ${hex: …}, ${unicode: …} (RFC 5228 2.4.2.4) and ${variables} (RFC 5229 3) ---- */

static bool take_blanks(str *s)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t' || s->p[n] == '\n' || s->p[n] == '\r'))
        n++;
    *s = str_from_at(*s, n);
    return n > 0;
}

static bool take_hex(str *s, size_t max_digits, uint32_t *ret)
{
    size_t n = 0;
    *ret = 0;
    while (n < s->n && n <= max_digits && hex_digit(s->p[n]) >= 0)
        *ret = (*ret << 4) | (uint32_t)hex_digit(s->p[n++]);
    *s = str_from_at(*s, n);
    return n > 0 && n <= max_digits;
}

/* What stands between "${hex:" and "}". False: it is ordinary text. */
static bool decode_hex(str in, struct buf *out)
{
    uint32_t octet;
    size_t any = 0;
    take_blanks(&in);
    while (in.n) {
        if (!take_hex(&in, 2, &octet))
            return false;
        any++;
        buf_addc(out, (char)octet);
        if (in.n && !take_blanks(&in))
            return false;
    }
    return any > 0;
}

static bool decode_unicode(struct checker *c, struct sieve_pos at, str in, struct buf *out)
{
    uint32_t code;
    size_t any = 0;
    str whole = str_trim(in);
    take_blanks(&in);
    while (in.n) {
        if (!take_hex(&in, 8, &code))
            return false;
        any++;
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            check_problem(c, at, SIEVE_BAD_CODE_POINT, whole, S(""));
            return false;
        }
        utf8_write(out, code);
        if (in.n && !take_blanks(&in))
            return false;
    }
    return any > 0;
}

static str decode_characters(struct checker *c, const struct text *t)
{
    auto_buf struct buf out, one;
    buf_init(&out, t->s.n * 4 + 16); /* ${unicode:…} is longer than what it says */
    buf_init(&one, t->s.n * 4 + 16);
    str rest = t->s;
    while (rest.n) {
        ptrdiff_t at = str_find_str(rest, S("${")), end = -1;
        if (at >= 0)
            end = str_find(str_from_at(rest, (size_t)at), '}');
        if (end < 0)
            break;
        str inside = str_slice(rest, (size_t)at + 2, (size_t)at + (size_t)end);
        buf_add(&out, str_slice(rest, 0, (size_t)at));
        buf_reset(&one);
        bool done = str_iskip(&inside, S("hex:"))       ? decode_hex(inside, &one)
                    : str_iskip(&inside, S("unicode:")) ? decode_unicode(c, t->at, inside, &one)
                                                        : false;
        size_t used = done ? (size_t)at + (size_t)end + 1 : (size_t)at + 2;
        buf_add(&out, done ? buf_str(&one) : S("${"));
        rest = str_from_at(rest, used);
    }
    buf_add(&out, rest);
    return arena_copy(c->script->arena, buf_str(&out));
}

/* "${name}": an unknown namespace is an error, anything else that is no variable is text. */
static void check_variables(struct checker *c, struct text *t)
{
    str rest = t->s;
    for (;;) {
        ptrdiff_t at = str_find_str(rest, S("${"));
        if (at < 0)
            return;
        rest = str_from_at(rest, (size_t)at + 2);
        ptrdiff_t end = str_find(rest, '}');
        if (end < 0)
            return;
        str name = str_slice(rest, 0, (size_t)end), space, local, bare;
        bool global;
        if (str_cut(name, '.', &space, &local) && variable_name_parse(space, &global, &bare) &&
            !global && variable_name_parse(local, &global, &bare) &&
            !(str_ieq(space, S("global")) && check_has(c, EXT_INCLUDE)))
            check_problem(c, t->at, SIEVE_BAD_NAMESPACE, name, S(""));
        t->dynamic = true;
    }
}

void check_text(struct checker *c, struct text *t)
{
    if (str_find_str(t->s, S("${")) < 0)
        return;
    if (check_has(c, EXT_ENCODED_CHARACTER))
        t->s = decode_characters(c, t);
    if (check_has(c, EXT_VARIABLES))
        check_variables(c, t);
}

/* ---- each kind of value ---- */

static void each_text(struct checker *c, const struct bound *b,
                      void (*check)(struct checker *, const struct text *))
{
    for (size_t i = 0; b && i < b->n; i++)
        if (!b->list[i].dynamic)
            check(c, &b->list[i]);
}

#define CHECK_FN(name, test, kind)                                                                 \
    static void name(struct checker *c, const struct text *t)                                      \
    {                                                                                              \
        if (!(test))                                                                               \
            check_problem(c, t->at, kind, t->s, S(""));                                            \
    }
CHECK_FN(header_name, header_name_is_valid(t->s), SIEVE_BAD_HEADER)
CHECK_FN(address_header, is_address_header(t->s), SIEVE_NOT_ADDRESS_HEADER)
CHECK_FN(envelope_name, envelope_part_find(t->s) != ENVELOPE_UNKNOWN, SIEVE_BAD_PART)
CHECK_FN(mailbox_name, mailbox_is_valid(t->s), SIEVE_BAD_MAILBOX)
CHECK_FN(one_address, address_is_valid(t->s), SIEVE_BAD_ADDRESS)
CHECK_FN(date_name, date_part_find(t->s) != DATE_UNKNOWN, SIEVE_BAD_DATE_PART)

static void zone_name(struct checker *c, const struct text *t)
{
    int minutes;
    if (!zone_parse(t->s, &minutes))
        check_problem(c, t->at, SIEVE_BAD_ZONE, t->s, S(""));
}

static void notify_method(struct checker *c, const struct text *t)
{
    str to, subject, body;
    if (!mailto_parse(c->script->arena, t->s, &to, &subject, &body))
        check_problem(c, t->at, SIEVE_BAD_METHOD, t->s, S(""));
}

/* RFC 5232 2: flags that cannot be are ignored; their author wants to know. */
static void flags(struct checker *c, const struct text *t)
{
    str rest = t->s, one;
    while (rest.n) {
        (void)str_cut(rest, ' ', &one, &rest);
        if (one.n && !flag_is_valid(one))
            sieve_warning_add(c->problems, t->at, SIEVE_BAD_FLAG, one, S(""));
    }
}

static void edited_header(struct checker *c, const struct text *t)
{
    header_name(c, t);
    if (is_protected_header(t->s))
        sieve_warning_add(c->problems, t->at, SIEVE_PROTECTED_HEADER, t->s, S(""));
}

static void variable_name(struct checker *c, const struct text *t)
{
    bool global;
    str name;
    if (t->dynamic || !variable_name_parse(t->s, &global, &name))
        check_problem(c, t->at, t->dynamic ? SIEVE_NOT_CONSTANT : SIEVE_BAD_VARIABLE, t->s, S(""));
    else if (global && !check_has(c, EXT_INCLUDE))
        check_problem(c, t->at, SIEVE_BAD_NAMESPACE, t->s, S(""));
}

static void variable_names(struct checker *c, const struct bound *b)
{
    for (size_t i = 0; b && i < b->n; i++)
        variable_name(c, &b->list[i]);
}

/* setflag "name" …: needs variables (RFC 5232 3). */
static void flag_variables(struct checker *c, const struct bound *b)
{
    if (b && check_needs(c, b->at, S("a variable"), EXT_VARIABLES))
        variable_names(c, b);
}

static void include_name(struct checker *c, const struct bound *b)
{
    if (b->list[0].dynamic)
        check_problem(c, b->at, SIEVE_NOT_CONSTANT, S(""), S(""));
    else if (!sieve_script_name_is_valid(b->list[0].s))
        check_problem(c, b->at, SIEVE_BAD_SCRIPT_NAME, b->list[0].s, S(""));
}

/* ---- match types, comparators, patterns ---- */

static void compile_patterns(struct checker *c, struct node *n, const struct bound *keys,
                             enum comparator cmp)
{
    n->patterns = NEW_N(c->script->arena, struct pattern *, keys->n + 1);
    unsigned how = cmp == CMP_OCTET ? REGEX_OCTETS : REGEX_CASELESS;
    for (size_t i = 0; i < keys->n; i++) {
        str why = S("");
        if (keys->list[i].dynamic)
            continue;
        n->patterns[i] =
            pattern_compile(keys->list[i].s, how, c->script->arena, &c->script->all_patterns, &why);
        if (!n->patterns[i])
            check_problem(c, keys->list[i].at, SIEVE_BAD_REGEX, why, S(""));
    }
}

const struct bound *node_keys(const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_3);
    if (!b)
        b = node_get(n, SLOT_2);
    return b ? b : node_get(n, SLOT_1);
}

static void check_match(struct checker *c, struct node *n)
{
    const struct bound *m = node_get(n, SLOT_MATCH), *k = node_get(n, SLOT_COMPARATOR);
    enum match_type type = m ? (enum match_type)m->tag->value : MATCH_IS;
    enum comparator cmp = CMP_ASCII;
    if (k) {
        cmp = comparator_find(k->list[0].s);
        if (cmp == CMP_UNKNOWN)
            check_problem(c, k->at, SIEVE_UNKNOWN_COMPARATOR, k->list[0].s, S(""));
        else if (cmp == CMP_NUMERIC)
            (void)check_needs(c, k->at, k->list[0].s, EXT_ASCII_NUMERIC);
        else if (cmp == CMP_UNICODE)
            (void)check_needs(c, k->at, k->list[0].s, EXT_UNICODE_CASEMAP);
        if (cmp == CMP_NUMERIC &&
            (type == MATCH_CONTAINS || type == MATCH_MATCHES || type == MATCH_REGEX))
            check_problem(c, k->at, SIEVE_BAD_COMPARATOR, k->list[0].s, str_from(m->tag->name));
    }
    if ((type == MATCH_VALUE || type == MATCH_COUNT) && relation_find(m->list[0].s) == REL_UNKNOWN)
        check_problem(c, m->at, SIEVE_BAD_RELATION, m->list[0].s, S(""));
    if (type == MATCH_REGEX && node_keys(n))
        compile_patterns(c, n, node_keys(n), cmp);
}

static void check_deleteheader(struct checker *c, const struct node *n)
{
    const struct bound *match = node_get(n, SLOT_MATCH), *last = node_get(n, SLOT_LAST);
    each_text(c, node_get(n, SLOT_1), edited_header);
    if (last && !node_get(n, SLOT_INDEX))
        check_problem(c, last->at, SIEVE_TAG_ALONE, S("last"), S("index"));
    if (match && match->tag->value == MATCH_COUNT)
        check_problem(c, match->at, SIEVE_UNKNOWN_TAG, S("count"), n->name);
}

/* :header names a field, :uniqueid is any text. */
static void check_unique(struct checker *c, const struct bound *b)
{
    if (b && b->tag->value == 0)
        each_text(c, b, header_name);
}

static void check_index(struct checker *c, const struct node *n)
{
    const struct bound *last = node_get(n, SLOT_LAST);
    if (last && !node_get(n, SLOT_INDEX))
        check_problem(c, last->at, SIEVE_TAG_ALONE, S("last"), S("index"));
}

void check_values(struct checker *c, struct node *n)
{
    const struct bound *one = node_get(n, SLOT_1);
    if (n->form->match)
        check_match(c, n);
    if (n->form->index)
        check_index(c, n);
    each_text(c, node_get(n, SLOT_ZONE), zone_name);
    if (n->op == OP_KEEP || n->op == OP_FILEINTO)
        each_text(c, node_get(n, SLOT_FLAGS), flags);
    switch (n->op) {
    case OP_REQUIRE:
    case OP_IHAVE:
        for (size_t i = 0; i < one->n; i++)
            if (one->list[i].dynamic)
                check_problem(c, one->list[i].at, SIEVE_NOT_CONSTANT, S(""), S(""));
        break;
    case OP_ADDRESS:
        each_text(c, one, header_name);
        each_text(c, one, address_header);
        break;
    case OP_HEADER:
    case OP_EXISTS:
        each_text(c, one, header_name);
        break;
    case OP_DATE:
        each_text(c, one, header_name);
        each_text(c, node_get(n, SLOT_2), date_name);
        break;
    case OP_CURRENTDATE:
        each_text(c, one, date_name);
        break;
    case OP_ENVELOPE:
        each_text(c, one, envelope_name);
        break;
    case OP_FILEINTO:
        each_text(c, one, mailbox_name);
        break;
    case OP_REDIRECT:
        each_text(c, one, one_address);
        break;
    case OP_ADDHEADER:
        each_text(c, one, edited_header);
        break;
    case OP_DELETEHEADER:
        check_deleteheader(c, n);
        break;
    case OP_SETFLAG:
    case OP_ADDFLAG:
    case OP_REMOVEFLAG:
        flag_variables(c, one);
        each_text(c, node_get(n, SLOT_2), flags);
        break;
    case OP_HASFLAG:
        flag_variables(c, one);
        break;
    case OP_SET:
    case OP_GLOBAL:
        variable_names(c, one);
        break;
    case OP_INCLUDE:
        include_name(c, one);
        break;
    case OP_NOTIFY:
        each_text(c, one, notify_method);
        break;
    case OP_SIZE:
        if (!node_get(n, SLOT_SIZE))
            check_problem(c, n->at, SIEVE_TOO_FEW, n->name, S(":over 100K"));
        break;
    case OP_DUPLICATE:
        check_unique(c, node_get(n, SLOT_UNIQUE));
        break;
    default:
        break;
    }
}
