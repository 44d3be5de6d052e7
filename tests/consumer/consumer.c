/* SPDX-License-Identifier: MIT */
/* A program outside this tree that uses the installed library. */
#include <stdio.h>

#include <iovp/iovp.h>

int main(void)
{
    if (iovp_version() != IOVP_VERSION_NUM)
        return 1;
    return puts(iovp_strerror(IOVP_OK)) < 0;
}
