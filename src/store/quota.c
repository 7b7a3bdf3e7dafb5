/* SPDX-License-Identifier: ISC */
#include "store/quota.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "store/maildir.h"
#include "store/maildir_name.h"
#include "wire/date.h"

#define WARNED_FILE "twinpost-quota-warned"
enum { PATH_BYTES = 1400, LINE_MAX_BYTES = 64 };

/* ---- limits ---- */

static bool take_unit(str *s, uint64_t *v, bool *ret_messages)
{
    static const struct {
        char letter;
        unsigned shift;
    } units[] = {{'S', 0}, {'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}, {'C', 0}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (s->n == 0 || char_upper(s->p[0]) != units[i].letter)
            continue;
        *ret_messages = units[i].letter == 'C';
        *s = str_from_at(*s, 1);
        if (*v > (UINT64_MAX >> 1) >> units[i].shift)
            return false;
        *v <<= units[i].shift;
        return true;
    }
    return false;
}

err quota_parse(str text, struct quota *ret_limit)
{
    struct quota q = {0};
    text = str_trim(text);
    do {
        uint64_t v;
        bool messages = false;
        if (!str_take_u64(&text, &v) || !take_unit(&text, &v, &messages))
            return err_new(ERR_SYNTAX, "a quota is like 2G or 500M,10000C");
        *(messages ? &q.messages : &q.bytes) = v;
    } while (str_skip(&text, S(",")));
    if (text.n > 0)
        return err_new(ERR_SYNTAX, "a quota is like 2G or 500M,10000C");
    *ret_limit = q;
    return OK_ERR;
}

static void write_limit(struct buf *b, const struct quota *q)
{
    if (q->bytes > 0)
        buf_addf(b, "%lluS", (unsigned long long)q->bytes);
    if (q->messages > 0)
        buf_addf(b, "%s%lluC", q->bytes > 0 ? "," : "", (unsigned long long)q->messages);
}

str quota_root(str path)
{
    while (str_ends(path, S("/")))
        path.n--;
    ptrdiff_t slash = str_rfind(path, '/');
    return slash > 0 && str_starts(str_from_at(path, (size_t)slash), S("/."))
               ? str_slice(path, 0, (size_t)slash)
               : path;
}

/* ---- counting ---- */

struct count {
    int root;
    struct quota sum;
};

static err count_message(struct count *c, int dir, const char *part, str name)
{
    char scratch[16];
    struct maildir_name n = maildir_name_parse(name, scratch);
    uint64_t size = n.size;
    if (!n.has_size) {
        char path[PATH_BYTES];
        struct stat st;
        (void)snprintf(path, sizeof path, "%s/%.*s", part, STR_ARG(name)); /* a file name */
        err e = file_stat(dir, path, &st);
        size = failed(e) ? 0 : (uint64_t)st.st_size; /* gone meanwhile */
    }
    c->sum.bytes += size;
    c->sum.messages++;
    return OK_ERR;
}

struct count_dir {
    struct count *c;
    int dir;
};

static err count_one(void *ctx, str name, bool in_new)
{
    struct count_dir *d = ctx;
    return count_message(d->c, d->dir, in_new ? "new" : "cur", name);
}

static err count_maildir(struct count *c, int dir)
{
    struct count_dir d = {c, dir};
    err e = maildir_scan(dir, count_one, &d);
    return e.kind == ERR_NOTFOUND ? OK_ERR : e;
}

static err count_folder(void *ctx, const struct dir_entry *d)
{
    struct count *c = ctx;
    char name[256];
    auto_fd int dir = -1;
    if (!str_starts(d->name, S(".")) || str_starts(d->name, S("..")) || d->name.n >= sizeof name)
        return OK_ERR;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* measured above */
    err e = dir_open(c->root, name, &dir);
    return failed(e) ? OK_ERR : count_maildir(c, dir); /* a file, or gone: nothing to count */
}

static err count_again(int home, const char *root, const struct quota *limit,
                       struct quota *ret_used)
{
    auto_fd int dir = -1;
    struct count c = {0};
    err e = dir_open(home, root, &dir);
    if (e.kind == ERR_NOTFOUND) {
        *ret_used = c.sum;
        return OK_ERR;
    }
    c.root = dir;
    if (!failed(e))
        e = count_maildir(&c, dir);
    if (!failed(e))
        e = dir_each(dir, ".", count_folder, &c);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    buf_init(&b, 256);
    write_limit(&b, limit);
    buf_addf(&b, "\n%llu %llu\n", (unsigned long long)c.sum.bytes,
             (unsigned long long)c.sum.messages);
    *ret_used = c.sum;
    /* Not to be had: it is counted again the next time. */
    e = file_replace(dir, QUOTA_FILE, buf_str(&b), 0600);
    return e.kind == ERR_SYS && e.sys != ENOSPC && e.sys != EDQUOT ? e : OK_ERR;
}

/* ---- the file ---- */

static bool add_line(str line, int64_t sum[2])
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t v;
        while (str_skip(&line, S(" ")))
            ;
        bool minus = str_skip(&line, S("-"));
        if (!str_take_u64(&line, &v) || v > INT64_MAX / 4)
            return false;
        sum[i] += minus ? -(int64_t)v : (int64_t)v;
    }
    return true;
}

/* False: it does not tell, or not for this limit. */
static bool read_file(int home, const char *root, const struct quota *limit, struct quota *ret_used,
                      int64_t *ret_age)
{
    char path[PATH_BYTES];
    struct stat st;
    auto_arena struct arena *a = arena_new("maildirsize", 4 * QUOTA_FILE_MAX);
    auto_buf struct buf want;
    buf_init(&want, 256);
    str text, line;
    int64_t sum[2] = {0};
    (void)snprintf(path, sizeof path, "%s/" QUOTA_FILE, root); /* callers limit it */
    err e = file_stat(home, path, &st);
    if (!failed(e))
        e = file_read(home, path, QUOTA_FILE_MAX, a, &text);
    if (failed(e))
        return false;
    write_limit(&want, limit);
    if (!str_line(&text, &line) || !str_eq(line, buf_str(&want)))
        return false;
    while (str_line(&text, &line))
        if (!add_line(line, sum))
            return false;
    if (sum[0] < 0 || sum[1] < 0)
        return false;
    *ret_used = (struct quota){(uint64_t)sum[0], (uint64_t)sum[1]};
    *ret_age = clock_seconds() - st.st_mtime;
    return true;
}

static bool is_over(const struct quota *limit, const struct quota *used)
{
    return (limit->bytes > 0 && used->bytes > limit->bytes) ||
           (limit->messages > 0 && used->messages > limit->messages);
}

err quota_used(int home, const char *root, const char *mbox, const struct quota *limit,
               struct quota *ret_used)
{
    int64_t age = 0;
    struct quota used;
    err e = OK_ERR;
    if (!read_file(home, root, limit, &used, &age) ||
        (is_over(limit, &used) && age > QUOTA_TRUST_S))
        e = count_again(home, root, limit, &used);
    struct stat st;
    if (!failed(e) && mbox != NULL) {
        err none = file_stat(home, mbox, &st);
        used.bytes += failed(none) ? 0 : (uint64_t)st.st_size;
    }
    if (!failed(e))
        *ret_used = used;
    return e;
}

err quota_room(int home, const char *root, const char *mbox, const struct quota *limit,
               uint64_t bytes, uint64_t messages)
{
    struct quota used;
    if (!quota_is_set(limit))
        return OK_ERR;
    err e = quota_used(home, root, mbox, limit, &used);
    if (failed(e))
        return e;
    used.bytes += bytes;
    used.messages += messages;
    if (is_over(limit, &used)) {
        int64_t age = 0;
        struct quota now;
        /* Others may have removed messages and said nothing. */
        if (read_file(home, root, limit, &now, &age) && age > QUOTA_TRUST_S &&
            !failed(count_again(home, root, limit, &now)))
            used = (struct quota){now.bytes + bytes, now.messages + messages};
    }
    if (!is_over(limit, &used))
        return OK_ERR;
    return (err){.kind = ERR_LIMIT, .sys = EDQUOT, .what = "the mailbox is full"};
}

void quota_note(int home, const char *root, int64_t bytes, int64_t messages)
{
    char path[PATH_BYTES], line[LINE_MAX_BYTES];
    auto_fd int fd = -1;
    (void)snprintf(path, sizeof path, "%s/" QUOTA_FILE, root); /* callers limit it */
    int n = snprintf(line, sizeof line, "%lld %lld\n", (long long)bytes, (long long)messages);
    err e = file_open(home, path, O_WRONLY | O_APPEND, 0, &fd);
    if (!failed(e) && n > 0)
        e = file_write(fd, str_of(line, (size_t)n));
    if (failed(e) && fd >= 0)
        e = file_truncate(fd, 0); /* then it is counted again */
}

/* ---- warnings ---- */

static unsigned percent_of(uint64_t used, uint64_t limit)
{
    if (limit == 0)
        return 0;
    return used / limit >= 10 ? 1000 : (unsigned)((double)used * 100 / (double)limit);
}

unsigned quota_percent(const struct quota *limit, const struct quota *used)
{
    unsigned a = percent_of(used->bytes, limit->bytes);
    unsigned b = percent_of(used->messages, limit->messages);
    return a > b ? a : b;
}

unsigned quota_warning(int home, const char *root, const struct quota *limit,
                       const struct quota *used)
{
    char path[PATH_BYTES];
    auto_arena struct arena *a = arena_new("quota warned", 4096);
    str text = S("");
    uint64_t given = 0;
    (void)snprintf(path, sizeof path, "%s/" WARNED_FILE, root); /* callers limit it */
    err e = file_read(home, path, LINE_MAX_BYTES, a, &text);
    if (!failed(e) && !str_take_u64(&text, &given))
        given = 0;
    unsigned percent = quota_percent(limit, used);
    unsigned level = percent >= QUOTA_WARN_LAST    ? QUOTA_WARN_LAST
                     : percent >= QUOTA_WARN_FIRST ? QUOTA_WARN_FIRST
                                                   : 0;
    if (level == given)
        return 0;
    e = file_replace(home, path, arena_printf(a, "%u\n", level), 0600);
    return failed(e) || level < given ? 0 : level; /* not remembered: not said a hundred times */
}

static void say_of(struct buf *b, const char *what, uint64_t used, uint64_t limit)
{
    if (limit > 0)
        buf_addf(b, "  %s: %llu of %llu\n", what, (unsigned long long)used,
                 (unsigned long long)limit);
}

void quota_warning_text(struct buf *b, str user, str host, unsigned percent,
                        const struct quota *limit, const struct quota *used, int64_t now)
{
    buf_addf(b, "Date: ");
    date_write_rfc5322(b, now, 0);
    buf_addf(b, "\nFrom: Mail <postmaster@%.*s>\nTo: <%.*s@%.*s>\n", STR_ARG(host), STR_ARG(user),
             STR_ARG(host));
    buf_addf(b, "Message-ID: <quota.%llu.%016llx@%.*s>\n", (unsigned long long)now,
             (unsigned long long)random_u64(), STR_ARG(host));
    buf_addf(b, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                "Content-Type: text/plain; charset=us-ascii\n");
    buf_addf(b, "Subject: Your mailbox is %u %% full\n\n", percent);
    buf_addf(b,
             "Your mailbox is more than %u %% full. When it is full, it takes no new mail.\n"
             "Please delete what you no longer need, and empty the trash.\n\n",
             percent);
    say_of(b, "octets", used->bytes, limit->bytes);
    say_of(b, "messages", used->messages, limit->messages);
}

static err deliver_warning(int home, const char *root, str host, str text)
{
    struct maildir_batch *batch = NULL;
    size_t index;
    err e = maildir_batch_open(home, root, host, &batch);
    str parts[] = {text};
    struct maildir_delivery d = {.id = S("quota"),
                                 .number = random_u64() & 0xffffffff,
                                 .arrived = clock_seconds(),
                                 .parts = parts,
                                 .n_parts = 1,
                                 .fd = -1};
    if (!failed(e))
        e = maildir_batch_add(batch, &d, &index);
    if (!failed(e))
        e = maildir_batch_commit(batch);
    maildir_batch_free(batch);
    return e;
}

void quota_warn(int home, const char *root, str user, str host, const struct quota *limit,
                const struct quota *used)
{
    if (!quota_is_set(limit))
        return;
    unsigned level = quota_warning(home, root, limit, used);
    if (level == 0)
        return;
    auto_buf struct buf b;
    buf_init(&b, 8192);
    quota_warning_text(&b, user, host, level, limit, used, clock_seconds());
    err e = deliver_warning(home, root, host, buf_str(&b));
    if (!failed(e))
        quota_note(home, root, (int64_t)b.n, 1);
}
