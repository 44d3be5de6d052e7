// SPDX-License-Identifier: MIT
// A SystemC program outside this tree that uses the installed modules.
#include <iovp/models/common/tlm/attrs_extension.h>
#include <iovp/models/pcie/tlm/pcie_module.h>
#include <iovp/models/smmuv3/tlm/smmuv3_module.h>

int sc_main(int, char **)
{
    return 0;
}
