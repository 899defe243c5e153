#include <stdio.h>

int main(void)
{
    puts("doorward " DOORWARD_VERSION);
    return 0;
}
