# Doorward. "make" builds build/doorward; "make help" lists the rest.
#
# MODULES is the architecture: a module includes only headers of its own and of the modules named before it (make layers).
MODULES := base crypto net conf model saml oidc scim connectors store roster push sync gate signin broker web daemon cli

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
CPPFLAGS += -D_GNU_SOURCE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=3) -Isrc -I. -I$(BUILD)/generated -include src/base/banned.h \
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

# --- what the pages say in other languages: tables in C, made of the gettext catalogues ----------------------------------
CATALOGUES := $(wildcard src/web/po/*.po)

# An entry that is fuzzy or without a translation is left out, and tests/unit/test_pages.c misses it.
$(BUILD)/generated/web/catalogues.h: $(CATALOGUES)
	$(call say,PO,$@)
	@mkdir -p $(@D)
	$(Q)for po in $^; do \
		msgfmt --check-format --output-file=/dev/null $$po || exit 1; \
		echo "static const struct translation catalogue_$$(basename $$po .po)[] = {"; \
		msgattrib --translated --no-fuzzy --no-obsolete --stringtable-output $$po | \
			LC_ALL=C sed -n -e 's/^\(".\{1,\}"\) = \(".*"\);$$/    {\1, \2},/p'; \
		echo '};'; \
	done >$@

$(BUILD)/src/web/text.o $(BUILD)/fuzz/src/web/text.o: $(BUILD)/generated/web/catalogues.h

# Brings the catalogues up to the texts of the source.
po:
	$(Q)xgettext --from-code=UTF-8 --keyword=N_ --no-location --omit-header --output=$(BUILD)/doorward.pot src/web/text.c
	$(Q)for po in $(CATALOGUES); do msgmerge --quiet --update --backup=none --no-fuzzy-matching $$po $(BUILD)/doorward.pot; done

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

unit: $(patsubst $(BUILD)/tests/unit/%,unit-run-%,$(UNITS))

# Beside each other when make was told to.
unit-run-%: $(BUILD)/tests/unit/%
	@$< >$<.log 2>&1 || { cat $<.log; exit 1; }
	@cat $<.log

# The commented samples, from the rows; test_conf_schema and test_pages fail when they are not current.
sample: $(BUILD)/tests/unit/test_conf_schema $(BUILD)/tests/unit/test_pages
	$(call say,SAMPLE,conf/doorward.conf.sample)
	$(Q)$(BUILD)/tests/unit/test_conf_schema --write conf/doorward.conf.sample
	$(call say,SAMPLE,conf/texts.ini.sample)
	$(Q)$(BUILD)/tests/unit/test_pages --write conf/texts.ini.sample

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

.PHONY: all unit sample po demo layers clean
