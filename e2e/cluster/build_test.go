package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// makeRepository lays out programs that take a second to build, and works in it.
func makeRepository(t *testing.T) (source string) {
	t.Helper()
	root := t.TempDir()
	source = filepath.Join(root, "e2e", "kube-apiserver")
	write(t, filepath.Join(source, "go.mod"), "module fake\n\ngo 1.26\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n")
	write(t, filepath.Join(source, "go.sum"), "")
	write(t, filepath.Join(source, "cmd/kube-apiserver/main.go"), "package main\n\nfunc main() {}\n")
	write(t, filepath.Join(source, "cmd/etcd/main.go"), "package main\n\nfunc main() {}\n")
	inside := filepath.Join(root, "e2e", "some", "package")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(inside)
	return source
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// builds returns how often the programs were built by n concurrent calls.
func builds(t *testing.T, n int) int {
	t.Helper()
	progress := make([]strings.Builder, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			dir, err := Build(t.Context(), &progress[i])
			if err != nil {
				t.Error(err)
				return
			}
			for _, name := range []string{"kube-apiserver", "etcd"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	count := 0
	for i := range progress {
		count += strings.Count(progress[i].String(), "building Kubernetes v1.36.3")
	}
	return count
}

func TestProgramsAreBuiltOnceForEachChangeOfTheirSources(t *testing.T) {
	source := makeRepository(t)
	if got := builds(t, 3); got != 1 {
		t.Errorf("three calls at once built %d times", got)
	}
	if got := builds(t, 1); got != 0 {
		t.Errorf("nothing changed, and it was built %d times", got)
	}
	write(t, filepath.Join(source, "cmd/etcd/main.go"), "package main\n\nfunc main() { println() }\n")
	if got := builds(t, 1); got != 1 {
		t.Errorf("after a change it was built %d times", got)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(source), ".bin", "etcd")); err != nil {
		t.Fatal(err)
	}
	if got := builds(t, 1); got != 1 {
		t.Errorf("with a program gone it was built %d times", got)
	}
}

func TestAFailedBuildShowsTheCompilersWordsAndIsTriedAgain(t *testing.T) {
	source := makeRepository(t)
	main := filepath.Join(source, "cmd/etcd/main.go")
	write(t, main, "package main\n\nfunc main() { undefined() }\n")
	for range 2 {
		_, err := Build(t.Context(), &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
			t.Fatalf("got %v; want the compiler's words", err)
		}
	}
	write(t, main, "package main\n\nfunc main() {}\n")
	if got := builds(t, 1); got != 1 {
		t.Errorf("after the repair it was built %d times", got)
	}
}

func TestOutsideOfTheRepositoryThereIsNothingToBuild(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, err := Build(t.Context(), nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v; want an error that names %s", err, dir)
	}
}
