EXTRA_DIST += \
	tests/machine/checks_daemons.py \
	tests/machine/checks_install.py \
	tests/machine/container.py \
	tests/machine/load.py \
	tests/machine/machine.py \
	tests/machine/origin.py \
	tests/machine/packages.py \
	tests/machine/pretender.py \
	tests/machine/report.py \
	tests/machine/roots.py \
	tests/machine/run \
	tests/machine/scene.py
