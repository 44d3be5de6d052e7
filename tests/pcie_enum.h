/* SPDX-License-Identifier: MIT */
#include "../platforms/cmd_pci_enum.h"
