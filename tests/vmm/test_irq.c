#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "vmm/irq.h"

Test(irq, a_line_has_one_owner_until_it_is_released)
{
	struct kvm kvm = { 0 };
	struct irq_map map;
	struct err err = { 0 };

	irq_map_init(&map, &kvm);
	cr_expect_eq(irq_take_line(&map, 4, &err), 0);
	cr_expect_eq(irq_take_line(&map, 4, &err), -EBUSY);
	cr_expect_str_eq(err.text, "irq: line 4 is taken by another device");
	cr_expect_eq(irq_take_line(&map, 24, &err), -EINVAL);
	irq_release(&map, 4);
	cr_expect_eq(irq_take_line(&map, 4, &err), 0);
	irq_map_fini(&map);
}

Test(irq, messages_take_the_lowest_free_number_above_the_lines)
{
	const struct kvm_irq_routing_msi msi = { .address_lo = 0xfee00000 };
	struct kvm kvm = { 0 };
	struct irq_map map;
	struct err err = { 0 };

	irq_map_init(&map, &kvm);
	cr_expect_eq(irq_take_msi(&map, &msi, &err), 24);
	cr_expect_eq(irq_take_msi(&map, &msi, &err), 25);
	irq_release(&map, 24);
	cr_expect_eq(irq_move_msi(&map, 24, &msi, &err), -ENOENT);
	cr_expect_eq(irq_move_msi(&map, 25, &msi, &err), 0);
	cr_expect_eq(irq_take_msi(&map, &msi, &err), 24);
	map.max_gsi = 26;
	cr_expect_eq(irq_take_msi(&map, &msi, &err), -ENOSPC);
	irq_map_fini(&map);
}
