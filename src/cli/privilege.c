#include "cli/privilege.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

int privilege_become_owner(const char *dir, struct err *err)
{
    struct stat st;
    if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
        return 0;
    if (setgroups(1, &st.st_gid) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0)
        return err_errno(err, ERR_FAILED, "state folder %s: its owner's rights could not be taken on", dir);
    return 0;
}
