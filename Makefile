# Letterlock. `make` alone lists the targets; each does its own set-up when something is missing.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Everything runs on the Node that comes with the dependencies, whatever the machine's own is.
RUN := PATH="$$PWD/node_modules/.bin:$$PATH"
SETUP := node_modules/.letterlock-setup
TEST := $(RUN) node --test --test-reporter=./scripts/quiet-reporter.ts --test-concurrency=3 --test-timeout=120000
LETTERLOCK := bin/letterlock
# Targets with their sentences, and how they are shown.
LISTED := sed -n 's/^\([a-z0-9-]*\):.*\#\# \(.*\)$$/\1 \2/p'
PRINTED := while read -r name text; do printf '  %-15s %s\n' "$$name" "$$text"; done

# PORT and HOST reach the recipes through the environment, never as text of a command, and are left out when unset.
# HOST must be given to make: a shell that exports the machine's name as HOST would open a server to the network.
override PORT := $(value PORT)
override HOST := $(if $(filter command,$(firstword $(origin HOST))),$(value HOST))
export PORT HOST
DOOR := $${HOST:+"--host=$$HOST"} $${PORT:+"--port=$$PORT"}

.PHONY: help setup demo start test check proof faults fuzz bench bench-engine bench-delivery bench-pop3 interop servers testssl format standards pack clean \
  senderserver senderclient receiverserver receiverclient static types lint style layers claims deadcode

help: ## List the targets
	@echo 'make TARGET, where TARGET is one of'
	@$(LISTED) Makefile | $(PRINTED)

setup: $(SETUP) ## Install the dependencies, and the Node that runs them (every other target does this by itself)
	@:

$(SETUP): package.json package-lock.json
	@command -v node >/dev/null || { echo 'node is not there: install Node.js with npm (any release from 20 on).' >&2; exit 1; }
	@node scripts/setup.js

demo: $(SETUP) ## Send a letter over TLS 1.3 and read it back over HTTPS, and show all of it
	@$(LETTERLOCK) demo

start: $(SETUP) ## Start the server: all doors, a store of its own, keys made on the first run
	@$(LETTERLOCK) serve

test: $(SETUP) static ## Everything, from nothing: set up, check, and run every test
	@$(TEST) 'src/**/*.test.ts' 'scripts/**/*.test.ts' 'test/*.test.ts' 'test/{classic,faults,hostile}/**/*.test.ts' 'bench/**/*.test.ts'

check: $(SETUP) static ## Types, lint, format, layers, standards, dead code, and the tests beside the code
	@$(TEST) 'src/**/*.test.ts' 'scripts/**/*.test.ts'

proof: $(SETUP) ## Record the exchange over TLS and over plain TCP, and show what an eavesdropper saw of each
	@$(LETTERLOCK) proof

faults: $(SETUP) ## Kill servers and others under mixed load, 1,000 times, and look for what was promised (ROUNDS=)
	@LETTERLOCK_ROUNDS=$${ROUNDS:-1000} $(TEST) --test-timeout=3600000 'test/faults/**/*.test.ts'

fuzz: $(SETUP) ## Feed the engines what nobody should send, for longer than the tests do
	@$(TEST) --test-timeout=3600000 'test/fuzz/**/*.test.ts'

bench: ## List the measurements, each a target of its own (bench/README.md)
	@$(LISTED) Makefile | grep '^bench-' | $(PRINTED)

bench-engine: $(SETUP) ## Measure the SMTP engine without sockets and store, beside smtp-server and Haraka
	@$(RUN) node bench/engine.ts

bench-delivery: $(SETUP) ## Measure durable deliveries over TLS 1.3, beside other servers and floors (ARGS=, such as --help)
	@$(RUN) node bench/delivery/main.ts $(ARGS)

bench-pop3: $(SETUP) ## Measure letters fetched by POP3, beside Dovecot
	@$(RUN) node bench/pop3.ts

interop: $(SETUP) ## Try the server with programs and mail servers of others, those that are there
	@$(TEST) --test-timeout=600000 'test/interop/**/*.test.ts'

servers: ## Unpack Postfix, Exim, OpenSMTPD, Dovecot, HAProxy and nginx for interop and bench (Debian, as root): nothing is installed, nothing is started
	@test/interop/unpack-servers.sh

testssl: $(SETUP) ## Have testssl.sh look at every door, and hold it to docs/SECURITY.md (a part of interop; two minutes)
	@$(TEST) --test-timeout=600000 test/interop/testssl.test.ts

senderserver: $(SETUP) ## The SMTP server of the four classic programs (PORT=, HOST=)
	@$(LETTERLOCK) senderserver $(DOOR)

senderclient: $(SETUP) ## The interactive client that sends (PORT=, HOST=)
	@$(LETTERLOCK) senderclient $(DOOR)

receiverserver: $(SETUP) ## The HTTPS server that hands letters out (PORT=, HOST=)
	@$(LETTERLOCK) receiverserver $(DOOR)

receiverclient: $(SETUP) ## The interactive client that reads (PORT=, HOST=)
	@$(LETTERLOCK) receiverclient $(DOOR)

format: $(SETUP) ## Lay the sources out
	@$(RUN) oxfmt

standards: $(SETUP) ## Write docs/QUIRKS.md from the sources, and check docs/STANDARDS.md against them
	@$(RUN) node scripts/check-standards.ts --write

pack: $(SETUP) ## Pack the npm package, install it in a fresh folder, and run it there
	@$(RUN) node scripts/try-package.ts

clean: ## Remove what was built and installed (the store and the proof stay)
	@rm -rf dist coverage node_modules letterlock-*.tgz

static: types lint style layers claims deadcode

types: $(SETUP)
	@$(RUN) tsc --noEmit

lint: $(SETUP)
	@$(RUN) oxlint --quiet --format=unix

style: $(SETUP)
	@$(RUN) oxfmt --check >/dev/null || { echo 'Not laid out (make format does it):' >&2; $(RUN) oxfmt --list-different >&2; exit 1; }

layers: $(SETUP)
	@$(RUN) node scripts/check-layers.ts

claims: $(SETUP)
	@$(RUN) node scripts/check-standards.ts

deadcode: $(SETUP)
	@$(RUN) knip --no-progress --no-config-hints
