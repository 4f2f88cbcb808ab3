package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheGeneratedFilesOfThisModuleAreFresh(t *testing.T) {
	if err := run(true); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesTheFilesThatAreMissingChangedOrLeftOver(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		name := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{
		"resource/a/v1/" + fileName: []byte("a"),
		"resource/b/v1/" + fileName: []byte("b"),
		"clientset/" + fileName:     []byte("c"),
	}
	write("resource/a/v1/"+fileName, "a")
	write("resource/b/v1/"+fileName, "changed")
	write("resource/gone/v1/"+fileName, "left over")
	write("resource/hand.go", "not generated")

	stale, err := staleFiles(root, files)
	if err != nil {
		t.Fatal(err)
	}
	want := "clientset/" + fileName + " resource/b/v1/" + fileName + " resource/gone/v1/" + fileName
	if got := strings.Join(stale, " "); got != want {
		t.Errorf("stale: %s, want %s", got, want)
	}

	if err := writeFiles(root, files, stale); err != nil {
		t.Fatal(err)
	}
	if stale, err := staleFiles(root, files); err != nil || len(stale) > 0 {
		t.Errorf("after writing: stale %q, error %v", stale, err)
	}
	if _, err := os.Stat(filepath.Join(root, "resource/hand.go")); err != nil {
		t.Errorf("a file that is not generated is touched: %v", err)
	}
}

func TestAModuleThatIsNotRequiredIsAnErrorThatNamesIt(t *testing.T) {
	if _, err := goList("{{.Dir}}", "example.com/nothing"); err == nil || !strings.Contains(err.Error(), "example.com/nothing") {
		t.Errorf("error %v", err)
	}
}
