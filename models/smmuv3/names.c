/* SPDX-License-Identifier: MIT */
/* Names as the specification writes them, for traces and messages. */
#include <stddef.h>

#include "smmuv3_internal.h"

#define NAME(x) [x] = #x

static const char *const events[256] = {
    NAME(F_UUT),
    NAME(C_BAD_STREAMID),
    NAME(F_STE_FETCH),
    NAME(C_BAD_STE),
    NAME(F_BAD_ATS_TREQ),
    NAME(F_STREAM_DISABLED),
    NAME(F_TRANSL_FORBIDDEN),
    NAME(C_BAD_SUBSTREAMID),
    NAME(F_CD_FETCH),
    NAME(C_BAD_CD),
    NAME(F_WALK_EABT),
    NAME(F_TRANSLATION),
    NAME(F_ADDR_SIZE),
    NAME(F_ACCESS),
    NAME(F_PERMISSION),
    NAME(F_TLB_CONFLICT),
    NAME(F_CFG_CONFLICT),
    NAME(E_PAGE_REQUEST),
    NAME(F_VMS_FETCH),
};

static const char *const commands[256] = {
    NAME(CMD_PREFETCH_CONFIG),
    NAME(CMD_PREFETCH_ADDR),
    NAME(CMD_CFGI_STE),
    NAME(CMD_CFGI_STE_RANGE),
    NAME(CMD_CFGI_CD),
    NAME(CMD_CFGI_CD_ALL),
    NAME(CMD_CFGI_VMS_PIDM),
    NAME(CMD_TLBI_NH_ALL),
    NAME(CMD_TLBI_NH_ASID),
    NAME(CMD_TLBI_NH_VA),
    NAME(CMD_TLBI_NH_VAA),
    NAME(CMD_TLBI_EL3_ALL),
    NAME(CMD_TLBI_EL3_VA),
    NAME(CMD_TLBI_EL2_ALL),
    NAME(CMD_TLBI_EL2_ASID),
    NAME(CMD_TLBI_EL2_VA),
    NAME(CMD_TLBI_EL2_VAA),
    NAME(CMD_TLBI_S12_VMALL),
    NAME(CMD_TLBI_S2_IPA),
    NAME(CMD_TLBI_NSNH_ALL),
    NAME(CMD_ATC_INV),
    NAME(CMD_PRI_RESP),
    NAME(CMD_RESUME),
    NAME(CMD_STALL_TERM),
    NAME(CMD_SYNC),
    NAME(CMD_TLBI_S_EL2_ALL),
    NAME(CMD_TLBI_S_EL2_ASID),
    NAME(CMD_TLBI_S_EL2_VA),
    NAME(CMD_TLBI_S_EL2_VAA),
    NAME(CMD_TLBI_S_S12_VMALL),
    NAME(CMD_TLBI_S_S2_IPA),
    NAME(CMD_TLBI_SNH_ALL),
    NAME(CMD_DPTI_ALL),
    NAME(CMD_DPTI_PA),
};

const char *smmuv3_event_name(uint8_t type)
{
    return events[type];
}

const char *smmuv3_command_name(uint8_t opcode)
{
    return commands[opcode];
}
