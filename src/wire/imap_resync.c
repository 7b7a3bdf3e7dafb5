/* SPDX-License-Identifier: ISC */
#include "wire/imap_resync.h"

/* A set that a client keeps in a file cannot hold "*" or "$" (RFC 7162 7: known-uids). */
static err plain_set(struct imap_reader *r, struct imap_set *ret)
{
    struct imap_set set;
    err e = imap_set_parse(r, &set);
    if (failed(e))
        return e;
    if (set.saved)
        return err_new(ERR_SYNTAX, "bad message set");
    for (size_t i = 0; i < set.n; i++)
        if (set.at[i].lo == IMAP_STAR || set.at[i].hi == IMAP_STAR)
            return err_new(ERR_SYNTAX, "bad message set");
    *ret = set;
    return OK_ERR;
}

static uint64_t count(const struct imap_set *set)
{
    uint64_t n = 0;
    for (size_t i = 0; i < set->n; i++)
        n += (uint64_t)set->at[i].hi - set->at[i].lo + 1;
    return n;
}

static bool ascends(const struct imap_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->at[i].lo > set->at[i].hi || (i > 0 && set->at[i].lo <= set->at[i - 1].hi))
            return false;
    return true;
}

/* "(" numbers SP uids ")": RFC 7162 3.2.5.2 wants both ascending and as many of each. */
static err sequence_match(struct imap_reader *r, struct imap_select_params *p)
{
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "sequence match data is expected");
    err e = plain_set(r, &p->seqs);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = plain_set(r, &p->uids);
    if (failed(e))
        return e;
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "sequence match data has no end");
    if (!ascends(&p->seqs) || !ascends(&p->uids) || count(&p->seqs) != count(&p->uids))
        return err_new(ERR_SYNTAX, "the sequence match data does not match");
    return OK_ERR;
}

static err qresync(struct imap_reader *r, struct imap_select_params *p)
{
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "QRESYNC needs its parameters");
    e = imap_nz_number(r, &p->uidvalidity);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = imap_number64(r, &p->modseq);
    if (failed(e))
        return e;
    if (p->modseq == 0)
        return err_new(ERR_SYNTAX, "a mod-sequence must not be zero");
    if (imap_skip(r, ' ')) {
        bool known = r->rest.n > 0 && r->rest.p[0] != '(';
        if (known)
            e = plain_set(r, &p->known);
        if (!failed(e) && (!known || imap_skip(r, ' ')))
            e = sequence_match(r, p);
    }
    if (failed(e))
        return e;
    imap_set_resolve(&p->known, 0);
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "QRESYNC's parameters have no end");
}

err imap_select_params(struct imap_reader *r, struct imap_select_params *ret)
{
    struct imap_select_params p = {0};
    if (!imap_at_end(r)) {
        err e = imap_space(r);
        if (failed(e))
            return e;
        if (!imap_skip(r, '('))
            return err_new(ERR_SYNTAX, "a list of parameters is expected");
        do {
            if (imap_skip_word(r, S("CONDSTORE")))
                p.condstore = true;
            else if (!p.qresync && imap_skip_word(r, S("QRESYNC")))
                p.qresync = true;
            else
                return err_new(ERR_SYNTAX, "no such parameter");
            if (p.qresync && p.modseq == 0) {
                e = qresync(r, &p);
                if (failed(e))
                    return e;
            }
        } while (imap_skip(r, ' '));
        if (!imap_skip(r, ')'))
            return err_new(ERR_SYNTAX, "a list of parameters has no end");
    }
    err e = imap_end(r);
    if (failed(e))
        return e;
    *ret = p;
    return OK_ERR;
}

static err one_modifier(struct imap_reader *r, struct imap_fetch_modifiers *m)
{
    if (imap_skip_word(r, S("VANISHED"))) {
        m->vanished = true;
        return OK_ERR;
    }
    if (!m->changed && imap_skip_word(r, S("CHANGEDSINCE"))) {
        m->changed = true;
        err e = imap_space(r);
        return failed(e) ? e : imap_number64(r, &m->changedsince);
    }
    if (!m->has_partial && imap_skip_word(r, S("PARTIAL"))) {
        m->has_partial = true;
        err e = imap_space(r);
        return failed(e) ? e : imap_partial_range(r, &m->partial);
    }
    return err_new(ERR_SYNTAX, "no such modifier");
}

err imap_fetch_modifiers(struct imap_reader *r, struct imap_fetch_modifiers *ret)
{
    struct imap_fetch_modifiers m = {0};
    if (!imap_at_end(r)) {
        err e = imap_space(r);
        if (failed(e))
            return e;
        if (!imap_skip(r, '('))
            return err_new(ERR_SYNTAX, "a list of modifiers is expected");
        do {
            e = one_modifier(r, &m);
            if (failed(e))
                return e;
        } while (imap_skip(r, ' '));
        if (!imap_skip(r, ')'))
            return err_new(ERR_SYNTAX, "a list of modifiers has no end");
    }
    err e = imap_end(r);
    if (failed(e))
        return e;
    /* RFC 7162 3.2.6. */
    if (m.vanished && !m.changed)
        return err_new(ERR_SYNTAX, "VANISHED needs CHANGEDSINCE");
    *ret = m;
    return OK_ERR;
}

err imap_store_modifiers(struct imap_reader *r, bool *ret_given, uint64_t *ret_unchangedsince)
{
    *ret_given = false;
    if (!str_starts(r->rest, S(" (")))
        return OK_ERR;
    r->rest = str_from_at(r->rest, 2);
    if (!imap_skip_word(r, S("UNCHANGEDSINCE")))
        return err_new(ERR_SYNTAX, "no such modifier");
    err e = imap_space(r);
    if (!failed(e))
        e = imap_number64(r, ret_unchangedsince);
    if (failed(e))
        return e;
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of modifiers has no end");
    *ret_given = true;
    return OK_ERR;
}
