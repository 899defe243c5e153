# Installing, and the packages: included by the Makefile, whose variables it uses.
#
## make install       DESTDIR= PREFIX=/usr SYSCONFDIR=/etc; a configuration that exists is left alone
## make deb           build/doorward_VERSION_ARCH.deb
## make rpm           build/doorward-VERSION-1.ARCH.rpm
## make package-test  installs, tries and removes all three in a clean root (as root, with debootstrap)

DOCDIR       ?= $(PREFIX)/share/doc/doorward
# Empty leaves out what belongs to systemd: debhelper places it by itself.
UNITDIR      ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR  ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR  ?= $(PREFIX)/lib/tmpfiles.d
DATADIR      ?= $(PREFIX)/share/doorward
DEFAULT_CONF ?= conf/doorward.conf.sample
DOCS         := $(wildcard README.md ARCHITECTURE.md LICENSE conf/texts.ini.sample)
DEST_CONF     = $(DESTDIR)$(SYSCONFDIR)/doorward

# The example comes with the first installation only: who deleted it, does not get it again.
install: $(BUILD)/doorward $(DEFAULT_CONF)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	install -m 755 $(BUILD)/doorward $(DESTDIR)$(PREFIX)/bin/doorward
	install -m 644 $(DOCS) $(DEFAULT_CONF) conf/forward-auth.nginx.conf $(DESTDIR)$(DOCDIR)
	install -m 644 conf/demo/directory.ldif $(DESTDIR)$(DATADIR)/example.ldif
	for dir in $(DEST_CONF) $(DEST_CONF)/conf.d $(DEST_CONF)/secrets; do [ -d $$dir ] || install -d -m 750 $$dir; done
	[ -e $(DEST_CONF)/doorward.conf ] || { \
		sed 's|/usr/share/doorward|$(DATADIR)|' conf/example.conf >$(DEST_CONF)/conf.d/example.conf && \
		chmod 640 $(DEST_CONF)/conf.d/example.conf && \
		install -m 640 $(DEFAULT_CONF) $(DEST_CONF)/doorward.conf; }
	[ -d $(DESTDIR)/var/lib/doorward ] || install -d -m 700 $(DESTDIR)/var/lib/doorward
ifneq ($(UNITDIR),)
	install -d $(DESTDIR)$(UNITDIR)
	for unit in doorward.service doorward-sync.service doorward-sync.timer; do \
		sed -e 's|/usr/bin/doorward|$(PREFIX)/bin/doorward|' -e 's|/usr/share/doc/doorward|$(DOCDIR)|' \
		    -e 's|/etc/doorward|$(SYSCONFDIR)/doorward|' packaging/systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
endif
ifneq ($(SYSUSERSDIR),)
	install -d $(DESTDIR)$(SYSUSERSDIR)
	install -m 644 packaging/systemd/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/doorward.conf
endif
ifneq ($(TMPFILESDIR),)
	install -d $(DESTDIR)$(TMPFILESDIR)
	sed 's|/etc/doorward|$(SYSCONFDIR)/doorward|' packaging/systemd/tmpfiles.conf >$(DESTDIR)$(TMPFILESDIR)/doorward.conf
	chmod 644 $(DESTDIR)$(TMPFILESDIR)/doorward.conf
	@[ -n "$(DESTDIR)" ] || echo "now: systemd-sysusers doorward.conf && systemd-tmpfiles --create doorward.conf"
endif

# What is neither source nor made by it stays out of the packages' copy of the tree.
PACK := tar -cf - --owner=0 --group=0 --sort=name \
        --exclude=./$(BUILD) --exclude=./build --exclude=./.git --exclude=__pycache__ --exclude='*.o'

# $(call logged,FILE): a command's long output goes to the file, and its end is shown when it fails; V=1 shows all
# of it.
logged = $(if $(V),,>$(abspath $(1)) 2>&1 || { tail -n 40 $(abspath $(1)) >&2; exit 1; })

# --- Debian ---------------------------------------------------------------------------------------------------------
DEB_TREE := $(BUILD)/deb/doorward-$(VERSION)
DEB_ARCH  = $(shell dpkg --print-architecture)

# The licence in full belongs into debian/copyright: this one is not among Debian's common ones.
deb: $(DEFAULT_CONF)
	@rm -rf $(BUILD)/deb $(BUILD)/doorward_*.deb && mkdir -p $(DEB_TREE)
	@$(PACK) . | tar -xf - -C $(DEB_TREE)
	@cp -r packaging/debian $(DEB_TREE)/debian
	@sed 's/@VERSION@/$(VERSION)/' packaging/debian/changelog >$(DEB_TREE)/debian/changelog
	@sed -e 's/^$$/./' -e 's/^/ /' LICENSE >>$(DEB_TREE)/debian/copyright
	@cp packaging/systemd/doorward.service $(DEB_TREE)/debian/doorward.doorward.service
	@for unit in service timer; do \
		cp packaging/systemd/doorward-sync.$$unit $(DEB_TREE)/debian/doorward.doorward-sync.$$unit || exit 1; \
	done
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL -u CI DEB_BUILD_OPTIONS="noautodbgsym parallel=$$(nproc)" \
		dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes $(call logged,$(BUILD)/deb/build.log)
	@cp $(BUILD)/deb/doorward_$(VERSION)_$(DEB_ARCH).deb $(BUILD)/
	$(Q)lintian --fail-on error $(if $(shell id -u | grep -x 0),--allow-root) $(BUILD)/doorward_$(VERSION)_$(DEB_ARCH).deb
	@echo "deb: $(BUILD)/doorward_$(VERSION)_$(DEB_ARCH).deb"

# --- RPM ------------------------------------------------------------------------------------------------------------
RPM_TOP = $(abspath $(BUILD)/rpm)

# On Debian what a package needs is not in rpm's database: --nodeps. What the program needs is found in its sonames.
rpm: $(DEFAULT_CONF)
	@rm -rf $(RPM_TOP) $(BUILD)/doorward-*.rpm && mkdir -p $(RPM_TOP)/SOURCES
	@$(PACK) --transform='s|^\./|doorward-$(VERSION)/|' . | gzip -9n >$(RPM_TOP)/SOURCES/doorward-$(VERSION).tar.gz
	$(Q)env -u MAKEFLAGS -u MAKELEVEL -u CI rpmbuild -bb \
		--define '_topdir $(RPM_TOP)' --define 'doorward_version $(VERSION)' \
		$(if $(wildcard /etc/debian_version),--nodeps) packaging/doorward.spec $(call logged,$(RPM_TOP)/build.log)
	@cp $(RPM_TOP)/RPMS/*/doorward-$(VERSION)-*.rpm $(BUILD)/
	@echo "rpm: $$(ls $(BUILD)/doorward-$(VERSION)-*.rpm)"

package-test: deb rpm
	@rm -rf $(BUILD)/install
	$(SUBMAKE) -s install DESTDIR=$(BUILD)/install PREFIX=/usr/local
	@sh tests/packaging/package-test.sh $(BUILD)/doorward_$(VERSION)_$(DEB_ARCH).deb \
		$$(ls $(BUILD)/doorward-$(VERSION)-*.rpm) $(BUILD)/install $(BUILD)/package-test

.PHONY: install deb rpm package-test
