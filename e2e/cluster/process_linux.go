package cluster

import "syscall"

// childAttributes puts the child in a process group of its own, and has the
// kernel kill it when this process ends without stopping it: by a panic, a test
// time-out, or a signal.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
