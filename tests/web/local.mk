EXTRA_DIST += \
	tests/web/conftest.py \
	tests/web/contrast.js \
	tests/web/dashboard.png \
	tests/web/origin_site.py \
	tests/web/run \
	tests/web/scene.py \
	tests/web/screenshot \
	tests/web/test_detail.py \
	tests/web/test_guards.py \
	tests/web/test_list.py \
	tests/web/test_looks.py
