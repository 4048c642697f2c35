# hako: `sudo make demo` shows it at work, `sudo make test` proves it. See README.md and docs/testing.md.

SWIFT ?= $(shell dev/swift-path)
export SWIFT

PREFIX  ?= /usr/local
DESTDIR ?=

PROGRAMS = hako hakod hako-shim hako-native
RELEASE  = .build/release

.PHONY: all build demo test test-vm check install bench clean dependencies

all: build

dependencies:
	@dev/install-dependencies build

build: dependencies
	@for program in $(PROGRAMS); do $(SWIFT) build -c release --product $$program || exit 1; done

demo: build
	@dev/install-dependencies demo
	@dev/demo $(RELEASE)

test: build
	@dev/install-dependencies test
	@dev/test $(RELEASE)

test-vm: build
	@dev/install-dependencies test vm
	@dev/test-vm $(RELEASE)

check:
	@dev/install-dependencies check
	@dev/check

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 $(PROGRAMS:%=$(RELEASE)/%) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in systemd/*; do \
		sed 's|/usr/local/bin|$(PREFIX)/bin|' $$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; done
	dev/install-completions $(RELEASE)/hako $(DESTDIR)$(PREFIX)/share

bench: build
	@dev/install-dependencies bench
	@Benchmarks/run

clean:
	rm -rf .build
