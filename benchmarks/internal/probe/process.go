package probe

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// usage is what the process has used up at a moment.
type usage struct {
	at        time.Time
	wall, cpu time.Duration
	allocated uint64
	mallocs   uint64
}

func now() usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(fmt.Sprintf("getrusage: %v", err)) // it cannot fail with these arguments
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{at: time.Now(), cpu: time.Duration(r.Utime.Nano() + r.Stime.Nano()), allocated: m.TotalAlloc, mallocs: m.Mallocs}
}

func (u usage) since(before usage) usage {
	return usage{wall: u.at.Sub(before.at), cpu: u.cpu - before.cpu, allocated: u.allocated - before.allocated, mallocs: u.mallocs - before.mallocs}
}

// liveHeap returns the bytes that are reachable. The first collection empties the pools, the second frees what they held.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// peakMemory returns the largest resident set so far, in bytes. Unlike getrusage's, the kernel's own figure does not begin with that
// of the parent process.
func peakMemory() uint64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		panic(fmt.Sprintf("the comparisons need Linux: %v", err))
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	panic("/proc/self/status has no VmHWM")
}
