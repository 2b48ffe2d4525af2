TESTS += tests/system/run.sh
EXTRA_DIST += tests/system/run.sh tests/system/demo.py tests/system/actors.py tests/system/conftest.py \
	tests/count.py
