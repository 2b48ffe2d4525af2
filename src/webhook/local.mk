noinst_LIBRARIES += src/webhook/libwebhook.a
src_webhook_libwebhook_a_SOURCES = \
	src/webhook/webhook.c src/webhook/webhook.def.h src/webhook/webhook.h \
	src/webhook/webhook_check.c src/webhook/webhook_check.h \
	src/webhook/webhook_sign.c src/webhook/webhook_sign.h
