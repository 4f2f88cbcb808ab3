package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// programs are the paths of the two servers.
type programs struct{ apiServer, etcd string }

// Build builds etcd and the API server into e2e/.bin unless they are there and
// their sources have not changed, and returns that folder. Start calls it; a
// call of one's own takes the minutes of the first build out of a test's
// time-out. Concurrent calls, also from other processes, wait for one build.
//
// The sources are found from the working folder, which must lie in the
// repository.
func Build(ctx context.Context, progress io.Writer) (dir string, err error) {
	source, err := findSource()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(filepath.Dir(source), ".bin")
	stamp, version, err := fingerprint(source)
	if err != nil {
		return "", err
	}
	if upToDate(dir, stamp) {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if upToDate(dir, stamp) { // another process was first
		return dir, nil
	}
	if progress == nil {
		progress = os.Stderr
	}
	fmt.Fprintf(progress, "building Kubernetes %s's API server into %s (minutes the first time)\n", version, dir)
	// An interrupted build must not pass for the one before it.
	stampFile := filepath.Join(dir, "stamp")
	if err := os.RemoveAll(stampFile); err != nil {
		return "", err
	}
	start := time.Now()
	if err := compile(ctx, source, dir, version); err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "built in %v\n", time.Since(start).Round(time.Second))
	return dir, os.WriteFile(stampFile, []byte(stamp), 0o644)
}

func buildPrograms(ctx context.Context, progress io.Writer) (programs, error) {
	dir, err := Build(ctx, progress)
	if err != nil {
		return programs{}, fmt.Errorf("build the API server: %w", err)
	}
	return programs{
		apiServer: filepath.Join(dir, "kube-apiserver"),
		etcd:      filepath.Join(dir, "etcd"),
	}, nil
}

// findSource looks for the programs' module beside the working folder and its
// parents, so that it is found from every module of the repository.
func findSource() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		source := filepath.Join(dir, "e2e", "kube-apiserver")
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no folder e2e/kube-apiserver in %s or above", start)
		}
	}
}

var kubernetesVersion = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)`)

// fingerprint identifies the sources of a build. The Go toolchain is not part of
// it: a server built by another one is as good.
func fingerprint(source string) (stamp, version string, err error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOOS, runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "cmd/kube-apiserver/main.go", "cmd/etcd/main.go"} {
		b, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(name)))
		if err != nil {
			return "", "", err
		}
		fmt.Fprintln(h, name, len(b))
		h.Write(b)
		if name == "go.mod" {
			m := kubernetesVersion.FindSubmatch(b)
			if m == nil {
				return "", "", fmt.Errorf("%s/go.mod requires no k8s.io/kubernetes", source)
			}
			version = string(m[1])
		}
	}
	return hex.EncodeToString(h.Sum(nil)), version, nil
}

func upToDate(dir, stamp string) bool {
	b, err := os.ReadFile(filepath.Join(dir, "stamp"))
	if err != nil || string(b) != stamp {
		return false
	}
	for _, name := range []string{"kube-apiserver", "etcd"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// lock waits for the file's lock, which the kernel takes from a process that
// dies.
func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() { f.Close() }, nil
}

func compile(ctx context.Context, source, dir, version string) error {
	number := strings.Split(strings.TrimPrefix(version, "v"), ".")
	const pkg = "k8s.io/component-base/version."
	ldflags := []string{
		"-s", "-w",
		// What /version says; without it the server calls itself v0.0.0.
		"-X " + pkg + "gitVersion=" + version,
		"-X " + pkg + "gitMajor=" + number[0],
		"-X " + pkg + "gitMinor=" + number[1],
		"-X " + pkg + "gitTreeState=clean",
	}
	cmd := exec.CommandContext(ctx, "go", "build",
		"-o", dir+string(filepath.Separator), "-ldflags", strings.Join(ldflags, " "), "./cmd/...")
	cmd.Dir = source
	// The flags of the caller's build, such as -race or a workspace, are not for
	// this one.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build in %s: %w\n%s", source, err, out)
	}
	return nil
}
