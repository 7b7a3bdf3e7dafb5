/* SPDX-License-Identifier: ISC */
/* ban/regex.h -- fail2ban's regular expressions: Python's `re` with <HOST> and its relatives,
 * carried out by PCRE2.
 *
 * regex_tags() replaces <HOST>, <F-USER>…, as fail2ban does, in the text.
 * regex_parse() reads the whole of Python 3.11's syntax into a tree and refuses what Python
 * refuses; one thing more is accepted, an inline flag in mid-pattern, with the meaning it had up
 * to Python 3.10 (it holds for the whole expression), since old sites have such filters.
 * regex_emit() writes a tree as PCRE2 text in two dialects: one for plain ASCII lines, one
 * (PCRE2_UTF | PCRE2_UCP) for all others, so that \w, \s, \d and \b mean what they mean in Python
 * for each line. Groups are numbered as Python numbers them; names stay with us, so PCRE2's
 * limits on names do not matter.
 * regex_new() does all of it and compiles; regex_match() matches under a limit of steps.
 * Differences that remain: the case folding of a few non-ASCII letters.
 */
#pragma once
#include "ban/jail_conf.h"

enum {
    REGEX_MAX = 64 << 10, /* bytes of one expression, tags replaced */
    REGEX_DEPTH_MAX = 100,
    REGEX_GROUPS_MAX = 200,
    REGEX_NODES_MAX = 50000,
    REGEX_STEPS = 200000, /* PCRE2's match limit, for each expression and line */
};

enum re_kind {
    RE_EMPTY,
    RE_CHAR,    /* code */
    RE_ANY,     /* . */
    RE_SET,     /* [...] */
    RE_CLASS,   /* \d \s \w and capitals: code */
    RE_AT,      /* ^ $ A Z b B: code */
    RE_BACKREF, /* group */
    RE_GROUP,   /* child; group 0: not captured, on/off: its flags */
    RE_ATOMIC,
    RE_LOOK,   /* child; behind, negated */
    RE_COND,   /* group; child, other (may be NULL) */
    RE_REPEAT, /* child; min, max, mode */
    RE_SEQ,    /* children */
    RE_ALT,    /* children */
};
enum re_flag { RE_I = 1, RE_M = 2, RE_S = 4, RE_X = 8, RE_A = 16 };
enum { RE_INF = UINT32_MAX };

struct re_range { /* of a set: a class (cls != 0) or from..to */
    uint32_t from, to;
    char cls;
};

struct re_node {
    enum re_kind kind;
    uint32_t code, group, min, max;
    uint32_t width_min, width_max; /* in characters; RE_INF: no bound */
    uint8_t flags;                 /* in force here */
    uint8_t on, off;               /* of a group */
    char mode;                     /* of a repeat: 'g'reedy, 'l'azy, 'p'ossessive */
    bool behind, negated;
    const struct re_range *ranges;
    size_t n_ranges;
    size_t from, to; /* in the source */
    struct re_node *child, *other, *next;
};

struct re_name {
    str name;
    uint32_t group;
};
struct re_tree {
    struct re_node *root;
    uint32_t groups; /* capturing ones */
    uint8_t flags;   /* of the whole expression */
    bool late_flag;  /* an inline flag in mid-pattern */
    bool non_ascii;  /* the expression itself is not ASCII */
    const struct re_name *names;
    size_t n_names;
};
struct re_error {
    size_t at; /* in the source */
    const char *what;
};

bool regex_parse(str source, struct arena *a, struct re_tree *ret, struct re_error *ret_error);
/* exact: the dialect for lines that are not plain ASCII. items: only so many of the parts of the
 * outermost sequence (SIZE_MAX: all), which is how the nearest miss is found. */
void regex_emit(const struct re_tree *t, bool exact, size_t items, struct buf *out);
size_t regex_items(const struct re_tree *t); /* parts of the outermost sequence, 0: none */
/* Where part i of the outermost sequence stands in the source. */
void regex_item_span(const struct re_tree *t, size_t i, size_t *ret_from, size_t *ret_to);

/* regex_first.c: what can be known without matching, for plain ASCII lines. */
struct re_needs {
    bool anchored;     /* only matches at the start of the text */
    bool empty;        /* may match nothing at its start: `first` says nothing */
    uint64_t first[4]; /* bytes that a match can begin with */
    str literal;       /* must occur in the text; empty: none is known */
};
void regex_needs(const struct re_tree *t, struct arena *a, struct re_needs *ret);

/* <HOST> and so on. addresses_only: usedns = no. */
void regex_tags(const struct conf_text *in, bool addresses_only, struct arena *a,
                struct conf_text *ret);

struct regex;
enum regex_use { REGEX_SEARCH, REGEX_FAIL }; /* FAIL: must name who failed */
/* multiline: for filters with maxlines > 1. pref may be NULL. NULL and a finding when it cannot
 * be used. */
struct regex *regex_new(struct findings *f, const struct conf_text *text, enum regex_use use,
                        const struct regex *pref, bool addresses_only, bool multiline);
/* From final text, without tags: date templates. */
struct regex *regex_new_plain(str text, struct re_error *ret_error);
void regex_free(struct regex *r); /* NULL is fine */

str regex_source(const struct regex *r); /* as Python would be given it */
str regex_given(const struct regex *r);  /* as written, <HOST> and all */
const struct re_needs *regex_needs_of(const struct regex *r);
const struct conf_text *regex_text(const struct regex *r); /* the source with its places */
size_t regex_names(const struct regex *r, const struct re_name **ret);
/* The group of a name, or 0. */
uint32_t regex_group(const struct regex *r, str name);

struct regex_hit {
    const size_t *at; /* pairs of offsets, by group; (size_t)-1: did not take part */
    uint32_t groups;
};
enum regex_outcome { REGEX_NO, REGEX_YES, REGEX_GAVE_UP };
/* `plain`: every byte is ASCII and none is 0x1c..0x1f. Else the text must be valid UTF-8.
 * The hit is valid until the next match with any regex of this thread. */
enum regex_outcome regex_match(struct regex *r, str text, size_t from, bool plain,
                               struct regex_hit *ret);
/* True when no match is possible; cheap. Only for plain texts. */
bool regex_hopeless(const struct regex *r, str text);

/* What matched of an expression that did not: how many parts of it, and up to where in the
 * text. False when not even its first part did. Slow: for reports. */
struct regex_near {
    size_t items, of;
    size_t column;    /* in the text */
    str wanted;       /* the next part, as written */
    size_t wanted_at; /* in the source */
};
bool regex_nearest(const struct regex *r, str text, struct regex_near *ret);

/* regex_sample.c: a text that the expression matches, as short as it can be. False: none was
 * found. */
struct regex_sample {
    str address; /* for <HOST> and its like */
    str content; /* for <F-CONTENT>; .p NULL: nothing special */
    str wild;    /* what the wildcard of number `wild_at` (.*, .+ and so on, from 0) stands for */
    size_t wild_at;
    size_t wilds; /* out: how many wildcards there are */
    bool full;    /* rather with the optional parts */
};
bool regex_sample(struct regex *r, struct regex_sample *s, struct buf *out);
