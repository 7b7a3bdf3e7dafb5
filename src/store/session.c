/* SPDX-License-Identifier: ISC */
/* How it works: ask() sends one packet and waits for its answer, taking note of NEWS on the way.
 * The table is a private mapping of the keeper's sealed memory; flags that change copy one page
 * of it, growth past the mapping moves it to the heap. Expunges that may not be told yet wait in
 * `held`. */
#include "store/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ipc/keeper.h"
#include "os/clock.h"
#include "os/file.h"

enum { PAGE = 4096, RANGES_MAX = KEEPER_SET_MAX / 8, CHANGE_BYTES = 20 };

struct store {
    struct channel *channel;
    bool broken, news, open, lost;
    uint32_t last_id;
    struct store_box box;
    struct store_message *rows;
    size_t n, room; /* rows in use, rows that fit */
    size_t mapped;  /* bytes of the mapping; 0: rows are on the heap */
    uint64_t version;
    struct buf keywords, reason;
    str names; /* mapped */
    VEC(struct store_gone) gone;
    VEC(struct store_change) changed;
    VEC(uint32_t) held; /* expunged, not yet told; ascending */
    VEC(struct store_range) pairs;
    size_t n_new;
    bool keywords_changed;
    uint32_t prefetch_id, prefetch_uids[STORE_FETCH_MAX];
    size_t n_prefetch;
};

struct store *store_new(int channel_fd)
{
    struct store *s = mem_alloc("store", sizeof *s);
    s->channel = channel_new(channel_fd);
    buf_init(&s->keywords, KEEPER_KEYWORDS_MAX);
    buf_init(&s->reason, KEEPER_TEXT_MAX);
    return s;
}

static void drop_table(struct store *s)
{
    if (s->mapped)
        (void)munmap(s->rows, s->mapped); /* only fails on wrong arguments */
    else
        free(s->rows);
    s->rows = NULL;
    s->n = s->room = s->mapped = 0;
    fd_unmap(s->names);
    s->names = S("");
}

void store_free(struct store *s)
{
    if (!s)
        return;
    drop_table(s);
    channel_free(s->channel);
    buf_done(&s->keywords);
    buf_done(&s->reason);
    vec_done(&s->gone);
    vec_done(&s->changed);
    vec_done(&s->held);
    vec_done(&s->pairs);
    free(s);
}

int store_fd(const struct store *s)
{
    return channel_fd(s->channel);
}

str store_reason(const struct store *s)
{
    return s->reason.n ? buf_str(&s->reason) : S("the mail store does not answer");
}

bool store_has_news(struct store *s)
{
    struct packet p;
    while (!s->broken && !s->n_prefetch) {
        err e = channel_try_recv(s->channel, &p);
        if (e.kind == ERR_TEMP)
            break;
        if (failed(e))
            s->broken = true;
        else if (p.type == IPC_KEEPER_NEWS)
            s->news = true;
    }
    return s->news || s->broken || s->held.n;
}

/* ---- asking ---- */

static err broken(struct store *s)
{
    s->broken = true;
    buf_reset(&s->reason);
    return err_new(ERR_CLOSED, "the mail store went away");
}

static err wait_for(struct store *s, uint32_t id, const struct ipc_schema *reply, void *ret,
                    struct packet *ret_packet)
{
    deadline by = deadline_in_ms(STORE_ANSWER_MS);
    for (;;) {
        struct packet p;
        err e = channel_recv(s->channel, by, &p);
        if (failed(e)) {
            (void)broken(s); /* the first error says more */
            return e;
        }
        if (p.type == IPC_KEEPER_NEWS) {
            s->news = true;
            continue;
        }
        if (p.id != id)
            return broken(s);
        e = ipc_decode(reply, p.bytes, ret);
        if (failed(e)) {
            (void)broken(s); /* as above */
            return e;
        }
        if (ret_packet)
            *ret_packet = p;
        return OK_ERR;
    }
}

static err drop_prefetch(struct store *s)
{
    if (!s->n_prefetch)
        return OK_ERR;
    s->n_prefetch = 0;
    struct keeper_bodies b;
    return wait_for(s, s->prefetch_id, &keeper_bodies_schema, &b, NULL);
}

static err ask(struct store *s, const struct ipc_schema *m, const void *question,
               const struct ipc_schema *reply, void *ret, struct packet *ret_packet)
{
    if (s->broken)
        return broken(s);
    err e = drop_prefetch(s);
    if (failed(e))
        return e;
    buf_reset(&s->reason);
    uint32_t id = ++s->last_id ? s->last_id : ++s->last_id;
    e = channel_send(s->channel, m, id, question, NULL, 0);
    if (failed(e)) {
        (void)broken(s); /* the first error says more */
        return e;
    }
    return wait_for(s, id, reply, ret, ret_packet);
}

/* An answer's own verdict. */
static err verdict(struct store *s, uint32_t outcome, str text)
{
    if (!outcome)
        return OK_ERR;
    buf_reset(&s->reason);
    buf_add(&s->reason, text);
    return err_new(outcome <= ERR_SYS ? (enum err_kind)outcome : ERR_SYNTAX, "mail store");
}

static err ask_done(struct store *s, const struct ipc_schema *m, const void *question)
{
    struct keeper_done d;
    err e = ask(s, m, question, &keeper_done_schema, &d, NULL);
    return failed(e) ? e : verdict(s, d.outcome, d.text);
}

static void put_u32(struct buf *b, uint32_t v)
{
    char c[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    buf_add(b, str_of(c, 4));
}

static uint32_t get_u32(str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Data that is either in the packet or, when long, in its first descriptor. */
static err data_of(str data, struct packet *p, str *ret_mapped, str *ret)
{
    *ret_mapped = S("");
    *ret = data;
    if (!p->n_fds)
        return OK_ERR;
    if (!fd_is_sealed(p->fds[0]))
        return err_new(ERR_SYNTAX, "memory that is not sealed");
    err e = fd_map(p->fds[0], SIZE_MAX / 2, ret_mapped);
    if (!failed(e))
        *ret = *ret_mapped;
    return e;
}

/* ---- folders ---- */

static void link_children(struct store_folder *f, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) { /* sorted: a child follows its parent's other children */
        str name = f[i].name, next = f[i + 1].name;
        if (next.n > name.n && str_starts(next, name) && next.p[name.n] == '.')
            f[i].flags |= STORE_HAS_CHILDREN;
    }
}

err store_list(struct store *s, struct arena *a, struct store_folder **ret, size_t *ret_n)
{
    struct keeper_data d;
    struct packet p;
    err e =
        ask(s, &keeper_list_schema, &(struct keeper_nothing){0}, &keeper_folders_schema, &d, &p);
    if (!failed(e))
        e = verdict(s, d.outcome, d.text);
    str mapped, rest;
    if (!failed(e))
        e = data_of(d.data, &p, &mapped, &rest);
    if (failed(e))
        return e;
    size_t n = 0;
    for (size_t i = 0; i < rest.n; i++)
        n += rest.p[i] == 0;
    struct store_folder *f = NEW_N(a, struct store_folder, n + 1);
    n = 0;
    str one;
    while (str_cut(rest, 0, &one, &rest)) {
        if (one.n < 2)
            continue;
        /* 128 marks the byte as not NUL */
        f[n].flags = (unsigned char)one.p[0] & 127u;
        f[n++].name = arena_copy(a, str_from_at(one, 1));
    }
    fd_unmap(mapped);
    link_children(f, n);
    *ret = f;
    *ret_n = n;
    return OK_ERR;
}

static err folder_op(struct store *s, enum keeper_folder_op op, str name, str to)
{
    if (name.n > STORE_NAME_MAX || to.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_folder_op_ask q = {.op = (uint32_t)op, .name = name, .to = to};
    return ask_done(s, &keeper_folder_op_schema, &q);
}

err store_create(struct store *s, str name)
{
    return folder_op(s, KEEPER_CREATE, name, S(""));
}

err store_delete(struct store *s, str name)
{
    return folder_op(s, KEEPER_DELETE, name, S(""));
}

err store_rename(struct store *s, str from, str to)
{
    return folder_op(s, KEEPER_RENAME, from, to);
}

err store_subscribe(struct store *s, str name, enum store_subscription want)
{
    return folder_op(s, want == STORE_SUBSCRIBE ? KEEPER_SUBSCRIBE : KEEPER_UNSUBSCRIBE, name,
                     S(""));
}

err store_status(struct store *s, str name, struct store_status *ret)
{
    if (name.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_status st;
    err e = ask(s, &keeper_status_ask_schema, &(struct keeper_name){name}, &keeper_status_schema,
                &st, NULL);
    if (!failed(e))
        e = verdict(s, st.outcome, st.text);
    if (failed(e))
        return e;
    *ret = (struct store_status){st.messages, st.recent,      st.unseen, st.deleted,
                                 st.uidnext,  st.uidvalidity, st.size};
    return OK_ERR;
}

/* ---- the table ---- */

static err map_table(struct store *s, struct packet *p, size_t n)
{
    drop_table(s);
    if (!n)
        return OK_ERR;
    if (n > STORE_MESSAGES_MAX || p->n_fds != 1 || !fd_is_sealed(p->fds[0]))
        return err_new(ERR_SYNTAX, "a table without its memory");
    uint64_t size;
    err e = fd_size(p->fds[0], &size);
    if (failed(e))
        return e;
    size_t bytes = n * sizeof *s->rows;
    if (size < bytes)
        return err_new(ERR_SYNTAX, "a table shorter than it says");
    size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
    void *m = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, p->fds[0], 0);
    if (m == MAP_FAILED)
        return err_sys("mmap");
    s->rows = m;
    s->mapped = pages;
    s->n = n;
    s->room = pages / sizeof *s->rows; /* the rest of the last page is ours too */
    return OK_ERR;
}

static void add_row(struct store *s, const struct store_message *m)
{
    if (s->n == s->room) {
        size_t room = s->room + s->room / 2 + 64;
        struct store_message *rows;
        if (s->mapped) {
            rows = mem_grow("table", NULL, room * sizeof *rows);
            memcpy(rows, s->rows, s->n * sizeof *rows);
            (void)munmap(s->rows, s->mapped); /* only fails on wrong arguments */
            s->mapped = 0;
        } else {
            rows = mem_grow("table", s->rows, room * sizeof *rows);
        }
        s->rows = rows;
        s->room = room;
    }
    s->rows[s->n++] = *m;
}

static void mark_recent(struct store *s, size_t from, uint32_t first_recent)
{
    if (!first_recent)
        return;
    for (size_t i = s->n; i > from && s->rows[i - 1].uid >= first_recent; i--)
        s->rows[i - 1].flags |= STORE_RECENT;
}

static void take_keywords(struct store *s, str list)
{
    s->keywords_changed |= !str_eq(list, buf_str(&s->keywords));
    buf_reset(&s->keywords);
    buf_add(&s->keywords, list);
    str rest = buf_str(&s->keywords);
    memset(s->box.keywords, 0, sizeof s->box.keywords);
    s->box.n_keywords = 0;
    while (rest.n && s->box.n_keywords < STORE_KEYWORDS_MAX)
        (void)str_cut(rest, 0, &s->box.keywords[s->box.n_keywords++], &rest); /* NUL after each */
}

static void show_table(struct store *s)
{
    s->box.messages = s->rows;
    s->box.n = s->n;
}

static void close_box(struct store *s)
{
    drop_table(s);
    s->open = s->lost = s->news = false;
    s->held.n = s->gone.n = s->changed.n = 0;
    show_table(s);
}

err store_select(struct store *s, str name, enum store_mode mode, const struct store_box **ret)
{
    if (s->open)
        close_box(s);
    if (name.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_open q = {.name = name, .mode = (uint32_t)mode};
    struct keeper_box b;
    struct packet p;
    err e = ask(s, &keeper_open_schema, &q, &keeper_box_schema, &b, &p);
    if (!failed(e))
        e = verdict(s, b.outcome, b.text);
    if (!failed(e))
        e = map_table(s, &p, b.messages);
    if (failed(e))
        return e;
    s->open = true;
    s->version = b.version;
    s->box.uidvalidity = b.uidvalidity;
    s->box.uidnext = b.uidnext;
    s->box.writable = b.writable;
    take_keywords(s, b.keywords);
    s->keywords_changed = false;
    mark_recent(s, 0, b.first_recent);
    show_table(s);
    *ret = &s->box;
    return OK_ERR;
}

err store_unselect(struct store *s)
{
    close_box(s);
    return ask_done(s, &keeper_close_schema, &(struct keeper_nothing){0});
}

const struct store_box *store_box(const struct store *s)
{
    return s->open ? &s->box : NULL;
}

size_t store_index(const struct store_box *box, uint32_t uid)
{
    size_t low = 0, high = box->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (box->messages[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* ---- sync ---- */

static size_t row_of(struct store *s, uint32_t uid)
{
    show_table(s);
    size_t at = store_index(&s->box, uid);
    return at < s->n && s->rows[at].uid == uid ? at : s->n;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* uids: ascending; all in the table or gone from it already. */
static void remove_rows(struct store *s, const uint32_t *uids, size_t n)
{
    size_t first_new = s->n - s->n_new;
    for (size_t i = n; i-- > 0;) {
        size_t at = row_of(s, uids[i]);
        if (at < s->n && at < first_new) /* came and went between two syncs: nobody knew it */
            vec_push(&s->gone, (struct store_gone){(uint32_t)at + 1, uids[i]});
        else if (at < s->n)
            s->n_new--;
    }
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < s->n; i++) {
        while (next < n && uids[next] < s->rows[i].uid)
            next++;
        if (next < n && uids[next] == s->rows[i].uid)
            continue;
        if (kept != i) /* untouched pages stay shared */
            s->rows[kept] = s->rows[i];
        kept++;
    }
    s->n = kept;
}

static void note_changed(struct store *s, uint32_t uid, bool own)
{
    vec_push(&s->changed, (struct store_change){uid, own}); /* a UID until finish_changes() */
}

static void apply_change(struct store *s, str c, uint32_t first_recent)
{
    uint32_t kind = get_u32(c, 0);
    struct store_message m = {get_u32(c, 4), get_u32(c, 8), get_u32(c, 12), get_u32(c, 16)};
    size_t at = row_of(s, m.uid);
    if (kind == KEEPER_NEW && at == s->n) {
        if (s->n && s->rows[s->n - 1].uid > m.uid) {
            s->lost = true; /* somebody broke the rule that UIDs ascend: begin anew */
            return;
        }
        add_row(s, &m);
        s->n_new++;
        mark_recent(s, s->n - 1, first_recent);
    } else if (kind == KEEPER_GONE && at < s->n) {
        vec_push(&s->held, m.uid);
    } else if ((kind == KEEPER_CHANGED || kind == KEEPER_CHANGED_OWN) && at < s->n) {
        uint32_t flags = m.flags | (s->rows[at].flags & STORE_RECENT);
        if (flags == s->rows[at].flags)
            return;
        s->rows[at].flags = flags;
        if (at < s->n - s->n_new)
            note_changed(s, m.uid, kind == KEEPER_CHANGED_OWN);
    }
}

/* Too much happened: both tables are sorted by UID, one walk finds the differences. */
static err reload(struct store *s, struct packet *p, size_t n, uint32_t first_recent)
{
    struct store fresh = {.names = S("")};
    err e = map_table(&fresh, p, n);
    if (failed(e))
        return e;
    size_t i = 0, j = 0, old_n = s->n;
    for (; i < old_n; i++) {
        while (j < fresh.n && fresh.rows[j].uid < s->rows[i].uid)
            j++;
        if (j == fresh.n || fresh.rows[j].uid != s->rows[i].uid) {
            vec_push(&s->held, s->rows[i].uid);
            continue;
        }
        uint32_t flags = fresh.rows[j].flags | (s->rows[i].flags & STORE_RECENT);
        if (flags != s->rows[i].flags)
            note_changed(s, s->rows[i].uid, false);
        if (flags != s->rows[i].flags)
            s->rows[i].flags = flags;
    }
    uint32_t last = old_n ? s->rows[old_n - 1].uid : 0;
    for (j = 0; j < fresh.n; j++) {
        if (fresh.rows[j].uid <= last)
            continue;
        add_row(s, &fresh.rows[j]);
        s->n_new++;
    }
    mark_recent(s, s->n - s->n_new, first_recent);
    drop_table(&fresh);
    return OK_ERR;
}

/* From UIDs to indices in the final table; each once, own only if all its changes were. */
static int by_uid(const void *a, const void *b)
{
    return by_number(&((const struct store_change *)a)->index,
                     &((const struct store_change *)b)->index);
}

static void finish_changes(struct store *s)
{
    size_t n = 0;
    if (s->changed.n)
        qsort(s->changed.at, s->changed.n, sizeof *s->changed.at, by_uid);
    for (size_t i = 0; i < s->changed.n; i++) {
        size_t at = row_of(s, s->changed.at[i].index);
        if (at == s->n)
            continue;
        if (n && s->changed.at[n - 1].index == at)
            s->changed.at[n - 1].own &= s->changed.at[i].own;
        else
            s->changed.at[n++] = (struct store_change){(uint32_t)at, s->changed.at[i].own};
    }
    s->changed.n = n;
}

static void release_held(struct store *s)
{
    if (!s->held.n)
        return;
    qsort(s->held.at, s->held.n, sizeof *s->held.at, by_number);
    size_t n = 0;
    for (size_t i = 0; i < s->held.n; i++)
        if (!n || s->held.at[n - 1] != s->held.at[i])
            s->held.at[n++] = s->held.at[i];
    remove_rows(s, s->held.at, n);
    s->held.n = 0;
}

err store_sync(struct store *s, enum store_sync_mode mode, struct store_changes *ret)
{
    struct keeper_sync a;
    struct packet p;
    if (!s->open)
        return err_new(ERR_DENIED, "no mailbox is open");
    s->gone.n = s->changed.n = s->n_new = 0;
    s->keywords_changed = false;
    err e = ask(s, &keeper_sync_ask_schema, &(struct keeper_sync_ask){s->version},
                &keeper_sync_schema, &a, &p);
    if (!failed(e))
        e = verdict(s, a.outcome, a.text);
    if (failed(e))
        return e;
    s->news = false;
    s->lost = a.lost;
    if (!s->lost)
        take_keywords(s, a.keywords);
    if (!s->lost && a.reload)
        e = reload(s, &p, a.messages, a.first_recent);
    for (size_t at = 0; !s->lost && !a.reload && at + CHANGE_BYTES <= a.changes.n;
         at += CHANGE_BYTES)
        apply_change(s, str_slice(a.changes, at, at + CHANGE_BYTES), a.first_recent);
    if (failed(e))
        return e;
    s->version = a.version;
    if (!s->lost)
        s->box.uidnext = a.uidnext;
    if (mode == STORE_SYNC_ALL)
        release_held(s);
    finish_changes(s);
    show_table(s);
    *ret = (struct store_changes){.gone = s->gone.at,
                                  .n_gone = s->gone.n,
                                  .flags = s->changed.at,
                                  .n_flags = s->changed.n,
                                  .n_new = s->n_new,
                                  .keywords_changed = s->keywords_changed,
                                  .lost = s->lost};
    return OK_ERR;
}

/* ---- changes ---- */

static str encode_ranges(struct buf *b, const struct store_range *set, size_t n)
{
    buf_reset(b);
    for (size_t i = 0; i < n; i++) {
        put_u32(b, set[i].from);
        put_u32(b, set[i].to);
    }
    return buf_str(b);
}

static err join_keywords(struct buf *b, const str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!names[i].n || names[i].n > STORE_KEYWORD_BYTES || memchr(names[i].p, 0, names[i].n))
            return err_new(ERR_SYNTAX, "not a keyword");
        buf_add(b, names[i]);
        buf_addc(b, 0);
    }
    return buf_check(b, "keywords");
}

/* Long sets go in several packets: each part is durable by itself. */
static size_t part_of(size_t n)
{
    return n < RANGES_MAX ? n : RANGES_MAX;
}

err store_flags(struct store *s, const struct store_range *set, size_t n, enum store_flags_op op,
                uint32_t system_flags, const str *keywords, size_t n_keywords)
{
    auto_buf struct buf names, ranges;
    buf_init(&names, KEEPER_KEYWORDS_MAX);
    buf_init(&ranges, KEEPER_SET_MAX);
    err e = join_keywords(&names, keywords, n_keywords);
    while (n && !failed(e)) {
        size_t part = part_of(n);
        struct keeper_flags q = {.op = (uint32_t)op,
                                 .flags = system_flags & STORE_SYSTEM_FLAGS,
                                 .keywords = buf_str(&names),
                                 .set = encode_ranges(&ranges, set, part)};
        e = ask_done(s, &keeper_flags_schema, &q);
        set += part;
        n -= part;
    }
    return e;
}

err store_expunge(struct store *s, enum store_expunge_mode mode, const struct store_range *set,
                  size_t n)
{
    if (!n && mode == STORE_EXPUNGE_ALL)
        return OK_ERR;
    auto_buf struct buf ranges;
    buf_init(&ranges, KEEPER_SET_MAX);
    err e;
    do {
        size_t part = part_of(n);
        struct keeper_expunge q = {.mode = (uint32_t)mode,
                                   .set = encode_ranges(&ranges, set, part)};
        e = ask_done(s, &keeper_expunge_schema, &q);
        set += part;
        n -= part;
    } while (n && !failed(e));
    return e;
}

err store_copy(struct store *s, enum store_copy_mode mode, const struct store_range *set, size_t n,
               str target, struct store_copied *ret)
{
    if (target.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    if (n > RANGES_MAX) /* all or nothing goes with one packet */
        return verdict(s, ERR_LIMIT, S("too many message ranges in one command"));
    auto_buf struct buf ranges;
    buf_init(&ranges, KEEPER_SET_MAX);
    struct keeper_copy q = {
        .mode = (uint32_t)mode, .target = target, .set = encode_ranges(&ranges, set, n)};
    struct keeper_copied c;
    struct packet p;
    err e = ask(s, &keeper_copy_schema, &q, &keeper_copied_schema, &c, &p);
    if (!failed(e))
        e = verdict(s, c.outcome, c.text);
    str mapped, data;
    if (!failed(e))
        e = data_of(c.pairs, &p, &mapped, &data);
    if (failed(e))
        return e;
    s->pairs.n = 0;
    for (size_t at = 0; at + 8 <= data.n; at += 8)
        vec_push(&s->pairs, (struct store_range){get_u32(data, at), get_u32(data, at + 4)});
    fd_unmap(mapped);
    *ret = (struct store_copied){c.uidvalidity, s->pairs.at, s->pairs.n};
    return OK_ERR;
}

/* ---- bodies ---- */

static err send_fetch(struct store *s, const uint32_t *uids, size_t n)
{
    if (s->broken)
        return broken(s);
    auto_buf struct buf b;
    buf_init(&b, STORE_FETCH_MAX * 4);
    for (size_t i = 0; i < n; i++)
        put_u32(&b, uids[i]);
    uint32_t id = ++s->last_id ? s->last_id : ++s->last_id;
    err e = channel_send(s->channel, &keeper_fetch_schema, id, &(struct keeper_fetch){buf_str(&b)},
                         NULL, 0);
    if (failed(e)) {
        (void)broken(s); /* the first error says more */
        return e;
    }
    s->prefetch_id = id;
    s->n_prefetch = n;
    memcpy(s->prefetch_uids, uids, n * sizeof *uids);
    return OK_ERR;
}

err store_prefetch(struct store *s, const uint32_t *uids, size_t n)
{
    if (!n || n > STORE_FETCH_MAX)
        return err_new(ERR_LIMIT, "too many bodies at once");
    err e = drop_prefetch(s);
    return failed(e) ? e : send_fetch(s, uids, n);
}

err store_fetch(struct store *s, const uint32_t *uids, size_t n, struct store_body *ret)
{
    if (n > STORE_FETCH_MAX)
        return err_new(ERR_LIMIT, "too many bodies at once");
    if (!n)
        return OK_ERR;
    bool ready = s->n_prefetch == n && !memcmp(s->prefetch_uids, uids, n * sizeof *uids);
    if (!ready) {
        err e = store_prefetch(s, uids, n);
        if (failed(e))
            return e;
    }
    s->n_prefetch = 0;
    struct keeper_bodies b;
    struct packet p;
    err e = wait_for(s, s->prefetch_id, &keeper_bodies_schema, &b, &p);
    if (!failed(e))
        e = verdict(s, b.outcome, b.text);
    if (failed(e))
        return e;
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        bool found = (b.found >> i & 1) && next < p.n_fds;
        ret[i] = (struct store_body){uids[i], found ? fd_take(&p.fds[next++]) : -1};
    }
    return OK_ERR;
}

err store_uidls(struct store *s, str *ret_names)
{
    struct keeper_data d;
    struct packet p;
    err e =
        ask(s, &keeper_names_ask_schema, &(struct keeper_nothing){0}, &keeper_names_schema, &d, &p);
    if (!failed(e))
        e = verdict(s, d.outcome, d.text);
    if (failed(e))
        return e;
    fd_unmap(s->names);
    s->names = S("");
    str all;
    e = data_of(d.data, &p, &s->names, &all);
    if (!failed(e))
        *ret_names = s->names;
    return e;
}

err store_settle(struct store *s)
{
    return ask_done(s, &keeper_settle_schema, &(struct keeper_nothing){0});
}

/* ---- adding ---- */

err store_spool(struct store *s, str folder, int *ret_fd, uint32_t *ret_spool)
{
    if (folder.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_spool a;
    struct packet p;
    err e = ask(s, &keeper_spool_ask_schema, &(struct keeper_name){folder}, &keeper_spool_schema,
                &a, &p);
    if (!failed(e))
        e = verdict(s, a.outcome, a.text);
    if (failed(e))
        return e;
    if (p.n_fds != 1)
        return broken(s);
    *ret_fd = fd_take(&p.fds[0]);
    *ret_spool = a.spool;
    return OK_ERR;
}

err store_spool_drop(struct store *s, uint32_t spool)
{
    return ask_done(s, &keeper_spool_drop_schema, &(struct keeper_spool_drop){spool});
}

/* Too long for a packet: by way of a file. */
static err append_by_spool(struct store *s, struct keeper_append *q)
{
    auto_fd int fd = -1;
    err e = store_spool(s, q->folder, &fd, &q->spool);
    if (failed(e))
        return e;
    e = file_write(fd, q->message);
    if (failed(e)) {
        (void)store_spool_drop(s, q->spool); /* the write's error is the one to tell */
        return e;
    }
    q->message = S("");
    return OK_ERR;
}

err store_append(struct store *s, const struct store_append *m, struct store_appended *ret)
{
    if (m->folder.n > STORE_NAME_MAX)
        return verdict(s, ERR_LIMIT, S("the name is too long"));
    auto_buf struct buf names;
    buf_init(&names, KEEPER_KEYWORDS_MAX);
    err e = join_keywords(&names, m->keywords, m->n_keywords);
    struct keeper_append q = {.folder = m->folder,
                              .flags = m->system_flags & STORE_SYSTEM_FLAGS,
                              .keywords = buf_str(&names),
                              .date = m->date < 0 ? UINT64_MAX : (uint64_t)m->date,
                              .message = m->bytes,
                              .spool = m->spool};
    if (!failed(e) && m->bytes.n > KEEPER_INLINE_MAX)
        e = append_by_spool(s, &q);
    if (failed(e))
        return e;
    struct keeper_appended a;
    e = ask(s, &keeper_append_schema, &q, &keeper_appended_schema, &a, NULL);
    if (!failed(e))
        e = verdict(s, a.outcome, a.text);
    if (!failed(e))
        *ret = (struct store_appended){a.uidvalidity, a.uid};
    return e;
}
