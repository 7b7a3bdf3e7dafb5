/* SPDX-License-Identifier: ISC */
#include "list/addresses.h"

err verp_decode(struct arena *a, str in, str *ret)
{
    ptrdiff_t at = str_rfind(in, '=');
    if (at <= 0 || (size_t)at + 1 == in.n)
        return err_new(ERR_SYNTAX, "no address in the address");
    *ret = arena_printf(a, "%.*s@%.*s", (int)at, in.p, STR_ARG(str_from_at(in, (size_t)at + 1)));
    return OK_ERR;
}

str verp_encode(struct arena *a, str address)
{
    ptrdiff_t at = str_rfind(address, '@');
    if (at < 0)
        return address;
    return arena_printf(a, "%.*s=%.*s", (int)at, address.p,
                        STR_ARG(str_from_at(address, (size_t)at + 1)));
}

/* SRS0=hash=tt=host=local, SRS1=hash=forwarder==hash=tt=host=local; '-' and '+' may stand for the
 * first '='. */
static bool undo_srs(struct arena *a, str local, str *ret)
{
    str part = local, hash, stamp, host;
    bool again = str_istarts(part, S("SRS1"));
    if (!again && !str_istarts(part, S("SRS0")))
        return false;
    part = str_from_at(part, 5);
    if (again) {
        ptrdiff_t at = str_find_str(part, S("=="));
        if (at < 0)
            return false;
        part = str_from_at(part, (size_t)at + 2);
    }
    if (!str_cut(part, '=', &hash, &part) || !str_cut(part, '=', &stamp, &part) ||
        !str_cut(part, '=', &host, &part) || !part.n || !host.n)
        return false;
    *ret = arena_printf(a, "%.*s@%.*s", STR_ARG(part), STR_ARG(host));
    return true;
}

str sender_undone(struct arena *a, str sender)
{
    str local = address_local(sender), host = address_host(sender), tag, rest, result;
    if (undo_srs(a, local, &result))
        return result;
    if (str_istarts(local, S("prvs="))) {
        (void)str_cut(str_from_at(local, 5), '=', &tag, &rest); /* without a tag nothing is left */
        if (rest.n)
            return arena_printf(a, "%.*s@%.*s", STR_ARG(rest), STR_ARG(host));
    }
    if (str_istarts(local, S("btv1=="))) {
        ptrdiff_t at = str_find_str(str_from_at(local, 6), S("=="));
        if (at >= 0 && local.n > 6 + (size_t)at + 2)
            return arena_printf(a, "%.*s@%.*s", STR_ARG(str_from_at(local, 8 + (size_t)at)),
                                STR_ARG(host));
    }
    return sender;
}

str address_local(str address)
{
    ptrdiff_t at = str_rfind(address, '@');
    return at < 0 ? address : str_slice(address, 0, (size_t)at);
}

str address_host(str address)
{
    ptrdiff_t at = str_rfind(address, '@');
    return at < 0 ? S("") : str_from_at(address, (size_t)at + 1);
}
