/* SPDX-License-Identifier: MIT */
/* iovp explain: why a feature is off for a DMA master. */
#include "cmd_pcie.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: iovp explain FILE DEVICE [FEATURE] [options]\n"
    "\n"
    "Say which features work for a DMA master, and why the others do not.  "
    "The\n"
    "SoC is brought up first, as iovp run does it.  A feature works if all of\n"
    "its conditions are met; with FEATURE they are printed, in the order in\n"
    "which hardware and drivers meet them: what the device tree says, what "
    "the\n"
    "IOMMU has, how it is programmed.\n"
    "\n"
    "  ok       the condition is met\n"
    "  FAILS    it is not; repair the first of these first\n"
    "  unknown  it cannot be looked at, because an earlier one fails\n"
    "\n"
    "FEATURE is one of\n"
    "  translation  its DMA is translated at all\n"
    "  nested       two stages of translation\n"
    "  pasid        several address spaces, told apart by PASIDs\n"
    "  stall        page faults, recovered by stalling the DMA\n"
    "  ats          the endpoint caches translations (PCI Express)\n"
    "  pri          page faults, recovered by page requests (PCI Express)\n"
    "  sva          PASIDs whose page tables are those of processes\n"
    "\n"
    "  -b, --bare   as it is after reset: no driver has touched it\n"
    "  -j, --json\n"
    "  -h, --help\n"
    "\n"
    "Examples:\n"
    "  iovp explain platforms/arm-soc.dts npu@13010000\n"
    "  iovp explain platforms/arm-soc.dts npu@13010000 stall\n"
    "  iovp explain platforms/arm-soc.dts isp@13030000 sva --bare\n"
    "  iovp explain platforms/arm-pcie.dts accelerator@0,0\n"
    "\n"
    "iovp dt FILE lists the DMA masters.  The exit status is 0 whether or not\n"
    "a feature works.\n";

static const char *const features[] = {
    [IOVP_FEATURE_TRANSLATION] = "translation",
    [IOVP_FEATURE_NESTED] = "nested",
    [IOVP_FEATURE_PASID] = "pasid",
    [IOVP_FEATURE_STALL] = "stall",
    [IOVP_FEATURE_ATS] = "ats",
    [IOVP_FEATURE_PRI] = "pri",
    [IOVP_FEATURE_SVA] = "sva",
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

/* What is printed: all features, or the conditions of one. */
struct job {
    const char *device;
    uint32_t feature; /* FEATURES: all */
    bool bare, json;
};

struct conditions {
    iovp_condition *c;
    size_t count;
};

static iovp_status get(iovp_device *d, uint32_t feature, struct conditions *out)
{
    out->c = NULL;
    out->count = 0;
    iovp_explain(d, feature, NULL, &out->count);
    out->c = calloc(out->count ? out->count : 1, sizeof(*out->c));
    if (!out->c)
        return IOVP_E_NOMEM;
    for (size_t i = 0; i < out->count; i++)
        out->c[i].size = sizeof(*out->c);
    return iovp_explain(d, feature, out->c, &out->count);
}

/* The first condition that fails, NULL: the feature works. */
static const iovp_condition *first(const struct conditions *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->c[i].state == IOVP_CONDITION_FAILS)
            return &s->c[i];
    return NULL;
}

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {"ok", "FAILS", "unknown"};

    return state < 3 ? names[state] : "?";
}

static void print_conditions(const struct conditions *s)
{
    int width = 5;

    for (size_t i = 0; i < s->count; i++)
        if ((int)strlen(s->c[i].where) > width)
            width = (int)strlen(s->c[i].where);
    printf("%-7s  %-*s  what\n", "state", width, "where");
    for (size_t i = 0; i < s->count; i++)
        printf("%-7s  %-*s  %s\n", state_name(s->c[i].state), width,
               s->c[i].where, s->c[i].what);
}

static void json_conditions(struct cmd_json *j, const struct conditions *s)
{
    const iovp_condition *why = first(s);

    cmd_json_string(j, "first_failure", why ? why->where : NULL);
    cmd_json_open(j, "conditions", '[');
    for (size_t i = 0; i < s->count; i++) {
        cmd_json_open(j, NULL, '{');
        cmd_json_string(j, "state", state_name(s->c[i].state));
        cmd_json_string(j, "where", s->c[i].where);
        cmd_json_string(j, "what", s->c[i].what);
        cmd_json_close(j, '}');
    }
    cmd_json_close(j, ']');
}

static void print_feature(const struct job *k, uint32_t feature,
                          const struct conditions *s, struct cmd_json *j)
{
    const iovp_condition *why = first(s);

    if (k->json) {
        cmd_json_open(j, features[feature], '{');
        json_conditions(j, s);
        cmd_json_close(j, '}');
    } else if (k->feature == FEATURES) {
        printf("%-11s  %s%s%s%s\n", features[feature], why ? "no   " : "works",
               why ? why->where : "", why ? ": " : "", why ? why->what : "");
    } else {
        print_conditions(s);
        printf("\n%s: %s%s%s\n", k->device, features[feature],
               why ? " does not work: see " : " works", why ? why->where : "");
    }
}

static int explain(const struct job *k, iovp_device *d)
{
    bool all = k->feature == FEATURES;
    uint32_t f = all ? 0 : k->feature;
    uint32_t end = all ? (uint32_t)FEATURES : k->feature + 1;
    struct cmd_json j = {.f = stdout};
    iovp_status st = IOVP_OK;

    if (k->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_string(&j, "device", k->device);
        cmd_json_open(&j, "features", '{');
    }
    for (; st == IOVP_OK && f < end; f++) {
        struct conditions s;

        st = get(d, f, &s);
        if (st == IOVP_OK)
            print_feature(k, f, &s, &j);
        free(s.c);
    }
    if (k->json) {
        cmd_json_close(&j, '}');
        cmd_json_close(&j, '}');
    }
    return st == IOVP_OK ? CMD_OK : cmd_api_error(k->device, st);
}

/* As run does, but for the DMA. */
static int bring_up(struct cmd_soc *s, struct cmd_pcie *pcie)
{
    int rc = cmd_soc_bring_up(s);

    if (!rc)
        rc = cmd_pcie_open(pcie, s);
    for (size_t i = 0; !rc && i < pcie->fns; i++)
        rc = cmd_pcie_attach(pcie, &pcie->fn[i]);
    return rc;
}

static int run(const struct job *k, const char *file)
{
    struct cmd_pcie pcie = {0};
    iovp_device *d = NULL;
    struct cmd_soc s;
    int rc = cmd_soc_open(&s, file, IOVP_MODE_FUNCTIONAL);

    if (!rc && iovp_device_find(s.platform, k->device, &d) != IOVP_OK) {
        cmd_error("%s has no DMA master '%s'; iovp dt %s lists them", file,
                  k->device, file);
        rc = CMD_FAIL;
    }
    if (!rc && !k->bare)
        rc = bring_up(&s, &pcie);
    if (!rc)
        rc = explain(k, d);
    cmd_pcie_close(&pcie);
    cmd_soc_close(&s);
    return cmd_finish_output() ? CMD_FAIL : rc;
}

static int find_feature(const char *name, uint32_t *feature)
{
    for (*feature = 0; *feature < FEATURES; ++*feature)
        if (!strcmp(features[*feature], name))
            return CMD_OK;
    cmd_error("there is no feature '%s'; there are: translation, nested, "
              "pasid, stall, ats, pri and sva",
              name);
    return CMD_USAGE;
}

static int arguments(int argc, char **argv, struct job *k)
{
    int n = argc - optind;

    if (n < 2) {
        cmd_error("say a device tree and a DMA master; see iovp explain "
                  "--help");
        return CMD_USAGE;
    }
    if (n > 3) {
        cmd_error("one feature only, or none for all; see iovp explain "
                  "--help");
        return CMD_USAGE;
    }
    k->device = argv[optind + 1];
    return n == 3 ? find_feature(argv[optind + 2], &k->feature) : CMD_OK;
}

int cmd_explain(int argc, char **argv)
{
    static const struct option options[] = {
        {"bare", no_argument, NULL, 'b'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct job k = {.feature = FEATURES};
    int c, rc;

    while ((c = getopt_long(argc, argv, ":bjh", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(help, stdout);
            return cmd_finish_output();
        }
        if (c == 'b')
            k.bare = true;
        else if (c == 'j')
            k.json = true;
        else
            return cmd_bad_option(c, argv);
    }
    rc = arguments(argc, argv, &k);
    return rc ? rc : run(&k, argv[optind]);
}
