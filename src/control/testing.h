/* SPDX-License-Identifier: ISC */
/* control/testing.h -- for tests alone: a root directory of their own, and cmocka with str. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"

#define assert_str(got, want)                                                                      \
    do {                                                                                           \
        str got_ = (got), want_ = (want);                                                          \
        if (!str_eq(got_, want_))                                                                  \
            fail_msg("got  \"%.*s\"\nwant \"%.*s\"", STR_ARG(got_), STR_ARG(want_));               \
    } while (0)
#define assert_fine(e)                                                                             \
    do {                                                                                           \
        err e_ = (e);                                                                              \
        if (failed(e_))                                                                            \
            fail_msg("%s", err_text(e_));                                                          \
    } while (0)
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct test_root {
    char path[64];
    int fd;
};

static inline void test_root_open(struct test_root *r)
{
    (void)snprintf(r->path, sizeof r->path, "/tmp/twp-test-XXXXXX");
    assert_non_null(mkdtemp(r->path));
    assert_fine(dir_open(AT_FDCWD, r->path, &r->fd));
}

static inline void test_root_write(struct test_root *r, const char *path, str content)
{
    char parent[256];
    const char *slash = strrchr(path, '/');
    (void)snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
    assert_fine(dir_make_all(r->fd, parent, 0755));
    int fd = -1;
    assert_fine(file_open(r->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd));
    assert_fine(file_write(fd, content));
    fd_close(fd);
}

static inline err test_root_remove_one(void *ctx, const struct dir_entry *e);

static inline void test_root_remove(int dir)
{
    assert_fine(dir_each(dir, ".", test_root_remove_one, &dir));
}

static inline err test_root_remove_one(void *ctx, const struct dir_entry *e)
{
    int dir = *(int *)ctx, sub = -1;
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(e->name));
    if (e->type == 4 && !failed(file_open(dir, name, O_DIRECTORY | O_NOFOLLOW, 0, &sub))) {
        test_root_remove(sub);
        fd_close(sub);
        (void)unlinkat(dir, name, AT_REMOVEDIR);
        return OK_ERR;
    }
    (void)unlinkat(dir, name, 0);
    return OK_ERR;
}

static inline void test_root_close(struct test_root *r)
{
    test_root_remove(r->fd);
    fd_close(r->fd);
    (void)rmdir(r->path);
}
