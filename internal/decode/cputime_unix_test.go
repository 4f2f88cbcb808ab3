//go:build unix

package decode

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time that the process has used. On a machine that others use too it says more than a clock.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
