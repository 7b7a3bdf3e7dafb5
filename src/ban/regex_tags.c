/* SPDX-License-Identifier: ISC */
/* ban/regex_tags.c -- <HOST> and its relatives (jail.conf(5), "FILTER FILES"). */
#include <string.h>

#include "ban/regex.h"

#define V4 "(?:\\d{1,3}\\.){3}\\d{1,3}"
#define V6 "(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):)"
#define IP4 "(?:::f{4,6}:)?(?P<ip4>" V4 ")"
#define IP6 "(?P<ip6>" V6 ")"
#define ADDR "\\[?(?:" IP4 "|" IP6 ")\\]?"
#define DNS "(?P<dns>[\\w\\-.^_]*\\w)"
#define CIDR "(?P<cidr>\\d+)"
#define SUBNET "\\[?(?:" IP4 "|" IP6 ")(?:/" CIDR ")?\\]?"
#define HOST "(?:" ADDR "|" DNS ")"

enum { OPEN_MAX = 64 };

static const struct {
    const char *tag, *regex;
} fixed[] = {
    {"IP4", IP4},
    {"F-IP4/", IP4},
    {"IP6", IP6},
    {"F-IP6/", IP6},
    {"ADDR", ADDR},
    {"F-ADDR/", ADDR},
    {"CIDR", CIDR},
    {"F-CIDR/", CIDR},
    {"SUBNET", SUBNET},
    {"DNS", DNS},
    {"F-SUBNET/", SUBNET},
    {"F-DNS/", DNS},
    {"F-ID/", "(?P<fid>\\S+)"},
    {"F-PORT/", "(?P<fport>\\w+)"},
};

struct tags {
    struct conf_build out;
    str open[OPEN_MAX];
    size_t n_open;
    unsigned skiplines;
    bool addresses_only;
};

static bool is_tag_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

/* </?[\w-]+/?> at `at`: its end, or 0 */
static size_t tag_end(str s, size_t at)
{
    size_t i = at + 1;
    if (i < s.n && s.p[i] == '/')
        i++;
    size_t from = i;
    while (i < s.n && is_tag_char(s.p[i]))
        i++;
    if (i == from)
        return 0;
    if (i < s.n && s.p[i] == '/')
        i++;
    return i < s.n && s.p[i] == '>' ? i + 1 : 0;
}

/* F-NAME, /F-NAME: capitals only */
static bool custom_name(str tag, bool *ret_close, str *ret_name)
{
    *ret_close = str_skip(&tag, S("/"));
    if (!str_skip(&tag, S("F-")) || !tag.n)
        return false;
    for (size_t i = 0; i < tag.n; i++)
        if (!(tag.p[i] >= 'A' && tag.p[i] <= 'Z') && !char_is_digit(tag.p[i]) && tag.p[i] != '_' &&
            tag.p[i] != '-')
            return false;
    *ret_name = tag;
    return true;
}

static bool is_open(const struct tags *t, str name)
{
    for (size_t i = 0; i < t->n_open; i++)
        if (str_eq(t->open[i], name))
            return true;
    return false;
}

static void open_group(struct tags *t, str name, struct conf_place place)
{
    if (!is_open(t, name) && t->n_open < OPEN_MAX)
        t->open[t->n_open++] = name;
    conf_build_raw(&t->out, S("(?P<"), place);
    if (str_eq(name, S("ID")))
        conf_build_raw(&t->out, S("fid"), place);
    else if (str_eq(name, S("PORT")))
        conf_build_raw(&t->out, S("fport"), place);
    else
        for (size_t i = 0; i < name.n; i++)
            buf_addc(&t->out.b, char_lower(name.p[i]));
    conf_build_raw(&t->out, S(">"), place);
}

static bool replace(struct tags *t, str tag, struct conf_place place)
{
    if (str_eq(tag, S("HOST"))) {
        conf_build_raw(&t->out, t->addresses_only ? S(ADDR) : S(HOST), place);
        return true;
    }
    if (str_eq(tag, S("SKIPLINES"))) {
        conf_build_raw(&t->out, S("\\n(?P<skiplines"), place);
        buf_addf(&t->out.b, "%u>(?:(?:.*\\n)*?))", t->skiplines++);
        return true;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (str_eq(tag, str_from(fixed[i].tag))) {
            conf_build_raw(&t->out, str_from(fixed[i].regex), place);
            return true;
        }
    bool close;
    str name;
    if (!custom_name(tag, &close, &name) || (close && !is_open(t, name)))
        return false;
    if (close)
        conf_build_raw(&t->out, S(")"), place);
    else
        open_group(t, name, place);
    return true;
}

/* ((?i)x) and (?:(?i)x) become (?i:x): what fail2ban does for Pythons that refuse such flags. */
static size_t local_flags(str s, size_t at, str *ret_flags)
{
    if (at > 0 && s.p[at - 1] == '\\')
        return 0;
    str rest = str_from_at(s, at + 1);
    (void)str_skip(&rest, S("?:")); /* or not */
    if (!str_skip(&rest, S("(?")))
        return 0;
    size_t n = 0;
    while (n < rest.n && rest.p[n] >= 'a' && rest.p[n] <= 'z')
        n++;
    if (n == 0 || n >= rest.n || rest.p[n] != ')')
        return 0;
    *ret_flags = str_slice(rest, 0, n);
    return (size_t)(rest.p - s.p) + n + 1;
}

static void rewrite_flags(const struct conf_text *in, struct conf_build *out)
{
    size_t done = 0;
    for (size_t i = 0; i < in->s.n; i++) {
        str flags;
        size_t end = in->s.p[i] == '(' ? local_flags(in->s, i, &flags) : 0;
        if (!end)
            continue;
        conf_build_add(out, in, done, i);
        conf_build_raw(out, S("(?"), conf_place_at(in, i));
        buf_add(&out->b, flags);
        buf_addc(&out->b, ':');
        done = end;
        i = end - 1;
    }
    conf_build_add(out, in, done, in->s.n);
}

void regex_tags(const struct conf_text *in, bool addresses_only, struct arena *a,
                struct conf_text *ret)
{
    struct tags t = {.addresses_only = addresses_only};
    conf_build_init(&t.out);
    conf_build_raw(&t.out, S(""), conf_place_at(in, 0));
    size_t done = 0;
    for (size_t i = 0; i < in->s.n; i++) {
        size_t end = in->s.p[i] == '<' ? tag_end(in->s, i) : 0;
        if (!end)
            continue;
        conf_build_add(&t.out, in, done, i);
        if (!replace(&t, str_slice(in->s, i + 1, end - 1), conf_place_at(in, i)))
            conf_build_add(&t.out, in, i, end);
        done = end;
        i = end - 1;
    }
    conf_build_add(&t.out, in, done, in->s.n);
    struct conf_text tagged = conf_build_text(&t.out, a);
    conf_build_done(&t.out);
    struct conf_build out;
    conf_build_init(&out);
    conf_build_raw(&out, S(""), conf_place_at(&tagged, 0));
    rewrite_flags(&tagged, &out);
    *ret = conf_build_text(&out, a);
    conf_build_done(&out);
}
