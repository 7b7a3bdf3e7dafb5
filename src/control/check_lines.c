/* SPDX-License-Identifier: ISC */
#include "control/check_private.h"

#include "control/schema.h"
#include "os/file.h"

/* Signs that a word processor or a Japanese keyboard puts where a program wants ASCII. */
static const char *const typographic[] = {"‘",  "’",  "“",  "”",  "′",  "″",  "–",
                                          "—",  "＠", "：", "；", "｜", "＆", "．",
                                          "，", "　", "＿", "－", "“",  "…"};

static bool is_address_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || str_find(S("._-+=@"), c) >= 0;
}

/* The word around position at. */
static str word_around(str text, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && is_address_char(text.p[from - 1]))
        from--;
    while (to < text.n && is_address_char(text.p[to]))
        to++;
    return str_slice(text, from, to);
}

void check_words(struct checker *c, str file, size_t line, str text)
{
    if (str_ends(text, S("\r")))
        checker_add(c, MSG_CR, file, line, S(""), S(""));
    for (size_t i = 0; i < sizeof typographic / sizeof *typographic; i++) {
        if (str_find_str(text, str_from(typographic[i])) < 0)
            continue;
        checker_add(c, MSG_TYPOGRAPHIC, file, line, str_from(typographic[i]), S(""));
        break;
    }
    ptrdiff_t at = str_find_str(text, S("_at_"));
    if (at < 0)
        at = str_find_str(text, S("_AT_"));
    if (at >= 0)
        checker_add(c, MSG_AT_WORD, file, line, word_around(text, (size_t)at), S(""));
    text = str_trim_end(text);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char ch = (unsigned char)text.p[i];
        if ((ch >= 32 && ch != 127) || ch == '\t')
            continue;
        checker_add(c, MSG_CONTROL_CHAR, file, line, S(""), S(""));
        break;
    }
}

static str number_text(struct checker *c, uint64_t v)
{
    return arena_printf(c->a, "%llu", (unsigned long long)v);
}

static void check_number(struct checker *c, const struct control_entry *e, str file, str text)
{
    str line = line_first(text), rest = line;
    uint64_t v = 0;
    if (line.n == 0 || !char_is_digit(line.p[0])) {
        checker_add(c, MSG_NOT_A_NUMBER, file, 1, line, str_from(e->fallback));
        return;
    }
    bool fits = str_take_u64(&rest, &v);
    if (!fits || v > e->max)
        checker_add(c, MSG_OUT_OF_BOUNDS, file, 1, line, number_text(c, e->max));
    else if (v < e->min)
        checker_add(c, MSG_OUT_OF_BOUNDS, file, 1, line, number_text(c, e->min));
    if (fits && rest.n)
        checker_add(c, MSG_NUMBER_REST, file, 1, line, S(""));
    str name = str_from(e->name);
    bool holds = str_eq(name, S("concurrencylocal")) || str_eq(name, S("concurrencyremote"));
    if (holds && fits && v == 0)
        checker_add(c, MSG_HELD, file, 1, S(""), S(""));
}

static void check_choice(struct checker *c, const struct control_entry *e, str file, str text)
{
    str line = line_first(text);
    auto_buf struct buf all;
    buf_init(&all, 200);
    for (int i = 0; i < CONTROL_CHOICES && e->choices[i]; i++) {
        if (str_ieq(line, str_from(e->choices[i])))
            return;
        buf_addf(&all, "%s%s", i ? ", " : "", e->choices[i]);
    }
    checker_add(c, MSG_BAD_CHOICE, file, 1, line, buf_str(&all));
}

static void check_flag(struct checker *c, str file, str text)
{
    static const char *const words[] = {"", "1", "yes", "on", "true", "0", "no", "off", "false"};
    str line = line_first(text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_ieq(line, str_from(words[i])))
            return;
    checker_add(c, MSG_BAD_CHOICE, file, 1, line, S("yes, no"));
}

static void check_one_line(struct checker *c, str file, str text)
{
    if (line_first(text).n == 0)
        checker_add(c, MSG_EMPTY_LINE_FILE, file, 1, S(""), S(""));
    str first;
    line_next(&text, &first);
    if (str_trim(text).n)
        checker_add(c, MSG_MORE_LINES, file, 2, S(""), S(""));
}

/* address:port, [v6]:port, :port */
static bool is_listen(str text)
{
    ptrdiff_t colon = str_rfind(text, ':');
    uint64_t port;
    if (colon < 0 || !str_u64(str_from_at(text, (size_t)colon + 1), &port) || port > 65535)
        return false;
    str address = str_slice(text, 0, (size_t)colon);
    if (str_starts(address, S("[")))
        return str_ends(address, S("]"));
    return str_find(address, ':') < 0;
}

static bool in_words(str name, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(name, str_from(*words)))
            return true;
    return false;
}

static void check_name(struct checker *c, const struct control_entry *e, str file,
                       const struct name_entry *n)
{
    static const char *const hosts[] = {
        "locals", "rcpthosts", "morercpthosts", "percenthack", "smtproutes", "servernames", NULL};
    static const char *const addresses[] = {"badmailfrom", "badmailto", NULL};
    static const char *const sentences[] = {"resolvers", NULL}; /* "zone example.test" */
    str name = str_from(e->name);
    bool has_space = str_find(n->key, ' ') >= 0 || str_find(n->key, '\t') >= 0;
    if (has_space && !in_words(name, sentences))
        checker_add(c, char_is_space(n->key.p[0]) ? MSG_LEADING_SPACE : MSG_SPACE_IN_NAME, file,
                    n->line, n->key, S(""));
    if (in_words(name, hosts) && str_find(n->key, '@') >= 0)
        checker_add(c, MSG_ADDRESS_FOR_HOST, file, n->line, n->key, S(""));
    if (in_words(name, addresses) && str_find(n->key, '@') < 0)
        checker_add(c, MSG_HOST_FOR_ADDRESS, file, n->line, n->key, S(""));
    if (str_starts(name, S("listen")) && !is_listen(n->key))
        checker_add(c, MSG_BAD_LISTEN, file, n->line, n->key, S(""));
}

static void check_names(struct checker *c, const struct control_entry *e, str file, str text)
{
    struct names n = names_parse(text, e->type == CONTROL_MAP, c->a);
    for (size_t i = 0; i < n.n; i++) {
        check_name(c, e, file, &n.at[i]);
        const struct name_entry *counts = names_find(&n, n.at[i].key);
        if (counts != &n.at[i])
            checker_add(c, MSG_DUPLICATE, file, n.at[i].line, n.at[i].key,
                        number_text(c, counts->line));
    }
    str line, rest = text;
    for (size_t number = 1; e->type == CONTROL_MAP && line_next(&rest, &line); number++) {
        line = line_trim(line);
        if (line.n && line.p[0] != '#' && str_find(line, ':') < 0)
            checker_add(c, MSG_NO_COLON, file, number, line, S(""));
    }
}

static void check_content(struct checker *c, const struct control_entry *e, str file, str text)
{
    switch (e->type) {
    case CONTROL_LINE:
        check_one_line(c, file, text);
        break;
    case CONTROL_NUMBER:
        check_number(c, e, file, text);
        break;
    case CONTROL_FLAG:
        check_flag(c, file, text);
        break;
    case CONTROL_CHOICE:
        check_choice(c, e, file, text);
        break;
    case CONTROL_LIST:
    case CONTROL_MAP:
        check_names(c, e, file, text);
        break;
    case CONTROL_TEXT:
    case CONTROL_CDB:
        break;
    }
}

void check_file(struct checker *c, str name)
{
    const struct control_entry *e = control_find(name);
    str file = arena_printf(c->a, CONTROL_DIR "%.*s", STR_ARG(name));
    str text;
    err failure = file_read(c->root, file.p, CONTROL_FILE_MAX, c->a, &text);
    if (failure.kind == ERR_LIMIT)
        checker_add(c, MSG_TOO_LARGE, file, 0, S(""), S(""));
    else if (failed(failure))
        checker_add(c, MSG_UNREADABLE, file, 0, str_from(err_text(failure)), S(""));
    if (failed(failure) || !e || e->type == CONTROL_CDB)
        return;
    str line, rest = text;
    for (size_t number = 1; !e->secret && line_next(&rest, &line); number++)
        if (line.n == 0 || line.p[0] != '#')
            check_words(c, file, number, line);
    check_content(c, e, file, text);
}
