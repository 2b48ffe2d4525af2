# All of tunnelctl but main(), so that its tests can link it.
noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/answer.c src/cli/answer.h \
	src/cli/args.c src/cli/args.h src/cli/options.def.h \
	src/cli/body_filter.c src/cli/body_filter.h \
	src/cli/call.c src/cli/call.h \
	src/cli/captured.c src/cli/captured.h \
	src/cli/cells.c src/cli/cells.h \
	src/cli/completion.c src/cli/completion.h \
	src/cli/curl.c src/cli/curl.h \
	src/cli/json_indent.c src/cli/json_indent.h \
	src/cli/diff.c src/cli/diff.h \
	src/cli/draft.c src/cli/draft.h \
	src/cli/editor.c src/cli/editor.h \
	src/cli/one_shot.c src/cli/one_shot.h \
	src/cli/print.c src/cli/print.h \
	src/cli/program.c src/cli/program.h src/cli/program_exec.c \
	src/cli/request_filter.c src/cli/request_filter.h \
	src/cli/request_row.c src/cli/request_row.h \
	src/cli/show_body.c src/cli/show_body.h \
	src/cli/stored_key.c src/cli/stored_key.h \
	src/cli/top_data.c src/cli/top_data.h \
	src/cli/top_detail.c src/cli/top_detail.h \
	src/cli/top_feed.c src/cli/top_feed.h \
	src/cli/top_lines.c src/cli/top_lines.h \
	src/cli/top_view.c src/cli/top_view.h \
	src/cli/verb_adhoc.c src/cli/verb_dashboard.c src/cli/verb_expect.c src/cli/verb_export.c src/cli/verb_logs.c \
	src/cli/verb_misc.c src/cli/verb_replay.c src/cli/verb_requests.c src/cli/verb_server.c \
	src/cli/verb_show.c src/cli/verb_top.c src/cli/verb_tunnels.c \
	src/cli/verbs.c src/cli/verbs.h src/cli/verbs.def.h \
	src/cli/verify_option.c src/cli/verify_option.h \
	src/cli/whole_file.c src/cli/whole_file.h
if HAVE_NCURSES
src_cli_libcli_a_SOURCES += src/cli/top_draw.c src/cli/top_draw.h
else
EXTRA_DIST += src/cli/top_draw.c src/cli/top_draw.h
endif

# Neither libev nor libwebsockets nor OpenSSL: tunnelctl starts in a millisecond.
CLI_LIBS = src/cli/libcli.a src/ctl/libctl.a src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(JQ_LIBS) $(NCURSES_LIBS)
bin_PROGRAMS += tunnelctl
tunnelctl_SOURCES = src/cli/main.c
tunnelctl_LDADD = $(CLI_LIBS)

# tunnelto is the same program under its other name.
noinst_DATA = tunnelto
CLEANFILES += tunnelto
tunnelto: tunnelctl$(EXEEXT)
	$(AM_V_GEN)rm -f $@ && $(LN_S) tunnelctl$(EXEEXT) $@

install-exec-hook:
	cd '$(DESTDIR)$(bindir)' && rm -f tunnelto$(EXEEXT) && $(LN_S) tunnelctl$(EXEEXT) tunnelto$(EXEEXT)
uninstall-hook:
	rm -f '$(DESTDIR)$(bindir)/tunnelto$(EXEEXT)'

# Completion is told by the program itself.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
nodist_bashcomp_DATA = src/cli/completion/tunnelctl
nodist_zshcomp_DATA = src/cli/completion/_tunnelctl
nodist_fishcomp_DATA = src/cli/completion/tunnelctl.fish
COMPLETIONS = $(nodist_bashcomp_DATA) $(nodist_zshcomp_DATA) $(nodist_fishcomp_DATA)
CLEANFILES += $(COMPLETIONS)
src/cli/completion/tunnelctl: tunnelctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) src/cli/completion && ./tunnelctl$(EXEEXT) completion bash >$@.tmp && mv $@.tmp $@
src/cli/completion/_tunnelctl: tunnelctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) src/cli/completion && ./tunnelctl$(EXEEXT) completion zsh >$@.tmp && mv $@.tmp $@
src/cli/completion/tunnelctl.fish: tunnelctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) src/cli/completion && ./tunnelctl$(EXEEXT) completion fish >$@.tmp && mv $@.tmp $@
