# Helpers of tests/bench/run; `make check` builds them, so that they stay buildable.
check_PROGRAMS += tests/bench/origin tests/bench/wan
tests_bench_origin_SOURCES = tests/bench/origin.c
tests_bench_origin_LDADD = $(OPENSSL_LIBS)
tests_bench_wan_SOURCES = tests/bench/wan.c
TESTS += tests/bench/test_report.py
EXTRA_DIST += \
	tests/bench/check \
	tests/bench/capture.py \
	tests/bench/cut.py \
	tests/bench/flood.py \
	tests/bench/idle.py \
	tests/bench/load.py \
	tests/bench/measure.py \
	tests/bench/paths.py \
	tests/bench/peer_paths.py \
	tests/bench/peers \
	tests/bench/plot.py \
	tests/bench/report.py \
	tests/bench/rounds.py \
	tests/bench/run \
	tests/bench/test_report.py \
	tests/bench/wan.py \
	tests/bench/world.py
