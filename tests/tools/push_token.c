/* Makes a token for a pushed directory, as the command line does: push_token STATE-FOLDER DIRECTORY */
#include <stdio.h>
#include <time.h>

#include "store/push_tokens.h"

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct pushed *pushed = NULL;
    struct push_token made;
    char token[PUSH_TOKEN_SIZE];
    if (argc != 3 || pushed_open(argv[1], &pushed, &err) != 0 ||
        push_tokens_make(pushed, argv[2], "", time(NULL), 0, token, &made, &err) != 0) {
        fprintf(stderr, "push_token: %s\n", argc == 3 ? err.text : "two arguments");
        return 1;
    }
    puts(token);
    pushed_close(&pushed);
    return 0;
}
