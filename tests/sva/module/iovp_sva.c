// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A driver of "iovp,dma-engine" that lets a process share its address space
 * with the engine: /dev/iovp-sva, see iovp_sva.h.  For Linux 6.1.
 */
#include <linux/fs.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../../models/pcie/endpoints/test_endpoint_regs.h"
#include "iovp_sva.h"

#define LOOK_US 200
#define MOST_US 20000000

struct sva_engine {
    struct device *dev;
    void __iomem *regs;
    struct miscdevice misc;
    struct mutex lock; /* the operation's registers, and sva of files */
    u64 waits;         /* the counter, when the operation began */
};

struct sva_file {
    struct sva_engine *engine;
    struct iommu_sva *sva;
};

/* ---- operations -----------------------------------------------------------
 */

static u32 get(struct sva_engine *e, u32 at)
{
    return readl(e->regs + at);
}

static u64 waits(struct sva_engine *e)
{
    return readq(e->regs + TEP_COUNTERS + 8 * TEP_WAITS);
}

static void start(struct sva_engine *e, const struct iovp_sva_run *r)
{
    u32 cmd = r->op;

    e->waits = waits(e);
    writeq(r->src, e->regs + TEP_SRC);
    writeq(r->dst, e->regs + TEP_DST);
    writeq(r->operand, e->regs + TEP_OPERAND0);
    writel(r->bytes, e->regs + TEP_LEN);
    writel(r->pasid | TEP_PASID_VALID, e->regs + TEP_PASID);
    writel(r->on_fault << TEP_ATTR_FAULT_SHIFT, e->regs + TEP_ATTR);
    if (r->repeat) {
        writeq(r->bytes, e->regs + TEP_LOAD_STRIDE);
        writeq(0, e->regs + TEP_LOAD_SEED);
        writel(r->repeat, e->regs + TEP_LOAD_COUNT);
        writel(0, e->regs + TEP_LOAD_SPAN);
        cmd |= TEP_CMD_LOAD;
    }
    writel(cmd, e->regs + TEP_CMD);
}

static void look(struct sva_engine *e, struct iovp_sva_run *r)
{
    r->status = get(e, TEP_STATUS);
    r->info = get(e, TEP_FAULT_INFO);
    r->fault_addr = readq(e->regs + TEP_FAULT_ADDR);
    r->result = readq(e->regs + TEP_RESULT);
    r->bytes_done = readq(e->regs + TEP_BYTES_DONE);
    r->waits = waits(e) - e->waits;
}

static int await(struct sva_engine *e)
{
    u32 status;
    int rc = read_poll_timeout(get, status, status & TEP_STATUS_DONE, LOOK_US,
                               MOST_US, false, e, TEP_STATUS);

    if (rc)
        writel(TEP_OP_ABORT, e->regs + TEP_CMD);
    return rc;
}

static long operate(struct sva_engine *e, unsigned int request,
                    struct iovp_sva_run __user *user)
{
    struct iovp_sva_run r = {};
    long rc = 0;

    if (request != IOVP_SVA_LOOK) {
        if (copy_from_user(&r, user, sizeof(r)))
            return -EFAULT;
        if (get(e, TEP_STATUS) & TEP_STATUS_BUSY)
            return -EBUSY;
        start(e, &r);
    }
    if (request == IOVP_SVA_RUN)
        rc = await(e);
    look(e, &r);
    if (request != IOVP_SVA_START && copy_to_user(user, &r, sizeof(r)))
        return -EFAULT;
    return rc;
}

/* ---- the file ---------------------------------------------------------------
 */

static long bind(struct sva_file *f, u32 __user *pasid)
{
    struct iommu_sva *sva;

    if (f->sva)
        return -EBUSY;
    sva = iommu_sva_bind_device(f->engine->dev, current->mm, NULL);
    if (IS_ERR(sva))
        return PTR_ERR(sva);
    f->sva = sva;
    return put_user(iommu_sva_get_pasid(sva), pasid);
}

static long unbind(struct sva_file *f)
{
    if (!f->sva)
        return -EINVAL;
    iommu_sva_unbind_device(f->sva);
    f->sva = NULL;
    return 0;
}

static long sva_ioctl(struct file *file, unsigned int request,
                      unsigned long argument)
{
    struct sva_file *f = file->private_data;
    void __user *user = (void __user *)argument;
    long rc = -ENOTTY;

    mutex_lock(&f->engine->lock);
    switch (request) {
    case IOVP_SVA_BIND:
        rc = bind(f, user);
        break;
    case IOVP_SVA_UNBIND:
        rc = unbind(f);
        break;
    case IOVP_SVA_RUN:
    case IOVP_SVA_START:
    case IOVP_SVA_LOOK:
        rc = operate(f->engine, request, user);
        break;
    }
    mutex_unlock(&f->engine->lock);
    return rc;
}

static int sva_open(struct inode *inode, struct file *file)
{
    struct miscdevice *misc = file->private_data;
    struct sva_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

    if (!f)
        return -ENOMEM;
    f->engine = container_of(misc, struct sva_engine, misc);
    file->private_data = f;
    return 0;
}

static int sva_release(struct inode *inode, struct file *file)
{
    struct sva_file *f = file->private_data;

    mutex_lock(&f->engine->lock);
    unbind(f);
    mutex_unlock(&f->engine->lock);
    kfree(f);
    return 0;
}

static const struct file_operations sva_files = {
    .owner = THIS_MODULE,
    .open = sva_open,
    .release = sva_release,
    .unlocked_ioctl = sva_ioctl,
};

/* ---- the device -------------------------------------------------------------
 */

static int enable(struct device *dev)
{
    int rc = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);

    if (rc)
        return dev_err_probe(dev, rc, "no page faults by stall\n");
    rc = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA);
    if (rc) {
        iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
        return dev_err_probe(dev, rc, "no shared virtual addresses\n");
    }
    return 0;
}

static void disable(void *dev)
{
    iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA);
    iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
}

static int sva_probe(struct platform_device *pdev)
{
    struct device *dev = &pdev->dev;
    struct sva_engine *e = devm_kzalloc(dev, sizeof(*e), GFP_KERNEL);
    int rc;

    if (!e)
        return -ENOMEM;
    e->dev = dev;
    e->regs = devm_platform_ioremap_resource(pdev, 0);
    if (IS_ERR(e->regs))
        return PTR_ERR(e->regs);
    if (get(e, TEP_ID) != TEP_ID_VALUE)
        return dev_err_probe(dev, -ENODEV, "it is not the engine\n");
    mutex_init(&e->lock);
    rc = enable(dev);
    if (!rc)
        rc = devm_add_action_or_reset(dev, disable, dev);
    if (rc)
        return rc;
    e->misc.minor = MISC_DYNAMIC_MINOR;
    e->misc.name = "iovp-sva";
    e->misc.fops = &sva_files;
    platform_set_drvdata(pdev, e);
    return misc_register(&e->misc);
}

static int sva_remove(struct platform_device *pdev)
{
    struct sva_engine *e = platform_get_drvdata(pdev);

    misc_deregister(&e->misc);
    return 0;
}

static const struct of_device_id sva_ids[] = {
    {.compatible = "iovp,dma-engine"},
    {},
};
MODULE_DEVICE_TABLE(of, sva_ids);

static struct platform_driver sva_driver = {
    .probe = sva_probe,
    .remove = sva_remove,
    .driver =
        {
            .name = "iovp-sva",
            .of_match_table = sva_ids,
            /* A file that is open would outlive it. */
            .suppress_bind_attrs = true,
        },
};
module_platform_driver(sva_driver);

MODULE_DESCRIPTION("Shared virtual addresses with the engine of iovp");
MODULE_LICENSE("Dual MIT/GPL");
