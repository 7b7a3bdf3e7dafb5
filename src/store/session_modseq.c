/* SPDX-License-Identifier: ISC */
/* Until the keeper counts changes nothing is known of them: highestmodseq stays 0, which sessions
 * tell their clients as NOMODSEQ, and whoever asks for more is refused. */
#include "store/session_private.h"

static err unknown(struct store *s)
{
    return s->broken ? store_broken(s) : err_new(ERR_DENIED, "mod-sequences");
}

err store_want_modseqs(struct store *s)
{
    return s->broken ? store_broken(s) : OK_ERR;
}

err store_changed_since(struct store *s, uint64_t since, struct arena *a, uint32_t **ret,
                        size_t *ret_n)
{
    (void)since, (void)a, (void)ret, (void)ret_n;
    return unknown(s);
}

err store_vanished_since(struct store *s, uint64_t since, const struct store_range *known, size_t n,
                         struct arena *a, struct store_range **ret, size_t *ret_n)
{
    (void)since, (void)known, (void)n, (void)a, (void)ret, (void)ret_n;
    return unknown(s);
}

err store_flags_unchanged(struct store *s, const struct store_range *set, size_t n,
                          enum store_flags_op op, uint32_t system_flags, const str *keywords,
                          size_t n_keywords, uint64_t unchanged_since, struct store_stored *ret)
{
    (void)set, (void)n, (void)op, (void)system_flags, (void)keywords, (void)n_keywords;
    (void)unchanged_since, (void)ret;
    return unknown(s);
}
