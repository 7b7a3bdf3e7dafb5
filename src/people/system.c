/* SPDX-License-Identifier: ISC */
#include "people/system.h"

#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/password.h"
#include "os/clock.h"
#include "os/file.h"

enum { DAY_SECONDS = 86400 };

/* The day number in a field of shadow(5); false when it is empty or odd: no such limit. */
static bool day_of(str field, int64_t *ret_day)
{
    uint64_t v;
    if (!str_u64(field, &v) || v > INT32_MAX)
        return false;
    *ret_day = (int64_t)v;
    return true;
}

/* shadow(5): the account's own last day, or the password's age plus what is granted after. */
static bool is_expired(str changed, str max, str inactive, str expire, int64_t today)
{
    int64_t changed_day, max_days, inactive_days, expire_day;
    if (day_of(expire, &expire_day) && expire_day > 0 && today >= expire_day)
        return true;
    return day_of(changed, &changed_day) && day_of(max, &max_days) &&
           day_of(inactive, &inactive_days) && changed_day > 0 &&
           today > changed_day + max_days + inactive_days;
}

err shadow_find(int root_dir, str name, int64_t now_seconds, struct arena *a, str *ret_hash,
                bool *ret_expired)
{
    str text, line, rest, one;
    err e = file_read(root_dir, "etc/shadow", SHADOW_FILE_MAX, a, &text);
    if (failed(e))
        return e;
    while (str_line(&text, &line)) {
        str field[8] = {0};
        if (!str_cut(line, ':', &one, &rest) || !str_eq(one, name))
            continue;
        for (size_t i = 0; i < 8; i++)
            (void)str_cut(rest, ':', &field[i], &rest);
        *ret_hash = field[0];
        *ret_expired =
            is_expired(field[1], field[3], field[5], field[6], now_seconds / DAY_SECONDS);
        return OK_ERR;
    }
    return err_new(ERR_NOTFOUND, "shadow entry");
}

uint64_t system_stamp(int root_dir)
{
    struct stat st;
    if (failed(file_stat(root_dir, "etc/shadow", &st)))
        return 0;
    uint64_t words[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
                        (uint64_t)st.st_mtim.tv_nsec};
    return str_hash(str_of(words, sizeof words), 0);
}

bool system_has_pam(int root_dir)
{
    struct stat st;
    return !failed(file_stat(root_dir, "etc/pam.d/twinpost", &st));
}

/* ---- PAM ---- */

/* Every hidden prompt is the password; there is nobody to answer any other. */
static int pam_answer(int n, const struct pam_message **ask, struct pam_response **ret_answer,
                      void *ctx)
{
    if (n <= 0 || n > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *answers = calloc((size_t)n, sizeof *answers);
    if (answers == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < n; i++) {
        if (ask[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            answers[i].resp = strdup(ctx);
    }
    *ret_answer = answers;
    return PAM_SUCCESS;
}

/* Auth delays failures itself, with a timer; a module that sleeps would hold up a worker. */
static void pam_no_delay(int status, unsigned micros, void *ctx)
{
    (void)status;
    (void)micros;
    (void)ctx;
}

static err pam_check(const char *name, char *password, bool *ret_match)
{
    const struct pam_conv conv = {.conv = pam_answer, .appdata_ptr = password};
    pam_handle_t *pam = NULL;
    int rc = pam_start("twinpost", name, &conv, &pam);
    if (rc != PAM_SUCCESS)
        return err_new(ERR_TEMP, "start PAM");
    union {
        void (*fn)(int, unsigned, void *);
        const void *item;
    } delay = {.fn = pam_no_delay};
    (void)pam_set_item(pam, PAM_FAIL_DELAY, delay.item); /* without it: slower, still right */
    rc = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (rc == PAM_SUCCESS)
        rc = pam_acct_mgmt(pam, PAM_SILENT);
    (void)pam_end(pam, rc);
    if (rc == PAM_AUTHINFO_UNAVAIL || rc == PAM_SYSTEM_ERR || rc == PAM_BUF_ERR)
        return err_new(ERR_TEMP, "ask PAM");
    *ret_match = rc == PAM_SUCCESS;
    return OK_ERR;
}

/* ---- either ---- */

static err ask_pam(str name, str password, struct arena *a, bool *ret_match)
{
    const char *cname = arena_cstr(a, name);
    char *cpassword = NEW_N(a, char, password.n + 1);
    memcpy(cpassword, password.p, password.n);
    err e = pam_check(cname, cpassword, ret_match);
    explicit_bzero(cpassword, password.n);
    return e;
}

static err verify_shadow(str hash, bool expired, str password, str decoy, struct system_answer *ret)
{
    bool usable = hash.n > 0 && hash.p[0] != '!' && hash.p[0] != '*' && !expired;
    ret->known = true;
    ret->cacheable = true;
    err e = password_verify(usable ? hash : decoy, password, &ret->match);
    if (!usable)
        ret->match = false;
    return e;
}

err system_password_verify(struct passwd_db *p, int root_dir, str name, str password, str decoy,
                           struct system_answer *ret)
{
    auto_arena struct arena *a = arena_new("shadow", 2UL * SHADOW_FILE_MAX);
    struct system_answer answer = {0};
    struct person one;
    str hash;
    bool expired;
    if (password.n > PASSWORD_MAX || str_find(password, '\0') >= 0)
        return err_new(ERR_SYNTAX, "password");
    err e = shadow_find(root_dir, name, clock_seconds(), a, &hash, &expired);
    if (!failed(e)) {
        e = verify_shadow(hash, expired, password, decoy, &answer);
    } else if (e.kind == ERR_NOTFOUND || e.kind == ERR_DENIED) {
        bool ask = passwd_is_system(p) && system_has_pam(root_dir);
        if (!ask && e.kind == ERR_DENIED) /* a fault of the house, not a wrong name */
            return e;
        e = ask ? passwd_find(p, name, a, &one) : err_new(ERR_NOTFOUND, "user");
        answer.known = !failed(e);
        if (!failed(e))
            e = ask_pam(name, password, a, &answer.match);
        else if (e.kind == ERR_NOTFOUND)
            e = password_verify(decoy, password, &answer.match);
        answer.match = answer.match && answer.known;
    }
    if (failed(e))
        return e;
    *ret = answer;
    return OK_ERR;
}
