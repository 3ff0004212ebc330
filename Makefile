# Everything that is built goes below BUILD. CFLAGS, CPPFLAGS and LDFLAGS are yours.
VERSION := 0.1.0
BUILD ?= build

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/uring-jail

# STATIC=no links the C library and liburing dynamically; uring-jail(1) says what that costs.
STATIC ?= yes
# SANITIZE=address,undefined builds with sanitizers (and dynamically, since they need it).
SANITIZE ?=
# WERROR=1 makes warnings errors, as CI does.
WERROR ?=

CFLAGS ?= -O2 -g

V ?= 0
ifeq ($(V),0)
quiet = @printf '  %-8s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$@)';
endif

# What the compiler or linker knows of the flags $(2); $(1) holds what else it takes to try.
try = $(shell printf 'int main(void) { return 0; }' | \
	$(CC) -Werror $(1) $(2) -x c - -o /dev/null 2>/dev/null && echo '$(2)')
# The flags that do not hang on one another, each tried once for a compiler.
tried = $(foreach flag,$(1),$(call try,,$(flag)))

ifneq ($(filter clean uninstall deps fmt fmt-check help,$(or $(MAKECMDGOALS),all)),)
ifeq ($(filter-out clean uninstall deps fmt fmt-check help,$(MAKECMDGOALS)),)
no_build := yes
endif
endif

ifneq ($(no_build),yes)
hardening := $(call tried,-fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-fno-plt -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
ifneq ($(SANITIZE),)
mode := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
else
hardening += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ifeq ($(STATIC),yes)
link_mode := $(or $(call try,-fPIE,-static-pie),-static)
endif
endif
endif
pie := $(if $(filter -static,$(link_mode)),,-fPIE)

all_cppflags = -D_GNU_SOURCE -DURING_JAIL_VERSION='"$(VERSION)"' -I. $(CPPFLAGS)
all_cflags = -std=gnu17 -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla \
	$(if $(WERROR),-Werror) $(pie) $(filter-out -Wl%,$(hardening)) $(mode) $(CFLAGS)
all_ldflags = $(filter -Wl%,$(hardening)) $(mode) $(LDFLAGS)
libs = -luring

policy_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard policy/*.c))
cli_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
unit_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*.c))
live_objects := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/live/demo.c tests/live/target.c,\
	$(wildcard tests/live/*.c)))
sources := $(wildcard *.c policy/*.[ch] cli/*.[ch] tests/*/*.[ch])

.PHONY: all
all: $(BUILD)/uring-jail

# --- the program

$(BUILD)/uring-jail: $(BUILD)/uring-jail.o $(cli_objects) $(policy_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) $(link_mode) $(all_ldflags) -o $@ $^ $(libs)

$(BUILD)/%.o: %.c $(BUILD)/flags $(BUILD)/libraries
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(all_cppflags) $(all_cflags) -MMD -MP -c -o $@ $<

# Rewritten only when the flags change, so that objects of other flags are never linked.
flags_now = $(CC) $(all_cppflags) $(all_cflags) $(all_ldflags) $(link_mode)
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || printf '%s\n' "$$FLAGS_NOW" >$@
$(BUILD)/flags: export FLAGS_NOW = $(flags_now)

# What the program is made with, each tried once: one line for each that is missing.
$(BUILD)/libraries: $(BUILD)/flags
	@missing() { echo "uring-jail needs $$1: install $$2 (on Debian and Ubuntu: make deps)" >&2; \
		exit 1; }; \
	compile() { printf "$$1\nint main(void) { $$2; return 0; }\n" | \
		$(CC) $(all_cppflags) -x c - -o /dev/null $(link_mode) $$3 2>/dev/null; }; \
	command -v $(firstword $(CC)) >/dev/null || missing 'a C compiler' gcc; \
	compile '' '' || missing 'the C library'\''s development files' libc6-dev; \
	compile '#include <argp.h>' 'argp_program_version = 0' || missing 'argp' 'glibc, or argp-standalone'; \
	compile '#include <liburing.h>' 'io_uring_register(0, 0, 0, 0)' -luring || \
		missing 'liburing 2.3 or later' liburing-dev
	@touch $@

# --- manual pages

pages := $(patsubst man/%.scd,$(BUILD)/man/%,$(wildcard man/*.scd))

.PHONY: man
man: $(pages)

$(BUILD)/man/%: man/%.scd
	@mkdir -p $(@D)
	@command -v scdoc >/dev/null || { echo 'the manual needs scdoc: install scdoc' \
		'(on Debian and Ubuntu: make deps)' >&2; exit 1; }
	$(call quiet,SCDOC)scdoc <$< >$@.new && mv $@.new $@

# --- installing

.PHONY: install uninstall
install: all man
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DOCDIR)
	install -m 755 $(BUILD)/uring-jail $(DESTDIR)$(BINDIR)/uring-jail
	install -m 644 $(BUILD)/man/uring-jail.1 $(DESTDIR)$(MANDIR)/man1/uring-jail.1
	install -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/uring-jail $(DESTDIR)$(MANDIR)/man1/uring-jail.1
	rm -rf $(DESTDIR)$(DOCDIR)

.PHONY: clean
clean:
	rm -rf $(BUILD)

# --- what it takes to build, document and test

packages := gcc libc6-dev make liburing-dev scdoc \
	libcriterion-dev cram qemu-system-x86 busybox-static cpio debian-archive-keyring

.PHONY: deps
deps:
	@if ! command -v apt-get >/dev/null; then \
		echo 'install these with your package manager (the names are Debian'\''s):' >&2; \
		echo '  $(packages)' >&2; exit 1; \
	fi; \
	missing=; for package in $(packages); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || \
			missing="$$missing $$package"; \
	done; \
	test -z "$$missing" && exit 0; \
	sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
	echo "installing:$$missing"; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		$$missing >/dev/null

# --- tests

# `check` and `try` install what is missing first, then build with it.
.PHONY: check try
check: deps
	@$(MAKE) --no-print-directory check-all

try: deps
	@$(MAKE) --no-print-directory try-it

.PHONY: check-all check-unit check-messages check-live
check-all:
	@tests/summary '$(MAKE) --no-print-directory check-unit' \
		'$(MAKE) --no-print-directory check-messages' \
		'$(MAKE) --no-print-directory check-live'

$(BUILD)/tests/unit/unit: $(unit_objects) $(cli_objects) $(policy_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) $(if $(pie),-pie) $(all_ldflags) -o $@ $^ -lcriterion $(libs)

$(BUILD)/tests/live/live: $(live_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) -static $(all_ldflags) -o $@ $^ $(libs)

check-unit: $(BUILD)/tests/unit/unit
	$(BUILD)/tests/unit/unit $(UNITFLAGS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: fmt fmt-check
fmt:
	clang-format -i $(sources)
fmt-check:
	clang-format --dry-run --Werror $(sources)

.PHONY: force
force:
