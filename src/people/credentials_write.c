/* SPDX-License-Identifier: ISC */
/* How it works: one user's line is made first (that is the slow part), then, under the lock,
 * the old file is copied line by line into a buffer with that user's line exchanged, and the
 * buffer takes the file's place. A crash leaves the old file or the new one, and perhaps
 * "credentials.new", which the next writer removes. */
#include "people/credentials.h"

#include <string.h>
#include <unistd.h>

#include "crypt/secret.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "people/credentials_file.h"
#include "wire/encoding.h"
#include "wire/saslprep.h"

enum { LOCK_WAIT_MS = 10000 };

/* Is this line (readable or not) about that user? */
static bool line_is_of(str line, str name)
{
    return str_skip(&line, name) && (line.n == 0 || line.p[0] == '\t');
}

/* Copies text with name's line replaced by `fresh` (without LF; empty: removed). */
static err exchange_line(str text, str name, str fresh, struct buf *out)
{
    bool found = false;
    str line;
    buf_addf(out, "twinpost-credentials %d\n", CREDENTIALS_VERSION);
    if (text.n > 0) {
        err e = credentials_file_begins(&text);
        if (failed(e))
            return e;
    }
    while (text.n > 0) {
        (void)str_cut(text, '\n', &line, &text);
        bool ours = line_is_of(line, name);
        if (ours && !found && fresh.n > 0) {
            buf_add(out, fresh);
            buf_addc(out, '\n');
        } else if (!ours) {
            buf_add(out, line);
            buf_addc(out, '\n');
        }
        found = found || ours;
    }
    if (!found && fresh.n == 0)
        return err_new(ERR_NOTFOUND, "user in the credentials");
    if (!found) {
        buf_add(out, fresh);
        buf_addc(out, '\n');
    }
    return buf_check(out, "credentials file");
}

/* The administrator writes as root; the reader is auth, who owns the directory. */
static err give_to_owner(int people_dir, int fd)
{
    struct stat dir;
    if (geteuid() != 0)
        return OK_ERR;
    if (fstat(people_dir, &dir) < 0 || fchown(fd, dir.st_uid, dir.st_gid) < 0)
        return err_sys("give the credentials to their owner");
    return OK_ERR;
}

static err put_in_place(int people_dir, str bytes)
{
    auto_fd int fd = -1;
    err e = file_unlink(people_dir, "credentials.new");
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    e = file_open(people_dir, "credentials.new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
                  &fd);
    if (!failed(e))
        e = give_to_owner(people_dir, fd);
    if (!failed(e))
        e = file_write(fd, bytes);
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = file_rename(people_dir, "credentials.new", people_dir, CREDENTIALS_FILE);
    return failed(e) ? e : dir_sync(people_dir);
}

static err replace_line_locked(int people_dir, str name, str fresh)
{
    auto_arena struct arena *a = arena_new("credentials", 2UL * CREDENTIALS_FILE_MAX);
    auto_buf struct buf out;
    buf_init(&out, CREDENTIALS_FILE_MAX);
    str text = {0};
    err e = file_read(people_dir, CREDENTIALS_FILE, CREDENTIALS_FILE_MAX, a, &text);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    e = exchange_line(text, name, fresh, &out);
    if (!failed(e))
        e = put_in_place(people_dir, buf_str(&out));
    if (text.n > 0)
        secret_wipe((void *)(uintptr_t)text.p, text.n);
    if (out.p != NULL)
        secret_wipe(out.p, out.n);
    return e;
}

static err replace_line(int people_dir, str name, str fresh)
{
    auto_fd int lock = -1;
    err e = file_open(people_dir, "credentials.lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &lock);
    if (!failed(e))
        e = give_to_owner(people_dir, lock);
    if (!failed(e))
        e = file_lock(lock, true, deadline_in_ms(LOCK_WAIT_MS));
    return failed(e) ? e : replace_line_locked(people_dir, name, fresh);
}

static void add_scram(enum hash_kind kind, const char *field, str password, struct buf *line)
{
    struct scram_keys keys;
    uint8_t salt[SCRAM_SALT_BYTES];
    random_bytes(salt, sizeof salt);
    scram_derive(kind, password, str_of(salt, sizeof salt), SCRAM_ITERATIONS, &keys);
    buf_addf(line, "\t%s=", field);
    scram_keys_write(&keys, line);
    secret_wipe(&keys, sizeof keys);
}

static err check_name_and_password(str name, str password)
{
    if (!credentials_name_is_fine(name))
        return err_new(ERR_SYNTAX, "user name");
    if (password.n > PASSWORD_MAX)
        return err_new(ERR_LIMIT, "password");
    /* A tab or line end could not have been typed into any client. */
    for (size_t i = 0; i < password.n; i++) {
        if ((unsigned char)password.p[i] < ' ')
            return err_new(ERR_SYNTAX, "password holds a control character");
    }
    return password.n > 0 ? OK_ERR : err_new(ERR_SYNTAX, "password is empty");
}

err credentials_set_password(int people_dir, str name, str password,
                             const struct password_options *options)
{
    err e = check_name_and_password(name, password);
    if (failed(e))
        return e;
    auto_buf struct buf line, prepared;
    buf_init(&line, CREDENTIALS_LINE_MAX);
    buf_init(&prepared, SASLPREP_IN_MAX * SASLPREP_GROWTH);
    e = saslprep(password, SASLPREP_STORE, &prepared); /* as clients say it: RFC 5802 2.2 */
    if (failed(e))
        return e;
    buf_add(&line, name);
    add_scram(HASH_SHA256, "scram-sha-256", buf_str(&prepared), &line);
    add_scram(HASH_SHA1, "scram-sha-1", buf_str(&prepared), &line);
    buf_add(&line, S("\thash="));
    e = password_make(options->scheme, buf_str(&prepared), &line);
    secret_wipe(prepared.p, prepared.n);
    if (failed(e))
        return e;
    if (options->with_shared_secret) {
        buf_add(&line, S("\tsecret="));
        base64_encode(&line, password);
    }
    e = buf_check(&line, "credential line");
    if (!failed(e))
        e = replace_line(people_dir, name, buf_str(&line));
    if (line.p != NULL)
        secret_wipe(line.p, line.n);
    return e;
}

/* SCRAM keys stand in their own field; a CRAM-MD5 key serves both as secret and as hash. */
static void add_stored(str stored, struct buf *line)
{
    str rest = stored;
    if (str_iskip(&rest, S("{SCRAM-SHA-256}"))) {
        buf_addf(line, "\tscram-sha-256=%.*s", STR_ARG(rest));
    } else if (str_iskip(&rest, S("{SCRAM-SHA-1}"))) {
        buf_addf(line, "\tscram-sha-1=%.*s", STR_ARG(rest));
    } else if (str_iskip(&rest, S("{CRAM-MD5}"))) {
        buf_addf(line, "\tsecret={CRAM-MD5}%.*s", STR_ARG(rest));
    } else {
        buf_addf(line, "\thash=%.*s", STR_ARG(stored));
    }
}

err credentials_set_stored(int people_dir, str name, str stored)
{
    bool match;
    str plain = stored;
    if (!credentials_name_is_fine(name))
        return err_new(ERR_SYNTAX, "user name");
    if (str_iskip(&plain, S("{PLAIN}")) || str_iskip(&plain, S("{CLEARTEXT}")))
        return credentials_set_password(people_dir, name, plain,
                                        &(struct password_options){.with_shared_secret = true});
    err e = password_verify(stored, S("?"), &match);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new("credential", 65536);
    auto_buf struct buf line;
    struct credential check;
    buf_init(&line, CREDENTIALS_LINE_MAX);
    buf_add(&line, name);
    add_stored(stored, &line);
    e = buf_check(&line, "credential line");
    if (!failed(e))
        e = credential_parse(buf_str(&line), a, &check);
    if (!failed(e) && str_find(buf_str(&line), '\n') >= 0)
        e = err_new(ERR_SYNTAX, "stored password holds a line end");
    return failed(e) ? e : replace_line(people_dir, name, buf_str(&line));
}

err credentials_remove(int people_dir, str name)
{
    if (!credentials_name_is_fine(name))
        return err_new(ERR_SYNTAX, "user name");
    return replace_line(people_dir, name, S(""));
}
