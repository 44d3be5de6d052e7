/* SPDX-License-Identifier: MIT */
/* The names of commands and events, as 4.1.1 and 7.3 write them. */
#include "shim.h"
#include "smmu_fixture.h"

TEST_CASE(Names, Commands)
{
    unsigned named = 0;

    CHECK_STR(smmuv3_command_name(0x01), "CMD_PREFETCH_CONFIG");
    CHECK_STR(smmuv3_command_name(0x02), "CMD_PREFETCH_ADDR");
    CHECK_STR(smmuv3_command_name(0x03), "CMD_CFGI_STE");
    CHECK_STR(smmuv3_command_name(0x04), "CMD_CFGI_STE_RANGE");
    CHECK_STR(smmuv3_command_name(0x05), "CMD_CFGI_CD");
    CHECK_STR(smmuv3_command_name(0x06), "CMD_CFGI_CD_ALL");
    CHECK_STR(smmuv3_command_name(0x07), "CMD_CFGI_VMS_PIDM");
    CHECK_STR(smmuv3_command_name(0x10), "CMD_TLBI_NH_ALL");
    CHECK_STR(smmuv3_command_name(0x11), "CMD_TLBI_NH_ASID");
    CHECK_STR(smmuv3_command_name(0x12), "CMD_TLBI_NH_VA");
    CHECK_STR(smmuv3_command_name(0x13), "CMD_TLBI_NH_VAA");
    CHECK_STR(smmuv3_command_name(0x18), "CMD_TLBI_EL3_ALL");
    CHECK_STR(smmuv3_command_name(0x1a), "CMD_TLBI_EL3_VA");
    CHECK_STR(smmuv3_command_name(0x20), "CMD_TLBI_EL2_ALL");
    CHECK_STR(smmuv3_command_name(0x21), "CMD_TLBI_EL2_ASID");
    CHECK_STR(smmuv3_command_name(0x22), "CMD_TLBI_EL2_VA");
    CHECK_STR(smmuv3_command_name(0x23), "CMD_TLBI_EL2_VAA");
    CHECK_STR(smmuv3_command_name(0x28), "CMD_TLBI_S12_VMALL");
    CHECK_STR(smmuv3_command_name(0x2a), "CMD_TLBI_S2_IPA");
    CHECK_STR(smmuv3_command_name(0x30), "CMD_TLBI_NSNH_ALL");
    CHECK_STR(smmuv3_command_name(0x40), "CMD_ATC_INV");
    CHECK_STR(smmuv3_command_name(0x41), "CMD_PRI_RESP");
    CHECK_STR(smmuv3_command_name(0x44), "CMD_RESUME");
    CHECK_STR(smmuv3_command_name(0x45), "CMD_STALL_TERM");
    CHECK_STR(smmuv3_command_name(0x46), "CMD_SYNC");
    CHECK_STR(smmuv3_command_name(0x50), "CMD_TLBI_S_EL2_ALL");
    CHECK_STR(smmuv3_command_name(0x51), "CMD_TLBI_S_EL2_ASID");
    CHECK_STR(smmuv3_command_name(0x52), "CMD_TLBI_S_EL2_VA");
    CHECK_STR(smmuv3_command_name(0x53), "CMD_TLBI_S_EL2_VAA");
    CHECK_STR(smmuv3_command_name(0x58), "CMD_TLBI_S_S12_VMALL");
    CHECK_STR(smmuv3_command_name(0x5a), "CMD_TLBI_S_S2_IPA");
    CHECK_STR(smmuv3_command_name(0x60), "CMD_TLBI_SNH_ALL");
    CHECK_STR(smmuv3_command_name(0x70), "CMD_DPTI_ALL");
    CHECK_STR(smmuv3_command_name(0x73), "CMD_DPTI_PA");
    for (unsigned op = 0; op < 256; op++)
        named += smmuv3_command_name((uint8_t)op) != NULL;
    CHECK_EQ(named, 34);
}

TEST_CASE(Names, Events)
{
    unsigned named = 0;

    CHECK_STR(smmuv3_event_name(0x01), "F_UUT");
    CHECK_STR(smmuv3_event_name(0x02), "C_BAD_STREAMID");
    CHECK_STR(smmuv3_event_name(0x03), "F_STE_FETCH");
    CHECK_STR(smmuv3_event_name(0x04), "C_BAD_STE");
    CHECK_STR(smmuv3_event_name(0x05), "F_BAD_ATS_TREQ");
    CHECK_STR(smmuv3_event_name(0x06), "F_STREAM_DISABLED");
    CHECK_STR(smmuv3_event_name(0x07), "F_TRANSL_FORBIDDEN");
    CHECK_STR(smmuv3_event_name(0x08), "C_BAD_SUBSTREAMID");
    CHECK_STR(smmuv3_event_name(0x09), "F_CD_FETCH");
    CHECK_STR(smmuv3_event_name(0x0a), "C_BAD_CD");
    CHECK_STR(smmuv3_event_name(0x0b), "F_WALK_EABT");
    CHECK_STR(smmuv3_event_name(0x10), "F_TRANSLATION");
    CHECK_STR(smmuv3_event_name(0x11), "F_ADDR_SIZE");
    CHECK_STR(smmuv3_event_name(0x12), "F_ACCESS");
    CHECK_STR(smmuv3_event_name(0x13), "F_PERMISSION");
    CHECK_STR(smmuv3_event_name(0x20), "F_TLB_CONFLICT");
    CHECK_STR(smmuv3_event_name(0x21), "F_CFG_CONFLICT");
    CHECK_STR(smmuv3_event_name(0x24), "E_PAGE_REQUEST");
    CHECK_STR(smmuv3_event_name(0x25), "F_VMS_FETCH");
    for (unsigned t = 0; t < 256; t++)
        named += smmuv3_event_name((uint8_t)t) != NULL;
    CHECK_EQ(named, 19);
}
