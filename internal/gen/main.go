package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "write nothing; name the stale files and fail if there are any")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run does the command's work in the module that the working folder belongs to.
func run(check bool) error {
	root, err := goList("{{.Dir}}")
	if err != nil {
		return err
	}
	files, err := generate()
	if err != nil {
		return err
	}
	stale, err := staleFiles(root, files)
	if err != nil || len(stale) == 0 {
		return err
	}
	if check {
		return fmt.Errorf("stale, run \"go run ./internal/gen\":\n\t%s", strings.Join(stale, "\n\t"))
	}
	return writeFiles(root, files, stale)
}

// generate returns the contents of all generated files by their paths in the module.
func generate() (map[string][]byte, error) {
	dir, err := goList("{{.Dir}}", "k8s.io/api")
	if err != nil {
		return nil, err
	}
	release, err := goList("{{.Version}}", "k8s.io/api")
	if err != nil {
		return nil, err
	}
	versions, err := readSource(dir)
	if err != nil {
		return nil, err
	}
	server, err := readOverlay(serverYAML)
	if err != nil {
		return nil, err
	}
	if err := server.apply(versions); err != nil {
		return nil, err
	}
	return render(release, versions, server.Names)
}

// goList asks the go command about a module: the main one, or the given one at the version that is in use.
func goList(format string, module ...string) (string, error) {
	cmd := exec.Command("go", append([]string{"list", "-m", "-f", format}, module...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	return strings.TrimSpace(string(out)), nil
}
