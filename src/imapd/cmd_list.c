/* SPDX-License-Identifier: ISC */
/* LIST: RFC 9051 6.3.9, RFC 5258 (extended), RFC 5819 (STATUS), RFC 6154 (special use), RFC 3348
 * (children).
 *
 * How it works: the store's folders come sorted, parents first. One walk marks which meet the
 * selection options and which have such ones below; a second says what the patterns take. */
#include "imapd/cmd.h"

#include <assert.h>

#include "imapd/metadata.h"
#include "imapd/names.h"
#include "imapd/rights.h"
#include "imapd/shared.h"
#include "imapd/status.h"
#include "wire/imap_list.h"
#include "wire/imap_list_args.h"

static_assert((int)IMAP_USE_ARCHIVE == STORE_USE_ARCHIVE &&
                  (int)IMAP_USE_DRAFTS == STORE_USE_DRAFTS &&
                  (int)IMAP_USE_JUNK == STORE_USE_JUNK && (int)IMAP_USE_SENT == STORE_USE_SENT &&
                  (int)IMAP_USE_TRASH == STORE_USE_TRASH,
              "wire and store number the uses alike");

enum { PATTERN_OCTETS_MAX = 8 * 1024 }; /* of one LIST together: they cost time with each folder */

struct row {
    const struct store_folder *folder;
    bool matches, selected;
    bool below;        /* one below it is selected */
    bool below_unsaid; /* and is not told itself */
};
struct listing {
    struct session *s;
    struct imap_list_extended args;
    struct store_folder *folders;
    size_t n;
    struct row *rows;
};

/* ---- the folders, with the levels that only subscriptions have ---- */

static void add_missing_levels(struct session *s, struct map *seen, str name,
                               struct store_folder *out, size_t *n, size_t max)
{
    static char mark;
    for (size_t i = 1; i < name.n && *n < max; i++) {
        str level = str_slice(name, 0, i);
        if (name.p[i] != '.' || map_get(seen, level) != NULL || str_ieq(level, S("INBOX")))
            continue;
        map_put(seen, level, &mark);
        out[(*n)++] = (struct store_folder){.name = arena_copy(s->arena, level),
                                            .flags = STORE_NOSELECT | STORE_ABSENT};
    }
}

/* RECURSIVEMATCH may have to tell a level of which only a subscription knows. */
static void complete(struct listing *l)
{
    static char mark;
    size_t max = l->n + STORE_FOLDERS_MAX, n = l->n;
    struct store_folder *all = NEW_N(l->s->arena, struct store_folder, max + 1);
    struct map *seen = map_new();
    for (size_t i = 0; i < l->n; i++) {
        all[i] = l->folders[i];
        map_put(seen, all[i].name, &mark);
    }
    for (size_t i = 0; i < l->n; i++)
        if (all[i].flags & STORE_ABSENT)
            add_missing_levels(l->s, seen, all[i].name, all, &n, max);
    map_free(seen);
    l->folders = all;
    l->n = n;
}

/* ---- what is selected, what lies below ---- */

static bool is_selected(const struct listing *l, const struct store_folder *f)
{
    unsigned want = l->args.select;
    if (!(want & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE)))
        return !(f->flags & STORE_ABSENT);
    if ((want & IMAP_LIST_SUBSCRIBED) && !(f->flags & STORE_SUBSCRIBED))
        return false;
    return !(want & IMAP_LIST_SPECIAL_USE) || (f->uses != 0 && !(f->flags & STORE_ABSENT));
}

static bool is_matched(const struct listing *l, str name)
{
    for (size_t i = 0; i < l->args.n; i++)
        if (names_match(l->s, l->args.patterns[i], name))
            return true;
    return false;
}

static void mark_parents(struct map *by_name, const struct row *row)
{
    str name = row->folder->name;
    for (size_t i = name.n; i-- > 1;) {
        if (name.p[i] != '.')
            continue;
        str level = str_slice(name, 0, i);
        struct row *parent = map_get(by_name, str_ieq(level, S("INBOX")) ? S("INBOX") : level);
        if (parent == NULL)
            continue;
        parent->below = true;
        parent->below_unsaid |= !row->matches;
    }
}

static void judge(struct listing *l)
{
    struct map *by_name = map_new();
    l->rows = NEW_N(l->s->arena, struct row, l->n + 1);
    for (size_t i = 0; i < l->n; i++) {
        const struct store_folder *f = &l->folders[i];
        l->rows[i] = (struct row){.folder = f, .matches = is_matched(l, f->name)};
        l->rows[i].selected = is_selected(l, f);
        if (l->args.select & IMAP_LIST_RECURSIVE)
            map_put(by_name, f->name, &l->rows[i]);
    }
    for (size_t i = 0; i < l->n && (l->args.select & IMAP_LIST_RECURSIVE); i++)
        if (l->rows[i].selected)
            mark_parents(by_name, &l->rows[i]);
    map_free(by_name);
}

/* ---- saying ---- */

static void add_word(struct buf *b, str word)
{
    if (b->n > 0 && b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_add(b, word);
}

/* RFC 5258 3: a level without a folder does not exist; RFC 3501 knows only \Noselect. */
static void write_attributes(const struct listing *l, const struct store_folder *f, struct buf *b)
{
    bool modern = l->args.extended || (l->s->enabled & ENABLED_REV2);
    bool nothing = (f->flags & (STORE_NOSELECT | STORE_ABSENT)) != 0;
    if (nothing)
        add_word(b, modern ? S("\\NonExistent") : S("\\Noselect"));
    if ((f->flags & STORE_SUBSCRIBED) &&
        ((l->args.select & IMAP_LIST_SUBSCRIBED) || (l->args.give & IMAP_RETURN_SUBSCRIBED)))
        add_word(b, S("\\Subscribed"));
    if (!(f->flags & STORE_ABSENT))
        add_word(b, f->flags & STORE_HAS_CHILDREN ? S("\\HasChildren") : S("\\HasNoChildren"));
    if (f->flags & STORE_MARKED)
        add_word(b, S("\\Marked"));
    if (f->uses != 0 && !nothing) {
        add_word(b, S(""));
        imap_write_uses(b, f->uses);
    }
}

/* RFC 5258 4: which of the options those below meet. */
static void write_childinfo(const struct listing *l, struct buf *b)
{
    buf_add(b, S(" (\"CHILDINFO\" ("));
    if (l->args.select & IMAP_LIST_SUBSCRIBED)
        add_word(b, S("\"SUBSCRIBED\""));
    if (l->args.select & IMAP_LIST_SPECIAL_USE)
        add_word(b, S("\"SPECIAL-USE\""));
    buf_add(b, S("))"));
}

static void say_row(const struct listing *l, const struct row *r)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_add(&b, S("* LIST ("));
    write_attributes(l, r->folder, &b);
    buf_add(&b, S(") \".\" "));
    names_write(l->s, &b, r->folder->name);
    if (r->below)
        write_childinfo(l, &b);
    buf_add(&b, S("\r\n"));
    say_bytes(l->s, buf_str(&b));
}

/* RFC 5819 2: a mailbox that cannot be looked at only lacks its STATUS. */
static err say_status(const struct listing *l, const struct row *r)
{
    if (!(l->args.give & IMAP_RETURN_STATUS) ||
        (r->folder->flags & (STORE_NOSELECT | STORE_ABSENT)))
        return OK_ERR;
    err e = status_say(l->s, r->folder->name, l->args.status);
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR;
}

/* RFC 8440 3: none for what cannot be told. */
static err say_rights(const struct listing *l, const struct row *r)
{
    if (!(l->args.give & IMAP_RETURN_MYRIGHTS) ||
        (r->folder->flags & (STORE_NOSELECT | STORE_ABSENT)))
        return OK_ERR;
    err e = rights_say(l->s, r->folder->name);
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR;
}

/* RFC 9590: the entries asked for, NIL where there are none. */
static err say_metadata(const struct listing *l, const struct row *r)
{
    if (!(l->args.give & IMAP_RETURN_METADATA) ||
        (r->folder->flags & (STORE_NOSELECT | STORE_ABSENT)))
        return OK_ERR;
    const struct imap_getmetadata_args want = {
        .mailbox = r->folder->name, .entries = l->args.entries, .n = l->args.n_entries};
    size_t longest;
    err e = metadata_say(l->s, &want, &longest);
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR;
}

static err say_all(const struct listing *l)
{
    bool recursive = (l->args.select & IMAP_LIST_RECURSIVE) != 0;
    for (size_t i = 0; i < l->n && l->s->phase != PHASE_END; i++) {
        const struct row *r = &l->rows[i];
        if (!r->matches || (!r->selected && !(recursive && r->below_unsaid)))
            continue;
        say_row(l, r);
        err e = say_rights(l, r);
        if (!failed(e))
            e = say_status(l, r);
        if (!failed(e))
            e = say_metadata(l, r);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

/* ---- the command ---- */

static err resolve_patterns(struct listing *l)
{
    size_t octets = 0;
    for (size_t i = 0; i < l->args.n; i++) {
        str *p = &l->args.patterns[i];
        *p = imap_list_pattern(l->s->arena, l->args.reference, *p);
        octets += p->n;
    }
    return octets <= PATTERN_OCTETS_MAX ? OK_ERR : err_new(ERR_LIMIT, "the patterns are too long");
}

CMD(list)
{
    (void)head;
    struct listing l = {.s = s};
    err e = imap_list_extended(args, &l.args);
    if (failed(e))
        return reply_bad(e);
    /* 6.3.9: an empty name asks for the separator and the root of the reference. */
    if (l.args.n == 1 && l.args.patterns[0].n == 0 && l.args.select == 0) {
        say(s, "* LIST (\\Noselect) \".\" \"\"\r\n");
        return reply_ok("Listed");
    }
    e = resolve_patterns(&l);
    if (failed(e))
        return reply_no("LIMIT", e.what);
    s->asked = shared_own(s);
    e = store_list(s->asked, s->arena, &l.folders, &l.n);
    if (!failed(e))
        e = shared_list(s, l.args.patterns, l.args.n, &l.folders, &l.n);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (l.args.select & IMAP_LIST_RECURSIVE)
        complete(&l);
    judge(&l);
    e = say_all(&l);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Listed");
}
