# Everything that is built goes below BUILD. CFLAGS, CPPFLAGS and LDFLAGS are yours.
VERSION := 0.1.0
BUILD ?= build

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/uring-jail
DATADIR ?= $(PREFIX)/share

# STATIC=no links the C library and liburing dynamically, STATIC=pie makes a static program that is
# loaded at a random address; uring-jail(1) says what they cost.
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

comma := ,
# What the compiler or linker knows of the flags $(2); $(1) holds what else it takes to try.
try = $(shell printf 'int main(void) { return 0; }' | \
	$(CC) -Werror $(1) $(2) -x c - -o /dev/null 2>/dev/null && echo '$(2)')
# The flags that do not hang on one another, each tried once for a compiler.
tried = $(foreach flag,$(1),$(call try,,$(flag)))

ifneq ($(filter clean uninstall deps check try check-all fmt fmt-check lint fuzz fuzz-corpus,$(or $(MAKECMDGOALS),all)),)
ifeq ($(filter-out clean uninstall deps check try check-all fmt fmt-check lint fuzz fuzz-corpus,$(MAKECMDGOALS)),)
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
link_mode := -static
endif
ifeq ($(STATIC),pie)
link_mode := -static-pie
endif
endif
endif
pie := $(if $(filter -static,$(link_mode)),-fno-pie,-fPIE)
# For programs that are linked dynamically all the same.
no_pie := $(if $(filter -fno-pie,$(pie)),-no-pie)
# Which parts of the program are put side by side, where the linker can.
link_order := $(if $(link_mode),$(call try,$(LDFLAGS),-Wl$(comma)-T$(comma)cli/launch.ld))

all_cppflags = -D_GNU_SOURCE -DURING_JAIL_VERSION='"$(VERSION)"' \
	-DURING_JAIL_PRESETS='"$(DATADIR)/uring-jail"' -I. $(CPPFLAGS)
all_cflags = -std=gnu17 -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla \
	$(if $(WERROR),-Werror) $(pie) $(filter-out -Wl%,$(hardening)) $(mode) $(CFLAGS)
all_ldflags = $(filter -Wl%,$(hardening)) $(mode) $(LDFLAGS)
libs = -luring -ljansson
test_libs = -lcap $(libs)

policy_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard policy/*.c))
cli_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
unit_objects := $(filter-out %/memory.o %/failing.o,\
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*.c tests/cases/*.c)))
# The parts that the driver (live) and the program it runs in the jail (target) share.
test_objects := $(patsubst %,$(BUILD)/tests/live/%.o,ring request scratch names)
live_objects := $(filter-out $(test_objects) %/cases.o %/demo.o %/fault.o %/inject.o %/inside.o \
	%/perform.o %/same-plan.o %/worker.o %/target.o %/watched.o $(BUILD)/tests/live/escape%,\
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/live/*.c)))
escape_objects := $(filter-out %/escape32.o,\
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/live/escape*.c))) \
	$(patsubst %,$(BUILD)/tests/live/%.o,kernel run)
sources := $(wildcard *.c policy/*.[ch] cli/*.[ch] tests/*/*.[ch])

.PHONY: all
all: $(BUILD)/uring-jail

# --- the program

$(BUILD)/uring-jail: $(BUILD)/uring-jail.o $(cli_objects) $(policy_objects) cli/launch.ld
	$(call quiet,LINK)$(CC) $(all_cflags) $(link_mode) $(link_order) $(all_ldflags) -o $@ \
		$(filter %.o,$^) $(libs)

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
		missing 'liburing 2.3 or later' liburing-dev; \
	compile '#include <jansson.h>' 'json_decref(json_null())' -ljansson || \
		missing 'jansson 2.9 or later' libjansson-dev
	@touch $@

# --- manual pages

presets := $(wildcard policy/presets/*.policy)
pages := $(patsubst man/%.scd,$(BUILD)/man/%,$(wildcard man/*.scd))

.PHONY: man
man: $(pages)

$(BUILD)/man/%: man/%.scd
	@mkdir -p $(@D)
	@command -v scdoc >/dev/null || { echo 'the manual needs scdoc: install scdoc' \
		'(on Debian and Ubuntu: make deps)' >&2; exit 1; }
	$(call quiet,SCDOC)scdoc <$< >$@.new && mv $@.new $@

# --- installing

# Where the shells look for them, below DATADIR; they find completions/candidates from there.
completions := bash-completion/completions/uring-jail zsh/site-functions/_uring-jail \
	fish/vendor_completions.d/uring-jail.fish

.PHONY: install uninstall
install: all man
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(DATADIR)/uring-jail $(DESTDIR)$(DOCDIR)/examples \
		$(addprefix $(DESTDIR)$(DATADIR)/,$(dir $(completions)))
	install -m 755 $(BUILD)/uring-jail $(DESTDIR)$(BINDIR)/uring-jail
	install -m 644 $(filter %.1,$(pages)) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(filter %.5,$(pages)) $(DESTDIR)$(MANDIR)/man5
	install -m 644 $(presets) $(DESTDIR)$(DATADIR)/uring-jail
	install -m 644 completions/uring-jail.bash $(DESTDIR)$(DATADIR)/$(word 1,$(completions))
	install -m 644 completions/_uring-jail $(DESTDIR)$(DATADIR)/$(word 2,$(completions))
	install -m 644 completions/uring-jail.fish $(DESTDIR)$(DATADIR)/$(word 3,$(completions))
	install -m 755 completions/candidates $(DESTDIR)$(DATADIR)/uring-jail
	install -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)
	install -m 644 $(wildcard man/examples/*) $(DESTDIR)$(DOCDIR)/examples

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/uring-jail $(addprefix $(DESTDIR)$(DATADIR)/,$(completions)) \
		$(patsubst $(BUILD)/man/%,$(DESTDIR)$(MANDIR)/man1/%,$(filter %.1,$(pages))) \
		$(patsubst $(BUILD)/man/%,$(DESTDIR)$(MANDIR)/man5/%,$(filter %.5,$(pages)))
	rm -rf $(DESTDIR)$(DATADIR)/uring-jail $(DESTDIR)$(DOCDIR)

# A Debian package, made of a copy of the tree by Debian's own tools; and what the tests look into.
# They set their own flags, and nothing that make passes on may get in their way.
.PHONY: deb
deb: package := $(BUILD)/deb/uring-jail-$(VERSION)
deb:
	@command -v dh >/dev/null || { echo 'the package needs debhelper: install debhelper' \
		'(on Debian and Ubuntu: make deps)' >&2; exit 1; }
	@rm -rf $(BUILD)/deb && mkdir -p $(package)
	@tar -c --exclude=./$(BUILD) --exclude=./build --exclude=./.git . | tar -x -C $(package)
	@mv $(package)/.debian $(package)/debian
	@printf 'uring-jail ($(VERSION)-1) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' \
		"$$(sed -n 's/^Maintainer: //p' .debian/control)" "$$(date -R -r CHANGELOG.md)" \
		>$(package)/debian/changelog
	@cd $(package) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS DEB_BUILD_OPTIONS=noautodbgsym \
		dpkg-buildpackage -b -d -us -uc >../log 2>&1 || { cat ../log >&2; exit 1; }
	@echo "  DEB      $$(ls $(BUILD)/deb/*.deb)"

.PHONY: clean
clean:
	rm -rf $(BUILD)

# --- what it takes to build, document and test

build_packages := gcc libc6-dev make liburing-dev libjansson-dev scdoc
vm_packages := qemu-system-x86 busybox-static cpio debian-archive-keyring
test_packages := libcriterion-dev libcap-dev python3-cram jq fio nodejs systemd crun debhelper \
	bash-completion zsh fish $(vm_packages)
bench_packages := tini catatonit bubblewrap util-linux binutils libseccomp-dev valgrind

# Installs the packages named by PACKAGES that are not there yet.
.PHONY: deps
deps: PACKAGES ?= $(build_packages) $(test_packages) $(bench_packages)
deps:
	@if ! command -v apt-get >/dev/null; then \
		echo 'install these with your package manager (the names are Debian'\''s):' >&2; \
		echo '  $(PACKAGES)' >&2; exit 1; \
	fi; \
	missing=; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || \
			missing="$$missing $$package"; \
	done; \
	test -n "$$missing" || exit 0; \
	sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
	echo "installing:$$missing"; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		$$missing >$${TMPDIR:-/tmp}/uring-jail-deps.log 2>&1 || \
		{ cat $${TMPDIR:-/tmp}/uring-jail-deps.log >&2; exit 1; }

# --- trying and testing; both install what is missing first

.PHONY: try check try-it check-all
try:
	@$(MAKE) --no-print-directory deps PACKAGES='$(filter-out scdoc,$(build_packages)) $(vm_packages)'
	@$(MAKE) --no-print-directory try-it

check: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) check-all

# Where the running kernel can enforce a policy the demo runs on it, else in a virtual machine.
try-it: $(BUILD)/uring-jail $(BUILD)/tests/live/demo
	@if $(BUILD)/uring-jail -q --deny-op=openat2 -- true 2>/dev/null; then \
		PATH="$(BUILD):$(BUILD)/tests/live:$$PATH" tests/live/try; \
	else \
		kernel=$${KERNEL:-$$(tests/vm/fetch | tail -n 1 | cut -d ' ' -f 2)} && \
		tests/vm/run -k "$$kernel" -f $(BUILD)/uring-jail -f $(BUILD)/tests/live/demo \
			-f tests/live/try -- try; \
	fi

.PHONY: check-unit check-tables check-import check-messages check-completions check-live
.PHONY: check-cases check-escape check-here check-same-plan check-support check-fallback check-apps
.PHONY: check-systemd check-container check-package check-fault check-memory lint vm-shell
# Criterion leaks by itself; leaks of the program fail check-messages, where it runs alone.
check-unit: $(BUILD)/tests/unit/unit
	@ASAN_OPTIONS=detect_leaks=0 $(BUILD)/tests/unit/unit $(UNITFLAGS)

check-tables:
	@include=$$(tests/vm/fetch --uapi) && CC='$(CC)' tests/unit/uapi "$$include"

# The default profile of containers, in the newest version that there is.
check-import: $(BUILD)/uring-jail
	@profile=$$(tests/vm/fetch --profile) && tests/unit/profile '$(abspath $(BUILD))/uring-jail' "$$profile"
# Every allocation made to fail, under LeakSanitizer, which needs a build of its own.
check-memory:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/memory SANITIZE=address,undefined \
		$(BUILD)/memory/tests/unit/memory
	@$(BUILD)/memory/tests/unit/memory $(MEMORYFLAGS) tests/cases

# UPDATE=1 writes what was printed into the tests, for you to read in the diff.
check-messages: $(BUILD)/uring-jail
	@PATH="$(abspath $(BUILD)):$$PATH" cram3 $(if $(UPDATE),-iy) tests/messages/*.t

# What bash, zsh and fish make of what is typed, with the completions installed.
check-completions: $(BUILD)/uring-jail
	@$(MAKE) --no-print-directory -s install DESTDIR='$(abspath $(BUILD))/installed'
	@COMPLETIONS='$(abspath $(BUILD))/installed$(DATADIR)' PATH="$(abspath $(BUILD)):$$PATH" \
		cram3 $(if $(UPDATE),-iy) tests/completions/*.t

live_programs := $(BUILD)/uring-jail $(BUILD)/tests/live/live $(BUILD)/tests/live/target \
	$(BUILD)/tests/live/demo $(BUILD)/tests/live/watched

escape_programs := $(BUILD)/uring-jail $(patsubst %,$(BUILD)/tests/live/%,escape escape32 target)

# Whole programs in the jail.
check-live: $(live_programs)
	@tests/vm/matrix $(addprefix -f ,$^) -- live $(LIVEFLAGS)

# The table of cases, and random ones.
check-cases: $(BUILD)/tests/live/cases
	@tests/vm/matrix -f $< -f tests/cases=/root/tests/cases \
		-f policy/presets=/root/policy/presets -- cases $(CASESFLAGS)

# Attempts to get out.
check-escape: $(escape_programs)
	@tests/vm/matrix -t 900 $(addprefix -f ,$^) -- escape $(ESCAPEFLAGS)

# Each of these by itself, as many at a time as there are processors; so what they share is there
# before. The longest are first.
check-all: $(BUILD)/tests/unit/unit $(live_programs) $(escape_programs) $(BUILD)/tests/live/cases \
		$(BUILD)/tests/live/fault $(BUILD)/tests/live/worker man
	@tests/summary $(foreach name,unit messages live cases escape fault apps memory container \
		systemd fallback package same-plan support completions tables import cost, \
		'$(MAKE) --no-print-directory check-$(name)')

# In a mount namespace of its own, since the tests mount file systems.
check-here: $(live_programs)
	@PATH="$(BUILD):$$PATH" unshare -m $(BUILD)/tests/live/live -o $(LIVEFLAGS)

# Every system call of a launch made to fail: of all launches here, and of one of restrictions, if
# FAULTFLAGS names no other, on the newest kernel, and on one where more is tried before.
check-fault: $(BUILD)/uring-jail $(BUILD)/tests/live/fault
	@tests/summary '$(BUILD)/tests/live/fault $(FAULTFLAGS)' \
		'VERSIONS="$(or $(VERSIONS),7.0 7.3)" tests/vm/matrix -t 900 -f $(BUILD)/uring-jail \
			-f $(BUILD)/tests/live/fault -- fault $(or $(FAULTFLAGS),deny-op)'

# Whether the C of --print=c installs what uring-jail installs.
check-same-plan: $(BUILD)/uring-jail $(BUILD)/tests/live/target
	@BUILD='$(BUILD)' CC='$(CC)' tests/live/same-plan

# Whether README and manual say of each kernel what --doctor says on it.
check-support: $(BUILD)/uring-jail
	@BUILD='$(BUILD)' tests/live/support check

# Real programs without io_uring, where the running kernel has no restrictions.
check-fallback: $(BUILD)/uring-jail
	@BUILD='$(BUILD)' tests/live/fallback

# The units of man/examples, under systemd.
check-systemd: $(BUILD)/uring-jail $(BUILD)/tests/live/worker
	@BUILD='$(BUILD)' tests/live/systemd

# The image of man/examples, run by crun.
check-container: $(BUILD)/uring-jail $(BUILD)/tests/live/worker
	@BUILD='$(BUILD)' tests/summary 'tests/live/container native' 'tests/live/container vm'

# Programs at work under their presets: APPSFLAGS=PRESET names one.
check-apps: $(BUILD)/uring-jail $(BUILD)/tests/live/target
	@BUILD='$(BUILD)' CC='$(CC)' tests/live/apps $(APPSFLAGS)

# The Debian package, from building it to removing it.
check-package: $(BUILD)/uring-jail deb
	@BUILD='$(BUILD)' tests/package

vm-shell: $(live_programs)
	@kernel=$${KERNEL:-$$(tests/vm/fetch | tail -n 1 | cut -d ' ' -f 2)} && \
	tests/vm/run -i -k "$$kernel" $(addprefix -f ,$(live_programs))

$(BUILD)/tests/unit/unit: $(unit_objects) $(cli_objects) $(policy_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) $(no_pie) $(all_ldflags) -o $@ $^ -lcriterion $(test_libs)

# The program's own main(), to be called by another one.
$(BUILD)/tests/unit/main.o: uring-jail.c $(BUILD)/flags $(BUILD)/libraries
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(all_cppflags) $(all_cflags) -Dmain=uring_jail_main \
		-Wno-missing-prototypes -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/memory: $(patsubst %,$(BUILD)/tests/%.o,unit/memory unit/failing unit/main \
		unit/enforce cases/cases) $(cli_objects) $(policy_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) $(no_pie) $(all_ldflags) -o $@ $^ $(libs)

# Static, since the virtual machine has no libraries.
$(BUILD)/tests/live/live: $(live_objects) $(test_objects)
$(BUILD)/tests/live/target: $(BUILD)/tests/live/target.o $(test_objects)
$(BUILD)/tests/live/demo: $(BUILD)/tests/live/demo.o
$(BUILD)/tests/live/worker: $(BUILD)/tests/live/worker.o
$(BUILD)/tests/live/watched: $(BUILD)/tests/live/watched.o $(test_objects)
$(BUILD)/tests/live/cases: $(patsubst %,$(BUILD)/tests/%.o,live/cases live/perform \
	cases/cases cases/random) $(test_objects) $(cli_objects) $(policy_objects)
$(BUILD)/tests/live/escape: $(escape_objects) $(test_objects)
$(BUILD)/tests/live/fault: $(patsubst %,$(BUILD)/tests/live/%.o,fault inject inside kernel ring)
$(BUILD)/tests/live/live $(BUILD)/tests/live/target $(BUILD)/tests/live/demo \
		$(BUILD)/tests/live/worker $(BUILD)/tests/live/cases $(BUILD)/tests/live/escape \
		$(BUILD)/tests/live/fault $(BUILD)/tests/live/watched:
	$(call quiet,LINK)$(CC) $(all_cflags) -static $(all_ldflags) -o $@ $^ $(test_libs)

# For the machine's other kind of system calls; 64-bit machines have no library to link it with.
$(BUILD)/tests/live/escape32: tests/live/escape32.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) -std=gnu17 -Wall -Wextra $(if $(WERROR),-Werror) -O2 -m32 -static \
		-ffreestanding -nostdlib -fno-pie -fno-stack-protector -o $@ $<

# --- what it costs

# BENCH="launch deny-op" runs only this section, or this row of it.
bench_programs := $(patsubst %,$(BUILD)/tests/bench/%,launch floor raw nothing request \
	compile libseccomp counted wall)
# Each policy as the C that uring-jail prints for it.
by_hand := $(patsubst %.policy,$(BUILD)/%-by-hand,$(wildcard tests/bench/*.policy))

.PHONY: bench check-cost
# Whether a launch has become dearer: UPDATE=1 writes down what there is.
check-cost: $(BUILD)/uring-jail $(patsubst %,$(BUILD)/tests/bench/%,launch nothing)
	@BUILD='$(BUILD)' UPDATE='$(UPDATE)' tests/bench/guard

bench: $(BUILD)/uring-jail $(bench_programs) $(by_hand)
	@BUILD='$(BUILD)' tests/bench/run $(BENCH)

$(BUILD)/tests/bench/compile: $(policy_objects)
$(bench_programs): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(call quiet,LINK)$(CC) $(all_cflags) -static $(all_ldflags) -o $@ $^ \
		$(if $(filter %/libseccomp,$@),-lseccomp) $(libs)
$(by_hand): %: $(BUILD)/tests/bench/by-hand.o %.c
	$(call quiet,LINK)$(CC) $(all_cppflags) $(all_cflags) -static $(all_ldflags) -o $@ $^
$(addsuffix .c,$(by_hand)): $(BUILD)/%-by-hand.c: %.policy $(BUILD)/uring-jail
	@mkdir -p $(@D)
	$(call quiet,PRINT)$(BUILD)/uring-jail -q --kernel=7.3 -p $< --print=c >$@.new && mv $@.new $@

# --- fuzzing, with clang's libFuzzer

# Seconds for each target; 0 only replays the corpus, as `make fuzz-corpus` does.
FUZZTIME ?= 60
fuzz_programs := $(patsubst %,$(BUILD)/tests/fuzz/%,parse compile bpf import)

.PHONY: fuzz fuzz-corpus fuzz-programs
fuzz:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang \
		SANITIZE=address,undefined,fuzzer-no-link fuzz-programs
	@tests/fuzz/run $(BUILD)/fuzz/tests/fuzz $(FUZZTIME)
fuzz-corpus:
	@$(MAKE) --no-print-directory fuzz FUZZTIME=0
fuzz-programs: $(fuzz_programs)

# What the code generator compares in its search leads the fuzzer nowhere, and takes most of its time.
ifneq ($(findstring fuzzer,$(SANITIZE)),)
$(patsubst %,$(BUILD)/policy/%.o,codegen codegen-states codegen-words dd layout partition term tree): \
		private mode += -fno-sanitize-coverage=trace-cmp
endif

$(fuzz_programs): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/messages.o \
		$(BUILD)/tests/unit/enforce.o $(BUILD)/cli/report.o $(BUILD)/cli/import-json.o $(policy_objects)
	$(call quiet,LINK)$(CC) $(all_cflags) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ -ljansson

# --- the source

.PHONY: fmt fmt-check
fmt:
	clang-format -i $(sources)
fmt-check:
	clang-format --dry-run --Werror $(sources)

# cppcheck, clang-tidy (.clang-tidy) and gcc's analyzer over the program; each says what it finds.
# JOBS: how many files at a time.
lint_sources := $(wildcard *.c policy/*.c cli/*.c)
LINT_GCC ?= gcc
lint_flags = -std=gnu17 $(all_cppflags)
lint_jobs = $(or $(JOBS),$(shell nproc))
lint:
	$(call quiet,CPPCHECK)cppcheck --quiet --error-exitcode=1 --std=c11 -j$(lint_jobs) --inline-suppr \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		-D__x86_64__ $(all_cppflags) $(lint_sources)
	$(call quiet,TIDY)printf '%s\n' $(lint_sources) | \
		xargs -P$(lint_jobs) -I FILE clang-tidy --quiet FILE -- $(lint_flags)
	$(call quiet,ANALYZER)printf '%s\n' $(lint_sources) | \
		xargs -P$(lint_jobs) -I FILE $(LINT_GCC) -O2 -fanalyzer -Werror $(lint_flags) \
			-c -o /dev/null FILE

.PHONY: force
force:

-include $(shell find $(BUILD) -path $(BUILD)/vm -prune -o -name '*.d' -type f -print 2>/dev/null)
