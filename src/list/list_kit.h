/* SPDX-License-Identifier: ISC */
/* list/list_kit.h -- what the tests of lists share: a directory, a queue that only remembers. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "list/list.h"
#include "list/members.h"
#include "os/file.h"

enum { KIT_MAILS = 64 };

struct kit {
    struct arena *arena;
    char path[64];
    struct mlist list;
    struct list_run run;
    struct {
        str sender, to, message;
        size_t n;
    } sent[KIT_MAILS];
    size_t n_sent;
    bool refuse; /* the queue takes nothing */
};

static inline err kit_send(void *ctx, const struct list_mail *m)
{
    struct kit *k = ctx;
    if (k->refuse)
        return err_new(ERR_TEMP, "queue is away");
    assert_true(k->n_sent < KIT_MAILS);
    k->sent[k->n_sent].sender = arena_copy(k->arena, m->sender);
    k->sent[k->n_sent].to = m->n ? arena_copy(k->arena, m->to[0]) : S("");
    k->sent[k->n_sent].n = m->n;
    k->sent[k->n_sent++].message = arena_copy(k->arena, m->message);
    return OK_ERR;
}

static inline void kit_file(struct kit *k, const char *name, const char *text)
{
    int fd = -1;
    str path = str_from(name);
    ptrdiff_t slash = str_rfind(path, '/');
    if (slash > 0)
        assert_false(failed(dir_make_all(
            k->list.dir, arena_cstr(k->arena, str_slice(path, 0, (size_t)slash)), 0755)));
    assert_false(failed(file_open(k->list.dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd)));
    assert_false(failed(file_write(fd, str_from(text))));
    fd_close(fd);
}

static inline str kit_read(struct kit *k, const char *name)
{
    str text;
    return failed(file_read(k->list.dir, name, 1 << 20, k->arena, &text)) ? (str){0} : text;
}

/* Reads the settings again. */
static inline void kit_open(struct kit *k)
{
    int old = k->list.dir;
    assert_false(failed(list_open(k->arena, -1, k->path, &k->list)));
    fd_close(old);
    k->run.list = &k->list;
}

static inline void kit_add(struct kit *k, const char *sub, const char *address)
{
    struct members m;
    struct member_change c = {.address = str_from(address), .add = true, .bucket = -1};
    assert_false(failed(dir_make_all(k->list.dir, *sub ? sub : ".", 0755)));
    assert_false(failed(members_open(k->list.dir, str_from(sub), &m)));
    assert_false(failed(members_change(&m, &c, 1)));
    members_close(&m);
}

static inline bool kit_has(struct kit *k, const char *sub, const char *address)
{
    struct members m;
    err e;
    assert_false(failed(members_open(k->list.dir, str_from(sub), &m)));
    bool has = members_has(&m, str_from(address), &e);
    assert_false(failed(e));
    members_close(&m);
    return has;
}

static inline int kit_setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    k->arena = arena_new("kit", 1 << 30);
    (void)snprintf(k->path, sizeof k->path, "/tmp/twp-list-XXXXXX");
    assert_non_null(mkdtemp(k->path));
    assert_false(failed(dir_open(AT_FDCWD, k->path, &k->list.dir)));
    kit_file(k, "outlocal", "club\n");
    kit_file(k, "outhost", "lists.test\n");
    kit_file(k, "key", "testkey");
    kit_file(k, "flags", "aptd\n");
    kit_open(k);
    k->run = (struct list_run){.list = &k->list,
                               .now = 1'000'000'000,
                               .pid = 77,
                               .sender = S("ann@far.test"),
                               .has_sender = true,
                               .send = kit_send,
                               .ctx = k};
    *state = k;
    return 0;
}

static inline int kit_teardown(void **state)
{
    struct kit *k = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", k->path);
    list_close(&k->list);
    arena_free(k->arena);
    assert_int_equal(system(command), 0);
    free(k);
    return 0;
}

#define assert_text(got, want) assert_string_equal(arena_cstr(k->arena, got), want)
#define assert_in(text, part) assert_true(str_find_str(text, str_from(part)) >= 0)
#define assert_not_in(text, part) assert_true(str_find_str(text, str_from(part)) < 0)
#define kit_test(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
