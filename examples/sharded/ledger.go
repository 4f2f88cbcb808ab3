package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/sheaf-dev/sheaf/resource"
)

// ledger keeps the books of all replicas in this process.
type ledger struct {
	out io.Writer

	mu         sync.Mutex     // owns all below
	owner      map[int]string // of shards that are being worked on
	objects    map[resource.Key]bool
	reconciles int
	handovers  int
	overlaps   int
}

func newLedger(out io.Writer) *ledger {
	return &ledger{out: out, owner: map[int]string{}, objects: map[resource.Key]bool{}}
}

func (l *ledger) acquired(name string, shard int, token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, taken := l.owner[shard]; taken {
		l.overlaps++
		fmt.Fprintf(l.out, "shard %d: %s begins although %s has not stopped\n", shard, name, other)
	}
	l.owner[shard] = name
	l.handovers++
	fmt.Fprintf(l.out, "shard %d: %s begins, token %s\n", shard, name, token)
}

func (l *ledger) released(name string, shard int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.owner, shard)
	fmt.Fprintf(l.out, "shard %d: %s has stopped\n", shard, name)
}

func (l *ledger) reconciled(name string, key resource.Key, shard int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner[shard] != name {
		l.overlaps++
	}
	l.objects[key] = true
	l.reconciles++
}

// summary is the last line: how much was done, and whether two replicas have ever worked on one shard.
func (l *ledger) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("over: %d objects reconciled %d times, %d shards began %d times, %d times two replicas worked on one",
		len(l.objects), l.reconciles, shards, l.handovers, l.overlaps)
}
