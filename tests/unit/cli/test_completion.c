/* SPDX-License-Identifier: MIT */
/* test_completion: the scripts name everything, their shells accept them, and bash's completes. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/completion.h"
#include "cli/verbs.h"

#define SCRIPT_MAX (256 * 1024)

static const char *const shells[] = {"bash", "zsh", "fish"};

/* Feed @script to `@shell @flag @more`; its exit status (127: there is none), stdout into @out. */
static int run_shell(const char *shell, const char *flag, const char *script, struct str *out)
{
	FILE *in = tmpfile(), *result = tmpfile();
	char line[512];
	int status;
	pid_t pid;

	assert_non_null(in);
	assert_non_null(result);
	assert_true(fputs(script, in) >= 0);
	rewind(in);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fileno(in), STDIN_FILENO);
		(void)dup2(fileno(result), STDOUT_FILENO);
		(void)execlp(shell, shell, flag, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(result);
	while (out && fgets(line, sizeof(line), result))
		str_add(out, line);
	(void)fclose(in);
	(void)fclose(result);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void every_script_names_every_verb_and_option(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(shells); s++) {
		CLEANUP(str_deinit) struct str text = STR_INIT(SCRIPT_MAX);
		const struct verbs_row *row;

		assert_true(completion_write(&text, shells[s]));
		assert_false(text.failed);
		for (size_t i = 0; (row = verbs_row(i)) != NULL; i++) {
			const char *last = strrchr(row->name, ' ');

			assert_non_null(strstr(str_get(&text), last ? last + 1 : row->name));
		}
		assert_non_null(strstr(str_get(&text), "timeout"));
		assert_non_null(strstr(str_get(&text), "max-tunnels"));
	}
}

static void the_shells_accept_their_scripts(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(shells); s++) {
		CLEANUP(str_deinit) struct str text = STR_INIT(SCRIPT_MAX);
		int code;

		assert_true(completion_write(&text, shells[s]));
		code = run_shell(shells[s], "-n", str_get(&text), NULL);
		if (code == 127)
			print_message("%s is not installed\n", shells[s]);
		else
			assert_int_equal(code, 0);
	}
}

/* The proposals of bash for a line whose last word is being written, sorted as they come. */
static void bash_proposes(const char *line, const char *wanted)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(SCRIPT_MAX);
	CLEANUP(str_deinit) struct str out = STR_INIT(SCRIPT_MAX);

	assert_true(completion_write(&text, "bash"));
	str_addf(&text,
		"tunnelctl() { printf 'web http\\napi tcp\\n'; }\n"
		"COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_tunnelctl\n"
		"echo \"${COMPREPLY[*]}\"\n",
		line);
	if (run_shell("bash", "-s", str_get(&text), &out) == 127)
		skip();
	assert_string_equal(str_get(&out), wanted);
}

static void bash_completes_verbs_names_and_options(void **state)
{
	bash_proposes("tunnelctl st", "status\n");
	bash_proposes("tunnelctl server ke", "key\n");
	bash_proposes("tunnelctl server key re", "revoke\n");
	bash_proposes("tunnelctl --socket x server key l", "list\n");
	bash_proposes("tunnelctl up w", "web\n");
	bash_proposes("tunnelctl up web a", "api\n");
	bash_proposes("tunnelctl up --w", "--wait\n");
	bash_proposes("tunnelctl url --w", "\n");
	bash_proposes("tunnelctl logs --f", "--follow\n");
	bash_proposes("tunnelctl completion z", "zsh\n");
	bash_proposes("tunnelctl up --timeout ''", "\n");
	bash_proposes("tunnelctl requests --kind ''", "http websocket sse\n");
	bash_proposes("tunnelctl expect web --verification f", "failed\n");
}

static void another_shell_is_refused(void **state)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(SCRIPT_MAX);

	assert_false(completion_write(&text, "tcsh"));
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_script_names_every_verb_and_option),
		cmocka_unit_test(the_shells_accept_their_scripts),
		cmocka_unit_test(bash_completes_verbs_names_and_options),
		cmocka_unit_test(another_shell_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
