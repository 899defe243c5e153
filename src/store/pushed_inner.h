/* What the files of push.db share. */
#ifndef STORE_PUSHED_INNER_H
#define STORE_PUSHED_INNER_H

#include "store/pushed.h"

struct pushed {
    struct db *db;
    char database[PUSHED_ID_SIZE];
};

/* Tables of the other files; pushed.c makes them all when it makes the file. */
extern const char pushed_resource_tables[], pushed_member_tables[], push_tokens_tables[];

/* Columns of every statement that gives resources. */
#define PUSHED_COLUMNS "r.row, r.kind, r.gone, r.id, r.display, r.created, r.change"
/* Borrowed from the statement; text_column: -1 for none. */
struct pushed_resource pushed_read(struct stmt *st, int text_column);
/* The same in the pool. */
struct pushed_resource pushed_keep_read(struct stmt *st, int text_column, struct pool *pool);
/* Steps through the statement. */
int pushed_give(struct stmt *st, int text_column, pushed_each_fn *each, void *ctx, struct err *err);
/* Of a resource that is made now (microseconds): a UUID of version 7. */
void pushed_new_id(int64_t now, char ret[static PUSHED_ID_SIZE]);
/* The number of a change that is made now. */
int pushed_next_change(struct pushed *pushed, int64_t directory, int64_t now, int64_t *ret, struct err *err);
/* Takes it out of all groups, and all out of it. */
int pushed_members_forget(struct pushed *pushed, int64_t row, int64_t change, struct err *err);

#endif
