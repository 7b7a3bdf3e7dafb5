/* SPDX-License-Identifier: ISC */
/* How it works: one pass over lines, mime_part.parent being the chain of open parts. `frames` are
 * the open multiparts with their boundaries, innermost last; a line that starts with "--" is
 * compared with each, and an outer boundary closes all that was left open inside.
 * Counters of line ends run along; a part notes them where it starts (in its *_octets and *_lines
 * fields) and takes the difference where it ends. The line end before a boundary is the
 * boundary's (RFC 2046 5.1.1): `before` remembers the counters without it.
 */
#include "wire/mime.h"

#include <assert.h>
#include <string.h>

#include "wire/crlf.h"
#include "wire/header.h"
#include "wire/lex.h"

enum { TEXT_BUDGET = 12 << 20 }; /* what values and parameters may take from the arena */
static_assert(2 * MIME_PARTS_MAX * sizeof(struct mime_part) + TEXT_BUDGET + (1 << 20) <
                  MIME_ARENA_MAX,
              "every part, a stand-in child each, and their texts");

struct place {
    size_t at;
    uint64_t bare, lines; /* bare LFs and line ends before it */
};

struct frame {
    struct mime_part *part;
    str boundary;
};

struct scan {
    struct arena *arena;
    str message;
    struct place here, before; /* `before`: where the previous line's text ended */
    struct mime_part *cur;
    bool in_header;
    struct frame frames[MIME_DEPTH_MAX + 1];
    size_t frame_count;
    size_t parts;
    size_t text_spent;
};

static struct mime_part *add_part(struct scan *s, struct mime_part *parent)
{
    struct mime_part *p = NEW(s->arena, struct mime_part);
    p->parent = parent;
    if (parent) {
        p->depth = parent->depth + 1;
        p->number = ++parent->child_count;
        if (parent->last_child)
            parent->last_child->next = p;
        else
            parent->children = p;
        parent->last_child = p;
    }
    s->parts++;
    return p;
}

static void open_part(struct scan *s, struct mime_part *parent, struct place at)
{
    struct mime_part *p = add_part(s, parent);
    p->header_at = at.at;
    p->header_octets = at.bare;
    p->header_lines = at.lines;
    s->cur = p;
    s->in_header = true;
}

/* ---- fields ---- */

static str read_text(struct scan *s, str raw)
{
    return header_unfold(s->arena, str_slice(raw, 0, MIME_VALUE_MAX));
}

static void read_type(struct scan *s, struct mime_part *p, str raw)
{
    str rest, type, subtype;
    str whole = params_token(raw, &rest);
    if (!str_cut(whole, '/', &type, &subtype) && str_skip(&rest, S("/"))) /* "text / plain" */
        subtype = params_token(rest, &rest);
    if (type.n == 0)
        return;
    if (subtype.n == 0 && !str_ieq(type, S("text")))
        return; /* RFC 2045 5.2: what nobody can read is text/plain */
    p->type = type;
    p->subtype = subtype.n ? subtype : S("plain");
    p->params = params_parse(s->arena, rest);
}

static void read_languages(struct scan *s, struct mime_part *p, str raw)
{
    str rest = read_text(s, raw), one;
    str found[MIME_LANGUAGES_MAX];
    size_t n = 0;
    for (bool more = true; more && n < MIME_LANGUAGES_MAX;) {
        more = str_cut(rest, ',', &one, &rest);
        str ignored;
        found[n] = params_token(one, &ignored);
        n += found[n].n > 0;
    }
    if (n == 0)
        return;
    p->languages = NEW_N(s->arena, str, n);
    memcpy(p->languages, found, n * sizeof *found);
    p->language_count = n;
}

static void read_field(struct scan *s, struct mime_part *p, const struct header_field *f)
{
    str name = f->name, ignored;
    if (!str_iskip(&name, S("Content-")))
        return;
    if (str_ieq(name, S("Type")) && !p->type.p) {
        read_type(s, p, f->value);
    } else if (str_ieq(name, S("Transfer-Encoding")) && !p->encoding.p) {
        str token = params_token(f->value, &ignored);
        p->encoding = token.n ? token : p->encoding;
    } else if (str_ieq(name, S("Disposition")) && !p->disposition.p) {
        str rest, token = params_token(f->value, &rest);
        if (token.n > 0) {
            p->disposition = token;
            p->disposition_params = params_parse(s->arena, rest);
        }
    } else if (str_ieq(name, S("Language")) && !p->languages) {
        read_languages(s, p, f->value);
    } else if (str_ieq(name, S("ID")) && !p->id.p) {
        p->id = read_text(s, f->value);
    } else if (str_ieq(name, S("Description")) && !p->description.p) {
        p->description = read_text(s, f->value);
    } else if (str_ieq(name, S("MD5")) && !p->md5.p) {
        p->md5 = read_text(s, f->value);
    } else if (str_ieq(name, S("Location")) && !p->location.p) {
        p->location = read_text(s, f->value);
    }
}

static void read_fields(struct scan *s, struct mime_part *p)
{
    str rest = p->header;
    for (struct header_field f; header_next(&rest, &f);) {
        size_t before = arena_used(s->arena);
        if (s->text_spent < TEXT_BUDGET)
            read_field(s, p, &f);
        s->text_spent += arena_used(s->arena) - before;
    }
}

/* RFC 2045 5.2: what text is written in when nothing says so. */
static void add_charset(struct scan *s, struct mime_part *p)
{
    if (!str_ieq(p->type, S("text")) || params_get(&p->params, S("charset")).p ||
        params_get(&p->params, S("charset*")).p)
        return;
    struct param *more = NEW_N(s->arena, struct param, p->params.n + 1);
    if (p->params.n)
        memcpy(more, p->params.at, p->params.n * sizeof *more);
    more[p->params.n] = (struct param){.name = S("charset"), .value = S("us-ascii")};
    p->params = (struct params){.at = more, .n = p->params.n + 1};
}

static void set_defaults(struct scan *s, struct mime_part *p)
{
    if (!p->encoding.p)
        p->encoding = S("7bit");
    if (p->type.p) {
        add_charset(s, p);
        return;
    }
    /* RFC 2046 5.1.5 */
    bool digest =
        p->parent && p->parent->kind == MIME_MULTIPART && str_ieq(p->parent->subtype, S("digest"));
    p->type = digest ? S("message") : S("text");
    p->subtype = digest ? S("rfc822") : S("plain");
    add_charset(s, p);
}

static void make_leaf(struct mime_part *p)
{
    p->kind = MIME_LEAF;
    p->cut = true;
    p->type = S("application");
    p->subtype = S("octet-stream");
    p->params = (struct params){0};
}

/* ---- ends ---- */

/* Decides what kind the part is, once its fields are known; its body starts at s->here. */
static void begin_body(struct scan *s, struct mime_part *p)
{
    bool multipart = str_ieq(p->type, S("multipart"));
    bool message = str_ieq(p->type, S("message")) &&
                   (str_ieq(p->subtype, S("rfc822")) || str_ieq(p->subtype, S("global")));
    if (!multipart && !message)
        return;
    if (p->depth >= MIME_DEPTH_MAX || s->parts >= MIME_PARTS_MAX) {
        make_leaf(p);
        return;
    }
    p->kind = multipart ? MIME_MULTIPART : MIME_MESSAGE;
    if (message) {
        open_part(s, p, s->here);
        return;
    }
    str boundary = str_trim_end(params_get(&p->params, S("boundary")));
    if (boundary.n > 0 && boundary.n <= MIME_BOUNDARY_MAX)
        s->frames[s->frame_count++] = (struct frame){p, boundary};
}

/* The header of s->cur ends at `end`; the body starts at s->here. */
static void end_header(struct scan *s, struct place end)
{
    struct mime_part *p = s->cur;
    s->in_header = false;
    if (end.at < p->header_at) /* a boundary right at the part's start */
        end = (struct place){p->header_at, p->header_octets, p->header_lines};
    p->header = str_slice(s->message, p->header_at, end.at);
    p->header_octets = p->header.n + (end.bare - p->header_octets);
    p->header_lines = end.lines - p->header_lines;
    p->body_at = s->here.at;
    p->body_octets = s->here.bare;
    p->body_lines = s->here.lines;
    read_fields(s, p);
    set_defaults(s, p);
    begin_body(s, p);
}

/* Every multipart has a child: this one holds all of the body as text. */
static void add_stand_in(struct scan *s, struct mime_part *p)
{
    struct mime_part *c = add_part(s, p);
    c->header_at = c->body_at = p->body_at;
    c->header = str_slice(p->body, 0, 0);
    c->body = p->body;
    c->body_octets = p->body_octets;
    c->body_lines = p->body_lines;
    set_defaults(s, c);
}

/* The empty line that ended p's header belongs to the boundary, if it is there. */
static void take_back_empty_line(struct scan *s, struct mime_part *p, struct place end)
{
    if (end.at < p->header_at || p->header.n == 0 || p->header_at + p->header.n != p->body_at)
        return;
    bool crlf = p->body_at - end.at > 1;
    p->header = str_slice(s->message, p->header_at, end.at);
    p->header_octets -= 2;
    p->header_lines--;
    p->body_at = end.at;
    p->body_octets -= !crlf; /* one bare LF less before it */
    p->body_lines--;
}

static void close_part(struct scan *s, struct place end)
{
    struct mime_part *p = s->cur;
    if (end.at < p->body_at) { /* the line end before the boundary was the empty line */
        take_back_empty_line(s, p, end);
        end = (struct place){p->body_at, p->body_octets, p->body_lines};
    }
    p->body = str_slice(s->message, p->body_at, end.at);
    p->body_octets = p->body.n + (end.bare - p->body_octets);
    p->body_lines = end.lines - p->body_lines;
    if (p->kind == MIME_MULTIPART && !p->children)
        add_stand_in(s, p);
    s->cur = p->parent;
}

/* ---- lines ---- */

/* Which open multipart this line delimits; false when none. RFC 2046 5.1.2: the line need only
 * begin with the boundary; of several the longest is meant, of equal ones the innermost. */
static bool find_boundary(const struct scan *s, str line, size_t *ret_frame, bool *ret_closes)
{
    if (s->frame_count == 0 || !str_starts(line, S("--")))
        return false;
    str text = str_from_at(line, 2);
    size_t longest = 0;
    for (size_t i = s->frame_count; i-- > 0;) {
        str after = text, boundary = s->frames[i].boundary;
        if (boundary.n <= longest || !str_skip(&after, boundary))
            continue;
        longest = boundary.n;
        *ret_frame = i;
        *ret_closes = str_starts(after, S("--"));
    }
    return longest > 0;
}

static void at_boundary(struct scan *s, size_t frame, bool closes, struct place next)
{
    struct mime_part *multipart = s->frames[frame].part;
    while (s->in_header) /* of a message part: its child's too */
        end_header(s, s->before);
    while (s->cur != multipart)
        close_part(s, s->before);
    s->frame_count = frame + 1;
    if (!closes && s->parts >= MIME_PARTS_MAX) {
        multipart->cut = true;
        closes = true;
    }
    if (closes) /* what follows is epilogue; only outer boundaries count now */
        s->frame_count = frame;
    else
        open_part(s, multipart, next);
}

static void take_line(struct scan *s)
{
    const char *start = s->message.p + s->here.at;
    size_t left = s->message.n - s->here.at;
    const char *lf = memchr(start, '\n', left);
    str line = str_of(start, lf ? (size_t)(lf - start) : left);
    bool crlf = lf && str_ends(line, S("\r"));
    line.n -= crlf;
    struct place next = {.at = s->here.at + (lf ? (size_t)(lf - start) + 1 : left),
                         .bare = s->here.bare + (lf && !crlf),
                         .lines = s->here.lines + (lf != NULL)};
    struct place end = {s->here.at + line.n, s->here.bare, s->here.lines};
    size_t frame;
    bool closes;
    if (find_boundary(s, line, &frame, &closes)) {
        at_boundary(s, frame, closes, next);
        s->here = next;
    } else {
        s->here = next;
        if (s->in_header && line.n == 0 && lf)
            end_header(s, next);
    }
    s->before = end;
}

/* No boundary is open and no header: nothing but sizes is left to find. */
static void skip_to_end(struct scan *s)
{
    str rest = str_from_at(s->message, s->here.at);
    struct crlf_count c = crlf_measure(rest);
    s->here.bare += c.octets - rest.n;
    s->here.lines += c.lines;
    s->here.at = s->message.n;
}

struct mime_part *mime_parse(struct arena *a, str message)
{
    struct scan s = {.arena = a, .message = message};
    open_part(&s, NULL, s.here);
    struct mime_part *root = s.cur;
    while (s.here.at < message.n) {
        if (s.in_header || s.frame_count > 0)
            take_line(&s);
        else
            skip_to_end(&s);
    }
    while (s.in_header)
        end_header(&s, s.here);
    while (s.cur)
        close_part(&s, s.here);
    return root;
}

/* ---- section paths ---- */

static const struct mime_part *nth_child(const struct mime_part *p, uint32_t number)
{
    const struct mime_part *c = p->children;
    while (c && c->number != number)
        c = c->next;
    return c;
}

/* Part `number` of a message. */
static const struct mime_part *message_part(const struct mime_part *message, uint32_t number)
{
    if (message->kind == MIME_MULTIPART)
        return nth_child(message, number);
    return number == 1 ? message : NULL;
}

const struct mime_part *mime_find(const struct mime_part *root, const uint32_t *path, size_t n)
{
    const struct mime_part *p = root;
    for (size_t i = 0; i < n && p; i++) {
        if (i == 0)
            p = message_part(root, path[0]);
        else if (p->kind == MIME_MULTIPART)
            p = nth_child(p, path[i]);
        else
            p = p->kind == MIME_MESSAGE ? message_part(p->children, path[i]) : NULL;
    }
    return p;
}

static struct mime_text header_of(const struct mime_part *p)
{
    return (struct mime_text){p->header, p->header_octets, p->header_lines};
}

static struct mime_text body_of(const struct mime_part *p)
{
    return (struct mime_text){p->body, p->body_octets, p->body_lines};
}

err mime_text(const struct mime_part *root, const uint32_t *path, size_t n, enum mime_section what,
              struct mime_text *ret_text)
{
    const struct mime_part *p = mime_find(root, path, n);
    if (!p)
        return err_new(ERR_NOTFOUND, "message part");
    const struct mime_part *inner = n == 0 ? p : p->kind == MIME_MESSAGE ? p->children : NULL;
    switch (what) {
    case MIME_ALL:
        *ret_text = body_of(p);
        if (n == 0) {
            ret_text->text = str_of(p->header.p, p->header.n + p->body.n);
            ret_text->octets += p->header_octets;
            ret_text->lines += p->header_lines;
        }
        return OK_ERR;
    case MIME_MIME:
        if (n == 0)
            break;
        *ret_text = header_of(p);
        return OK_ERR;
    case MIME_HEADER:
    case MIME_TEXT:
        if (!inner)
            break;
        *ret_text = what == MIME_HEADER ? header_of(inner) : body_of(inner);
        return OK_ERR;
    }
    return err_new(ERR_NOTFOUND, "section of this part");
}
