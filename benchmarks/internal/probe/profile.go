package probe

import (
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// profileVariable names the folder for profiles, in the environment. Without it nothing is profiled.
const profileVariable = "SHEAF_BENCH_PROFILE"

// profile writes a CPU profile until the function that it returns is called, and then a heap profile.
func profile() (stop func()) {
	dir := os.Getenv(profileVariable)
	if dir == "" {
		return func() {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		log.Fatal(err)
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		log.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		cpu.Close()
		runtime.GC()
		runtime.GC()
		heap, err := os.Create(filepath.Join(dir, "heap.pprof"))
		if err == nil {
			err = pprof.WriteHeapProfile(heap)
		}
		if err != nil {
			log.Fatal(err)
		}
		heap.Close()
	}
}
