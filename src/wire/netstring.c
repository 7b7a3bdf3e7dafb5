/* SPDX-License-Identifier: ISC */
#include "wire/netstring.h"

err netstring_head(str text, size_t max, size_t *ret_length, size_t *ret_used)
{
    size_t n = 0, length = 0;
    while (n < text.n && n < NETSTRING_DIGITS_MAX && char_is_digit(text.p[n]))
        length = length * 10 + (size_t)(text.p[n++] - '0');
    if (n == text.n && n < NETSTRING_DIGITS_MAX)
        return err_new(ERR_TEMP, "netstring is not whole yet");
    if (n == 0 || (n > 1 && text.p[0] == '0') || text.p[n] != ':')
        return err_new(ERR_SYNTAX, "netstring");
    if (length > max)
        return err_new(ERR_LIMIT, "netstring");
    *ret_length = length;
    *ret_used = n + 1;
    return OK_ERR;
}

err netstring_take(str *text, size_t max, str *ret)
{
    size_t length, used;
    err e = netstring_head(*text, max, &length, &used);
    if (failed(e))
        return e;
    if (text->n - used <= length)
        return err_new(ERR_TEMP, "netstring is not whole yet");
    if (text->p[used + length] != ',')
        return err_new(ERR_SYNTAX, "netstring");
    *ret = str_slice(*text, used, used + length);
    *text = str_from_at(*text, used + length + 1);
    return OK_ERR;
}

void netstring_write(struct buf *b, str s)
{
    buf_addf(b, "%zu:", s.n);
    buf_add(b, s);
    buf_addc(b, ',');
}
