/* SPDX-License-Identifier: ISC */
/* How it works: the new files are put into a directory of their own that looks like a root, so
 * that pwck and grpck (-R) see them together and nothing of the machine; then the old ones the
 * same way. A complaint that the old files caused too is the site's own affair; a new one stops
 * the run. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/apply.h"
#include "gate/tree.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"

enum { SAID_MAX = 1 << 20, TOOL_MS = 60000 };

#define STAGE "var/lib/twinpost/gate-stage"

static const char *tool(const char *const *places)
{
    for (; *places; places++)
        if (access(*places, X_OK) == 0)
            return *places;
    return NULL;
}

static const char *const pwck_places[] = {"/usr/sbin/pwck", "/sbin/pwck", NULL};
static const char *const grpck_places[] = {"/usr/sbin/grpck", "/sbin/grpck", NULL};
static const char *const visudo_places[] = {"/usr/sbin/visudo", "/usr/local/sbin/visudo", NULL};

/* Runs it with its output in STAGE/said. */
static err run_tool(struct gate_run *run, const char *const *argv, int *ret_code, str *ret_said)
{
    static const char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    auto_fd int said = -1, null = -1;
    pid_t pid;
    int status = 0;
    err e = file_open(run->root_dir, STAGE "/said", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600,
                      &said);
    if (!failed(e))
        e = file_open(AT_FDCWD, "/dev/null", O_RDONLY, 0, &null);
    if (failed(e))
        return e;
    struct child_fd fds[] = {{null, 0}, {said, 1}, {said, 2}};
    struct child_spec spec = {.path = argv[0], .argv = argv, .envp = envp, .fds = fds, .n_fds = 3};
    e = child_start(&spec, &pid);
    if (failed(e))
        return e;
    e = child_wait(pid, deadline_in_ms(TOOL_MS), &status);
    if (failed(e)) {
        child_kill(pid, 9);
        return e;
    }
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return file_read_fd(said, SAID_MAX, run->arena, ret_said);
}

static err clear_stage(struct gate_run *run)
{
    auto_fd int lib = -1;
    err e = dir_make_all(run->root_dir, "var/lib/twinpost", 0755);
    if (!failed(e))
        e = dir_open(run->root_dir, "var/lib/twinpost", &lib);
    return failed(e) ? e : tree_remove(lib, "gate-stage");
}

static err make_stage(struct gate_run *run)
{
    err e = clear_stage(run);
    return failed(e) ? e : dir_make_all(run->root_dir, STAGE "/etc", 0700);
}

static err put_stage(struct gate_run *run, const struct gate_built *f, bool fresh)
{
    static const struct tree_owner as_we_are = {0};
    const char *path = arena_printf(run->arena, STAGE "/%s", f->path).p;
    (void)unlinkat(run->root_dir, path, 0); /* of the round before, if any */
    if (!f->has_old && f->fresh.n == 0)
        return OK_ERR;
    return tree_make_file(run->root_dir, path, fresh ? f->fresh : f->old, 0600, &as_we_are);
}

/* All that pwck and grpck say, in lines. */
static err ask_both(struct gate_run *run, const struct gate_built *files, size_t n, bool fresh,
                    struct buf *out)
{
    const char *pwck = tool(pwck_places), *grpck = tool(grpck_places);
    const char *stage = arena_printf(run->arena, "%s/" STAGE, run->root).p;
    const char *const pwck_argv[] = {pwck, "-q", "-r", "-R", stage, NULL};
    const char *const grpck_argv[] = {grpck, "-r", "-R", stage, NULL};
    const char *const *both[] = {pwck_argv, grpck_argv};
    err e = OK_ERR;
    for (size_t i = 0; i < n && !failed(e); i++)
        e = put_stage(run, &files[i], fresh);
    for (size_t i = 0; i < 2 && !failed(e); i++) {
        int code = 0;
        str said = S("");
        if (!both[i][0])
            continue;
        e = run_tool(run, both[i], &code, &said);
        if (!failed(e) && code != 0)
            buf_add(out, said);
        if (!failed(e) && code != 0 && said.n == 0)
            buf_addf(out, "%s: exit code %d\n", both[i][0], code);
    }
    return e;
}

static bool stands_in(str text, str line)
{
    str one;
    while (str_line(&text, &one))
        if (str_eq(one, line))
            return true;
    return false;
}

err gate_validate(struct gate_run *run, const struct gate_built *files, size_t n)
{
    auto_buf struct buf now, before;
    buf_init(&now, 2 * SAID_MAX);
    buf_init(&before, 2 * SAID_MAX);
    if (geteuid() != 0 || (!tool(pwck_places) && !tool(grpck_places))) {
        buf_add(run->said, S("pwck and grpck were not asked: that needs root and the tools\n"));
        return OK_ERR;
    }
    err e = make_stage(run);
    if (!failed(e))
        e = ask_both(run, files, n, true, &now);
    if (!failed(e) && now.n > 0)
        e = ask_both(run, files, n, false, &before);
    err cleared = clear_stage(run); /* it holds a shadow file */
    if (failed(e) || failed(cleared))
        return failed(e) ? e : cleared;
    str rest = buf_str(&now), line;
    bool objects = false;
    while (str_line(&rest, &line)) {
        if (line.n == 0 || stands_in(buf_str(&before), line) || str_ends(line, S("no changes")))
            continue;
        buf_addf(run->said, "pwck, grpck: %.*s\n", STR_ARG(line));
        objects = true;
    }
    if (!objects)
        return OK_ERR;
    buf_add(run->said, S("the new files are not sound; nothing was changed\n"));
    return err_new(ERR_DENIED, "pwck or grpck objects");
}

err gate_visudo(struct gate_run *run, str text)
{
    static const struct tree_owner as_we_are = {0};
    const char *visudo = tool(visudo_places);
    const char *path = arena_printf(run->arena, "%s/" STAGE "/sudoers", run->root).p;
    const char *const argv[] = {visudo, "-c", "-q", "-f", path, NULL};
    int code = 0;
    str said = S("");
    if (!visudo)
        return err_new(ERR_NOTFOUND, "visudo");
    err e = make_stage(run);
    if (!failed(e))
        e = tree_make_file(run->root_dir, STAGE "/sudoers", text, 0440, &as_we_are);
    if (!failed(e))
        e = run_tool(run, argv, &code, &said);
    err cleared = clear_stage(run);
    if (failed(e) || failed(cleared))
        return failed(e) ? e : cleared;
    if (code == 0)
        return OK_ERR;
    buf_addf(run->said, "visudo: %.*s", STR_ARG(said));
    return err_new(ERR_DENIED, "visudo objects");
}
