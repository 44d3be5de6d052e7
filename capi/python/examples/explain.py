#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Why does a feature not work?  Ask, repair what fails first, ask again.

The program of capi/examples/explain.c, which says what it prints: where the
reason is that a DMA master of platforms/arm-soc.dts has no PASIDs, after each
step of a driver.
"""
import iovp
import smmu
import soc


def why(device, feature, when):
    """Print the first condition that fails; is there one?"""
    conditions = device.explain(feature)
    for found in conditions:
        if found.state == iovp.CONDITION_FAILS:
            print(f"{when:16} {found.where}: {found.what}")
            return True
    print(f"{when:16} works, all {len(conditions)} conditions are met")
    return False


with soc.build("arm-soc.dts") as p:
    npu = p.device("npu@13010000")
    info = npu.info()
    why(npu, iovp.FEATURE_PASID, "after reset:")
    driver = smmu.Smmu(p, info.iommu_base, soc.TABLES)
    why(npu, iovp.FEATURE_PASID, "SMMU enabled:")
    stream = driver.attach(info.stream_id, info.pasid_bits)
    why(npu, iovp.FEATURE_PASID, "stream attached:")
    stream.bind(driver.space(), pasid=1)
    why(npu, iovp.FEATURE_PASID, "PASID 1 bound:")
    # No driver can repair what the device or the hardware is.
    why(npu, iovp.FEATURE_STALL, "stall:")
