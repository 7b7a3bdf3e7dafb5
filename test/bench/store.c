/* SPDX-License-Identifier: ISC */
/* bench-store DIR: what the store does without IMAP around it: a keeper in a child
 * process and one session, on DIR/Maildir (bench-imap --fill makes one; sync before, since removing
 * a file waits for its data being written). Prints milliseconds: of the clock on the wall, of
 * processor time in the session and in the keeper. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc/door.h"
#include "keeper/keeper.h"
#include "os/file.h"
#include "wire/digest.h"

static void ok(err e)
{
    if (!failed(e))
        return;
    (void)fprintf(stderr, "bench-store: %s\n", err_text(e));
    exit(1);
}

enum { ONE = 100 };

static int door;
static pid_t keeper;

struct times {
    double wall, session, keeper;
};

static double clock_now(clockid_t c)
{
    struct timespec t;
    (void)clock_gettime(c, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct times now(void)
{
    clockid_t c;
    struct times t = {clock_now(CLOCK_MONOTONIC), clock_now(CLOCK_PROCESS_CPUTIME_ID), 0};
    if (!clock_getcpuclockid(keeper, &c))
        t.keeper = clock_now(c);
    return t;
}

static void say(const char *what, struct times from, double n)
{
    struct times to = now();
    (void)printf("%-28s %10.3f  session %9.3f  keeper %9.3f\n", what, (to.wall - from.wall) / n,
                 (to.session - from.session) / n, (to.keeper - from.keeper) / n);
}

static void start(int home)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    keeper = fork();
    if (keeper) {
        fd_close(b);
        door = a;
        return;
    }
    struct keeper k;
    fd_close(a);
    if (fchdir(home) < 0)
        _exit(1);
    ok(keeper_init(&k, home, S("./Maildir/"), NULL));
    k.idle_ms = 1;
    keeper_add_door(&k, channel_new(b));
    ok(keeper_run(&k));
    keeper_done(&k);
    _exit(0);
}

static struct store *session(void)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(door, &(struct door_knock){0}, b));
    fd_close(b);
    return store_new(a);
}

static const struct store_box *select_box(struct store *s, const char *what)
{
    const struct store_box *box;
    struct times t = now();
    ok(store_select(s, S("INBOX"), STORE_SELECT, &box));
    say(what, t, 1);
    return box;
}

static void sync_now(struct store *s)
{
    struct store_changes c;
    ok(store_sync(s, STORE_SYNC_ALL, &c));
}

static void set_flags(struct store *s, uint32_t from, uint32_t to, enum store_flags_op op,
                      uint32_t flag)
{
    struct store_range r = {from, to};
    ok(store_flags(s, &r, 1, op, flag, NULL, 0));
    sync_now(s);
}

static void all_digests(struct store *s, const struct store_box *box, const char *what)
{
    static str blobs[STORE_DIGESTS_MAX];
    static uint32_t uids[STORE_DIGESTS_MAX];
    struct times t = now();
    for (size_t i = 0; i < box->n;) {
        size_t n = 0;
        for (; n < STORE_DIGESTS_MAX && i < box->n; i++)
            uids[n++] = box->messages[i].uid;
        ok(store_digests(s, uids, n, blobs));
        for (size_t k = 0; k < n; k++) {
            struct mail_digest d;
            ok(digest_open(blobs[k], &d));
        }
    }
    say(what, t, 1);
}

static void append_some(struct store *s, int n)
{
    static char text[4096] = "Subject: x\n\n";
    memset(text + 12, 'y', sizeof text - 13);
    text[sizeof text - 1] = '\n';
    struct store_append m = {.folder = S("INBOX"), .date = -1, .bytes = str_of(text, sizeof text)};
    struct times t = now();
    for (int i = 0; i < n; i++) {
        struct store_appended a;
        ok(store_append(s, &m, &a));
    }
    say("append", t, n);
    sync_now(s);
}

static void expunge_half(struct store *s, const struct store_box *box)
{
    VEC(struct store_range) set = {0};
    for (size_t i = 0; i < box->n; i += 2)
        vec_push(&set, (struct store_range){box->messages[i].uid, box->messages[i].uid});
    struct times t = now();
    ok(store_expunge(s, STORE_EXPUNGE_ALL, set.at, set.n));
    sync_now(s);
    say("expunge half", t, 1);
    vec_done(&set);
}

static void memory(void)
{
    char path[64], line[256];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)keeper);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmRSS", 5))
            (void)printf("keeper %s", line);
    if (f)
        (void)fclose(f);
}

static void one_sitting(int home, bool again)
{
    start(home);
    struct store *s = session(), *other = session();
    const struct store_box *box = select_box(s, again ? "select cold" : "select first");
    (void)printf("messages %zu\n", box->n);
    box = select_box(other, "select warm");
    box = select_box(other, "select warm again");
    all_digests(other, box, again ? "digests cold" : "digests first");
    all_digests(other, box, "digests again");
    uint32_t last = box->messages[box->n - 1].uid;
    struct times t = now();
    for (uint32_t i = 0; i < ONE; i++)
        set_flags(other, last - i, last - i, STORE_FLAGS_ADD,
                  again ? STORE_ANSWERED : STORE_FLAGGED);
    say("store one", t, ONE);
    box = select_box(s, "select after that");
    append_some(s, 2 * ONE);
    if (again) {
        t = now();
        set_flags(other, 1, UINT32_MAX, STORE_FLAGS_ADD, STORE_DRAFT);
        say("store all", t, 1);
        box = select_box(s, "select after that");
        expunge_half(s, box);
    }
    memory();
    store_free(s);
    store_free(other);
    (void)waitpid(keeper, &(int){0}, 0);
    fd_close(door);
}

int main(int argc, char **argv)
{
    int home;
    if (argc != 2)
        return 2;
    ok(dir_open(AT_FDCWD, argv[1], &home));
    one_sitting(home, false);
    one_sitting(home, true);
    return 0;
}
