/* SPDX-License-Identifier: MIT */
/*
 * IOVA windows: where may a device do DMA, and "64 MiB of addresses, please".
 *
 * A program without page-table code lets the library own the IOMMU (a
 * context), asks for address space in a domain, and maps.  The windows follow
 * what is attached: the display has a frame buffer that the firmware left
 * running, mapped to itself.  Windows that the program requires stay: an
 * attach that would narrow them is refused.
 *
 * Prints:
 *   domain alone: 0x0..0xffffffffffff
 *   pages of 4 KiB, 2 MiB, 1 GiB
 *   with the display: 0x0..0x7ffffff 0x8100000..0x8effffff
 *                     0x8f800000..0xffffffffffff
 *   the display still reads the splash screen at 0x8f000000
 *   64 MiB aligned to 1 GiB: 0x0
 *   mapped 16 KiB at 0x0 to 0x84000000; the display reads "hello"
 *   unmapped: the display's DMA is aborted
 *   0x8f000000 is required: attaching the display is refused
 */
#include <string.h>

#include "example.h"

#define SPLASH 0x8f000000u

static void show(iovp_domain *m, const char *when, bool pages)
{
    iovp_window w[8];
    iovp_window_info info = IOVP_WINDOW_INFO_INIT;
    size_t n = 8;

    for (size_t i = 0; i < n; i++)
        w[i].size = sizeof(w[i]);
    MUST(iovp_domain_windows(m, w, &n, &info));
    printf("%s:", when);
    for (size_t i = 0; i < n; i++)
        printf("%s 0x%llx..0x%llx", i == 2 ? "\n                 " : "",
               (unsigned long long)w[i].first, (unsigned long long)w[i].last);
    printf("\n");
    if (!pages)
        return;
    printf("pages of");
    for (int i = 0; i < 64; i++)
        if (info.page_sizes >> i & 1)
            printf("%s %d %s", info.page_sizes & ((1ull << i) - 1) ? "," : "",
                   1 << i % 10,
                   i < 20   ? "KiB"
                   : i < 30 ? "MiB"
                            : "GiB");
    printf("\n");
}

/* Outside of the windows, as nobody but the display is to use it. */
static void see_splash(iovp_platform *p, iovp_device *display)
{
    char text[8] = "";

    MUST(iovp_mem_write(p, SPLASH, "splash", 7));
    MUST(iovp_dma_read(display, IOVP_NO_PASID, SPLASH, text, 7, NULL, NULL));
    printf("the display %s the splash screen at 0x%x\n",
           strcmp(text, "splash") ? "has lost" : "still reads", SPLASH);
}

static void use(iovp_platform *p, iovp_domain *m, iovp_device *display)
{
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint64_t room, iova, bytes;
    char text[8];

    MUST(iovp_domain_reserve(m, 64 << 20, 1 << 30, &room));
    printf("64 MiB aligned to 1 GiB: 0x%llx\n", (unsigned long long)room);
    iova = room;
    MUST(iovp_domain_map(m, IOVP_MAP_FIXED, &iova, EXAMPLE_DATA, 0x4000,
                         IOVP_RIGHT_UR | IOVP_RIGHT_PR));
    MUST(iovp_mem_write(p, EXAMPLE_DATA, "hello", 6));
    MUST(iovp_dma_read(display, IOVP_NO_PASID, iova, text, 6, NULL, NULL));
    printf("mapped 16 KiB at 0x%llx to 0x%x; the display reads \"%s\"\n",
           (unsigned long long)iova, EXAMPLE_DATA, text);
    MUST(iovp_domain_unmap(m, 0, UINT64_MAX, &bytes));
    MUST(iovp_dma_read(display, IOVP_NO_PASID, iova, text, 6, NULL, &r));
    printf("unmapped: the display's DMA is %s\n",
           r.status == IOVP_DMA_ABORT ? "aborted" : "not aborted");
}

int main(int argc, char **argv)
{
    iovp_platform *p = example_open(argc, argv);
    iovp_device *display = example_device(p, "display@a020000");
    iovp_domain_config config = IOVP_DOMAIN_CONFIG_INIT;
    iovp_window want = IOVP_WINDOW_INIT;
    iovp_context *c;
    iovp_domain *m;
    iovp_status st;

    MUST(iovp_memory_donate(p, EXAMPLE_TABLES, EXAMPLE_TABLES_BYTES));
    MUST(iovp_context_create(&c, p, NULL));
    config.stage = IOVP_STAGE_1;
    MUST(iovp_domain_create(&m, c, &config));
    show(m, "domain alone", true);
    MUST(iovp_domain_attach(m, display, IOVP_NO_PASID));
    show(m, "with the display", false);
    see_splash(p, display);
    use(p, m, display);
    MUST(iovp_domain_detach(m, display, IOVP_NO_PASID));
    want.first = SPLASH;
    want.last = 0x8f000fff;
    MUST(iovp_domain_require(m, &want, 1));
    st = iovp_domain_attach(m, display, IOVP_NO_PASID);
    printf("0x8f000000 is required: attaching the display is %s\n",
           st == IOVP_E_RANGE ? "refused" : "possible");
    iovp_platform_destroy(p);
    return st == IOVP_E_RANGE ? 0 : 1;
}
