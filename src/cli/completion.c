/* SPDX-License-Identifier: MIT */
/*
 * completion: scripts for bash, zsh and fish, written from the tables, so that no verb is
 * forgotten.
 *
 * All three do the same: they read the words so far, drop options and their values, and what is
 * left decides. It is a beginning of verbs ("", "server", "server key"), and then the next words of
 * those follow; or it is a verb, and its options and the kind of words it takes follow. Names of
 * tunnels are asked of the daemon.
 */
#include "cli/completion.h"

#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "base/str_list.h"
#include "cli/args.h"
#include "cli/verbs.h"

#define LIST_NAMES "tunnelctl list --no-legend 2>/dev/null"

static const char *const groups[] = {"", "server", "server key"};

/* The word of @name that follows @group, into @ret; false when @name does not begin so. */
static bool next_word(char *ret, size_t size, const char *name, const char *group)
{
	size_t n = strlen(group), len;

	if (n) {
		if (!str_has_prefix(name, group) || name[n] != ' ')
			return false;
		name += n + 1;
	}
	len = strcspn(name, " ");
	if (len >= size)
		return false;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return true;
}

/* The distinct words that follow @group. */
static void next_words(struct str_list *out, const char *group)
{
	const struct verbs_row *row;
	char word[64];

	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++) {
		if (next_word(word, sizeof(word), row->name, group) && !str_list_has(out, word))
			str_list_add(out, word);
	}
}

/* What a next word is for: the help of the verb it ends, or a word on the group. */
static const char *help_of(const char *group, const char *word)
{
	CLEANUP(str_deinit) struct str name = STR_INIT(128);
	const struct verbs_row *row;

	str_addf(&name, "%s%s%s", group, *group ? " " : "", word);
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++) {
		if (str_eq(row->name, str_get(&name)))
			return row->help;
	}
	return str_eq(word, "server") ? "control tunnelto-server" : "keys of the server";
}

/* @text for the inside of single quotes, in all three shells; @colon: escape that too (zsh). */
static void quoted(struct str *out, const char *text, bool colon)
{
	for (; *text; text++) {
		if (*text == '\'')
			continue;
		if (colon && *text == ':')
			str_addc(out, '\\');
		str_addc(out, *text);
	}
}

static void add_words(struct str *out, const struct str_list *words)
{
	for (size_t i = 0; i < words->n; i++)
		str_addf(out, "%s%s", i ? " " : "", words->items[i]);
}

/* "bash zsh fish" out of "bash|zsh|fish" */
static void shells_of(struct str *out, const struct verbs_row *row)
{
	CLEANUP(str_list_deinit) struct str_list shells = {0};

	str_list_split(&shells, row->synopsis, '|');
	add_words(out, &shells);
}

static bool takes(const struct verbs_row *row, size_t o)
{
	return row ? args_in_synopsis(row->synopsis, args_row(o)->name) : args_row(o)->global;
}

/* The options of @row (NULL: the global ones), each with a blank before it. */
static void add_options(struct str *out, const struct verbs_row *row)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		if (takes(row, o))
			str_addf(out, " %s", args_row(o)->name);
	}
}

/* "--socket|--timeout|-n": the options that are followed by a value. */
static void add_value_options(struct str *out, const char *between)
{
	bool first = true;

	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		const struct args_option_row *row = args_row(o);

		if (!row->value)
			continue;
		str_addf(out, "%s%s", first ? "" : between, row->name);
		if (row->letter)
			str_addf(out, "%s-%c", between, row->letter);
		first = false;
	}
}

/* "http websocket sse" where @row's value is one of them; "" where it may be anything. */
static void add_value_words(struct str *out, const struct args_option_row *row)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	if (args_words_of(row, &words))
		add_words(out, &words);
}

/* Cases of a value that is one of some words, of bash and zsh. */
static void add_value_cases(struct str *out, const char *before, const char *between,
	const char *after)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		CLEANUP(str_deinit) struct str words = STR_INIT(1024);

		add_value_words(&words, args_row(o));
		if (words.len > 0)
			str_addf(out, "\t%s%s%s%s%s\n", before, args_row(o)->name, between,
				str_get(&words), after);
	}
}

/* --- bash ------------------------------------------------------------------------------------ */

static const char bash_head[] =
	"# bash completion of tunnelctl, made by 'tunnelctl completion bash'\n"
	"_tunnelctl() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb='' words='' i\n"
	"\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tCOMPREPLY=()\n"
	"\tcase $prev in\n"
	"\t--socket|--key-file|--ca-file|--har) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n";

static void bash_verb(struct str *out, const struct verbs_row *row)
{
	str_addf(out, "\t'%s'|'%s '*) words='", row->name, row->name);
	if (row->flags & VERBS_SHELL)
		shells_of(out, row);
	add_options(out, row);
	str_addc(out, '\'');
	if (row->flags & VERBS_NAMES)
		str_add(out, "; [[ $cur == -* ]] || words+=\" $(" LIST_NAMES " | cut -d' ' -f1)\"");
	if (row->flags & VERBS_FILE)
		str_add(out, "; COMPREPLY=($(compgen -f -- \"$cur\"))");
	str_add(out, " ;;\n");
}

static void bash(struct str *out)
{
	const struct verbs_row *row;

	str_add(out, bash_head);
	add_value_cases(out, "", ") COMPREPLY=($(compgen -W '", "' -- \"$cur\")); return ;;");
	str_add(out, "\t");
	add_value_options(out, "|");
	str_add(out, ") return ;;\n\tesac\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	add_value_options(out, "|");
	str_add(out, ") ((i++)) ;;\n\t\t-*) ;;\n\t\t*) verb=${verb:+$verb }${COMP_WORDS[i]} ;;\n"
		     "\t\tesac\n\tdone\n\tcase $verb in\n");
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		CLEANUP(str_list_deinit) struct str_list words = {0};

		next_words(&words, groups[g]);
		str_addf(out, "\t'%s') words='", groups[g]);
		add_words(out, &words);
		str_add(out, "' ;;\n");
	}
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++)
		bash_verb(out, row);
	str_add(out, "\tesac\n\twords+='");
	add_options(out, NULL);
	str_add(out, "'\n\tCOMPREPLY+=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		     "complete -F _tunnelctl tunnelctl\n");
}

/* --- zsh ------------------------------------------------------------------------------------- */

static void zsh_group(struct str *out, const char *group)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	next_words(&words, group);
	str_addf(out, "\t('%s') found=(", group);
	for (size_t i = 0; i < words.n; i++) {
		str_addf(out, "\n\t\t'%s:", words.items[i]);
		quoted(out, help_of(group, words.items[i]), /* colon= */ true);
		str_addc(out, '\'');
	}
	str_add(out, ") ;;\n");
}

static void zsh_options(struct str *out, const struct verbs_row *row)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		if (!takes(row, o))
			continue;
		str_addf(out, "\n\t\t'%s:", args_row(o)->name);
		quoted(out, args_row(o)->help, /* colon= */ true);
		str_addc(out, '\'');
	}
}

static void zsh_verb(struct str *out, const struct verbs_row *row)
{
	str_addf(out, "\t('%s'|'%s '*) options+=(", row->name, row->name);
	zsh_options(out, row);
	str_add(out, ")");
	if (row->flags & VERBS_NAMES)
		str_add(out, "\n\t\tfound=(${${(f)\"$(" LIST_NAMES ")\"}%% *})");
	if (row->flags & VERBS_SHELL) {
		str_add(out, "\n\t\tfound=(");
		shells_of(out, row);
		str_add(out, ")");
	}
	if (row->flags & VERBS_FILE)
		str_add(out, "\n\t\t_files");
	str_add(out, " ;;\n");
}

static void zsh(struct str *out)
{
	const struct verbs_row *row;

	str_add(out, "#compdef tunnelctl\n# zsh completion, made by 'tunnelctl completion zsh'\n"
		     "_tunnelctl() {\n\tlocal verb='' i\n\tlocal -a found options\n\toptions=(");
	zsh_options(out, NULL);
	str_add(out,
		")\n\tcase ${words[CURRENT-1]} in\n\t(--socket|--key-file|--ca-file|--har) _files; "
		"return ;;\n");
	add_value_cases(out, "(", ") compadd ", "; return ;;");
	str_add(out, "\t(");
	add_value_options(out, "|");
	str_add(out, ") return ;;\n\tesac\n\tfor ((i = 2; i < CURRENT; i++)); do\n"
		     "\t\tcase ${words[i]} in\n\t\t(");
	add_value_options(out, "|");
	str_add(out, ") ((i++)) ;;\n\t\t(-*) ;;\n\t\t(*) verb=${verb:+$verb }${words[i]} ;;\n"
		     "\t\tesac\n\tdone\n\tcase $verb in\n");
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		zsh_group(out, groups[g]);
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++)
		zsh_verb(out, row);
	str_add(out, "\tesac\n\tif [[ ${words[CURRENT]} == -* ]]; then\n"
		     "\t\t_describe -o option options\n\telse\n\t\t_describe word found\n\tfi\n}\n"
		     "if [[ $funcstack[1] == _tunnelctl ]]; then\n\t_tunnelctl \"$@\"\nelse\n"
		     "\tcompdef _tunnelctl tunnelctl\nfi\n");
}

/* --- fish ------------------------------------------------------------------------------------ */

static const char fish_tail[] =
	"\t\t\tset skip 1\n"
	"\t\telse if not string match -q -- '-*' $word\n"
	"\t\t\tset -a verb $word\n"
	"\t\tend\n"
	"\tend\n"
	"\tstring join ' ' -- $verb\n"
	"end\n"
	"function __tunnelctl_at\n"
	"\tset -l verb (__tunnelctl_verb)\n"
	"\ttest \"$verb\" = \"$argv[1]\"\n"
	"end\n"
	"function __tunnelctl_in\n"
	"\tset -l verb (__tunnelctl_verb)\n"
	"\ttest \"$verb\" = \"$argv[1]\"; or string match -q -- \"$argv[1] *\" \"$verb\"\n"
	"end\n"
	"complete -c tunnelctl -f\n";

static void fish_option(struct str *out, size_t o, const char *verb)
{
	const struct args_option_row *row = args_row(o);
	CLEANUP(str_deinit) struct str words = STR_INIT(1024);

	add_value_words(&words, row);
	str_add(out, "complete -c tunnelctl");
	if (verb)
		str_addf(out, " -n '__tunnelctl_in \"%s\"'", verb);
	str_addf(out, " -l %s", row->name + 2);
	if (row->letter)
		str_addf(out, " -s %c", row->letter);
	if (row->value)
		str_addf(out, " -x%s",
			str_has_prefix(row->value, "FILE") || str_eq(row->value, "PATH")
				? " -a '(__fish_complete_path)'"
				: "");
	if (words.len > 0)
		str_addf(out, " -a '%s'", str_get(&words));
	str_add(out, " -d '");
	quoted(out, row->help, /* colon= */ false);
	str_add(out, "'\n");
}

static void fish_options(struct str *out, const struct verbs_row *row)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		if (takes(row, o))
			fish_option(out, o, row ? row->name : NULL);
	}
}

static void fish_verb(struct str *out, const struct verbs_row *row)
{
	str_addf(out, "# %s\n", row->name);
	fish_options(out, row);
	if (row->flags & VERBS_NAMES)
		str_addf(out,
			"complete -c tunnelctl -n '__tunnelctl_in \"%s\"' -a \"(" LIST_NAMES
			" | string replace -r ' .*' '')\"\n",
			row->name);
	if (row->flags & VERBS_SHELL) {
		str_addf(out, "complete -c tunnelctl -n '__tunnelctl_at \"%s\"' -a '", row->name);
		shells_of(out, row);
		str_add(out, "'\n");
	}
	if (row->flags & VERBS_FILE)
		str_addf(out, "complete -c tunnelctl -n '__tunnelctl_at \"%s\"' -F\n", row->name);
}

static void fish(struct str *out)
{
	const struct verbs_row *row;

	str_add(out, "# fish completion of tunnelctl, made by 'tunnelctl completion fish'\n"
		     "function __tunnelctl_verb\n\tset -l verb\n\tset -l skip 0\n"
		     "\tfor word in (commandline -opc)[2..-1]\n\t\tif test $skip = 1\n"
		     "\t\t\tset skip 0\n\t\telse if contains -- $word ");
	add_value_options(out, " ");
	str_addc(out, '\n');
	str_add(out, fish_tail);
	fish_options(out, NULL);
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		CLEANUP(str_list_deinit) struct str_list words = {0};

		next_words(&words, groups[g]);
		for (size_t i = 0; i < words.n; i++) {
			str_addf(out, "complete -c tunnelctl -n '__tunnelctl_at \"%s\"' -a %s -d '",
				groups[g], words.items[i]);
			quoted(out, help_of(groups[g], words.items[i]), /* colon= */ false);
			str_add(out, "'\n");
		}
	}
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++)
		fish_verb(out, row);
}

bool completion_write(struct str *out, const char *shell)
{
	static const struct {
		const char *name;
		void (*write)(struct str *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (str_eq(shell, shells[i].name)) {
			shells[i].write(out);
			return true;
		}
	}
	return false;
}
