/* SPDX-License-Identifier: MIT */
/*
 * fuzz_yaml: any bytes as a configuration file, read, bound, compared, described and let
 * go. What holds for every input: no leak, no crash, and a struct within its bounds.
 */

#include <assert.h>
#include <stdint.h>

#include "../unit/conf/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sample(const struct sample *s)
{
	assert(s->workers >= 1 && s->workers <= 64);
	assert(s->port >= 1);
	assert(s->ports.low <= s->ports.high);
	assert(s->cache >= 4096);
	assert(s->proto == SAMPLE_HTTP || s->proto == SAMPLE_TCP);
	assert(s->hosts.n <= 3);
	assert(s->even % 2 == 0);
	assert(s->limits.idle_ms >= 1000 && s->limits.idle_ms <= 3600000);
	assert(!s->title || strlen(s->title) <= 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(1 << 20);
	CLEANUP(str_list_deinit) struct str_list changes = {0};
	struct sample s, plain;
	struct conf_report report;
	struct conf_doc *doc;

	report_init(&report);
	sample_init(&s);
	sample_init(&plain);
	bind_defaults(&sample_table, &s);
	bind_defaults(&sample_table, &plain);
	doc = doc_load_text("fuzz.yaml", (const char *)data, size, &report);
	if (doc) {
		size_t before = report_count(&report);
		bool sound = bind_mapping(&sample_table, doc->root, &s, &report);

		assert(sound == (report_count(&report) == before));
	} else {
		assert(report_count(&report) > 0);
	}
	check_sample(&s);
	bind_changes(&sample_table, &s, &plain, CONF_NO_RELOAD, &changes);
	report_print(&report, &text);
	assert((report_count(&report) == 0) == (text.len == 0));
	doc_free(doc);
	sample_deinit(&s);
	sample_deinit(&plain);
	report_deinit(&report);
	return 0;
}
