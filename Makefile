# What one can do here. Every target is a plain command that also works without make.

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this text
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run the main job: a real controller on the embedded API server
	go run ./examples/quickstart

.PHONY: test
test: ## all tests of the library, with the race detector
	go test -race ./...

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, in every module
	@out=$$(gofmt -l .); test -z "$$out" || { echo "gofmt would change: $$out"; exit 1; }
	@for module in . e2e benchmarks; do \
		echo "lint $$module"; \
		(cd $$module && go vet ./... && go tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./...) || exit 1; \
	done
	@cd e2e/kube-apiserver && go vet ./...

.PHONY: generate
generate: ## write the generated tables anew from k8s.io/api
	go run ./internal/gen

.PHONY: check-generated
check-generated: ## fail when a generated table is stale
	go run ./internal/gen -check

.PHONY: examples
examples: ## run every example for a few seconds
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && go build -o "$$dir/" ./examples/... && \
	for program in "$$dir"/*; do \
		echo "== $${program##*/}"; \
		"$$program" -for 3s || exit 1; \
	done

.PHONY: e2e
e2e: ## tests against a real kube-apiserver and etcd (the first build takes minutes)
	cd e2e && go test -timeout 40m ./...

.PHONY: soak
soak: ## random programs for half an hour, then an hour of churn and broken connections against a real API server
	go test -run AnyProgram -timeout 1h ./informers -model.for 30m
	cd e2e && go test -race -v ./informers -run Churn -churn 1h -timeout 2h

.PHONY: compare
compare: ## measure client-go and this library side by side (45 minutes; ARGS='-quick -only Sync' for a smoke run)
	cd benchmarks && go run ./compare $(ARGS)

.PHONY: ci
ci: ## everything that continuous integration runs
	bash .ci/run
