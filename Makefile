# Doorward. "make" builds build/doorward; "make help" lists the rest.
#
# MODULES is the architecture: a module includes only headers of its own and of the modules named before it (make layers).
MODULES := base crypto net conf model saml oidc scim connectors store roster sync gate signin web daemon cli

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr
SYSCONFDIR ?= /etc
CC       ?= gcc
CLANG    ?= clang
PKGS     := cjose libmicrohttpd zlib libxml-2.0 xmlsec1-openssl libssl libcrypto libcurl sqlite3 libpsl libidn2 jansson ini_config ldap lber

# Quiet unless V=1.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# make SANITIZE=address,undefined builds everything instrumented, in a folder of its own.
ifdef SANITIZE
BUILD := $(BUILD)/san
SANFLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
WERROR := $(if $(CI),-Werror)

CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=3) -Isrc -I. -include src/base/banned.h \
            -DDOORWARD_VERSION='"$(VERSION)"' -DDOORWARD_SYSCONFDIR='"$(SYSCONFDIR)"'
WARN     := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef $(WERROR)
HARDEN   := -fstack-protector-strong -fPIE -fstack-clash-protection
ALL_CFLAGS = -std=gnu17 $(WARN) $(HARDEN) $(SANFLAGS) $(CFLAGS) $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g')
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)
LIBS     := $(shell pkg-config --libs $(PKGS)) -lunbound -lunistring

# --- sources ---------------------------------------------------------------------------------------------------------
module_dir = $(if $(filter connectors,$(1)),connectors,src/$(1))
SRCS := $(foreach m,$(MODULES),$(wildcard $(call module_dir,$(m))/*.c $(if $(filter connectors,$(m)),connectors/*/*.c)))
MAIN := src/cli/main.c
OBJS := $(patsubst %.c,$(BUILD)/%.o,$(SRCS))
LIBOBJS := $(filter-out $(BUILD)/$(MAIN:.c=.o),$(OBJS))

all: $(BUILD)/doorward

# From the archive, and only with the libraries it calls: each one more costs every start of the program.
$(BUILD)/doorward: $(BUILD)/$(MAIN:.c=.o) $(BUILD)/libdoorward.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Everything but main(), for the tests, the fuzzers and the bench to link with.
$(BUILD)/libdoorward.a: $(LIBOBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(LIBOBJS)

# --- unit tests: one program per tests/unit/test_*.c, each a Check suite that forks every case ---------------------------
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRCS))

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libdoorward.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libdoorward.a $(LIBS) \
		$(shell pkg-config --cflags --libs check)

unit: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

# The commented sample, from the rows; test_conf_schema fails when it is not current.
sample: $(BUILD)/tests/unit/test_conf_schema
	$(call say,SAMPLE,conf/doorward.conf.sample)
	$(Q)$< --write conf/doorward.conf.sample

-include $(OBJS:.o=.d) $(UNITS:=.d)

include tests/tests.mk
include packaging/package.mk

# The main job on embedded defaults; its state stays in build/demo.
demo: $(BUILD)/doorward
	$(Q)conf/demo/demo.sh $(BUILD)/doorward $(BUILD)/demo

layers:
	@sh tests/layers.sh "$(MODULES)"

clean:
	rm -rf $(BUILD)

.PHONY: all unit sample demo layers clean
