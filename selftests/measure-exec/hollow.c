// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a program of which nothing is mapped: all of its memory is zeros at first.
 *
 * usage: hollow FILE INTERPRETER
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct {
		Elf64_Ehdr elf;
		Elf64_Phdr segments[2];
		char interpreter[256];
	} file = {
		.elf = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = 0x400000, .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.segments = {
			{ .p_type = PT_INTERP, .p_flags = PF_R,
			  .p_offset = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_vaddr = 0x400000,
			  .p_memsz = 4096, .p_align = 4096 },
		},
	};
	int fd;

	if (argc != 3 || strlen(argv[2]) >= sizeof(file.interpreter))
		return 2;
	strcpy(file.interpreter, argv[2]);
	file.segments[0].p_filesz = strlen(argv[2]) + 1;
	file.segments[0].p_memsz = file.segments[0].p_filesz;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_EXCL, 0755);
	if (fd < 0 || write(fd, &file, sizeof(file)) != sizeof(file)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
