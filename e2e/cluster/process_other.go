//go:build !linux

package cluster

import "syscall"

// childAttributes puts the child in a process group of its own. Only Linux can
// also tie its life to this process.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
