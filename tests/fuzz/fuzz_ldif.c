/*
 * LDIF from anybody: no crash, no other file opened, and every record that comes out has a name and whole attributes.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_ldif tests/data/ldif
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "connectors/ldif/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *path)
{
    struct err err = ERR_INIT;
    CLEANUP(records_close) struct records *records = NULL;
    CLEANUP(raw_release) struct raw raw = RAW_INIT;
    if (records_open(path, &records, &err) != 0)
        return;
    int rc;
    while ((rc = records_next(records, &raw, &err)) > 0)
        for (size_t i = 0; i < raw.nattrs; i++)
            if (raw.attrs[i].n == 0 || raw.attrs[i].first + raw.attrs[i].n > raw.nvalues)
                abort();
    if ((rc < 0) != (err.kind != ERR_NONE))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
        read_all(path);
    close(fd);
    return 0;
}
