# Every target may be run again at any time, and is quick when there is nothing left to do.
# make setup and make test need Node.js with npm; all others need Go 1.26; make check needs a C compiler too, for the race detector.

GOLANGCI  = v2.15.0
CACHE     = $${XDG_CACHE_HOME:-$$HOME/.cache}/dwell
LINT      = $(CACHE)/golangci-lint-$(GOLANGCI)-$$(go env GOVERSION)
FUZZTIME  = 10s
BENCHTIME = 1s
CHAOS     = 5m
SEED      = 0
ENGINES   = dwell,kafka-streams,flink,flink-sql,clickhouse,bento,bento-configuration
EVENTS    = 10000000
SMALL     = 1000000
ROUNDS    = 5

# The packages that start goroutines.
CONCURRENT = ./cmd/dwell/... ./ingest/kafka/... ./metrics/border/... ./metrics/pipeline/... ./metrics/prom/... ./dashboards/... ./deploy/...

FIGURES = Fetch|Decode|Engine|OpenVisit|Flush|Pipeline|Viewers

# Of what go test prints, the figures alone.
FIGURES_OF = awk ' \
	/^Benchmark/ && NF > 3 { \
		name = $$1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$$/, "", name); \
		for (i = 3; i < NF; i += 2) { print name, $$i, $$(i + 1); fflush() } \
	} \
	/^(FAIL|--- FAIL|panic)|_test\.go:/ { print >"/dev/stderr"; failed = 1 } \
	END { exit failed }'

.PHONY: help setup build run reference test test-page test-kafka chaos check lint bench bench-guard bench-peers fuzz clean go cc

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Fetch the pinned ClickHouse engine (libchdb) into the user's cache folder, once
	@sh deploy/embedded/libchdb/fetch.sh

build: go ## Write bin/dwell
	@go build -o bin/dwell ./cmd/dwell

run: setup build ## Set up, build and run the demo on http://127.0.0.1:8080
	@exec bin/dwell demo

reference: go ## Write the references of configuration and mappings anew from the comments on the structs
	@go test -count=1 -run TestReferenceIs ./cmd/dwell/app -update
	@go test -count=1 -run TestConfigurationDocument ./cmd/dwell/app -update
	@go test -count=1 -run TestReferenceIsWhatMappingsHave ./cmd/dwell/app -update

test: go setup test-page ## Run every test, with the real broker protocol and the real ClickHouse engine
	@go test -timeout 20m ./...
	@go test -timeout 20m -tags poison ./metrics/engine/...
	@go -C cmd/bench test -timeout 20m ./...

test-page: ## Run the tests of the page's modules, in Node.js
	@node --test dashboards/web/*.test.js

test-kafka: go setup ## Run the tests of ingest/kafka, and a group of dwell serve, over Apache Kafka, which is fetched once (needs Java 17 and Maven)
	@jars=$$(sh ingest/kafka/apachetest/fetch.sh) && export APACHE_KAFKA_JARS="$$jars" && \
		go test -count=1 -timeout 20m ./ingest/kafka && \
		go test -count=1 -timeout 20m -run OverApacheKafka ./cmd/dwell

chaos: setup build ## Kill, freeze, cut off and fill up the parts of a running border (CHAOS=5m, SEED=0 is another one each time), and audit it
	@go build -o bin/chaos ./cmd/chaos && bin/chaos --for "$(CHAOS)" --seed "$(SEED)"

check: go cc setup lint ## Check formatting, vet, lint, and run the race detector
	@go vet ./... && go -C cmd/bench vet ./...
	@go test -race -short -timeout 20m $(CONCURRENT)

lint: go ## Check formatting (gofumpt) and run golangci-lint
	@[ -x "$(LINT)/golangci-lint" ] || { \
		echo "make: building golangci-lint $(GOLANGCI), once for this machine; it takes some minutes" && \
		GOBIN="$(LINT)" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI); }
	@"$(LINT)/golangci-lint" fmt --diff || { echo "make: some files are not formatted: run '$(LINT)/golangci-lint fmt'" >&2; exit 1; }
	@"$(LINT)/golangci-lint" run
	@cd cmd/bench && "$(LINT)/golangci-lint" run
	@for module in . cmd/bench; do \
		go -C $$module mod tidy -diff || { echo "make: run 'go -C $$module mod tidy'" >&2; exit 1; }; \
	done

bench: go setup ## Print one line per figure: name, value, unit
	@go test -run '^$$' -bench '^Benchmark($(FIGURES))$$' -benchtime $(BENCHTIME) -p 1 -timeout 30m \
		$$(grep -rlE --include='*_test.go' '^func Benchmark($(FIGURES))\(' . | sed 's|/[^/]*$$||' | sort -u) | $(FIGURES_OF)

bench-guard: go ## Fail if an event costs a third more than it did, beside what this machine takes at least
	@{ go -C cmd/bench test -run '^$$' -bench '^BenchmarkCeiling$$' -benchtime 300ms -count 5 . && \
		go test -run '^$$' -bench '^BenchmarkEngine$$' -benchtime 2x -count 3 ./metrics/pipeline && \
		go test -run '^$$' -bench '^BenchmarkDecode$$' -benchtime 300ms -count 5 ./ingest/event; } | $(FIGURES_OF) | go -C cmd/bench run . guard

bench-peers: setup build ## Compare with other stream processors (ENGINES=dwell,clickhouse), and print the machine's ceiling (needs Java 17 and Maven)
	@jars=$$(sh ingest/kafka/apachetest/fetch.sh) && go -C cmd/bench build -o ../../bin/bench . && \
		{ go -C cmd/bench test -run '^$$' -bench '^BenchmarkCeiling$$' -benchtime $(BENCHTIME) . | $(FIGURES_OF); } && \
		bin/bench run --jars "$$jars" --engines "$(ENGINES)" --events "$(EVENTS)" --small "$(SMALL)" --rounds "$(ROUNDS)"

# Before Go 1.27 the fuzzer may fail with no more than "context deadline exceeded" when the time is up (golang/go#75804).
# What it has found, it has written down. Making each new input as small as can be would take most of the time.
fuzz: go ## Fuzz each fuzz test for a short time (FUZZTIME=10s)
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	grep -rnE --include='*_test.go' '^func Fuzz' . | sed 's|/[^/]*:func \(Fuzz[A-Za-z0-9_]*\).*| \1|' | \
	while read -r folder name; do \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$folder" </dev/null >"$$log" 2>&1 || \
		{ grep -q '^ *context deadline exceeded$$' "$$log" && ! grep -qi 'failing input\|panic' "$$log"; } || { cat "$$log"; exit 1; }; \
		echo "$$folder $$name: $$(grep -o 'execs: [0-9]*' "$$log" | tail -1)"; \
	done

clean: ## Remove what make build wrote
	@rm -rf bin

go:
	@command -v go >/dev/null || { echo "make: go is missing: install Go 1.26 or newer, see https://go.dev/doc/install" >&2; exit 1; }

cc:
	@[ "$$(go env CGO_ENABLED)" = 1 ] || { echo "make: a C compiler is missing, which the race detector needs: install gcc" >&2; exit 1; }
