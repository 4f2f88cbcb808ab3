package cluster_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// alive tells whether a process runs. One that has ended and waits for its parent
// to notice does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	var id int
	var name string
	var state byte
	if _, err := fmt.Sscanf(string(stat), "%d %s %c", &id, &name, &state); err != nil {
		return true
	}
	return state != 'Z' && state != 'X'
}

func TestAKilledTestLeavesNoServers(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), victimVariable+"="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var pids []int
	for len(pids) < 2 && lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil || !alive(pid) {
			t.Fatalf("%q is no running process: %v", lines.Text(), err)
		}
		pids = append(pids, pid)
	}
	if len(pids) < 2 {
		t.Fatalf("the victim did not start: %v", cmd.Wait())
	}
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()

	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range pids {
		for alive(pid) {
			select {
			case <-tick.C:
			case <-deadline:
				syscall.Kill(pid, syscall.SIGKILL)
				t.Fatalf("process %d survived the test that started it", pid)
			}
		}
	}
}
