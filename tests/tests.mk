# Everything that tests: included by the Makefile, whose variables it uses.
#
## make               build/doorward
## make demo          the whole road on a sample directory, told as it goes; state stays in build/demo
## make test          layers, unit suites under sanitizers, integration with real servers, a short fuzz run
## make layers        check that includes point only upward in the module list
## make unit          the unit suites; SANITIZE=address,undefined builds and runs them instrumented
## make integration   the cases in tests/integration; T='-k name' goes to pytest
## make fuzz          every tests/fuzz/fuzz_NAME.c for FUZZ_SECONDS (20) each; FUZZ=NAME for one
## make valgrind      the unit suites under valgrind; make valgrind-demo and valgrind-integration run the program under it
## make bench         100,000 people in a local slapd: each command beside ldapsearch; then signing in (make bench-signin) beside its peers
## make bench-scim    SCIM's pure functions beside bare jansson; the SCIM service on 100,000 users (make bench-scim-service)
## make bench-platform  10,000 invitations to a slow SCIM service beside the time that they take at least
# A missing tool is a failure when CI is set, and a named skip otherwise.

PYTHON := /usr/bin/python3
# Servers live in sbin, which is not in everybody's PATH.
TEST_PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
# Sub-makes get all processors, unless make was told how many to use.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE = +@$(MAKE) --no-print-directory $(JOBS)

# --- small programs that cases run, one per file --------------------------------------------------------------------
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(wildcard tests/tools/*.c))

# Another's library, which the program itself does not use; without it the cases that need this one skip themselves by name.
RESOURCE := $(BUILD)/tests/tools/resource
ifeq ($(shell pkg-config --exists liboauth2 && echo there),)
TOOLS := $(filter-out $(RESOURCE),$(TOOLS))
endif
$(RESOURCE): ALL_CFLAGS += $(shell pkg-config --cflags liboauth2 2>/dev/null | sed 's/-I/-isystem /g')
$(RESOURCE): LIBS = $(shell pkg-config --libs liboauth2)

$(BUILD)/tests/tools/%: tests/tools/%.c $(BUILD)/libdoorward.a
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libdoorward.a $(LIBS)

# … and libraries that are preloaded into the program.
PRELOADS := $(patsubst tests/preload/%.c,$(BUILD)/tests/preload/%.so,$(wildcard tests/preload/*.c))

$(BUILD)/tests/preload/%.so: tests/preload/%.c
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -shared -MMD -MP -MF $@.d -o $@ $< -ldl

tools: $(TOOLS) $(PRELOADS)
-include $(TOOLS:=.d) $(PRELOADS:=.d)

# --- peers: services not written here, from npm, with what little makes them run --------------------------------------
PEERS := $(notdir $(patsubst %/,%,$(wildcard tests/peers/*/)))

# Without npm or the network, the cases that need a peer skip themselves by name; in CI none may.
peers: $(PEERS:%=peer-%)

peer-%:
	@at=$(BUILD)/peers/$*; \
	[ ! -e $$at/node_modules/.package-lock.json ] || \
		[ tests/peers/$*/package-lock.json -nt $$at/node_modules/.package-lock.json ] || fresh=yes; \
	mkdir -p $$at && cp tests/peers/$*/package.json tests/peers/$*/package-lock.json \
		tests/peers/$*/server.js $$at/ || exit 1; \
	[ -z "$$fresh" ] || exit 0; \
	$(call need,peers,node npm); \
	echo "  NPM   $$at"; npm ci --prefix $$at --ignore-scripts --no-audit --no-fund --loglevel=error >$$at/npm.log 2>&1 || \
	{ cat $$at/npm.log >&2; rm -rf $$at/node_modules; \
	echo "peers: npm could not install tests/peers/$*" >&2; exit $(if $(CI),1,0); }

# --- the whole ------------------------------------------------------------------------------------------------------
test: layers
	$(SUBMAKE) test-programs
	$(SUBMAKE) SANITIZE=address,undefined unit
	$(SUBMAKE) integration
	$(SUBMAKE) fuzz FUZZ_SECONDS=2
	@echo "test: all passed"

# Built first and at once, so that both processors have work; the stages after it only run.
test-programs: all tools peers fuzzers unit-sanitized
unit-programs: $(UNITS)
unit-sanitized:
	$(SUBMAKE) SANITIZE=address,undefined unit-programs

# --- integration ----------------------------------------------------------------------------------------------------
INTEGRATION_NEEDS := slapd slapadd ldapsearch ldapmodify knotd dnsmasq xmlsec1 openssl sqlite3 node npm glewlwyd php plackup apache2 nginx chromedriver
DOORWARD ?= $(BUILD)/doorward

# $(call need,STAGE,TOOLS): ends the recipe's shell, with 1 in CI and 0 elsewhere, when a tool is missing.
need = missing=; for tool in $(2); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	[ -z "$$missing" ] || { echo "$(1): skipped, missing:$$missing; run: sudo sh packaging/deps.sh --test" >&2; \
	exit $(if $(CI),1,0); }

# As many files of cases at once as there are processors, where python3-pytest-xdist is installed; not when some were asked for.
PYTEST_JOBS = $(if $(T),,$(shell $(PYTHON) -c 'import xdist' 2>/dev/null && echo "-n $$(nproc) --dist loadfile"))

# Without one of the servers, the cases that need it skip themselves by name; in CI none may.
integration: all tools peers
	@export PATH="$(TEST_PATH)"; $(call need,integration,$(PYTHON)); \
	$(PYTHON) -c 'import pytest' 2>/dev/null || \
	{ echo "integration: skipped, missing: python3-pytest" >&2; exit $(if $(CI),1,0); }; \
	$(if $(CI),$(call need,integration,$(INTEGRATION_NEEDS));) \
	PYTHONDONTWRITEBYTECODE=1 DOORWARD="$(abspath $(DOORWARD))" DOORWARD_TOOLS="$(abspath $(BUILD)/tests/tools)" \
	DOORWARD_PEERS="$(abspath $(BUILD)/peers)" DOORWARD_SCREENSHOTS="$(abspath $(BUILD)/screenshots)" \
	$(PYTHON) -m pytest -q -rs -p no:cacheprovider $(PYTEST_JOBS) tests/integration $(T)

# --- fuzzing: the library built by clang in a folder of its own -----------------------------------------------------
FUZZ_DIR     := $(BUILD)/fuzz
FUZZ_SECONDS ?= 20
FUZZ         ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS   := -O1 -g -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_LIMITS  := -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=10 -max_len=65536
FUZZ_OBJS    := $(patsubst $(BUILD)/%,$(FUZZ_DIR)/%,$(LIBOBJS))
# Seeds come from tests/data/NAME (saml-metadata for fuzz_saml_metadata), or from where this table says.
FUZZ_SEEDS_saml_response := tests/data/saml
FUZZ_SEEDS_scim_map := tests/data/scim-map-rules
fuzz_seeds = $(or $(FUZZ_SEEDS_$(1)),$(wildcard tests/data/$(subst _,-,$(1))))

# What fortify would catch is the sanitizer's to report, with its stack. Warnings are the first compiler's matter.
FUZZ_CC = $(CLANG) $(filter-out -D_FORTIFY_SOURCE=%,$(CPPFLAGS)) -U_FORTIFY_SOURCE \
          $(filter-out -O% -W% $(SANFLAGS),$(ALL_CFLAGS)) $(FUZZ_FLAGS)

$(FUZZ_DIR)/%.o: %.c
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(FUZZ_DIR)/libdoorward.a: $(FUZZ_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(FUZZ_OBJS)

$(FUZZ_DIR)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_DIR)/libdoorward.a
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -MMD -MP -MF $@.d -o $@ $< $(FUZZ_DIR)/libdoorward.a $(LIBS)

FUZZ_MISSING := $(if $(shell command -v $(CLANG)),,$(CLANG))
ifeq ($(FUZZ_MISSING),)
fuzzers: $(FUZZ:%=$(FUZZ_DIR)/fuzz_%)
fuzz: $(FUZZ:%=fuzz-run-%)
else
fuzzers fuzz:
	@$(call need,$@,$(CLANG))
endif

# What a run finds stays in build/fuzz/corpus for the next; a crash stays in build/fuzz/NAME-*.
fuzz-run-%: $(FUZZ_DIR)/fuzz_%
	@mkdir -p $(FUZZ_DIR)/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) $(FUZZ_LIMITS) -artifact_prefix=$(FUZZ_DIR)/$*- \
		$(patsubst %,-dict=%,$(wildcard tests/fuzz/$*.dict)) -print_final_stats=1 \
		$(FUZZ_DIR)/corpus/$* $(call fuzz_seeds,$*) >$(FUZZ_DIR)/$*.log 2>&1 || { \
		tail -n 60 $(FUZZ_DIR)/$*.log >&2; echo "fuzz $*: failed; the whole log is $(FUZZ_DIR)/$*.log" >&2; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */fuzz $*: runs /p' $(FUZZ_DIR)/$*.log

-include $(FUZZ_OBJS:.o=.d) $(wildcard $(FUZZ_DIR)/fuzz_*.d)

# --- valgrind -------------------------------------------------------------------------------------------------------
VALGRIND := valgrind -q --leak-check=full --show-leak-kinds=definite,indirect \
            --errors-for-leak-kinds=definite,indirect --error-exitcode=99 \
            $(patsubst %,--suppressions=$(CURDIR)/%,$(wildcard tests/valgrind.supp))

# One process a suite, which takes two thirds of the time of one a case; so without the cases that end theirs: "ends".
valgrind: $(patsubst $(BUILD)/tests/unit/%,valgrind-run-%,$(UNITS))

valgrind-run-%: $(BUILD)/tests/unit/%
	@$(call need,valgrind,valgrind); \
	CK_FORK=no CK_EXCLUDE_TAGS=ends CK_TIMEOUT_MULTIPLIER=20 DOORWARD_TEST_STEPS=8 $(VALGRIND) $< >$<.valgrind 2>&1 || \
	{ cat $<.valgrind; exit 1; }
	@echo "valgrind $*: $$(grep '%' $<.valgrind)"

# The program itself under valgrind: an error or a leak ends it with 99, which nobody expects.
$(BUILD)/doorward-valgrind: $(BUILD)/doorward tests/tests.mk $(wildcard tests/valgrind.supp)
	@printf '#!/bin/sh\nexec %s %s "$$@"\n' '$(VALGRIND)' '$(abspath $(BUILD)/doorward)' >$@
	@chmod +x $@

valgrind-demo: $(BUILD)/doorward-valgrind
	@$(call need,$@,valgrind); \
	conf/demo/demo.sh $< $(BUILD)/demo-valgrind >$(BUILD)/demo-valgrind.log 2>&1 || \
	{ tail -n 60 $(BUILD)/demo-valgrind.log >&2; echo "$@: failed" >&2; exit 1; }
	@echo "$@: passed"

valgrind-integration: $(BUILD)/doorward-valgrind tools peers
	@$(call need,$@,valgrind)
	$(SUBMAKE) integration DOORWARD=$(BUILD)/doorward-valgrind

# --- bench ----------------------------------------------------------------------------------------------------------
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libdoorward.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libdoorward.a $(LIBS)

-include $(BENCHES:=.d)

bench: bench-sync bench-signin bench-platform bench-scim

bench-sync: $(BUILD)/doorward
	@PATH="$(TEST_PATH)" PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/bench.py \
		--doorward $(BUILD)/doorward --cache $(BUILD)/bench

# After the other, not beside it: each wants the machine for itself. BENCH_REQUESTS=1000000 for the whole of the memory figure.
bench-signin: $(BUILD)/doorward tools $(BENCHES) | $(if $(filter bench,$(MAKECMDGOALS)),bench-sync)
	@PATH="$(TEST_PATH)" PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/signin_bench.py \
		--doorward $(BUILD)/doorward --programs $(BUILD)/tests --cache $(BUILD)/bench --requests $(BENCH_REQUESTS)
BENCH_REQUESTS ?= 100000

# BENCH_STRICT=1: a figure over its limit is a failure.
bench-platform: $(BUILD)/doorward | $(if $(filter bench,$(MAKECMDGOALS)),bench-signin)
	@PATH="$(TEST_PATH)" PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/platform_bench.py \
		--doorward $(BUILD)/doorward --cache $(BUILD)/bench $(if $(BENCH_STRICT),--strict)

bench-scim: $(BUILD)/tests/bench/scim_bench | $(if $(filter bench,$(MAKECMDGOALS)),bench-platform)
	$(Q)$<
	$(SUBMAKE) bench-scim-service

# On the disk, as the service has it: each answer waits for it. Then over HTTP, on the users and groups that this left behind.
bench-scim-service: $(BUILD)/tests/bench/scim_service_bench $(BUILD)/tests/bench/http_load $(BUILD)/doorward
	$(Q)rm -rf $(BUILD)/bench/pushed && mkdir -p $(BUILD)/bench/pushed
	$(Q)$(if $(BENCH_STRICT),BENCH_STRICT=1) $< $(BUILD)/bench/pushed
	@PATH="$(TEST_PATH)" PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/push_bench.py \
		--doorward $(BUILD)/doorward --programs $(BUILD)/tests --pushed $(BUILD)/bench/pushed $(if $(BENCH_STRICT),--strict)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.PHONY: test test-programs unit-programs unit-sanitized tools peers integration fuzz fuzzers valgrind valgrind-demo \
        valgrind-integration bench bench-sync bench-signin bench-platform bench-scim bench-scim-service help
