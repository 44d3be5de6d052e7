/* SPDX-License-Identifier: MIT */
/*
 * Configuration space: offsets and fields, as PCI Express Base Specification
 * chapter 7 names them.  A register's fields stand below its offset.
 * Capability registers are relative to the capability.
 */
#ifndef PCIE_REGS_H
#define PCIE_REGS_H

#define PCIE_CONFIG_SIZE    0x1000u
#define PCIE_STANDARD_FIRST 0x40u /* where standard capabilities may be */
#define PCIE_STANDARD_END   0x100u
#define PCIE_EXTENDED_FIRST 0x100u

/* ---- common header (7.5.1.1) ------------------------------------------- */
#define PCIE_VENDOR_ID                    0x00
#define PCIE_DEVICE_ID                    0x02
#define PCIE_COMMAND                      0x04
#define PCIE_COMMAND_IO_SPACE             (1u << 0)
#define PCIE_COMMAND_MEMORY_SPACE         (1u << 1)
#define PCIE_COMMAND_BUS_MASTER           (1u << 2)
#define PCIE_COMMAND_PARITY_RESPONSE      (1u << 6)
#define PCIE_COMMAND_SERR_ENABLE          (1u << 8)
#define PCIE_COMMAND_INTERRUPT_DISABLE    (1u << 10)
#define PCIE_STATUS                       0x06
#define PCIE_STATUS_INTERRUPT             (1u << 3)
#define PCIE_STATUS_CAPABILITIES_LIST     (1u << 4)
#define PCIE_STATUS_MASTER_DATA_PARITY    (1u << 8)
#define PCIE_STATUS_SIGNALED_TARGET_ABORT (1u << 11)
#define PCIE_STATUS_RECEIVED_TARGET_ABORT (1u << 12)
#define PCIE_STATUS_RECEIVED_MASTER_ABORT (1u << 13)
#define PCIE_STATUS_SIGNALED_SYSTEM_ERROR (1u << 14)
#define PCIE_STATUS_RECEIVED_SYSTEM_ERROR (1u << 14) /* Secondary Status */
#define PCIE_STATUS_DETECTED_PARITY_ERROR (1u << 15)
#define PCIE_REVISION_ID                  0x08
#define PCIE_CLASS_CODE                   0x09 /* three bytes */
#define PCIE_CACHE_LINE_SIZE              0x0c
#define PCIE_HEADER_TYPE                  0x0e
#define PCIE_HEADER_TYPE_1                0x01u
#define PCIE_HEADER_TYPE_MULTI_FUNCTION   0x80u
#define PCIE_BASE_ADDRESS                 0x10
#define PCIE_BAR_IO_SPACE                 (1u << 0)
#define PCIE_BAR_TYPE_64                  (2u << 1)
#define PCIE_BAR_PREFETCHABLE             (1u << 3)
#define PCIE_CAPABILITIES_POINTER         0x34
#define PCIE_INTERRUPT_LINE               0x3c
#define PCIE_INTERRUPT_PIN                0x3d

/* ---- type 0 (7.5.1.2) --------------------------------------------------- */
#define PCIE_SUBSYSTEM_VENDOR_ID  0x2c
#define PCIE_SUBSYSTEM_ID         0x2e
#define PCIE_EXPANSION_ROM_0      0x30
#define PCIE_EXPANSION_ROM_ENABLE (1u << 0)

/* ---- type 1 (7.5.1.3) --------------------------------------------------- */
#define PCIE_PRIMARY_BUS                        0x18
#define PCIE_SECONDARY_BUS                      0x19
#define PCIE_SUBORDINATE_BUS                    0x1a
#define PCIE_IO_BASE                            0x1c
#define PCIE_IO_LIMIT                           0x1d
#define PCIE_IO_32BIT                           0x1u
#define PCIE_SECONDARY_STATUS                   0x1e
#define PCIE_MEMORY_BASE                        0x20
#define PCIE_MEMORY_LIMIT                       0x22
#define PCIE_PREFETCHABLE_BASE                  0x24
#define PCIE_PREFETCHABLE_LIMIT                 0x26
#define PCIE_PREFETCHABLE_64BIT                 0x1u
#define PCIE_PREFETCHABLE_BASE_UPPER            0x28
#define PCIE_PREFETCHABLE_LIMIT_UPPER           0x2c
#define PCIE_IO_BASE_UPPER                      0x30
#define PCIE_IO_LIMIT_UPPER                     0x32
#define PCIE_EXPANSION_ROM_1                    0x38
#define PCIE_BRIDGE_CONTROL                     0x3e
#define PCIE_BRIDGE_CONTROL_PARITY_RESPONSE     (1u << 0)
#define PCIE_BRIDGE_CONTROL_SERR_ENABLE         (1u << 1)
#define PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET (1u << 6)

/* ---- standard capabilities ---------------------------------------------- */
#define PCIE_ID_PM   0x01
#define PCIE_ID_MSI  0x05
#define PCIE_ID_EXP  0x10
#define PCIE_ID_MSIX 0x11

/* Power Management (7.5.2) */
#define PCIE_PMC                 0x02
#define PCIE_PMC_VERSION_3       3u
#define PCIE_PMCSR               0x04
#define PCIE_PMCSR_POWER_STATE   3u
#define PCIE_PMCSR_NO_SOFT_RESET (1u << 3)
#define PCIE_D0                  0u
#define PCIE_D3HOT               3u
#define PCIE_PM_SIZE             8u

/* PCI Express (7.5.3) */
#define PCIE_EXP_CAPABILITIES           0x02
#define PCIE_EXP_VERSION_2              2u
#define PCIE_EXP_TYPE_SHIFT             4
#define PCIE_EXP_TYPE_ENDPOINT          0x0u
#define PCIE_EXP_TYPE_ROOT_PORT         0x4u
#define PCIE_EXP_TYPE_UPSTREAM          0x5u
#define PCIE_EXP_TYPE_DOWNSTREAM        0x6u
#define PCIE_EXP_TYPE_RCIEP             0x9u
#define PCIE_EXP_MESSAGE_SHIFT          9
#define PCIE_DEVCAP                     0x04
#define PCIE_DEVCAP_EXTENDED_TAG        (1u << 5)
#define PCIE_DEVCAP_ROLE_BASED          (1u << 15)
#define PCIE_DEVCAP_FLR                 (1u << 28)
#define PCIE_DEVCTL                     0x08
#define PCIE_DEVCTL_CORRECTABLE         (1u << 0)
#define PCIE_DEVCTL_NON_FATAL           (1u << 1)
#define PCIE_DEVCTL_FATAL               (1u << 2)
#define PCIE_DEVCTL_UR                  (1u << 3)
#define PCIE_DEVCTL_RELAXED             (1u << 4)
#define PCIE_DEVCTL_MPS_SHIFT           5
#define PCIE_DEVCTL_MPS                 (7u << PCIE_DEVCTL_MPS_SHIFT)
#define PCIE_DEVCTL_EXTENDED_TAG        (1u << 8)
#define PCIE_DEVCTL_NO_SNOOP            (1u << 11)
#define PCIE_DEVCTL_MRRS_SHIFT          12
#define PCIE_DEVCTL_MRRS                (7u << PCIE_DEVCTL_MRRS_SHIFT)
#define PCIE_DEVCTL_INITIATE_FLR        (1u << 15)
#define PCIE_DEVSTA                     0x0a
#define PCIE_DEVSTA_CORRECTABLE         (1u << 0)
#define PCIE_DEVSTA_NON_FATAL           (1u << 1)
#define PCIE_DEVSTA_FATAL               (1u << 2)
#define PCIE_DEVSTA_UR                  (1u << 3)
#define PCIE_LNKCAP                     0x0c
#define PCIE_LNKCAP_WIDTH_SHIFT         4
#define PCIE_LNKCAP_SURPRISE_DOWN       (1u << 19)
#define PCIE_LNKCAP_DLL_REPORTING       (1u << 20)
#define PCIE_LNKCAP_ASPM_COMPLIANCE     (1u << 22)
#define PCIE_LNKCAP_PORT_SHIFT          24
#define PCIE_LNKCTL                     0x10
#define PCIE_LNKCTL_DISABLE             (1u << 4)
#define PCIE_LNKSTA                     0x12
#define PCIE_LNKSTA_DLL_ACTIVE          (1u << 13)
#define PCIE_RTCTL                      0x1c
#define PCIE_RTCTL_CORRECTABLE          (1u << 0)
#define PCIE_RTCTL_NON_FATAL            (1u << 1)
#define PCIE_RTCTL_FATAL                (1u << 2)
#define PCIE_RTCTL_PME                  (1u << 3)
#define PCIE_RTSTA                      0x20
#define PCIE_DEVCAP2                    0x24
#define PCIE_DEVCAP2_TIMEOUT_DISABLE    (1u << 4)
#define PCIE_DEVCAP2_ARI_FORWARDING     (1u << 5)
#define PCIE_DEVCAP2_ATOMIC_ROUTING     (1u << 6)
#define PCIE_DEVCAP2_ATOMIC_COMPLETER32 (1u << 7)
#define PCIE_DEVCAP2_ATOMIC_COMPLETER64 (1u << 8)
#define PCIE_DEVCAP2_EXTENDED_FMT       (1u << 20)
#define PCIE_DEVCAP2_EE_PREFIX          (1u << 21)
#define PCIE_DEVCAP2_MAX_PREFIXES_SHIFT 22
#define PCIE_DEVCTL2                    0x28
#define PCIE_DEVCTL2_TIMEOUT_DISABLE    (1u << 4)
#define PCIE_DEVCTL2_ARI_FORWARDING     (1u << 5)
#define PCIE_DEVCTL2_ATOMIC_REQUESTER   (1u << 6)
#define PCIE_DEVCTL2_ATOMIC_BLOCKING    (1u << 7)
#define PCIE_DEVCTL2_IDO_REQUEST        (1u << 8)
#define PCIE_DEVCTL2_IDO_COMPLETION     (1u << 9)
#define PCIE_LNKCAP2                    0x2c
#define PCIE_LNKCTL2                    0x30
#define PCIE_EXP_SIZE                   0x3cu

/* MSI (7.7.1), with a 64-bit address */
#define PCIE_MSI_CONTROL        0x02
#define PCIE_MSI_ENABLE         (1u << 0)
#define PCIE_MSI_CAPABLE_SHIFT  1
#define PCIE_MSI_MULTIPLE_SHIFT 4
#define PCIE_MSI_MULTIPLE       (7u << PCIE_MSI_MULTIPLE_SHIFT)
#define PCIE_MSI_64BIT          (1u << 7)
#define PCIE_MSI_VECTOR_MASKING (1u << 8)
#define PCIE_MSI_ADDRESS        0x04
#define PCIE_MSI_ADDRESS_UPPER  0x08
#define PCIE_MSI_DATA           0x0c
#define PCIE_MSI_MASK           0x10
#define PCIE_MSI_PENDING        0x14
#define PCIE_MSI_SIZE           0x18u

/* MSI-X (7.7.2) */
#define PCIE_MSIX_CONTROL       0x02
#define PCIE_MSIX_FUNCTION_MASK (1u << 14)
#define PCIE_MSIX_ENABLE        (1u << 15)
#define PCIE_MSIX_TABLE         0x04
#define PCIE_MSIX_PBA           0x08
#define PCIE_MSIX_SIZE          0x0cu
#define PCIE_MSIX_ENTRY         16u /* bytes of a table entry */
#define PCIE_MSIX_ENTRY_UPPER   4u
#define PCIE_MSIX_ENTRY_DATA    8u
#define PCIE_MSIX_ENTRY_CONTROL 12u
#define PCIE_MSIX_ENTRY_MASK    (1u << 0)

/* ---- extended capabilities ---------------------------------------------- */
#define PCIE_EXT_AER   0x0001
#define PCIE_EXT_DSN   0x0003
#define PCIE_EXT_ACS   0x000d
#define PCIE_EXT_ARI   0x000e
#define PCIE_EXT_ATS   0x000f
#define PCIE_EXT_SRIOV 0x0010
#define PCIE_EXT_PRI   0x0013
#define PCIE_EXT_PASID 0x001b
#define PCIE_EXT_DPC   0x001d
#define PCIE_EXT_DVSEC 0x0023

/* Advanced Error Reporting (7.8.4) */
#define PCIE_AER_UNCOR_STATUS           0x04
#define PCIE_AER_UNCOR_MASK             0x08
#define PCIE_AER_UNCOR_SEVERITY         0x0c
#define PCIE_UNCOR_DLP                  4 /* bit numbers */
#define PCIE_UNCOR_SURPRISE_DOWN        5
#define PCIE_UNCOR_POISONED             12
#define PCIE_UNCOR_FCP                  13
#define PCIE_UNCOR_TIMEOUT              14
#define PCIE_UNCOR_CA                   15
#define PCIE_UNCOR_UNEXPECTED           16
#define PCIE_UNCOR_OVERFLOW             17
#define PCIE_UNCOR_MALFORMED            18
#define PCIE_UNCOR_ECRC                 19
#define PCIE_UNCOR_UR                   20
#define PCIE_UNCOR_ACS                  21
#define PCIE_UNCOR_INTERNAL             22
#define PCIE_UNCOR_MULTICAST            23
#define PCIE_UNCOR_ATOMIC_EGRESS        24
#define PCIE_UNCOR_PREFIX_EGRESS        25
#define PCIE_UNCOR_POISONED_EGRESS      26
#define PCIE_UNCOR_ALL                  0x07fff030u /* the bits above */
#define PCIE_UNCOR_FATAL                0x00462030u /* Severity's default */
#define PCIE_UNCOR_MASKED               0x04400000u /* Mask's default */
#define PCIE_AER_COR_STATUS             0x10
#define PCIE_AER_COR_MASK               0x14
#define PCIE_COR_RECEIVER               0
#define PCIE_COR_BAD_TLP                6
#define PCIE_COR_BAD_DLLP               7
#define PCIE_COR_REPLAY_ROLLOVER        8
#define PCIE_COR_REPLAY_TIMEOUT         12
#define PCIE_COR_ADVISORY               13
#define PCIE_COR_INTERNAL               14
#define PCIE_COR_HEADER_OVERFLOW        15
#define PCIE_COR_ALL                    0x0000f1c1u
#define PCIE_COR_MASKED                 0x0000e000u /* Mask's default */
#define PCIE_AER_CONTROL                0x18
#define PCIE_AER_FIRST_ERROR            0x1fu
#define PCIE_AER_PREFIX_PRESENT         (1u << 11)
#define PCIE_AER_HEADER_LOG             0x1c
#define PCIE_AER_ROOT_COMMAND           0x2c
#define PCIE_ROOT_COMMAND_CORRECTABLE   (1u << 0)
#define PCIE_ROOT_COMMAND_NON_FATAL     (1u << 1)
#define PCIE_ROOT_COMMAND_FATAL         (1u << 2)
#define PCIE_AER_ROOT_STATUS            0x30
#define PCIE_ROOT_STATUS_COR            (1u << 0)
#define PCIE_ROOT_STATUS_COR_MULTIPLE   (1u << 1)
#define PCIE_ROOT_STATUS_UNCOR          (1u << 2)
#define PCIE_ROOT_STATUS_UNCOR_MULTIPLE (1u << 3)
#define PCIE_ROOT_STATUS_FIRST_FATAL    (1u << 4)
#define PCIE_ROOT_STATUS_NON_FATAL      (1u << 5)
#define PCIE_ROOT_STATUS_FATAL          (1u << 6)
#define PCIE_ROOT_STATUS_MESSAGE_SHIFT  27
#define PCIE_AER_SOURCE_COR             0x34
#define PCIE_AER_SOURCE_UNCOR           0x36
#define PCIE_AER_PREFIX_LOG             0x38
#define PCIE_AER_SIZE                   0x48u

/* Access Control Services (7.7.8), capability and control alike */
#define PCIE_ACS_CAPABILITY 0x04
#define PCIE_ACS_CONTROL    0x06
#define PCIE_ACS_SV         (1u << 0) /* Source Validation */
#define PCIE_ACS_TB         (1u << 1) /* Translation Blocking */
#define PCIE_ACS_RR         (1u << 2) /* P2P Request Redirect */
#define PCIE_ACS_CR         (1u << 3) /* P2P Completion Redirect */
#define PCIE_ACS_UF         (1u << 4) /* Upstream Forwarding */
#define PCIE_ACS_EC         (1u << 5) /* P2P Egress Control */
#define PCIE_ACS_DT         (1u << 6) /* Direct Translated P2P */
#define PCIE_ACS_SIZE       8u

/* Alternative Routing-ID Interpretation (7.8.7) */
#define PCIE_ARI_CAPABILITY 0x04
#define PCIE_ARI_NEXT_SHIFT 8
#define PCIE_ARI_CONTROL    0x06
#define PCIE_ARI_SIZE       8u

/* Address Translation Services (10.5.1) */
#define PCIE_ATS_CAPABILITY        0x04
#define PCIE_ATS_PAGE_ALIGNED      (1u << 5)
#define PCIE_ATS_GLOBAL_INVALIDATE (1u << 6)
#define PCIE_ATS_CONTROL           0x06
#define PCIE_ATS_STU               0x1fu
#define PCIE_ATS_ENABLE            (1u << 15)
#define PCIE_ATS_SIZE              8u

/* Page Request Interface (10.5.2) */
#define PCIE_PRI_CONTROL          0x04
#define PCIE_PRI_ENABLE           (1u << 0)
#define PCIE_PRI_RESET            (1u << 1)
#define PCIE_PRI_STATUS           0x06
#define PCIE_PRI_RESPONSE_FAILURE (1u << 0)
#define PCIE_PRI_UNEXPECTED_PRGI  (1u << 1)
#define PCIE_PRI_STOPPED          (1u << 8)
#define PCIE_PRI_PASID_REQUIRED   (1u << 15)
#define PCIE_PRI_CAPACITY         0x08
#define PCIE_PRI_ALLOCATION       0x0c
#define PCIE_PRI_SIZE             0x10u

/* Process Address Space ID (7.8.8) */
#define PCIE_PASID_CAPABILITY  0x04
#define PCIE_PASID_WIDTH_SHIFT 8
#define PCIE_PASID_CONTROL     0x06
#define PCIE_PASID_ENABLE      (1u << 0) /* control only */
#define PCIE_PASID_EXECUTE     (1u << 1)
#define PCIE_PASID_PRIVILEGED  (1u << 2)
#define PCIE_PASID_SIZE        8u

/* Single Root I/O Virtualization (9.3.3) */
#define PCIE_SRIOV_CAPABILITY      0x04
#define PCIE_SRIOV_CONTROL         0x08
#define PCIE_SRIOV_VF_ENABLE       (1u << 0)
#define PCIE_SRIOV_VF_MEMORY_SPACE (1u << 3)
#define PCIE_SRIOV_ARI_HIERARCHY   (1u << 4)
#define PCIE_SRIOV_STATUS          0x0a
#define PCIE_SRIOV_INITIAL_VFS     0x0c
#define PCIE_SRIOV_TOTAL_VFS       0x0e
#define PCIE_SRIOV_NUM_VFS         0x10
#define PCIE_SRIOV_FUNCTION_LINK   0x12
#define PCIE_SRIOV_FIRST_VF_OFFSET 0x14
#define PCIE_SRIOV_VF_STRIDE       0x16
#define PCIE_SRIOV_VF_DEVICE_ID    0x1a
#define PCIE_SRIOV_SUPPORTED_PAGES 0x1c
#define PCIE_SRIOV_PAGES           0x553u /* 4K 8K 64K 256K 1M 4M */
#define PCIE_SRIOV_SYSTEM_PAGE     0x20
#define PCIE_SRIOV_VF_BAR          0x24
#define PCIE_SRIOV_SIZE            0x40u

/* Downstream Port Containment (7.9.15), without Root Port extensions */
#define PCIE_DPC_CAPABILITY        0x04
#define PCIE_DPC_SOFTWARE_TRIGGER  (1u << 7)
#define PCIE_DPC_CONTROL           0x06
#define PCIE_DPC_TRIGGER           0x3u /* which errors */
#define PCIE_DPC_TRIGGER_FATAL     0x1u
#define PCIE_DPC_TRIGGER_NON_FATAL 0x2u /* fatal ones, too */
#define PCIE_DPC_COMPLETION_UR     (1u << 2)
#define PCIE_DPC_INTERRUPT_ENABLE  (1u << 3)
#define PCIE_DPC_ERR_COR_ENABLE    (1u << 4)
#define PCIE_DPC_TRIGGER_NOW       (1u << 6)
#define PCIE_DPC_STATUS            0x08
#define PCIE_DPC_TRIGGERED         (1u << 0)
#define PCIE_DPC_REASON            0x66u     /* with its extension */
#define PCIE_DPC_REASON_ERROR      (0u << 1) /* the port's own */
#define PCIE_DPC_REASON_NON_FATAL  (1u << 1) /* a message from below */
#define PCIE_DPC_REASON_FATAL      (2u << 1)
#define PCIE_DPC_REASON_SOFTWARE   (3u << 1 | 1u << 5)
#define PCIE_DPC_INTERRUPT         (1u << 3)
#define PCIE_DPC_SOURCE            0x0a
#define PCIE_DPC_SIZE              0x0cu

/* Designated Vendor-Specific (7.9.6) */
#define PCIE_DVSEC_HEADER1 0x04
#define PCIE_DVSEC_HEADER2 0x08
#define PCIE_DVSEC_DATA    0x0a

/* ---- message codes (2.2.8) ---------------------------------------------- */
#define PCIE_MSG_INVALIDATE_REQUEST    0x01
#define PCIE_MSG_INVALIDATE_COMPLETION 0x02
#define PCIE_MSG_PAGE_REQUEST          0x04
#define PCIE_MSG_PRG_RESPONSE          0x05
#define PCIE_MSG_ERR_COR               0x30
#define PCIE_MSG_ERR_NONFATAL          0x31
#define PCIE_MSG_ERR_FATAL             0x33

#endif
