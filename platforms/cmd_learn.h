/* SPDX-License-Identifier: MIT */
/*
 * Address spaces as a trace shows them, for devices whose drivers do not run in
 * iovp replay: a page is mapped before the first transaction that reached it,
 * and unmapped when it was invalidated, and before one that faulted.  Which
 * memory it is does not matter.  Functional mode only.
 */
#ifndef CMD_LEARN_H
#define CMD_LEARN_H

#include "cmd.h"

#define CMD_LEARN_STREAMS 64u
#define CMD_LEARN_SPACES  256u

struct cmd_learn {
    struct cmd_soc *soc;
    struct cmd_stream stream[CMD_LEARN_STREAMS];
    struct cmd_space space[CMD_LEARN_SPACES];
    size_t streams, spaces;
    uint64_t *page; /* a hash table: space and address, 0: free */
    size_t pages, room;
};

/* Make the tables so that this transaction of that device ends as recorded.
 * Messages are printed. */
int cmd_learn_transaction(struct cmd_learn *l, const iovp_device_info *info,
                          const iovp_record *rec);
/* A command of the recorded driver: what it invalidates is unmapped. */
int cmd_learn_command(struct cmd_learn *l, const iovp_record *rec);
void cmd_learn_close(struct cmd_learn *l);

#endif
