/* SPDX-License-Identifier: ISC */
#include "dns/rdata.h"

#include <string.h>

enum { NAME_OCTETS = 255, LABEL_OCTETS = 63 };

static bool host_octet(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_' || c == '/';
}

err rdata_name(struct arena *a, str *data, str *ret_name)
{
    char text[NAME_OCTETS + 1];
    size_t n = 0, at = 0;
    for (;;) {
        if (at >= data->n)
            return err_new(ERR_SYNTAX, "name in a DNS answer");
        size_t label = (unsigned char)data->p[at++];
        if (!label)
            break;
        if (label > LABEL_OCTETS || at + label > data->n || n + label + 1 > NAME_OCTETS)
            return err_new(ERR_SYNTAX, "name in a DNS answer");
        if (n)
            text[n++] = '.';
        for (size_t i = 0; i < label; i++) {
            char c = data->p[at++];
            if (!host_octet(c))
                return err_new(ERR_SYNTAX, "name in a DNS answer");
            text[n++] = char_lower(c);
        }
    }
    *data = str_from_at(*data, at);
    *ret_name = arena_copy(a, str_of(text, n));
    return OK_ERR;
}

err rdata_mx(struct arena *a, str data, uint16_t *ret_preference, str *ret_host)
{
    if (data.n < 2)
        return err_new(ERR_SYNTAX, "MX record");
    unsigned high = (unsigned char)data.p[0], low = (unsigned char)data.p[1];
    data = str_from_at(data, 2);
    str host;
    err e = rdata_name(a, &data, &host);
    if (failed(e))
        return e;
    if (data.n)
        return err_new(ERR_SYNTAX, "MX record");
    *ret_preference = (uint16_t)(high << 8 | low);
    *ret_host = host;
    return OK_ERR;
}

err rdata_txt(struct arena *a, str data, size_t max, str *ret_text)
{
    size_t total = 0;
    for (str rest = data; rest.n;) {
        size_t piece = (unsigned char)rest.p[0];
        if (piece + 1 > rest.n)
            return err_new(ERR_SYNTAX, "TXT record");
        total += piece;
        rest = str_from_at(rest, piece + 1);
    }
    if (total > max)
        return err_new(ERR_LIMIT, "TXT record");
    char *text = NEW_N(a, char, total + 1);
    size_t n = 0;
    for (str rest = data; rest.n;) {
        size_t piece = (unsigned char)rest.p[0];
        memcpy(text + n, rest.p + 1, piece);
        n += piece;
        rest = str_from_at(rest, piece + 1);
    }
    *ret_text = str_of(text, n);
    return OK_ERR;
}
