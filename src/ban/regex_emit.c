/* SPDX-License-Identifier: ISC */
/* ban/regex_emit.c -- a parsed expression as PCRE2 text. */
#include <string.h>

#include "ban/regex.h"

static void emit(const struct re_node *n, bool exact, struct buf *out);

static void emit_char(uint32_t code, struct buf *out)
{
    if (code < 0x20 || code >= 0x7f) {
        buf_addf(out, "\\x{%x}", code);
        return;
    }
    char c = (char)code;
    if (!char_is_alpha(c) && !char_is_digit(c) && c != '_' && c != ' ')
        buf_addc(out, '\\');
    buf_addc(out, c);
}

/* What a class holds, as it stands between [ and ]. NULL: only a negation can say it. */
static const char *class_inside(char c, bool ascii, bool exact)
{
    if (ascii)
        switch (c) {
        case 'd':
            return "0-9";
        case 's':
            return " \\t\\n\\r\\f\\x{b}";
        case 'w':
            return "0-9A-Za-z_";
        default:
            return NULL;
        }
    switch (c) {
    case 'd':
        return "\\d";
    case 'D':
        return "\\D";
    case 'w':
        return "\\w";
    case 'W':
        return "\\W";
    case 's': /* Python's has the four separators of ASCII too */
        return exact ? "\\s\\x{1c}-\\x{1f}" : "\\s";
    default:
        return exact ? NULL : "\\S";
    }
}

static void emit_class(const struct re_node *n, bool exact, struct buf *out)
{
    char c = (char)n->code;
    bool ascii = n->flags & RE_A;
    const char *inside = class_inside(c, ascii, exact);
    if (!inside)
        buf_addf(out, "[^%s]", class_inside(char_lower(c), ascii, exact));
    else if (inside[0] == '\\' && strlen(inside) == 2)
        buf_add(out, str_from(inside));
    else
        buf_addf(out, "[%s]", inside);
}

static bool plain_items(const struct re_node *n, bool exact, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < n->n_ranges; i++) {
        const struct re_range *r = &n->ranges[i];
        if (r->cls) {
            const char *inside = class_inside(r->cls, n->flags & RE_A, exact);
            if (!inside)
                continue;
            buf_add(out, str_from(inside));
        } else {
            emit_char(r->from, out);
            if (r->to > r->from) {
                buf_addc(out, '-');
                emit_char(r->to, out);
            }
        }
        any = true;
    }
    return any;
}

/* A set with classes that only a negation can say: an alternative for each of those. */
static void emit_mixed_set(const struct re_node *n, bool exact, struct buf *out)
{
    auto_buf struct buf items;
    buf_init(&items, REGEX_MAX);
    bool any = plain_items(n, exact, &items);
    buf_add(out, n->negated ? S("(?:(?!") : S("(?:"));
    for (size_t i = 0, first = 1; i < n->n_ranges; i++) {
        const struct re_range *r = &n->ranges[i];
        if (!r->cls || class_inside(r->cls, n->flags & RE_A, exact))
            continue;
        buf_addf(out, "%s[^%s]", first ? "" : "|",
                 class_inside(char_lower(r->cls), n->flags & RE_A, exact));
        first = 0;
    }
    if (any)
        buf_addf(out, "|[%.*s]", STR_ARG(buf_str(&items)));
    if (n->negated)
        buf_add(out, S(")(?s:.)"));
    buf_addc(out, ')');
}

static void emit_set(const struct re_node *n, bool exact, struct buf *out)
{
    for (size_t i = 0; i < n->n_ranges; i++)
        if (n->ranges[i].cls && !class_inside(n->ranges[i].cls, n->flags & RE_A, exact)) {
            emit_mixed_set(n, exact, out);
            return;
        }
    buf_add(out, n->negated ? S("[^") : S("["));
    (void)plain_items(n, exact, out); /* a set is never empty */
    buf_addc(out, ']');
}

static void emit_at(const struct re_node *n, struct buf *out)
{
    static const char word[] = "[0-9A-Za-z_]";
    switch (n->code) {
    case 'Z':
        buf_add(out, S("\\z"));
        break;
    case 'A':
        buf_add(out, S("\\A"));
        break;
    case 'b':
        if (n->flags & RE_A)
            buf_addf(out, "(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))", word, word, word, word);
        else
            buf_add(out, S("\\b"));
        break;
    case 'B':
        if (n->flags & RE_A)
            buf_addf(out, "(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))", word, word, word, word);
        else
            buf_add(out, S("\\B"));
        break;
    default:
        buf_addc(out, (char)n->code);
    }
}

static void emit_flags(uint8_t on, struct buf *out)
{
    if (on & RE_I)
        buf_addc(out, 'i');
    if (on & RE_M)
        buf_addc(out, 'm');
    if (on & RE_S)
        buf_addc(out, 's');
}

static void emit_group(const struct re_node *n, bool exact, struct buf *out)
{
    enum { SHOWN = RE_I | RE_M | RE_S };
    if (n->group) {
        buf_addc(out, '(');
    } else {
        buf_add(out, S("(?"));
        emit_flags(n->on & SHOWN, out);
        if (n->off & SHOWN) {
            buf_addc(out, '-');
            emit_flags(n->off & SHOWN, out);
        }
        buf_addc(out, ':');
    }
    emit(n->child, exact, out);
    buf_addc(out, ')');
}

static void emit_repeat(const struct re_node *n, bool exact, struct buf *out)
{
    emit(n->child, exact, out);
    if (n->min == 0 && n->max == RE_INF)
        buf_addc(out, '*');
    else if (n->min == 1 && n->max == RE_INF)
        buf_addc(out, '+');
    else if (n->min == 0 && n->max == 1)
        buf_addc(out, '?');
    else if (n->max == RE_INF)
        buf_addf(out, "{%u,}", n->min);
    else if (n->min == n->max)
        buf_addf(out, "{%u}", n->min);
    else
        buf_addf(out, "{%u,%u}", n->min, n->max);
    if (n->mode != 'g')
        buf_addc(out, n->mode == 'l' ? '?' : '+');
}

static void emit_cond(const struct re_node *n, bool exact, struct buf *out)
{
    buf_addf(out, "(?(%u)", n->group);
    emit(n->child, exact, out);
    if (n->other) {
        buf_addc(out, '|');
        emit(n->other, exact, out);
    }
    buf_addc(out, ')');
}

static void emit_look(const struct re_node *n, bool exact, struct buf *out)
{
    buf_addf(out, "(?%s%s", n->behind ? "<" : "", n->negated ? "!" : "=");
    emit(n->child, exact, out);
    buf_addc(out, ')');
}

static void emit_list(const struct re_node *n, bool exact, size_t items, struct buf *out)
{
    for (const struct re_node *c = n->child; c && items > 0; c = c->next, items--) {
        if (n->kind == RE_ALT && c != n->child)
            buf_addc(out, '|');
        emit(c, exact, out);
    }
}

static void emit(const struct re_node *n, bool exact, struct buf *out)
{
    switch (n->kind) {
    case RE_EMPTY:
        break;
    case RE_CHAR:
        emit_char(n->code, out);
        break;
    case RE_ANY:
        buf_addc(out, '.');
        break;
    case RE_SET:
        emit_set(n, exact, out);
        break;
    case RE_CLASS:
        emit_class(n, exact, out);
        break;
    case RE_AT:
        emit_at(n, out);
        break;
    case RE_BACKREF:
        buf_addf(out, "\\g{%u}", n->group);
        break;
    case RE_GROUP:
        emit_group(n, exact, out);
        break;
    case RE_ATOMIC:
        buf_add(out, S("(?>"));
        emit(n->child, exact, out);
        buf_addc(out, ')');
        break;
    case RE_LOOK:
        emit_look(n, exact, out);
        break;
    case RE_COND:
        emit_cond(n, exact, out);
        break;
    case RE_REPEAT:
        emit_repeat(n, exact, out);
        break;
    case RE_SEQ:
    case RE_ALT:
        emit_list(n, exact, SIZE_MAX, out);
        break;
    }
}

void regex_emit(const struct re_tree *t, bool exact, size_t items, struct buf *out)
{
    if (t->root->kind == RE_SEQ)
        emit_list(t->root, exact, items, out);
    else
        emit(t->root, exact, out);
}

size_t regex_items(const struct re_tree *t)
{
    size_t n = 0;
    if (t->root->kind == RE_SEQ)
        for (const struct re_node *c = t->root->child; c; c = c->next)
            n++;
    return n;
}

void regex_item_span(const struct re_tree *t, size_t i, size_t *ret_from, size_t *ret_to)
{
    const struct re_node *c = t->root->child;
    for (; c && c->next && i > 0; i--)
        c = c->next;
    *ret_from = c ? c->from : 0;
    *ret_to = c ? c->to : 0;
}
