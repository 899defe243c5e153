#include "store/pushed_inner.h"

/* Two narrow trees: who is in a group, and what somebody is in. */
const char pushed_member_tables[] =
    "CREATE TABLE member (grp INTEGER NOT NULL REFERENCES resource, member INTEGER NOT NULL REFERENCES resource,"
    "  PRIMARY KEY (grp, member)) WITHOUT ROWID;"
    "CREATE INDEX member_of ON member (member);";

static int run_counted(struct pushed *pushed, const char *sql, int64_t group, int64_t member, struct err *err)
{
    if (db_run(pushed->db, sql, DB_ARGS(DB_INT(group), DB_INT(member)), err) != 0)
        return -1;
    return db_changed(pushed->db) > 0;
}

int pushed_member_add(struct pushed *pushed, int64_t group, int64_t member, struct err *err)
{
    return run_counted(pushed, "INSERT INTO member (grp, member) VALUES (?, ?) ON CONFLICT (grp, member) DO NOTHING",
                       group, member, err);
}

int pushed_member_remove(struct pushed *pushed, int64_t group, int64_t member, struct err *err)
{
    return run_counted(pushed, "DELETE FROM member WHERE grp = ? AND member = ?", group, member, err);
}

int pushed_members_clear(struct pushed *pushed, int64_t group, int64_t *ret, struct err *err)
{
    if (db_run(pushed->db, "DELETE FROM member WHERE grp = ?", DB_ARGS(DB_INT(group)), err) != 0)
        return -1;
    *ret = db_changed(pushed->db);
    return 0;
}

int pushed_is_member(struct pushed *pushed, int64_t group, int64_t member, struct err *err)
{
    int64_t found;
    if (db_number(pushed->db, "SELECT 1 FROM member WHERE grp = ? AND member = ?",
                  DB_ARGS(DB_INT(group), DB_INT(member)), &found, err) != 0)
        return -1;
    return found != 0;
}

int pushed_member_count(struct pushed *pushed, int64_t group, int64_t *ret, struct err *err)
{
    return db_number(pushed->db, "SELECT count(*) FROM member WHERE grp = ?", DB_ARGS(DB_INT(group)), ret, err);
}

int pushed_members(struct pushed *pushed, int64_t group, pushed_each_fn *each, void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(pushed->db,
                 "SELECT " PUSHED_COLUMNS
                 " FROM member m JOIN resource r ON r.row = m.member WHERE m.grp = ? ORDER BY m.member",
                 DB_ARGS(DB_INT(group)), &st, err) != 0)
        return -1;
    return pushed_give(st, -1, each, ctx, err);
}

int pushed_members_forget(struct pushed *pushed, int64_t row, int64_t change, struct err *err)
{
    if (db_run(pushed->db, "UPDATE resource SET change = ? WHERE row IN (SELECT grp FROM member WHERE member = ?)",
               DB_ARGS(DB_INT(change), DB_INT(row)), err) != 0)
        return -1;
    return db_run(pushed->db, "DELETE FROM member WHERE member = ?", DB_ARGS(DB_INT(row)), err) != 0
               ? -1
               : db_run(pushed->db, "DELETE FROM member WHERE grp = ?", DB_ARGS(DB_INT(row)), err);
}
