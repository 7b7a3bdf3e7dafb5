/* SPDX-License-Identifier: ISC */
/* ban/jail_conf_ini.c -- one file in the dialect of Python's ConfigParser with inline comments
 * by ';': continuation by deeper indentation, empty lines inside values, duplicates refused. */
#include <string.h>

#include "ban/jail_conf.h"

enum { OPTIONS_MAX = 10000 };

struct reader {
    struct conf *conf;
    str file;
    unsigned line;
    struct conf_section *section;
    struct conf_option *option; /* that a continuation would extend */
    struct conf_build value;
    size_t indent, n_options;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static str strip(str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_from_at(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static void complain(struct reader *r, const char *remedy, const char *what, str quoted)
{
    if (r->section)
        r->section->broken = true;
    finding_add(r->conf->findings, FINDING_ERROR, (struct conf_place){r->file, r->line}, remedy,
                "%s: %.*s", what, STR_ARG(str_slice(quoted, 0, 80)));
}

/* Trailing empty lines are no part of a value. */
static void end_value(struct reader *r)
{
    if (!r->option)
        return;
    while (r->value.b.n && is_blank(r->value.b.p[r->value.b.n - 1]))
        r->value.b.n--;
    while (r->value.marks.n && r->value.marks.at[r->value.marks.n - 1].at >= r->value.b.n &&
           r->value.marks.n > 1)
        r->value.marks.n--;
    if (r->value.b.over)
        complain(r, "make it shorter", "the value is too long", r->option->name);
    r->option->value = conf_build_text(&r->value, r->conf->arena);
    r->option = NULL;
}

static struct conf_section *section_new(struct conf *c, str name, struct conf_place place)
{
    struct conf_section *s = NEW(c->arena, struct conf_section);
    *s = (struct conf_section){.name = arena_copy(c->arena, name), .place = place};
    s->end = &s->options;
    *c->end = s;
    c->end = &s->next;
    return s;
}

static void start_section(struct reader *r, str name)
{
    end_value(r);
    struct conf *c = r->conf;
    if (str_eq(name, S("DEFAULT"))) {
        r->section = &c->defaults;
        return;
    }
    struct conf_section *s = conf_section(c, name);
    if (s) {
        r->section = s;
        complain(r, "join the two sections", "a section of this name stands above already", name);
    } else {
        r->section = section_new(c, name, (struct conf_place){r->file, r->line});
    }
}

static void start_option(struct reader *r, str line)
{
    end_value(r);
    size_t at = 0;
    while (at < line.n && line.p[at] != '=' && line.p[at] != ':')
        at++;
    str name = strip(str_slice(line, 0, at));
    if (at == line.n || !name.n) {
        complain(r, "write `name = value`, or indent a line that continues a value",
                 "this line is neither an option nor a section", line);
        return;
    }
    if (++r->n_options > OPTIONS_MAX) {
        complain(r, "make the file smaller", "too many options", name);
        return;
    }
    name = arena_lower(r->conf->arena, name);
    struct conf_option *o = conf_option_edit(r->section, name);
    if (o) {
        complain(r, "keep one of the two", "this option stands above already", name);
    } else {
        o = NEW(r->conf->arena, struct conf_option);
        *o = (struct conf_option){.name = name};
        *r->section->end = o;
        r->section->end = &o->next;
    }
    r->option = o;
    buf_reset(&r->value.b);
    r->value.marks.n = 0;
    conf_build_raw(&r->value, strip(str_from_at(line, at + 1)),
                   (struct conf_place){r->file, r->line});
}

/* Where a comment begins: whole lines by # or ;, and " ;" anywhere. -1: nowhere. */
static ptrdiff_t comment_at(str line)
{
    str s = strip(line);
    if (s.n && (s.p[0] == '#' || s.p[0] == ';'))
        return 0;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == ';' && (i == 0 || is_blank(line.p[i - 1])))
            return (ptrdiff_t)i;
    return -1;
}

static void read_line(struct reader *r, str line)
{
    ptrdiff_t comment = comment_at(line);
    str value = strip(comment < 0 ? line : str_slice(line, 0, (size_t)comment));
    struct conf_place place = {r->file, r->line};
    if (!value.n) {
        if (comment < 0 && r->option)
            conf_build_raw(&r->value, S("\n"), place);
        return;
    }
    size_t indent = 0;
    while (indent < line.n && is_blank(line.p[indent]))
        indent++;
    if (r->section && r->option && indent > r->indent) {
        conf_build_raw(&r->value, S("\n"), place);
        conf_build_raw(&r->value, value, place);
        return;
    }
    r->indent = indent;
    ptrdiff_t close = value.p[0] == '[' ? str_rfind(value, ']') : -1;
    if (close > 1)
        start_section(r, str_slice(value, 1, (size_t)close));
    else if (!r->section)
        complain(r, "put a [section] line above it", "this line stands before any section", value);
    else
        start_option(r, value);
}

void conf_parse(struct conf *c, str file, str text)
{
    struct reader r = {.conf = c, .file = file};
    conf_build_init(&r.value);
    while (text.n) {
        str line;
        (void)str_cut(text, '\n', &line, &text); /* the last one is all that is left */
        r.line++;
        read_line(&r, line);
    }
    end_value(&r);
    conf_build_done(&r.value);
}
