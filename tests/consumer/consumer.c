/* SPDX-License-Identifier: MIT */
/* A program outside this tree that uses the installed library; C and C++. */
#include <stdio.h>

#include <iovp/iovp.h>

int main(void)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    iovp_platform *p = NULL;

    if (iovp_version() != IOVP_VERSION_NUM ||
        iovp_check_abi(IOVP_VERSION_NUM, sizeof(iovp_attrs),
                       sizeof(iovp_dma_result), sizeof(iovp_record)))
        return 1;
    if (iovp_platform_create(&p, &config, NULL, 0) != IOVP_E_INVALID)
        return 1;
    return puts(iovp_last_error()) < 0;
}
