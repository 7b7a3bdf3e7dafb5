/* SPDX-License-Identifier: ISC */
/* imapd/fake_store.h -- the store's face (store/session.h) over memory, for this folder's tests
 * and fuzzer: they include it once, and it stands in for the keeper and its channel. It keeps
 * the contract of the header: the view changes only in store_sync() and store_select().
 */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"
#include "store/session.h"
#include "wire/crlf.h"

enum { FAKE_ATTRIBUTES = 8, FAKE_FOLDERS = 16, FAKE_MESSAGES = 512, FAKE_SPOOL_MAX = 1 << 20 };

struct fake_message {
    struct store_message row;
    char *text;
    size_t n;
    uint64_t modseq;
};

struct fake_folder {
    char name[STORE_NAME_MAX + 1];
    bool exists, subscribed;
    unsigned uses;
    uint32_t uidvalidity, uidnext, first_recent;
    struct fake_message at[FAKE_MESSAGES];
    size_t n;
    uint64_t modseq; /* the highest */
    struct {
        uint32_t uid;
        uint64_t modseq;
    } lost[FAKE_MESSAGES]; /* expunged; the oldest are forgotten */
    size_t n_lost;
    struct {
        char name[128], value[256];
        size_t n;
    } attributes[FAKE_ATTRIBUTES];
    size_t n_attributes;
};

struct store {
    struct fake_folder folders[FAKE_FOLDERS];
    struct fake_folder *open;
    struct store_message view[FAKE_MESSAGES];
    uint64_t modseqs[FAKE_MESSAGES];
    uint32_t modified[FAKE_MESSAGES];
    uint64_t unchanged_since; /* of the store_flags() that runs; 0: any */
    size_t n_modified;
    struct store_box box;
    struct store_gone gone[FAKE_MESSAGES];
    struct store_change changes[FAKE_MESSAGES];
    struct store_range pairs[FAKE_MESSAGES];
    char keywords[STORE_KEYWORDS_MAX][STORE_KEYWORD_BYTES + 1];
    bool keywords_changed, own;
    bool tells_all; /* as a keeper after large changes: who did it is not known */
    size_t opened;  /* bodies given out so far: tests look at it */
    int spool;
    struct store_quota quota;
    unsigned rights; /* 0: all */
    struct acl acl;
    char acl_names[FAKE_FOLDERS][64];
    size_t n_acl_names;
    size_t staged; /* of MULTIAPPEND, at the end of staged_in */
    struct fake_folder *staged_in;
    char reason[64];
};

static err fake_exists(struct store *s)
{
    (void)snprintf(s->reason, sizeof s->reason, "The folder exists already");
    return (err){.kind = ERR_DENIED, .sys = EEXIST, .what = "fake store"};
}

static err fake_fail(struct store *s, enum err_kind kind, const char *why)
{
    (void)snprintf(s->reason, sizeof s->reason, "%s", why);
    return err_new(kind, "fake store");
}

static struct fake_folder *fake_find(struct store *s, str name)
{
    for (size_t i = 0; i < FAKE_FOLDERS; i++) {
        str have = str_from(s->folders[i].name);
        if (have.n > 0 &&
            (str_eq(have, name) || (str_ieq(name, S("INBOX")) && str_eq(have, S("INBOX")))))
            return &s->folders[i];
    }
    return NULL;
}

static struct fake_folder *fake_add_folder(struct store *s, str name)
{
    struct fake_folder *f = fake_find(s, name);
    for (size_t i = 0; f == NULL && i < FAKE_FOLDERS; i++)
        if (s->folders[i].name[0] == '\0')
            f = &s->folders[i];
    if (f == NULL || name.n > STORE_NAME_MAX)
        return NULL;
    if (f->name[0] == '\0')
        memcpy(f->name, name.p, name.n);
    f->uidvalidity = 1000 + (uint32_t)(f - s->folders);
    f->uidnext = f->uidnext ? f->uidnext : 1;
    f->modseq = f->modseq ? f->modseq : 1;
    return f;
}

static uint32_t fake_add(struct fake_folder *f, str text, uint32_t flags, uint32_t date)
{
    struct fake_message *m = &f->at[f->n++];
    m->text = malloc(text.n + 1);
    memcpy(m->text, text.p, text.n);
    m->n = text.n;
    m->modseq = ++f->modseq;
    m->row = (struct store_message){f->uidnext++, flags, (uint32_t)crlf_measure(text).octets, date};
    return m->row.uid;
}

static void fake_remove(struct fake_folder *f, size_t i)
{
    if (f->n_lost < FAKE_MESSAGES) {
        f->lost[f->n_lost].uid = f->at[i].row.uid;
        f->lost[f->n_lost++].modseq = ++f->modseq;
    }
    free(f->at[i].text);
    memmove(&f->at[i], &f->at[i + 1], (--f->n - i) * sizeof f->at[0]);
}

static struct store *fake_new(void)
{
    struct store *s = calloc(1, sizeof *s);
    s->spool = -1;
    fake_add_folder(s, S("INBOX"))->exists = true;
    return s;
}

struct store *store_new(int fd)
{
    fd_close(fd);
    return fake_new();
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < FAKE_FOLDERS; i++)
        while (s->folders[i].n > 0)
            fake_remove(&s->folders[i], s->folders[i].n - 1);
    fd_close(s->spool);
    free(s);
}

int store_fd(const struct store *s)
{
    (void)s;
    return -1;
}

str store_reason(const struct store *s)
{
    return str_from(s->reason);
}

const struct store_box *store_box(const struct store *s)
{
    return s->open ? &s->box : NULL;
}

size_t store_index(const struct store_box *box, uint32_t uid)
{
    size_t i = 0;
    while (i < box->n && box->messages[i].uid < uid)
        i++;
    return i;
}

err store_list(struct store *s, struct arena *a, struct store_folder **ret, size_t *ret_n)
{
    struct store_folder *out = NEW_N(a, struct store_folder, FAKE_FOLDERS);
    size_t n = 0;
    for (size_t i = 0; i < FAKE_FOLDERS; i++) {
        struct fake_folder *f = &s->folders[i];
        if (!f->exists && !f->subscribed)
            continue;
        out[n] = (struct store_folder){.name = str_from(f->name),
                                       .flags = (f->exists ? 0u : STORE_ABSENT) |
                                                (f->subscribed ? STORE_SUBSCRIBED : 0u),
                                       .uses = f->uses};
        str prefix = arena_printf(a, "%s.", f->name);
        for (size_t k = 0; k < FAKE_FOLDERS; k++)
            if (s->folders[k].exists && str_starts(str_from(s->folders[k].name), prefix))
                out[n].flags |= STORE_HAS_CHILDREN;
        n++;
    }
    *ret = out;
    *ret_n = n;
    return OK_ERR;
}

err store_create(struct store *s, str name)
{
    struct fake_folder *f = fake_find(s, name);
    if (f != NULL && f->exists)
        return fake_exists(s);
    f = fake_add_folder(s, name);
    if (f == NULL)
        return fake_fail(s, ERR_LIMIT, "Too many folders");
    f->exists = true;
    return OK_ERR;
}

err store_delete(struct store *s, str name)
{
    struct fake_folder *f = fake_find(s, name);
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    f->exists = false;
    return OK_ERR;
}

err store_rename(struct store *s, str from, str to)
{
    struct fake_folder *f = fake_find(s, from);
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    if (fake_find(s, to) != NULL || to.n > STORE_NAME_MAX)
        return fake_exists(s);
    memset(f->name, 0, sizeof f->name);
    memcpy(f->name, to.p, to.n);
    return OK_ERR;
}

err store_subscribe(struct store *s, str name, enum store_subscription want)
{
    struct fake_folder *f = fake_add_folder(s, name);
    if (f == NULL)
        return fake_fail(s, ERR_LIMIT, "Too many folders");
    f->subscribed = want == STORE_SUBSCRIBE;
    return OK_ERR;
}

err store_status(struct store *s, str name, struct store_status *ret)
{
    struct fake_folder *f = fake_find(s, name);
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    *ret = (struct store_status){
        .messages = (uint32_t)f->n, .uidnext = f->uidnext, .uidvalidity = f->uidvalidity};
    for (size_t i = 0; i < f->n; i++)
        ret->unseen += !(f->at[i].row.flags & STORE_SEEN);
    return OK_ERR;
}

static void fake_show(struct store *s, size_t i, size_t truth)
{
    s->view[i] = s->open->at[truth].row;
    if (s->view[i].uid >= s->open->first_recent)
        s->view[i].flags |= STORE_RECENT;
}

static struct fake_message *fake_truth(struct store *s, uint32_t uid)
{
    for (size_t i = 0; i < s->open->n; i++)
        if (s->open->at[i].row.uid == uid)
            return &s->open->at[i];
    return NULL;
}

static void fake_refresh_modseqs(struct store *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct fake_message *m = fake_truth(s, s->view[i].uid);
        s->modseqs[i] = m != NULL ? m->modseq : s->open->modseq;
    }
}

static void fake_refresh_box(struct store *s, size_t n)
{
    s->box.messages = s->view;
    s->box.n = n;
    s->box.uidvalidity = s->open->uidvalidity;
    s->box.uidnext = s->open->uidnext;
    s->box.highestmodseq = s->open->modseq;
    s->box.modseqs = s->modseqs;
    fake_refresh_modseqs(s, n);
    s->box.n_keywords = STORE_KEYWORDS_MAX;
    for (size_t i = 0; i < STORE_KEYWORDS_MAX; i++)
        s->box.keywords[i] = str_from(s->keywords[i]);
}

err store_select(struct store *s, str name, enum store_mode mode, const struct store_box **ret)
{
    s->open = NULL;
    struct fake_folder *f = fake_find(s, name);
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    s->open = f;
    s->box.writable = mode != STORE_EXAMINE;
    s->box.rights = s->rights ? s->rights : ACL_ALL;
    for (size_t i = 0; i < f->n; i++)
        fake_show(s, i, i);
    fake_refresh_box(s, f->n);
    if (mode == STORE_SELECT)
        f->first_recent = f->uidnext;
    *ret = &s->box;
    return OK_ERR;
}

err store_unselect(struct store *s)
{
    s->open = NULL;
    return OK_ERR;
}

bool store_has_news(struct store *s)
{
    if (s->open == NULL)
        return false;
    bool news = s->keywords_changed || s->open->n != s->box.n || s->open->uidnext != s->box.uidnext;
    for (size_t i = 0; i < s->box.n; i++) {
        struct fake_message *m = fake_truth(s, s->view[i].uid);
        news |= m == NULL || m->row.flags != (s->view[i].flags & ~(uint32_t)STORE_RECENT);
    }
    return news;
}

err store_sync(struct store *s, enum store_sync_mode mode, struct store_changes *ret)
{
    *ret = (struct store_changes){.gone = s->gone, .flags = s->changes};
    if (!s->open->exists) {
        ret->lost = true;
        return OK_ERR;
    }
    uint32_t last = s->box.n > 0 ? s->view[s->box.n - 1].uid : 0;
    size_t n = s->box.n;
    for (size_t i = n; i-- > 0 && mode == STORE_SYNC_ALL;) {
        if (fake_truth(s, s->view[i].uid) != NULL)
            continue;
        s->gone[ret->n_gone++] = (struct store_gone){(uint32_t)i + 1, s->view[i].uid};
        memmove(&s->view[i], &s->view[i + 1], (--n - i) * sizeof s->view[0]);
    }
    for (size_t i = 0; i < n; i++) {
        struct fake_message *m = fake_truth(s, s->view[i].uid);
        uint32_t recent = s->view[i].flags & STORE_RECENT;
        if (m == NULL || (m->row.flags | recent) == s->view[i].flags)
            continue;
        s->view[i].flags = m->row.flags | recent;
        s->changes[ret->n_flags++] = (struct store_change){(uint32_t)i, s->own};
    }
    for (size_t i = 0; i < s->open->n; i++)
        if (s->open->at[i].row.uid > last && n < FAKE_MESSAGES) {
            fake_show(s, n++, i);
            ret->n_new++;
        }
    ret->keywords_changed = s->keywords_changed;
    s->keywords_changed = s->own = false;
    fake_refresh_box(s, n);
    return OK_ERR;
}

static bool fake_in(const struct store_range *set, size_t n, uint32_t uid)
{
    for (size_t i = 0; i < n; i++)
        if (uid >= set[i].from && uid <= set[i].to)
            return true;
    return false;
}

static uint32_t fake_keyword(struct store *s, str name)
{
    for (size_t i = 0; i < STORE_KEYWORDS_MAX; i++) {
        if (s->keywords[i][0] == '\0' && name.n <= STORE_KEYWORD_BYTES) {
            memcpy(s->keywords[i], name.p, name.n);
            s->keywords_changed = true;
        }
        if (str_ieq(str_from(s->keywords[i]), name))
            return STORE_KEYWORD(i);
    }
    return 0;
}

err store_flags(struct store *s, const struct store_range *set, size_t n, enum store_flags_op op,
                uint32_t flags, const str *keywords, size_t n_keywords)
{
    for (size_t i = 0; i < n_keywords; i++) {
        uint32_t bit = fake_keyword(s, keywords[i]);
        if (bit == 0)
            return fake_fail(s, ERR_LIMIT, "Too many keywords");
        flags |= bit;
    }
    for (size_t i = 0; i < s->open->n; i++) {
        struct fake_message *m = &s->open->at[i];
        uint32_t *f = &m->row.flags, old = *f;
        if (!fake_in(set, n, m->row.uid))
            continue;
        if (s->unchanged_since > 0 && m->modseq >= s->unchanged_since) {
            s->modified[s->n_modified++] = m->row.uid;
            continue;
        }
        *f = op == STORE_FLAGS_SET ? flags : op == STORE_FLAGS_ADD ? *f | flags : *f & ~flags;
        if (*f != old)
            m->modseq = ++s->open->modseq;
    }
    s->own = !s->tells_all;
    return OK_ERR;
}

err store_flags_unchanged(struct store *s, const struct store_range *set, size_t n,
                          enum store_flags_op op, uint32_t system_flags, const str *keywords,
                          size_t n_keywords, uint64_t unchanged_since, struct store_stored *ret)
{
    s->unchanged_since = unchanged_since + 1;
    s->n_modified = 0;
    err e = store_flags(s, set, n, op, system_flags, keywords, n_keywords);
    s->unchanged_since = 0;
    *ret = (struct store_stored){s->modified, s->n_modified};
    return e;
}

err store_want_modseqs(struct store *s)
{
    (void)s;
    return OK_ERR;
}

err store_changed_since(struct store *s, uint64_t since, struct arena *a, uint32_t **ret,
                        size_t *ret_n)
{
    *ret = NEW_N(a, uint32_t, s->box.n + 1);
    *ret_n = 0;
    for (size_t i = 0; i < s->box.n; i++)
        if (s->modseqs[i] > since)
            (*ret)[(*ret_n)++] = (uint32_t)i;
    return OK_ERR;
}

err store_vanished_since(struct store *s, uint64_t since, const struct store_range *known, size_t n,
                         struct arena *a, struct store_range **ret, size_t *ret_n)
{
    *ret = NEW_N(a, struct store_range, FAKE_MESSAGES);
    *ret_n = 0;
    for (uint32_t uid = 1; uid < s->box.uidnext; uid++)
        for (size_t i = 0; i < s->open->n_lost; i++)
            if (s->open->lost[i].uid == uid && s->open->lost[i].modseq > since &&
                (n == 0 || fake_in(known, n, uid)))
                (*ret)[(*ret_n)++] = (struct store_range){uid, uid};
    return OK_ERR;
}

err store_savedates(struct store *s, const uint32_t **ret)
{
    static uint32_t dates[FAKE_MESSAGES];
    for (size_t i = 0; i < s->box.n; i++)
        dates[i] = s->view[i].date + 86400; /* a day later than it arrived */
    *ret = dates;
    return OK_ERR;
}

struct digest_id store_emailid(str text)
{
    struct digest_id id = {0};
    for (size_t i = 0; i < text.n; i++)
        id.at[i % DIGEST_ID_BYTES] ^= (unsigned char)text.p[i];
    return id;
}

/* The keeper of these tests makes none: whoever asks has to read. */
err store_digests(struct store *s, const uint32_t *uids, size_t n, str *ret_blobs)
{
    (void)s, (void)uids;
    for (size_t i = 0; i < n; i++)
        ret_blobs[i] = (str){0};
    return OK_ERR;
}

err store_prefetch_digests(struct store *s, const uint32_t *uids, size_t n)
{
    (void)s, (void)uids, (void)n;
    return OK_ERR;
}

err store_remember(struct store *s, uint32_t uid, str digest)
{
    (void)s, (void)uid, (void)digest;
    return OK_ERR;
}

err store_expunge(struct store *s, enum store_expunge_mode mode, const struct store_range *set,
                  size_t n)
{
    for (size_t i = s->open->n; i-- > 0;) {
        const struct store_message *m = &s->open->at[i].row;
        bool named = n == 0 || fake_in(set, n, m->uid);
        if (named && (mode == STORE_EXPUNGE_ALL || (m->flags & STORE_DELETED)))
            fake_remove(s->open, i);
    }
    return OK_ERR;
}

err store_copy(struct store *s, enum store_copy_mode mode, const struct store_range *set, size_t n,
               str target, struct store_copied *ret)
{
    struct fake_folder *to = fake_find(s, target);
    if (to == NULL || !to->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    *ret = (struct store_copied){.uidvalidity = to->uidvalidity, .pairs = s->pairs};
    size_t count = s->open->n;
    for (size_t i = 0; i < count; i++) {
        struct fake_message *m = &s->open->at[i];
        if (!fake_in(set, n, m->row.uid))
            continue;
        if (to->n == FAKE_MESSAGES)
            return fake_fail(s, ERR_LIMIT, "The folder is full");
        uint32_t uid = fake_add(to, str_of(m->text, m->n), m->row.flags, m->row.date);
        s->pairs[ret->n++] = (struct store_range){m->row.uid, uid};
    }
    for (size_t i = count; mode == STORE_MOVE && i-- > 0;)
        if (fake_in(set, n, s->open->at[i].row.uid))
            fake_remove(s->open, i);
    return OK_ERR;
}

err store_find(struct store *s, struct arena *a, const struct store_find_key *key,
               struct store_found *ret)
{
    (void)s;
    (void)a;
    (void)key;
    *ret = (struct store_found){0}; /* no index: the session reads */
    return OK_ERR;
}

err store_fetch(struct store *s, const uint32_t *uids, size_t n, struct store_body *ret)
{
    for (size_t i = 0; i < n; i++) {
        struct fake_message *m = fake_truth(s, uids[i]);
        ret[i] = (struct store_body){uids[i], -1};
        if (m == NULL)
            continue;
        err e = fd_sealed("message", str_of(m->text, m->n), &ret[i].fd);
        if (failed(e))
            return e;
        s->opened++;
    }
    return OK_ERR;
}

err store_prefetch(struct store *s, const uint32_t *uids, size_t n)
{
    (void)s, (void)uids, (void)n;
    return OK_ERR;
}

err store_spool(struct store *s, str folder, int *ret_fd, uint32_t *ret_spool)
{
    if (fake_find(s, folder) == NULL)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    fd_close(s->spool);
    err e = file_open(AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR, 0600, &s->spool);
    if (failed(e))
        return e;
    *ret_fd = dup(s->spool);
    *ret_spool = 1;
    return OK_ERR;
}

err store_spool_drop(struct store *s, uint32_t spool)
{
    (void)spool;
    fd_closep(&s->spool);
    return OK_ERR;
}

static err fake_append(struct store *s, const struct store_append *m, struct store_appended *ret)
{
    struct fake_folder *f = fake_find(s, m->folder);
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    if (f->n == FAKE_MESSAGES)
        return fake_fail(s, ERR_LIMIT, "The folder is full");
    uint32_t flags = m->system_flags;
    for (size_t i = 0; i < m->n_keywords; i++)
        flags |= fake_keyword(s, m->keywords[i]);
    auto_arena struct arena *a = arena_new("spool", 2 * FAKE_SPOOL_MAX);
    str text = m->bytes;
    if (text.n == 0 && s->spool >= 0) {
        (void)lseek(s->spool, 0, SEEK_SET);
        err e = file_read_fd(s->spool, FAKE_SPOOL_MAX, a, &text);
        if (failed(e))
            return e;
    }
    *ret = (struct store_appended){
        f->uidvalidity, fake_add(f, text, flags, m->date < 0 ? 7 : (uint32_t)m->date), 1};
    return OK_ERR;
}

/* What is staged lies at the folder's end and goes again unless store_append() comes. */
err store_stage(struct store *s, const struct store_append *m)
{
    struct fake_folder *f = fake_find(s, m->folder);
    struct store_appended done;
    err e = fake_append(s, m, &done);
    if (!failed(e))
        s->staged++;
    if (f != NULL)
        s->staged_in = f;
    return e;
}

err store_unstage(struct store *s)
{
    for (; s->staged > 0; s->staged--)
        fake_remove(s->staged_in, s->staged_in->n - 1);
    return OK_ERR;
}

err store_append(struct store *s, const struct store_append *m, struct store_appended *ret)
{
    err e = fake_append(s, m, ret);
    if (failed(e)) {
        (void)store_unstage(s);
        return e;
    }
    ret->uid -= (uint32_t)s->staged;
    ret->count += (uint32_t)s->staged;
    s->staged = 0;
    for (size_t i = 0; m->replaces > 0 && i < s->open->n; i++)
        if (s->open->at[i].row.uid == m->replaces)
            fake_remove(s->open, i);
    return OK_ERR;
}

err store_pick(struct store *s, str folder, uint32_t uidvalidity, uint32_t uid, int *ret_fd)
{
    struct fake_folder *f = fake_find(s, folder);
    for (size_t i = 0; f != NULL && i < f->n; i++)
        if (f->at[i].row.uid == uid && (uidvalidity == 0 || uidvalidity == f->uidvalidity))
            return fd_sealed("message", str_of(f->at[i].text, f->at[i].n), ret_fd);
    return fake_fail(s, ERR_NOTFOUND, "No such message");
}

err store_watch(struct store *s, const str *folders, size_t n, bool tree)
{
    (void)s, (void)folders, (void)n, (void)tree;
    return OK_ERR;
}

bool store_has_notices(struct store *s)
{
    (void)s;
    return false;
}

err store_notices(struct store *s, struct arena *a, struct store_notice **ret, size_t *ret_n)
{
    (void)s, (void)a;
    *ret = NULL;
    *ret_n = 0;
    return OK_ERR;
}

err store_rights(struct store *s, str folder, unsigned *ret)
{
    if (fake_find(s, folder) == NULL)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    *ret = s->rights ? s->rights : ACL_ALL;
    return OK_ERR;
}

err store_acl(struct store *s, str folder, struct arena *a, struct acl **ret)
{
    if (fake_find(s, folder) == NULL)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    *ret = NEW(a, struct acl);
    **ret = s->acl;
    return OK_ERR;
}

err store_set_acl(struct store *s, str folder, const struct acl_entry *entry, enum acl_op op)
{
    if (fake_find(s, folder) == NULL)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    struct acl_entry kept = *entry; /* the command's memory goes */
    size_t n = entry->name.n < sizeof s->acl_names[0] ? entry->name.n : sizeof s->acl_names[0];
    char *at = s->acl_names[s->n_acl_names++ % FAKE_FOLDERS];
    if (n)
        memcpy(at, entry->name.p, n);
    kept.name = str_of(at, n);
    return acl_change(&s->acl, &kept, op);
}

err store_quota(struct store *s, struct store_quota *ret)
{
    *ret = s->quota;
    return OK_ERR;
}

err store_attributes(struct store *s, str folder, struct arena *a, struct store_attribute **ret,
                     size_t *ret_n)
{
    struct fake_folder *f = fake_find(s, folder.n > 0 ? folder : S("INBOX"));
    if (f == NULL)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    *ret = NEW_N(a, struct store_attribute, FAKE_ATTRIBUTES);
    *ret_n = f->n_attributes;
    for (size_t i = 0; i < f->n_attributes; i++)
        (*ret)[i] = (struct store_attribute){
            str_from(f->attributes[i].name),
            arena_copy(a, str_of(f->attributes[i].value, f->attributes[i].n))};
    return OK_ERR;
}

static void fake_set_attribute(struct fake_folder *f, const struct store_attribute *c)
{
    size_t i = 0;
    while (i < f->n_attributes && !str_ieq(str_from(f->attributes[i].name), c->name))
        i++;
    if (c->value.p == NULL) {
        if (i < f->n_attributes)
            f->attributes[i] = f->attributes[--f->n_attributes];
        return;
    }
    memset(&f->attributes[i], 0, sizeof f->attributes[i]);
    memcpy(f->attributes[i].name, c->name.p, c->name.n);
    memcpy(f->attributes[i].value, c->value.p, c->value.n);
    f->attributes[i].n = c->value.n;
    f->n_attributes += i == f->n_attributes;
}

err store_set_attributes(struct store *s, str folder, const struct store_attribute *changes,
                         size_t n)
{
    struct fake_folder *f = fake_find(s, folder.n > 0 ? folder : S("INBOX"));
    if (f == NULL || !f->exists)
        return fake_fail(s, ERR_NOTFOUND, "No such folder");
    if (f->n_attributes + n > FAKE_ATTRIBUTES)
        return fake_fail(s, ERR_LIMIT, "Too many attributes");
    for (size_t i = 0; i < n; i++)
        if (changes[i].name.n >= sizeof f->attributes[0].name ||
            changes[i].value.n > sizeof f->attributes[0].value)
            return fake_fail(s, ERR_LIMIT, "More than can be kept");
    for (size_t i = 0; i < n; i++)
        fake_set_attribute(f, &changes[i]);
    return OK_ERR;
}
