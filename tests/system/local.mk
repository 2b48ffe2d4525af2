TESTS += tests/system/run.sh
EXTRA_DIST += \
	tests/count.py \
	tests/system/actors.py \
	tests/system/browser.html \
	tests/system/conftest.py \
	tests/system/crowd.py \
	tests/system/demo.py \
	tests/system/http_shapes.py \
	tests/system/run.sh \
	tests/system/strict_http.py \
	tests/system/test_bad_input.py \
	tests/system/test_cli.py \
	tests/system/test_cli_verbs.py \
	tests/system/test_clients.py \
	tests/system/test_config.py \
	tests/system/test_control.py \
	tests/system/test_dropin.py \
	tests/system/test_http.py \
	tests/system/test_http_flow.py \
	tests/system/test_http_shapes.py \
	tests/system/test_load.py \
	tests/system/test_memory.py \
	tests/system/test_parking.py \
	tests/system/test_reload.py \
	tests/system/test_session.py \
	tests/system/test_soak.py \
	tests/system/test_systemd.py \
	tests/system/test_tcp.py \
	tests/system/test_v1_daemon.py \
	tests/system/test_v1_rust.py \
	tests/system/test_v1_server.py \
	tests/system/test_watchdog.py \
	tests/system/tls.py \
	tests/system/v1_client.py \
	tests/system/v1_server.py \
	tests/system/v1_wire.py \
	tests/system/tornado_suite.py
