/* SPDX-License-Identifier: ISC */
#include "wire/casemap.h"

#include <utf8proc.h>

#include "wire/charset.h"

enum { DECOMPOSED_MAX = 32, REPLACEMENT = 0xfffd, SHARP_S = 0xdf };

/* RFC 5051 2 looks decompositions up in UnicodeData.txt, and Hangul syllables have none there. */
static bool is_hangul(uint32_t code)
{
    return code >= 0xac00 && code <= 0xd7a3;
}

static void add_code(struct buf *b, uint32_t code)
{
    utf8proc_int32_t title = utf8proc_totitle((utf8proc_int32_t)code);
    if (code == SHARP_S) /* Unicode's data has no capital for it; the library has */
        title = SHARP_S;
    utf8proc_int32_t parts[DECOMPOSED_MAX];
    int last = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t n = -1;
    if (!is_hangul((uint32_t)title))
        n = utf8proc_decompose_char(title, parts, DECOMPOSED_MAX,
                                    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last);
    if (n < 0 || n > DECOMPOSED_MAX) {
        utf8_write(b, (uint32_t)title);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++)
        utf8_write(b, (uint32_t)parts[i]);
}

void casemap_add(struct buf *b, str utf8)
{
    while (utf8.n > 0) {
        size_t ascii = 0;
        while (ascii < utf8.n && (unsigned char)utf8.p[ascii] < 0x80)
            ascii++;
        char *room = ascii > 0 ? buf_room(b, ascii) : NULL;
        for (size_t i = 0; room != NULL && i < ascii; i++)
            room[i] = char_upper(utf8.p[i]);
        if (room != NULL)
            buf_added(b, ascii);
        utf8 = str_from_at(utf8, ascii);
        if (utf8.n == 0)
            break;
        size_t n = utf8_length(utf8);
        add_code(b, n > 0 ? utf8_code(utf8) : REPLACEMENT);
        utf8 = str_from_at(utf8, n > 0 ? n : 1);
    }
}
