/* Any bytes as a configuration: either faults with their lines, or something that prints to itself. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "cli/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf *load(const void *data, size_t size, struct buf *problems)
{
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    char path[64];
    int fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int result = conf_load(path, schema_get(), &conf, problems, &err);
    close(fd);
    if ((result == 0) != (conf != NULL) || (result != 0 && (err.kind != ERR_CONFIG || problems->len == 0)))
        abort();
    return conf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf problems = BUF_INIT, once = BUF_INIT, twice = BUF_INIT;
    struct conf *first = load(data, size, &problems), *second = NULL;
    if (first) {
        conf_print(first, &once);
        second = load(once.data, once.len, &problems);
        if (!second)
            abort();
        conf_print(second, &twice);
        if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
            abort();
    }
    conf_free(&first);
    conf_free(&second);
    buf_release(&problems);
    buf_release(&once);
    buf_release(&twice);
    return 0;
}
