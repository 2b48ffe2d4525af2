/* SPDX-License-Identifier: MIT */
/*
 * replay_main: gives a fuzz target every file of its corpus once, without a fuzzer.
 *
 * Each argument is a file or a directory of files; without any, the program fuzz_NAME
 * takes $TOP_SRCDIR/tests/fuzz/corpus/NAME. That turns what the fuzzer once found, and
 * the seeds written by hand, into a regression test for any compiler. An empty input is
 * always tried as well.
 */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file_close(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static int replay_file(const char *path, size_t size)
{
	CLEANUP(file_close) FILE *f = fopen(path, "rbe");
	/* exactly as big as the input, so that a sanitizer sees one byte too far */
	CLEANUP(mem_cleanup) uint8_t *data = mem_alloc(size);

	if (!f || fread(data, 1, size, f) != size) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	(void)LLVMFuzzerTestOneInput(data, size);
	return 0;
}

static int replay_dir(const char *path, unsigned int *count);

static int replay_path(const char *path, unsigned int *count)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		return replay_dir(path, count);
	++*count;
	return replay_file(path, (size_t)st.st_size);
}

static int replay_dir(const char *path, unsigned int *count)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), failed = 0;

	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	for (int i = 0; i < n; i++) {
		CLEANUP(mem_cleanup) char *inner = mem_printf("%s/%s", path, names[i]->d_name);

		if (names[i]->d_name[0] != '.')
			failed |= replay_path(inner, count);
		free(names[i]);
	}
	free(names);
	return failed;
}

static char *corpus_of(const char *program)
{
	const char *top = getenv("TOP_SRCDIR"), *name = strstr(program, "fuzz_");

	for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
		name = next;
	return mem_printf("%s/tests/fuzz/corpus/%s", top ? top : ".", name ? name + 5 : "");
}

int main(int argc, char **argv)
{
	CLEANUP(mem_cleanup) char *corpus = corpus_of(argv[0]);
	unsigned int count = 0;
	int failed = 0;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	if (argc < 2)
		failed |= replay_path(corpus, &count);
	for (int i = 1; i < argc; i++)
		failed |= replay_path(argv[i], &count);
	if (count == 0) {
		fprintf(stderr, "nothing to replay\n");
		return 1;
	}
	printf("%u inputs replayed\n", count);
	return failed;
}
