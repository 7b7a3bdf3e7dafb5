/* SPDX-License-Identifier: ISC */
/* ban/jail_conf.h -- fail2ban's configuration language (jail.conf(5)).
 *
 * Three layers, all pure; files come through struct conf_files:
 * - one file's text: Python ConfigParser's dialect (jail_conf_ini.c);
 * - many files merged: X.conf, X.d/ *.conf, X.local, X.d/ *.local, [INCLUDES] before/after, each
 *   file's own .local behind it, the value that a later file replaces kept for %(known/x)s,
 *   conditional sections [Init?family=inet6] (jail_conf.c);
 * - values: %(x)s interpolation (jail_conf_get.c), <tag> substitution (jail_conf_tags.c),
 *   name[option=value] lists (jail_conf_options.c).
 * Every value knows from which file and line each of its pieces came, through interpolation and
 * substitution, so that an error in a regex names the line where that piece stands.
 */
#pragma once
#include "ban/finding.h"

enum {
    CONF_FILE_MAX = 1 << 20,
    CONF_VALUE_MAX = 256 << 10, /* of one value, after all replacements */
    CONF_DEPTH_MAX = 10,        /* of %(x)s in %(x)s, as Python's */
    CONF_INCLUDES_MAX = 20,     /* files in one chain of includes */
    CONF_FILES_MAX = 500,       /* in all */
    CONF_TAG_MAX = 25,          /* replacements of one <tag> in one value, as fail2ban's */
};

struct conf_mark { /* from byte `at` on the text comes from `place` */
    size_t at;
    struct conf_place place;
};
struct conf_text {
    str s;
    const struct conf_mark *marks;
    size_t n_marks;
};
struct conf_place conf_place_at(const struct conf_text *t, size_t at);
struct conf_text conf_text_slice(const struct conf_text *t, size_t from, size_t to,
                                 struct arena *a);
struct conf_text conf_text_of(str s, struct conf_place place, struct arena *a);

/* Builds a text out of pieces of others. */
struct conf_build {
    struct buf b;
    VEC(struct conf_mark) marks;
};
void conf_build_init(struct conf_build *b);
void conf_build_done(struct conf_build *b);
void conf_build_add(struct conf_build *b, const struct conf_text *t, size_t from, size_t to);
void conf_build_raw(struct conf_build *b, str s, struct conf_place place);
struct conf_text conf_build_text(const struct conf_build *b, struct arena *a);

/* Where files come from. Both fill the arena; names are full paths. */
struct conf_files {
    void *ctx;
    bool (*read)(void *ctx, str path, struct arena *a, str *ret_text); /* false: not there */
    /* The names in dir that end in suffix, sorted. */
    size_t (*list)(void *ctx, str dir, str suffix, struct arena *a, str **ret_paths);
};

struct conf_option {
    struct conf_option *next;
    str name; /* lower case */
    struct conf_text value;
};
struct conf_section {
    struct conf_section *next;
    str name;
    struct conf_place place; /* of its first header */
    struct conf_option *options, **end;
    bool broken; /* a line of it could not be understood */
};
struct conf {
    struct arena *arena;
    const struct conf_files *files;
    struct findings *findings;
    struct conf_section *sections, **end;
    struct conf_section defaults;
    size_t n_files;
};

void conf_init(struct conf *c, struct arena *a, const struct conf_files *files,
               struct findings *findings);
/* `base` without extension: "/etc/fail2ban/jail". False: no file of that name at all. */
bool conf_load(struct conf *c, str base);
/* One file with what it includes, wherever it lies. */
bool conf_load_file(struct conf *c, str path);
struct conf_section *conf_section(const struct conf *c, str name); /* NULL when absent */
const struct conf_option *conf_option(const struct conf_section *s, str name);
struct conf_option *conf_option_edit(const struct conf_section *s, str name);

/* jail_conf_ini.c: one file into `c` as it stands (no includes, no merging rules). */
void conf_parse(struct conf *c, str file, str text);

/* Values from outside the files come first: options given to a filter, a jail's own. */
struct conf_scope {
    void *ctx;
    /* `name` in lower case; may hold a slash ("known/failregex"). */
    bool (*find)(void *ctx, str name, struct conf_text *ret);
};
/* ERR_NOTFOUND: no such option. ERR_SYNTAX: a finding has been added. */
err conf_get(struct conf *c, str section, str option, const struct conf_scope *scope,
             struct conf_text *ret);
/* The same for "section/option", "known/option" and "default/option". */
err conf_get_path(struct conf *c, str section, str option, const struct conf_scope *scope,
                  struct conf_text *ret);

/* jail_conf_tags.c: <name> by what `scope` knows; unknown tags stay. `self`: the option's name. */
err conf_tags(struct findings *f, struct arena *a, str self, const struct conf_text *in,
              const struct conf_scope *scope, struct conf_text *ret);

/* jail_conf_options.c: name[a=1, b="x,y"][c='z'] */
struct conf_pair {
    str name;
    struct conf_text value;
};
struct conf_call {
    str name;
    VEC(struct conf_pair) options;
};
void conf_call_done(struct conf_call *call);
err conf_call_parse(struct findings *f, struct arena *a, const struct conf_text *in,
                    struct conf_call *ret);
/* Takes the next call off an action list; false at its end. */
bool conf_call_next(const struct conf_text *list, size_t *at, size_t *ret_from, size_t *ret_to);
const struct conf_text *conf_call_get(const struct conf_call *call, str name);

/* "1h 30m", "1year-6mo", "600", "-1" in seconds; false when it is none. */
bool conf_duration(str text, int64_t *ret_seconds);
bool conf_bool(str text); /* 1, on, true, yes in any case */
