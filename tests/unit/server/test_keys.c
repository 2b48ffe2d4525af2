/* SPDX-License-Identifier: MIT */
/* test_keys: keys are made, found, kept over restarts, revoked; the file never holds a secret. */

#include "server_test.h"

#include <errno.h>
#include <fcntl.h>

#include "crypt/key.h"
#include "crypt/secret.h"
#include "server/keys.h"

static struct keys keys;
static struct err err;

static void reopen(void)
{
	keys_deinit(&keys);
	assert_int_equal(keys_init(&keys, test_file, &err), 0);
}

static int setup(void **state)
{
	dir_setup("keys.yaml");
	err = (struct err){0};
	return keys_init(&keys, test_file, &err);
}

static int teardown(void **state)
{
	keys_deinit(&keys);
	dir_teardown();
	return 0;
}

static struct server_conf_key *add(const char *name, const char *glob, struct secret *ret_secret)
{
	struct server_conf_key proto = {
		.name = mem_strdup(name), .tcp = {20000, 20100}, .max_tunnels = 7};
	struct server_conf_key *key = NULL;
	int r;

	if (glob)
		str_list_add(&proto.allow, glob);
	r = keys_add(&keys, &proto, ret_secret, &key, &err);
	assert_int_equal(r < 0, key == NULL);
	free(proto.name);
	str_list_deinit(&proto.allow);
	return key;
}

static void read_file(char *to, size_t size)
{
	int fd = open(test_file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, to, size - 1);
	assert_true(n > 0 && (size_t)n < size - 1);
	to[n] = '\0';
	close(fd);
}

static void without_a_file_nobody_has_a_key(void **state)
{
	assert_int_equal(keys_count(&keys), 0);
	assert_null(keys_find_secret(&keys, ""));
	assert_null(keys_find_secret(&keys, "tt_abcdefghijkl_x"));
	assert_int_not_equal(access(test_file, F_OK), 0);
}

static void a_key_is_found_by_its_secret_after_a_restart_too(void **state)
{
	struct secret a = {0}, b = {0};
	struct server_conf_key *alice = add("alice", "ci-*", &a);
	const struct server_conf_key *found;
	char id[KEY_ID_LEN + 1];

	assert_non_null(alice);
	assert_non_null(add("bob", NULL, &b));
	assert_ptr_equal(keys_find_secret(&keys, secret_text(&a)), alice);
	memcpy(id, alice->id, sizeof(id));
	reopen();
	found = keys_find_secret(&keys, secret_text(&a));
	assert_non_null(found);
	assert_string_equal(found->id, id);
	assert_string_equal(found->name, "alice");
	assert_string_equal(found->allow.items[0], "ci-*");
	assert_int_equal(found->tcp.low, 20000);
	assert_int_equal(found->tcp.high, 20100);
	assert_int_equal(found->max_tunnels, 7);
	assert_true(found->created_ms > 0);
	assert_string_equal(keys_find_secret(&keys, secret_text(&b))->name, "bob");
	assert_int_equal(keys_count(&keys), 2);
	secret_deinit(&a);
	secret_deinit(&b);
}

static void a_secret_that_is_off_by_one_letter_is_nobodys(void **state)
{
	struct secret s = {0};
	char text[KEY_TEXT_LEN + 2];

	assert_non_null(add("alice", NULL, &s));
	(void)snprintf(text, sizeof(text), "%s", secret_text(&s));
	text[KEY_TEXT_LEN - 1] ^= 1;
	assert_null(keys_find_secret(&keys, text));
	text[KEY_TEXT_LEN - 1] = '\0';
	assert_null(keys_find_secret(&keys, text));
	(void)snprintf(text, sizeof(text), "%sx", secret_text(&s));
	assert_null(keys_find_secret(&keys, text));
	secret_deinit(&s);
}

static void the_file_is_private_and_knows_no_secret(void **state)
{
	struct secret s = {0};
	char text[4096];
	struct stat st;

	assert_non_null(add("alice", NULL, &s));
	assert_int_equal(stat(test_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	read_file(text, sizeof(text));
	assert_null(strstr(text, secret_text(&s) + sizeof(KEY_PREFIX) - 1 + KEY_ID_LEN + 1));
	assert_non_null(strstr(text, KEY_HASH_PREFIX));
	secret_deinit(&s);
}

static void a_revoked_key_lets_nobody_in_and_stays_revoked(void **state)
{
	struct secret s = {0}, again = {0};
	struct server_conf_key *key = add("alice", NULL, &s), *fresh;

	assert_true(keys_is_valid(&keys, key->id, key->hash));
	assert_int_equal(keys_revoke(&keys, key, &err), 0);
	assert_false(keys_is_valid(&keys, key->id, key->hash));
	assert_null(keys_find_secret(&keys, secret_text(&s)));
	reopen();
	assert_null(keys_find_secret(&keys, secret_text(&s)));
	assert_int_equal(keys_count(&keys), 0);
	assert_true(keys_find(&keys, "alice")->revoked);
	/* its name may be used again, and then means the new one */
	fresh = add("alice", NULL, &again);
	assert_non_null(fresh);
	assert_ptr_equal(keys_find(&keys, "alice"), fresh);
	secret_deinit(&s);
	secret_deinit(&again);
}

static void a_name_is_given_once(void **state)
{
	struct secret s = {0};
	struct server_conf_key *key = add("alice", NULL, &s);

	assert_null(add("alice", NULL, &s));
	assert_int_equal(err.code, -EEXIST);
	assert_string_equal(err.text, "there is a key named 'alice' already");
	assert_null(add(key->id, NULL, &s)); /* nor is another's id a name */
	assert_int_equal(keys_count(&keys), 1);
	secret_deinit(&s);
}

static void a_glob_that_fits_no_name_is_refused(void **state)
{
	static const char *const bad[] = {"", "Upper", "a b", "a\nb", "it's", "under_score", "a/b"};
	struct secret s = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(add("alice", bad[i], &s));
		assert_int_equal(err.code, -EINVAL);
	}
	assert_int_not_equal(access(test_file, F_OK), 0);
	assert_non_null(add("alice", "a-?.b*", &s));
	secret_deinit(&s);
}

static void what_could_not_be_read_again_is_not_written(void **state)
{
	struct secret s = {0};
	struct server_conf_key proto = {.name = mem_strdup("greedy"), .max_tunnels = 1}, *key;
	char before[4096], after[4096];

	assert_non_null(add("alice", NULL, &s));
	read_file(before, sizeof(before));
	for (size_t i = 0; i < 1001; i++)
		str_list_add(&proto.allow, "a");
	assert_int_equal(keys_add(&keys, &proto, &s, &key, &err), -EFBIG);
	read_file(after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(keys_count(&keys), 1);
	reopen();
	assert_int_equal(keys_count(&keys), 1);
	free(proto.name);
	str_list_deinit(&proto.allow);
	secret_deinit(&s);
}

static void a_change_that_cannot_be_saved_is_not_made(void **state)
{
	struct secret s = {0};
	struct server_conf_key *key = add("alice", NULL, &s);

	mem_replace(&keys.path, "/nonexistent/keys.yaml");
	assert_null(add("bob", NULL, &s));
	assert_string_equal(err.text,
		"cannot save keys in '/nonexistent/keys.yaml': No such file or directory");
	assert_int_equal(keys_count(&keys), 1);
	assert_true(keys_revoke(&keys, key, &err) < 0);
	assert_true(keys_is_valid(&keys, key->id, key->hash));
	secret_deinit(&s);
}

static void a_broken_file_is_told_and_not_replaced(void **state)
{
	struct keys other;
	FILE *f = fopen(test_file, "we");

	assert_non_null(f);
	(void)fputs("keys:\n  - name: alice\n    hash: nonsense\n", f);
	(void)fclose(f);
	assert_int_equal(keys_init(&other, test_file, &err), -EINVAL);
	assert_non_null(strstr(err.text, ":3:11: keys[0].hash: not a hash"));
	keys_deinit(&other);
}

static void configure(const char *hash)
{
	struct server_conf conf;
	char text[256];

	(void)snprintf(text, sizeof(text), "keys: [{name: old, hash: '%s'}]\n", hash);
	sound_conf_from(&conf, text);
	keys_configure(&keys, &conf.keys);
	assert_true(list_is_empty(&conf.keys));
	server_conf_deinit(&conf);
}

static void a_configured_key_may_have_any_secret_and_is_changed_by_a_reload(void **state)
{
	char hash[KEY_HASH_SIZE], other[KEY_HASH_SIZE];
	const struct server_conf_key *key;

	key_hash(hash, "correct horse");
	key_hash(other, "battery staple");
	configure(hash);
	key = keys_find_secret(&keys, "correct horse");
	assert_non_null(key);
	assert_string_equal(keys_id(key), "old");
	assert_true(keys_is_valid(&keys, "old", hash));
	assert_int_equal(keys_revoke(&keys, keys_find(&keys, "old"), &err), -EPERM);
	configure(other);
	assert_null(keys_find_secret(&keys, "correct horse"));
	assert_false(keys_is_valid(&keys, "old", hash)); /* the same name, another secret */
	assert_true(keys_is_valid(&keys, "old", other));
}

static void a_kept_key_does_not_stand_in_for_a_configured_one_of_its_name(void **state)
{
	struct secret s = {0};
	struct server_conf_key *kept = add("old", "*", &s), *found;
	char hash[KEY_HASH_SIZE];

	key_hash(hash, "correct horse");
	configure(hash);
	found = keys_find(&keys, keys_id(keys_find_secret(&keys, "correct horse")));
	assert_ptr_not_equal(found, kept);
	assert_int_equal(found->allow.n, 0);
	assert_ptr_equal(keys_find(&keys, kept->id), kept);
	secret_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(without_a_file_nobody_has_a_key),
		TEST(a_key_is_found_by_its_secret_after_a_restart_too),
		TEST(a_secret_that_is_off_by_one_letter_is_nobodys),
		TEST(the_file_is_private_and_knows_no_secret),
		TEST(a_revoked_key_lets_nobody_in_and_stays_revoked),
		TEST(a_name_is_given_once),
		TEST(a_glob_that_fits_no_name_is_refused),
		TEST(what_could_not_be_read_again_is_not_written),
		TEST(a_change_that_cannot_be_saved_is_not_made),
		TEST(a_broken_file_is_told_and_not_replaced),
		TEST(a_configured_key_may_have_any_secret_and_is_changed_by_a_reload),
		TEST(a_kept_key_does_not_stand_in_for_a_configured_one_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
