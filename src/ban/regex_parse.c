/* SPDX-License-Identifier: ISC */
/* ban/regex_parse.c -- the syntax of Python's `re` (docs.python.org/3.11/library/re.html). */
#include <string.h>

#include "ban/regex.h"

struct parser {
    str s;
    size_t at;
    struct arena *arena;
    struct re_error *error;
    uint8_t flags; /* in force */
    uint8_t late;  /* global flags met on the way */
    bool late_flag;
    uint32_t groups;
    bool open[REGEX_GROUPS_MAX + 1];
    struct re_node *closed[REGEX_GROUPS_MAX + 1];
    struct re_name names[REGEX_GROUPS_MAX];
    size_t n_names, n_nodes;
    unsigned depth;
    bool in_behind, non_ascii;
};

static struct re_node *fail_at(struct parser *p, size_t at, const char *what)
{
    if (!p->error->what)
        *p->error = (struct re_error){at, what};
    return NULL;
}

static struct re_node *fail(struct parser *p, const char *what)
{
    return fail_at(p, p->at, what);
}

static struct re_node *node(struct parser *p, enum re_kind kind, size_t from)
{
    if (++p->n_nodes > REGEX_NODES_MAX)
        return fail(p, "the expression is too large");
    struct re_node *n = NEW(p->arena, struct re_node);
    *n = (struct re_node){.kind = kind, .flags = p->flags, .from = from, .to = p->at};
    return n;
}

static uint32_t add_width(uint32_t a, uint32_t b)
{
    return a == RE_INF || b == RE_INF || a > RE_INF - 1 - b ? RE_INF : a + b;
}

static uint32_t mul_width(uint32_t a, uint32_t n)
{
    if (a == 0 || n == 0)
        return 0;
    return a == RE_INF || n == RE_INF || a > (RE_INF - 1) / n ? RE_INF : a * n;
}

static bool more(const struct parser *p)
{
    return p->at < p->s.n;
}

static char peek(const struct parser *p)
{
    return more(p) ? p->s.p[p->at] : 0;
}

static bool take(struct parser *p, const char *text)
{
    str t = str_from(text);
    if (!str_starts(str_from_at(p->s, p->at), t))
        return false;
    p->at += t.n;
    return true;
}

/* One character of UTF-8; bytes that are none count as themselves. */
static uint32_t next_code(struct parser *p)
{
    unsigned char c = (unsigned char)p->s.p[p->at++];
    if (c < 0x80)
        return c;
    p->non_ascii = true;
    unsigned extra = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
    uint32_t code = extra == 3 ? c & 7 : extra == 2 ? c & 15 : c & 31;
    if (!extra || p->at + extra > p->s.n)
        return 0xfffd;
    for (unsigned i = 0; i < extra; i++) {
        unsigned char d = (unsigned char)p->s.p[p->at + i];
        if ((d & 0xc0) != 0x80)
            return 0xfffd;
        code = code << 6 | (d & 0x3f);
    }
    p->at += extra;
    return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code;
}

static int hex_value(char c)
{
    return char_is_digit(c)       ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool take_hex(struct parser *p, unsigned digits, uint32_t *ret)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < digits; i++) {
        int h = hex_value(peek(p));
        if (h < 0)
            return false;
        v = v << 4 | (uint32_t)h;
        p->at++;
    }
    *ret = v;
    return v <= 0x10ffff && !(v >= 0xd800 && v < 0xe000);
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Behind the backslash: a character by its name or number. False: no such escape. */
static bool char_escape(struct parser *p, char c, bool in_set, uint32_t *ret)
{
    static const char names[] = "afnrtv\\", values[] = "\a\f\n\r\t\v\\";
    const char *at = c ? strchr(names, c) : NULL;
    if (at) {
        *ret = (unsigned char)values[at - names];
        return true;
    }
    if (c == 'x' || c == 'u' || c == 'U')
        return take_hex(p, c == 'x' ? 2 : c == 'u' ? 4 : 8, ret);
    if (c == '0' || (in_set && is_octal(c))) {
        uint32_t v = (uint32_t)(c - '0');
        for (int i = 0; i < 2 && is_octal(peek(p)); i++)
            v = v * 8 + (uint32_t)(p->s.p[p->at++] - '0');
        *ret = v;
        return v <= 0377;
    }
    if (char_is_alpha(c) || char_is_digit(c))
        return false;
    *ret = (unsigned char)c;
    return true;
}

static struct re_node *char_node(struct parser *p, uint32_t code, size_t from)
{
    struct re_node *n = node(p, RE_CHAR, from);
    p->non_ascii = p->non_ascii || code >= 0x80;
    if (n) {
        n->code = code;
        n->width_min = n->width_max = 1;
    }
    return n;
}

static struct re_node *backref(struct parser *p, uint32_t group, size_t from)
{
    if (group == 0 || group > p->groups)
        return fail_at(p, from, "it refers to a group that does not exist");
    if (p->open[group])
        return fail_at(p, from, "it refers to a group that is still open");
    struct re_node *n = node(p, RE_BACKREF, from);
    if (!n)
        return NULL;
    n->group = group;
    n->width_min = p->closed[group] ? p->closed[group]->width_min : 0;
    n->width_max = p->closed[group] ? p->closed[group]->width_max : RE_INF;
    return n;
}

/* \1..\99, or three octal digits */
static struct re_node *numbered(struct parser *p, char c, size_t from)
{
    uint32_t v = (uint32_t)(c - '0');
    if (char_is_digit(peek(p))) {
        char d = peek(p);
        if (is_octal(c) && is_octal(d) && p->at + 1 < p->s.n && is_octal(p->s.p[p->at + 1])) {
            v = v * 64 + (uint32_t)(d - '0') * 8 + (uint32_t)(p->s.p[p->at + 1] - '0');
            p->at += 2;
            return v > 0377 ? fail_at(p, from, "an octal escape above \\377")
                            : char_node(p, v, from);
        }
        v = v * 10 + (uint32_t)(d - '0');
        p->at++;
    }
    return backref(p, v, from);
}

static struct re_node *escape(struct parser *p)
{
    size_t from = p->at++;
    if (!more(p))
        return fail_at(p, from, "a backslash at the end");
    if ((unsigned char)peek(p) >= 0x80)
        return char_node(p, next_code(p), from);
    char c = p->s.p[p->at++];
    if (strchr("dDsSwW", c) && c) {
        struct re_node *n = node(p, RE_CLASS, from);
        if (n) {
            n->code = (uint32_t)c;
            n->width_min = n->width_max = 1;
        }
        return n;
    }
    if (strchr("AZbB", c) && c) {
        struct re_node *n = node(p, RE_AT, from);
        if (n)
            n->code = (uint32_t)c;
        return n;
    }
    if (c >= '1' && c <= '9')
        return numbered(p, c, from);
    uint32_t code;
    if (!char_escape(p, c, false, &code))
        return fail_at(p, from, "an escape that Python does not know");
    return char_node(p, code, from);
}

/* One end of a range, or a class. */
static bool set_item(struct parser *p, struct re_range *ret)
{
    size_t from = p->at;
    *ret = (struct re_range){0};
    if (peek(p) != '\\') {
        ret->from = ret->to = next_code(p);
        return true;
    }
    p->at++;
    if (!more(p)) {
        (void)fail_at(p, from, "a backslash at the end");
        return false;
    }
    if ((unsigned char)peek(p) >= 0x80) {
        ret->from = ret->to = next_code(p);
        return true;
    }
    char c = p->s.p[p->at++];
    if (c && strchr("dDsSwW", c)) {
        ret->cls = c;
        return true;
    }
    if (c == 'b') {
        ret->from = ret->to = '\b';
        return true;
    }
    uint32_t code;
    if (!char_escape(p, c, true, &code)) {
        (void)fail_at(p, from, "an escape that Python does not know");
        return false;
    }
    ret->from = ret->to = code;
    return true;
}

static struct re_node *set(struct parser *p)
{
    size_t from = p->at++;
    bool negated = take(p, "^"), first = true;
    VEC(struct re_range) ranges = {0};
    struct re_node *n = NULL;
    for (;; first = false) {
        struct re_range r, to;
        if (!more(p)) {
            (void)fail_at(p, from, "a [ without its ]");
            goto out;
        }
        if (!first && take(p, "]"))
            break;
        size_t at = p->at;
        if (!set_item(p, &r))
            goto out;
        if (p->at + 1 < p->s.n && peek(p) == '-' && p->s.p[p->at + 1] != ']') {
            p->at++;
            if (!set_item(p, &to))
                goto out;
            if (r.cls || to.cls || r.from > to.from) {
                (void)fail_at(p, at, "a range whose ends do not fit");
                goto out;
            }
            r.to = to.from;
        }
        p->non_ascii = p->non_ascii || r.to >= 0x80;
        vec_push(&ranges, r);
    }
    n = node(p, RE_SET, from);
    if (n) {
        struct re_range *copy = NEW_N(p->arena, struct re_range, ranges.n ? ranges.n : 1);
        memcpy(copy, ranges.at, ranges.n * sizeof *copy);
        n->ranges = copy;
        n->n_ranges = ranges.n;
        n->negated = negated;
        n->width_min = n->width_max = 1;
    }
out:
    vec_done(&ranges);
    return n;
}

static struct re_node *alternatives(struct parser *p);

static bool name_ok(str name)
{
    if (!name.n || char_is_digit(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!char_is_alpha(name.p[i]) && !char_is_digit(name.p[i]) && name.p[i] != '_' &&
            (unsigned char)name.p[i] < 0x80)
            return false;
    return true;
}

static uint32_t group_named(const struct parser *p, str name)
{
    for (size_t i = 0; i < p->n_names; i++)
        if (str_eq(p->names[i].name, name))
            return p->names[i].group;
    return 0;
}

static bool take_until(struct parser *p, char end, str *ret)
{
    ptrdiff_t n = str_find(str_from_at(p->s, p->at), end);
    if (n < 0)
        return false;
    *ret = str_slice(p->s, p->at, p->at + (size_t)n);
    p->at += (size_t)n + 1;
    return true;
}

static struct re_node *close_group(struct parser *p, struct re_node *n, size_t from)
{
    if (!n)
        return NULL;
    if (!take(p, ")"))
        return fail_at(p, from, "a ( without its )");
    n->to = p->at;
    return n;
}

static struct re_node *capture(struct parser *p, str name, size_t from)
{
    if (p->groups == REGEX_GROUPS_MAX)
        return fail_at(p, from, "too many groups");
    uint32_t g = ++p->groups;
    if (name.n) {
        if (group_named(p, name))
            return fail_at(p, from, "a second group of the same name");
        p->names[p->n_names++] = (struct re_name){arena_copy(p->arena, name), g};
    }
    struct re_node *n = node(p, RE_GROUP, from);
    if (!n)
        return NULL;
    n->group = g;
    p->open[g] = true;
    n->child = alternatives(p);
    if (!n->child)
        return NULL;
    p->open[g] = false;
    n->width_min = n->child->width_min;
    n->width_max = n->child->width_max;
    p->closed[g] = n;
    return close_group(p, n, from);
}

static struct re_node *look(struct parser *p, bool behind, bool negated, size_t from)
{
    struct re_node *n = node(p, RE_LOOK, from);
    if (!n)
        return NULL;
    bool outer = p->in_behind;
    p->in_behind = outer || behind;
    n->behind = behind;
    n->negated = negated;
    n->child = alternatives(p);
    p->in_behind = outer;
    if (!n->child)
        return NULL;
    if (behind && n->child->width_min != n->child->width_max)
        return fail_at(p, from, "a look-behind whose width is not fixed");
    return close_group(p, n, from);
}

static struct re_node *condition(struct parser *p, size_t from)
{
    str name;
    if (!take_until(p, ')', &name))
        return fail_at(p, from, "a condition without its )");
    uint64_t number;
    uint32_t g = 0;
    if (str_u64(name, &number))
        g = number && number <= p->groups ? (uint32_t)number : 0;
    else
        g = group_named(p, name);
    if (!g)
        return fail_at(p, from, "a condition on a group that does not exist (yet)");
    struct re_node *n = node(p, RE_COND, from);
    if (!n)
        return NULL;
    n->group = g;
    struct re_node *both = alternatives(p);
    if (!both)
        return NULL;
    n->child = both;
    if (both->kind == RE_ALT) {
        n->child = both->child;
        n->other = n->child->next;
        if (n->other->next)
            return fail_at(p, from, "a condition with more than two branches");
        n->child->next = NULL;
    }
    n->width_min = n->child->width_min;
    n->width_max = n->child->width_max;
    uint32_t low = n->other ? n->other->width_min : 0, high = n->other ? n->other->width_max : 0;
    n->width_min = low < n->width_min ? low : n->width_min;
    n->width_max = high > n->width_max ? high : n->width_max;
    return close_group(p, n, from);
}

static uint8_t flag_of(char c)
{
    switch (c) {
    case 'i':
        return RE_I;
    case 'm':
        return RE_M;
    case 's':
        return RE_S;
    case 'x':
        return RE_X;
    case 'a':
        return RE_A;
    default:
        return 0;
    }
}

/* (?i) for all, or (?i-s:…) for a group */
static struct re_node *flags(struct parser *p, size_t from)
{
    uint8_t on = 0, off = 0;
    bool minus = false, unicode = false;
    for (;; p->at++) {
        char c = peek(p);
        uint8_t f = flag_of(c);
        if (c == '-' && !minus)
            minus = true;
        else if (c == 'u' && !minus)
            unicode = true;
        else if (!f || (minus && f == RE_A))
            break;
        else
            *(minus ? &off : &on) |= f;
    }
    if (on & off || (unicode && on & RE_A))
        return fail_at(p, from, "flags that contradict each other");
    if (take(p, ")")) {
        if (minus)
            return fail_at(p, from, "a flag cannot be switched off for the whole");
        p->late_flag = p->late_flag || from > 0;
        p->late |= on;
        return node(p, RE_EMPTY, from);
    }
    if (!take(p, ":"))
        return fail_at(p, from, "a group of a kind that Python does not know");
    struct re_node *n = node(p, RE_GROUP, from);
    if (!n)
        return NULL;
    uint8_t outer = p->flags;
    p->flags = (uint8_t)((p->flags | on) & ~off);
    if (unicode)
        p->flags &= (uint8_t)~RE_A;
    n->on = on;
    n->off = off;
    n->child = alternatives(p);
    p->flags = outer;
    if (!n->child)
        return NULL;
    n->width_min = n->child->width_min;
    n->width_max = n->child->width_max;
    return close_group(p, n, from);
}

static struct re_node *plain_group(struct parser *p, enum re_kind kind, size_t from)
{
    struct re_node *n = node(p, kind, from);
    if (!n)
        return NULL;
    n->child = alternatives(p);
    if (!n->child)
        return NULL;
    n->width_min = n->child->width_min;
    n->width_max = n->child->width_max;
    return close_group(p, n, from);
}

static struct re_node *python_group(struct parser *p, size_t from)
{
    str name;
    if (take(p, "<")) {
        if (!take_until(p, '>', &name))
            return fail_at(p, from, "a group name without its >");
        if (!name_ok(name))
            return fail_at(p, from, "a group name that is no name");
        return capture(p, name, from);
    }
    if (take(p, "=")) {
        if (!take_until(p, ')', &name))
            return fail_at(p, from, "a group name without its )");
        return backref(p, group_named(p, name), from);
    }
    return fail_at(p, from, "a group of a kind that Python does not know");
}

static struct re_node *group(struct parser *p)
{
    size_t from = p->at++;
    str ignored;
    if (!take(p, "?"))
        return capture(p, S(""), from);
    if (take(p, "P"))
        return python_group(p, from);
    if (take(p, ":"))
        return plain_group(p, RE_GROUP, from);
    if (take(p, ">"))
        return plain_group(p, RE_ATOMIC, from);
    if (take(p, "#"))
        return take_until(p, ')', &ignored) ? node(p, RE_EMPTY, from)
                                            : fail_at(p, from, "a comment without its )");
    if (take(p, "="))
        return look(p, false, false, from);
    if (take(p, "!"))
        return look(p, false, true, from);
    if (take(p, "<="))
        return look(p, true, false, from);
    if (take(p, "<!"))
        return look(p, true, true, from);
    if (take(p, "("))
        return condition(p, from);
    return flags(p, from);
}

/* {m}, {m,}, {,n}, {m,n}. False: the brace is an ordinary character. */
static bool braces(struct parser *p, uint32_t *ret_min, uint32_t *ret_max, bool *ret_large)
{
    str rest = str_from_at(p->s, p->at + 1);
    size_t before = rest.n;
    uint64_t lo = 0, hi = RE_INF;
    if (str_starts(rest, S("}")))
        return false;
    bool has_lo = rest.n && char_is_digit(rest.p[0]);
    if (has_lo && !str_take_u64(&rest, &lo)) {
        *ret_large = true;
        return true;
    }
    if (str_skip(&rest, S(","))) {
        if (rest.n && char_is_digit(rest.p[0]) && !str_take_u64(&rest, &hi)) {
            *ret_large = true;
            return true;
        }
    } else {
        hi = lo;
    }
    if (!str_skip(&rest, S("}")) || (!has_lo && before - rest.n < 2))
        return false;
    *ret_large = lo > 65535 || (hi > 65535 && hi != RE_INF);
    *ret_min = (uint32_t)lo;
    *ret_max = (uint32_t)hi;
    p->at += 1 + before - rest.n;
    return true;
}

/* The quantifier behind an atom, if there is one. */
static struct re_node *quantified(struct parser *p, struct re_node *atom)
{
    size_t at = p->at;
    uint32_t min = 0, max = RE_INF;
    bool large = false;
    if (take(p, "?"))
        max = 1;
    else if (take(p, "+"))
        min = 1;
    else if (!take(p, "*") && !(peek(p) == '{' && braces(p, &min, &max, &large)))
        return atom;
    if (large)
        return fail_at(p, at, "a repeat count above 65535");
    if (min > max)
        return fail_at(p, at, "a repeat whose least is above its most");
    if (atom->kind == RE_EMPTY || atom->kind == RE_AT)
        return fail_at(p, at, "nothing to repeat");
    if (atom->kind == RE_REPEAT)
        return fail_at(p, at, "a repeat of a repeat");
    struct re_node *n = node(p, RE_REPEAT, atom->from);
    if (!n)
        return NULL;
    n->mode = take(p, "?") ? 'l' : take(p, "+") ? 'p' : 'g';
    n->child = atom;
    n->min = min;
    n->max = max;
    n->width_min = mul_width(atom->width_min, min);
    n->width_max = mul_width(atom->width_max, max);
    n->to = p->at;
    return n;
}

static struct re_node *atom(struct parser *p)
{
    size_t from = p->at;
    char c = peek(p);
    switch (c) {
    case '\\':
        return escape(p);
    case '[':
        return set(p);
    case '(':
        return group(p);
    case '^':
    case '$': {
        p->at++;
        struct re_node *n = node(p, RE_AT, from);
        if (n)
            n->code = (uint32_t)c;
        return n;
    }
    case '.': {
        p->at++;
        struct re_node *n = node(p, RE_ANY, from);
        if (n)
            n->width_min = n->width_max = 1;
        return n;
    }
    case '*':
    case '+':
    case '?':
        return fail(p, "nothing to repeat");
    case '{': {
        uint32_t min, max;
        bool large = false;
        if (braces(p, &min, &max, &large))
            return fail_at(p, from, "nothing to repeat");
        p->at++;
        return char_node(p, '{', from);
    }
    default:
        return char_node(p, next_code(p), from);
    }
}

/* Under (?x) blanks and comments are nothing. */
static void skip_verbose(struct parser *p)
{
    while (p->flags & RE_X && more(p)) {
        char c = peek(p);
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            p->at++;
        } else if (c == '#') {
            while (more(p) && peek(p) != '\n')
                p->at++;
        } else {
            return;
        }
    }
}

static struct re_node *sequence(struct parser *p)
{
    struct re_node *seq = node(p, RE_SEQ, p->at);
    if (!seq)
        return NULL;
    struct re_node **end = &seq->child;
    for (;;) {
        skip_verbose(p);
        if (!more(p) || peek(p) == '|' || peek(p) == ')')
            break;
        struct re_node *n = atom(p);
        if (!n)
            return NULL;
        skip_verbose(p);
        n = quantified(p, n);
        if (!n)
            return NULL;
        if (n->kind == RE_REPEAT && more(p) && strchr("*+?", peek(p)))
            return fail(p, "a repeat of a repeat");
        seq->width_min = add_width(seq->width_min, n->width_min);
        seq->width_max = add_width(seq->width_max, n->width_max);
        *end = n;
        end = &n->next;
    }
    seq->to = p->at;
    return seq;
}

static struct re_node *alternatives(struct parser *p)
{
    if (++p->depth > REGEX_DEPTH_MAX)
        return fail(p, "groups are nested too deep");
    size_t from = p->at;
    struct re_node *first = sequence(p), *alt = NULL, **end = NULL;
    while (first && take(p, "|")) {
        if (!alt) {
            alt = node(p, RE_ALT, from);
            if (!alt)
                return NULL;
            alt->child = first;
            alt->width_min = first->width_min;
            alt->width_max = first->width_max;
            end = &first->next;
        }
        struct re_node *n = sequence(p);
        if (!n)
            return NULL;
        alt->width_min = n->width_min < alt->width_min ? n->width_min : alt->width_min;
        alt->width_max = n->width_max > alt->width_max ? n->width_max : alt->width_max;
        *end = n;
        end = &n->next;
        alt->to = p->at;
    }
    p->depth--;
    return alt ? alt : first;
}

static struct re_node *parse_with(struct parser *p, uint8_t flags)
{
    struct parser fresh = {.s = p->s, .arena = p->arena, .error = p->error, .flags = flags};
    *p = fresh;
    struct re_node *root = alternatives(p);
    if (root && more(p))
        return fail(p, "a ) without its (");
    return root;
}

bool regex_parse(str source, struct arena *a, struct re_tree *ret, struct re_error *ret_error)
{
    *ret_error = (struct re_error){0};
    if (source.n > REGEX_MAX) {
        *ret_error = (struct re_error){0, "the expression is too long"};
        return false;
    }
    struct parser *p = NEW(a, struct parser);
    *p = (struct parser){.s = source, .arena = a, .error = ret_error};
    struct re_node *root = parse_with(p, 0);
    if (p->late) { /* flags for the whole: what was read before them was read wrongly */
        *ret_error = (struct re_error){0};
        root = parse_with(p, p->late);
    }
    if (!root)
        return false;
    struct re_name *names = NEW_N(a, struct re_name, p->n_names ? p->n_names : 1);
    memcpy(names, p->names, p->n_names * sizeof *names);
    *ret = (struct re_tree){.root = root,
                            .groups = p->groups,
                            .flags = p->flags,
                            .late_flag = p->late_flag,
                            .non_ascii = p->non_ascii,
                            .names = names,
                            .n_names = p->n_names};
    return true;
}
