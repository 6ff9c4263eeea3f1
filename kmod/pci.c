// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI function that a Bastionchip is: QEMU's ivshmem-doorbell, or silicon that
 * behaves like it.
 *
 * BAR0 has the doorbell, BAR1 the MSI-X table, BAR2 the shared memory. Other
 * things than Bastionchips share these IDs, so the magic in the shared memory
 * decides, and what does not have it is left alone without a word.
 *
 * All BARs are requested exclusively while the driver is bound: user space can then
 * map none of them, neither through sysfs nor through /dev/mem. What it had mapped before,
 * it loses only on a kernel with CONFIG_IO_STRICT_DEVMEM.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include <bastion/chip.h>

#include "chip.h"
#include "mailbox.h"
#include "native.h"
#include "pci.h"

#define DRIVER_NAME	"bastion"

#define VENDOR_ID	0x1af4
#define DEVICE_ID	0x1110

#define REGISTERS_BAR	0
#define MEMORY_BAR	2

#define DOORBELL	0x0c	/* peer << 16 | vector */
#define REGISTERS_SIZE	0x10
#define COMMAND_VECTOR	0

static bool polling;
module_param(polling, bool, 0444);
MODULE_PARM_DESC(polling, "look for the chip's answers instead of taking its interrupts (default: no)");

/**
 * struct bastion_pci - one function
 * @pdev:	the function
 * @registers:	BAR0
 * @memory:	BAR2
 * @irq:	of MSI-X vector 0; 0 when polling
 * @mailbox:	over @memory
 * @chip:	over @mailbox
 *
 * Made by probe and constant until remove, so there is no lock.
 */
struct bastion_pci {
	struct pci_dev *pdev;
	void __iomem *registers;
	void __iomem *memory;
	int irq;
	struct bastion_mailbox *mailbox;
	struct bastion_chip *chip;
};

/**
 * bastion_polling() - the module parameter, which is measured
 *
 * Return: whether interrupts are not to be used.
 */
bool bastion_polling(void)
{
	return polling;
}

static void ivshmem_ring(void *priv, u32 peer)
{
	struct bastion_pci *bastion = priv;

	iowrite32(peer << 16 | COMMAND_VECTOR, bastion->registers + DOORBELL);
}

static bool ivshmem_present(void *priv)
{
	struct bastion_pci *bastion = priv;

	return pci_device_is_present(bastion->pdev);
}

static const struct bastion_mailbox_io ivshmem_io = {
	.name = "ivshmem",
	.ring = ivshmem_ring,
	.present = ivshmem_present,
};

static irqreturn_t interrupt(int irq, void *data)
{
	struct bastion_pci *bastion = data;

	bastion_mailbox_interrupt(bastion->mailbox);
	return IRQ_HANDLED;
}

static void lost(void *data)
{
	struct bastion_pci *bastion = data;

	bastion_chip_was_reset(bastion->chip);
}

static void unmap_bars(struct bastion_pci *bastion)
{
	if (bastion->memory)
		pci_iounmap(bastion->pdev, bastion->memory);
	if (bastion->registers)
		pci_iounmap(bastion->pdev, bastion->registers);
}

/*
 * Whether the magic is there, or an error. Before anything is requested: that takes away what
 * programs have mapped of a device which is theirs (revoke_iomem()).
 */
static int check_magic(struct pci_dev *pdev)
{
	void __iomem *memory;
	bool ours;

	if (!(pci_resource_flags(pdev, MEMORY_BAR) & IORESOURCE_MEM))
		return -ENODEV;
	memory = pci_iomap(pdev, MEMORY_BAR, 0);
	if (!memory)
		return -ENOMEM;
	ours = bastion_mailbox_is_ours(memory, pci_resource_len(pdev, MEMORY_BAR));
	pci_iounmap(pdev, memory);
	return ours ? 0 : -ENODEV;
}

/* Maps the BARs; -ENODEV when they are not a Bastionchip's. */
static int map_bars(struct bastion_pci *bastion)
{
	struct pci_dev *pdev = bastion->pdev;
	int error = -ENOMEM;

	if (pci_resource_len(pdev, REGISTERS_BAR) < REGISTERS_SIZE ||
	    !(pci_resource_flags(pdev, REGISTERS_BAR) & IORESOURCE_MEM) ||
	    !(pci_resource_flags(pdev, MEMORY_BAR) & IORESOURCE_MEM))
		return -ENODEV;

	bastion->memory = pci_iomap(pdev, MEMORY_BAR, 0);
	if (!bastion->memory)
		return error;
	error = -ENODEV;
	if (!bastion_mailbox_is_ours(bastion->memory, pci_resource_len(pdev, MEMORY_BAR)))
		goto unmap;
	error = -ENOMEM;
	bastion->registers = pci_iomap(pdev, REGISTERS_BAR, 0);
	if (!bastion->registers)
		goto unmap;
	return 0;

unmap:
	unmap_bars(bastion);
	return error;
}

/* Enables the function and takes hold of its memory. */
static int take(struct bastion_pci *bastion)
{
	struct pci_dev *pdev = bastion->pdev;
	int error;

	error = pci_enable_device_mem(pdev);
	if (error)
		return error;
	error = check_magic(pdev);
	if (error)
		goto disable;
	error = pci_request_regions_exclusive(pdev, DRIVER_NAME);
	if (error)
		goto disable;
	error = map_bars(bastion);
	if (error)
		goto release;
	if (!IS_ENABLED(CONFIG_IO_STRICT_DEVMEM))
		pci_warn(pdev, "without CONFIG_IO_STRICT_DEVMEM, who has mapped the chip's memory before keeps it\n");
	return 0;

release:
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
	return error;
}

static void drop(struct bastion_pci *bastion)
{
	unmap_bars(bastion);
	pci_release_regions(bastion->pdev);
	pci_disable_device(bastion->pdev);
}

/* Allocates the vector, and opens the mailbox with or without it. */
static int open_mailbox(struct bastion_pci *bastion)
{
	struct pci_dev *pdev = bastion->pdev;
	int error;

	if (!polling) {
		pci_set_master(pdev);	/* MSI-X messages are writes */
		if (pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX) == 1)
			bastion->irq = pci_irq_vector(pdev, COMMAND_VECTOR);
		if (!bastion->irq) {
			pci_clear_master(pdev);
			pci_info(pdev, "no MSI-X vector: polling\n");
		}
	}

	bastion->mailbox = bastion_mailbox_alloc(&pdev->dev, &ivshmem_io, bastion, bastion->memory,
						 pci_resource_len(pdev, MEMORY_BAR), !bastion->irq);
	if (IS_ERR(bastion->mailbox)) {
		error = PTR_ERR(bastion->mailbox);
		goto free_vectors;
	}
	if (bastion->irq) {
		error = request_irq(bastion->irq, interrupt, 0, DRIVER_NAME, bastion);
		if (error)
			goto free_mailbox;
	}
	return 0;

free_mailbox:
	bastion_mailbox_free(bastion->mailbox);
free_vectors:
	if (bastion->irq)
		pci_free_irq_vectors(pdev);
	return error;
}

static void close_mailbox(struct bastion_pci *bastion)
{
	/* The interrupt uses the mailbox. */
	if (bastion->irq) {
		free_irq(bastion->irq, bastion);
		pci_free_irq_vectors(bastion->pdev);
	}
	bastion_mailbox_free(bastion->mailbox);
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct bastion_pci *bastion;
	int error;

	bastion = kzalloc(sizeof(*bastion), GFP_KERNEL);
	if (!bastion)
		return -ENOMEM;
	bastion->pdev = pdev;
	error = take(bastion);
	if (error)
		goto free;
	error = open_mailbox(bastion);
	if (error)
		goto drop;
	bastion->chip = bastion_chip_alloc(&pdev->dev, &bastion_native_ops, bastion->mailbox);
	if (IS_ERR(bastion->chip)) {
		error = PTR_ERR(bastion->chip);
		goto close_mailbox;
	}
	pci_set_drvdata(pdev, bastion);
	error = bastion_chip_register(bastion->chip);
	if (error)
		goto put_chip;
	bastion_mailbox_watch(bastion->mailbox, lost, bastion);
	return 0;

put_chip:
	bastion_chip_put(bastion->chip);
close_mailbox:
	close_mailbox(bastion);
drop:
	drop(bastion);
free:
	kfree(bastion);
	return error;
}

static void remove(struct pci_dev *pdev)
{
	struct bastion_pci *bastion = pci_get_drvdata(pdev);

	/* In this order: no callback finds a chip that is on its way out. */
	bastion_mailbox_unwatch(bastion->mailbox);
	bastion_chip_unregister(bastion->chip);
	close_mailbox(bastion);
	drop(bastion);
	kfree(bastion);
}

static void shutdown(struct pci_dev *pdev)
{
	struct bastion_pci *bastion = pci_get_drvdata(pdev);

	bastion_chip_shutdown(bastion->chip, "shutdown");
}

static int suspend(struct device *dev)
{
	struct bastion_pci *bastion = dev_get_drvdata(dev);
	int error;

	error = bastion_mailbox_suspend(bastion->mailbox);
	if (!error && bastion->irq)
		synchronize_irq(bastion->irq);
	return error;
}

static int resume(struct device *dev)
{
	struct bastion_pci *bastion = dev_get_drvdata(dev);

	bastion_mailbox_resume(bastion->mailbox);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(pm_ops, suspend, resume);

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(VENDOR_ID, DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver driver = {
	.name = DRIVER_NAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.shutdown = shutdown,
	.driver.pm = pm_sleep_ptr(&pm_ops),
};

/**
 * bastion_pci_init() - starts looking for chips
 *
 * Return: 0 or a negative error.
 */
int bastion_pci_init(void)
{
	if (!bastion_chip_wanted("native"))
		return 0;
	return pci_register_driver(&driver);
}

/**
 * bastion_pci_exit() - lets go of all of them
 */
void bastion_pci_exit(void)
{
	if (bastion_chip_wanted("native"))
		pci_unregister_driver(&driver);
}
