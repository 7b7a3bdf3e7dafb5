/* SPDX-License-Identifier: ISC */
#include "ban/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_SMALL = 1 << 20,
    ARENA_PARSE = 64 << 20,
    JIT_AFTER = 4, /* matches: most filters of a host never see a line */
    HEAP_KIB = 1024,
};

struct regex {
    struct arena *arena;
    struct conf_text text;
    str given;
    struct re_needs needs;
    const struct re_name *names;
    size_t n_names;
    uint32_t groups, options;
    bool non_ascii, exact_tried;
    unsigned uses[2];
    pcre2_code *code[2]; /* plain, exact */
    pcre2_match_data *data;
};

/* Scratch memory of the matcher; nothing in it outlives a call. */
static struct {
    pcre2_compile_context *compile;
    pcre2_match_context *match;
} room;

static void make_room(void)
{
    if (room.match)
        return;
    room.compile = pcre2_compile_context_create(NULL);
    room.match = pcre2_match_context_create(NULL);
    if (!room.compile || !room.match)
        oom("regex");
    (void)pcre2_set_newline(room.compile, PCRE2_NEWLINE_LF);
    (void)pcre2_set_parens_nest_limit(room.compile, 4 * REGEX_DEPTH_MAX);
    (void)pcre2_set_match_limit(room.match, REGEX_STEPS);
    (void)pcre2_set_heap_limit(room.match, HEAP_KIB);
}

static pcre2_code *compile(const struct re_tree *t, uint32_t options, bool exact, size_t items,
                           struct re_error *ret_error)
{
    static char message[120];
    auto_buf struct buf text;
    buf_init(&text, 8 * REGEX_MAX);
    regex_emit(t, exact, items, &text);
    if (text.over) {
        *ret_error = (struct re_error){0, "the expression is too long"};
        return NULL;
    }
    make_room();
    int code;
    size_t at;
    options |= (t->flags & RE_I ? PCRE2_CASELESS : 0) | (t->flags & RE_M ? PCRE2_MULTILINE : 0) |
               (t->flags & RE_S ? PCRE2_DOTALL : 0) | (exact ? PCRE2_UTF | PCRE2_UCP : 0);
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""), text.n,
                                  options | PCRE2_NEVER_BACKSLASH_C, &code, &at, room.compile);
    if (c)
        return c;
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message) < 0)
        message[0] = 0;
    *ret_error = (struct re_error){0, message};
    return NULL;
}

static bool build(struct regex *r, struct re_error *ret_error)
{
    struct arena *work = arena_new("regex", ARENA_PARSE);
    struct re_tree t;
    bool ok = regex_parse(r->text.s, work, &t, ret_error);
    if (ok) {
        r->groups = t.groups;
        r->non_ascii = t.non_ascii;
        regex_needs(&t, r->arena, &r->needs);
        if (r->options & PCRE2_MULTILINE)
            r->needs.anchored = false;
        struct re_name *names = NEW_N(r->arena, struct re_name, t.n_names ? t.n_names : 1);
        for (size_t i = 0; i < t.n_names; i++)
            names[i] = (struct re_name){arena_copy(r->arena, t.names[i].name), t.names[i].group};
        r->names = names;
        r->n_names = t.n_names;
        r->code[t.non_ascii] = compile(&t, r->options, t.non_ascii, SIZE_MAX, ret_error);
        r->exact_tried = t.non_ascii;
        ok = r->code[t.non_ascii] != NULL;
    }
    if (ok) {
        r->data = pcre2_match_data_create(r->groups + 1, NULL);
        if (!r->data)
            oom("regex");
    }
    arena_free(work);
    return ok;
}

static struct regex *start(const struct conf_text *text, uint32_t options)
{
    struct regex *r = mem_alloc("regex", sizeof *r);
    r->arena = arena_new("regex", ARENA_SMALL);
    r->text = (struct conf_text){arena_copy(r->arena, text->s), NULL, text->n_marks};
    struct conf_mark *marks = NEW_N(r->arena, struct conf_mark, text->n_marks + 1);
    if (text->n_marks)
        memcpy(marks, text->marks, text->n_marks * sizeof *marks);
    r->text.marks = marks;
    r->options = options;
    return r;
}

struct regex *regex_new_plain(str text, struct re_error *ret_error)
{
    struct regex *r = start(&(struct conf_text){text, NULL, 0}, 0);
    if (build(r, ret_error))
        return r;
    regex_free(r);
    return NULL;
}

static bool names_somebody(const struct regex *r)
{
    static const char *const names[] = {"fid", "ip4", "ip6", "dns", "mlfid"};
    for (size_t i = 0; r && i < sizeof names / sizeof names[0]; i++)
        if (regex_group(r, str_from(names[i])))
            return true;
    return false;
}

static const char *remedy_for(const char *what)
{
    if (strstr(what, "second group"))
        return "use each tag once in an expression, or put the alternatives inside the tag";
    if (strstr(what, "look-behind"))
        return "make both branches of the look-behind equally long";
    return "mend the expression; `twinpost jail try` shows what it matches";
}

struct regex *regex_new(struct findings *f, const struct conf_text *text, enum regex_use use,
                        const struct regex *pref, bool addresses_only, bool multiline)
{
    struct arena *work = arena_new("regex tags", ARENA_PARSE);
    struct conf_text tagged;
    regex_tags(text, addresses_only, work, &tagged);
    struct regex *r = start(&tagged, multiline ? PCRE2_MULTILINE : 0);
    arena_free(work);
    r->given = arena_copy(r->arena, text->s);
    struct re_error e = {0};
    if (!build(r, &e)) {
        finding_add(f, FINDING_ERROR, conf_place_at(&r->text, e.at), remedy_for(e.what),
                    "%s at %zu in the expression, before: %.*s", e.what, e.at + 1,
                    STR_ARG(str_slice(r->text.s, e.at, e.at + 60)));
    } else if (use == REGEX_FAIL && !names_somebody(r) && !names_somebody(pref)) {
        finding_add(f, FINDING_ERROR, conf_place_at(&r->text, 0),
                    "put <HOST>, <ADDR> or <F-ID>…</F-ID> where the address stands",
                    "the expression does not say who failed: %.*s",
                    STR_ARG(str_slice(text->s, 0, 60)));
    } else {
        return r;
    }
    regex_free(r);
    return NULL;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code[0]);
    pcre2_code_free(r->code[1]);
    pcre2_match_data_free(r->data);
    arena_free(r->arena);
    free(r);
}

str regex_source(const struct regex *r)
{
    return r->text.s;
}

str regex_given(const struct regex *r)
{
    return r->given.p ? r->given : r->text.s;
}

const struct conf_text *regex_text(const struct regex *r)
{
    return &r->text;
}

const struct re_needs *regex_needs_of(const struct regex *r)
{
    return &r->needs;
}

size_t regex_names(const struct regex *r, const struct re_name **ret)
{
    *ret = r->names;
    return r->n_names;
}

uint32_t regex_group(const struct regex *r, str name)
{
    for (size_t i = 0; i < r->n_names; i++)
        if (str_eq(r->names[i].name, name))
            return r->names[i].group;
    return 0;
}

/* The dialect for other lines is made when the first such line comes. */
static bool have_code(struct regex *r, bool exact)
{
    if (r->code[exact])
        return true;
    if (!exact || r->exact_tried)
        return false;
    r->exact_tried = true;
    struct arena *work = arena_new("regex", ARENA_PARSE);
    struct re_tree t;
    struct re_error e;
    if (regex_parse(r->text.s, work, &t, &e))
        r->code[1] = compile(&t, r->options, true, SIZE_MAX, &e);
    arena_free(work);
    return r->code[1] != NULL;
}

enum regex_outcome regex_match(struct regex *r, str text, size_t from, bool plain,
                               struct regex_hit *ret)
{
    bool exact = !plain || r->non_ascii;
    if (!have_code(r, exact))
        return REGEX_GAVE_UP;
    if (r->uses[exact] <= JIT_AFTER && r->uses[exact]++ == JIT_AFTER)
        (void)pcre2_jit_compile(r->code[exact],
                                PCRE2_JIT_COMPLETE); /* without it: the same, slower */
    int n = pcre2_match(r->code[exact], (PCRE2_SPTR)(text.n ? text.p : ""), text.n, from,
                        PCRE2_NO_UTF_CHECK, r->data, room.match);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT)
        n = pcre2_match(r->code[exact], (PCRE2_SPTR)text.p, text.n, from,
                        PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, r->data, room.match);
    if (n == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (n < 0)
        return REGEX_GAVE_UP;
    *ret = (struct regex_hit){pcre2_get_ovector_pointer(r->data), r->groups + 1};
    return REGEX_YES;
}

bool regex_hopeless(const struct regex *r, str text)
{
    const struct re_needs *n = &r->needs;
    if (n->anchored && !n->empty) {
        unsigned char c = text.n ? (unsigned char)text.p[0] : 0;
        if (!text.n || !(n->first[c / 64] >> (c % 64) & 1))
            return true;
    }
    return n->literal.n && !memmem(text.p, text.n, n->literal.p, n->literal.n);
}

bool regex_nearest(const struct regex *r, str text, struct regex_near *ret)
{
    struct arena *work = arena_new("regex", ARENA_PARSE);
    struct re_tree t;
    struct re_error e;
    bool found = false;
    if (regex_parse(r->text.s, work, &t, &e)) {
        size_t all = regex_items(&t), low = 0, high = all;
        while (low < high) { /* a prefix of a prefix that matches does so too */
            size_t mid = (low + high + 1) / 2;
            pcre2_code *c = compile(&t, r->options, true, mid, &e);
            int n = c ? pcre2_match(c, (PCRE2_SPTR)text.p, text.n, 0, PCRE2_NO_UTF_CHECK, r->data,
                                    room.match)
                      : -1;
            pcre2_code_free(c);
            if (n >= 0) {
                low = mid;
                ret->column = pcre2_get_ovector_pointer(r->data)[1];
            } else {
                high = mid - 1;
            }
        }
        size_t from, to;
        regex_item_span(&t, low, &from, &to);
        ret->items = low;
        ret->of = all;
        ret->wanted = str_slice(r->text.s, from, to);
        ret->wanted_at = from;
        found = low > 0;
    }
    arena_free(work);
    return found;
}
