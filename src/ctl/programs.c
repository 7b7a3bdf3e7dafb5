/* SPDX-License-Identifier: ISC */
#include "ctl/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/child.h"
#include "os/clock.h"

extern char **environ;

static const char *in_path(struct arena *a, str path, const char *name)
{
    str dir;
    while (path.n) {
        (void)str_cut(path, ':', &dir, &path); /* without a colon all of it is dir */
        const char *full = dir.n ? arena_printf(a, "%.*s/%s", STR_ARG(dir), name).p
                                 : arena_cstr(a, str_from(name));
        if (access(full, X_OK) == 0)
            return full;
    }
    return NULL;
}

const char *program_by_path(struct arena *a, const char *name)
{
    if (strchr(name, '/'))
        return name;
    const char *found = in_path(a, str_from(getenv("PATH")), name);
    if (!found)
        found = in_path(a, S("/usr/local/bin:/usr/bin:/bin"), name);
    return found ? found : name;
}

const char *program_of_house(struct ctl *c, const char *name)
{
    str self = str_from(c->self);
    ptrdiff_t slash = str_rfind(self, '/');
    str dir = slash < 0 ? S(".") : str_slice(self, 0, (size_t)slash);
    const char *places[] = {
        arena_printf(c->arena, "%.*s/twinpost-%s", STR_ARG(dir), name).p,
        arena_printf(c->arena, "%.*s/../libexec/twinpost/twinpost-%s", STR_ARG(dir), name).p,
        arena_printf(c->arena, "%s/usr/lib/twinpost/twinpost-%s", c->root, name).p,
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return places[0];
}

int program_run(struct ctl *c, char **argv, int input)
{
    struct child_fd fds[] = {{input, 0}, {1, 1}, {2, 2}};
    struct child_spec spec = {.path = program_by_path(c->arena, argv[0]),
                              .argv = (const char *const *)argv,
                              .envp = (const char *const *)environ,
                              .fds = fds,
                              .n_fds = 3};
    pid_t pid;
    int status;
    err e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to run %s: %s", argv[0], err_text(e));
    return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_TEMPORARY;
}

err descriptor_read(int fd, size_t max, struct buf *b)
{
    enum { PART = 65536 };
    buf_init(b, max);
    for (;;) {
        size_t room = max - b->n < PART ? max - b->n : PART;
        char *to = room ? buf_room(b, room) : NULL;
        char one; /* a full buffer is fine if nothing follows */
        ssize_t n = read(fd, to ? to : &one, to ? room : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys("read");
        if (n == 0)
            return OK_ERR;
        if (!to)
            return err_new(ERR_LIMIT, "input is too large");
        buf_added(b, (size_t)n);
    }
}
