/* SPDX-License-Identifier: MIT */
/* A program that finds the installed library while it runs. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <iovp/iovp_dl.h>

/* C has no conversion from what dlsym returns to a function. */
static int find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

int main(void)
{
    void *library = dlopen(IOVP_DL_SONAME, RTLD_NOW | RTLD_LOCAL);
    iovp_dl_version *version;
    iovp_dl_check_abi *check_abi;
    iovp_dl_last_error *last_error;

    if (!library) {
        puts(dlerror());
        return 1;
    }
    if (!find(library, "iovp_version", &version) ||
        !find(library, "iovp_check_abi", &check_abi) ||
        !find(library, "iovp_last_error", &last_error))
        return 1;
    if (check_abi(IOVP_VERSION_NUM, sizeof(iovp_attrs), sizeof(iovp_dma_result),
                  sizeof(iovp_record))) {
        puts(last_error());
        return 1;
    }
    return version() != IOVP_VERSION_NUM;
}
