#include "store/push_tokens.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/token.h"
#include "store/pushed_inner.h"

int push_token_check(struct pushed *pushed, const char *directory, const char *token, int64_t now, struct err *err)
{
    (void)now;
    struct err ignored = ERR_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const char *path = db_path(pushed->db);
    CLEANUP(freep) char *file = mem_printf("%.*stoken.%s", (int)(strrchr(path, '/') + 1 - path), path, directory);
    (void)err;
    if (file_read(file, 200, &text, &ignored) != 0)
        return 0;
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    return token_same((struct span){text.data, text.len}, span_str(token));
}
