/* SPDX-License-Identifier: ISC */
#include "list/texts.h"

#include <string.h>

#include "list/text.h"

str text_builtin(const char *name, bool japanese)
{
    const struct list_text *t = japanese ? texts_japanese : texts_english;
    for (; t->name; t++)
        if (strcmp(t->name, name) == 0)
            return str_from(t->text);
    return (str){0};
}
